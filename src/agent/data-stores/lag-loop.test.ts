import { beforeEach, describe, expect, it } from 'vitest';
import { serveBuiltInKinds } from '../../../test/support/built-in-kinds.ts';
import { connectDirectly, type DirectClient } from '../../../test/support/direct-client.ts';
import { FakeApiServer } from '../../../test/support/fake-api-server.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { anOrder, anOrderedComponent, IMAGE } from '../../../test/support/objects.ts';
import { SeededRandom } from '../../../test/support/seeded-random.ts';
import { VirtualTime } from '../../../test/support/virtual-time.ts';
import type { DataStoreOrder, DataStoreStatus } from '../../api/data-store.ts';
import type { RegionalService } from '../../api/regional-service.ts';
import { RESOURCES } from '../../api/resources.ts';
import { hookJobName } from '../../decide/desired/hook-job.ts';
import { Store } from '../../kube/cache.ts';
import { JOB, POD } from '../../kube/kinds.ts';
import type { AgentContext } from '../context.ts';
import { OrderBook } from '../orders.ts';
import { CLUSTER, type Cluster } from './cloud-native-pg.ts';
import { createLagLoop } from './lag-loop.ts';

const NAMESPACE = 'switchback-system';
const hook = { image: IMAGE, deadlineSeconds: 60 };
const LEDGER: DataStoreOrder = {
  name: 'ledger',
  driver: 'Hook',
  lossObjectiveSeconds: 10,
  hooks: { demote: hook, lag: { ...hook, everySeconds: 60 }, promoteOnFirst: false },
};
const PG: DataStoreOrder = { name: 'pg', driver: 'CloudNativePG' };
const JOB_NAME = hookJobName('mail', 'ledger', 'lag', 0);
const LOOK_MS = 5000;

let direct: DirectClient;
let clock: ManualClock;
let context: AgentContext;

/** West stands by at epoch 2; east is active. */
async function begin(store: DataStoreOrder, record?: Partial<DataStoreStatus>, standbyEpoch = 2): Promise<void> {
  const server = new FakeApiServer({ name: 'west', time: new VirtualTime(), random: new SeededRandom(1) });
  serveBuiltInKinds(server);
  server.serve(RESOURCES.regionalService);
  server.serve(CLUSTER);
  direct = connectDirectly(server);
  clock = new ManualClock();
  const spec = { role: 'Standby', epoch: 2, activeSinceEpoch: 2, activeRegion: 'east', successors: ['west'] };
  const { metadata, ...order } = anOrder('mail', [anOrderedComponent()], {
    ...spec,
    handOver: 'Confirmed',
    dataStores: [store],
  });
  const { uid: _, ...named } = metadata;
  await direct.client.create<RegionalService>(RESOURCES.regionalService, { ...order, metadata: named });
  const dataStores = record ? [{ name: store.name, state: 'Standby', run: 0, ...record }] : [];
  const status = { standbyEpoch, ...(record ? { dataStores } : {}) };
  const where = { name: 'mail', namespace: NAMESPACE };
  await direct.client.mergePatch(RESOURCES.regionalService, where, { status }, { subresource: 'status' });
  const orders = new OrderBook(direct.client);
  await orders.load();
  const leadership = { isCertain: () => true };
  const caches = { orders: { store: new Store<RegionalService>() } };
  const parts = { region: 'west', client: direct.client, clock, orders, leadership, caches, log: () => undefined };
  // Only what the loop asks for.
  context = parts as unknown as AgentContext;
  createLagLoop(context).start();
}

const recorded = (): DataStoreStatus | undefined =>
  [...context.orders.values()][0]?.status?.dataStores?.find((record) => record !== undefined);
const reports = (): number =>
  direct.requests.filter(({ method, path }) => method === 'PATCH' && path.includes('regionalservices')).length;
const jobs = async (): Promise<number> => (await direct.client.list(JOB)).items.length;

/** Plays the Job of one question: what its pod says at its end. */
async function answer(message: string, type: 'Complete' | 'Failed' = 'Complete'): Promise<void> {
  const job = { name: JOB_NAME, namespace: NAMESPACE };
  const labels = { 'batch.kubernetes.io/job-name': JOB_NAME };
  const pod = { name: 'answer', namespace: NAMESPACE };
  await direct.client.create(POD, { apiVersion: 'v1', kind: 'Pod', metadata: { ...pod, labels } });
  const containerStatuses = [{ name: 'hook', ready: false, state: { terminated: { exitCode: 0, message } } }];
  await direct.client.mergePatch(POD, pod, { status: { containerStatuses } }, { subresource: 'status' });
  const conditions = [{ type, status: 'True' }];
  await direct.client.mergePatch(JOB, job, { status: { conditions } }, { subresource: 'status' });
  await clock.advance(LOOK_MS);
  await direct.client.delete(POD, pod);
  const [left] = (await direct.client.list(JOB)).items;
  // The garbage collector of the cluster: pods are gone, so is the Job.
  if (left) await direct.client.mergePatch(JOB, job, { metadata: { finalizers: null } });
}

describe('the lag of a copy', () => {
  beforeEach(() => begin(LEDGER));

  it('is asked for by one Job at a time, and told', async () => {
    await clock.advance(LOOK_MS);
    await clock.advance(LOOK_MS);
    expect(await jobs()).toBe(1);
    await answer('7\n');
    expect(recorded()).toMatchObject({ name: 'ledger', state: 'Standby', lagSeconds: 7 });
    expect(await jobs()).toBe(0);
  });

  it('is asked for again after its time, and told only when it says something new', async () => {
    await clock.advance(LOOK_MS);
    await answer('7');
    const before = reports();
    await clock.advance(40_000);
    expect(await jobs()).toBe(0);
    await clock.advance(30_000);
    expect(await jobs()).toBe(1);
    await answer('9');
    expect([recorded()?.lagSeconds, reports()]).toEqual([7, before]);
    await clock.advance(70_000);
    await answer('11');
    expect([recorded()?.lagSeconds, reports()]).toEqual([11, before + 1]);
  });

  it.each(['Complete', 'Failed'] as const)('is unknown again when the answer is none (%s)', async (type) => {
    await clock.advance(LOOK_MS);
    await answer('7');
    await clock.advance(70_000);
    await answer(type === 'Failed' ? '7' : 'about seven', type);
    expect(recorded()?.lagSeconds).toBeUndefined();
  });
});

it('nothing is asked before the region has confirmed that it stands by', async () => {
  await begin(LEDGER, undefined, 1);
  await clock.advance(70_000);
  expect(await jobs()).toBe(0);
});

describe('a replica cluster', () => {
  const where = { name: 'mail-pg', namespace: NAMESPACE };
  const make = async (primary: string): Promise<string> => {
    const spec = { replica: { self: 'west', source: 'north', primary } };
    const made = { apiVersion: 'postgresql.cnpg.io/v1', kind: 'Cluster', metadata: where, spec };
    return (await direct.client.create<Cluster>(CLUSTER, made)).metadata.uid ?? '';
  };

  it('follows the region that is active now', async () => {
    await begin(PG);
    await make('north');
    await clock.advance(40_000);
    const { spec } = await direct.client.read(CLUSTER, where);
    expect(spec?.replica).toEqual({ self: 'west', primary: 'east', source: 'east' });
  });

  it('that was passed over is a copy again only when it was made anew', async () => {
    await begin(PG, { state: 'RebuildNeeded', run: 1 });
    await make('east');
    await clock.advance(LOOK_MS);
    await clock.advance(60_000);
    expect(recorded()?.state).toBe('RebuildNeeded');
    await direct.client.delete(CLUSTER, where);
    await make('east');
    await clock.advance(60_000);
    expect(recorded()).toEqual({ name: 'pg', state: 'Standby', run: 0 });
  });

  it('that is missing is told once', async () => {
    await begin(PG);
    await clock.advance(LOOK_MS);
    expect(recorded()?.message).toContain('there is no Cluster');
    const before = reports();
    await clock.advance(120_000);
    expect(reports()).toBe(before);
  });
});
