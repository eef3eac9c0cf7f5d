import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isoTime } from '../api/common.ts';
import type { Drained } from '../api/service-instance.ts';
import { type DrainOrder, nextDrains, nextStepInMs, shareOf } from './drain.ts';
import { computeWeights } from './weights.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const later = (seconds: number): number => START + seconds * 1000;
const order = (more: Partial<DrainOrder> = {}): DrainOrder => ({
  name: 'work',
  region: 'east',
  startTime: isoTime(START),
  stepPercent: 25,
  everySeconds: 30,
  deadlineSeconds: 600,
  ...more,
});
const drained = (more: Partial<Drained> = {}): Drained => ({
  region: 'east',
  regionSwitch: 'work',
  startTime: isoTime(START),
  fromPercent: 100,
  stepPercent: 25,
  everySeconds: 30,
  deadlineSeconds: 600,
  ...more,
});

describe('the share of a region that is drained', () => {
  it.each<[string, Partial<Drained>, number, number, number | undefined]>([
    ['takes its first step at once', {}, 0, 75, 30],
    ['stands between two steps', {}, 29, 75, 1],
    ['takes the next one when it is due', {}, 30, 50, 30],
    ['is 0 after the last one, and stays so', {}, 90, 0, undefined],
    ['is 0 when the deadline comes before the last step', { deadlineSeconds: 45 }, 45, 0, undefined],
    ['awaits the deadline when it comes before the next step', { deadlineSeconds: 45 }, 31, 50, 14],
    ['is 0 at once where the deadline is', { deadlineSeconds: 0 }, 0, 0, undefined],
    ['takes no step back when the clock is set back', {}, -100, 75, 130],
    ['begins where it was', { fromPercent: 40 }, 0, 15, 30],
    ['comes back in steps', { releasedTime: isoTime(later(200)) }, 200, 25, 30],
    ['comes back further', { releasedTime: isoTime(later(200)) }, 265, 75, 25],
    ['comes back from where it was', { releasedTime: isoTime(later(31)) }, 31, 75, 30],
  ])('%s', (_, more, seconds, share, nextSeconds) => {
    expect(shareOf(drained(more), later(seconds))).toBe(share);
    const next = nextStepInMs(drained(more), later(seconds));
    expect(next).toBe(nextSeconds === undefined ? undefined : nextSeconds * 1000);
  });
});

describe('what is recorded of a drain', () => {
  const at = (seconds: number, before: readonly Drained[], orders: readonly DrainOrder[] | undefined) =>
    nextDrains(['east', 'west'], before, orders, later(seconds));

  it('begins when a switch asks for it', () => {
    expect(at(0, [], [order()])).toEqual([drained()]);
  });

  it('does not begin before the switch has', () => {
    expect(at(0, [], [order({ startTime: undefined })])).toEqual([]);
  });

  it('does not begin in a region that the service has no place in', () => {
    expect(at(0, [], [order({ region: 'north' })])).toEqual([]);
  });

  it('stays the same while the switch is in force, whoever looks', () => {
    for (const seconds of [0, 40, 5000]) expect(at(seconds, [drained()], [order()])).toEqual([drained()]);
  });

  it('stays the same while nobody knows which switches are in force', () => {
    expect(at(40, [drained()], undefined)).toEqual([drained()]);
  });

  it('is released once when the switch ceases to ask, and ends when all has come back', () => {
    const released = drained({ releasedTime: isoTime(later(200)) });
    expect(at(200, [drained()], [])).toEqual([released]);
    expect(at(240, [released], [])).toEqual([released]);
    expect(at(290, [released], [])).toEqual([]);
  });

  it('begins again from what the region has by then', () => {
    const released = drained({ releasedTime: isoTime(later(200)) });
    const again = order({ name: 'more', startTime: isoTime(later(240)) });
    expect(at(240, [released], [again])).toEqual([
      drained({ regionSwitch: 'more', startTime: isoTime(later(240)), fromPercent: 50 }),
    ]);
  });

  it('goes over to the next switch that wants the region empty, without giving anything back', () => {
    const other = order({ name: 'other', startTime: isoTime(later(100)) });
    expect(at(120, [drained()], [order(), other])).toEqual([drained()]);
    expect(at(120, [drained()], [other])).toEqual([
      drained({ regionSwitch: 'other', startTime: isoTime(later(100)), fromPercent: 0 }),
    ]);
  });
});

describe('whatever persons ask for', () => {
  const regions = ['east', 'west', 'north'];
  const asked = fc.record({
    region: fc.constantFrom(...regions),
    stepPercent: fc.integer({ min: 1, max: 100 }),
    everySeconds: fc.integer({ min: 1, max: 60 }),
    deadlineSeconds: fc.integer({ min: 0, max: 600 }),
    from: fc.nat({ max: 600 }),
    until: fc.nat({ max: 1200 }),
  });

  it('weights are whole percents that make 100 in all, and only regions that serve have any', () => {
    fc.assert(
      fc.property(fc.array(asked, { maxLength: 4 }), fc.subarray(regions, { minLength: 1 }), (all, healthy) => {
        let drains: readonly Drained[] = [];
        for (let seconds = 0; seconds < 1500; seconds += 17) {
          const orders = all.flatMap(({ from, until, ...settings }, index) =>
            from <= seconds && seconds < until
              ? [order({ ...settings, name: `s${index}`, startTime: isoTime(later(from)) })]
              : [],
          );
          drains = nextDrains(regions, drains, orders, later(seconds));
          const left = new Map(drains.map((each) => [each.region, shareOf(each, later(seconds))]));
          const weights = computeWeights(regions, new Set(healthy), [], left);
          expect(weights.reduce((sum, { weight }) => sum + weight, 0)).toBe(100);
          for (const { region, weight } of weights) {
            expect(weight).toBeGreaterThanOrEqual(0);
            if (!healthy.includes(region)) expect(weight).toBe(0);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('the share of a region never rises while it is to be empty, and never falls on the way back', () => {
    fc.assert(
      fc.property(asked, fc.nat({ max: 400 }), ({ from: _, until: __, region: ___, ...settings }, seconds) => {
        const down = drained(settings);
        const up = drained({ ...settings, releasedTime: isoTime(later(100)) });
        expect(shareOf(down, later(seconds + 7))).toBeLessThanOrEqual(shareOf(down, later(seconds)));
        expect(shareOf(up, later(107 + seconds))).toBeGreaterThanOrEqual(shareOf(up, later(100 + seconds)));
        expect(shareOf(down, later(settings.deadlineSeconds))).toBe(0);
      }),
    );
  });
});
