import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isoTime } from '../api/common.ts';
import type { Ramped } from '../api/traffic.ts';
import { nextRampInMs, nextRamps, type RampFacts, rampShare } from './ramp.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const later = (seconds: number): number => START + seconds * 1000;
const POLICY = { rampSteps: 4, rampSeconds: 120 };
const ramp: Ramped = { region: 'east', startTime: isoTime(START), steps: 4, seconds: 120 };

describe('the share of a region that serves again', () => {
  it.each([
    ['takes its first step at once', 0, 25, 30],
    ['stands between two steps', 29, 25, 1],
    ['takes the next one when it is due', 30, 50, 30],
    ['is whole with the last one', 90, 100, 30],
    ['takes no step back when the clock is set back', -60, 25, 90],
  ])('%s', (_, seconds, share, next) => {
    expect(rampShare(ramp, later(seconds))).toBe(share);
    if (share < 100) expect(nextRampInMs(ramp, later(seconds))).toBe(next * 1000);
  });

  it('never falls, and is whole when all steps are over', () => {
    const instant = fc.integer({ min: -100, max: 10_000 });
    const any = fc.record({ steps: fc.integer({ min: 2, max: 20 }), seconds: fc.integer({ min: 1, max: 5000 }) });
    fc.assert(
      fc.property(any, instant, instant, (more, one, other) => {
        const given = { ...ramp, ...more };
        const [first, second] = [later(Math.min(one, other)), later(Math.max(one, other))];
        expect(rampShare(given, second)).toBeGreaterThanOrEqual(rampShare(given, first));
        expect(rampShare(given, later(more.seconds))).toBe(100);
        if (rampShare(given, first) === 100) return;
        const next = first + nextRampInMs(given, first);
        expect(next).toBeGreaterThan(first);
        expect(rampShare(given, next)).toBeGreaterThan(rampShare(given, first));
      }),
    );
  });
});

describe('what is recorded of a ramp', () => {
  const facts = (more: Partial<RampFacts> = {}): RampFacts => ({
    regions: ['east', 'west'],
    serving: new Set(['east', 'west']),
    drained: new Set(),
    last: [
      { region: 'east', weight: 0 },
      { region: 'west', weight: 100 },
    ],
    before: [],
    ...more,
  });

  it.each<[string, Partial<RampFacts>, number, readonly Ramped[]]>([
    ['begins where a region serves that had nothing', {}, 0, [ramp]],
    ['goes on as it began', { before: [ramp] }, 80, [ramp]],
    ['ends with its last step', { before: [ramp] }, 90, []],
    ['ends when the region serves no more', { before: [ramp], serving: new Set(['west']) }, 10, []],
    ['does not begin before the first shares', { last: undefined }, 0, []],
    ['does not begin where a drain leads the region back', { drained: new Set(['east']) }, 0, []],
    ['does not begin in a region that is new', { last: [{ region: 'west', weight: 100 }] }, 0, []],
  ])('%s', (_, more, seconds, expected) => {
    expect(nextRamps(facts(more), POLICY, later(seconds))).toEqual(expected);
  });

  it('is nothing where the group wants one step', () => {
    expect(nextRamps(facts(), { ...POLICY, rampSteps: 1 }, START)).toEqual([]);
  });
});
