import { setTimeout as sleep } from 'node:timers/promises';
import { RESOURCES } from '../../src/api/resources.ts';
import type { Tenant } from '../../src/api/tenant.ts';
import { createInformer } from '../../src/kube/informer.ts';
import { keyOf, pathOf } from '../../src/kube/object.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { hubOf } from './hub-process.ts';
import { groupOf, readCatalogue, readStationaryCatalogue, stormClass, stormInstances } from './manifests.ts';
import { openRawLoop, type RawRequest } from './raw-loop.ts';
import { countByKind, createRequestRecord, findWrites, placeOf, type RequestRecord } from './recorded-requests.ts';
import { atLeast, atMost, type BenchOptions, type BenchResult, median, round } from './result.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { openTenantWorld } from './tenant-world.ts';
import { poll, waitUntilReady } from './waiting.ts';
import { applyAll, openWorld, type World } from './world.ts';

const LIMIT_MS = 300_000;
/** What follows what is ready is written by then. */
const SETTLED_MS = 15_000;

/**
 * How many writes the operator makes, against a loop that writes the last state of each object once; and how fast it
 * makes them, against a loop that sends the same bodies to the same objects without any logic.
 */
export async function* runWrites(options: BenchOptions): AsyncIterable<BenchResult> {
  yield await countForTenants(options.quick ? 50 : 1000, true);
  yield await countForTenants(options.quick ? 50 : 1000, false);
  yield await countForServices(options.quick ? 10 : 100);
  yield await measureRate(options);
}

/** `tenantsFirst`: as a restored or new hub finds them; else as they come, each changing the load of what it shares. */
async function countForTenants(tenants: number, tenantsFirst: boolean): Promise<BenchResult> {
  await using folder = await temporaryFolder();
  const record = createRequestRecord(folder.path);
  const settings = { hubSettings: record.settings, agentSettings: record.settings };
  await using _world = await openTenantWorld({ classes: readCatalogue(), tenants, tenantsFirst, ...settings });
  const when = tenantsFirst ? 'at once' : 'one by one';
  return await amplification(
    `writes for ${tenants} tenants that come ${when}, and their 23 services`,
    record,
    tenantsFirst,
  );
}

async function countForServices(services: number): Promise<BenchResult> {
  await using folder = await temporaryFolder();
  const record = createRequestRecord(folder.path);
  await using world = await openWorld({ hubSettings: record.settings, agentSettings: record.settings });
  await applyAll(world.hub, [groupOf(), stormClass()]);
  world.operator.start();
  await applyAll(world.hub, stormInstances(services));
  await waitUntilReady(world.hub, RESOURCES.serviceInstance, services, LIMIT_MS);
  return await amplification(`writes for ${services} Backup services alone`, record, false);
}

/** Writes from the start of the operator on, against the objects (or their statuses) that were written. */
async function amplification(name: string, record: RequestRecord, isGoal: boolean): Promise<BenchResult> {
  await sleep(SETTLED_MS);
  const writes = findWrites(await record.read()).filter(({ path }) => !/\/events(\/|\?|$)/.test(path));
  const places = new Map(writes.map((write) => [placeOf(write), write]));
  const ratio = writes.length / places.size;
  const figures = {
    writes: writes.length,
    raw: places.size,
    ratio: round(ratio),
    byKind: countByKind(writes),
    rawByKind: countByKind([...places.values()]),
  };
  return { name, goals: isGoal ? [atMost(`${name}, against writing each once`, ratio, 1.05, 'x')] : [], figures };
}

/**
 * Statuses of tenants, written by a hub that finds all of them without one, and by the raw loop, in turns. No service
 * has a second region here, so that a hub that is away stops nothing.
 */
async function measureRate({ log, quick }: BenchOptions): Promise<BenchResult> {
  const [tenants, rounds] = quick ? [50, 1] : [1000, 5];
  await using world = await openTenantWorld({ classes: readStationaryCatalogue(), tenants });
  await using loop = await openRawLoop(world.regions.hub.kubeconfig('admin'));
  await sleep(SETTLED_MS);
  const { items } = await world.hub.list(RESOURCES.tenant);
  const wipe = items.map((tenant) => patchStatus(tenant, null));
  const write = items.map((tenant) => patchStatus(tenant, tenant.status));
  await using watched = await watchStatuses(world);
  const operator: number[] = [];
  const raw: number[] = [];
  for (let i = 0; i < rounds; i += 1) {
    await hubOf(world).kill();
    await loop.fire(wipe);
    operator.push(await watched.measure(tenants, async () => hubOf(world).start()));
    await hubOf(world).kill();
    await loop.fire(wipe);
    raw.push(await watched.measure(tenants, () => loop.fire(write)));
    log(`round ${i + 1}: operator ${round(operator.at(-1) ?? 0)}/s, raw ${round(raw.at(-1) ?? 0)}/s`);
  }
  const ratio = median(operator.map((rate, i) => rate / (raw[i] ?? Number.NaN)));
  return {
    name: 'writes rate',
    goals: [atLeast('writes: rate of status writes for 1,000 tenants against the raw loop', ratio, 0.7, 'x')],
    figures: { tenants, operatorPerSecond: operator.map(round), rawPerSecond: raw.map(round) },
  };
}

function patchStatus({ metadata }: Tenant, status: Tenant['status'] | null): RawRequest {
  const { name, namespace = '' } = metadata;
  return {
    method: 'PATCH',
    path: pathOf(RESOURCES.tenant, { name, namespace, subresource: 'status' }),
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ status }),
  };
}

interface WatchedStatuses extends AsyncDisposable {
  /** Statuses per second, from the first to the last of `count`, as a watch shows them; `begin` makes them come. */
  measure(count: number, begin: () => Promise<void>): Promise<number>;
}

async function watchStatuses({ hub }: World): Promise<WatchedStatuses> {
  const tenants = createInformer<Tenant>({
    client: hub,
    resource: RESOURCES.tenant,
    clock: systemClock,
    random: systemRandom,
    onError: (error) => console.error(String(error)),
  });
  const present = new Set<string>();
  let [firstAt, lastAt] = [Number.NaN, Number.NaN];
  tenants.store.addHandler(({ object }) => {
    const key = keyOf(object);
    // The schema gives every status an `observedGeneration`, also one that was wiped.
    if (object.status?.conditions === undefined) present.delete(key);
    else if (!present.has(key)) {
      lastAt = performance.now();
      if (present.size === 0) firstAt = lastAt;
      present.add(key);
    }
  });
  tenants.reflector.start();
  await tenants.reflector.whenSynced();
  return {
    async measure(count, begin) {
      await poll(LIMIT_MS, async () => present.size === 0, 20);
      await begin();
      await poll(LIMIT_MS, async () => present.size === count, 20);
      return (count - 1) / ((lastAt - firstAt) / 1000);
    },
    [Symbol.asyncDispose]: () => tenants.reflector.stop(),
  };
}
