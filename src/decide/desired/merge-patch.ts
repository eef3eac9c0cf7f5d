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

/** One patch that does what `first` and then `second` do: what is to be removed stays marked as that. */
export function composePatches(first: JsonObject, second: JsonObject): JsonObject {
  const composed = new Map(Object.entries(first));
  for (const [key, value] of Object.entries(second)) {
    const old = composed.get(key);
    composed.set(key, isJsonObject(value) && isJsonObject(old) ? composePatches(old, value) : value);
  }
  return Object.fromEntries(composed);
}
