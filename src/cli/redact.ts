import { isJsonObject, type JsonObject } from '../kube/json.ts';

const HIDDEN = '(redacted)';
/** Bulky, or copies of everything: nobody needs them to help. */
const DROPPED = new Set(['managedFields', 'kubectl.kubernetes.io/last-applied-configuration']);
/** A name of a field or of a variable that speaks of a secret. */
const SECRET = /passw|secret|token|credential|api[-_]?key|private/i;
/** References to Secrets are names, and names are needed. */
const REFERENCE = /(Name|Ref)$/;

/** Values of variables are hidden all: which of them is a secret only their owner knows. */
const isVariable = (value: JsonObject): boolean =>
  typeof value['name'] === 'string' && typeof value['value'] === 'string' && Object.keys(value).length === 2;

/**
 * An object of ours without what a stranger should not see: values of variables, whatever is named like a secret, bulk.
 * Names, numbers, statuses and times stay.
 */
export function redact(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redact);
  if (!isJsonObject(value)) return value;
  if (isVariable(value)) return { ...value, value: HIDDEN };
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !DROPPED.has(key))
      .map(([key, inner]) => [
        key,
        SECRET.test(key) && !REFERENCE.test(key) && typeof inner === 'string' ? HIDDEN : redact(inner),
      ]),
  );
}
