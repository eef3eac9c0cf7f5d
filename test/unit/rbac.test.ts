import { beforeAll, describe, expect, it } from 'vitest';
import { findGrant, type Grant, listGrants } from '../../hack/rbac/authorize.ts';
import { ROLES, RULES } from '../../hack/rbac/roles.ts';
import { endPods } from '../../src/act/fence.ts';
import { pruneChildren } from '../../src/act/prune.ts';
import { QuorumReads } from '../../src/act/quorum-reads.ts';
import { CLUSTER, type Cluster, patchReplica, readCluster } from '../../src/agent/data-stores/cloud-native-pg.ts';
import { ANNOTATIONS, LABELS } from '../../src/api/labels.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import { trafficPolicy } from '../../src/api/traffic.ts';
import type { HubContext } from '../../src/hub/context.ts';
import { CredentialSources } from '../../src/hub/credential-sources.ts';
import { ensureRoute, HTTP_ROUTE } from '../../src/hub/http-route.ts';
import { presentEndpoint } from '../../src/hub/traffic.ts';
import { createApplier } from '../../src/kube/apply.ts';
import { Store } from '../../src/kube/cache.ts';
import { CLUSTER_PROFILE } from '../../src/kube/cluster-profile.ts';
import { EventRecorder } from '../../src/kube/event-recorder.ts';
import { NAMESPACE, POD, REPLICA_SET, SERVICE, STATEFUL_SET } from '../../src/kube/kinds.ts';
import { createKubeClient } from '../../src/kube/rest-client.ts';
import { GROUP, HUB } from '../simulation/catalogue.ts';
import { World } from '../simulation/world.ts';
import { aProfile, aProvider } from '../support/access-providers.ts';
import { notFound } from '../support/api-status.ts';
import { type AccessLog, withRole } from '../support/authorized-transport.ts';
import { connectDirectly } from '../support/direct-client.ts';
import type { FakeApiServer } from '../support/fake-api-server.ts';
import { aClass, anAssignment, anInstance, anOrder, anOrderedComponent, aSwitch, aTenant } from '../support/objects.ts';
import { partOf } from '../support/part.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const OURS = 'switchback-system';
const SECONDS = 1000;

/** The whole operator, and then the few acts that no short history comes to, all under the roles of the chart. */
let access: AccessLog;
let world: World;
beforeAll(async () => {
  world = new World({
    seed: 1,
    candidates: 1,
    services: { vault: ['east', 'west'], desk: ['west'] },
    group: { traffic: TRAFFIC },
  });
  world.hub.serve(HTTP_ROUTE);
  access = world.access;
  await playHistory();
  await askAndResume();
  await leadElsewhere();
  await readBeforeWriting();
  await endWhatControllersLeave();
  await pruneAndEvict();
  await handOverCluster();
  await tellTwice();
  await readInventory();
}, 120_000);

const TRAFFIC = {
  domain: 'voice.example',
  tenantNames: { frontDoor: 'chat' },
  gateway: { name: 'edge', classes: ['desk'], backend: { kind: 'Service', port: 80 } },
};

/** Somebody asks for a freeze by annotation, and takes it back. */
async function askAndResume(): Promise<void> {
  const groups = world.kind(HUB, RESOURCES.iuGroup);
  const later = new Date(world.time.wallMs + 3_600_000).toISOString();
  const common = { expiresAt: later, reason: 'holidays' };
  const requests = [
    { ...common, nonce: 'one', type: 'Freeze', switchExpiresAt: later },
    { ...common, nonce: 'two', type: 'Resume' },
  ];
  for (const request of requests) {
    const group = groups.get(GROUP);
    if (!group) throw new Error('there is no group');
    const annotations = { ...group.metadata.annotations, [ANNOTATIONS.request]: JSON.stringify(request) };
    groups.update(group, { ...group, metadata: { ...group.metadata, annotations } });
    await run(15);
  }
}

/** The group wants no routes any more, and no names for its tenants. */
async function leadElsewhere(): Promise<void> {
  const groups = world.kind(HUB, RESOURCES.iuGroup);
  const group = groups.get(GROUP);
  if (!group) throw new Error('there is no group');
  const traffic = trafficPolicy.parse({ domain: TRAFFIC.domain, gateway: { ...TRAFFIC.gateway, classes: ['other'] } });
  groups.update(group, { ...group, spec: { ...group.spec, traffic } });
  await run(60);
}

/** What is not in the cache yet is asked for, so that nothing newer is written over. */
async function readBeforeWriting(): Promise<void> {
  const client = createKubeClient(withRole(connectDirectly(world.hub).client.transport, 'hub', access), 'hub');
  const cold = { store: new Store(), reflector: { synced: false } };
  const applier = createApplier({ client, fieldManager: 'hub' });
  const groups = { store: { get: () => world.kind(HUB, RESOURCES.iuGroup).get(GROUP) } };
  const context = partOf<HubContext>('context', { client, applier, groups, endpoints: cold, routes: cold });
  const { signal } = new AbortController();
  await presentEndpoint(context, { name: 'vault', namespace: OURS }, signal);
  const instance = anInstance('vault', { serviceClassRef: { name: 'other' } });
  await ensureRoute(context, instance, anAssignment('1 east>west'), undefined, signal);
}

/** Tenants come and go, a region and a zone are lost and come back, old records are many. */
async function playHistory(): Promise<void> {
  for (const { server } of world.regions.values()) refuseWithoutNamespace(server);
  const classes = world.kind(HUB, RESOURCES.serviceClass);
  classes.create(aClass('chat', { components: [{ name: 'room', pattern: 'A' }] }));
  const tenants = world.kind(HUB, RESOURCES.tenant);
  const where = { iuGroupRef: { name: GROUP }, primaryRegion: 'east', secondaryRegions: ['west'], agents: 5 };
  tenants.create(aTenant('customers/acme', { ...where, isolation: 'Dedicated' }));
  const switches = world.kind(HUB, RESOURCES.regionSwitch);
  for (let n = 1; n <= 51; n++) switches.create(oldRecord(n));
  await run(30);
  world.network.setServer('east', 'refusing');
  world.power('east', false);
  await run(45);
  world.network.setServer('east', 'up');
  world.power('east', true);
  await run(30);
  const acme = tenants.get('customers/acme');
  if (acme) tenants.delete(acme);
  await run(60);
}

const run = (seconds: number): Promise<void> => world.time.run(world.time.nowMs + seconds * SECONDS);

/** What the operator recorded long ago. */
function oldRecord(n: number) {
  const record = aSwitch(`old-${n}`, { iuGroupRef: { name: GROUP }, type: 'Failover', trigger: 'Automatic' });
  const labels = { [LABELS.managedBy]: 'switchback' };
  const time = new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString();
  const status = { observedGeneration: 1, phase: 'Completed', startTime: time, endTime: time };
  return { ...record, metadata: { name: record.metadata.name, labels }, status };
}

/** As a real API server: no object in a namespace that is not there. */
function refuseWithoutNamespace(server: FakeApiServer): void {
  const namespaces = world.kind(server.name, NAMESPACE);
  server.admit(RESOURCES.regionalService, (object, old) => {
    const { namespace = '' } = object?.metadata ?? {};
    if (!old && namespace !== OURS && !namespaces.get(namespace)) throw notFound(`namespaces "${namespace}" not found`);
    return undefined;
  });
}

/** The agent in west, past the network. */
function agentClient() {
  const server = world.regions.get('west')?.server;
  if (!server) throw new Error('there is no west');
  return createKubeClient(withRole(connectDirectly(server).client.transport, 'agent', access), 'west');
}

const labels = { [LABELS.service]: 'lost' };
const meta = (name: string) => ({ name, namespace: OURS, labels });

async function endWhatControllersLeave(): Promise<void> {
  const client = agentClient();
  world
    .kind('west', REPLICA_SET)
    .create({ apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: meta('rs'), spec: { replicas: 1 } });
  world.kind('west', POD).create({ apiVersion: 'v1', kind: 'Pod', metadata: meta('pod'), spec: { containers: [] } });
  await endPods({
    client,
    reads: new QuorumReads(client, world.time.startProcess({ id: 'fence', site: 'west' })),
    namespace: OURS,
    service: 'lost',
    token: 't',
    deployments: new Store(),
    statefulSets: new Store(),
    hasJobs: false,
  });
}

async function pruneAndEvict(): Promise<void> {
  const client = agentClient();
  const picture = {
    deployments: [],
    statefulSets: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: meta('gone') }],
    services: [{ apiVersion: 'v1', kind: 'Service', metadata: meta('gone') }],
  };
  await pruneChildren(client, picture, { workloads: [], services: [] }, new AbortController().signal);
  expect(world.kind('west', STATEFUL_SET).get(`${OURS}/gone`)).toBeUndefined();
  expect(world.kind('west', SERVICE).get(`${OURS}/gone`)).toBeUndefined();
  world.kind('west', POD).create({ apiVersion: 'v1', kind: 'Pod', metadata: meta('moved'), spec: { containers: [] } });
  await client.evict({ namespace: OURS, name: 'moved' });
}

async function handOverCluster(): Promise<void> {
  const server = world.regions.get('west')?.server;
  server?.serve(CLUSTER);
  const cluster: Cluster = {
    apiVersion: 'postgresql.cnpg.io/v1',
    kind: 'Cluster',
    metadata: { name: 'mail-pg', namespace: OURS },
    spec: { replica: { self: 'west', primary: 'east', source: 'east' } },
  };
  world.kind('west', CLUSTER).create(cluster);
  const call = {
    context: { client: agentClient(), region: 'west' },
    order: anOrder('mail', [anOrderedComponent()]),
    store: { name: 'pg', driver: 'CloudNativePG' as const },
    mayAct: () => true,
    signal: new AbortController().signal,
  };
  const found = await readCluster(call);
  if (typeof found === 'string') throw new Error(found);
  await patchReplica(call, found, { primary: 'west' });
  expect(world.kind('west', CLUSTER).get(`${OURS}/mail-pg`)?.spec?.replica?.primary).toBe('west');
}

/** A region of an inventory: its ClusterProfile is read by name. */
async function readInventory(): Promise<void> {
  world.hub.serve(CLUSTER_PROFILE);
  const process = world.time.startProcess({ id: 'inventory', site: HUB });
  const client = createKubeClient(withRole(world.network.connect({ process, server: HUB }), 'hub', access), HUB);
  const sources = new CredentialSources({
    hub: client,
    clock: process,
    random: new SeededRandom(1),
    providers: [aProvider('cloud')],
    onChange: () => undefined,
    onError: () => undefined,
  });
  const credentials = { clusterProfileRef: { name: 'east', namespace: 'fleet' }, key: 'kubeconfig' };
  world.kind(HUB, CLUSTER_PROFILE).create(aProfile('east', { cloud: { server: 'https://east' } }));
  sources.watch(credentials);
  await run(5);
  expect(sources.find(credentials)).toMatchObject({ from: 'profile', profile: 'fleet/east' });
  await sources.stop();
}

/** Both programs count what they say again. */
async function tellTwice(): Promise<void> {
  for (const role of ['hub', 'agent'] as const) {
    const server = role === 'hub' ? world.hub : world.regions.get('west')?.server;
    if (!server) throw new Error('there is no west');
    const transport = withRole(connectDirectly(server).client.transport, role, access);
    const recorder = new EventRecorder({
      client: createKubeClient(transport, role),
      clock: world.time.startProcess({ id: `events of ${role}`, site: server.name }),
      random: new SeededRandom(1),
      reportingController: `switchback.dev/${role}`,
      reportingInstance: role,
    });
    const regarding = { apiVersion: 'v1', kind: 'Pod', name: 'one', namespace: OURS };
    for (let n = 0; n < 2; n++) {
      recorder.record({ regarding, type: 'Normal', reason: 'Tested', action: 'Test', note: 'It was tested' });
      await recorder.flush();
    }
  }
}

describe('the roles of the operator', () => {
  it('are all that it asks for: nothing was refused', () => {
    expect([...access.refused]).toEqual([]);
  });

  it('are all used: a right that nothing here uses goes, or gets its test', () => {
    const unused = listGrants(ROLES).filter((grant: Grant) => !access.used.has(grant));
    expect(unused).toEqual([]);
  });

  it('have no wildcard, and no right over roles, tokens or other users', () => {
    const rules = ROLES.flatMap((role) => RULES[role]);
    const words = rules.flatMap(({ group, resources, verbs }) => [group, ...resources, ...verbs]);
    expect(words.filter((word) => word.includes('*'))).toEqual([]);
    expect(rules.map(({ group }) => group)).not.toContain('rbac.authorization.k8s.io');
    const forbidden = ['serviceaccounts', 'serviceaccounts/token', 'users', 'pods/exec', 'configmaps'];
    expect(words.filter((word) => forbidden.includes(word))).toEqual([]);
  });

  it('read no Secret but the named ones, and those on the hub alone', () => {
    const secrets = ROLES.flatMap((role) =>
      RULES[role].filter(({ resources }) => resources.includes('secrets')).map((rule) => ({ role, ...rule })),
    );
    expect(secrets).toMatchObject([{ role: 'hub', own: true, names: 'credentials', verbs: ['list', 'watch'] }]);
  });

  it.each([
    ['hub', { verb: 'list', group: '', resource: 'secrets', namespace: OURS }, 'all Secrets of its namespace'],
    ['hub', { verb: 'list', group: '', resource: 'secrets', namespace: 'customers', name: 'x' }, 'Secrets of others'],
    ['hub', { verb: 'patch', group: 'apps', resource: 'deployments', namespace: OURS, name: 'x' }, 'a workload'],
    [
      'hub',
      { verb: 'patch', group: 'switchback.dev', resource: 'tenants', namespace: OURS, name: 'x' },
      'a spec of Git',
    ],
    [
      'hub-in-region',
      { verb: 'patch', group: 'switchback.dev', resource: 'regionalservices/status', namespace: OURS, name: 'x' },
      'a confirmation',
    ],
    [
      'hub-in-region',
      { verb: 'delete', group: 'apps', resource: 'deployments', namespace: OURS, name: 'x' },
      'a workload',
    ],
    ['hub-in-region', { verb: 'patch', group: '', resource: 'namespaces', name: 'x' }, 'the labels of a namespace'],
    [
      'agent',
      { verb: 'delete', group: 'switchback.dev', resource: 'regionalservices', namespace: OURS, name: 'x' },
      'an order',
    ],
    [
      'agent',
      { verb: 'patch', group: 'coordination.k8s.io', resource: 'leases', namespace: OURS, name: 'other' },
      'the election of others',
    ],
    [
      'agent',
      { verb: 'patch', group: 'coordination.k8s.io', resource: 'leases', namespace: 'x', name: 'switchback-agent' },
      'leases elsewhere',
    ],
    ['peer', { verb: 'patch', group: 'switchback.dev', resource: 'regionleases', name: 'east' }, 'a promise'],
  ] as const)('%s: %o is refused (%s)', (role, attempt, _what) => {
    expect(findGrant(role, attempt)).toBeUndefined();
  });
});
