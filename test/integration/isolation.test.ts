import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RESOURCES } from '../../src/api/resources.ts';
import { keyOf } from '../../src/kube/object.ts';
import { BACKUP_CLASSES, EAST, FAST_TIMINGS, FAST_WAIT_MS, GROUP, WEST } from './support/samples.ts';
import { bootWorld, conditionOf, epochOf, isActiveIn, until, untilHeartbeats, type World } from './support/world.ts';

/** The hub and a region cannot talk to each other, while the region and its pods are well. */

let world: World;
beforeAll(async () => {
  // Nothing goes home here: each test moves the services to the other region.
  world = await bootWorld({ group: { failover: { coolDownSeconds: 0 } } });
  await world.settled(4);
});
afterAll(() => world?.[Symbol.asyncDispose]());

const link = (region: string) => world.regions.link('hub', region);
const keys = () => Promise.all(BACKUP_CLASSES.map(async (name) => keyOf(await world.instance(name))));
const areHeld = async (reason: string): Promise<boolean> => {
  const instances = await Promise.all(BACKUP_CLASSES.map((name) => world.instance(name)));
  return instances.every((instance) => conditionOf(instance, 'Held')?.reason === reason);
};
const areProtected = async (): Promise<boolean> => {
  const instances = await Promise.all(BACKUP_CLASSES.map((name) => world.instance(name)));
  return instances.every((instance) => conditionOf(instance, 'Protected')?.status === 'True');
};
/** For want of a right, or by order: when only answers are lost, the order to stand by arrives. */
const isFenced = async (region: string): Promise<boolean> => {
  const orders = await Promise.all(BACKUP_CLASSES.map((name) => world.order(name, region)));
  return orders.every(({ status }) => status?.phase === 'Fenced' || status?.phase === 'Standby');
};
/** Moves only through its services: the epoch is that of both. */
const epoch = async (): Promise<number> => {
  const [one, ...others] = (await Promise.all(BACKUP_CLASSES.map((name) => world.instance(name)))).map(epochOf);
  expect(others.every((other) => other === one)).toBe(true);
  return one ?? 0;
};

describe('a region that the hub cannot reach', () => {
  test.each([
    { lost: 'requests', direction: 'to', from: EAST.name, to: WEST.name },
    { lost: 'answers', direction: 'from', from: WEST.name, to: EAST.name },
  ] as const)('stops its services by itself, then the other one starts them ($lost lost)', async (cut) => {
    const before = await epoch();
    link(cut.from).silence(cut.direction);
    await until(`${cut.from} to fence itself`, () => isFenced(cut.from));
    for (const key of await keys()) expect(world.observer.regionsOf(key)).toEqual([]);
    await until('promotion', () => isActiveIn(world, cut.to, before + 1), FAST_WAIT_MS + 15_000);

    // What was under way arrives now, late: rights among it, which have ended long ago.
    link(cut.from).heal();
    await until('protection', areProtected);
    for (const key of await keys()) expect(world.observer.regionsOf(key)).toEqual([cut.to]);
    expect(await epoch()).toBe(before + 1);
    expect(world.observer.overlaps).toEqual([]);
  });
});

describe('a hub that reaches no region', () => {
  test('suspects itself and moves nothing; with the promises of its peers every service runs on', async () => {
    await until('protection', areProtected);
    const before = await epoch();
    const pods = world.observer.startedInAll;
    for (const { name } of world.regions.regions) link(name).silence();
    await until('the hold', () => areHeld('HubIsolated'));
    // Longer than any right lasts, and than any wait.
    await untilHeartbeats(world, EAST.name, FAST_WAIT_MS / 1000 + 3, 'asked');
    for (const key of await keys()) expect(world.observer.regionsOf(key)).toEqual([EAST.name]);
    for (const { name } of world.regions.regions) link(name).heal();
    await world.settled(4);
    expect(await epoch()).toBe(before);
    expect(world.observer.startedInAll).toBe(pods);
    expect(world.observer.overlaps).toEqual([]);
  });
});

describe('a region that reaches neither the hub nor its peer', () => {
  test('stops its services in time', async () => {
    await until('protection', areProtected);
    const before = await epoch();
    for (const { name } of world.regions.regions) link(name).silence();
    world.regions.link(EAST.name, WEST.name).silence();
    await until(`${EAST.name} to fence itself`, () => isFenced(EAST.name), FAST_TIMINGS.leaseSeconds * 1000 + 10_000);
    for (const key of await keys()) expect(world.observer.regionsOf(key)).toEqual([]);
    world.regions.link(EAST.name, WEST.name).heal();
    for (const { name } of world.regions.regions) link(name).heal();
    await until('service', () => isActiveIn(world, EAST.name, before));
    expect(await epoch()).toBe(before);
    expect(world.observer.overlaps).toEqual([]);
  });
});

describe('a region that holds on without the hub', () => {
  test('runs on, and nothing is promoted', async () => {
    await until('protection', areProtected);
    await world.hub.mergePatch(RESOURCES.iuGroup, { name: GROUP }, { spec: { failover: { onHubLoss: 'Hold' } } });
    await until('the policy to reach the region', async () => {
      const order = await world.order('mail', EAST.name);
      return order.spec.onHubLoss === 'Hold' && order.status?.grantedEpoch === order.spec.epoch;
    });
    const before = await epoch();
    const pods = world.observer.startedInAll;
    link(EAST.name).silence();
    await until('the hold', () => areHeld('HubLossPolicyHolds'));
    // Longer than any right lasts, and than any wait.
    await untilHeartbeats(world, EAST.name, FAST_WAIT_MS / 1000 + 3, 'asked');
    for (const key of await keys()) expect(world.observer.regionsOf(key)).toEqual([EAST.name]);
    expect(world.observer.startedInAll).toBe(pods);
    expect(await epoch()).toBe(before);

    link(EAST.name).heal();
    await world.settled(4);
    expect(world.observer.startedInAll).toBe(pods);
    expect(world.observer.overlaps).toEqual([]);
  });
});
