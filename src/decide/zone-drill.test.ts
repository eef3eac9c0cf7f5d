import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isoTime } from '../api/common.ts';
import type { DrillStatus, PlannedService } from '../api/region-switch.ts';
import type { Emptiness } from '../api/regional-service.ts';
import type { Diagnosis } from './diagnosis.ts';
import {
  advanceZoneDrill,
  beginZone,
  followZone,
  type ZoneDrillPicture,
  type ZoneProgress,
  type ZoneSight,
} from './zone-drill.ts';

const NOW = Date.parse('2026-01-01T00:10:00Z');
const STARTED = NOW - 60_000;
type Seen = Pick<Diagnosis, 'reason' | 'state'>;
const WELL: Seen = { state: 'Healthy', reason: 'RegionHealthy' };
const regionsAre = (east: Seen = WELL, west: Seen = WELL) =>
  new Map([
    ['east', east],
    ['west', west],
  ]);

const out = (name: string, more: Partial<ZoneProgress> = {}): ZoneProgress => ({
  ...beginZone(name, STARTED + 1000),
  emptyAt: STARTED + 5000,
  unsettledAt: undefined,
  notServingMs: 1500,
  ...more,
});
const leaving: Partial<ZoneProgress> = { emptyAt: undefined, unsettledAt: STARTED + 1000 };
const filled: Partial<ZoneProgress> = { filledAt: NOW - 1000 };
const held: PlannedService = { name: 'ns/c', verdict: 'Held', reason: 'InstancesMissing', message: 'one is not ready' };
const stays: PlannedService = { name: 'ns/d', verdict: 'Stays', reason: 'NotWithoutZone', message: 'single' };

const picture = (more: Partial<ZoneDrillPicture> = {}): ZoneDrillPicture => ({
  settings: { kind: 'Zone', zone: 'east-a', staySeconds: 300, abortAfterSeconds: 120 },
  region: 'east',
  zone: 'east-a',
  before: undefined,
  now: NOW,
  stayLeftMs: 60_000,
  until: STARTED + 540_000,
  startedAt: STARTED,
  stop: undefined,
  begun: [out('ns/a')],
  waiting: [stays],
  left: 1,
  regions: regionsAre(),
  hubIsolated: false,
  otherSwitch: undefined,
  ...more,
});
const advance = (more: Partial<ZoneDrillPicture>): DrillStatus => advanceZoneDrill(picture(more), isoTime);
const at = (phase: DrillStatus['phase'], more: Partial<DrillStatus> = {}) => ({ before: { phase, ...more } });
const staying = at('Staying', { stayUntil: isoTime(NOW + 60_000) });
const home = at('Home', { homeTime: isoTime(NOW - 10_000) });

const PHASES = ['Away', 'Staying', 'Home', 'Ended'] as const;
function checkStep(before: DrillStatus | undefined, after: DrillStatus, again: DrillStatus): void {
  expect(PHASES.indexOf(after.phase)).toBeGreaterThanOrEqual(PHASES.indexOf(before?.phase ?? 'Away'));
  if (before?.cause) expect(after.cause).toEqual(before.cause);
  if (before?.phase === 'Ended') expect(after).toEqual(before);
  // The same look once more finds nothing new, unless it is the next phase.
  if (after.phase === 'Ended' || again.phase === after.phase) expect(again).toEqual(after);
  expect(after.result === undefined).toBe(after.phase !== 'Ended');
}

describe('a drill of a zone', () => {
  it.each<[string, Partial<ZoneDrillPicture>, DrillStatus['phase']]>([
    ['waits while nobody has looked at it', { begun: [], waiting: undefined }, 'Away'],
    ['is away while a service is held', { waiting: [held] }, 'Away'],
    ['is away while a service leaves', { begun: [out('ns/a', leaving)] }, 'Away'],
    ['stays when all are out', {}, 'Staying'],
    ['has nothing to stay for when nothing could leave', { begun: [] }, 'Home'],
    ['stays until its time', staying, 'Staying'],
    ['fills at its time', at('Staying', { stayUntil: isoTime(NOW) }), 'Home'],
    ['fills when this hub has seen a whole stay', { ...staying, stayLeftMs: 0 }, 'Home'],
    ['fills when its window ends', { ...staying, stop: 'Expired' }, 'Home'],
    ['is not over while an order names it', home, 'Home'],
    ['is not over while a service has not filled', { ...home, left: 0 }, 'Home'],
    ['is over when all stand there again', { ...home, left: 0, begun: [out('ns/a', filled)] }, 'Ended'],
    [
      'waits for no region that is lost',
      {
        ...home,
        regions: regionsAre({ state: 'Lost', reason: 'RegionLost' }),
        before: { phase: 'Home', cause: { result: 'Aborted', reason: 'RegionLost', message: 'x' } },
      },
      'Ended',
    ],
    [
      'waits for nobody after the time at which the region gives it back',
      { ...home, until: NOW, begun: [out('ns/a', filled)] },
      'Ended',
    ],
  ])('%s', (_, more, phase) => {
    expect(advance(more).phase).toBe(phase);
  });

  it.each<[string, Partial<ZoneDrillPicture>, string]>([
    ['a person aborts it', { stop: 'Aborted' }, 'Aborted SwitchNotOpen a person has aborted it'],
    ['it expires before all are out', { stop: 'Expired', waiting: [held] }, 'Aborted SwitchNotOpen it expired'],
    ['the hub suspects itself', { ...staying, hubIsolated: true }, 'Aborted HubIsolated'],
    [
      'the region is lost',
      { ...staying, regions: regionsAre({ state: 'Lost', reason: 'RegionLost' }) },
      'Aborted RegionLost region east was found to be Lost',
    ],
    [
      'another zone is lost',
      { ...staying, regions: regionsAre({ state: 'Healthy', reason: 'ZoneLost' }) },
      'Aborted ZoneLost region east was found to be ZoneLost',
    ],
    [
      'another region is not well',
      { ...staying, regions: regionsAre(WELL, { state: 'Degraded', reason: 'NoHeartbeat' }) },
      'Aborted NoHeartbeat region west',
    ],
    [
      'another switch begins',
      { ...staying, otherSwitch: 'evacuate' },
      'Aborted SwitchInProgress RegionSwitch evacuate was begun',
    ],
    [
      'a service is moved',
      { ...staying, begun: [out('ns/a', { isTaken: true })] },
      'Aborted SwitchInProgress ns/a was moved',
    ],
    [
      'a region gave the zone back',
      { ...staying, begun: [out('ns/a', { releasedAt: NOW - 5000, told: 'too few' })] },
      'Failed ZoneReleased ns/a: too few',
    ],
    [
      'a service does not get out',
      { now: NOW + 61_000, begun: [out('ns/a', leaving)] },
      'Failed NotReadyInTime ns/a was not out',
    ],
    [
      'a service does not serve during the stay',
      { ...staying, begun: [out('ns/a', { unsettledAt: NOW - 120_000 })] },
      'Failed NotReadyInTime ns/a was not out',
    ],
    [
      'a service is held for too long',
      { now: NOW + 60_000, waiting: [held] },
      'Failed InstancesMissing ns/c had not begun to leave zone east-a after 120 s: one is not ready',
    ],
  ])('is cut short when %s', (_, more, told) => {
    const { cause, phase } = advance(more);
    const text = `${cause?.result} ${cause?.reason} ${cause?.message}`;
    expect(text.startsWith(told) ? told : text).toBe(told);
    expect(phase).toBe('Home');
  });

  it.each<[string, Partial<ZoneDrillPicture>]>([
    ['a hub that has not looked yet', { ...staying, regions: regionsAre({ state: 'Unknown', reason: 'NotObserved' }) }],
    [
      'a zone that was given back a moment ago: the reason may be one that is just being found',
      { ...staying, begun: [out('ns/a', { releasedAt: NOW - 4999 })] },
    ],
    [
      'what came during the stay: it is in the zone, and nothing begins any more',
      { ...at('Staying', { stayUntil: isoTime(NOW + 300_000) }), now: NOW + 60_000, waiting: [held] },
    ],
    [
      'what was given back at the end of the stay',
      { ...at('Staying', { stayUntil: isoTime(NOW) }), begun: [out('ns/a', { releasedAt: NOW - 9000 })] },
    ],
  ])('is not cut short by %s', (_, more) => {
    expect(advance(more).cause).toBeUndefined();
  });

  const objective = (seconds: number) => ({ ...picture().settings, objectiveSeconds: seconds });
  const over = { ...home, left: 0, begun: [out('ns/a', filled), out('ns/b', { ...filled, notServingMs: 4000 })] };
  it.each<[string, Partial<ZoneDrillPicture>, string]>([
    [
      'measured only',
      over,
      'Passed 2 services left zone east-a and stand there again; longest time that a part served nobody: 4.0 s',
    ],
    ['within its objective', { ...over, settings: objective(4) }, 'Passed 2 services'],
    [
      'beyond its objective',
      { ...over, settings: objective(3) },
      'Failed the objective of 3 s was missed by 1 services: ns/b',
    ],
    ['with nothing that could leave', { ...home, left: 0, begun: [] }, 'Failed no service could leave zone east-a'],
    [
      'that does not fill again',
      { ...over, ...at('Home', { homeTime: isoTime(NOW - 120_000) }), begun: [out('ns/a')] },
      'Failed ns/a did not stand in zone east-a again after 120 s',
    ],
  ])('has a result: %s', (_, more, told) => {
    const { message, phase, result } = advance(more);
    const text = `${result} ${message}`;
    expect([phase, text.startsWith(told) ? told : text]).toEqual(['Ended', told]);
  });

  it('never goes back, never loses its cause, ends in time, and says no more once it is over', () => {
    const seen = fc.constantFrom<Seen>(
      WELL,
      WELL,
      WELL,
      WELL,
      { state: 'Lost', reason: 'RegionLost' },
      { state: 'Healthy', reason: 'ZoneLost' },
    );
    const someone = fc.constantFrom(
      out('a'),
      out('a'),
      out('a', filled),
      out('a', leaving),
      out('a', { releasedAt: STARTED }),
    );
    const look = fc.record({
      begun: fc.array(someone, { maxLength: 2 }),
      waiting: fc.constantFrom([], [], [stays], [held], undefined),
      left: fc.constantFrom(0, 0, 1),
      stop: fc.constantFrom(undefined, undefined, undefined, 'Aborted' as const),
      east: seen,
      afterMs: fc.nat(200_000),
    });
    const ends = new Set<string | undefined>();
    fc.assert(
      fc.property(fc.array(look, { minLength: 4, maxLength: 10 }), (looks) => {
        let before: DrillStatus | undefined;
        let now = NOW;
        for (const { afterMs, east, ...more } of looks) {
          now += afterMs;
          const asked = { ...more, before, now, regions: regionsAre(east) };
          const after = advance(asked);
          const again = advance({ ...asked, before: after });
          checkStep(before, after, again);
          before = after;
        }
        ends.add(before?.result);
        // Whatever the regions say: once they give the zone back by themselves, and time goes by, it is over.
        for (let i = 0; i < 4; i++) before = advance({ before, left: 1, now: now + 600_000 * (i + 1) });
        expect(before?.phase).toBe('Ended');
      }),
      { numRuns: 500 },
    );
    expect([...ends].sort()).toEqual(['Aborted', 'Failed', 'Passed', undefined]);
  });
});

describe('a service that leaves a zone', () => {
  const said = (state: Emptiness['state'], notServingMilliseconds = 0): Emptiness => ({
    regionSwitch: 'd',
    zone: 'east-a',
    state,
    message: state,
    sinceTime: isoTime(STARTED),
    notServingMilliseconds,
  });
  const sight = (more: Partial<ZoneSight> = {}): ZoneSight => ({
    isActiveHere: true,
    isOrdered: true,
    said: undefined,
    isRedundant: false,
    ...more,
  });
  const begun = beginZone('ns/a', STARTED);

  it.each<[string, ZoneProgress, ZoneSight | undefined, Partial<ZoneProgress>]>([
    ['has not when its region cannot be read', begun, undefined, begun],
    [
      'has not before its order is written, though all is well',
      begun,
      sight({ isOrdered: false, isRedundant: true }),
      { filledAt: undefined },
    ],
    [
      'is not out while it leaves',
      begun,
      sight({ said: said('Emptying') }),
      { emptyAt: undefined, unsettledAt: STARTED },
    ],
    [
      'is out',
      begun,
      sight({ said: said('Empty', 1200) }),
      { emptyAt: NOW, unsettledAt: undefined, notServingMs: 1200 },
    ],
    ['keeps the longest time that was told', out('ns/a'), sight({ said: said('Empty', 10) }), { notServingMs: 1500 }],
    [
      'may be unsettled again',
      out('ns/a'),
      sight({ said: said('Emptying') }),
      { emptyAt: STARTED + 5000, unsettledAt: NOW },
    ],
    ['was given back', out('ns/a'), sight({ said: said('Filled') }), { releasedAt: NOW, told: 'Filled' }],
    [
      'has not filled while its redundancy is not met',
      out('ns/a'),
      sight({ isOrdered: false }),
      { filledAt: undefined },
    ],
    ['has filled', out('ns/a'), sight({ isOrdered: false, isRedundant: true }), { filledAt: NOW, isTaken: false }],
    ['was moved', out('ns/a'), sight({ isActiveHere: false }), { filledAt: NOW, isTaken: true }],
  ])('%s', (_, before, seen, after) => {
    expect(followZone(before, seen, NOW)).toMatchObject(after);
  });
});
