import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loseRegion } from '../../hack/operator/operator.ts';
import { API_VERSION, SYSTEM_NAMESPACE } from '../../src/api/common.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import { ifPresent } from '../../src/kube/errors.ts';
import { LEASE } from '../../src/kube/kinds.ts';
import type { KubeObject, Resource } from '../../src/kube/object.ts';
import { BACKUP_CLASSES, CATALOGUE, EAST, GROUP, iuGroup, tenant, WEST } from './support/samples.ts';
import { activeRegionOf, bootWorld, conditionOf, epochOf, isActiveIn, until, type World } from './support/world.ts';

/** The hub loses all that it has, and is made anew from the manifests: it goes on where the regions are. */

const REGIONS = [EAST.name, WEST.name];
const INSTANCES = 4;
const TENANTS = ['acme', 'beta'].map((name) => tenant(name));

let world: World;
beforeAll(async () => {
  world = await bootWorld({ manifests: [...CATALOGUE, ...TENANTS], hubs: 2 });
});
afterAll(() => world?.[Symbol.asyncDispose]());

/** Everything that was ever said to a region but its lease: it changes with every write of a spec. */
async function orders(): Promise<readonly string[]> {
  const lists = await Promise.all(
    REGIONS.map(async (region) => {
      const { items } = await world.region(region).list(RESOURCES.regionalService);
      const { items: shards } = await world.region(region).list(RESOURCES.tenantDirectory);
      const ordered = items.map(
        ({ metadata, spec }) => `${metadata.uid} ${metadata.generation} ${spec.role} ${spec.epoch}`,
      );
      return [
        ...ordered,
        ...shards.flatMap(({ metadata, spec }) => [`${metadata.generation}`, ...spec.tenants.map(({ name }) => name)]),
      ];
    }),
  );
  return lists.flat().sort();
}

const markIn = async (name: string) => (await world.region(name).read(RESOURCES.regionLease, { name })).spec.hub;

const inherited = async () => conditionOf(await world.hub.read(RESOURCES.iuGroup, { name: GROUP }), 'Inherited');

/** What an etcd takes along when it is lost: all objects of ours, and the election. */
async function emptyHub(): Promise<void> {
  const kinds = [
    RESOURCES.regionSwitch,
    RESOURCES.serviceInstance,
    RESOURCES.tenant,
    RESOURCES.serviceClass,
    RESOURCES.iuGroup,
  ];
  for (const resource of kinds as readonly Resource<KubeObject>[]) {
    for (const { metadata } of (await world.hub.list(resource)).items) {
      const { name, namespace } = metadata;
      const where = namespace === undefined ? { name } : { name, namespace };
      if (metadata.finalizers) await world.hub.mergePatch(resource, where, { metadata: { finalizers: null } });
      await ifPresent(world.hub.delete(resource, where));
    }
  }
  await world.hub.delete(LEASE, { namespace: SYSTEM_NAMESPACE, name: 'switchback-hub' });
}

async function expectActive(region: string, epoch: number): Promise<void> {
  for (const name of BACKUP_CLASSES) {
    const instance = await world.instance(name);
    expect({ region: activeRegionOf(instance), epoch: epochOf(instance) }).toEqual({ region, epoch });
  }
}

describe('a hub that is lost', () => {
  let before: readonly string[] = [];
  let pods = 0;

  test('has moved its services away from home', async () => {
    await world.settled(INSTANCES);
    const spec = { iuGroupRef: { name: GROUP }, type: 'Evacuate', region: EAST.name, reason: 'power work' };
    await world.apply({ apiVersion: API_VERSION, kind: 'RegionSwitch', metadata: { name: 'away' }, spec });
    await until('the evacuation', () => isActiveIn(world, WEST.name, 2), 60_000);
    await world.settled(INSTANCES);
    await until(
      'the directories',
      async () => (await orders()).filter((line) => line === 'customers/beta').length === 2,
    );
  });

  test('loses everything, and is made anew while a tenant is still missing: no region hears a word', async () => {
    await Promise.all(world.operator.hubs.map((hub) => hub.kill()));
    before = await orders();
    pods = world.observer.startedInAll;
    await emptyHub();
    await world.apply(iuGroup({ regions: [EAST, WEST] }), ...CATALOGUE, ...TENANTS.slice(0, 1));
    for (const hub of world.operator.hubs) hub.start();
    await until('the question for proof', async () => (await inherited())?.reason === 'PredecessorUnproved');
    await until('what is missing', async () => (await inherited())?.reason === 'ManifestsMissing', 90_000);
    expect((await inherited())?.message).toContain('1 tenants (customers/beta)');
    expect(await orders()).toEqual(before);
  });

  test('goes on where the regions are once the rest is applied: nothing has moved, started or stopped', async () => {
    await world.apply(...TENANTS.slice(1));
    await until('the inheritance', async () => (await inherited())?.status === 'True', 60_000);
    await world.settled(INSTANCES);
    await expectActive(WEST.name, 2);
    expect(await orders()).toEqual(before);
    expect(world.observer.startedInAll).toBe(pods);
  });

  test('is told by the regions which hub it was, above whose term it has begun', async () => {
    const { metadata, spec } = await world.hub.read(LEASE, { namespace: SYSTEM_NAMESPACE, name: 'switchback-hub' });
    const answers = await until('the first answer to each region', async () => {
      const marks = await Promise.all(REGIONS.map(markIn));
      return marks.every((mark) => mark?.record?.split('/')[0] === metadata.uid);
    }).then(() => Promise.all(REGIONS.map(markIn)));
    const { holderIdentity, leaseTransitions } = spec ?? {};
    for (const mark of answers) expect(mark).toMatchObject({ term: leaseTransitions, by: holderIdentity });
  });

  test('fails over as ever', async () => {
    await loseRegion(world.regions, world.operator, WEST.name);
    await until('the failover', () => isActiveIn(world, EAST.name, 3), 90_000);
    await expectActive(EAST.name, 3);
    expect(world.observer.overlaps).toEqual([]);
  });
});
