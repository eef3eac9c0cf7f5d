import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ABROAD, anInstanceView, type ViewChange } from '../../test/support/instance-view.ts';
import { anAssignment } from '../../test/support/objects.ts';
import { DAYS } from '../api/common.ts';
import type { DataLag } from './data-lag.ts';
import { GUARD_FACTS, MOVE_FACTS } from './guard-facts.ts';
import { firstObjection, GUARDS } from './guards.ts';
import { type RegionView, viewAfter } from './instance-view.ts';
import type { Place } from './room.ts';

const LISTS = Object.keys(GUARDS) as (keyof typeof GUARDS)[];
const away = anAssignment('1 east>west,north', '2 west>east,north');
/** West runs it, and all others stand by. */
const home: NonNullable<ViewChange['regions']> = {
  east: { standbyEpoch: 2 },
  west: { grantedEpoch: 2 },
  north: { standbyEpoch: 2 },
};
const goHome = (change: ViewChange = {}, assignment = away) =>
  firstObjection('automaticSwitchback', anInstanceView({ assignment, regions: home, ...change }), assignment, 'east');
const room = (planned: number, capacity: number) => new Map([['east', { planned, capacity }]]);
const daily = (start: string, timeZone = 'UTC') => ({ days: [...DAYS], start, durationSeconds: 3600, timeZone });
const NOW = Date.UTC(2026, 0, 1);

it('what is told of the guards is told of all of them, and of each list', () => {
  const used = new Set(Object.values(GUARDS).flatMap((list) => list.map(({ name }) => name)));
  expect([...used].sort()).toEqual(Object.keys(GUARD_FACTS).sort());
  expect(Object.keys(MOVE_FACTS)).toEqual(LISTS);
});

describe('the way home', () => {
  it('is free when all is well', () => {
    expect(goHome()).toBeUndefined();
  });

  it.each<[string, ViewChange, string, number | undefined]>([
    ['the primary region is full', { room: room(9, 10) }, 'CapacityExceeded', undefined],
    [
      'the plan has no place there any more',
      { regions: { ...home, east: { standbyEpoch: 2, place: { ...ABROAD, reason: 'NotEnoughZones' } } } },
      'NotEnoughZones',
      undefined,
    ],
    [
      'a group that overcommits is full at home',
      { room: room(9, 10), policy: { whenFull: 'Overcommit' } },
      'CapacityExceeded',
      undefined,
    ],
    ['no window is open', { policy: { windows: [daily('06:00')] } }, 'OutsideWindow', 6 * 3_600_000],
    [
      'no window has a zone that is known',
      { policy: { windows: [daily('00:00', 'Europe/Berln')] } },
      'InvalidSpec',
      undefined,
    ],
    [
      'as many as may be are on their way home',
      { policy: { maxReturning: 2 }, returning: 2 },
      'ConcurrencyLimit',
      undefined,
    ],
    ['a person has to say yes', { policy: { switchback: 'Approval' } }, 'ReadyToSwitchBack', undefined],
  ])('is held while %s', (_, change, reason, recheckAfterMs) => {
    const objection = goHome(change);
    expect(objection).toMatchObject({ reason });
    expect(objection?.recheckAfterMs).toBe(recheckAfterMs);
    expect(objection?.endsWhen === undefined).toBe(recheckAfterMs !== undefined);
  });

  it('is free with room for exactly what comes, in an open window, with one more that may be on its way', () => {
    const policy = { windows: [daily('23:30')], maxReturning: 2 };
    expect(goHome({ room: room(8, 10), policy, returning: 1 })).toBeUndefined();
  });

  it('says the numbers', () => {
    const message = 'region east holds 9 instances and 2 more would come; its capacity is 10';
    expect(goHome({ room: room(9, 10) })).toMatchObject({ message });
  });

  it('needs the yes of a person last of all: nothing else is missing then', () => {
    const policy = { switchback: 'Approval', windows: [daily('06:00')] } as const;
    expect(goHome({ policy })).toMatchObject({ reason: 'OutsideWindow' });
    const regions = { ...home, east: { standbyEpoch: 2, healthyForMs: 1 } };
    expect(goHome({ policy: { switchback: 'Approval' }, regions })).toMatchObject({ reason: 'NotStableYet' });
  });

  it.each([
    [undefined, 300],
    [1, 300],
    [2, 600],
    [3, 1200],
    [5, 3600],
    [1000, 3600],
  ])('after %s failovers in a row takes a stable time of %i s', (homeLosses, seconds) => {
    const assignment = { ...away, ...(homeLosses && { homeLosses }) };
    const regions = { ...home, east: { standbyEpoch: 2, healthyForMs: 100_000 } };
    const objection = goHome({ assignment, regions }, assignment);
    expect(objection).toMatchObject({ reason: 'NotStableYet', recheckAfterMs: (seconds - 100) * 1000 });
  });

  it('tells one time: that of the first window which is open when the stable time is over', () => {
    const regions = { ...home, east: { standbyEpoch: 2, healthyForMs: 200_000 } };
    const at = (start: string): unknown => goHome({ regions, policy: { windows: [daily(start)] } })?.recheckAfterMs;
    expect(at('00:01')).toBe(100_000);
    expect(at('00:05')).toBe(300_000);
    // It is open now, and will be closed by then.
    expect(at('23:01')).toBe((23 * 60 + 1) * 60_000);
  });
});

it('a failover of a lost region that overcommits goes where the plan has a place, full or not', () => {
  const view = (place: Place) =>
    anInstanceView({
      room: new Map([['west', { planned: 9, capacity: 10 }]]),
      policy: { whenFull: 'Overcommit' },
      regions: { east: { state: 'Lost' }, west: { place } },
    });
  const decide = (place: Place) => {
    const assignment = anAssignment('1 east>west,north');
    return firstObjection('automaticFailover', view(place), assignment, 'west')?.reason;
  };
  expect(decide({ ok: true, instances: 2 })).toBeUndefined();
  expect(decide({ ok: false, reason: 'NotEnoughZones', message: 'too few zones' })).toBe('NotEnoughZones');
});

const aPlace = fc.oneof(
  fc.record({ ok: fc.constant(true as const), instances: fc.nat(5) }),
  fc.constant<Place>({ ok: false, reason: 'NotEnoughZones', message: 'too few zones' }),
);
const LAGS: readonly DataLag[] = [
  { seconds: undefined, unknown: [], rebuild: [] },
  { seconds: undefined, unknown: [], rebuild: [] },
  { seconds: 5, unknown: [], rebuild: [] },
  { seconds: 90, unknown: [], rebuild: [] },
  { seconds: undefined, unknown: ['ledger'], rebuild: [] },
  { seconds: undefined, unknown: [], rebuild: ['ledger'] },
];
const aRegion: fc.Arbitrary<Partial<RegionView>> = fc.record({
  state: fc.constantFrom('Healthy', 'Healthy', 'Healthy', 'Degraded', 'Lost', 'Unknown'),
  healthyForMs: fc.nat(1_000_000),
  synced: fc.boolean(),
  standbyEpoch: fc.constantFrom(0, 2, 9),
  grantedEpoch: fc.constantFrom(0, 2, 9),
  refusal: fc.constantFrom(undefined, undefined, undefined, ABROAD),
  flapsForMs: fc.constantFrom(0, 0, 0, 0, 0, 0, 400_000),
  place: aPlace,
  lag: fc.constantFrom(...LAGS),
});
const aRestraint = fc.record({
  name: fc.constant('big-day'),
  region: fc.constantFrom(undefined, 'east', 'west'),
  until: fc.constantFrom(undefined, '2026-01-01T01:00:00Z'),
});
const aView = fc
  .record({
    regions: fc.tuple(aRegion, aRegion, aRegion),
    reason: fc.constantFrom('Assigned', 'Assigned', 'FailedOver', 'SwitchedBack', 'RegionSick'),
    homeLosses: fc.constantFrom(undefined, 1, 4),
    leftOut: fc.constantFrom(undefined, undefined, ['east']),
    hold: fc.constantFrom('', ' hold'),
    more: fc.record({
      hubIsolated: fc.constantFrom(false, false, false, true),
      assignedForMs: fc.nat(100_000),
      failingOver: fc.constantFrom(new Set<string>(), new Set(['south'])),
      restraints: fc.option(
        fc.record({
          freezes: fc.array(aRestraint, { maxLength: 1 }),
          keptEmpty: fc.array(aRestraint, { maxLength: 1 }),
        }),
        { nil: undefined, freq: 9 },
      ),
      room: fc.constantFrom(new Map(), new Map(['east', 'west'].map((name) => [name, { planned: 8, capacity: 10 }]))),
      returning: fc.nat(3),
      group: fc.constantFrom(undefined, undefined, { size: 3, read: 1, silent: new Set<string>() }),
      secondaries: fc.constantFrom(['west', 'north'], ['west'], []),
    }),
    policy: fc.record({
      failover: fc.constantFrom('Automatic', 'Automatic', 'Manual'),
      switchback: fc.constantFrom('Automatic', 'Approval', 'Manual'),
      promotion: fc.constantFrom('Automatic', 'Automatic', 'Approval'),
      whenFull: fc.constantFrom('Hold', 'Overcommit'),
      maxReturning: fc.constantFrom(undefined, 2),
      objectives: fc.constantFrom(undefined, { dataLossSeconds: 30, onLag: 'Hold' } as const),
      windows: fc.constantFrom(undefined, [daily('06:00')], [daily('00:00')], [daily('00:00', 'No/Where')]),
    }),
  })
  .map(({ hold, homeLosses, leftOut, more, policy, reason, regions: [east, west, north] }) => {
    const assignment = {
      ...anAssignment(`1 east>west${hold}`, '2 west>east'),
      reason,
      ...(homeLosses && { homeLosses }),
      ...(leftOut && { leftOut }),
    };
    return anInstanceView({ ...more, policy, assignment, regions: { east, west, north } } as ViewChange);
  });

/** Chance finds worlds with nothing else in the way too seldom: these guards are met in tables, here and in `failover.test.ts` and `sick.test.ts`. */
const RARE = ['inherited', 'hasRoom', 'primaryRecovered', 'steady', 'windowOpen', 'fewReturning', 'returnApproved'];

describe('in any world', () => {
  const anyList = fc.constantFrom(...LISTS);
  const aTarget = fc.constantFrom('east', 'north', undefined);

  it('a hold has a reason that its guard is known for, a message, and a time or a thing that ends it', () => {
    const met = new Set<string>();
    fc.assert(
      fc.property(anyList, aView, aTarget, (list, view, target) => {
        const { assignment } = view;
        if (!assignment) return;
        const objection = firstObjection(list, view, assignment, target);
        if (!objection) return;
        const guard = GUARDS[list].find((each) => each(view, assignment, target) !== undefined);
        const fact = GUARD_FACTS[guard?.name ?? ''];
        const reasons: readonly string[] = fact?.reasons ?? [];
        met.add(guard?.name ?? '');
        const ofRule = ['ResidencyViolated', 'NotEnoughZones'].includes(objection.reason) && reasons.includes('Rule');
        expect(ofRule || reasons.includes(objection.reason)).toBe(true);
        expect(objection.message).not.toBe('');
        if (objection.recheckAfterMs === undefined) expect(objection.endsWhen).toBe(fact?.endsWhen);
        else expect(objection.recheckAfterMs).toBeGreaterThan(0);
      }),
      { numRuns: 15_000, seed: 5 },
    );
    expect(RARE).toEqual(expect.arrayContaining(Object.keys(GUARD_FACTS).filter((name) => !met.has(name))));
  });

  it('the time that is told is not too short: what only time holds is not held by time any more when it has come', () => {
    fc.assert(
      fc.property(anyList, aView, aTarget, (list, view, target) => {
        const { assignment } = view;
        const first = assignment && firstObjection(list, view, assignment, target);
        const waitMs = first?.recheckAfterMs;
        if (!assignment || waitMs === undefined) return;
        const nowMs = view.nowMs + waitMs;
        const restraintsLeft = view.restraints && {
          freezes: view.restraints.freezes.filter(({ until }) => until === undefined || Date.parse(until) > nowMs),
          keptEmpty: view.restraints.keptEmpty.filter(({ until }) => until === undefined || Date.parse(until) > nowMs),
        };
        const later = { ...viewAfter(view, waitMs), restraints: restraintsLeft };
        const then = firstObjection(list, later, assignment, target);
        expect(then?.recheckAfterMs).toBeUndefined();
      }),
      { numRuns: 10_000 },
    );
  });
});

it('a time that a person set is told as the time that is left', () => {
  const restraints = {
    freezes: [{ name: 'big-day', region: undefined, until: '2026-01-01T01:00:00Z' }],
    keptEmpty: [],
  };
  expect(goHome({ restraints, nowMs: NOW })).toMatchObject({ reason: 'Frozen', recheckAfterMs: 3_600_000 });
});
