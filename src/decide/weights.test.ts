import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { computeWeights, type RegionWeight } from './weights.ts';

const weights = (...percents: [string, number][]): RegionWeight[] =>
  percents.map(([region, weight]) => ({ region, weight }));

describe('computeWeights', () => {
  it.each([
    ['shares evenly', ['a', 'b'], ['a', 'b'], [], weights(['a', 50], ['b', 50])],
    [
      'gives what does not divide to the first ones',
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
      [],
      weights(['a', 34], ['b', 33], ['c', 33]),
    ],
    ['gives nothing to a region that is not healthy', ['a', 'b'], ['b'], [], weights(['a', 0], ['b', 100])],
    [
      'keeps the last weights when none is healthy',
      ['a', 'b'],
      [],
      weights(['a', 0], ['b', 100]),
      weights(['a', 0], ['b', 100]),
    ],
    [
      'shares among all when none is healthy and nothing was written yet',
      ['a', 'b'],
      [],
      [],
      weights(['a', 50], ['b', 50]),
    ],
    [
      'shares among all when the last weights went to a region that is gone',
      ['a', 'b'],
      [],
      weights(['c', 100]),
      weights(['a', 50], ['b', 50]),
    ],
    ['has nothing to say without regions', [], [], [], []],
  ])('%s', (_name, regions, healthy, last, expected) => {
    expect(computeWeights(regions, new Set(healthy), last)).toEqual(expected);
  });

  it.each<[string, string[], Record<string, number>, RegionWeight[]]>([
    ['gives less to a region that is drained', ['a', 'b'], { a: 50 }, weights(['a', 33], ['b', 67])],
    ['gives nothing to a region that is empty', ['a', 'b', 'c'], { b: 0 }, weights(['a', 50], ['b', 0], ['c', 50])],
    [
      'gives all to a region that is to be empty when no other one is healthy',
      ['a'],
      { a: 0 },
      weights(['a', 100], ['b', 0]),
    ],
    [
      'gives all to a region that is on its way down when no other one is healthy',
      ['b'],
      { b: 25 },
      weights(['a', 0], ['b', 100]),
    ],
    [
      'shares among all that are to be empty when no other one is',
      ['a', 'b'],
      { a: 0, b: 0 },
      weights(['a', 50], ['b', 50]),
    ],
    ['takes the one that still gets something', ['a', 'b'], { a: 0, b: 25 }, weights(['a', 0], ['b', 100])],
  ])('%s', (_name, healthy, left, expected) => {
    const regions = expected.map(({ region }) => region);
    expect(computeWeights(regions, new Set(healthy), [], new Map(Object.entries(left)))).toEqual(expected);
  });

  it('always adds up to 100 percent', () => {
    const names = fc.uniqueArray(fc.constantFrom(...'abcdefghi'), { minLength: 1 });
    fc.assert(
      fc.property(names, names, names, (regions, healthy, before) => {
        const result = computeWeights(regions, new Set(healthy), computeWeights(before, new Set(before)));
        expect(result.map(({ region }) => region)).toEqual(regions);
        expect(result.reduce((sum, { weight }) => sum + weight, 0)).toBe(100);
      }),
    );
  });
});
