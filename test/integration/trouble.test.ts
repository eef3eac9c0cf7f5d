import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nameCredentials, writeCredentials } from '../../hack/operator/operator.ts';
import { SYSTEM_NAMESPACE } from '../../src/api/common.ts';
import type { ConditionType } from '../../src/api/conditions.ts';
import { LABELS } from '../../src/api/labels.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import { toldRows } from '../../src/decide/tenant-services.ts';
import { DEPLOYMENT, EVENT, SECRET } from '../../src/kube/kinds.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { FLEET, inventory, TokenPlugin } from './support/inventory.ts';
import { CUSTOMERS, EAST, GROUP, iuGroup, POOL, tenant, WEST } from './support/samples.ts';
import { bootWorld, conditionOf, epochOf, until, untilHeartbeats, type World } from './support/world.ts';

/** What is missing, wrong or out of reach: it is named, nothing is deleted for it, and nobody else waits for it. */

/** In the group, but nothing is known of it: there is neither a cluster nor a Secret. */
const SOUTH = { name: 'us-south', zones: ['us-south-a', 'us-south-b'] };

let world: World;
let plugin: TokenPlugin;
beforeAll(async () => {
  world = await bootWorld({
    hubSettings: ({ workDir }) => {
      // Renewed every five seconds: half of its life.
      plugin = new TokenPlugin(workDir, 10_000);
      return { SWITCHBACK_ACCESS_PROVIDERS: `'${plugin.setting}'` };
    },
  });
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

/** Of the Secret that was put back before, and of the profile: the same region. */
const PROFILED = { ...WEST, clusterProfile: `${FLEET}/${WEST.name}` };
const kubeconfigOfWest = () => world.regions.link('hub', WEST.name).kubeconfig('switchback-hub');

/** Neither in logs nor in events, objects or metrics of the hub. */
async function expectUntold(secrets: readonly string[]): Promise<void> {
  const logs = world.operator.hubs.map(({ logFile }) => readFileSync(logFile, 'utf8'));
  const ports = logs.flatMap((log) => [...log.matchAll(/"port":(\d+)/g)].map(([, port]) => port));
  const metrics = await Promise.all(
    ports.map(async (port) => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()),
  );
  expect(metrics.join()).toContain('switchback_');
  const kinds = [RESOURCES.iuGroup, RESOURCES.serviceInstance, RESOURCES.tenant, RESOURCES.regionSwitch, EVENT];
  const objects = await Promise.all(kinds.map(async (kind) => JSON.stringify(await world.hub.list<KubeObject>(kind))));
  for (const text of [...logs, ...metrics, ...objects]) {
    for (const secret of secrets) expect(text.includes(secret)).toBe(false);
    expect(text).not.toContain('said to nobody');
  }
}

describe('a tenant', () => {
  test('is told which service class is missing, and has the others', async () => {
    await world.apply(tenant('hopeful', { services: ['mail', 'fax'] }));
    await untilRefused('hopeful', 'ServiceClassNotFound');
    expect((await tenantCondition('hopeful', 'Ready'))?.message).toContain('service class "fax" does not exist');
    const { status } = await world.hub.read(RESOURCES.tenant, { name: 'hopeful', namespace: CUSTOMERS });
    expect(toldRows(status).map(({ service }) => service)).toEqual(['mail']);
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
    expect(toldRows(status)).toEqual([]);
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

  test('whose ClusterProfile offers nothing that is allowed is told so, and goes on as before', async () => {
    await inventory(world.hub, WEST.name, kubeconfigOfWest(), ['cloud', 'vault']);
    await world.apply(iuGroup({ regions: [EAST, PROFILED, SOUTH] }));
    await until(
      'the refusal to be told',
      async () => conditionOf(await group(), 'CredentialsRenewed')?.status === 'False',
    );
    const { message, reason } = conditionOf(await group(), 'CredentialsRenewed') ?? {};
    expect(reason).toBe('CredentialsNotAllowed');
    expect(message).toContain('offers the access providers cloud, vault; this hub allows token-file');
    expect([(await regionState(WEST.name))?.state, plugin.runs]).toEqual(['Healthy', []]);
  });

  test('with a ClusterProfile stays engaged while its plugin renews the token, and when the region takes another one', async () => {
    const before = await contents(WEST.name);
    const first = await plugin.give(kubeconfigOfWest());
    await inventory(world.hub, WEST.name, kubeconfigOfWest());
    const isRenewed = async () => conditionOf(await group(), 'CredentialsRenewed')?.status === 'True';
    await until('the plugin to be run', async () => plugin.runs.length > 0 && (await isRenewed()));
    const told = plugin.runs.length;
    await until('the token to be renewed before its end', async () => plugin.runs.length > told);
    expect(new Set(plugin.runs)).toEqual(new Set([`KUBERNETES_EXEC_INFO ${WEST.name}`]));

    await world.regions.region(WEST.name).expireToken('switchback-hub');
    const second = await plugin.give(kubeconfigOfWest());
    expect(second).not.toBe(first);
    await untilHeartbeats(world, WEST.name, 5);
    await untilState(WEST.name, 'Healthy', 'RegionHealthy');
    expect(await contents(WEST.name)).toEqual(before);
    expect(epochOf(await world.instance('mail'))).toBe(1);
    expect(await timeOfNewService('profiled')).toBeLessThan(20_000);
    await expectUntold([first, second]);
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
