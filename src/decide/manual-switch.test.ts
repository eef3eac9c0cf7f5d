import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ABROAD, anInstanceView, type ViewChange } from '../../test/support/instance-view.ts';
import { anAssignment, aSwitch } from '../../test/support/objects.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import { nextAssignment } from './assignment.ts';
import { checkIntent } from './invariants.ts';
import {
  decideRequest,
  decideService,
  hasBegunAll,
  isOpen,
  isOwnRecord,
  isReturning,
  isUnderWay,
  missingServices,
  plannedService,
  readStanding,
  restraintsOn,
  type SwitchRequest,
} from './manual-switch.ts';
import { NO_TENANTS, type TenantScope } from './tenant-scope.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const LATER = '2026-01-01T01:00:00Z';
const KEY = 'switchback-system/mail';
const CONFIRMED = { healthyForMs: 0, standbyEpoch: 9, grantedEpoch: 9 };

/** A service of east that may go to west and then north, in a group that leaves everything to persons. */
const view = (change: ViewChange = {}) =>
  anInstanceView(
    { assignedForMs: 0, ...change, policy: { failover: 'Manual', switchback: 'Manual', ...change.policy } },
    CONFIRMED,
  );

function request(more: Record<string, unknown> = {}): SwitchRequest {
  const [found] = readStanding([aSwitch('s', more)], 'americas', NOW).requests;
  if (!found) throw new Error('not a request');
  return found;
}

const decide = (change: ViewChange = {}, more: Record<string, unknown> = {}) =>
  decideRequest(view(change), KEY, request(more));
const away = anAssignment('1 east>west,north', '2 west>east,north');

describe('what a person asks for', () => {
  it.each<[string, ViewChange, Record<string, unknown>, string, string]>([
    ['an evacuation', {}, {}, 'west', 'Evacuated'],
    ['a failover of a healthy region', {}, { type: 'Failover' }, 'west', 'FailedOver'],
    [
      'a failover of a lost region',
      { regions: { east: { state: 'Lost' } } },
      { type: 'Failover' },
      'west',
      'FailedOver',
    ],
    [
      'a failover of a region that looks degraded',
      { regions: { east: { state: 'Degraded' } } },
      { type: 'Failover' },
      'west',
      'FailedOver',
    ],
    [
      'a failover that is cooling down',
      { assignment: { ...anAssignment('1 east>west,north'), reason: 'FailedOver' } },
      { type: 'Failover' },
      'west',
      'FailedOver',
    ],
    ['a way home without the stable time', { assignment: away }, { type: 'Switchback' }, 'east', 'SwitchedBack'],
    [
      'a failover past a third region that cannot confirm',
      { regions: { north: { state: 'Degraded' } } },
      { type: 'Failover' },
      'west',
      'FailedOver',
    ],
    [
      'a move that needs an approval, with it',
      { policy: { promotion: 'Approval' } },
      { approved: { by: 'boss', at: LATER } },
      'west',
      'Evacuated',
    ],
    [
      'a move that needs an approval, which came later',
      { policy: { promotion: 'Approval' } },
      { approvals: [{ by: 'boss', at: LATER }] },
      'west',
      'Evacuated',
    ],
    [
      'a move that needs an approval, which came for this service',
      { policy: { promotion: 'Approval' } },
      { approvals: [{ by: 'boss', at: LATER, expiresAt: LATER, services: [KEY] }] },
      'west',
      'Evacuated',
    ],
    [
      'a move past a region that does not stand by',
      { regions: { west: { standbyEpoch: 0 } } },
      {},
      'north',
      'Evacuated',
    ],
    [
      'a move past a region that is to be empty',
      { restraints: { freezes: [], keptEmpty: [{ name: 'other', region: 'west', until: undefined }] } },
      {},
      'north',
      'Evacuated',
    ],
    [
      'a move under a freeze',
      { restraints: { freezes: [{ name: 'calm', region: undefined, until: LATER }], keptEmpty: [] } },
      {},
      'west',
      'Evacuated',
    ],
  ])('is done: %s', (_, change, more, activeRegion, reason) => {
    expect(decide(change, more)).toMatchObject({ kind: 'Assign', intent: { activeRegion, reason, regionSwitch: 's' } });
  });

  it.each<[string, ViewChange, Record<string, unknown>, string]>([
    ['the hub suspects itself', { hubIsolated: true }, { type: 'Failover' }, 'HubIsolated'],
    ['the class asks for an approval', { policy: { promotion: 'Approval' } }, {}, 'ApprovalRequired'],
    [
      'the approval is for another service',
      { policy: { promotion: 'Approval' } },
      { approvals: [{ by: 'boss', at: LATER, services: ['switchback-system/voice'] }] },
      'ApprovalRequired',
    ],
    [
      'the approval has expired',
      { policy: { promotion: 'Approval' } },
      { approvals: [{ by: 'boss', at: LATER, expiresAt: '2026-01-01T00:00:00Z' }] },
      'ApprovalRequired',
    ],
    ['the region to evacuate does not answer', { regions: { east: { state: 'Lost' } } }, {}, 'TargetUnhealthy'],
    [
      'no other region is well',
      { regions: { west: { state: 'Lost' }, north: { state: 'Degraded' } } },
      { type: 'Failover' },
      'TargetUnhealthy',
    ],
    [
      'no other region is allowed',
      { regions: { west: { refusal: ABROAD }, north: { refusal: ABROAD } } },
      { type: 'Failover' },
      'ResidencyViolated',
    ],
    [
      'no other region stands by',
      { regions: { west: { standbyEpoch: 0 }, north: { standbyEpoch: 0 } } },
      {},
      'StandbyNotConfirmed',
    ],
    [
      'the switch before is not over',
      { regions: { east: { grantedEpoch: 0, standbyEpoch: 0 } } },
      {},
      'SwitchInProgress',
    ],
    ['another region is being left', { failingOver: new Set(['north']) }, { type: 'Failover' }, 'SwitchInProgress'],
    [
      'the lost region may hold on without the hub',
      {
        assignment: anAssignment('1 east>west,north hold'),
        regions: { east: { state: 'Lost', standbyEpoch: 0 } },
      },
      { type: 'Failover' },
      'HubLossPolicyHolds',
    ],
    [
      'home is not healthy',
      { assignment: away, regions: { east: { state: 'Degraded' } } },
      { type: 'Switchback' },
      'TargetUnhealthy',
    ],
    [
      'home has not confirmed',
      { assignment: away, regions: { east: { standbyEpoch: 1 } } },
      { type: 'Switchback' },
      'StandbyNotConfirmed',
    ],
    [
      'home is not allowed',
      { assignment: away, regions: { east: { refusal: ABROAD } } },
      { type: 'Switchback' },
      'ResidencyViolated',
    ],
    [
      'home is to be empty',
      {
        assignment: away,
        restraints: { freezes: [], keptEmpty: [{ name: 'other', region: 'east', until: undefined }] },
      },
      { type: 'Switchback' },
      'Evacuated',
    ],
    ['a third region cannot confirm', { regions: { north: { state: 'Degraded' } } }, {}, 'StandbyNotConfirmed'],
    ['it is not known where the service is', { assignment: undefined }, {}, 'WaitingForRegions'],
    ['the regions know better', { rebuilt: anAssignment('4 west>east') }, {}, 'WaitingForRegions'],
  ])('is held while %s', (_, change, more, reason) => {
    expect(decide(change, more)).toMatchObject({ kind: 'Hold', reason });
  });

  it.each<[string, ViewChange, Record<string, unknown>]>([
    ['active elsewhere', { assignment: away }, {}],
    ['at home already', {}, { type: 'Switchback' }],
    ['of another primary region', { assignment: away }, { type: 'Switchback', region: 'north' }],
    ['not named', {}, { services: ['switchback-system/voice'] }],
  ])('does not concern a service that is %s', (_, change, more) => {
    expect(decide(change, more)).toBeUndefined();
  });

  it.each<[string, ViewChange, string]>([
    ['runs in one region by its mode', { mode: 'None' }, 'NoSuccessor'],
    ['has one region by its tier', { secondaries: [] }, 'NoSuccessor'],
  ])('leaves a service where it is that %s', (_, change, reason) => {
    expect(decide(change)).toMatchObject({ kind: 'Stay', reason });
  });

  it('leads the traffic of a service away that runs in several regions', () => {
    expect(decide({ mode: 'Active' })).toMatchObject({ kind: 'Drain', reason: 'Draining' });
    expect(decide({ mode: 'Active', primary: 'west', secondaries: ['east'] })).toMatchObject({ kind: 'Drain' });
    expect(decide({ mode: 'Active', secondaries: [] })).toMatchObject({ kind: 'Stay', reason: 'NoSuccessor' });
    expect(decide({ mode: 'Active' }, { type: 'Failover' })).toMatchObject({ kind: 'Stay', reason: 'ActiveHere' });
    expect(decide({ mode: 'Active' }, { type: 'Failover', drain: {} })).toMatchObject({ kind: 'Drain' });
  });

  it('is done to a service once', () => {
    const moved = aSwitch('s');
    const services = [{ name: KEY, from: 'east', to: 'west', epoch: 2, decidedTime: LATER }];
    const [again] = readStanding([{ ...moved, status: { observedGeneration: 1, services } }], 'americas', NOW).requests;
    expect(again && decideRequest(view(), KEY, again)).toBeUndefined();
  });
});

describe('a drill', () => {
  const DRILL = { type: 'Drill', drill: { kind: 'Region' } };
  const inPhase = (phase: 'Away' | 'Staying' | 'Home' | 'Ended', more: Record<string, unknown> = {}): RegionSwitch => ({
    ...aSwitch('s', DRILL),
    status: { observedGeneration: 1, drill: { phase }, ...more },
  });
  const read = (object: RegionSwitch) => readStanding([object], 'americas', NOW);
  const gone = { ...away, reason: 'Evacuated' as const, regionSwitch: 's' };

  it.each<[string, RegionSwitch, string[]]>([
    ['asks to leave at the beginning', aSwitch('s', DRILL), ['Rehearse', 'keeps empty']],
    ['asks for nothing while they stay', inPhase('Staying'), ['keeps empty']],
    ['asks to go home, and keeps nothing empty', inPhase('Home'), ['Return']],
    ['asks still when it is over', inPhase('Ended', { endTime: LATER }), ['Return']],
    [
      'keeps the region empty until its record says that it goes home',
      { ...inPhase('Staying'), spec: aSwitch('s', { ...DRILL, abort: true }).spec },
      ['keeps empty'],
    ],
    ['asks nobody to leave once it is aborted', aSwitch('s', { ...DRILL, abort: true }), []],
    [
      'asks to go home also when it was aborted',
      { ...inPhase('Home'), spec: aSwitch('s', { ...DRILL, abort: true }).spec },
      ['Return'],
    ],
    [
      'asks for nothing when it is being deleted',
      { ...inPhase('Home'), metadata: { name: 's', deletionTimestamp: LATER } },
      [],
    ],
    ['of the plan only asks', aSwitch('s', { type: 'Drill', drill: { kind: 'Plan' } }), ['Rehearse only asks']],
  ])('%s', (_, object, does) => {
    const { keptEmpty, requests } = read(object);
    const asks = requests.map(({ isDryRun, type }) => (isDryRun ? `${type} only asks` : type));
    expect([...asks, ...(keptEmpty.length > 0 ? ['keeps empty'] : [])]).toEqual(does);
  });

  it.each<[string, ViewChange, Record<string, unknown>, object | undefined]>([
    ['moves what is at home', {}, {}, { kind: 'Assign', intent: { activeRegion: 'west', reason: 'Evacuated' } }],
    [
      'leaves what is not',
      { primary: 'north', secondaries: ['east', 'west'] },
      {},
      { kind: 'Stay', reason: 'NotAtHome' },
    ],
    [
      'leaves what nobody approved',
      { policy: { promotion: 'Approval' } },
      {},
      { kind: 'Stay', reason: 'ApprovalRequired' },
    ],
    [
      'moves what was approved',
      { policy: { promotion: 'Approval' } },
      { approved: { by: 'boss', at: LATER } },
      { kind: 'Assign' },
    ],
    ['is held by the guards of an evacuation', { regions: { north: { state: 'Degraded' } } }, {}, { kind: 'Hold' }],
    ['does not concern what is active elsewhere', { assignment: away }, {}, undefined],
  ])('%s', (_, change, more, answer) => {
    const found = decide(change, { ...DRILL, ...more });
    if (answer === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject(answer);
  });

  const home = (change: ViewChange, object: RegionSwitch = inPhase('Home')) => {
    const [asked] = read(object).requests;
    return asked && decideRequest(view(change), KEY, asked);
  };
  it.each<[string, ViewChange, RegionSwitch, object | undefined]>([
    [
      'what it moved',
      { assignment: gone },
      inPhase('Home'),
      { kind: 'Assign', intent: { activeRegion: 'east', reason: 'SwitchedBack', regionSwitch: 's' } },
    ],
    [
      'what it moved with an approval',
      { assignment: gone, policy: { promotion: 'Approval' } },
      inPhase('Home'),
      { kind: 'Assign' },
    ],
    ['not what another one moved', { assignment: { ...gone, regionSwitch: 't' } }, inPhase('Home'), undefined],
    ['not what was failed over since', { assignment: { ...away, reason: 'FailedOver' } }, inPhase('Home'), undefined],
    [
      'not what is home',
      { assignment: { ...gone, activeRegion: 'east', reason: 'SwitchedBack' } },
      inPhase('Home'),
      undefined,
    ],
    [
      'not what has another home by now',
      { assignment: gone, primary: 'west', secondaries: ['east'] },
      inPhase('Home'),
      undefined,
    ],
    [
      'not what one of the same name has moved before it',
      { assignment: { ...gone, since: '2025-12-31T23:59:59Z' } },
      inPhase('Home'),
      undefined,
    ],
    [
      'also what a clock that is behind has dated before it, when it is on record',
      { assignment: { ...gone, since: '2025-12-31T23:59:59Z' } },
      inPhase('Home', { services: [{ name: KEY, from: 'east', to: 'west', epoch: 2, decidedTime: LATER }] }),
      { kind: 'Assign' },
    ],
    [
      'not into a region that is not healthy',
      { assignment: gone, regions: { east: { state: 'Degraded' } } },
      inPhase('Home'),
      { kind: 'Hold', reason: 'TargetUnhealthy' },
    ],
    [
      'at once into a region that was well all the time',
      { assignment: gone, regions: { east: { healthyForMs: 0 } } },
      inPhase('Home'),
      { kind: 'Assign' },
    ],
    [
      'not at once into a region that has failed meanwhile',
      { assignment: gone, regions: { east: { healthyForMs: 0 } } },
      inPhase('Home', { drill: { phase: 'Home', homeFailed: true } }),
      { kind: 'Hold', reason: 'NotStableYet' },
    ],
    [
      'what it moved, when it is undone',
      { assignment: gone },
      aSwitch('s', { abort: true, undo: true }),
      { kind: 'Assign' },
    ],
  ])('brings home %s', (_, change, object, answer) => {
    if (answer === undefined) expect(home(change, object)).toBeUndefined();
    else expect(home(change, object)).toMatchObject(answer);
  });
});

describe('a drill of a zone', () => {
  const phases = ['Away', 'Staying', 'Home', 'Ended'] as const;
  const drills = phases.map(
    (phase): RegionSwitch => ({
      ...aSwitch('z', { type: 'Drill', drill: { kind: 'Zone', zone: 'east-a' } }),
      status: { observedGeneration: 1, startTime: LATER, drill: { phase } },
    }),
  );

  it.each(drills.map((drill, i) => [phases[i], drill] as const))(
    'asks for nothing that regions are chosen by, in phase %s',
    (_, drill) => {
      const standing = readStanding([drill], 'americas', NOW);
      expect([standing.requests, standing.freezes, standing.keptEmpty]).toEqual([[], [], []]);
      expect([isOpen(drill, NOW), isReturning(drill)]).toEqual([false, false]);
      expect(isUnderWay(drill, NOW)).toBe(true);
    },
  );
});

describe('what is done with a service', () => {
  const held = request({ approved: undefined });
  const decision = (change: ViewChange, requests: readonly SwitchRequest[]) =>
    decideService(view(change), KEY, requests).decision;

  it('is what the oldest request says that nothing is in the way of', () => {
    const requests = [
      { ...held, name: 'first', isApproved: false },
      { ...held, name: 'second', isApproved: true },
      { ...held, name: 'third', isApproved: true },
    ];
    expect(decision({ policy: { promotion: 'Approval' } }, requests)).toMatchObject({
      kind: 'Assign',
      intent: { regionSwitch: 'second' },
    });
  });

  it('is what is done without them when all are held, and the hold is told where nothing else is wanted', () => {
    const change: ViewChange = { policy: { promotion: 'Approval' } };
    expect(decision(change, [held])).toMatchObject({ kind: 'Hold', wanted: 'Evacuated', reason: 'ApprovalRequired' });
    const lost: ViewChange = { regions: { east: { state: 'Lost' } } };
    expect(decision(lost, [held])).toMatchObject({ kind: 'Hold', wanted: 'FailedOver', reason: 'AutomationOff' });
  });

  it('is never what a switch says that is paused, which is told all the same', () => {
    const { answers, decision: done } = decideService(view(), KEY, [request({ pause: true })]);
    expect(done).toEqual({ kind: 'Keep' });
    expect(answers.get('s')).toMatchObject({ kind: 'Assign' });
    expect(isOpen(aSwitch('s', { pause: true }), NOW)).toBe(false);
    expect(readStanding([aSwitch('s', { pause: true })], 'americas', NOW).keptEmpty).toHaveLength(1);
  });

  it('is never what a dry run says, which is told all the same', () => {
    const { answers, decision: done } = decideService(view(), KEY, [request({ dryRun: true })]);
    expect(done).toEqual({ kind: 'Keep' });
    expect(answers.get('s')).toMatchObject({ kind: 'Assign', intent: { activeRegion: 'west' } });
  });

  it('is what the regions know better, before all else', () => {
    const rebuilt = anAssignment('4 west>east');
    expect(decision({ rebuilt }, [request()])).toEqual({ kind: 'Adopt', assignment: rebuilt });
  });
});

describe('what is in force', () => {
  const standing = (more: Record<string, unknown>, change: Partial<RegionSwitch> = {}) =>
    readStanding([{ ...aSwitch('s', more), ...change }], 'americas', NOW);
  const begun = (state: 'Running' | 'Done' | 'Aborted'): Partial<RegionSwitch> => ({
    status: { observedGeneration: 1, steps: [{ name: 'RecordIntent', state, done: 1, total: 1 }] },
  });

  it.each<[string, Record<string, unknown>, Partial<RegionSwitch>, string[]]>([
    ['an evacuation', {}, {}, ['asks', 'keeps empty']],
    ['a failover', { type: 'Failover' }, {}, ['asks', 'keeps empty']],
    ['a switchback', { type: 'Switchback' }, {}, ['asks']],
    ['a freeze', { type: 'Freeze', expiresAt: LATER }, {}, ['freezes']],
    ['a dry run', { dryRun: true }, {}, ['asks']],
    ['one that is on its way', {}, begun('Running'), ['asks', 'keeps empty']],
    ['one that has begun all', {}, begun('Done'), ['keeps empty']],
    ['one that was aborted', { abort: true }, begun('Aborted'), []],
    ['one that has ended', {}, { status: { observedGeneration: 1, endTime: LATER } }, ['keeps empty']],
    ['one that has expired', { expiresAt: '2026-01-01T00:00:00Z' }, {}, []],
    ['a freeze that has expired', { type: 'Freeze', expiresAt: '2025-12-31T23:59:59Z' }, {}, []],
    ['one that is being deleted', {}, { metadata: { name: 's', deletionTimestamp: LATER } }, []],
    ['one of another group', { iuGroupRef: { name: 'emea' } }, {}, []],
    ['a record of the operator', { trigger: 'Automatic' }, {}, []],
  ])('%s', (_, more, change, does) => {
    const { freezes, keptEmpty, requests } = standing(more, change);
    expect([
      ...(requests.length > 0 ? ['asks'] : []),
      ...(freezes.length > 0 ? ['freezes'] : []),
      ...(keptEmpty.length > 0 ? ['keeps empty'] : []),
    ]).toEqual(does);
  });

  it('comes in the order of age; of freezes the one that lasts longest comes first', () => {
    const made = (name: string, creationTimestamp: string, more: Record<string, unknown>): RegionSwitch => {
      const object = aSwitch(name, more);
      return { ...object, metadata: { ...object.metadata, creationTimestamp } };
    };
    const { freezes, requests } = readStanding(
      [
        made('b', '2026-01-02T00:00:00Z', {}),
        made('a', '2026-01-02T00:00:00Z', {}),
        made('c', '2026-01-01T00:00:00Z', {}),
        made('short', '2026-01-01T00:00:00Z', { type: 'Freeze', expiresAt: '2026-01-03T00:00:00Z' }),
        made('long', '2026-01-01T00:00:00Z', { type: 'Freeze', expiresAt: '2026-01-04T00:00:00Z' }),
      ],
      'americas',
      NOW,
    );
    expect(requests.map(({ name }) => name)).toEqual(['c', 'a', 'b']);
    expect(freezes.map(({ name }) => name)).toEqual(['long', 'short']);
  });

  it('concerns only the services that it names', () => {
    const scoped = standing({ type: 'Freeze', expiresAt: LATER, services: [KEY] });
    expect(restraintsOn(scoped, KEY).freezes).toHaveLength(1);
    expect(restraintsOn(scoped, 'switchback-system/voice').freezes).toEqual([]);
  });

  it('may begin something until it has begun all', () => {
    expect(isOpen(aSwitch('s'), NOW)).toBe(true);
    expect(isOpen({ ...aSwitch('s'), ...begun('Done') }, NOW)).toBe(false);
    expect(isOpen(aSwitch('s', { abort: true }), NOW)).toBe(false);
    expect(isOpen(aSwitch('s', { dryRun: true }), NOW)).toBe(false);
    expect(hasBegunAll({ ...aSwitch('s'), ...begun('Running') })).toBe(false);
  });
});

it('a record is the operator’s own by its trigger and its label, not by one of them', () => {
  const labels = { 'app.kubernetes.io/managed-by': 'switchback' };
  const object = aSwitch('s', { trigger: 'Automatic' });
  expect(isOwnRecord({ ...object, metadata: { ...object.metadata, labels } })).toBe(true);
  expect(isOwnRecord(object)).toBe(false);
  expect(isOwnRecord({ ...aSwitch('s'), metadata: { name: 's', labels } })).toBe(false);
});

it('a plan tells where each service goes, or why not, and names those that are not there', () => {
  const answer = decide();
  expect(answer && plannedService(KEY, away, answer)).toEqual({
    name: KEY,
    verdict: 'Moves',
    from: 'west',
    to: 'west',
  });
  const hold = decide({ hubIsolated: true });
  expect(hold && plannedService(KEY, away, hold)).toMatchObject({ verdict: 'Held', reason: 'HubIsolated' });
  const drained = decide({ mode: 'Active', primary: 'west', secondaries: ['east'] });
  const inWest = anAssignment('1 west>east');
  expect(drained && plannedService(KEY, inWest, drained)).toMatchObject({ verdict: 'Drains', from: 'east' });
  const named = request({ services: [KEY, 'switchback-system/typo'] });
  expect(missingServices(named, 'americas', (key) => key === KEY)).toMatchObject([
    { name: 'switchback-system/typo', verdict: 'Stays', reason: 'ServiceInstanceNotFound' },
  ]);
});

/** Most worlds hold what is asked for: enough of them must not. */
const RUNS = { numRuns: 3_000 };

describe('whatever persons ask for', () => {
  const region = fc.constantFrom('east', 'west', 'north');
  const regionView = fc.record({
    state: fc.constantFrom('Healthy', 'Healthy', 'Healthy', 'Degraded', 'Lost', 'Unknown'),
    healthyForMs: fc.constantFrom(0, 1_000_000),
    synced: fc.constantFrom(true, true, false),
    standbyEpoch: fc.integer({ min: 0, max: 4 }),
    grantedEpoch: fc.integer({ min: 0, max: 4 }),
    refusal: fc.constantFrom(undefined, undefined, ABROAD),
  });
  const restraint = fc.record({
    name: fc.constant('r'),
    region: fc.option(region, { nil: undefined }),
    until: fc.constant(undefined),
  });
  const anyView = fc
    .record({
      regions: fc.record({ east: regionView, west: regionView, north: regionView }),
      assignment: fc.constantFrom(
        anAssignment('1 east>west,north'),
        away,
        anAssignment('1 east>west', '2 west>east', '3 north>east,west'),
        anAssignment('1 east>west hold', '2 west>east,north'),
      ),
      hubIsolated: fc.boolean(),
      mode: fc.constantFrom('Automatic' as const, 'Manual' as const),
      promotion: fc.constantFrom('Automatic' as const, 'Approval' as const),
      freezes: fc.array(restraint, { maxLength: 2 }),
      keptEmpty: fc.array(restraint, { maxLength: 2 }),
    })
    .map(({ freezes, keptEmpty, mode, promotion, ...change }) => {
      const policy = {
        failover: mode,
        switchback: mode,
        promotion,
        coolDownMs: { RegionLost: 0, RegionSick: 0 },
        stableForMs: 1,
      };
      return view({ ...change, policy, restraints: { freezes, keptEmpty } });
    });
  const anyRequest = fc
    .record({
      type: fc.constantFrom('Evacuate', 'Failover', 'Switchback'),
      region,
      approved: fc.constantFrom(undefined, { by: 'boss', at: LATER }),
    })
    .map((more) => request(more));

  it('an intent passes the invariants, leads to a region that is healthy, known and allowed, and is approved', () => {
    let intents = 0;
    fc.assert(
      fc.property(anyView, anyRequest, (seen, asked) => {
        const answer = decideRequest(seen, KEY, asked);
        if (answer?.kind !== 'Assign' || !seen.assignment) return;
        intents += 1;
        const { activeRegion } = answer.intent;
        expect(seen.regions.get(activeRegion)).toMatchObject({ state: 'Healthy', refusal: undefined });
        expect(seen.hubIsolated).toBe(false);
        expect(asked.isApproved || seen.policy.promotion === 'Automatic').toBe(true);
        const next = nextAssignment(
          seen.assignment,
          answer.intent,
          (name) => seen.regions.get(name) ?? CONFIRMED,
          LATER,
        );
        expect(next && checkIntent(seen.assignment, next, ['east', 'west', 'north'])).toBeUndefined();
        expect(next?.epoch).toBe(seen.assignment.epoch + 1);
      }),
      RUNS,
    );
    expect(intents).toBeGreaterThan(0);
  });

  it('asking again after it was carried out gives nothing to do', () => {
    fc.assert(
      fc.property(anyView, anyRequest, (seen, asked) => {
        const answer = decideRequest(seen, KEY, asked);
        if (answer?.kind !== 'Assign' || !seen.assignment) return;
        const next = nextAssignment(
          seen.assignment,
          answer.intent,
          (name) => seen.regions.get(name) ?? CONFIRMED,
          LATER,
        );
        if (next) expect(decideRequest({ ...seen, assignment: next }, KEY, asked)).toBeUndefined();
      }),
      RUNS,
    );
  });

  it('nothing moves by itself under a freeze of the group, nor while it is not known whether there is one', () => {
    const freezes = [{ name: 'calm', region: undefined, until: LATER }];
    const restraints = fc.constantFrom(undefined, { freezes, keptEmpty: [] });
    fc.assert(
      fc.property(anyView, restraints, (seen, present) => {
        const { decision } = decideService({ ...seen, restraints: present }, KEY, []);
        if (decision.kind === 'Assign') expect(decision.intent.activeRegion).toBe(seen.assignment?.activeRegion);
      }),
    );
  });

  it('nothing goes home by itself into a region that is to be empty', () => {
    fc.assert(
      fc.property(anyView, (seen) => {
        const keptEmpty = [{ name: 'e', region: 'east', until: undefined }];
        const { decision } = decideService({ ...seen, restraints: { freezes: [], keptEmpty } }, KEY, []);
        if (decision.kind === 'Assign') expect(decision.intent.reason).not.toBe('SwitchedBack');
      }),
    );
  });
});

describe('traffic of services that run in several regions', () => {
  const NOW = Date.parse('2026-01-02T00:00:00Z');
  const drill = { type: 'Drill', drill: { kind: 'Region', staySeconds: 60, abortAfterSeconds: 60 } } as const;

  it.each<[string, Parameters<typeof aSwitch>[1], string, boolean]>([
    ['an evacuation leads it away', {}, 'Evacuate', true],
    ['a drill does not', drill, 'Rehearse', false],
    ['an undo gives it back', { abort: true, undo: true }, 'Return', false],
  ])('%s', (_, spec, type, drains) => {
    const { keptEmpty, requests } = readStanding([aSwitch('s', spec)], 'americas', NOW);
    expect(requests).toMatchObject([{ type, drains }]);
    expect(keptEmpty.some(({ drain }) => drain !== undefined)).toBe(drains);
    const [request] = requests;
    const view = anInstanceView({ mode: 'Active' });
    expect(request && decideRequest(view, 'ns/web', request)?.kind).toBe(
      drains ? 'Drain' : type === 'Rehearse' ? 'Stay' : undefined,
    );
  });
});

describe('what is asked for tenants', () => {
  const scope = (more: Partial<TenantScope> = {}): TenantScope => ({ ...NO_TENANTS, ...more });
  const whole = scope({ whole: new Set([KEY]) });
  const shared = scope({ shared: new Map([[KEY, 3]]) });
  const ask = (found: TenantScope, more: Record<string, unknown> = {}) =>
    readStanding([aSwitch('s', { tenants: ['acme/one'], ...more })], 'americas', NOW, () => found);
  const answer = (found: TenantScope, more: Record<string, unknown> = {}, change: ViewChange = {}) => {
    const [asked] = ask(found, more).requests;
    return asked && decideRequest(view(change), KEY, asked);
  };
  const isShared = {
    kind: 'Stay',
    reason: 'SharedWithOthers',
    message: 'it also serves 3 tenants that are not named, and moves for all or for none',
    sharedWith: 3,
  };

  it.each<[string, TenantScope, Record<string, unknown>, ViewChange, object | undefined]>([
    ['moves what serves nobody else', whole, {}, {}, { kind: 'Assign', intent: { activeRegion: 'west' } }],
    ['leaves what serves others too, and says how many they are', shared, {}, {}, isShared],
    ['is silent of what serves none of them', scope(), {}, {}, undefined],
    ['is silent of what is not in the region', shared, { region: 'north' }, {}, undefined],
    ['moves only services that are named too', whole, { services: ['ns/other'] }, {}, undefined],
    [
      'says so when a service that is named is none of theirs',
      scope(),
      { services: [KEY] },
      {},
      { reason: 'NotOfTenant' },
    ],
    ['drains what serves nobody else', whole, {}, { mode: 'Active' }, { kind: 'Drain' }],
    ['does not drain what serves others too', shared, {}, { mode: 'Active' }, isShared],
    ['brings home what serves nobody else', whole, { type: 'Switchback' }, { assignment: away }, { kind: 'Assign' }],
    ['leaves there what serves others too', shared, { type: 'Switchback' }, { assignment: away }, isShared],
    ['rehearses no move of others', shared, { type: 'Drill', drill: { kind: 'Region' } }, {}, isShared],
  ])('%s', (_, found, more, change, wanted) => {
    const given = answer(found, more, change);
    if (wanted === undefined) expect(given).toBeUndefined();
    else expect(given).toMatchObject(wanted);
  });

  it('brings home what it has moved, also when others have joined since', () => {
    const [asked] = ask(shared, { abort: true, undo: true }).requests;
    const assignment = { ...away, reason: 'Evacuated', regionSwitch: 's' } as const;
    expect(asked && decideRequest(view({ assignment }), KEY, asked)).toMatchObject({ kind: 'Assign' });
  });

  it('tells the plan how many others there are, and which tenants are not there', () => {
    const given = answer(shared);
    if (!given) throw new Error('it concerns the service');
    expect(plannedService(KEY, view().assignment, given)).toMatchObject({ verdict: 'Stays', sharedWith: 3 });
    const [asked] = ask(scope({ missing: new Map([['acme/typo', 'there is no Tenant acme/typo']]) })).requests;
    expect(asked && missingServices(asked, 'americas', () => true)).toEqual([
      { name: 'acme/typo', verdict: 'Stays', reason: 'TenantNotFound', message: 'there is no Tenant acme/typo' },
    ]);
  });

  it('keeps their region empty, and freezes, for what serves nobody else', () => {
    const freeze = { type: 'Freeze', region: undefined, expiresAt: LATER };
    expect(restraintsOn(ask(whole, freeze), KEY).freezes).toHaveLength(1);
    expect(restraintsOn(ask(shared, freeze), KEY).freezes).toEqual([]);
    expect(restraintsOn(ask(whole), KEY).keptEmpty).toHaveLength(1);
    expect(restraintsOn(ask(shared), KEY).keptEmpty).toEqual([]);
  });

  it('concerns nobody where nobody says what they are served by', () => {
    const standing = readStanding([aSwitch('s', { tenants: ['acme/one'] })], 'americas', NOW);
    expect(restraintsOn(standing, KEY).keptEmpty).toEqual([]);
    expect(standing.requests.map((asked) => decideRequest(view(), KEY, asked))).toEqual([undefined]);
  });
});
