/** Plain JSON values: what travels over the wire and what the API server keeps. Kept values are never changed in place. */
export type JsonObject = { readonly [key: string]: unknown };

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `value` where it is an object, else an empty one: for reading optional parts. */
export const objectOf = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});

/** `value` where it is an array, else an empty one. */
export const arrayOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export const stringOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

export const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

/** A deep copy that leaves out undefined members, as a trip over the wire does. */
export function cloneJson<T>(value: T): T;
export function cloneJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => cloneJson(item));
  return isJsonObject(value) ? cloneObject(value) : value;
}

/** `for in` and no intermediate list: this is the hottest function of the simulation. */
function cloneObject(object: JsonObject): JsonObject {
  const copy: Record<string, unknown> = {};
  for (const key in object) {
    const member = object[key];
    if (typeof member !== 'object' || member === null) {
      if (member !== undefined) copy[key] = member;
    } else copy[key] = cloneJson(member);
  }
  return copy;
}

/**
 * A copy for everybody: frozen to its depths, without undefined members, as after a trip over the wire. What is frozen
 * already is taken as it is, so a changed copy of a kept object costs only what is new in it. A reader that changed it
 * would throw.
 */
export function keepJson<T>(value: T): T;
export function keepJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) return Object.freeze(value.map((item: unknown) => keepJson(item)));
  return isJsonObject(value) ? keepObject(value) : value;
}

function keepObject(object: JsonObject): JsonObject {
  const kept: Record<string, unknown> = {};
  for (const key in object) {
    const member = object[key];
    if (member !== undefined) kept[key] = typeof member === 'object' ? keepJson(member) : member;
  }
  return Object.freeze(kept);
}

/** Deep equality of JSON values; an undefined member is an absent one. */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equalJson(item, b[i]));
  }
  return isJsonObject(a) && isJsonObject(b) && hasMembersOf(a, b) && hasMembersOf(b, a, true);
}

/** Whether every member of `a` is in `b`, with the same value unless `keysOnly`. */
function hasMembersOf(a: JsonObject, b: JsonObject, keysOnly = false): boolean {
  for (const key in a) {
    if (keysOnly ? a[key] !== undefined && b[key] === undefined : !equalJson(a[key], b[key])) return false;
  }
  return true;
}

/** JSON merge patch, RFC 7386: null deletes, objects merge, everything else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const merged: Record<string, unknown> = { ...objectOf(target) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else if (value !== undefined) merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}
