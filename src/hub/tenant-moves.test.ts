import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectDirectly, type DirectClient } from '../../test/support/direct-client.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { aBackup, aClass, aGroup, aTenant } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { VirtualTime } from '../../test/support/virtual-time.ts';
import type { ConditionState } from '../api/conditions.ts';
import type { IUGroup } from '../api/iu-group.ts';
import { RESOURCES } from '../api/resources.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import type { Tenant } from '../api/tenant.ts';
import { toldRows } from '../decide/tenant-services.ts';
import { createApplier } from '../kube/apply.ts';
import { Store } from '../kube/cache.ts';
import type { EventNote } from '../kube/event-recorder.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Controller } from '../runtime/controller.ts';
import { type CohortLoop, createCohortLoop } from './cohort-loop.ts';
import type { HubContext } from './context.ts';
import { createTenantLoop } from './tenant-loop.ts';

/** The loop that makes instances and the one that tells tenants, with one tenant; engines and regions are left out. */
const OLD = 'switchback-system/mail-us-east';
const NEW = 'switchback-system/mail-us-east-us-west';
const LOWER = { tier: 'Advanced', secondaryRegions: [] };
type Fields = Readonly<Record<string, unknown>>;

let clock: ManualClock;
let direct: DirectClient;
let tenants: Store<Tenant>;
let instances: Store<ServiceInstance>;
let groups: Store<IUGroup>;
let events: EventNote[];
let loops: { cohorts: CohortLoop; tenants: Controller };

const storeOf = <T extends KubeObject>(...objects: T[]): Store<T> => {
  const store = new Store<T>({});
  store.replace(objects, '1');
  return store;
};

beforeEach(() => {
  clock = new ManualClock();
  const server = new FakeApiServer({ name: 'hub', time: new VirtualTime(), random: new SeededRandom(1) });
  server.serve(RESOURCES.serviceInstance);
  server.serve(RESOURCES.tenant);
  direct = connectDirectly(server);
  tenants = storeOf<Tenant>();
  instances = storeOf<ServiceInstance>();
  groups = storeOf(aGroup('americas', ['us-east', 'us-west']));
  lead();
});
afterEach(() => stop());

/** A hub that has just begun to lead: what it knows stands in the caches. */
function lead(): void {
  events = [];
  const reflector = { synced: true, fresh: true };
  const random = new SeededRandom(1);
  const context = partOf<HubContext>('context', {
    clock,
    random,
    client: direct.client,
    applier: createApplier({ client: direct.client, fieldManager: 'switchback-hub' }),
    events: { record: (event: EventNote) => void events.push(event) },
    groups: { store: groups, reflector },
    classes: { store: storeOf(aClass('mail', aBackup())), reflector },
    tenants: { store: tenants, reflector },
    instances: { store: instances, reflector },
    capacities: new Map(),
    naming: new Map(),
    assignments: { loaded: false },
    failures: new Map(),
    leadership: { isCertain: () => true, whenUncertain: () => ({ requeueAfterMs: 250 }) },
    log: () => undefined,
  });
  const cohorts = createCohortLoop(context, () => loops.tenants.enqueue('acme/support'));
  loops = { cohorts, tenants: createTenantLoop(context, cohorts.plan) };
  cohorts.ticker.start();
  loops.tenants.start();
}
async function stop(): Promise<void> {
  await loops.cohorts.ticker.stop();
  await loops.tenants.stop();
}

async function declare(spec: Fields): Promise<void> {
  const present = tenants.get('acme/support');
  const made = aTenant('acme/support', spec);
  const { client } = direct;
  tenants.apply(
    present
      ? await client.mergePatch(RESOURCES.tenant, { name: 'support', namespace: 'acme' }, { spec: made.spec })
      : await client.create(RESOURCES.tenant, made),
  );
  loops.cohorts.ticker.poke();
  await clock.advance(100);
}

async function say(
  key: string,
  available: 'True' | 'False',
  reason: ConditionState['reason'] = 'ActiveHere',
): Promise<void> {
  const [namespace = '', name = ''] = key.split('/');
  const condition = {
    type: 'Available',
    status: available,
    reason,
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  const status = { observedGeneration: 1, conditions: [condition] };
  instances.apply(
    await direct.client.mergePatch(
      RESOURCES.serviceInstance,
      { name, namespace },
      { status },
      { subresource: 'status' },
    ),
  );
  loops.tenants.enqueue('acme/support');
  await clock.advance(100);
}

const rows = () =>
  toldRows(tenants.get('acme/support')?.status).map(({ instance, movingTo }) =>
    movingTo ? `${instance} > ${movingTo}` : instance,
  );
const told = (type: ConditionState['type']) => {
  const found = tenants.get('acme/support')?.status?.conditions?.find((condition) => condition.type === type);
  return `${found?.status} ${found?.reason}: ${found?.message}`;
};
/** No watch tells of a deletion here, so it may be asked for twice. */
const deleted = (): string[] => [...new Set(direct.writes().filter((write) => write.startsWith('DELETE')))];

async function serveByOld(): Promise<void> {
  await declare(LOWER);
  await say(OLD, 'True');
}

describe('a living tenant that is changed', () => {
  it('keeps what serves it until what replaces it is available, and is told so', async () => {
    await serveByOld();
    await declare({});
    await clock.advance(300_000);
    expect([rows(), deleted()]).toEqual([[`${OLD} > ${NEW}`], []]);
    const moving = `1 of 1 services move: mail stays with ${OLD} until ${NEW} is available (NotObserved)`;
    expect(told('Ready')).toBe(`False Moving: ${moving}`);
    expect(told('Reconciling')).toBe(`True Moving: ${moving}`);
    expect(told('Available')).toBe('True AsDeclared: every service is served');
    await say(NEW, 'True');
    expect([rows(), told('Ready')]).toEqual([[NEW], 'True AsDeclared: placed in us-east, us-west']);
    await clock.advance(31_000);
    expect(deleted()).toEqual(['DELETE mail-us-east']);
  });

  it('writes nothing while it waits', async () => {
    await serveByOld();
    await declare({});
    await clock.advance(1000);
    const before = direct.writes().length;
    await clock.advance(600_000);
    expect(direct.writes().length).toBe(before);
  });

  it('keeps it under another leader too', async () => {
    await serveByOld();
    await declare({});
    await stop();
    lead();
    await clock.advance(120_000);
    expect([rows(), deleted()]).toEqual([[`${OLD} > ${NEW}`], []]);
  });

  it('goes back without a trace of where it was to go', async () => {
    await serveByOld();
    await declare({});
    await declare(LOWER);
    await clock.advance(31_000);
    expect([rows(), deleted()]).toEqual([[OLD], ['DELETE mail-us-east-us-west']]);
    expect(told('Ready')).toMatch(/^True/);
  });

  it('keeps what serves it while a mistake keeps it from being planned', async () => {
    await serveByOld();
    await declare({ primaryRegion: 'mars', ...LOWER });
    await clock.advance(120_000);
    expect([rows(), deleted()]).toEqual([[OLD], []]);
    expect(told('Ready')).toMatch(/^False RegionNotInGroup/);
    expect(told('Available')).toBe('True AsDeclared: every service is served');
    await declare({ primaryRegion: 'us-west', ...LOWER });
    expect(rows()).toEqual([`${OLD} > switchback-system/mail-us-west`]);
  });

  it('counts where it is and where it goes', async () => {
    await serveByOld();
    tenants.apply(await direct.client.create(RESOURCES.tenant, aTenant('blue/sales', { ...LOWER, agents: 40 })));
    await declare({});
    const agents = (key: string) => instances.get(key)?.spec.agents;
    expect([agents(OLD), agents(NEW)]).toEqual([144, 100]);
    await say(NEW, 'True');
    await clock.advance(31_000);
    expect([agents(OLD), agents(NEW), deleted()]).toEqual([40, 100, []]);
  });

  it('leaves what it has left where names lead for as long as they may', async () => {
    groups.replace(
      [aGroup('americas', ['us-east', 'us-west'], { traffic: { domain: 'x.test', ttlSeconds: 20 } })],
      '2',
    );
    await serveByOld();
    await declare({});
    await say(NEW, 'True');
    await clock.advance(90_000);
    expect(deleted()).toEqual([]);
    await clock.advance(40_000);
    expect(deleted()).toEqual(['DELETE mail-us-east']);
  });

  it('that is deleted leaves nothing', async () => {
    await serveByOld();
    tenants.replace([], '9');
    loops.cohorts.ticker.poke();
    await clock.advance(100);
    expect(deleted()).toEqual(['DELETE mail-us-east']);
  });

  it('is told what moves in place, without another instance', async () => {
    await declare({ isolation: 'Dedicated' });
    await say('acme/mail-support', 'True', 'Moving');
    expect(rows()).toEqual(['acme/mail-support']);
    expect(told('Reconciling')).toMatch(/^True Moving: 1 of 1 services move: mail: /);
  });
});

describe('a tenant is warned', () => {
  const reasons = () => events.map(({ reason, type }) => `${type} ${reason}`);
  it('of a tier that is deprecated, once', async () => {
    await declare({ tier: 'AdvancedIvr' });
    await clock.advance(120_000);
    expect(reasons()).toEqual(['Warning TierDeprecated']);
  });

  it('of a tier that the group refuses, and nothing is made for it', async () => {
    groups.replace([aGroup('americas', ['us-east', 'us-west'], { tiers: { refused: ['AdvancedIvr'] } })], '2');
    await declare({ tier: 'AdvancedIvr' });
    expect(reasons()).toEqual(['Warning TierRefused', 'Warning TierDeprecated']);
    expect([rows(), instances.list()]).toEqual([[], []]);
    await stop();
    lead();
    await clock.advance(1000);
    expect([rows(), instances.list(), reasons()]).toEqual([[], [], []]);
  });

  it('but keeps a tier that it had before the group refused it, under every leader', async () => {
    await declare({ tier: 'AdvancedIvr' });
    groups.replace([aGroup('americas', ['us-east', 'us-west'], { tiers: { refused: ['AdvancedIvr'] } })], '2');
    await stop();
    lead();
    await clock.advance(1000);
    await declare({ tier: 'AdvancedIvr', agents: 120 });
    expect(told('Placed')).toMatch(/^True/);
    expect(rows()).toEqual([OLD]);
  });

  it('keeps its services when it changes to a tier that the group refuses', async () => {
    await serveByOld();
    groups.replace([aGroup('americas', ['us-east', 'us-west'], { tiers: { refused: ['Global'] } })], '2');
    await declare({ tier: 'Global' });
    await clock.advance(120_000);
    expect([rows(), deleted()]).toEqual([[OLD], []]);
    expect(told('Ready')).toMatch(/^False TierRefused/);
  });
});
