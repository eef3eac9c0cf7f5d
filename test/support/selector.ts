import { badRequest } from './api-status.ts';
import { isJsonObject } from './json.ts';
import type { StoredObject } from './object-storage.ts';

export type Labels = Readonly<Record<string, string>>;
export type ObjectFilter = (object: StoredObject) => boolean;

/** `matchLabels` and `matchExpressions` of the API. */
export interface LabelSelector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly SelectorRequirement[];
}

export interface SelectorRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** Whether labels meet one requirement of a selector or a node affinity: In, NotIn, Exists, DoesNotExist. */
export function meetsRequirement(labels: Labels, { key, operator, values = [] }: SelectorRequirement): boolean {
  const value = labels[key];
  if (operator === 'In') return value !== undefined && values.includes(value);
  if (operator === 'NotIn') return value === undefined || !values.includes(value);
  if (operator === 'Exists') return value !== undefined;
  if (operator === 'DoesNotExist') return value === undefined;
  throw badRequest(`"${operator}" is not a valid label selector operator`);
}

export const hasLabels = (labels: Labels, wanted: Labels): boolean =>
  Object.entries(wanted).every(([key, value]) => labels[key] === value);

/** An absent or empty selector matches everything. */
export const matchesSelector = (labels: Labels, selector: LabelSelector = {}): boolean =>
  hasLabels(labels, selector.matchLabels ?? {}) &&
  (selector.matchExpressions ?? []).every((requirement) => meetsRequirement(labels, requirement));

/** Filter of `labelSelector` and `fieldSelector` query parameters; undefined when neither is given. */
export function filterOf(query: Readonly<Record<string, string>>): ObjectFilter | undefined {
  const requirements = parseLabelSelector(query['labelSelector'] ?? '');
  const fields = parseFieldSelector(query['fieldSelector'] ?? '');
  if (requirements.length === 0 && fields.length === 0) return undefined;
  return (object) =>
    requirements.every((requirement) => meetsRequirement(object.metadata.labels ?? {}, requirement)) &&
    fields.every((meets) => meets(object));
}

/** Commas inside parentheses separate values, all others separate requirements. */
function parseLabelSelector(text: string): SelectorRequirement[] {
  const parts = text.match(/[^,(]+(\([^)]*\))?/g) ?? [];
  return parts.map((part) => parseRequirement(part.trim()));
}

function parseRequirement(part: string): SelectorRequirement {
  const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(part);
  if (set?.[1]) return { key: set[1], operator: set[2] === 'in' ? 'In' : 'NotIn', values: splitList(set[3] ?? '') };
  const equality = /^([^=!\s]+)\s*(==?|!=)\s*(\S*)$/.exec(part);
  if (equality?.[1]) {
    return { key: equality[1], operator: equality[2] === '!=' ? 'NotIn' : 'In', values: [equality[3] ?? ''] };
  }
  const existence = /^(!?)\s*([^=!\s]+)$/.exec(part);
  if (existence?.[2]) return { key: existence[2], operator: existence[1] ? 'DoesNotExist' : 'Exists' };
  throw badRequest(`unable to parse requirement: ${part}`);
}

function parseFieldSelector(text: string): ObjectFilter[] {
  return splitList(text).map((part) => {
    const match = /^([^=!]+)(==?|!=)(.*)$/.exec(part);
    if (!match?.[1]) throw badRequest(`invalid field selector: ${part}`);
    const path = match[1].split('.');
    const isNegated = match[2] === '!=';
    return (object) => (fieldAt(object, path) === match[3]) !== isNegated;
  });
}

/** An absent field counts as the empty string, as `spec.nodeName=` expects. */
function fieldAt(object: StoredObject, path: readonly string[]): string {
  let value: unknown = object;
  for (const segment of path) value = isJsonObject(value) ? value[segment] : undefined;
  return value === undefined || value === null ? '' : String(value);
}

const splitList = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
