import { isJsonObject, type JsonObject } from './json.ts';

/**
 * Compares what we want with what is there, field by field, over the fields we want. Everything else belongs to others
 * or was defaulted by the server.
 */

/** Fields by which the elements of merged lists are told apart; the first one that an element has counts. */
const MERGE_KEYS = ['name', 'type', 'uid', 'mountPath', 'devicePath', 'containerPort', 'port', 'topologyKey', 'ip'];

/**
 * Maps that the server replaces as a whole: a key that another writer added changes what they mean. So a Service whose
 * selector was narrowed, by a fence or by hand, has drifted, though everything that we want stands in it.
 */
const ATOMIC_MAPS: ReadonlySet<string> = new Set(['selector']);

/**
 * Whether `actual` holds all that `desired` asks for. The server's own ways are no drift: it leaves out empty values,
 * adds defaults and elements of other managers, orders merged lists, and writes quantities in its canonical form.
 */
export function holds(desired: unknown, actual: unknown): boolean {
  if (desired === actual) return true;
  if (actual === undefined || actual === null) return isEmpty(desired);
  if (Array.isArray(desired)) return Array.isArray(actual) && listHolds(desired, actual);
  if (isJsonObject(desired)) return isJsonObject(actual) && objectHolds(desired, actual);
  return sameQuantity(desired, actual);
}

function objectHolds(desired: JsonObject, actual: JsonObject): boolean {
  for (const key in desired) {
    if (!holds(desired[key], actual[key])) return false;
    if (ATOMIC_MAPS.has(key) && !holds(actual[key], desired[key])) return false;
  }
  return true;
}

function listHolds(desired: readonly unknown[], actual: readonly unknown[]): boolean {
  const mergeKey = mergeKeyOf(desired);
  if (mergeKey === undefined) {
    return desired.length === actual.length && desired.every((element, i) => holds(element, actual[i]));
  }
  return desired.every((element, i) => {
    if (holds(element, actual[i])) return true;
    return actual.some((candidate) => holds(element, candidate));
  });
}

/** Undefined for lists that are replaced as a whole: there order and length count. */
function mergeKeyOf(elements: readonly unknown[]): string | undefined {
  const [first] = elements;
  if (!isJsonObject(first)) return undefined;
  return MERGE_KEYS.find((key) => elements.every((element) => isJsonObject(element) && element[key] !== undefined));
}

/** `omitempty`: the server does not store these where the field has no pointer. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isJsonObject(value) && Object.values(value).every(isEmpty);
}

/**
 * `1000m` and `1`, `1024Mi` and `1Gi`, the number 1 and the text "1". Applied to any pair of scalars: whether a field is
 * a quantity is not known here, and a field that changed from "1" to "1000m" by another hand is not worth a schema.
 */
function sameQuantity(desired: unknown, actual: unknown): boolean {
  const wanted = quantityOf(desired);
  return wanted !== undefined && wanted === quantityOf(actual);
}

const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

const QUANTITY = /^([+-]?\d+(?:\.\d+)?)(?:[eE]([+-]?\d+)|(n|u|m|k|[KMGTPE]i?))?$/;

function quantityOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  const match = QUANTITY.exec(value);
  if (!match) return undefined;
  const [, digits = '', exponent, suffix = ''] = match;
  const factor = exponent === undefined ? SUFFIXES[suffix] : 10 ** Number(exponent);
  return factor === undefined ? undefined : Number((Number(digits) * factor).toPrecision(15));
}

/** What stands in `actual` where `desired` has fields: the part of an object that is ours, as the server wrote it. */
export function project(desired: unknown, actual: unknown): unknown {
  if (Array.isArray(desired)) return actual;
  if (!isJsonObject(desired) || !isJsonObject(actual)) return actual;
  return Object.fromEntries(Object.keys(desired).map((key) => [key, project(desired[key], actual[key])]));
}
