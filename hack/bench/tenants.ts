import { isTrue } from '../../src/api/conditions.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import type { Tenant } from '../../src/api/tenant.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { createInformer, type Informer } from '../../src/kube/informer.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { loseRegion } from '../operator/operator.ts';
import { HOME, PEER, readMobileCatalogue, tenantsOf } from './manifests.ts';
import { countByKind, createRequestRecord, findWrites } from './recorded-requests.ts';
import { atMost, type BenchOptions, type BenchResult, exactly, median, round } from './result.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { addTenants, openTenantWorld } from './tenant-world.ts';
import { poll } from './waiting.ts';
import { applyAll, type World } from './world.ts';

const LIMIT_MS = 120_000;
/** Far above the goal: what takes longer than that is a figure too. */
const TRUTH_LIMIT_MS = 300_000;
const LOOK_EVERY_MS = 20;
/** To go through ten thousand tenants more often would be load on what is measured. */
const LOOK_AT_ALL_EVERY_MS = 250;
/** Of each size. */
const SAMPLES = 20;
/** A small tenant, and one for which dozens of pods have to start. */
const SIZES = [100, 1000];

/**
 * Many tenants: how long one that is applied takes until everything of it is Ready, and how long after the loss of a region
 * the status of every tenant says what is true then; no directory and no name of a tenant is written on the way.
 */
export async function* runTenants({ log, quick }: BenchOptions): AsyncIterable<BenchResult> {
  const [present, most] = quick ? [20, 40] : [1000, 10_000];
  await using folder = await temporaryFolder();
  const record = createRequestRecord(folder.path);
  const settings = { hubSettings: record.settings, agentSettings: record.settings };
  const classes = readMobileCatalogue();
  await using world = await openTenantWorld({ classes, tenants: present, ...settings });
  log(`${present} tenants are ready`);
  const samples = quick ? 3 : SAMPLES;
  let next = present;
  for (const agents of SIZES) {
    const times: number[] = [];
    for (let i = 0; i < samples; i++) times.push(await applyOne(world, next++, agents));
    yield appliedResult(present, agents, times);
  }
  await addTenants(world, { from: next, to: most, services: classes.length });
  log(`${most} tenants are ready`);
  const watched = await watchTenants(world.hub);
  const lostAtMs = Date.now();
  await loseRegion(world.regions, world.operator, HOME);
  const truthMs = await untilAllKnow(watched, lostAtMs).finally(() => watched.reflector.stop());
  const written = findWrites(await record.read()).filter(({ atMs }) => atMs >= lostAtMs);
  const byKind = countByKind(written);
  const standing = written.filter(({ path }) => /tenantdirectories|tenants\.[01]|tenants\.all/.test(path));
  yield {
    name: `tenants ${most}`,
    goals: [
      atMost(`${most} tenants: every status true after the loss of a region`, truthMs / 1000, 60, 's'),
      exactly(`${most} tenants: directories and names of tenants written meanwhile`, standing.length, 0, 'writes'),
    ],
    figures: { tenants: most, truthMs, byKind },
  };
}

function appliedResult(present: number, agents: number, times: readonly number[]): BenchResult {
  const sorted = times.toSorted((x, y) => x - y);
  const p99 = sorted[Math.ceil(0.99 * sorted.length) - 1] ?? Number.NaN;
  const what = `a tenant of ${agents} agents beside ${present} tenants: from apply to everything Ready`;
  return {
    name: `tenant of ${agents} agents applied`,
    goals: [atMost(`${what}, p50`, median(times) / 1000, 5, 's'), atMost(`${what}, p99`, p99 / 1000, 15, 's')],
    figures: {
      present,
      agents,
      samples: times.length,
      p50Ms: round(median(times)),
      p99Ms: round(p99),
      times: times.map(round),
    },
  };
}

/** @returns milliseconds */
async function applyOne(world: World, index: number, agents: number): Promise<number> {
  const [tenant] = tenantsOf(1, index, agents);
  if (!tenant) throw new Error('there is a tenant to apply');
  const { name, namespace = '' } = tenant.metadata;
  const startedAt = performance.now();
  await applyAll(world.hub, [tenant]);
  const isReady = async (): Promise<boolean> => {
    const { metadata, status } = await world.hub.read(RESOURCES.tenant, { name, namespace });
    return status?.observedGeneration === metadata.generation && isTrue(status?.conditions, 'Ready');
  };
  await poll(LIMIT_MS, isReady, LOOK_EVERY_MS);
  return performance.now() - startedAt;
}

/** Where its most important services are, and that it is felt. */
const knows = ({ status }: Tenant): boolean =>
  status?.decisions?.[0]?.clusterName === PEER && isTrue(status.conditions, 'Available');

/** @returns milliseconds from the loss until every tenant says what is so */
async function untilAllKnow(tenants: Informer<Tenant>, lostAtMs: number): Promise<number> {
  const unaware = (): Tenant[] => tenants.store.list().filter((tenant) => !knows(tenant));
  await poll(TRUTH_LIMIT_MS, async () => unaware().length === 0, LOOK_AT_ALL_EVERY_MS).catch((error: unknown) => {
    const [first] = unaware();
    throw new Error(`${unaware().length} tenants do not know, one says ${JSON.stringify(first?.status?.conditions)}`, {
      cause: error,
    });
  });
  return Date.now() - lostAtMs;
}

/** Lists of ten thousand, one after another, would be the load that is measured. */
async function watchTenants(client: KubeClient): Promise<Informer<Tenant>> {
  const common = { clock: systemClock, random: systemRandom };
  const informer = createInformer<Tenant>({ client, resource: RESOURCES.tenant, ...common });
  informer.reflector.start();
  await informer.reflector.whenSynced();
  return informer;
}
