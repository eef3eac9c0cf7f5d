import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Direction } from '../../hack/regions/proxy.ts';
import { API_VERSION } from '../../src/api/common.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import { keyOf } from '../../src/kube/object.ts';
import { BACKUP_CLASSES, CAPTURE, EAST, GROUP, MAIL, type SampleRegion, tenant, WEST } from './support/samples.ts';
import {
  activeRegionOf,
  bootWorld,
  conditionOf,
  epochOf,
  until,
  untilHeartbeats,
  type World,
} from './support/world.ts';

/**
 * Who cannot talk to whom, on four real sites: the hub, the region that is active (`active`), the one that would follow
 * it (`next`) and the third one (`last`). Packets vanish without a word, in one direction or in both. Never do two
 * regions run a service at once; where the active region stops, another one goes on, unless the hub has to suspect itself.
 */

const CENTRAL: SampleRegion = { name: 'us-central', zones: ['us-central-a', 'us-central-b'] };
const REGIONS = [EAST, WEST, CENTRAL];

/** As short as two busy cores allow: `wait` is (5 + 2 + 3) x 1.2 = 12 s. */
const TIMINGS = {
  heartbeatSeconds: 1,
  leaseSeconds: 5,
  takeoverSeconds: 2,
  stopBudgetSeconds: 3,
  clockRateErrorPercent: 20,
};
const WAIT_MS = 12_000;
/** By then everything has happened that a partition brings about. */
const OVER_BEATS = Math.ceil(WAIT_MS / 1000) + 3;

type Site = 'hub' | 'active' | 'next' | 'last';
/** The path on which the first site reaches the API server of the second one. */
type Cut = readonly [from: Site, to: Site, lost?: Direction];
const between = (x: Site, y: Site): Cut[] => [
  [x, y],
  [y, x],
];

interface Partition {
  readonly name: string;
  readonly cuts: readonly Cut[];
  /** `Moves`: another region serves. `Stays`: nothing changes. `Stops`: nobody serves until it is over. */
  readonly comes: 'Moves' | 'Stays' | 'Stops';
  /** How many regions are lost to a hub that is well: they follow the active one no more until they are back. */
  readonly leftOut?: number;
}

const PARTITIONS: readonly Partition[] = [
  { name: 'the hub reaches the active region no more', cuts: [['hub', 'active']], comes: 'Stays' },
  { name: 'answers of the active region are lost', cuts: [['hub', 'active', 'from']], comes: 'Stays' },
  {
    name: 'the active region can be reached by the last one only',
    cuts: [['hub', 'active'], ...between('active', 'next')],
    comes: 'Moves',
  },
  {
    name: 'the active region is alone',
    cuts: [['hub', 'active'], ...between('active', 'next'), ...between('active', 'last')],
    comes: 'Moves',
  },
  {
    name: 'the active region is not reached, and reaches nobody',
    cuts: [
      ['hub', 'active'],
      ['active', 'next'],
      ['active', 'last'],
    ],
    comes: 'Moves',
  },
  {
    name: 'nobody sees the active region ask',
    cuts: [
      ['hub', 'active', 'to'],
      ['next', 'active', 'from'],
      ['last', 'active', 'from'],
    ],
    comes: 'Moves',
  },
  {
    name: 'the hub reaches no region',
    cuts: [
      ['hub', 'active'],
      ['hub', 'next'],
      ['hub', 'last'],
    ],
    comes: 'Stays',
  },
  {
    name: 'the hub reaches no region, nor the active one its successor',
    cuts: [['hub', 'active'], ['hub', 'next'], ['hub', 'last'], ...between('active', 'next')],
    comes: 'Stops',
  },
  { name: 'the hub and the successor are apart', cuts: [['hub', 'next']], comes: 'Stays' },
  {
    name: 'the successor is alone',
    cuts: [['hub', 'next'], ...between('next', 'active'), ...between('next', 'last')],
    comes: 'Stays',
    leftOut: 1,
  },
  {
    name: 'two and two, the active region with the hub',
    cuts: [['hub', 'next'], ['hub', 'last'], ...between('active', 'next'), ...between('active', 'last')],
    comes: 'Stays',
  },
  {
    name: 'two and two, the active region without the hub',
    cuts: [['hub', 'active'], ['hub', 'last'], ...between('active', 'next'), ...between('last', 'next')],
    comes: 'Stops',
  },
];

let world: World;
beforeAll(async () => {
  const secondaryRegions = [WEST.name, CENTRAL.name];
  world = await bootWorld({
    regions: REGIONS,
    // Each partition begins as if it were the first one.
    group: {
      timings: TIMINGS,
      failover: { coolDownSeconds: 0, recoveryThresholdSeconds: 0 },
      switchback: { mode: 'Manual', stableForSeconds: 1, damping: { maxStableForSeconds: 1 } },
    },
    manifests: [MAIL, CAPTURE, tenant('acme', { tier: 'Global', secondaryRegions })],
  });
  await world.settled(2);
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(heal);

function heal(): void {
  for (const link of world?.regions.links ?? []) link.heal();
}

/** Who plays which part now: after a failover the next partition begins where the last one ended. */
async function partsNow(): Promise<Readonly<Record<Site, string>>> {
  const active = activeRegionOf(await world.instance('mail')) ?? '';
  const [next = '', last = ''] = REGIONS.map(({ name }) => name).filter((name) => name !== active);
  return { hub: 'hub', active, next, last };
}

const instances = () => Promise.all(BACKUP_CLASSES.map((name) => world.instance(name)));
const untilLeftOut = (regions: number) =>
  until('the successors', async () =>
    (await instances()).every(({ status }) => (status?.assignment?.leftOut ?? []).length === regions),
  );
const runningIn = async (): Promise<readonly string[]> => {
  const all = (await instances()).flatMap((instance) => world.observer.regionsOf(keyOf(instance)));
  return [...new Set(all)].sort();
};
/** Not `Protected`: that asks for one region that could take over, and here the promises of all of them count. */
const untilAllStandBy = () =>
  until('every other region to stand by', async () => {
    const active = (await instances()).map(activeRegionOf);
    const waiting = BACKUP_CLASSES.flatMap((name, at) =>
      REGIONS.filter((region) => region.name !== active[at]).map((region) => world.order(name, region.name)),
    );
    const orders = await Promise.all(waiting);
    return orders.every(({ spec, status }) => spec.role === 'Standby' && status?.standbyEpoch === spec.epoch);
  });

/** A machine that stands still for seconds can send them to different regions. Each partition begins with one that is active. */
async function untilTogether(): Promise<void> {
  const regions = new Set((await instances()).map(activeRegionOf));
  if (regions.size === 1) return;
  const name = 'together';
  const spec = { type: 'Switchback', iuGroupRef: { name: GROUP }, region: EAST.name, reason: 'services are apart' };
  await world.apply({ apiVersion: API_VERSION, kind: 'RegionSwitch', metadata: { name }, spec });
  await until('all services at home', async () =>
    (await instances()).every((instance) => activeRegionOf(instance) === EAST.name),
  );
  await world.hub.delete(RESOURCES.regionSwitch, { name });
  await world.settled(2);
}

describe('a partition', () => {
  test.each(PARTITIONS)('$name: $comes', async ({ comes, cuts, leftOut = 0 }) => {
    await untilLeftOut(0);
    await untilTogether();
    await untilAllStandBy();
    const parts = await partsNow();
    const epochs = (await instances()).map(epochOf);
    const started = world.observer.startedInAll;
    for (const [from, to, lost = 'both'] of cuts) world.regions.link(parts[from], parts[to]).silence(lost);

    if (comes === 'Moves') {
      await until(
        'another region to serve',
        async () => {
          const running = await runningIn();
          return running.length > 0 && !running.includes(parts.active) && (await areReady(parts.active));
        },
        WAIT_MS + 15_000,
      );
    } else {
      if (comes === 'Stops') await until('the stop', async () => (await runningIn()).length === 0);
      await untilHeartbeats(world, parts.active, OVER_BEATS, 'asked');
      expect(await runningIn()).toEqual(comes === 'Stops' ? [] : [parts.active]);
      await untilLeftOut(leftOut);
    }

    heal();
    await untilLeftOut(0);
    await untilAllStandBy();
    await world.settled(2);
    if (comes !== 'Moves') {
      // Whoever leaves, and follows again: two epochs with the same active region.
      expect((await instances()).map(epochOf)).toEqual(epochs.map((epoch) => epoch + 2 * leftOut));
      expect(await runningIn()).toEqual([parts.active]);
    }
    if (comes === 'Stays') expect(world.observer.startedInAll).toBe(started);
    expect(world.observer.overlaps).toEqual([]);
  });
});

/** Each where it is assigned to, and not where it was. */
const areReady = async (before: string): Promise<boolean> => {
  const assigned = (await instances()).map(activeRegionOf);
  if (assigned.includes(before)) return false;
  const orders = await Promise.all(BACKUP_CLASSES.map((name, at) => world.order(name, assigned[at] ?? '')));
  return orders.every(({ status }) => status?.phase === 'Active');
};

describe('a region that holds on without the hub', () => {
  test('runs on, and nothing is promoted', async () => {
    await untilTogether();
    await untilAllStandBy();
    const { active } = await partsNow();
    await world.hub.mergePatch(RESOURCES.iuGroup, { name: GROUP }, { spec: { failover: { onHubLoss: 'Hold' } } });
    await until('the policy to reach the region', async () => {
      const order = await world.order('mail', active);
      return order.spec.onHubLoss === 'Hold' && order.status?.grantedEpoch === order.spec.epoch;
    });
    await untilAllStandBy();
    const epochs = (await instances()).map(epochOf);
    const started = world.observer.startedInAll;
    for (const link of world.regions.links) if (link.from === active || link.to === active) link.silence();
    await until('the hold', async () =>
      (await instances()).every((instance) => conditionOf(instance, 'Held')?.reason === 'HubLossPolicyHolds'),
    );
    await untilHeartbeats(world, active, OVER_BEATS, 'asked');
    expect(await runningIn()).toEqual([active]);
    expect(world.observer.startedInAll).toBe(started);
    expect((await instances()).map(epochOf)).toEqual(epochs);

    heal();
    await world.settled(2);
    expect(world.observer.startedInAll).toBe(started);
    expect(world.observer.overlaps).toEqual([]);
  });
});
