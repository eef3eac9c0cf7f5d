/** Parts that are remembered. Enough for what many objects have in common; what does not repeat is forgotten again. */
const REMEMBERED = 4_096;

/**
 * Gives equal values one copy: what thousands of objects of a cache have in common is then kept once. The values must
 * be plain JSON, and nobody may change them.
 */
export function createSharing(): <V>(value: V) => V {
  const copies = new Map<string, unknown>();
  return <V>(value: V): V => {
    if (value === undefined) return value;
    const text = JSON.stringify(value);
    // What is found has the same JSON, so it is a V.
    if (copies.has(text)) return copies.get(text) as V;
    if (copies.size >= REMEMBERED) copies.clear();
    copies.set(text, value);
    return value;
  };
}
