import { asStored, type Call, describe } from './api-call.ts';
import { invalid } from './api-status.ts';
import type { JsonObject } from './json.ts';
import type { StoredObject, Table } from './object-storage.ts';

export interface AdmissionContext {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly subresource: string | undefined;
  /** Id of the process that asks. */
  readonly from: string | undefined;
}

/**
 * Mirrors CEL rules and admission policies: returns why the write is refused, or undefined. `object` is absent for a
 * deletion, `old` for a creation.
 */
export type Admission = (
  object: StoredObject | undefined,
  old: StoredObject | undefined,
  context: AdmissionContext,
) => string | undefined;

/** What stands between a request and the storage: the schema of the kind, then its rules. Refusals are 422. */
export class AdmissionChain {
  readonly #rules = new Map<Table, Admission[]>();

  add(table: Table, rule: Admission): void {
    this.#rules.set(table, [...(this.#rules.get(table) ?? []), rule]);
  }

  /** The object as it may be stored: pruned and defaulted by the schema, checked by the rules. */
  admit(call: Call, object: JsonObject, old: StoredObject | undefined, operation: 'CREATE' | 'UPDATE'): StoredObject {
    const next = asStored(withoutEmptyMetadata(parseWithSchema(call, object)), call);
    this.refuse(call, next, old, operation);
    return next;
  }

  /** Throws the message of the first rule that refuses. */
  refuse(
    call: Call,
    object: StoredObject | undefined,
    old: StoredObject | undefined,
    operation: AdmissionContext['operation'],
  ): void {
    const context = { operation, subresource: call.at.subresource, from: call.context.from };
    for (const rule of this.#rules.get(call.table) ?? []) {
      const message = rule(object, old, context);
      if (message !== undefined) throw invalid(`${describe(call)} is invalid: ${message}`);
    }
  }
}

function parseWithSchema(call: Call, object: JsonObject): JsonObject {
  try {
    return call.table.options.schema?.(object) ?? object;
  } catch (error) {
    throw invalid(`${describe(call)} is invalid: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const OMITTED_WHEN_EMPTY = ['labels', 'annotations', 'finalizers', 'ownerReferences'];

/** The server knows metadata as a Go struct: empty lists and maps in it do not exist. */
function withoutEmptyMetadata(object: JsonObject): JsonObject {
  const metadata = object['metadata'];
  if (typeof metadata !== 'object' || metadata === null) return object;
  const kept = Object.entries(metadata).filter(
    ([name, value]) => !OMITTED_WHEN_EMPTY.includes(name) || !isEmpty(value),
  );
  return kept.length === Object.keys(metadata).length ? object : { ...object, metadata: Object.fromEntries(kept) };
}

const isEmpty = (value: unknown): boolean =>
  value === null || (typeof value === 'object' && Object.keys(value).length === 0);
