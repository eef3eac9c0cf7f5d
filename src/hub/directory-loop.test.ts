import { beforeEach, describe, expect, it } from 'vitest';
import { connectDirectly, type DirectClient } from '../../test/support/direct-client.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { NOBODY_BEFORE } from '../../test/support/inheritance.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { aClass, aGroup, aTenant } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { VirtualTime } from '../../test/support/virtual-time.ts';
import type { ConditionState } from '../api/conditions.ts';
import { RESOURCES } from '../api/resources.ts';
import type { Tenant } from '../api/tenant.ts';
import { type CohortPlan, computeCohorts } from '../decide/cohort.ts';
import { Store } from '../kube/cache.ts';
import { TerminalError } from '../kube/errors.ts';
import type { Instant } from '../runtime/clock.ts';
import type { Ticker } from '../runtime/ticker.ts';
import type { HubContext } from './context.ts';
import { createDirectoryCache } from './directory-cache.ts';
import { createDirectoryLoop } from './directory-loop.ts';
import type { RegionLink } from './region-link.ts';

/** A hub that leads, one region of its group, and the tenants that a test puts into its cache. */
const group = aGroup('americas', ['us-east', 'us-west', 'ca']);
let clock: ManualClock;
let west: DirectClient;
let loop: Ticker;
let tenants: Store<Tenant>;
let world: { leads: boolean; fresh: boolean; answers: boolean; synced: boolean; movedAt: Instant | undefined };
let told: Map<string, ConditionState>;
let leadsSince: Instant;

function plan(): CohortPlan {
  return computeCohorts({
    groups: [group],
    classes: [aClass('mail', { crossRegion: { mode: 'Active', fromTier: 'CrossRegionVoice' } })],
    tenants: tenants.list(),
  });
}

beforeEach(() => {
  clock = new ManualClock();
  leadsSince = clock.now();
  world = { leads: true, fresh: true, answers: true, synced: true, movedAt: undefined };
  told = new Map();
  tenants = new Store<Tenant>();
  tenants.replace(
    [aTenant('customers/acme'), aTenant('customers/beta'), aTenant('customers/far', { secondaryRegions: ['ca'] })],
    '1',
  );
  const server = new FakeApiServer({ name: 'us-west', time: new VirtualTime(), random: new SeededRandom(1) });
  server.serve(RESOURCES.tenantDirectory);
  west = connectDirectly(server);
  const context = partOf<HubContext>('context', {
    inheritance: NOBODY_BEFORE,
    clock,
    random: new SeededRandom(1),
    log: () => undefined,
    leadership: {
      isCertain: () => world.leads,
      whenUncertain: () => ({ requeueAfterMs: 250 }),
      sinceMs: () => clock.now().monoMs - leadsSince.monoMs,
    },
    tenants: {
      store: tenants,
      reflector: {
        get fresh() {
          return world.fresh;
        },
      },
    },
    links: { groupOf: () => group },
    diagnoses: { get: () => ({ state: world.answers ? 'Healthy' : 'Lost', reason: 'RegionHealthy', message: '' }) },
    directories: told,
    instances: { store: { get: () => undefined } },
    lookAgain: { group: () => undefined },
  });
  const { store } = createDirectoryCache({ client: west.client, clock, random: new SeededRandom(2) });
  store.replace([], '1');
  const reflector = {
    get synced() {
      return world.synced;
    },
  };
  const link = partOf<RegionLink>('link', { region: 'us-west', client: west.client, directory: { store, reflector } });
  loop = createDirectoryLoop(context, link, plan, () => world.movedAt);
});

const inRegion = async () => (await west.client.list(RESOURCES.tenantDirectory)).items;
const names = async () => (await inRegion()).flatMap(({ spec }) => spec.tenants.map(({ name }) => name));

describe('the tenant directory of a region', () => {
  it('has the tenants with a place there, and is written once', async () => {
    loop.start();
    await clock.advance(120_000);
    expect(await names()).toEqual(['customers/acme', 'customers/beta']);
    expect(west.writes()).toEqual(['PATCH americas']);
    expect(told.get('us-west')).toMatchObject({ type: 'DirectoryWritten', status: 'True' });
  });

  it('follows a tenant that changes', async () => {
    loop.start();
    await clock.advance(0);
    tenants.replace([aTenant('customers/acme', { agents: 7 }), aTenant('customers/beta')], '2');
    loop.poke();
    await clock.advance(1000);
    expect((await inRegion())[0]?.spec.tenants.map(({ agents }) => agents)).toEqual([7, 100]);
    expect(west.writes()).toHaveLength(2);
  });

  it('goes when the last tenant has gone, and only from a picture that is whole', async () => {
    loop.start();
    await clock.advance(0);
    world.fresh = false;
    tenants.replace([], '2');
    loop.poke();
    await clock.advance(30_000);
    expect(await inRegion()).toHaveLength(1);
    world.fresh = true;
    await clock.advance(1000);
    expect(await inRegion()).toEqual([]);
  });

  it.each<[string, Partial<typeof world>]>([
    ['another hub may lead', { leads: false }],
    ['the region does not answer', { answers: false }],
    ['what stands there is not known', { synced: false }],
  ])('is left alone while %s', async (_, more) => {
    Object.assign(world, more);
    loop.start();
    await clock.advance(10_000);
    expect(west.writes()).toEqual([]);
    Object.assign(world, { leads: true, answers: true, synced: true });
    await clock.advance(1000);
    expect(west.writes()).toHaveLength(1);
  });

  it('names the instance that a tenant is moved away from, too', async () => {
    const services = [{ service: 'mail', instance: 'switchback-system/before' }];
    const acme = {
      ...aTenant('customers/acme'),
      status: { observedGeneration: 1, serviceSets: [{ services, mode: 'Active' }] },
    };
    tenants.replace([acme as never], '2');
    loop.start();
    await clock.advance(0);
    const [shard] = await inRegion();
    expect(shard?.spec.plans[0]?.services.map(({ instance }) => instance)).toEqual([
      'switchback-system/mail-us-east-us-west',
      'switchback-system/before',
    ]);
  });

  it('waits while services move', async () => {
    world.movedAt = clock.now();
    loop.start();
    await clock.advance(4000);
    expect(west.writes()).toEqual([]);
    await clock.advance(6000);
    expect(west.writes()).toHaveLength(1);
  });

  it('says so when the region takes no directory, and goes on when it does', async () => {
    west.before = ({ method }) => {
      if (method !== 'GET') throw new TerminalError('no right to do that', { status: 403 });
    };
    loop.start();
    await clock.advance(0);
    expect(told.get('us-west')).toMatchObject({ status: 'False', reason: 'WriteRefused' });
    west.before = () => undefined;
    await clock.advance(3000);
    expect(told.get('us-west')).toMatchObject({ status: 'True' });
  });

  it('says that it cannot be read once a new leader has had the time to', async () => {
    world.synced = false;
    loop.start();
    await clock.advance(9000);
    expect(told.get('us-west')).toBeUndefined();
    await clock.advance(3000);
    expect(told.get('us-west')).toMatchObject({ status: 'False', reason: 'NotObserved' });
    world.synced = true;
    await clock.advance(3000);
    expect(told.get('us-west')).toMatchObject({ status: 'True' });
  });
});
