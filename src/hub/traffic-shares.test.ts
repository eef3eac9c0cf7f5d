import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { aGroup, anInstance, anOrder, anOrderedComponent, aSwitch } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import type { IUGroup } from '../api/iu-group.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import type { ServiceInstanceStatus } from '../api/service-instance.ts';
import { type TrafficPolicy, trafficPolicy } from '../api/traffic.ts';
import type { RegionState } from '../decide/diagnosis.ts';
import { readStanding, type Standing } from '../decide/manual-switch.ts';
import { Store } from '../kube/cache.ts';
import type { Informer } from '../kube/informer.ts';
import type { InstanceFacts } from '../report/instance.ts';
import type { Instant } from '../runtime/clock.ts';
import { trafficSharesOf } from './traffic-shares.ts';

type Fields = Readonly<Record<string, unknown>>;
const REGIONS = ['us-east', 'us-west'];
const store = new Store<IUGroup>({});
store.replace([aGroup('americas', [...REGIONS, { region: 'ca', geography: 'Canada' }])], '1');
const groups = partOf<Informer<IUGroup>>('groups', { store });
/** What a hub that has just started knows: the switches, the regions, and what stands in the status. */
let clock: ManualClock;
let object: RegionSwitch | undefined;
let isRead: boolean;
let states: Map<string, RegionState>;
let status: ServiceInstanceStatus;
let policy: TrafficPolicy | undefined;
let nextInMs: number | undefined;
let isolatedAt: Map<string, Instant>;

beforeEach(() => {
  clock = new ManualClock();
  isRead = true;
  states = new Map(REGIONS.map((region) => [region, 'Healthy']));
  status = { observedGeneration: 1 };
  object = undefined;
  policy = undefined;
  isolatedAt = new Map();
});

function evacuate(more: Readonly<Record<string, unknown>> = {}): void {
  const made = aSwitch('work', { region: 'us-east', ...more });
  const startTime = new Date(clock.now().wallMs).toISOString();
  object = { ...made, status: { observedGeneration: 1, startTime } };
}

function standings(): Map<string, Standing> {
  const standing = readStanding(object ? [object] : [], 'americas', clock.now().wallMs);
  return new Map(isRead ? [['americas', standing]] : []);
}

/** One look, and what it reports. */
function look(): string {
  const instance = { ...anInstance('web'), status };
  const serving = {
    ...anOrder('web', [anOrderedComponent()]),
    status: { observedGeneration: 1, phase: 'Active' as const },
  };
  const facts = {
    instance,
    plan: {
      ok: true,
      mode: 'Active',
      regions: REGIONS.map((region) => ({ region, components: [], planned: 1 })),
      refusals: [],
    },
    orders: new Map(REGIONS.map((region) => [region, serving])),
    regionStates: states,
  } as unknown as InstanceFacts;
  const shares = trafficSharesOf({ clock, groups, isolatedAt, standings: standings() }, facts, policy);
  if (!shares) throw new Error('the service runs in several regions');
  const { drains, ramps, weights } = shares;
  nextInMs = shares.nextInMs;
  status = { ...status, weights, drains: drains ? [...drains] : undefined, ramps: ramps ? [...ramps] : undefined };
  return shares.weights.map(({ weight }) => weight).join('/');
}
async function lookAfter(seconds: number): Promise<string> {
  await clock.advance(seconds * 1000);
  return look();
}

describe('the traffic of a service whose region a person wants empty', () => {
  it('goes away in steps, stays away, and comes back in steps when the switch is deleted', async () => {
    expect(look()).toBe('50/50');
    evacuate();
    const down = [look(), await lookAfter(30), await lookAfter(30), await lookAfter(30), await lookAfter(86_400)];
    expect(down).toEqual(['43/57', '33/67', '20/80', '0/100', '0/100']);
    object = undefined;
    const back = [look(), await lookAfter(30), await lookAfter(30), await lookAfter(30)];
    expect(back).toEqual(['20/80', '33/67', '43/57', '50/50']);
    expect(status.drains).toBeUndefined();
  });

  it('comes back when the switch is aborted or expires', async () => {
    evacuate({ expiresAt: new Date(clock.now().wallMs + 600_000).toISOString() });
    expect([look(), await lookAfter(599)]).toEqual(['43/57', '0/100']);
    expect(await lookAfter(1)).toBe('20/80');
  });

  it('stays where it is while a hub that has just started has not read the switches', async () => {
    evacuate();
    look();
    expect(await lookAfter(90)).toBe('0/100');
    isRead = false;
    expect(await lookAfter(60)).toBe('0/100');
    object = undefined;
    isRead = true;
    expect(look()).toBe('20/80');
  });

  it('goes to that region when it is the only one left that serves, and away again', async () => {
    evacuate();
    look();
    await lookAfter(90);
    states.set('us-west', 'Lost');
    expect(look()).toBe('100/0');
    states.set('us-west', 'Healthy');
    expect(look()).toBe('0/100');
  });

  it('is as it was where the switch names other services', () => {
    evacuate({ services: ['switchback-system/mail'] });
    expect(look()).toBe('50/50');
  });

  it('goes at once where the switch says so', () => {
    evacuate({ drain: { deadlineSeconds: 0 } });
    expect(look()).toBe('0/100');
  });

  it('is left alone by a failover that says nothing of it', () => {
    evacuate({ type: 'Failover' });
    expect(look()).toBe('50/50');
    evacuate({ type: 'Failover', drain: {} });
    expect(look()).toBe('43/57');
  });
});

describe('the traffic of a region', () => {
  it.each<[RegionState, string]>([
    ['Healthy', '50/50'],
    // An agent that is started anew, a link of the hub that is silent: nothing says that the region does not serve.
    ['Degraded', '50/50'],
    ['Lost', '0/100'],
    ['Unknown', '0/100'],
  ])('that is %s: %s', (state, expected) => {
    look();
    states.set('us-east', state);
    expect(look()).toBe(expected);
  });

  it('stays where it is while the hub suspects itself, and follows as soon as it does not', async () => {
    expect(look()).toBe('50/50');
    states.set('us-east', 'Lost');
    isolatedAt.set('americas', clock.now());
    expect(look()).toBe('50/50');
    expect(nextInMs).toBe(6000);
    expect(await lookAfter(60)).toBe('0/100');
  });
});

describe('the traffic of a service whose regions were changed', () => {
  const regionsOf = (serving: readonly string[], leaving: readonly string[], more: Fields = {}) => {
    const places = ['us-west', 'ca'];
    const instance = anInstance('web', { primaryRegion: 'us-west', secondaryRegions: ['ca'], ...more });
    const order = {
      ...anOrder('web', [anOrderedComponent()]),
      status: { observedGeneration: 1, phase: 'Active' as const },
    };
    const facts = {
      instance,
      plan: {
        ok: true,
        mode: 'Active',
        regions: places.map((region) => ({ region, components: [], planned: 1 })),
        refusals: [],
      },
      leaving,
      orders: new Map(serving.map((region) => [region, order])),
      regionStates: new Map(places.map((region) => [region, 'Healthy'])),
    } as unknown as InstanceFacts;
    const shares = trafficSharesOf({ clock, groups, isolatedAt, standings: standings() }, facts);
    return shares?.weights.map(({ region, weight }) => `${region} ${weight}`).join(', ');
  };
  it.each([
    ['stays where it was until a new region serves', [], ['us-east'], 'us-west 0, ca 0, us-east 100'],
    ['is shared with those that serve already', ['ca'], ['us-east'], 'us-west 0, ca 50, us-east 50'],
    ['leaves when all that have a place serve', ['us-west', 'ca'], ['us-east'], 'us-west 50, ca 50, us-east 0'],
    ['is shared evenly afterwards', ['us-west', 'ca'], [], 'us-west 50, ca 50'],
  ])('%s', (_name, serving, leaving, expected) => {
    expect(regionsOf(serving, leaving)).toBe(expected);
  });

  it('stays where it was rather than going to a reserve', () => {
    expect(regionsOf(['ca'], ['us-east'], { balancing: 'TransitCentres' })).toBe('us-west 0, ca 0, us-east 100');
  });
});

describe('the traffic of a region that serves again', () => {
  const lose = (): void => void states.set('us-east', 'Lost');
  const recover = (): void => void states.set('us-east', 'Healthy');

  it('comes back at once, unless the group wants steps', async () => {
    look();
    lose();
    expect(look()).toBe('0/100');
    recover();
    expect(look()).toBe('50/50');
    expect(status.ramps).toBeUndefined();
  });

  it('comes back in steps, which follow from what was recorded', async () => {
    policy = trafficPolicy.parse({ domain: 'example.com', rampSteps: 4, rampSeconds: 120 });
    expect(look()).toBe('50/50');
    lose();
    expect(look()).toBe('0/100');
    recover();
    expect([look(), await lookAfter(30), await lookAfter(30), await lookAfter(30)]).toEqual([
      '20/80',
      '33/67',
      '43/57',
      '50/50',
    ]);
    expect(status.ramps).toBeUndefined();
  });

  it('comes back by the steps of the person who wanted it empty, and not by others', async () => {
    policy = trafficPolicy.parse({ domain: 'example.com', rampSteps: 20, rampSeconds: 3600 });
    evacuate();
    look();
    expect(await lookAfter(90)).toBe('0/100');
    object = undefined;
    expect([look(), await lookAfter(30), await lookAfter(30), await lookAfter(30)]).toEqual([
      '20/80',
      '33/67',
      '43/57',
      '50/50',
    ]);
  });
});
