import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Claim, holdersOf } from './name-claims.ts';

const claim: fc.Arbitrary<Claim> = fc.record({
  name: fc.constantFrom('acme', 'bolt'),
  holder: fc.constantFrom('a/acme', 'b/acme', 'c/acme', 'a/bolt'),
  since: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', undefined),
});
const unique = fc.uniqueArray(claim, { selector: ({ holder, name }) => `${name} ${holder}`, maxLength: 6 });

it('a name belongs to the oldest that wants it, and of equals to the first by name', () => {
  const made = (holder: string, since: string | undefined): Claim => ({ name: 'acme', holder, since });
  const day = (n: number): string => `2026-01-0${n}T00:00:00Z`;
  expect(holdersOf([made('b/acme', day(2)), made('a/acme', day(3))]).get('acme')).toBe('b/acme');
  expect(holdersOf([made('b/acme', day(2)), made('a/acme', day(2))]).get('acme')).toBe('a/acme');
  expect(holdersOf([made('b/acme', undefined), made('c/acme', day(2))]).get('acme')).toBe('c/acme');
});

it('who has a name keeps it, whoever comes later and in whatever order they are read', () => {
  fc.assert(
    fc.property(unique, (claims) => {
      const holders = holdersOf(claims);
      expect(holdersOf(claims.toReversed())).toEqual(holders);
      const late = claims.map(({ name }) => ({ name, holder: 'z/late', since: '2027-01-01T00:00:00Z' }));
      const known = claims.filter(({ since }) => since !== undefined);
      for (const [name, holder] of holdersOf(known)) expect(holdersOf([...known, ...late]).get(name)).toBe(holder);
    }),
  );
});
