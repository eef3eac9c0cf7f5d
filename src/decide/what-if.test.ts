import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ABROAD, POLICY } from '../../test/support/instance-view.ts';
import { anAssignment } from '../../test/support/objects.ts';
import { iuGroup, type WhatIf } from '../api/iu-group.ts';
import type { CrossRegionMode } from '../api/service-class.ts';
import type { Assignment } from '../api/service-instance.ts';
import { isHubIsolated, type RegionState } from './diagnosis.ts';
import { decideInstance } from './failover.ts';
import { type FailoverPolicy, type RegionView, regionsBeingLeft } from './instance-view.ts';
import type { RegionCapacity } from './region-capacity.ts';
import type { ServiceAtStake } from './region-loss.ts';
import type { Place } from './room.ts';
import { computeWhatIf, type GroupAtStake, judgeSurvival } from './what-if.ts';

const REGIONS = ['east', 'west', 'north'];

interface Given {
  readonly mode?: CrossRegionMode;
  /** Its regions, the primary one first. */
  readonly places?: readonly string[];
  readonly assignment?: Assignment;
  readonly policy?: Partial<FailoverPolicy>;
  readonly regions?: Readonly<Record<string, Partial<RegionView>>>;
  /** Instances in each region; regions that are left out have no place for it. */
  readonly planned?: Readonly<Record<string, number>>;
  readonly servedIn?: readonly string[];
  readonly assignedForMs?: number;
  readonly slaClass?: number;
}

/** A service of east that may move to west; all is well. */
function aService(name: string, given: Given = {}, states: Readonly<Record<string, RegionState>> = {}): ServiceAtStake {
  const { mode = 'Backup', places = ['east', 'west'], servedIn = places, assignedForMs = 3_600_000 } = given;
  const [primary = '', ...secondaries] = places;
  const planned = given.planned ?? Object.fromEntries(places.map((region) => [region, 2]));
  const epochs = { standbyEpoch: 0, grantedEpoch: 0 };
  const well = { healthyForMs: 3_600_000, synced: true, ...epochs, refusal: undefined };
  const placeIn = (region: string): Place => {
    const instances = planned[region];
    return instances === undefined
      ? { ok: false, reason: 'NotEnoughZones', message: 'too few zones' }
      : { ok: true, instances };
  };
  const views = REGIONS.map((region): [string, RegionView] => [
    region,
    { ...well, place: placeIn(region), state: states[region] ?? 'Healthy', ...given.regions?.[region] },
  ]);
  return {
    key: `ns/${name}`,
    serviceClass: name.replace(/-\d+$/, ''),
    slaClass: given.slaClass ?? 1,
    view: {
      mode,
      primary,
      secondaries,
      assignment: given.assignment ?? anAssignment(`1 ${primary}>${secondaries.join(',')}`),
      rebuilt: undefined,
      nowMs: Date.UTC(2026, 0, 1),
      returning: 0,
      assignedForMs,
      regions: new Map(views),
      policy: { ...POLICY, ...given.policy },
      restraints: { freezes: [], keptEmpty: [] },
    },
    plan: {
      ok: true,
      mode,
      regions: Object.entries(planned).map(([region, count]) => ({ region, components: [], planned: count })),
      refusals: [],
    },
    servedIn,
  };
}

const capacityOf = (region: string, planned = 0, capacity?: number): RegionCapacity => ({
  region,
  planned,
  reserved: 0,
  ...(capacity !== undefined && { capacity }),
  fits: true,
  message: '',
});

function aGroup(services: readonly ServiceAtStake[], more: Partial<GroupAtStake> = {}): GroupAtStake {
  return {
    regions: REGIONS,
    states: new Map(REGIONS.map((region): [string, RegionState] => [region, 'Healthy'])),
    assigned: [],
    services,
    audiences: [],
    capacities: REGIONS.map((region) => capacityOf(region)),
    recovery: { detectionMs: 6000, waitMs: 18_000, promotedWithinMs: 20_000 },
    measured: new Map(),
    ...more,
  };
}

function lossOf(region: string, group: GroupAtStake): WhatIf {
  const loss = computeWhatIf(group).find((entry) => entry.region === region);
  if (!loss) throw new Error(`nothing is said of ${region}`);
  return loss;
}

describe('if a region is lost', () => {
  it('a service moves to the region that the failover chooses, with its instances', () => {
    const loss = lossOf('east', aGroup([aService('mail')]));
    expect(loss).toMatchObject({ survives: true, running: { services: 1 }, moving: { services: 1 }, outages: [] });
    expect(loss.destinations).toMatchObject([{ region: 'west', services: 1, instances: 2, fits: true }]);
  });

  it('nothing is said of a service that runs elsewhere', () => {
    expect(lossOf('west', aGroup([aService('mail')]))).toMatchObject({
      running: { services: 0 },
      message: 'nothing runs here',
      dataLoss: 'None',
    });
  });

  it('a service that runs in both goes on in the other one', () => {
    const loss = lossOf('west', aGroup([aService('web', { mode: 'Active' })]));
    expect(loss).toMatchObject({ survives: true, continuing: { services: 1 }, destinations: [] });
  });

  it('services that must live in one region stop together', () => {
    const approval = { policy: { promotion: 'Approval' } } as const;
    const services = [aService('mail'), aService('index', approval), aService('voice')];
    const apart = lossOf('east', aGroup(services));
    expect([apart.moving.services, apart.stopping.services]).toEqual([2, 1]);
    const together = lossOf('east', aGroup(services, { sets: [['ns/index', 'ns/mail']] }));
    expect([together.moving.services, together.stopping.services]).toEqual([1, 2]);
    expect(together.reasons.map(({ reason }) => reason)).toEqual(['ApprovalRequired', 'ColocatedHeld']);
    expect(together.survives).toBe(false);
  });

  it('a cool-down does not keep a service: it is over by itself', () => {
    const assignment = { ...anAssignment('1 east>west'), reason: 'FailedOver' } as const;
    expect(lossOf('east', aGroup([aService('mail', { assignment, assignedForMs: 1 })])).moving.services).toBe(1);
  });

  it('what the regions know better than the hub counts', () => {
    const service = aService('mail');
    const view = { ...service.view, rebuilt: anAssignment('1 east>west', '4 west>east') };
    expect(lossOf('west', aGroup([{ ...service, view }])).destinations).toMatchObject([{ region: 'east' }]);
  });

  it.each<[string, Given, string, string, boolean]>([
    ['stays in one region', { mode: 'None', places: ['east'] }, 'StaysInRegion', 'crossRegion.mode', true],
    ['has no secondary region', { places: ['east'] }, 'StaysInRegion', 'it has no secondary region', true],
    ['needs an approval', { policy: { promotion: 'Approval' } }, 'ApprovalRequired', 'promotion', true],
    ['is not automated', { policy: { failover: 'Manual' } }, 'AutomationOff', 'failover.mode', false],
    ['has no healthy target', { regions: { west: { state: 'Degraded' } } }, 'TargetUnhealthy', 'west is Deg', false],
    ['may not go there', { regions: { west: { refusal: ABROAD } } }, 'ResidencyViolated', 'it lies in CA', false],
    ['may be held on to', { assignment: anAssignment('1 east>west hold') }, 'HubLossPolicyHolds', 'onHubLoss', false],
    [
      'is not confirmed to stand by anywhere',
      { assignment: anAssignment(...Array.from({ length: 12 }, (_, i) => `${i + 1} east>west`)) },
      'StandbyNotConfirmed',
      'earlier epochs',
      false,
    ],
    [
      'serves in several regions, but now in this one alone',
      { mode: 'Active', servedIn: ['east'] },
      'TargetUnhealthy',
      'not served in west',
      false,
    ],
  ])('a service stops that %s', (_, given, reason, words, survives) => {
    const loss = lossOf('east', aGroup([aService('mail', given)]));
    expect(loss).toMatchObject({ survives, stopping: { services: 1 }, reasons: [{ reason, services: 1 }] });
    expect(loss.outages).toMatchObject([{ serviceClass: 'mail', reason, message: expect.stringContaining(words) }]);
  });

  it('nothing moves when most regions are lost by that', () => {
    const states = { west: 'Lost' } as const;
    const group = aGroup([aService('mail', { places: ['east', 'north'] }, states)], {
      states: new Map(Object.entries(states)),
    });
    expect(lossOf('east', group).reasons).toMatchObject([{ reason: 'HubIsolated' }]);
  });

  it('nothing moves while another region is being left', () => {
    const assignment = { ...anAssignment('1 north>west', '2 west>north'), reason: 'FailedOver' } as const;
    const group = aGroup([aService('mail')], { assigned: [{ assignment, grantedEpoch: 1 }] });
    expect(lossOf('east', group).reasons).toMatchObject([{ reason: 'SwitchInProgress' }]);
    const ended = aGroup([aService('mail')], { assigned: [{ assignment, grantedEpoch: 2 }] });
    expect(lossOf('east', ended).survives).toBe(true);
  });

  it.each([
    [12, 'Hold', { survives: true, moving: { services: 1 } }, { fits: true }],
    [11, 'Overcommit', { survives: false, moving: { services: 1 } }, { fits: false, reason: 'CapacityExceeded' }],
  ] as const)('2 instances come beside 10 into %i (%s), and the numbers are said', (capacity, whenFull, loss, to) => {
    const capacities = [capacityOf('east', 2), capacityOf('west', 10, capacity)];
    const told = lossOf('east', aGroup([aService('mail', { policy: { whenFull } })], { capacities }));
    const message = `region west holds 10 instances and 2 more would come; its capacity is ${capacity}`;
    expect(told).toMatchObject({ ...loss, destinations: [{ region: 'west', ...to, message }] });
  });

  it('what does not fit stops, unless the group overcommits: the most important ones move', () => {
    const services = [
      aService('chat', { slaClass: 2 }),
      aService('mail'),
      aService('voice'),
      aService('web', { slaClass: 3 }),
    ];
    const loss = lossOf('east', aGroup(services, { capacities: [capacityOf('east', 8), capacityOf('west', 5, 10)] }));
    const message = 'region west holds 9 instances and 2 more would come; its capacity is 10';
    expect(loss).toMatchObject({
      survives: false,
      destinations: [{ region: 'west', services: 2, instances: 4, fits: true }],
      outages: [
        { serviceClass: 'chat', reason: 'CapacityExceeded', message },
        { serviceClass: 'web', reason: 'CapacityExceeded', message },
      ],
      message: `2 of 4 services would stop: chat: ${message}`,
    });
  });

  it('a service stops that the plan has no place for in any other region, and the rule is named', () => {
    const loss = lossOf('east', aGroup([aService('mail', { planned: { east: 2 } })]));
    const message = 'region west has no place for the service: too few zones';
    expect(loss).toMatchObject({ survives: false, outages: [{ reason: 'NotEnoughZones', message }] });
  });

  it('tenants are counted once, however many of their services are concerned', () => {
    const services = [aService('mail'), aService('voice'), aService('chat', { mode: 'None', places: ['east'] })];
    const audiences = [
      { group: 'g', tenants: 40, instances: ['ns/mail', 'ns/voice'] },
      { group: 'g', tenants: 2, instances: ['ns/voice', 'ns/chat'] },
      { group: 'g', tenants: 7, instances: ['ns/elsewhere'] },
    ];
    expect(lossOf('east', aGroup(services, { audiences }))).toMatchObject({
      running: { services: 3, tenants: 42 },
      moving: { services: 2, tenants: 42 },
      destinations: [{ region: 'west', tenants: 42 }],
      stopping: { services: 1, tenants: 2 },
      outages: [{ serviceClass: 'chat', tenants: 2 }],
    });
  });

  it('the list of outages is bounded, its totals are not, and what somebody has to mend comes first', () => {
    const declared = Array.from({ length: 30 }, (_, i) => aService(`class${i}`, { places: ['east'] }));
    const mended = aService('zulu', { regions: { west: { state: 'Lost' } } });
    const loss = lossOf('east', aGroup([...declared, mended]));
    expect(loss.outages).toHaveLength(20);
    expect(loss.outages[0]).toMatchObject({ serviceClass: 'zulu' });
    expect(loss).toMatchObject({ stopping: { services: 31 }, message: expect.stringMatching(/^1 of 31 services/) });
  });

  it('it says how long the protocol takes, and what was measured last', () => {
    const group = aGroup([aService('mail')], { measured: new Map([['east', 18_400]]) });
    const recovery = { detectionSeconds: 6, waitSeconds: 18, promotedWithinSeconds: 20 };
    expect(lossOf('east', group).recovery).toEqual({ ...recovery, measuredMilliseconds: 18_400 });
    expect(lossOf('west', group).recovery).toEqual(recovery);
  });
});

describe('any one region may be lost', () => {
  const survival = (services: readonly ServiceAtStake[], more: Partial<GroupAtStake> = {}) =>
    judgeSurvival(computeWhatIf(aGroup(services, more)));

  it('when everything that may run elsewhere would', () => {
    expect(survival([aService('mail')])).toMatchObject({ status: 'True', message: 'any one region may be lost' });
  });

  it('also when services stop that were declared to, and it is said', () => {
    expect(survival([aService('mail'), aService('chat', { places: ['east'] })])).toMatchObject({
      status: 'True',
      message: 'any one region may be lost; as declared, services stop with their region: 1 in east',
    });
  });

  it('and regions that were lost and may not take over yet are named, with the services that they may not take', () => {
    const assignment: Assignment = { ...anAssignment('1 east>west'), leftOut: ['north'] };
    const services = [aService('mail', { places: REGIONS, assignment }), aService('voice')];
    expect(computeWhatIf(aGroup(services)).map(({ leftOut, region }) => [region, leftOut])).toEqual([
      ['east', undefined],
      ['west', undefined],
      ['north', 1],
    ]);
    expect(survival(services).message).toBe(
      'any one region may be lost; region north was lost and may not take over 1 service yet',
    );
  });

  it('not when there is no other', () => {
    expect(survival([], { capacities: [capacityOf('east')] })).toMatchObject({
      status: 'False',
      reason: 'NoSuccessor',
    });
  });

  it('not when it leaves a service without a place: the region and the numbers are named', () => {
    const services = [aService('mail', { regions: { west: { state: 'Unknown' } } }), aService('voice')];
    expect(survival(services)).toMatchObject({
      status: 'False',
      reason: 'TargetUnhealthy',
      message: 'if region east is lost, 1 of 2 services would stop: mail: no region can take over: west is Unknown',
    });
  });

  it('not when another one is too small: both are named, with the numbers', () => {
    const capacities = [capacityOf('east', 2), capacityOf('west', 1, 2)];
    expect(survival([aService('mail')], { capacities })).toMatchObject({
      status: 'False',
      reason: 'CapacityExceeded',
      message:
        'if region east is lost, 1 of 1 service would stop: mail: region west holds 1 instance and 2 more would come; its capacity is 2',
    });
  });
});

const aState = fc.constantFrom<RegionState>('Healthy', 'Healthy', 'Healthy', 'Degraded', 'Lost', 'Unknown');
const someRegions = fc.shuffledSubarray(REGIONS, { minLength: 1 });

const anyAssignment = fc
  .array(fc.record({ region: fc.constantFrom(...REGIONS), hold: fc.boolean(), to: fc.shuffledSubarray(REGIONS) }), {
    minLength: 1,
    maxLength: 13,
  })
  .map((entries) =>
    entries.map(({ hold, region, to }, index) => {
      const successors = to.filter((other) => other !== region).join(',');
      return `${index + 1} ${region}>${successors}${hold ? ' hold' : ''}`;
    }),
  );

const anyService = fc.record({
  mode: fc.constantFrom<CrossRegionMode>('None', 'Active', 'Backup', 'Backup', 'Backup'),
  places: someRegions,
  assignment: fc
    .tuple(anyAssignment, fc.constantFrom<Assignment['reason']>('Assigned', 'FailedOver', 'SwitchedBack'))
    .map(([entries, reason]): Assignment => ({ ...anAssignment(...entries), reason })),
  policy: fc.record({
    failover: fc.constantFrom<FailoverPolicy['failover']>('Automatic', 'Automatic', 'Manual'),
    promotion: fc.constantFrom<FailoverPolicy['promotion']>('Automatic', 'Automatic', 'Approval'),
    whenFull: fc.constantFrom<FailoverPolicy['whenFull']>('Hold', 'Hold', 'Overcommit'),
  }),
  servedIn: fc.subarray(REGIONS),
  epochs: fc.array(fc.record({ standbyEpoch: fc.nat(14), grantedEpoch: fc.nat(14) }), { minLength: 3, maxLength: 3 }),
  refused: fc.subarray(REGIONS, { maxLength: 1 }),
  synced: fc.array(fc.constantFrom(true, true, true, false), { minLength: 3, maxLength: 3 }),
  assignedForMs: fc.nat(3_600_000),
  slaClass: fc.constantFrom(1, 2, 3),
  instances: fc.integer({ min: 1, max: 3 }),
});

const anyWorld = fc
  .record({
    states: fc.tuple(aState, aState, aState),
    given: fc.array(anyService, { maxLength: 8 }),
    tenants: fc.array(fc.subarray(['ns/c-0', 'ns/c-1', 'ns/c-2', 'ns/c-3', 'ns/c-4']), { maxLength: 6 }),
    capacities: fc.array(fc.option(fc.nat(6), { nil: undefined }), { minLength: 3, maxLength: 3 }),
  })
  .map(({ capacities, given, states, tenants }) => {
    const byRegion = Object.fromEntries(REGIONS.map((region, i) => [region, states[i] ?? 'Unknown']));
    const services = given.map(({ epochs, instances, refused, synced, ...rest }, index) => {
      const planned = Object.fromEntries(rest.places.map((region) => [region, instances]));
      const regions = REGIONS.map((region, i) => {
        const refusal = refused.includes(region) ? ABROAD : undefined;
        return [region, { ...epochs[i], synced: synced[i] ?? true, refusal }] as const;
      });
      return aService(`c-${index}`, { ...rest, planned, regions: Object.fromEntries(regions) }, byRegion);
    });
    const group = aGroup(services, {
      states: new Map(Object.entries(byRegion)),
      assigned: services.flatMap(({ view: { assignment, regions } }) => {
        const grantedEpoch = regions.get(assignment?.activeRegion ?? '')?.grantedEpoch ?? 0;
        return assignment ? [{ assignment, grantedEpoch }] : [];
      }),
      audiences: tenants.map((instances, index) => ({ group: 'g', tenants: index + 1, instances })),
      capacities: REGIONS.map((region, i) => capacityOf(region, 1, capacities[i])),
    });
    return { group, states: byRegion };
  });
const where = fc.constantFrom(...REGIONS);
const total = (list: readonly { services: number }[]): number => list.reduce((sum, { services }) => sum + services, 0);

/** The loss as the placement loop would decide it, told without the code under test: services by target and by reason. */
function decideLoss(lost: string, group: GroupAtStake, states: Readonly<Record<string, RegionState>>): string[] {
  const after: Record<string, RegionState> = { ...states, [lost]: 'Lost' };
  const hubIsolated = isHubIsolated(Object.values(after));
  const failingOver = regionsBeingLeft(group.assigned, (region) => after[region]);
  const mayMove = group.services.filter(({ view: { assignment, primary, secondaries } }) => {
    return assignment?.activeRegion === lost && [primary, ...secondaries].some((region) => region !== lost);
  });
  // What is given away is counted here by hand: instances by region, beside what is planned there.
  const taken = new Map<string, number>();
  const inTurn = mayMove.toSorted((x, y) => x.slaClass - y.slaClass || (x.key < y.key ? -1 : 1));
  const decided = inTurn.map(({ plan, view }) => {
    const seen = [...view.regions].map(
      ([name, region]) => [name, { ...region, state: after[name] ?? 'Unknown' }] as const,
    );
    const room = new Map(
      group.capacities.flatMap(({ capacity, planned, region }) =>
        capacity === undefined ? [] : [[region, { planned: planned + (taken.get(region) ?? 0), capacity }] as const],
      ),
    );
    const now = { hubIsolated, failingOver, room, assignedForMs: view.policy.coolDownMs.RegionLost };
    const decision = decideInstance({ ...view, ...now, regions: new Map(seen) });
    if (decision.kind === 'Assign') {
      const to = decision.intent.activeRegion;
      const placed = plan.ok ? plan.regions.find(({ region }) => region === to) : undefined;
      taken.set(to, (taken.get(to) ?? 0) + (placed?.planned ?? 0));
      return `to ${to}`;
    }
    return decision.kind === 'Hold' ? `by ${decision.reason}` : decision.kind;
  });
  const kinds = [...new Set(decided)];
  return kinds.map((kind) => `${decided.filter((other) => other === kind).length} ${kind}`).sort();
}

describe('in any world, what is said of the loss of a region', () => {
  it('is what the failover decides when it is lost: the same services, the same targets, the same reasons', () => {
    fc.assert(
      fc.property(anyWorld, where, ({ group, states }, lost) => {
        const services = group.services.filter(({ view }) => view.mode === 'Backup');
        const { destinations, reasons } = lossOf(lost, { ...group, services });
        const told = [
          ...destinations.map((to) => `${to.services} to ${to.region}`),
          ...reasons.flatMap((by) => (by.reason === 'StaysInRegion' ? [] : [`${by.services} by ${by.reason}`])),
        ];
        expect(told.sort()).toEqual(decideLoss(lost, { ...group, services }, states));
      }),
      { numRuns: 1000 },
    );
  });

  it('adds up, and is what the API allows', () => {
    fc.assert(
      fc.property(anyWorld, ({ group }) => {
        const whatIf = computeWhatIf(group);
        expect(iuGroup.status?.parse({ whatIf })).toMatchObject({ whatIf });
        for (const loss of whatIf) {
          const { continuing, destinations, moving, outages, reasons, running, stopping } = loss;
          expect(moving.services + continuing.services + stopping.services).toBe(running.services);
          expect(total(destinations)).toBe(moving.services);
          expect(total(reasons)).toBe(stopping.services);
          expect(total(outages)).toBe(stopping.services);
          const parts = [moving, continuing, stopping];
          expect(running.tenants).toBeGreaterThanOrEqual(Math.max(...parts.map(({ tenants }) => tenants)));
          expect(running.tenants).toBeLessThanOrEqual(parts.reduce((sum, { tenants }) => sum + tenants, 0));
        }
      }),
    );
  });

  it('does not depend on how long anything has been as it is, nor on the order of the services', () => {
    fc.assert(
      fc.property(anyWorld, fc.nat(), fc.nat(), ({ group }, healthyForMs, assignedForMs) => {
        const services = group.services.toReversed().map(({ view, ...service }) => {
          const regions = new Map([...view.regions].map(([name, seen]) => [name, { ...seen, healthyForMs }] as const));
          return { ...service, view: { ...view, regions, assignedForMs } };
        });
        expect(computeWhatIf({ ...group, services })).toEqual(computeWhatIf(group));
      }),
    );
  });
});
