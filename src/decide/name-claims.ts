/** Somebody who wants a DNS name. */
export interface Claim {
  readonly name: string;
  /** Who: `namespace/name` of an object. */
  readonly holder: string;
  /** RFC 3339; undefined counts as the youngest. */
  readonly since: string | undefined;
}

const isBefore = (x: Claim, y: Claim): boolean => {
  // A letter is greater than every digit.
  const [older, younger] = [x.since ?? 'never', y.since ?? 'never'];
  return older === younger ? x.holder < y.holder : older < younger;
};

/**
 * Who has each name: the oldest that wants it. Who has it keeps it, whoever comes later; it is told from the objects
 * alone, so a new leader says the same.
 */
export function holdersOf(claims: readonly Claim[]): ReadonlyMap<string, string> {
  const first = new Map<string, Claim>();
  for (const claim of claims) {
    const present = first.get(claim.name);
    if (!present || isBefore(claim, present)) first.set(claim.name, claim);
  }
  return new Map([...first].map(([name, { holder }]) => [name, holder]));
}
