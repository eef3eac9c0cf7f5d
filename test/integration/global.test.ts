import { afterAll, beforeAll, expect, test } from 'vitest';
import { loseRegion, restoreRegion } from '../../hack/operator/operator.ts';
import { keyOf } from '../../src/kube/object.ts';
import {
  BACKUP_CLASSES,
  CATALOGUE,
  component,
  EAST,
  FAST_WAIT_MS,
  type SampleRegion,
  serviceClass,
  tenant,
  WEST,
} from './support/samples.ts';
import { activeRegionOf, bootWorld, until, untilFenced, type World } from './support/world.ts';

/** A group of five regions in three geographies, with a tenant of tier Global: the bounds are those of two regions. */

const zonesOf = (name: string): SampleRegion['zones'] => [`${name}-a`, `${name}-b`];
const DE: SampleRegion = { name: 'de', zones: zonesOf('de'), country: 'DE', geography: 'EMEA' };
const SG: SampleRegion = { name: 'sg', zones: zonesOf('sg'), country: 'SG', geography: 'APAC' };
const AU: SampleRegion = { name: 'au', zones: zonesOf('au'), country: 'AU', geography: 'APAC' };
const REGIONS = [EAST, WEST, DE, SG, AU];
const ELSEWHERE = REGIONS.slice(1).map(({ name }) => name);

/** Digital work of tenants of tier Global is in one region for the whole group, wherever they are at home. */
const CHAT = {
  ...serviceClass('chat', { mode: 'None' }, [component('bot', { pattern: 'A-A' })]),
};
const DIGITAL = { ...CHAT, spec: { ...(CHAT.spec as object), placement: 'DigitalRegion' } };
/** As with two regions, and what twelve more processes take from two cores. */
const START_MS = 14_000;
const BOOT_MS = 180_000;

let world: World;
beforeAll(async () => {
  world = await bootWorld({
    regions: REGIONS,
    // A machine that is late with six control planes is no lost region.
    group: { digitalRegion: DE.name, failover: { failureThresholdSeconds: 6 }, switchback: { stableForSeconds: 5 } },
    manifests: [...CATALOGUE, DIGITAL, tenant('planet', { tier: 'Global', secondaryRegions: ELSEWHERE })],
  });
  await world.settled(5, BOOT_MS);
}, 2 * BOOT_MS);
afterAll(() => world?.[Symbol.asyncDispose]());

const shares = async (): Promise<Readonly<Record<string, number>>> =>
  Object.fromEntries(
    ((await world.instance('voice')).status?.weights ?? []).map(({ region, weight }) => [region, weight]),
  );

test('a service that serves everywhere leads callers within their geography only', async () => {
  await until('shares', async () => (await shares())[WEST.name] === 50);
  expect(await shares()).toEqual({ [EAST.name]: 50, [WEST.name]: 50, de: 0, sg: 0, au: 0 });
  expect(world.observer.regionsOf(keyOf(await world.instance('voice')))).toEqual(REGIONS.map(({ name }) => name));
});

test('digital work stands in the one region that the group names', async () => {
  const chat = await world.instance('chat');
  expect([activeRegionOf(chat), world.observer.regionsOf(keyOf(chat))]).toEqual([DE.name, [DE.name]]);
});

test('four regions stand by for each active/backup service', async () => {
  for (const name of BACKUP_CLASSES) {
    const { status } = await world.instance(name);
    expect(status?.assignment).toMatchObject({ epoch: 1, activeRegion: EAST.name });
    expect(status?.assignment?.successors.toSorted()).toEqual(ELSEWHERE.toSorted());
    for (const region of ELSEWHERE) expect((await world.order(name, region)).status?.standbyEpoch).toBe(1);
  }
});

/** At whatever epoch: that a lost region is left out of the successors has one of its own, soon after the move. */
async function areActiveIn(region: string): Promise<boolean> {
  const actives = BACKUP_CLASSES.map(async (name) => {
    if (activeRegionOf(await world.instance(name)) !== region) return false;
    return (await world.order(name, region)).status?.phase === 'Active';
  });
  return (await Promise.all(actives)).every(Boolean);
}

test('a lost region is replaced by the next of its geography after the wait, not before', async () => {
  const lostAt = performance.now();
  await loseRegion(world.regions, world.operator, EAST.name, 'kill');
  await until('promotion', () => areActiveIn(WEST.name), FAST_WAIT_MS + START_MS);
  expect(performance.now() - lostAt).toBeGreaterThan(FAST_WAIT_MS - 1000);
  for (const name of BACKUP_CLASSES)
    expect(world.observer.regionsOf(keyOf(await world.instance(name)))).toEqual([WEST.name]);
  await until('shares', async () => (await shares())[EAST.name] === 0);
  expect(await shares()).toEqual({ [EAST.name]: 0, [WEST.name]: 100, de: 0, sg: 0, au: 0 });
});

test('a second one that is lost leads callers to another geography, because none of theirs is left', async () => {
  await loseRegion(world.regions, world.operator, WEST.name, 'kill');
  await until('shares', async () => (await shares())[WEST.name] === 0, FAST_WAIT_MS + START_MS);
  const { [EAST.name]: east, [WEST.name]: west, ...others } = await shares();
  expect([east, west]).toEqual([0, 0]);
  expect(Object.values(others).reduce((sum, weight) => sum + weight, 0)).toBeGreaterThanOrEqual(99);
  expect(Object.values(others).every((weight) => weight > 0)).toBe(true);
});

test(
  'all go home when both are back',
  async () => {
    await restoreRegion(world.regions, world.operator, WEST.name, () => untilFenced(world, WEST.name));
    await restoreRegion(world.regions, world.operator, EAST.name, () => untilFenced(world, EAST.name));
    await until('the way home', () => areActiveIn(EAST.name), BOOT_MS);
    await world.settled(5, BOOT_MS);
    await until('shares', async () => (await shares())[EAST.name] === 50, BOOT_MS);
    expect(await shares()).toEqual({ [EAST.name]: 50, [WEST.name]: 50, de: 0, sg: 0, au: 0 });
    expect(world.observer.overlaps).toEqual([]);
  },
  2 * BOOT_MS,
);
