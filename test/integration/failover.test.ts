import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loseRegion, restoreRegion } from '../../hack/operator/operator.ts';
import { keyOf } from '../../src/kube/object.ts';
import { BACKUP_CLASSES, EAST, FAST_WAIT_MS, WEST } from './support/samples.ts';
import {
  activeRegionOf,
  bootWorld,
  conditionOf,
  epochOf,
  isActiveIn,
  until,
  untilFenced,
  type World,
} from './support/world.ts';

/** The main job: a region is lost, its active/backup services go to the other one, and home again when it is back. */

/** Time to start and to see it, beside the wait that the protocol asks for; generous for a busy machine. */
const START_MS = 8000;

let world: World;
beforeAll(async () => {
  world = await bootWorld({ group: { switchback: { stableForSeconds: 3 } } });
  await world.settled(4);
});
afterAll(() => world?.[Symbol.asyncDispose]());

/** Loses `us-east` and waits until `us-west` is active. @returns after how many milliseconds */
async function timeOfFailover(how: 'kill' | 'hang', epoch: number): Promise<number> {
  const lostAt = performance.now();
  await loseRegion(world.regions, world.operator, EAST.name, how);
  await until('promotion', () => isActiveIn(world, WEST.name, epoch), FAST_WAIT_MS + START_MS);
  return performance.now() - lostAt;
}

describe('a region that is lost', () => {
  test('had its services at home, with the other region standing by', async () => {
    for (const name of BACKUP_CLASSES) {
      const instance = await world.instance(name);
      expect(activeRegionOf(instance)).toBe(EAST.name);
      expect(epochOf(instance)).toBe(1);
      expect(world.observer.regionsOf(keyOf(instance))).toEqual([EAST.name]);
      expect((await world.order(name, WEST.name)).status?.standbyEpoch).toBe(1);
    }
    expect((await world.instance('voice')).status?.weights?.map(({ weight }) => weight)).toEqual([50, 50]);
  });

  test('is replaced by the other one after the wait, not before', async () => {
    // The last acknowledgement was sent up to one heartbeat before the region was lost.
    expect(await timeOfFailover('kill', 2)).toBeGreaterThan(FAST_WAIT_MS - 1000);
    for (const name of BACKUP_CLASSES) {
      const instance = await world.instance(name);
      expect(activeRegionOf(instance)).toBe(WEST.name);
      expect(world.observer.regionsOf(keyOf(instance))).toEqual([WEST.name]);
    }
    await until('no traffic to the lost region', async () => {
      const { status } = await world.instance('voice');
      return status?.weights?.find(({ region }) => region === EAST.name)?.weight === 0;
    });
  });

  test('is recorded as a switch that waits for protection', async () => {
    await until('the record', async () => {
      const [failover] = await world.switches();
      return failover !== undefined && conditionOf(failover, 'SwitchedOver')?.status === 'True';
    });
    const [failover] = await world.switches();
    expect(failover?.spec).toMatchObject({ type: 'Failover', region: EAST.name, trigger: 'Automatic' });
    expect(failover?.status?.servicesTotal).toBe(BACKUP_CLASSES.length);
    for (const { epoch, from, recoveryMilliseconds = 0, to } of failover?.status?.services ?? []) {
      expect({ epoch, from, to }).toEqual({ epoch: 2, from: EAST.name, to: WEST.name });
      expect(recoveryMilliseconds).toBeGreaterThan(FAST_WAIT_MS - 1000);
      expect(recoveryMilliseconds).toBeLessThan(FAST_WAIT_MS + START_MS);
    }
    const states = new Map(failover?.status?.steps?.map(({ name, state }) => [name, state]));
    expect(states.get('Promote')).toBe('Done');
    expect(states.get('Verify')).toBe('Done');
    expect(states.get('Protect')).toBe('Running');
    expect(failover && conditionOf(failover, 'CleanedUp')?.status).toBe('False');
    expect(failover?.status?.endTime).toBeUndefined();
  });

  test('stands by when it is back, and everything goes home after the stable time', async () => {
    await restoreRegion(world.regions, world.operator, EAST.name, () => untilFenced(world, EAST.name));
    await until('confirmed standby', async () => {
      for (const name of BACKUP_CLASSES) {
        if (((await world.order(name, EAST.name)).status?.standbyEpoch ?? 0) < 2) return false;
      }
      return true;
    });
    await until('the switchback', () => isActiveIn(world, EAST.name, 3), 60_000);
    await world.settled(4);
    for (const name of BACKUP_CLASSES) {
      const instance = await world.instance(name);
      expect(activeRegionOf(instance)).toBe(EAST.name);
      expect(epochOf(instance)).toBe(3);
      expect(world.observer.regionsOf(keyOf(instance))).toEqual([EAST.name]);
    }
    const { status } = await world.instance('voice');
    expect(status?.weights?.map(({ weight }) => weight)).toEqual([50, 50]);
  });

  test('leaves two records that have ended', async () => {
    await until('both ends', async () => {
      const switches = await world.switches();
      return switches.length === 2 && switches.every(({ status }) => status?.endTime !== undefined);
    });
    const switches = await world.switches();
    expect(switches.map(({ spec }) => spec.type).sort()).toEqual(['Failover', 'Switchback']);
    for (const each of switches) {
      for (const type of ['SwitchedOver', 'CleanedUp', 'Protected'] as const) {
        expect(conditionOf(each, type)).toMatchObject({ status: 'True' });
      }
      for (const step of each.status?.steps ?? []) expect(step).toMatchObject({ state: 'Done', done: 2, total: 2 });
    }
  });
});

describe('a region that hangs', () => {
  test('is replaced as fast as one that was killed', async () => {
    const tookMs = await timeOfFailover('hang', 4);
    expect(tookMs).toBeGreaterThan(FAST_WAIT_MS - 1000);
    expect(tookMs).toBeLessThan(FAST_WAIT_MS + START_MS);
  });

  test('stands by after a power cycle, and everything goes home', async () => {
    // Nobody can fence nodes that simply wake up with their pods: who brings such a region back cuts its power first.
    await loseRegion(world.regions, world.operator, EAST.name, 'kill');
    await restoreRegion(world.regions, world.operator, EAST.name, () => untilFenced(world, EAST.name));
    await until('the switchback', () => isActiveIn(world, EAST.name, 5), 60_000);
  });
});

test('no service ever ran in two regions at once', () => {
  expect(world.observer.overlaps).toEqual([]);
});
