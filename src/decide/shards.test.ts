import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { divide, type Shard, type ShardMember } from './shards.ts';

const MOST = 20;
const keys = fc.uniqueArray(fc.integer({ min: 0, max: 5000 }), { maxLength: 300 });
const members = (numbers: readonly number[]): ShardMember[] =>
  numbers.map((n) => ({ key: `acme/t-${n}`, size: 1 + (n % 3) }));
const prefixes = (shards: readonly Shard<ShardMember>[]): string[] => shards.map(({ prefix }) => prefix);
const sizeOf = ({ members: inside }: Shard<ShardMember>): number => inside.reduce((sum, { size }) => sum + size, 0);
const texts = (shards: readonly Shard<ShardMember>[]): Set<string> =>
  new Set(shards.map((shard) => JSON.stringify(shard)));

describe('shards', () => {
  it('are none where there is nothing, and one where all fit', () => {
    expect(divide([], [], MOST)).toEqual([]);
    expect(prefixes(divide(members([1, 2, 3]), [], MOST))).toEqual(['']);
  });

  it('hold every member once, and none too much', () => {
    fc.assert(
      fc.property(keys, keys, (now, before) => {
        const shards = divide(members(now), prefixes(divide(members(before), [], MOST)), MOST);
        const held = shards.flatMap((shard) => shard.members.map(({ key }) => key));
        expect(held.sort()).toEqual(
          members(now)
            .map(({ key }) => key)
            .sort(),
        );
        expect(new Set(prefixes(shards)).size).toBe(shards.length);
        for (const shard of shards) expect(sizeOf(shard)).toBeLessThanOrEqual(MOST);
      }),
    );
  });

  it('stay as they are when nothing changes, and do not depend on an order', () => {
    fc.assert(
      fc.property(keys, keys, (now, before) => {
        const first = divide(members(now), prefixes(divide(members(before), [], MOST)), MOST);
        expect(divide(members(now.toReversed()), prefixes(first).toReversed(), MOST)).toEqual(first);
      }),
    );
  });

  it('change in one place when one member comes or goes, unless that place overflows or gets empty', () => {
    let ordinary = 0;
    fc.assert(
      fc.property(keys, fc.integer({ min: 5001, max: 9000 }), (numbers, one) => {
        const before = divide(members(numbers), [], MOST);
        const after = divide(members([...numbers, one]), prefixes(before), MOST);
        const changed = [...texts(after)].filter((text) => !texts(before).has(text)).length;
        const isOrdinary = prefixes(after).join() === prefixes(before).join();
        if (isOrdinary) ordinary += 1;
        expect(changed).toBeLessThanOrEqual(isOrdinary ? 1 : 3);
        // And back: who comes and goes leaves the others where they are.
        const again = divide(members(numbers), prefixes(after), MOST);
        expect(divide(members([...numbers, one]), prefixes(again), MOST)).toEqual(after);
      }),
    );
    expect(ordinary).toBeGreaterThan(50);
  });

  it('become one again only when they are half empty together', () => {
    const many = members(Array.from({ length: 12 }, (_, i) => 3 * i + 2));
    const split = prefixes(divide(many, [], MOST));
    expect(split.length).toBeGreaterThan(1);
    expect(prefixes(divide(many.slice(0, 6), split, MOST)).length).toBeGreaterThan(1);
    expect(prefixes(divide(many.slice(0, 3), split, MOST))).toEqual(['']);
  });
});
