export type JsonObject = Readonly<Record<string, unknown>>;

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `target` with a JSON merge patch (RFC 7386): null removes, objects merge, everything else replaces, lists too. */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const merged = new Map(Object.entries(target));
  for (const [key, value] of Object.entries(patch)) {
    const old = merged.get(key);
    if (value === null || value === undefined) merged.delete(key);
    else if (isJsonObject(value)) merged.set(key, mergePatch(isJsonObject(old) ? old : {}, value));
    else merged.set(key, value);
  }
  return Object.fromEntries(merged);
}

/** What a merge patch has to say of a value that replaces `old`: all of it, and null for what `old` has besides. */
export function replacing(old: unknown, next: unknown): unknown {
  if (!isJsonObject(old) || !isJsonObject(next)) return next;
  const gone = Object.keys(old).filter((key) => next[key] === undefined);
  return {
    ...Object.fromEntries(gone.map((key) => [key, null])),
    ...Object.fromEntries(Object.entries(next).map(([key, value]) => [key, replacing(old[key], value)])),
  };
}

/** One patch that does what `first` and then `second` do: what is to be removed stays marked as that. */
export function composePatches(first: JsonObject, second: JsonObject): JsonObject {
  const composed = new Map(Object.entries(first));
  for (const [key, value] of Object.entries(second)) {
    const old = composed.get(key);
    composed.set(key, isJsonObject(value) && isJsonObject(old) ? composePatches(old, value) : value);
  }
  return Object.fromEntries(composed);
}
