import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dataLagOf, lagToTell, parseLag } from './data-lag.ts';

describe('the termination message of a lag hook', () => {
  it.each<[string | undefined, number | undefined]>([
    ['0', 0],
    [' 12\n', 12],
    ['0.2', 1],
    ['3.000000001', 4],
    ['', undefined],
    [undefined, undefined],
    ['-1', undefined],
    ['1e3', undefined],
    ['12 s', undefined],
    ['9999999999', undefined],
    ['NaN', undefined],
  ])('%j is %j', (text, expected) => expect(parseLag(text)).toBe(expected));
});

describe('the lag that is told', () => {
  it.each<[string, number | undefined, number | undefined, number | undefined, number | undefined]>([
    ['is the first one known', undefined, 3, 10, 3],
    ['is unknown when it is', 3, undefined, 10, undefined],
    ['stays while it changes little', 5, 8, 10, 5],
    ['changes when it has doubled', 4, 8, 10, 8],
    ['changes when it has halved', 8, 4, 10, 4],
    ['changes when it crosses the objective', 9, 11, 10, 11],
    ['changes when it comes back', 11, 9, 10, 9],
    ['is zero once it is', 1, 0, undefined, 0],
    ['is zero no more', 0, 1, undefined, 1],
    ['stays zero', 0, 0, 10, 0],
  ])('%s', (_, before, measured, objective, expected) => expect(lagToTell(before, measured, objective)).toBe(expected));

  it('is on the same side of the objective as the one measured, and within a factor of two', () => {
    const seconds = fc.nat({ max: 1000 });
    fc.assert(
      fc.property(seconds, seconds, seconds, (before, measured, objective) => {
        const told = lagToTell(before, measured, objective) ?? Number.NaN;
        expect(told > objective).toBe(measured > objective);
        expect(told === measured || Math.max(told, measured) < 2 * Math.min(told, measured)).toBe(true);
        expect(lagToTell(told, measured, objective)).toBe(told);
      }),
    );
  });
});

describe('the lag of a region', () => {
  it('is the largest known, with the names of those that do not tell theirs and those that are no copies', () => {
    const records = [
      { name: 'a', state: 'Demoted', run: 1, lagSeconds: 3 },
      { name: 'b', state: 'Standby', run: 0, lagSeconds: 9 },
      { name: 'c', state: 'RebuildNeeded', run: 1 },
    ] as const;
    expect(dataLagOf(records, ['a', 'b', 'c'])).toEqual({ seconds: 9, unknown: ['c'], rebuild: ['c'] });
    expect(dataLagOf([], ['a'])).toEqual({ seconds: undefined, unknown: ['a'], rebuild: [] });
  });
});
