import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nameCredentials, writeCredentials } from '../../hack/operator/operator.ts';
import { SYSTEM_NAMESPACE } from '../../src/api/common.ts';
import type { ConditionType } from '../../src/api/conditions.ts';
import { LABELS } from '../../src/api/labels.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import { DEPLOYMENT, SECRET } from '../../src/kube/kinds.ts';
import { CUSTOMERS, EAST, GROUP, iuGroup, POOL, tenant, WEST } from './support/samples.ts';
import { bootWorld, conditionOf, epochOf, until, type World } from './support/world.ts';

/** What is missing, wrong or out of reach: it is named, nothing is deleted for it, and nobody else waits for it. */

/** In the group, but nothing is known of it: there is neither a cluster nor a Secret. */
const SOUTH = { name: 'us-south', zones: ['us-south-a', 'us-south-b'] };

let world: World;
beforeAll(async () => {
  world = await bootWorld();
  await nameCredentials(world.hub, [EAST.name, WEST.name, SOUTH.name]);
  await world.apply(iuGroup({ regions: [EAST, WEST, SOUTH] }));
  await world.settled(4);
});
afterAll(() => world?.[Symbol.asyncDispose]());

const group = () => world.hub.read(RESOURCES.iuGroup, { name: GROUP });
const regionState = async (region: string) => (await group()).status?.regions?.find((entry) => entry.region === region);
const untilState = (region: string, state: string, reason: string) =>
  until(`${region} to be ${state} (${reason})`, async () => {
    const seen = await regionState(region);
    return seen?.state === state && seen.reason === reason;
  });
const tenantCondition = async (name: string, type: ConditionType) =>
  conditionOf(await world.hub.read(RESOURCES.tenant, { name, namespace: CUSTOMERS }), type);
const untilRefused = (name: string, reason: string) =>
  until(`${name} to be refused`, async () => (await tenantCondition(name, 'Ready'))?.reason === reason);

/** Everything of the operator in a region: `uid`s, so that what was deleted and made anew shows. */
async function contents(region: string): Promise<readonly (string | undefined)[]> {
  const client = world.region(region);
  const orders = await client.list(RESOURCES.regionalService);
  const workloads = await client.list(DEPLOYMENT, { labelSelector: LABELS.service });
  return [...orders.items, ...workloads.items].map(({ metadata }) => metadata.uid).sort();
}

/** How long a new service takes from the tenant to Ready, in a region that is well. */
async function timeOfNewService(name: string): Promise<number> {
  const startMs = performance.now();
  await world.apply(
    tenant(name, { tier: 'Advanced', secondaryRegions: [], isolation: 'Dedicated', services: [POOL.metadata.name] }),
  );
  await until(`${name} to be served`, async () => {
    const { items } = await world.hub.list(RESOURCES.serviceInstance, { namespace: CUSTOMERS });
    const own = items.find(({ metadata }) => metadata.name.includes(name));
    return own !== undefined && conditionOf(own, 'Ready')?.status === 'True';
  });
  return performance.now() - startMs;
}

describe('a tenant', () => {
  test('is told which service class is missing, and has the others', async () => {
    await world.apply(tenant('hopeful', { services: ['mail', 'fax'] }));
    await untilRefused('hopeful', 'ServiceClassNotFound');
    expect((await tenantCondition('hopeful', 'Ready'))?.message).toContain('service class "fax" does not exist');
    const { status } = await world.hub.read(RESOURCES.tenant, { name: 'hopeful', namespace: CUSTOMERS });
    expect(status?.services?.map(({ service }) => service)).toEqual(['mail']);
  });

  test('is told which IU group is missing', async () => {
    await world.apply(tenant('lost', { iuGroupRef: { name: 'atlantis' } }));
    await untilRefused('lost', 'IUGroupNotFound');
    expect((await tenantCondition('lost', 'Ready'))?.message).toContain('IU group "atlantis" does not exist');
  });

  test('is refused where its residency forbids every region', async () => {
    await world.apply(tenant('maple', { residency: { countries: ['CA'] } }));
    await untilRefused('maple', 'ResidencyViolated');
    expect(await tenantCondition('maple', 'ResidencySatisfied')).toMatchObject({ status: 'False' });
    const { status } = await world.hub.read(RESOURCES.tenant, { name: 'maple', namespace: CUSTOMERS });
    expect(status?.services ?? []).toEqual([]);
  });
});

describe('a region', () => {
  test('without credentials is unknown, and the Secret that is missing is named', async () => {
    await untilState(SOUTH.name, 'Unknown', 'CredentialsNotFound');
    const ready = conditionOf(await group(), 'Ready');
    expect(ready).toMatchObject({ status: 'False', reason: 'CredentialsNotFound' });
    expect(ready?.message).toContain(`Secret ${SYSTEM_NAMESPACE}/${SOUTH.name}`);
  });

  test('with credentials that are no kubeconfig is unknown', async () => {
    await writeCredentials(world.hub, SOUTH.name, 'not a kubeconfig');
    await untilState(SOUTH.name, 'Unknown', 'CredentialsInvalid');
  });

  test('with a dead endpoint is unknown, and the others are as fast as before', async () => {
    const usualMs = await timeOfNewService('early');
    const kubeconfig = world.regions.link('hub', WEST.name).kubeconfig('switchback-hub');
    await writeCredentials(world.hub, SOUTH.name, kubeconfig.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:1'));
    await untilState(SOUTH.name, 'Unknown', 'NotObserved');
    expect(await timeOfNewService('late')).toBeLessThan(3 * usualMs + 2000);
  });

  test('that refuses an expired token is unknown, keeps what it has, and is healthy with a new one', async () => {
    const before = await contents(WEST.name);
    await world.regions.region(WEST.name).expireToken('switchback-hub');
    await untilState(WEST.name, 'Unknown', 'CredentialsInvalid');
    expect(await timeOfNewService('meanwhile')).toBeLessThan(20_000);
    expect(await contents(WEST.name)).toEqual(before);

    await writeCredentials(world.hub, WEST.name, world.regions.link('hub', WEST.name).kubeconfig('switchback-hub'));
    await untilState(WEST.name, 'Healthy', 'RegionHealthy');
    expect(await contents(WEST.name)).toEqual(before);
    expect(epochOf(await world.instance('mail'))).toBe(1);
  });

  test('whose Secret is deleted goes on as before', async () => {
    await world.hub.delete(SECRET, { name: WEST.name, namespace: SYSTEM_NAMESPACE });
    expect(await timeOfNewService('secretless')).toBeLessThan(20_000);
    expect((await regionState(WEST.name))?.state).toBe('Healthy');
    await writeCredentials(world.hub, WEST.name, world.regions.link('hub', WEST.name).kubeconfig('switchback-hub'));
  });

  test('that is taken out of the group loses nothing, and its tenants are told', async () => {
    const before = await contents(WEST.name);
    await world.apply(iuGroup({ regions: [EAST, SOUTH] }));
    await untilRefused('acme', 'RegionNotInGroup');
    expect((await tenantCondition('acme', 'Ready'))?.message).toContain(WEST.name);
    expect(await contents(WEST.name)).toEqual(before);

    await world.apply(iuGroup({ regions: [EAST, WEST, SOUTH] }));
    await until('acme to be served', async () => (await tenantCondition('acme', 'Ready'))?.status === 'True', 60_000);
    expect(await contents(WEST.name)).toEqual(before);
    expect(world.observer.overlaps).toEqual([]);
  });
});
