import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loseRegion, restoreRegion } from '../../hack/operator/operator.ts';
import { SYSTEM_NAMESPACE } from '../../src/api/common.ts';
import { LABELS } from '../../src/api/labels.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import { DEPLOYMENT, LEASE, STATEFUL_SET } from '../../src/kube/kinds.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { wreakHavoc } from './support/havoc.ts';
import { BACKUP_CLASSES, EAST, WEST } from './support/samples.ts';
import {
  activeRegionOf,
  bootWorld,
  epochOf,
  isActiveIn,
  leaderOf,
  until,
  untilFenced,
  untilHeartbeats,
  type World,
} from './support/world.ts';
import { countWrites, type WriteCounts, writesBetween } from './support/write-count.ts';

/** Hub and agents are killed, at any moment, and started again: they carry on where they were. */

const SEED = 20_260_318;
/**
 * What the protocol asks for, that an agent takes over within `takeoverSeconds` from one that was killed, must be true
 * on a busy machine too. The wait is (8 + 6 + 3) x 1.2 = 20.4 s.
 */
const PATIENT = { heartbeatSeconds: 1, leaseSeconds: 8, takeoverSeconds: 6, stopBudgetSeconds: 3 };
const FAILOVER = { failureThresholdSeconds: 12 };
const REGIONS = [EAST.name, WEST.name];
const INSTANCES = 4;

let world: World;
beforeAll(async () => {
  world = await bootWorld(
    {
      group: { timings: PATIENT, failover: FAILOVER, switchback: { stableForSeconds: 3 } },
      hubs: 2,
      agentsPerRegion: 2,
    },
    { start: false },
  );
});
afterAll(() => world?.[Symbol.asyncDispose]());

const groupsOfProcesses = () => [world.operator.hubs, ...REGIONS.map((name) => world.operator.agents(name))];
const outsideOf = (region: string) => [
  ...world.operator.hubs,
  ...world.operator.agents(region === EAST.name ? WEST.name : EAST.name),
];

/** Everything that the operator has made, by cluster: `Kind namespace/name`. */
async function made(): Promise<readonly string[]> {
  const found = await Promise.all(
    REGIONS.map(async (name) => {
      const labelled = { labelSelector: LABELS.service };
      const lists = await Promise.all([
        world.region(name).list(RESOURCES.regionalService),
        world.region(name).list(DEPLOYMENT, labelled),
        world.region(name).list(STATEFUL_SET, labelled),
      ]);
      const objects: readonly KubeObject[] = lists.flatMap((list): readonly KubeObject[] => list.items);
      return objects.map(({ kind, metadata }) => `${name}: ${kind} ${metadata.name}`);
    }),
  );
  return found.flat().sort();
}

async function expectAssignments(region: string, epoch: number): Promise<void> {
  for (const name of BACKUP_CLASSES) {
    const instance = await world.instance(name);
    expect({ region: activeRegionOf(instance), epoch: epochOf(instance) }).toEqual({ region, epoch });
  }
}

describe('two hubs, and two agents in each region, killed again and again', () => {
  let objects: readonly string[] = [];

  test('bring everything up', async () => {
    world.operator.start();
    const havoc = wreakHavoc(groupsOfProcesses().flat(), SEED, 8);
    await until('eight kills', async () => havoc.kills === 8, 60_000);
    await havoc.stop();
    await world.settled(INSTANCES);
    await expectAssignments(EAST.name, 1);
    objects = await made();
    // In each region: two orders of mode Backup, one of mode Active; the pool is in its primary region alone.
    expect(objects.filter((object) => object.includes('RegionalService'))).toHaveLength(7);
  });

  test('take over from each other, writing nothing but lease traffic and fencing no service', async () => {
    const before = await countsWhenQuiet();
    const pods = world.observer.startedInAll;
    for (const role of ['hub', 'agent'] as const) await replaceLeaders(role);
    // Every periodic look of every loop is within this many heartbeats.
    await Promise.all(REGIONS.map((name) => untilHeartbeats(world, name, 12)));
    // What peers see of a region: its new leader does not know at once whether the region is without a right, and then does.
    const beside = differences(before, await countAll()).map(({ 'regions/status': seen = 0, ...more }) => {
      expect(seen).toBeLessThanOrEqual(2);
      return more;
    });
    expect(beside).toEqual([{}, {}, {}]);
    expect(world.observer.startedInAll).toBe(pods);
  });

  test('fail over', async () => {
    await loseRegion(world.regions, world.operator, EAST.name);
    const havoc = wreakHavoc(outsideOf(EAST.name), SEED + 1, 3);
    await until('promotion', () => isActiveIn(world, WEST.name, 2), 90_000);
    await havoc.stop();
    await expectAssignments(WEST.name, 2);
  });

  test('switch back', async () => {
    await restoreRegion(world.regions, world.operator, EAST.name, () => untilFenced(world, EAST.name));
    const havoc = wreakHavoc(groupsOfProcesses().flat(), SEED + 2, 5);
    await until('the switchback', () => isActiveIn(world, EAST.name, 3), 120_000);
    await havoc.stop();
    await world.settled(INSTANCES);
    await expectAssignments(EAST.name, 3);
  });

  test('lose, double and flap nothing', async () => {
    expect(await made()).toEqual(objects);
    expect((await world.instances()).map(({ metadata }) => metadata.name)).toHaveLength(INSTANCES);
    expect(world.observer.overlaps).toEqual([]);
    await until('both records to end', async () =>
      (await world.switches()).every(({ status }) => status?.endTime !== undefined),
    );
    expect((await world.switches()).map(({ spec }) => spec.type).sort()).toEqual(['Failover', 'Switchback']);
  });
});

const countAll = () => Promise.all([world.hub, ...REGIONS.map(world.region)].map(countWrites));
const differences = (before: readonly WriteCounts[], after: readonly WriteCounts[]) =>
  before.map((counts, index) => writesBetween(counts, after[index] ?? new Map()));

/** Statuses follow a little later: once nothing has been written for four heartbeats, nothing is pending. */
async function countsWhenQuiet(): Promise<readonly WriteCounts[]> {
  let counts = await countAll();
  await until('quiet', async () => {
    await untilHeartbeats(world, WEST.name, 4);
    const before = counts;
    counts = await countAll();
    return differences(before, counts).every((difference) => Object.keys(difference).length === 0);
  });
  return counts;
}

/**
 * Kills the leaders of one role and starts them again, and waits until there are new ones. The other role lives
 * meanwhile: an agent that begins to lead while there is no hub cannot prove its right, and fences.
 */
async function replaceLeaders(role: 'hub' | 'agent'): Promise<void> {
  const terms = await termsOf(role);
  for (const each of groupsOfProcesses()) {
    if (!each[0]?.name.startsWith(`operator/${role}`)) continue;
    const leader = leaderOf(each);
    await leader.kill();
    leader.start();
  }
  await until(`new leaders (${role})`, async () => {
    const now = await termsOf(role);
    return now.every((term, index) => term > (terms[index] ?? 0));
  });
}

/** Terms of the leaders as each region sees them: of the hub, or of its own agent. */
function termsOf(role: 'hub' | 'agent'): Promise<readonly number[]> {
  return Promise.all(
    REGIONS.map(async (name) => {
      const client = world.region(name);
      if (role === 'hub') return (await client.read(RESOURCES.regionLease, { name })).spec.hub?.term ?? 0;
      const election = await client.read(LEASE, { name: 'switchback-agent', namespace: SYSTEM_NAMESPACE });
      return election.spec?.leaseTransitions ?? 0;
    }),
  );
}
