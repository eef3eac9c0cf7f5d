import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anAssignment } from '../../test/support/objects.ts';
import type { Assignment } from '../api/service-instance.ts';
import { countHomeLosses, stableTimeMs } from './switchback-timing.ts';

const timing = { stableForMs: 300_000, dampingWindowMs: 3_600_000, maxStableForMs: 3_600_000, windows: undefined };

describe('the stable time', () => {
  it.each([
    [0, 300],
    [1, 300],
    [2, 600],
    [3, 1200],
    [4, 2400],
    [5, 3600],
    [1000, 3600],
  ])('after %i failovers in a row is %i s', (losses, seconds) => {
    expect(stableTimeMs(timing, losses)).toBe(seconds * 1000);
  });

  it('never gets shorter with one more failover, nor than what the group asks for', () => {
    const some = fc.integer({ min: 1, max: 604_800_000 });
    fc.assert(
      fc.property(some, some, fc.nat(999), (stableForMs, maxStableForMs, losses) => {
        const policy = { ...timing, stableForMs, maxStableForMs };
        expect(stableTimeMs(policy, losses + 1)).toBeGreaterThanOrEqual(stableTimeMs(policy, losses));
        expect(stableTimeMs(policy, losses)).toBeGreaterThanOrEqual(stableForMs);
        expect(stableTimeMs(policy, losses)).toBeLessThanOrEqual(Math.max(stableForMs, maxStableForMs));
      }),
    );
  });
});

describe('the failovers in a row', () => {
  const count = (
    assignment: Assignment | undefined,
    next: Pick<Assignment, 'activeRegion' | 'reason'>,
    homeForMs = 1000,
  ): number =>
    countHomeLosses({ primary: 'east', assignment, assignedForMs: homeForMs, dampingWindowMs: 60_000 }, next);
  const home = (homeLosses: number): Assignment => ({ ...anAssignment('3 east>west,north'), homeLosses });
  const away = (homeLosses: number): Assignment => ({ ...anAssignment('4 west>east,north'), homeLosses });

  it.each<[string, Assignment | undefined, Pick<Assignment, 'activeRegion' | 'reason'>, number, number]>([
    ['begin with one', anAssignment('1 east>west'), { activeRegion: 'west', reason: 'FailedOver' }, 0, 1],
    ['count on soon after the way home', home(2), { activeRegion: 'west', reason: 'FailedOver' }, 59_999, 3],
    ['begin anew after a quiet time at home', home(2), { activeRegion: 'west', reason: 'FailedOver' }, 60_000, 1],
    ['do not count a failover from elsewhere', away(2), { activeRegion: 'north', reason: 'FailedOver' }, 0, 2],
    ['are not forgotten on the way home', away(2), { activeRegion: 'east', reason: 'SwitchedBack' }, 0, 2],
    ['are not changed by new successors', away(2), { activeRegion: 'west', reason: 'Assigned' }, 0, 2],
    ['do not count what a person emptied', home(2), { activeRegion: 'west', reason: 'Evacuated' }, 0, 2],
    ['are forgotten with another home', away(2), { activeRegion: 'south', reason: 'Moved' }, 0, 0],
    ['are none of a service that was never assigned', undefined, { activeRegion: 'east', reason: 'Assigned' }, 0, 0],
    ['are bounded', home(1000), { activeRegion: 'west', reason: 'FailedOver' }, 0, 1000],
  ])('%s', (_, assignment, next, homeForMs, expected) => {
    expect(count(assignment, next, homeForMs)).toBe(expected);
  });
});
