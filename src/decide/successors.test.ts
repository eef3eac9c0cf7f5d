import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ABROAD, anInstanceView, type ViewChange } from '../../test/support/instance-view.ts';
import { anAssignment } from '../../test/support/objects.ts';
import type { Assignment } from '../api/service-instance.ts';
import { nextAssignment } from './assignment.ts';
import { decideInstance } from './failover.ts';
import { firstObjection } from './guards.ts';
import type { GroupView, InstanceView, RegionView } from './instance-view.ts';
import { regionIn } from './instance-view.ts';
import { checkIntent } from './invariants.ts';
import { decideService, type SwitchRequest } from './manual-switch.ts';
import { chooseTarget } from './target.ts';

const NOW = '2026-01-01T00:00:00Z';
const LOST: Partial<RegionView> = { state: 'Lost', healthyForMs: 0, standbyEpoch: 1, lostForMs: 6_000 };
const STANDS_BY: Partial<RegionView> = { standbyEpoch: 1 };
const RUNS: Partial<RegionView> = { grantedEpoch: 1 };
const group = (change: Partial<GroupView> = {}): GroupView => ({
  size: 3,
  read: 2,
  silent: new Set(['north']),
  ...change,
});

/** East runs it, west stands by, north is lost. */
const lost = ({ policy, regions, ...change }: ViewChange = {}): InstanceView =>
  anInstanceView({
    group: group(),
    ...change,
    policy: { leaveOutAfterMs: 6_000, ...policy },
    regions: { east: RUNS, west: STANDS_BY, north: LOST, ...regions },
  });

const without = (...leftOut: string[]): Assignment => ({ ...anAssignment('1 east>west'), leftOut });
/** The same, after north was left out and has come back. */
const back = ({ regions, ...change }: ViewChange = {}): InstanceView =>
  lost({
    assignment: without('north'),
    group: group({ silent: new Set() }),
    ...change,
    regions: { north: STANDS_BY, ...regions },
  });

const intentOf = (view: InstanceView) => {
  const decision = decideInstance(view);
  return decision.kind === 'Assign' ? decision.intent : undefined;
};

describe('a successor that is lost', () => {
  it('is left out, and nothing moves', () => {
    expect(intentOf(lost())).toEqual({
      activeRegion: 'east',
      mode: 'Backup',
      successors: ['west'],
      leftOut: ['north'],
      onHubLoss: 'Fence',
      reason: 'Assigned',
    });
  });

  it('is left out also of what was failed over from it, and whose way home is held', () => {
    const assignment: Assignment = { ...anAssignment('2 west>east,north'), reason: 'FailedOver' };
    const view = lost({
      assignment,
      group: group({ silent: new Set(['east']) }),
      regions: { east: { ...LOST, standbyEpoch: 0 }, west: { grantedEpoch: 2 }, north: { standbyEpoch: 2 } },
    });
    expect(intentOf(view)).toMatchObject({ activeRegion: 'west', successors: ['north'], leftOut: ['east'] });
  });

  it.each<[string, ViewChange]>([
    ['the hub suspects itself', { hubIsolated: true }],
    ['only the hub cannot see it', { regions: { north: { state: 'Lost', healthyForMs: 0, standbyEpoch: 1 } } }],
    ['nothing is known of it', { regions: { north: { state: 'Unknown', standbyEpoch: 1 } } }],
    ['it was found lost only a moment ago', { regions: { north: { ...LOST, lostForMs: 5_999 } } }],
    ['another region of the group is silent too', { group: group({ silent: new Set(['north', 'south']) }) }],
    ['nothing is known of the group as a whole', { group: undefined } as unknown as ViewChange],
    ['services are being failed over', { failingOver: new Set(['north']) }],
    ['the switch before is not over', { regions: { east: { grantedEpoch: 0 } } }],
    ['the active region does not answer', { regions: { east: { ...RUNS, state: 'Degraded' } } }],
    ['the other successor does not answer', { regions: { west: { ...STANDS_BY, state: 'Degraded' } } }],
    ['the other successor does not stand by yet', { regions: { west: { standbyEpoch: 0 } } }],
    ['regions run on without the hub in any case', { policy: { onHubLoss: 'Hold', leaveOutAfterMs: 6_000 } }],
    [
      'it is the last one',
      { secondaries: ['north'], assignment: anAssignment('1 east>north'), group: group({ size: 2 }) },
    ],
    ['a hub that sees neither of the others could still see most of the group', { group: group({ size: 4 }) }],
  ])('stays one while %s', (_, change) => {
    const before = lost(change).assignment;
    const intent = intentOf(lost(change));
    expect(intent?.leftOut).toBeUndefined();
    expect(intent?.successors ?? before?.successors).toContain('north');
  });
});

describe('a region that was left out', () => {
  it('follows again when it is stable and has confirmed the present epoch', () => {
    const intent = intentOf(back());
    expect(intent).toMatchObject({ activeRegion: 'east', successors: ['west', 'north'] });
    expect(intent?.leftOut).toBeUndefined();
  });

  it.each<[string, ViewChange]>([
    ['it has not confirmed the present epoch', { regions: { north: { standbyEpoch: 0 } } }],
    ['it is not stable', { regions: { north: { ...STANDS_BY, healthyForMs: 299_999 } } }],
    ['it came and went too often', { regions: { north: { ...STANDS_BY, flapsForMs: 1 } } }],
    ['it has only just come back', { regions: { north: { ...STANDS_BY, isRecovering: true } } }],
    ['it is degraded', { regions: { north: { ...STANDS_BY, state: 'Degraded' } } }],
    ['a rule forbids it', { regions: { north: { ...STANDS_BY, refusal: ABROAD } } }],
    ['the active region has not heard of the present epoch', { regions: { east: { grantedEpoch: 0 } } }],
    ['the hub suspects itself', { hubIsolated: true }],
  ])('does not while %s', (_, change) => {
    expect(decideInstance(back(change))).toEqual({ kind: 'Keep' });
  });

  it('need not be stable where no other region could take over', () => {
    const north = { ...STANDS_BY, healthyForMs: 1_000 };
    const view = back({ regions: { west: { ...STANDS_BY, state: 'Lost' }, north } });
    expect(intentOf(view)).toMatchObject({ successors: ['west', 'north'] });
  });

  it('is no target, not even the only one, and the hold says why', () => {
    const view = back({ regions: { east: { ...RUNS, state: 'Lost' }, west: { state: 'Lost' } } });
    expect(chooseTarget(view, without('north'))).toBeUndefined();
    expect(decideInstance(view)).toMatchObject({
      kind: 'Hold',
      message: 'no region can take over: west is Lost, north was lost and is no successor again yet',
    });
  });

  it('stays left out when the service moves', () => {
    const view = back({ regions: { east: { ...RUNS, state: 'Lost', healthyForMs: 0 } } });
    expect(intentOf(view)).toMatchObject({ activeRegion: 'west', successors: ['east'], leftOut: ['north'] });
  });

  it('is a successor at once when all others have lost their place', () => {
    expect(intentOf(back({ secondaries: ['north'] }))).toMatchObject({ successors: ['north'] });
  });
});

describe('a primary region that was left out', () => {
  const away: Assignment = { ...anAssignment('2 west>north'), reason: 'FailedOver', leftOut: ['east'] };
  const home = (change: Partial<RegionView> = {}) =>
    lost({
      assignment: away,
      group: group({ silent: new Set() }),
      regions: {
        east: { standbyEpoch: 2, ...change },
        west: { grantedEpoch: 2 },
        north: { standbyEpoch: 2 },
      },
    });
  const request = (more: Partial<SwitchRequest>): SwitchRequest => ({
    name: 'home',
    type: 'Switchback',
    region: 'east',
    services: undefined,
    isApproved: false,
    approved: new Set(),
    isDryRun: false,
    isPaused: false,
    drains: false,
    moved: new Set(),
    madeAtMs: 0,
    needsStableHome: false,
    ...more,
  });

  it('is a successor before the service goes home', () => {
    expect(intentOf(home())).toMatchObject({ activeRegion: 'west', successors: ['east', 'north'] });
  });

  it('keeps the service away until it is stable, and says until when', () => {
    const held = decideInstance(home({ healthyForMs: 100_000 }));
    expect(held).toMatchObject({ kind: 'Hold', reason: 'NotStableYet', recheckAfterMs: 200_000 });
    expect(firstObjection('switchback', home({ healthyForMs: 100_000 }), away, 'east')).toMatchObject({
      reason: 'SuccessorLost',
      recheckAfterMs: 200_000,
    });
  });

  it.each<[string, Partial<SwitchRequest>, boolean]>([
    ['need not be stable where a person wants it home', {}, true],
    ['is waited for where a person only wants to see it', { isDryRun: true }, false],
    ['is waited for where a person wants another service', { services: new Set(['ns/other']) }, false],
  ])('%s', (_, more, follows) => {
    const { decision } = decideService(home({ healthyForMs: 2_000, isRecovering: true }), 'ns/mail', [request(more)]);
    const intent = decision.kind === 'Assign' ? decision.intent : undefined;
    expect(intent?.activeRegion ?? 'west').toBe('west');
    expect(intent?.successors.includes('east') ?? false).toBe(follows);
  });
});

describe('a hub that has read less than half of the group', () => {
  const first = (read: number) => {
    const view = lost({ group: group({ read, silent: new Set() }), regions: { east: { ...RUNS, state: 'Lost' } } });
    return (['automaticFailover', 'failover'] as const).map(
      (list) => firstObjection(list, view, view.assignment ?? without(), 'west')?.reason,
    );
  };
  it('moves nothing away from a region that is lost, whoever asks', () => {
    expect(first(1)).toEqual(['WaitingForRegions', 'WaitingForRegions']);
    expect(first(2)).toEqual([undefined, undefined]);
  });
});

describe('in any world', () => {
  const aRegion: fc.Arbitrary<Partial<RegionView>> = fc.record({
    state: fc.constantFrom('Healthy', 'Healthy', 'Healthy', 'Lost', 'Degraded'),
    healthyForMs: fc.constantFrom(0, 400_000),
    lostForMs: fc.constantFrom(0, 7_000),
    standbyEpoch: fc.constantFrom(0, 20),
    grantedEpoch: fc.constantFrom(0, 20),
    synced: fc.constant(true),
  });
  const aStep = fc.record({
    regions: fc.record({ east: aRegion, west: aRegion, north: aRegion }),
    secondaries: fc.constantFrom(['west', 'north'], ['west', 'north'], ['north'], ['west']),
  });

  type Step = {
    readonly regions: Readonly<Record<string, Partial<RegionView>>>;
    readonly secondaries?: readonly string[];
  };
  /** The world of a step, as it is seen with that assignment: only what is lost has been lost for some time. */
  const seenIn = ({ regions, ...more }: Step, assignment: Assignment): InstanceView => {
    const lostOnes = Object.keys(regions).filter((name) => regions[name]?.state === 'Lost');
    const seen = Object.entries(regions).map(([name, { lostForMs = 0, ...region }]) => [
      name,
      lostOnes.includes(name) ? { ...region, lostForMs } : region,
    ]);
    const silent = new Set(lostOnes);
    return lost({ ...more, assignment, group: group({ silent }), regions: Object.fromEntries(seen) });
  };
  const follow = (current: Assignment, step: Step): Assignment => {
    const view = seenIn(step, current);
    const intent = intentOf(view);
    const next = intent && nextAssignment(current, intent, (name) => regionIn(view, name), NOW);
    if (!next) return current;
    expect(checkIntent(current, next, [view.primary, ...view.secondaries])).toBeUndefined();
    expect(next.successors.length).toBeGreaterThan(0);
    return next;
  };
  const outOf = ({ leftOut = [] }: Assignment) => new Set(leftOut);

  it('who is left out is never promoted, the set never runs empty, and each intent passes the invariants', () => {
    let [left, joined] = [0, 0];
    fc.assert(
      fc.property(fc.array(aStep, { minLength: 1, maxLength: 12 }), (steps) => {
        let current: Assignment = anAssignment('1 east>west,north');
        for (const step of steps) {
          const next = follow(current, step);
          left += outOf(next).difference(outOf(current)).size;
          joined += outOf(current).difference(outOf(next)).size;
          current = next;
        }
      }),
      { numRuns: 2_000, seed: 3 },
    );
    expect(left).toBeGreaterThan(20);
    expect(joined).toBeGreaterThan(20);
  });

  it('who has just left does not join in the same world, and who has joined does not leave', () => {
    fc.assert(
      fc.property(aStep, fc.boolean(), ({ regions }, isOut) => {
        const start = isOut ? without('north') : anAssignment('1 east>west,north');
        const next = follow(start, { regions });
        const then = follow(next, { regions });
        if (then.activeRegion !== 'east') return;
        const changed = outOf(start).symmetricDifference(outOf(next));
        expect(changed.intersection(outOf(next).symmetricDifference(outOf(then))).size).toBe(0);
        expect(follow(follow(then, { regions }), { regions }).epoch).toBe(follow(then, { regions }).epoch);
      }),
      { numRuns: 2_000, seed: 4 },
    );
  });
});
