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

  it.each<[string, string[], string[], Record<string, number>, RegionWeight[]]>([
    ['shares among the first regions only', ['a', 'b', 'c'], ['a', 'b'], {}, weights(['a', 50], ['b', 50], ['c', 0])],
    [
      'gives all to the only first one that is left',
      ['b', 'c'],
      ['a', 'b'],
      {},
      weights(['a', 0], ['b', 100], ['c', 0]),
    ],
    [
      'goes to the others when no first one is left',
      ['c', 'd'],
      ['a', 'b'],
      {},
      weights(['a', 0], ['b', 0], ['c', 50], ['d', 50]),
    ],
    [
      'gives the others nothing while one of the first keeps all it has',
      ['a', 'b', 'c'],
      ['a', 'b'],
      { a: 0 },
      weights(['a', 0], ['b', 100], ['c', 0]),
    ],
    [
      'gives the others what the first ones lose',
      ['a', 'c', 'd'],
      ['a'],
      { a: 40 },
      weights(['a', 40], ['c', 30], ['d', 30]),
    ],
    ['gives them all of it when the first ones are empty', ['a', 'c'], ['a'], { a: 0 }, weights(['a', 0], ['c', 100])],
    [
      'keeps it at the first ones when the others are to be empty too',
      ['a', 'c'],
      ['a'],
      { a: 0, c: 0 },
      weights(['a', 100], ['c', 0]),
    ],
  ])('with regions that come first %s', (_name, healthy, home, left, expected) => {
    const regions = expected.map(({ region }) => region);
    const given = computeWeights(regions, new Set(healthy), [], new Map(Object.entries(left)), new Set(home));
    expect(given).toEqual(expected);
  });

  it('never leads anybody abroad while a region at home serves that nobody drains', () => {
    const names = fc.uniqueArray(fc.constantFrom(...'abcdefghi'), { minLength: 1 });
    fc.assert(
      fc.property(names, names, names, (regions, healthy, home) => {
        const result = computeWeights(regions, new Set(healthy), [], new Map(), new Set(home));
        expect(result.reduce((sum, { weight }) => sum + weight, 0)).toBe(100);
        const isHome = regions.some((region) => healthy.includes(region) && home.includes(region));
        if (isHome) expect(result.every(({ region, weight }) => weight === 0 || home.includes(region))).toBe(true);
      }),
    );
  });

  it('always adds up to 100 percent', () => {
    const names = fc.uniqueArray(fc.constantFrom(...'abcdefghi'), { minLength: 1 });
    fc.assert(
      fc.property(names, names, names, (regions, healthy, before) => {
        const last = computeWeights(before, new Set(before));
        const result = computeWeights(regions, new Set(healthy), last);
        expect(result.map(({ region }) => region)).toEqual(regions);
        expect(result.reduce((sum, { weight }) => sum + weight, 0)).toBe(100);
      }),
    );
  });
});
