import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isoTime } from '../api/common.ts';
import type { DrillStatus, PlannedService } from '../api/region-switch.ts';
import type { RegionState } from './diagnosis.ts';
import { advanceDrill, advancePlanDrill, type DrillPicture, type Traveller } from './drill.ts';

const NOW = Date.parse('2026-01-01T00:10:00Z');
const STARTED = NOW - 60_000;
const regionsAre = (states: Record<string, RegionState> = {}): Map<string, RegionState> =>
  new Map(Object.entries({ east: 'Healthy', west: 'Healthy', north: 'Healthy', ...states }));

const traveller = (name: string, more: Partial<Traveller> = {}): Traveller => ({
  name,
  to: 'west',
  decidedAt: STARTED + 1000,
  readyAt: STARTED + 5000,
  awayMs: 4000,
  superseded: false,
  protected: true,
  ...more,
});
const onItsWay: Partial<Traveller> = { readyAt: undefined, awayMs: undefined, protected: false };
const held: PlannedService = {
  name: 'ns/c',
  verdict: 'Held',
  reason: 'TargetUnhealthy',
  message: 'no region can take over',
};

const picture = (more: Partial<DrillPicture> = {}): DrillPicture => ({
  settings: { kind: 'Region', staySeconds: 300, abortAfterSeconds: 120 },
  home: 'east',
  before: undefined,
  now: NOW,
  stayLeftMs: 60_000,
  startedAt: STARTED,
  expiresAt: undefined,
  stop: undefined,
  there: [traveller('ns/a')],
  waiting: [],
  back: [],
  left: 0,
  regions: regionsAre(),
  hubIsolated: false,
  ...more,
});
const at = (phase: DrillStatus['phase'], more: Partial<DrillStatus> = {}): Pick<DrillPicture, 'before'> => ({
  before: { phase, ...more },
});
const advance = (more: Partial<DrillPicture>): DrillStatus => advanceDrill(picture(more), isoTime);
const staying = at('Staying', { stayUntil: isoTime(NOW + 60_000) });
const OBJECTIVE = { kind: 'Region', staySeconds: 0, abortAfterSeconds: 60, objectiveSeconds: 5 } as const;

describe('a region drill', () => {
  it.each<[string, Partial<DrillPicture>, DrillStatus['phase']]>([
    ['waits while nobody has looked at it', { there: [], waiting: undefined }, 'Away'],
    ['is away while a service has still to leave', { waiting: [held] }, 'Away'],
    ['is away while a service is on its way', { there: [traveller('ns/a', onItsWay)] }, 'Away'],
    ['stays when all are ready there', {}, 'Staying'],
    ['has nothing to stay for when nothing has left', { there: [] }, 'Home'],
    ['stays until its time', staying, 'Staying'],
    ['goes home at its time', { ...at('Staying', { stayUntil: isoTime(NOW) }) }, 'Home'],
    ['goes home when this hub has seen a whole stay', { ...staying, stayLeftMs: 0 }, 'Home'],
    ['goes home when its window ends', { ...staying, stop: 'Expired' }, 'Home'],
    ['is not over while a service has not begun to go home', { ...at('Home'), left: 1 }, 'Home'],
    ['is not over while one is on its way home', { ...at('Home'), back: [traveller('ns/a', onItsWay)] }, 'Home'],
    [
      'is not over while one at home could not move again',
      { ...at('Home'), back: [traveller('ns/a', { protected: false })] },
      'Home',
    ],
    [
      'is not over while one is still on its way there',
      { ...at('Home'), there: [traveller('ns/a', onItsWay)] },
      'Home',
    ],
    ['is over when all are home', { ...at('Home'), back: [traveller('ns/a')] }, 'Ended'],
  ])('%s', (_, more, phase) => {
    expect(advance(more).phase).toBe(phase);
  });

  it.each<[string, Partial<DrillPicture>, 'Failed' | 'Aborted', string]>([
    ['a person aborts it', { stop: 'Aborted', waiting: [held] }, 'Aborted', 'a person has aborted it'],
    ['a person aborts it during the stay', { ...staying, stop: 'Aborted' }, 'Aborted', 'a person has aborted it'],
    ['its window ends before all have left', { stop: 'Expired', waiting: [held] }, 'Aborted', 'it expired before'],
    [
      'a region is not well',
      { ...staying, regions: regionsAre({ north: 'Degraded' }) },
      'Aborted',
      'region north was Degraded',
    ],
    ['the hub suspects itself', { ...staying, hubIsolated: true }, 'Aborted', 'most regions looked dead'],
    [
      'something else has moved a service',
      { ...staying, there: [traveller('ns/a', { superseded: true })] },
      'Aborted',
      'ns/a was moved by something else',
    ],
    [
      'a service is not ready in time',
      { there: [traveller('ns/a', { ...onItsWay, decidedAt: NOW - 120_000 })] },
      'Failed',
      'ns/a was not ready in region west after 120 s',
    ],
    [
      'a service does not get away in time',
      { waiting: [held], startedAt: NOW - 120_000 },
      'Failed',
      'ns/c had not begun to move after 120 s: no region can take over',
    ],
  ])('goes home before its time when %s', (_, more, result, words) => {
    const after = advance(more);
    expect(after).toMatchObject({ phase: 'Home', cause: { result } });
    expect(after.cause?.message).toContain(words);
  });

  it.each<[string, Partial<DrillPicture>]>([
    ['a region that a new hub has not looked at yet', { ...staying, regions: regionsAre({ west: 'Unknown' }) }],
    ['a service that is late but ready', { ...staying, there: [traveller('ns/a', { decidedAt: 0 })] }],
  ])('goes on beside %s', (_, more) => {
    expect(advance(more)).toEqual(more.before);
  });

  it('does not count what comes after the stay as a reason', () => {
    const home = { ...at('Home'), left: 1, regions: regionsAre({ east: 'Lost' }), stop: 'Aborted' as const };
    expect(advance(home)).toEqual({ phase: 'Home', homeFailed: true });
    expect(advance({ ...home, ...at('Home', { homeFailed: true }), regions: regionsAre() }).homeFailed).toBe(true);
  });

  it('stays no longer than its window', () => {
    expect(advance({}).stayUntil).toBe(isoTime(NOW + 300_000));
    expect(advance({ expiresAt: NOW + 10_000 }).stayUntil).toBe(isoTime(NOW + 10_000));
  });

  const over = { ...at('Home'), back: [traveller('ns/a', { to: 'east' })] };
  it.each<[string, Partial<DrillPicture>, string, string]>([
    ['all went and came home', over, 'Passed', '1 of 1 services went away and came home; longest time away: 4.0 s'],
    ['in time', { ...over, settings: OBJECTIVE }, 'Passed', 'longest time away: 4.0 s, objective 5 s'],
    [
      'too slowly there',
      { ...over, settings: OBJECTIVE, there: [traveller('ns/a', { awayMs: 6200 })] },
      'Failed',
      'the objective of 5 s was missed 1 times: ns/a on the way to west, longest time away: 6.2 s',
    ],
    [
      'too slowly back',
      { ...over, settings: OBJECTIVE, back: [traveller('ns/a', { to: 'east', awayMs: 5001 })] },
      'Failed',
      'to east',
    ],
    [
      'it was cut short',
      { ...over, ...at('Home', { cause: { result: 'Aborted', reason: 'HubIsolated', message: 'no' } }) },
      'Aborted',
      'no; 1 of 1',
    ],
    ['nothing was moved', { ...at('Home'), there: [] }, 'Failed', 'nothing is proved'],
    [
      'a service got lost on the way back',
      { ...over, back: [traveller('ns/a', { superseded: true })] },
      'Failed',
      'moved by something else',
    ],
    [
      'a service did not come home',
      { ...at('Home'), there: [traveller('ns/a', { superseded: true })] },
      'Failed',
      '0 of 1',
    ],
  ])('has a result: %s', (_, more, result, words) => {
    const after = advance(more);
    expect(after).toMatchObject({ phase: 'Ended', result });
    expect(after.message).toContain(words);
  });

  it('never goes back, never loses its cause, and says no more once it is over', () => {
    const PHASES = ['Away', 'Staying', 'Home', 'Ended'] as const;
    const mostly = <T>(usual: T, ...others: readonly T[]) =>
      fc.oneof({ arbitrary: fc.constant(usual), weight: 8 }, { arbitrary: fc.constantFrom(...others), weight: 1 });
    const state = mostly<RegionState>('Healthy', 'Degraded', 'Lost', 'Unknown');
    const someone = fc
      .record({
        superseded: mostly(false, true),
        isReady: mostly(true, false),
        protected: mostly(true, false),
        name: fc.constantFrom('a', 'b'),
      })
      .map(({ isReady, name, ...more }) => traveller(name, { ...(isReady ? {} : onItsWay), ...more }));
    const look = fc.record({
      there: fc.uniqueArray(someone, { selector: ({ name }) => name }),
      back: fc.uniqueArray(someone, { selector: ({ name }) => name }),
      waiting: mostly<DrillPicture['waiting']>([], undefined, [held]),
      left: mostly(0, 1, 2),
      stop: mostly<DrillPicture['stop']>(undefined, 'Aborted', 'Expired'),
      hubIsolated: mostly(false, true),
      states: fc.record({ east: state, west: state }),
      afterMs: fc.nat(400_000),
    });
    const ends = new Set<string | undefined>();
    fc.assert(
      fc.property(fc.array(look, { minLength: 4, maxLength: 8 }), (looks) => {
        let before: DrillStatus | undefined;
        let now = NOW;
        for (const { afterMs, states, ...seen } of looks) {
          now += afterMs;
          const after = advance({ ...seen, before, now, regions: regionsAre(states) });
          expect(PHASES.indexOf(after.phase)).toBeGreaterThanOrEqual(PHASES.indexOf(before?.phase ?? 'Away'));
          expect(after.cause).toEqual(before?.cause ?? after.cause);
          expect(before?.phase === 'Ended' ? after : before).toEqual(before);
          // The same look once more finds nothing new, unless it is the next phase.
          const again = advance({ ...seen, before: after, now, regions: regionsAre(states) });
          expect(after.phase === 'Ended' || again.phase !== after.phase ? after : again).toEqual(after);
          expect(after.result === undefined).toBe(after.phase !== 'Ended');
          expect(after.result === 'Passed' && after.cause).toBeFalsy();
          before = after;
        }
        ends.add(before?.result);
      }),
      { numRuns: 500 },
    );
    expect([...ends].sort()).toEqual(['Aborted', 'Failed', 'Passed', undefined]);
  });
});

describe('a drill of the plan', () => {
  const settings = { kind: 'Plan', staySeconds: 0, abortAfterSeconds: 60 } as const;
  const of = (verdict: PlannedService['verdict'], n: number): PlannedService[] =>
    Array.from({ length: n }, (_, i) => ({ ...held, name: `ns/${verdict}-${i}`, verdict }));
  it.each<[string, PlannedService[], number, string | undefined]>([
    ['has passed when nothing is held', [...of('Moves', 3), ...of('Stays', 1)], 0, 'Passed: all 3 services'],
    ['waits while something is held', [...of('Moves', 3), ...of('Held', 1)], 59_999, undefined],
    [
      'has failed when it is held for too long',
      [...of('Moves', 3), ...of('Held', 2)],
      60_000,
      'Failed: 2 services are held; ns/Held-0: no region',
    ],
    ['proves nothing when nothing can move', of('Stays', 2), 0, 'Failed: no service could be moved'],
  ])('%s', (_, plan, elapsedMs, told) => {
    const { message, phase, result } = advancePlanDrill({ plan, settings, elapsedMs, stop: undefined });
    expect(phase).toBe(told === undefined ? 'Away' : 'Ended');
    if (told === undefined) expect(result).toBeUndefined();
    else expect(`${result}: ${message}`).toContain(told);
  });

  it('proves nothing when a person ends it, also while nothing is held', () => {
    const ended = advancePlanDrill({ plan: of('Moves', 1), settings, elapsedMs: 0, stop: 'Aborted' });
    expect(ended).toMatchObject({ phase: 'Ended', result: 'Aborted' });
  });
});

describe('a time away that an earlier leader measured and could not list', () => {
  it('counts against the objective', () => {
    const settings = { ...picture().settings, objectiveSeconds: 30 };
    const home = { before: { phase: 'Home' } as const, back: [traveller('ns/a', { to: 'east' })] };
    const end = (slowestMs: number) => advanceDrill(picture({ settings, ...home, slowestMs }), isoTime);
    expect(end(30_000)).toMatchObject({
      result: 'Passed',
      message: expect.stringContaining('away: 30.0 s, objective'),
    });
    expect(end(30_001)).toMatchObject({ result: 'Failed', message: expect.stringContaining('missed at least once') });
  });
});
