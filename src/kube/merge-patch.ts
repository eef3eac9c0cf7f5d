import { isJsonObject } from './json.ts';

/**
 * What a JSON merge patch (RFC 7386) has to say of a value that replaces `old`: all of it, and null for what `old` has
 * besides, at any depth. Lists are replaced as they are.
 */
export function replacing(old: unknown, next: unknown): unknown {
  if (!isJsonObject(old) || !isJsonObject(next)) return next;
  const gone = Object.keys(old).filter((key) => next[key] === undefined);
  return {
    ...Object.fromEntries(Object.entries(next).map(([key, value]) => [key, replacing(old[key], value)])),
    ...Object.fromEntries(gone.map((key) => [key, null])),
  };
}
