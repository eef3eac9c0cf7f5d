import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loseRegion, restoreRegion } from '../../hack/operator/operator.ts';
import { API_VERSION } from '../../src/api/common.ts';
import type { RegionSwitch, RegionSwitchSpec } from '../../src/api/region-switch.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import { ifPresent } from '../../src/kube/errors.ts';
import { keyOf } from '../../src/kube/object.ts';
import { BACKUP_CLASSES, EAST, FAST_WAIT_MS, GROUP, WEST } from './support/samples.ts';
import { bootWorld, conditionOf, epochOf, isActiveIn, until, untilFenced, type World } from './support/world.ts';

/** What persons ask for with a RegionSwitch, from `kubectl apply` to pods that run elsewhere. */

/** A planned switch waits for confirmations only: no right has to run out. */
const PLANNED_MS = 20_000;

let world: World;
beforeAll(async () => {
  world = await bootWorld({ group: { failover: { coolDownSeconds: 0 } } });
  await world.settled(4);
});
afterAll(() => world?.[Symbol.asyncDispose]());

const ask = (name: string, spec: Partial<RegionSwitchSpec>): Promise<void> =>
  world.apply({
    apiVersion: API_VERSION,
    kind: 'RegionSwitch',
    metadata: { name },
    spec: { iuGroupRef: { name: GROUP }, reason: 'a test', ...spec },
  });
const read = (name: string): Promise<RegionSwitch> => world.hub.read(RESOURCES.regionSwitch, { name });
const remove = (name: string) => ifPresent(world.hub.delete(RESOURCES.regionSwitch, { name }));
const hasEnded = async (name: string): Promise<boolean> => (await read(name)).status?.endTime !== undefined;
const keys = () => Promise.all(BACKUP_CLASSES.map(async (name) => keyOf(await world.instance(name))));
const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString();

describe('a dry run', () => {
  test('says what would move, and moves nothing', async () => {
    await ask('rehearsal', { type: 'Evacuate', region: EAST.name, dryRun: true });
    await until('the plan', async () => (await read('rehearsal')).status?.plan?.moves === BACKUP_CLASSES.length);
    const { plan } = (await read('rehearsal')).status ?? {};
    const moves = plan?.services.filter(({ verdict }) => verdict === 'Moves');
    expect(moves?.map(({ name }) => name).sort()).toEqual((await keys()).sort());
    expect(new Set(moves?.map(({ to }) => to))).toEqual(new Set([WEST.name]));
    expect(await isActiveIn(world, EAST.name, 1)).toBe(true);
  });
});

describe('an evacuation', () => {
  test('moves what is active, waiting for confirmations and for no right to end', async () => {
    const startMs = performance.now();
    // The end also waits for the traffic to be led away, so that is quick here.
    const drain = { stepPercent: 50, everySeconds: 2, deadlineSeconds: 10 };
    await ask('maintenance', { type: 'Evacuate', region: EAST.name, drain });
    await until('the other region to serve', () => isActiveIn(world, WEST.name, 2), PLANNED_MS);
    expect(performance.now() - startMs).toBeLessThan(FAST_WAIT_MS);
    await until('the end', () => hasEnded('maintenance'));
    const { conditions, drain: drained, services } = (await read('maintenance')).status ?? {};
    expect(drained).toMatchObject({ sharePercent: 0, onlyHere: 0 });
    expect(services?.map(({ to }) => to)).toEqual(BACKUP_CLASSES.map(() => WEST.name));
    for (const type of ['SwitchedOver', 'CleanedUp', 'Protected'] as const) {
      expect(conditionOf({ status: { conditions } }, type)?.status).toBe('True');
    }
  });

  test('keeps its region empty until it is deleted, and a person brings everything home', async () => {
    await ask('too-early', { type: 'Switchback', region: EAST.name });
    await until('the hold', async () => {
      const { plan } = (await read('too-early')).status ?? {};
      return (
        plan?.services.length === BACKUP_CLASSES.length && plan.services.every(({ reason }) => reason === 'Evacuated')
      );
    });
    await remove('maintenance');
    await until('home', () => isActiveIn(world, EAST.name, 3), PLANNED_MS);
    await until('the end', () => hasEnded('too-early'));
  });
});

describe('a freeze', () => {
  test('holds the failover of a region that is lost, and lets it go when it is aborted', async () => {
    await ask('black-friday', { type: 'Freeze', expiresAt: inAnHour() });
    await until('the freeze to be seen', async () => conditionOf(await read('black-friday'), 'Ready') !== undefined);
    await loseRegion(world.regions, world.operator, EAST.name);
    await until('the hold', async () => {
      const instances = await Promise.all(BACKUP_CLASSES.map((name) => world.instance(name)));
      return instances.every((instance) => conditionOf(instance, 'Held')?.reason === 'Frozen');
    });
    for (const name of BACKUP_CLASSES) expect(epochOf(await world.instance(name))).toBe(3);

    await world.hub.mergePatch(RESOURCES.regionSwitch, { name: 'black-friday' }, { spec: { abort: true } });
    await until('promotion', () => isActiveIn(world, WEST.name, 4), FAST_WAIT_MS + 10_000);
    await restoreRegion(world.regions, world.operator, EAST.name, () => untilFenced(world, EAST.name));
  });
});

describe('a RegionSwitch', () => {
  test('cannot be changed into another one', async () => {
    const change = world.hub.mergePatch(
      RESOURCES.regionSwitch,
      { name: 'rehearsal' },
      { spec: { dryRun: false, region: WEST.name } },
    );
    await expect(change).rejects.toThrow(/only abort, undo, pause and approvals can be changed/);
  });
});

test('no service ever ran in two regions at once', () => {
  expect(world.observer.overlaps).toEqual([]);
});
