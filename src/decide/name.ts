/**
 * Names of objects that are made from names of other objects. They are readable as long as they fit, and carry a hash
 * of all their parts when they do not.
 */

/** Length of `-` and the hash. */
const SUFFIX = 12;
const NAME = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_VALUE = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const MAX_LABEL_VALUE = 63;

/** Spreads the bits of a 32-bit number (the finaliser of MurmurHash3). */
function mix(bits: number): number {
  let h = bits;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** 32 bits of a text: FNV-1a with a finaliser. Not for secrets: it only spreads and tells apart. */
export function hash32(text: string, seed = 0x811c9dc5): number {
  let h = seed;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return mix(h);
}

/** 53 bits of the parts as 11 letters and digits. 230,000 names have a chance of about 3 in a million to share one. */
export function digest(parts: readonly string[]): string {
  // Lengths make the text unambiguous: ['a', 'b-c'] and ['a-b', 'c'] are different names.
  const text = parts.map((part) => `${part.length}:${part}`).join();
  const high = hash32(text, 0x9e3779b9) & 0x1fffff;
  return (high * 2 ** 32 + hash32(text)).toString(36).padStart(SUFFIX - 1, '0');
}

/**
 * The same name as `joinName` where that is taken or too long: always with a hash, that of `identity`. At most `max`
 * characters, `max` ≥ 20.
 */
export function hashedName(parts: readonly string[], max: number, identity: readonly string[] = parts): string {
  const clean = parts
    .join('-')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-');
  const readable = clean
    .replace(/^[^a-z]+/, '')
    .slice(0, max - SUFFIX)
    .replace(/-+$/, '');
  return `${readable === '' ? 'x' : readable}-${digest(identity)}`;
}

/** The joined name of the parts, or where that is taken a hashed one: of `max` ≥ 20 characters at most. */
export function freeName(
  parts: readonly string[],
  { identity, isTaken, max }: { readonly identity: string; readonly max: number; isTaken(name: string): boolean },
): string {
  let name = joinName(parts, max);
  for (let attempt = 0; isTaken(name); attempt++) name = hashedName(parts, max, [identity, `${attempt}`]);
  return name;
}

/** A DNS label that starts with a letter: the parts joined by `-`, with a hash when that is longer than `max`. */
export function joinName(parts: readonly string[], max: number): string {
  const plain = parts.join('-');
  return plain.length <= max && NAME.test(plain) ? plain : hashedName(parts, max);
}

/** A name as a label value: itself when it fits (63 characters), hashed otherwise. */
export const labelValue = (name: string): string =>
  name.length <= MAX_LABEL_VALUE && LABEL_VALUE.test(name) ? name : hashedName([name], MAX_LABEL_VALUE);
