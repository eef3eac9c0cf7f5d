import { beforeEach, describe, expect, it } from 'vitest';
import { createAgent } from '../../src/agent/agent.ts';
import { LABELS, STANDBY_SERVICE } from '../../src/api/labels.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import { computeRegion } from '../../src/decide/desired/region.ts';
import { DNS_ENDPOINT } from '../../src/hub/traffic.ts';
import { POD, type Pod } from '../../src/kube/kinds.ts';
import type { KubeObject, Resource } from '../../src/kube/object.ts';
import { createKubeClient } from '../../src/kube/rest-client.ts';
import { HUB } from '../simulation/catalogue.ts';
import { Observer } from '../simulation/invariants.ts';
import { serveOurKinds } from '../simulation/rules.ts';
import { World } from '../simulation/world.ts';
import { serveBuiltInKinds } from '../support/built-in-kinds.ts';
import { Kind } from '../support/cluster/kind.ts';
import { FakeApiServer } from '../support/fake-api-server.ts';
import { FakeCluster } from '../support/fake-cluster-controllers.ts';
import { FakeNetwork } from '../support/fake-network.ts';
import { CALM, Faults } from '../support/faults.ts';
import { aGroup, anOrder, anOrderedComponent } from '../support/objects.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { VirtualTime } from '../support/virtual-time.ts';

const READ = '--read-only';
const NAMESPACE = 'switchback-system';
const KEY = `${NAMESPACE}/mail`;
const ZONES = ['west-a', 'west-b'];

let time: VirtualTime;
let server: FakeApiServer;
let cluster: FakeCluster;

const kind = <T extends KubeObject>(resource: Resource<T>): Kind<T> => new Kind(server.storage, time, resource);
const orderNow = () => kind(RESOURCES.regionalService).get(KEY);

/** What runs, by what it was told: `reads` or `writes`. */
const running = (): string[] =>
  cluster
    .running()
    .map(({ args }) => (args.includes(READ) ? 'reads' : 'writes'))
    .sort();

function change(spec: object, status: object = {}): void {
  const old = orderNow();
  if (!old) throw new Error('there is no order');
  const next = { ...old, spec: { ...old.spec, ...spec }, status: { observedGeneration: 0, ...old.status, ...status } };
  kind(RESOURCES.regionalService).update(old, next);
}

const run = (seconds: number): Promise<void> => time.run(time.nowMs + seconds * 1000);

/** Says what a hub would: the region may run the service at this epoch. */
function grant(epoch: number): void {
  const leases = kind(RESOURCES.regionLease);
  const answer = (): void => {
    const lease = leases.get('west');
    const nonce = lease?.spec.agent?.nonce;
    if (!lease || nonce === undefined || lease.spec.hub?.nonce === nonce) return;
    leases.update(lease, { ...lease, spec: { ...lease.spec, hub: { nonce, term: 1, grants: { [KEY]: epoch } } } });
  };
  const again = (): void => {
    answer();
    time.schedule(200, again);
  };
  again();
}

/** One region, its agent, no hub: nobody gives it a right. The order says that it stands by. */
function begin(mode: 'Warm' | 'ReadOnly', more: object = {}): void {
  time = new VirtualTime();
  const random = new SeededRandom(1);
  server = new FakeApiServer({ name: 'west', time, random: random.fork('server') });
  serveBuiltInKinds(server);
  serveOurKinds(server, 'region');
  cluster = new FakeCluster({ server, time, random: random.fork('cluster'), zones: ZONES });
  const faults = new Faults({ random: random.fork('faults'), knobs: CALM });
  const network = new FakeNetwork({ time, faults });
  network.addServer(server);
  const region = computeRegion(aGroup('americas', [{ region: 'west', zones: ZONES }]), 'west');
  if (region) kind(RESOURCES.region).create(region);
  const component = anOrderedComponent({
    writeBearing: true,
    zones: ZONES.map((zone) => ({ zone, instances: 1 })),
    standby: { instances: 1, args: [READ] },
  });
  const order = anOrder('mail', [component], { role: 'Standby', standby: mode, activeRegion: 'east', ...more });
  const finalizers = ['switchback.dev/fence'];
  kind(RESOURCES.regionalService).create({ ...order, metadata: { ...order.metadata, finalizers } });
  const process = time.startProcess({ id: 'agent', site: 'west' });
  const client = createKubeClient(network.connect({ process, server: 'west' }), 'west');
  const options = { region: 'west', version: 'test', identity: 'agent', client, clock: process };
  createAgent({ ...options, random: random.fork('agent'), log: () => {} }).start();
}

/** A pod that a person made: nothing owns it. */
const madeByHand = (labels: Readonly<Record<string, string>>): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'by-hand', namespace: NAMESPACE, labels, finalizers: ['example.dev/hold'] },
  spec: { containers: [] },
});

describe('a region that stands by warm, without any right', () => {
  beforeEach(async () => {
    begin('Warm');
    await run(20);
  });

  it('confirms, and then runs its copy and nothing else', () => {
    expect(orderNow()?.status).toMatchObject({
      phase: 'Standby',
      standbyEpoch: 1,
      standby: { mode: 'Warm', components: [{ name: 'main', planned: 1, ready: 1 }] },
    });
    expect(running()).toEqual(['reads']);
  });

  it('confirms the next epoch with its copy beside, which is the same as before', async () => {
    const before = cluster.running().map(({ uid }) => uid);
    change({ epoch: 2 });
    await run(10);
    expect(orderNow()?.status?.standbyEpoch).toBe(2);
    expect(cluster.running().map(({ uid }) => uid)).toEqual(before);
  });

  it('rests: nothing is written while nothing happens', async () => {
    const writes: string[] = [];
    server.storage.onChange((table, { object }) => writes.push(`${table.resource.plural} ${object.metadata.name}`));
    await run(30);
    expect(writes.filter((write) => !write.startsWith('leases') && !write.startsWith('regionleases'))).toEqual([]);
  });

  it('says that it is not ready while its copy is not, with the numbers', async () => {
    cluster.losePower();
    await run(60);
    const ready = orderNow()?.status?.conditions?.find(({ type }) => type === 'Ready');
    expect(ready).toMatchObject({
      status: 'False',
      reason: 'StandbyNotReady',
      message: 'stands by at epoch 1, but main: instances ready on standby: 0, planned: 1',
    });
  });

  it('ends its copy when nothing is to run on standby any more', async () => {
    change({ standby: undefined });
    await run(10);
    expect(running()).toEqual([]);
    expect(orderNow()?.status).not.toHaveProperty('standby');
  });

  it('starts what writes under a right, and ends the copy when that is ready', async () => {
    const seen: string[] = [];
    cluster.onRunningChange(() => seen.push(running().join(' ')));
    change({ epoch: 2, role: 'Active', activeRegion: 'west', successors: ['east'], othersStandbyEpoch: 2 });
    await run(10);
    expect(running(), 'without a right the copy goes on alone').toEqual(['reads']);
    grant(2);
    await run(20);
    expect(running()).toEqual(['writes', 'writes']);
    expect(seen, 'readers are never left alone').toContain('reads writes writes');
    expect(seen).not.toContain('');
  });
});

describe('a pod that nobody can be sure of', () => {
  const standing = { [LABELS.service]: STANDBY_SERVICE, [LABELS.standbyOf]: 'mail' };
  it.each([
    ['without the label of the standby', { [LABELS.service]: 'mail' }],
    ['with it, beside that of the service', { ...standing, [LABELS.service]: 'mail' }],
    ['with it, of no workload of the standby', standing],
  ])('%s keeps the region from confirming until it is gone', async (_name, labels) => {
    begin('Warm');
    kind(POD).create(madeByHand(labels));
    await run(30);
    expect(orderNow()?.status?.standbyEpoch).toBeUndefined();
    expect(running(), 'the copy waits for the confirmation').toEqual([]);
    const pod = kind(POD).get(`${NAMESPACE}/by-hand`);
    expect(pod?.metadata.deletionTimestamp, 'it is ended').toBeDefined();
    if (pod) kind(POD).update(pod, { ...pod, metadata: { ...pod.metadata, finalizers: [] } });
    await run(20);
    expect(orderNow()?.status?.standbyEpoch).toBe(1);
    expect(running()).toEqual(['reads']);
  });
});

describe('a service that stands by read-only, in a world with a hub', () => {
  const instance = (world: World) => world.kind(HUB, RESOURCES.serviceInstance).get(`${NAMESPACE}/book`);
  const readers = (world: World) =>
    world
      .kind(HUB, DNS_ENDPOINT)
      .get(`${NAMESPACE}/book`)
      ?.spec.endpoints.filter(({ dnsName }) => dnsName.startsWith('book.ro.'))
      .map(({ targets, providerSpecific }) => `${targets} ${providerSpecific?.[0]?.value}`);

  it('leads readers to its copies, and tells of them', async () => {
    const world = new World({ seed: 3, group: { traffic: { domain: 'example.com' } } });
    const observer = new Observer(world);
    await world.time.run(30_000);
    expect(readers(world)).toEqual(['book.east.ro.example.com 50', 'book.north.ro.example.com 50']);
    const standby = { mode: 'ReadOnly', planned: 1, ready: 1 };
    expect(instance(world)?.status?.placements).toMatchObject([
      { region: 'west', role: 'Active' },
      { region: 'east', role: 'Standby', ready: 0, standby },
      { region: 'north', role: 'Standby', ready: 0, standby },
    ]);
    const conditions = instance(world)?.status?.conditions ?? [];
    expect(conditions.find(({ type }) => type === 'PeerReady')).toMatchObject({ status: 'True' });

    world.editService('book', { primaryRegion: 'east', secondaryRegions: ['west'] });
    const empty: number[] = [];
    world.kind(HUB, DNS_ENDPOINT).onChange(() => {
      if ((readers(world) ?? []).length === 0) empty.push(world.time.nowMs);
    });
    await world.time.run(90_000);
    expect(readers(world)).toEqual(['book.west.ro.example.com 100']);
    expect(empty).toEqual([]);
    expect(observer.regionsRunning('book')).toEqual(['east']);
    expect(observer.regionsCopied('book')).toEqual(['west']);
    expect(observer.violation).toBeUndefined();
  });
});
