import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { zones } from '../../test/support/arbitraries.ts';
import { computePairs, type PairZones } from './pairs.ts';

const text = (pairs: readonly PairZones[]) => pairs.map(({ a, b }) => `${a}${b}`).join(' ');
const count = fc.integer({ min: 0, max: 120 });

function difference(pairs: readonly PairZones[], all: readonly string[], slots: (pair: PairZones) => string[]): number {
  const held = pairs.flatMap(slots);
  const counts = all.map((zone) => held.filter((z) => z === zone).length);
  return Math.max(...counts) - Math.min(...counts);
}

describe('computePairs', () => {
  it.each([
    ['alternates the active slot between two zones', 4, ['a', 'b'], 'ab ba ab ba'],
    ['uses every pair of three zones', 6, ['a', 'b', 'c'], 'ab ca cb ba ac bc'],
    ['has nowhere to put a pair in one zone', 2, ['a'], ''],
    ['has nowhere to put a pair without zones', 2, [], ''],
  ])('%s', (_name, pairs, all, expected) => {
    expect(text(computePairs(pairs, all))).toBe(expected);
  });

  it('never puts both slots of a pair into one zone', () => {
    fc.assert(
      fc.property(count, zones(), (pairs, all) => {
        for (const { a, b } of computePairs(pairs, all)) expect(a).not.toBe(b);
      }),
    );
  });

  it('balances slots and active slots over the zones', () => {
    fc.assert(
      fc.property(count, zones(2), (pairs, all) => {
        const placed = computePairs(pairs, all);
        expect(difference(placed, all, ({ a, b }) => [a, b])).toBeLessThanOrEqual(all.length <= 3 ? 1 : 3);
        expect(difference(placed, all, ({ a }) => [a])).toBeLessThanOrEqual(all.length <= 3 ? 2 : 4);
      }),
    );
  });

  it('moves no pair when pairs are added', () => {
    fc.assert(
      fc.property(count, count, zones(2), (few, more, all) => {
        expect(computePairs(few + more, all).slice(0, few)).toEqual(computePairs(few, all));
      }),
    );
  });

  it('moves slots only to a zone that is added, and no more than its share', () => {
    fc.assert(
      fc.property(count, zones(3), (pairs, all) => {
        const before = computePairs(pairs, all.slice(0, -1));
        const after = computePairs(pairs, all);
        const moved = after
          .flatMap(({ a, b }, i) => [a !== before[i]?.a ? [a] : [], b !== before[i]?.b ? [b] : []])
          .flat();
        expect(moved.every((zone) => zone === all.at(-1))).toBe(true);
        expect(moved.length).toBeLessThanOrEqual((2 * pairs) / all.length + 2);
      }),
    );
  });
});
