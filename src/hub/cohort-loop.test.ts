import { beforeEach, describe, expect, it } from 'vitest';
import { connectDirectly, type DirectClient } from '../../test/support/direct-client.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { aClass, aGroup, aTenant } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { VirtualTime } from '../../test/support/virtual-time.ts';
import { RESOURCES } from '../api/resources.ts';
import { createApplier } from '../kube/apply.ts';
import { Store } from '../kube/cache.ts';
import type { KubeObject } from '../kube/object.ts';
import { type CohortLoop, createCohortLoop } from './cohort-loop.ts';
import type { HubContext } from './context.ts';

/** A hub that leads, with a group, one class and one tenant in its caches; the cache of instances is empty. */
let clock: ManualClock;
let direct: DirectClient;
let loop: CohortLoop;
let leader: { isCertain: boolean };
let synced: { instances: boolean };
let warnings: number;

function cacheOf(objects: readonly KubeObject[], isSynced: () => boolean = () => true) {
  const store = new Store<KubeObject>({});
  store.replace([...objects], '1');
  const reflector = {
    get synced() {
      return isSynced();
    },
    fresh: true,
  };
  return { store, reflector };
}

beforeEach(() => {
  clock = new ManualClock();
  leader = { isCertain: true };
  synced = { instances: true };
  warnings = 0;
  const server = new FakeApiServer({ name: 'hub', time: new VirtualTime(), random: new SeededRandom(1) });
  server.serve(RESOURCES.serviceInstance);
  direct = connectDirectly(server);
  const context = partOf<HubContext>('context', {
    clock,
    client: direct.client,
    applier: createApplier({ client: direct.client, fieldManager: 'switchback-hub' }),
    groups: cacheOf([aGroup('americas', ['us-east', 'us-west'])]),
    classes: cacheOf([aClass('mail')]),
    tenants: cacheOf([aTenant('customers/acme')]),
    instances: cacheOf([], () => synced.instances),
    leadership: {
      isCertain: () => leader.isCertain,
      whenUncertain: () => ({ requeueAfterMs: 250 }),
    },
    log: () => {
      warnings += 1;
    },
  });
  loop = createCohortLoop(context, () => undefined);
});

describe('the instances that tenants need', () => {
  it('are made at once', async () => {
    loop.ticker.start();
    await clock.advance(0);
    expect(direct.writes()).toHaveLength(1);
  });

  it('wait for the last cache and no longer, also when that is empty and no event tells of it', async () => {
    synced.instances = false;
    loop.ticker.start();
    await clock.advance(3000);
    expect(direct.writes()).toEqual([]);
    synced.instances = true;
    await clock.advance(250);
    expect(direct.writes()).toHaveLength(1);
  });

  it('wait for a lapse of certainty and no longer', async () => {
    leader.isCertain = false;
    loop.ticker.start();
    await clock.advance(3000);
    expect(direct.writes()).toEqual([]);
    leader.isCertain = true;
    await clock.advance(250);
    expect(direct.writes()).toHaveLength(1);
  });

  it('are tried again soon when the API server refuses one', async () => {
    let failures = 1;
    direct.before = () => {
      if (failures-- > 0) throw new Error('no');
    };
    loop.ticker.start();
    await clock.advance(2000);
    expect([warnings, direct.writes().length]).toEqual([1, 2]);
  });

  it('are not written from the moment on in which certainty lapses', async () => {
    const certain = [true, false, true, true];
    Object.defineProperty(leader, 'isCertain', { get: () => certain.shift() ?? true });
    loop.ticker.start();
    await clock.advance(0);
    expect(direct.writes()).toEqual([]);
    await clock.advance(2000);
    expect(direct.writes()).toHaveLength(1);
  });
});

it('the book of the tenants says whom an instance serves, and nothing before the tenants of this leadership are planned', async () => {
  expect(loop.book()).toBeUndefined();
  loop.ticker.start();
  await clock.advance(0);
  const book = loop.book();
  expect([book?.groupOf('customers/acme'), book?.groupOf('customers/typo')]).toEqual(['americas', undefined]);
  expect(book?.instancesOf('customers/acme')).toEqual(['switchback-system/mail-us-east']);
  expect(book?.sizeOf('switchback-system/mail-us-east')).toBe(1);
  loop.forgetBook();
  leader.isCertain = false;
  await clock.advance(60_000);
  expect(loop.book()).toBeUndefined();
  leader.isCertain = true;
  await clock.advance(60_000);
  expect(loop.book()?.sizeOf('switchback-system/mail-us-east')).toBe(1);
});
