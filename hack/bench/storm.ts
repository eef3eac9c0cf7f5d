import { setTimeout as sleep } from 'node:timers/promises';
import { FENCED, LABELS } from '../../src/api/labels.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { SERVICE } from '../../src/kube/kinds.ts';
import { groupOf, HOME, PEER, STORM_NAMESPACE, stormClass, stormInstances } from './manifests.ts';
import { PodObserver } from './pod-observer.ts';
import { atMost, type BenchOptions, type BenchResult, exactly } from './result.ts';
import { poll, waitUntilReady } from './waiting.ts';
import { applyAll, openWorld, type World } from './world.ts';

/** The fastest that the API takes, and a failure threshold that a single lost probe does not reach. */
export const TUNED = {
  timings: { heartbeatSeconds: 1, leaseSeconds: 3, takeoverSeconds: 1, stopBudgetSeconds: 2, clockRateErrorPercent: 1 },
  failover: { failureThresholdSeconds: 2, coolDownSeconds: 0 },
  switchback: { mode: 'Manual' },
};
const HUB_SETTINGS = { SWITCHBACK_HUB_ELECTION_MS: '900' };

const GOAL_SECONDS: Readonly<Record<number, number>> = { 23: 7, 230: 10, 1000: 25 };
/** A user's services come over time: what is measured begins when all of them are there. */
const BATCH = 25;
const SETTLED_MS = 5000;
const LIMIT_MS = 120_000;

type How = 'kill' | 'hang';

interface Loss {
  readonly how: How;
  readonly lost: string;
  /** The region that takes the services over. */
  readonly taker: string;
}

/**
 * Services of one component, created directly, all active in one region. Its control plane is killed, or hangs (frozen,
 * connections open), together with the agents; its nodes lose their power. Measured: from that moment until every
 * service has a ready pod behind an open Service in the other region. Then the region returns, control plane first,
 * nodes when nothing is left that they would start. The next loss goes the other way.
 */
export async function* runStorm({ log, quick }: BenchOptions): AsyncIterable<BenchResult> {
  for (const count of process.env['N'] ? [Number(process.env['N'])] : quick ? [23] : [23, 230, 1000]) {
    await using world = await openWorld({ hubSettings: HUB_SETTINGS });
    await using observer = new PodObserver([
      { region: world.regions.region(HOME), client: world.home },
      { region: world.regions.region(PEER), client: world.peer },
    ]);
    await setUp(world, count, log);
    yield await measure(world, observer, count, { how: 'kill', lost: HOME, taker: PEER });
    if (!process.env['K']) yield await measure(world, observer, count, { how: 'hang', lost: PEER, taker: HOME });
  }
}

async function setUp(world: World, count: number, log: BenchOptions['log']): Promise<void> {
  await applyAll(world.hub, [groupOf(TUNED), stormClass()]);
  world.operator.start();
  const instances = stormInstances(count);
  for (let from = 0; from < count; from += BATCH) {
    await applyAll(world.hub, instances.slice(from, from + BATCH));
    await waitUntilReady(world.hub, RESOURCES.serviceInstance, Math.min(count, from + BATCH), LIMIT_MS);
    log(`${Math.min(count, from + BATCH)} services are ready`);
  }
}

async function measure(world: World, observer: PodObserver, count: number, loss: Loss): Promise<BenchResult> {
  await sleep(SETTLED_MS);
  const startedAt = performance.now();
  const since = (): number => performance.now() - startedAt;
  await lose(world, observer, loss);
  let firstMs: number | undefined;
  let halfMs: number | undefined;
  await poll(
    LIMIT_MS,
    async () => {
      const ready = observer.countReady(loss.taker);
      if (ready > 0) firstMs ??= since();
      if (ready >= count / 2) halfMs ??= since();
      return ready === count;
    },
    20,
  );
  const readyMs = since();
  const taker = loss.taker === HOME ? world.home : world.peer;
  await poll(LIMIT_MS, async () => (await countClosed(taker)) === 0, 50);
  const activeMs = since();
  const returned = await bringBack(world, observer, loss);
  await waitUntilReady(world.hub, RESOURCES.serviceInstance, count, LIMIT_MS);
  const { example: dualActive, longestSampleMs, ms: dualActiveMs } = observer.dualActive;
  const name = `storm ${count} ${loss.how}`;
  const figures = { timings: TUNED.timings, firstMs, halfMs, readyMs, activeMs, ...returned, protectedMs: since() };
  return {
    name,
    goals: [
      atMost(`${name}: all active and ready`, activeMs / 1000, GOAL_SECONDS[count] ?? Number.NaN, 's'),
      exactly(`${name}: time with two active sides`, dualActiveMs, 0, 'ms'),
    ],
    figures: { ...roundAll(figures), dualActiveMs, dualActive, longestSampleMs },
  };
}

/** Power, control plane and agents at the same time; it counts as lost from the beginning of that. */
async function lose(world: World, observer: PodObserver, { how, lost }: Loss): Promise<void> {
  const region = world.regions.region(lost);
  await Promise.all([
    ...world.operator.agents(lost).map(async (agent) => (how === 'kill' ? agent.kill() : agent.freeze())),
    region.lose({ how, keepNodes: true }),
    ...region.zones.map((zone) => zone.lose()),
  ]);
  observer.noteCut(lost);
}

/** @returns how long the returned control plane and its agents took to stop what nodes would start */
async function bringBack(world: World, observer: PodObserver, { lost }: Loss): Promise<{ fencedMs: number }> {
  const region = world.regions.region(lost);
  await region.restore();
  const startedAt = performance.now();
  for (const agent of world.operator.agents(lost)) {
    if (agent.running) agent.thaw();
    else agent.start();
  }
  await poll(LIMIT_MS, () => observer.isFenced(lost), 200);
  const fencedMs = performance.now() - startedAt;
  // What was made and ended again without power never runs.
  observer.noteCut(lost);
  await region.powerOnNodes();
  return { fencedMs };
}

/** Services that lead nowhere, because what is behind them may not run. */
async function countClosed(client: KubeClient): Promise<number> {
  const { items } = await client.list(SERVICE, { namespace: STORM_NAMESPACE });
  return items.filter(({ spec }) => spec?.selector?.[LABELS.slot] === FENCED).length;
}

const roundAll = (figures: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [name, typeof value === 'number' ? Math.round(value) : value]),
  );
