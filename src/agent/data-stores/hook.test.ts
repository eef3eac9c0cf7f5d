import { beforeEach, describe, expect, it } from 'vitest';
import { serveBuiltInKinds } from '../../../test/support/built-in-kinds.ts';
import { connectDirectly, type DirectClient } from '../../../test/support/direct-client.ts';
import { FakeApiServer } from '../../../test/support/fake-api-server.ts';
import { anOrder, anOrderedComponent, IMAGE } from '../../../test/support/objects.ts';
import { SeededRandom } from '../../../test/support/seeded-random.ts';
import { VirtualTime } from '../../../test/support/virtual-time.ts';
import { fence, findLeftovers } from '../../act/fence.ts';
import { QuorumReads } from '../../act/quorum-reads.ts';
import type { DataStoreOrder } from '../../api/data-store.ts';
import { LABELS } from '../../api/labels.ts';
import type { StoreAction } from '../../decide/data-stores.ts';
import { hookJobName } from '../../decide/desired/hook-job.ts';
import type { HookAction } from '../../decide/hook-jobs.ts';
import { Store } from '../../kube/cache.ts';
import { UnreachableError } from '../../kube/errors.ts';
import { type Deployment, JOB, type Job, POD, type StatefulSet } from '../../kube/kinds.ts';
import type { StoreCall } from './driver.ts';
import { hookDriver, readTermination } from './hook.ts';

const NAMESPACE = 'switchback-system';
const hook = { image: IMAGE, deadlineSeconds: 60, secrets: ['ledger'], env: [{ name: 'A', value: 'b' }] };
const STORE: DataStoreOrder = {
  name: 'ledger',
  driver: 'Hook',
  hooks: { demote: hook, promote: hook, verify: hook, promoteOnFirst: false },
};
const spec = { epoch: 5, activeSinceEpoch: 4, activeRegion: 'west', successors: ['east'], cameFrom: 'east' };
const ORDER = anOrder('mail', [anOrderedComponent()], { ...spec, handOver: 'Confirmed', dataStores: [STORE] });
const nameOf = (action: HookAction, run = 4): string => hookJobName('mail', 'ledger', action, run);

let direct: DirectClient;
let reads: QuorumReads;
let right: boolean;

beforeEach(() => {
  const time = new VirtualTime();
  const server = new FakeApiServer({ name: 'west', time, random: new SeededRandom(1) });
  serveBuiltInKinds(server);
  direct = connectDirectly(server);
  reads = new QuorumReads(direct.client, time.startProcess({ id: 'agent', site: 'west' }));
  right = true;
});

const call = (record: Partial<StoreCall['record']> = {}, mayRetry = true): StoreCall => ({
  context: { client: direct.client, region: 'west' },
  order: ORDER,
  store: STORE,
  record: { name: 'ledger', state: 'Promoting', run: 4, ...record },
  mayAct: () => right,
  mayRetry,
  signal: new AbortController().signal,
});
const advance = (action: StoreAction = 'Promote', record = {}, mayRetry = true) =>
  hookDriver.advance(action, call(record, mayRetry));
const jobs = async (): Promise<Job[]> => (await direct.client.list(JOB)).items;
const read = (name: string): Promise<Job> => direct.client.read(JOB, { name, namespace: NAMESPACE });

/** The Job controller of the cluster says how it went. */
const end = (name: string, type: 'Complete' | 'Failed' | 'Suspended', active = 0) =>
  direct.client.mergePatch(
    JOB,
    { name, namespace: NAMESPACE },
    { status: { active, conditions: [{ type, status: 'True', message: 'deadline' }] } },
    { subresource: 'status' },
  );

const fenceTarget = (token: string) => ({
  client: direct.client,
  reads,
  namespace: NAMESPACE,
  service: 'mail',
  token,
  deployments: new Store<Deployment>(),
  statefulSets: new Store<StatefulSet>(),
  hasJobs: true,
});

describe('a promotion by hooks', () => {
  it('makes one Job, suspended, and then starts it; asked again it makes none', async () => {
    expect(await advance()).toMatchObject({ kind: 'Waiting' });
    expect(await advance()).toMatchObject({ kind: 'Waiting' });
    expect(direct.writes()).toEqual(['POST jobs', `PATCH ${nameOf('promote')}`]);
    const [sent] = direct.requests.filter(({ method }) => method === 'POST');
    expect(sent?.body).toMatchObject({ spec: { suspend: true, backoffLimit: 0 } });
    expect((await read(nameOf('promote'))).spec?.suspend).toBe(false);
  });

  it('verifies after it, and is done after that', async () => {
    await advance();
    await end(nameOf('promote'), 'Complete');
    await advance();
    expect((await jobs()).map(({ metadata }) => metadata.labels?.[LABELS.hook])).toEqual(['promote', 'verify']);
    await end(nameOf('verify'), 'Complete');
    expect(await advance()).toEqual({ kind: 'Done' });
  });

  it('tells its Job what it is for, and keeps secrets out of it', async () => {
    await advance();
    const pod = (await read(nameOf('promote'))).spec?.template;
    const [container] = pod?.spec.containers ?? [];
    const env = container?.['env'] as { name: string; value: string }[];
    expect(Object.fromEntries(env.map(({ name, value }) => [name, value]))).toEqual({
      A: 'b',
      SWITCHBACK_ACTION: 'promote',
      SWITCHBACK_SERVICE: 'mail',
      SWITCHBACK_NAMESPACE: NAMESPACE,
      SWITCHBACK_DATA_STORE: 'ledger',
      SWITCHBACK_REGION: 'west',
      SWITCHBACK_ACTIVE_REGION: 'west',
      SWITCHBACK_FROM_REGION: 'east',
      SWITCHBACK_EPOCH: '5',
      SWITCHBACK_RUN: '4',
      SWITCHBACK_HAND_OVER: 'Confirmed',
    });
    expect(container?.['envFrom']).toEqual([{ secretRef: { name: 'ledger' } }]);
    expect(pod?.spec).toMatchObject({ restartPolicy: 'Never', activeDeadlineSeconds: 60 });
    expect(pod?.metadata?.labels?.[LABELS.service]).toBe('mail');
  });

  it('starts nothing when the right ends while the Job is being made', async () => {
    direct.after = ({ method }) => {
      if (method === 'POST') right = false;
    };
    await expect(advance()).rejects.toThrow('the right to hand over has ended');
    expect((await read(nameOf('promote'))).spec?.suspend).toBe(true);
  });

  it('takes up a Job whose making got no answer', async () => {
    direct.after = ({ method }) => {
      if (method === 'POST') throw new UnreachableError('no answer');
    };
    await expect(advance()).rejects.toThrow('no answer');
    await advance();
    expect(await jobs()).toHaveLength(1);
    expect((await read(nameOf('promote'))).spec?.suspend).toBe(false);
  });

  it('ends a demotion that is under way first, and waits until it is gone', async () => {
    await advance('Demote', { state: 'Demoting', run: 2 });
    expect(await advance()).toMatchObject({ kind: 'Waiting', message: expect.stringContaining('ends Job') });
    const [deleted] = direct.requests.filter(({ method }) => method === 'DELETE');
    expect(JSON.stringify(deleted)).toContain('Foreground');
    expect((await jobs()).map(({ metadata }) => metadata.labels?.[LABELS.hook])).not.toContain('promote');
  });

  it('tells why it failed, and tries again with another Job when it is time', async () => {
    await advance();
    const { uid = '' } = (await read(nameOf('promote'))).metadata;
    await end(nameOf('promote'), 'Failed');
    const state = { terminated: { exitCode: 1, message: 'the listener\nis down' } };
    const labels = { 'batch.kubernetes.io/job-name': nameOf('promote') };
    await direct.client.create(POD, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', namespace: NAMESPACE, labels },
    });
    const status = { containerStatuses: [{ name: 'hook', ready: false, state }] };
    await direct.client.mergePatch(POD, { name: 'p', namespace: NAMESPACE }, { status }, { subresource: 'status' });
    expect(await advance()).toMatchObject({
      kind: 'Failed',
      job: uid,
      message: expect.stringContaining('the listener is down'),
    });
    expect(await advance('Promote', { failedJob: uid }, false)).toMatchObject({ kind: 'Failed', job: uid });
    expect(await jobs()).toHaveLength(1);
    expect(await advance('Promote', { failedJob: uid })).toMatchObject({ message: 'tries promote again' });
  });
});

describe('a fence and a promotion', () => {
  it('suspends its Job, and makes a start that is under way fail', async () => {
    direct.before = ({ method }) => {
      if (method === 'PATCH') throw new UnreachableError('no answer');
    };
    await expect(advance()).rejects.toThrow();
    direct.before = () => undefined;
    const seen = await read(nameOf('promote'));
    await fence(fenceTarget('one'));
    const { resourceVersion, uid } = seen.metadata;
    const late = { metadata: { resourceVersion, uid }, spec: { suspend: false } };
    const where = { name: nameOf('promote'), namespace: NAMESPACE };
    await expect(direct.client.mergePatch(JOB, where, late)).rejects.toThrow(/modified/);
  });

  it('leave something as long as the Job may still make a pod', async () => {
    await advance();
    expect(await findLeftovers(fenceTarget('one'))).toMatch(/^Job .* is not suspended yet$/);
    await fence(fenceTarget('one'));
    expect(await findLeftovers(fenceTarget('one'))).toMatch(/is not suspended yet$/);
    await end(nameOf('promote'), 'Suspended', 1);
    expect(await findLeftovers(fenceTarget('one'))).toMatch(/is not suspended yet$/);
    await end(nameOf('promote'), 'Suspended');
    expect(await findLeftovers(fenceTarget('one'))).toBeUndefined();
  });

  it('do not concern a demotion, which runs while the region is fenced', async () => {
    await advance('Demote', { state: 'Demoting', run: 2 });
    await fence(fenceTarget('one'));
    expect((await read(nameOf('demote', 2))).spec?.suspend).toBe(false);
    expect((await read(nameOf('demote', 2))).spec?.template.metadata?.labels?.[LABELS.service]).toBeUndefined();
    expect(await findLeftovers(fenceTarget('one'))).toBeUndefined();
  });

  it('go on with the same Job when the right comes back', async () => {
    await advance();
    await fence(fenceTarget('one'));
    await advance();
    expect((await read(nameOf('promote'))).spec?.suspend).toBe(false);
    expect(await jobs()).toHaveLength(1);
  });
});

it('nothing is said by a Job without a pod', async () => {
  expect(await readTermination(call(), 'none')).toBeUndefined();
});
