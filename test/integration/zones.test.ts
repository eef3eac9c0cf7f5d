import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { API_VERSION } from '../../src/api/common.ts';
import { LABELS } from '../../src/api/labels.ts';
import type { RegionSwitch } from '../../src/api/region-switch.ts';
import type { RegionalService } from '../../src/api/regional-service.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import { NODE, POD, type Pod, SERVICE } from '../../src/kube/kinds.ts';
import { component, EAST, GROUP, serviceClass, tenant } from './support/samples.ts';
import { bootWorld, conditionOf, until, type World } from './support/world.ts';

/** One region alone: a zone of it is lost and comes back. */

const CLASSES = [
  serviceClass('pairs', {}, [component('store', { pattern: 'A-B' })]),
  serviceClass('pool', {}, [component('web', { pattern: 'N+1', minInstances: 3 })]),
  serviceClass('spread', {}, [component('job', { pattern: 'N+1', survives: 'Instance' })]),
];
const NAMES = ['pairs', 'pool', 'spread'];
const [LOST = '', LEFT = ''] = EAST.zones;

let world: World;
beforeAll(async () => {
  const home = tenant('acme', { tier: 'Advanced', secondaryRegions: [] });
  world = await bootWorld({ regions: [EAST], manifests: [...CLASSES, home] });
  await world.settled(NAMES.length);
});
afterAll(() => world?.[Symbol.asyncDispose]());

const order = (name: string): Promise<RegionalService> => world.order(name, EAST.name);
const redundancyOf = async (name: string) => conditionOf(await order(name), 'RedundancyMet');
const componentOf = async (name: string) => (await order(name)).status?.components?.[0];
const hasRedundancy = async (status: 'True' | 'False', names: readonly string[]): Promise<boolean> => {
  const conditions = await Promise.all(names.map(redundancyOf));
  return conditions.every((condition) => condition?.status === status);
};
const inRegion = (serviceName: string) => ({ labelSelector: `${LABELS.service}=${serviceName}-${EAST.name}` });

/** Pods of a service that are not on their way out, by zone. */
async function zonesOf(name: string): Promise<readonly string[]> {
  const { items } = await world.region(EAST.name).list(POD, inRegion(name));
  return items
    .filter(({ metadata }) => !metadata.deletionTimestamp)
    .map(zoneOf)
    .sort();
}
const zoneOf = ({ spec }: Pod): string => EAST.zones.find((zone) => spec?.nodeName?.startsWith(`${zone}-`)) ?? '';

async function selectedSlot(): Promise<string | undefined> {
  const { items } = await world.region(EAST.name).list(SERVICE, inRegion('pairs'));
  return items[0]?.spec?.selector?.[LABELS.slot];
}

describe('a region of two zones', () => {
  test('spreads every service over both', async () => {
    expect(await hasRedundancy('True', NAMES)).toBe(true);
    expect(await zonesOf('pairs')).toEqual([LOST, LEFT]);
    expect(await zonesOf('pool')).toEqual([LOST, LOST, LOST, LEFT, LEFT, LEFT]);
    expect(await zonesOf('spread')).toEqual([LOST, LEFT]);
  });

  test('goes on without one of them', async () => {
    const zones = await slotZones();
    // The zone in which the selected slot stands.
    const lost = zones.get((await selectedSlot()) ?? '') ?? '';
    const before = await selectedSlot();
    await world.regions.region(EAST.name).zone(lost).lose();
    await until('the other slot', async () => (await selectedSlot()) !== before);
    expect(zones.get((await selectedSlot()) ?? '')).not.toBe(lost);

    await until('a report', () => hasRedundancy('False', NAMES));
    expect((await componentOf('pool'))?.ready).toBe(3);
    expect(await redundancyOf('pool')).toMatchObject({
      reason: 'InstancesMissing',
      message: 'web: instances ready: 3, at least 4 must be',
    });
    expect(await redundancyOf('pairs')).toMatchObject({ reason: 'SpreadViolated' });
    for (const name of NAMES) expect((await order(name)).status?.phase).toBe('Active');
    await crowd(lost);
    await world.regions.region(EAST.name).zone(lost).restore();
  });

  test('repairs the spread when it is back, one eviction at a time', async () => {
    expect(await zonesOf('spread')).toHaveLength(2);
    await until('the spread', async () => (await zonesOf('spread')).join() === EAST.zones.join(), 60_000);
    await until('redundancy', () => hasRedundancy('True', NAMES));
    await world.settled(NAMES.length);
  });
});

describe('a drill of a zone', () => {
  const NAME = 'rehearse';
  const read = (): Promise<RegionSwitch> => world.hub.read(RESOURCES.regionSwitch, { name: NAME });
  const epochs = async (): Promise<(number | undefined)[]> =>
    (await Promise.all(NAMES.map(order))).map(({ spec }) => spec.epoch);

  test('empties it without a word to any node, while the rest serves', async () => {
    const zone = (await slotZones()).get((await selectedSlot()) ?? '') ?? '';
    const before = await epochs();
    await world.apply({
      apiVersion: API_VERSION,
      kind: 'RegionSwitch',
      metadata: { name: NAME },
      spec: {
        iuGroupRef: { name: GROUP },
        type: 'Drill',
        region: EAST.name,
        reason: 'a rehearsal',
        drill: { kind: 'Zone', zone, staySeconds: 10, abortAfterSeconds: 120, objectiveSeconds: 60 },
      },
    });
    await until('the stay', async () => (await read()).status?.drill?.phase === 'Staying', 120_000);
    for (const name of NAMES) {
      expect(await zonesOf(name)).not.toContain(zone);
      expect(await redundancyOf(name)).toMatchObject({ status: 'False', reason: 'ZoneDrill' });
      expect((await order(name)).status?.phase).toBe('Active');
    }
    expect((await slotZones()).get((await selectedSlot()) ?? '')).not.toBe(zone);
    const nodes = await world.region(EAST.name).list(NODE);
    expect(nodes.items.every(({ spec }) => spec?.unschedulable !== true)).toBe(true);

    await until('the end', async () => (await read()).status?.endTime !== undefined, 120_000);
    expect((await read()).status?.drill).toMatchObject({ result: 'Passed' });
    expect((await read()).status?.emptied).toHaveLength(NAMES.length);
    expect(await zonesOf('pairs')).toEqual([LOST, LEFT]);
    expect(await zonesOf('pool')).toEqual([LOST, LOST, LOST, LEFT, LEFT, LEFT]);
    expect(await epochs()).toEqual(before);
    await until('redundancy', () => hasRedundancy('True', NAMES));
  });
});

/** Zone of each slot of the pair. */
async function slotZones(): Promise<ReadonlyMap<string, string>> {
  const { items } = await world.region(EAST.name).list(POD, inRegion('pairs'));
  return new Map(items.map((pod) => [pod.metadata.labels?.[LABELS.slot] ?? '', zoneOf(pod)]));
}

/** What Kubernetes does half a minute after a node fell silent: instances move into the zone that is left. */
async function crowd(lost: string): Promise<void> {
  const client = world.region(EAST.name);
  const { items } = await client.list(POD, inRegion('spread'));
  for (const pod of items.filter((each) => zoneOf(each) === lost)) {
    const { name, namespace = '' } = pod.metadata;
    await client.delete(POD, { name, namespace });
  }
  await until('one zone to hold all', async () => {
    const zones = await zonesOf('spread');
    return zones.length === 2 && !zones.includes(lost) && (await componentOf('spread'))?.ready === 2;
  });
}
