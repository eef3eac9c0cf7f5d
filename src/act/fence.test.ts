import { beforeEach, describe, expect, it } from 'vitest';
import { serveBuiltInKinds } from '../../test/support/built-in-kinds.ts';
import { connectDirectly, type DirectClient } from '../../test/support/direct-client.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { VirtualTime } from '../../test/support/virtual-time.ts';
import { FENCED, LABELS, STANDBY_SERVICE } from '../api/labels.ts';
import { Store } from '../kube/cache.ts';
import { UnreachableError } from '../kube/errors.ts';
import {
  DEPLOYMENT,
  type Deployment,
  ENDPOINT_SLICE,
  type EndpointSlice,
  POD,
  type Pod,
  REPLICA_SET,
  type ReplicaSet,
  SERVICE,
  type Service,
  STATEFUL_SET,
  type StatefulSet,
} from '../kube/kinds.ts';
import type { Clock } from '../runtime/clock.ts';
import { endPods, type FenceTarget, fence, fencedMark, findLeftovers, markOf } from './fence.ts';
import { QuorumReads } from './quorum-reads.ts';

const NAMESPACE = 'switchback-system';
const labels = { [LABELS.service]: 'mail' };
const selector = { matchLabels: labels };
const template = { metadata: { labels }, spec: { containers: [] } };
const meta = (name: string) => ({ name, namespace: NAMESPACE, labels });
const where = (name: string) => ({ name, namespace: NAMESPACE });

const deployment = (name: string, replicas: number): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: meta(name),
  spec: { replicas, selector, template },
});
const statefulSet = (name: string, replicas: number): StatefulSet => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: meta(name),
  spec: { replicas, serviceName: name, selector, template },
});
const service = (name: string): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: meta(name),
  spec: { selector: { ...labels, [LABELS.slot]: 'a' }, ports: [{ port: 80 }] },
});

let clock: Clock;
let direct: DirectClient;
let target: FenceTarget;

/** The service `mail`: a Deployment and a StatefulSet of two, and a Service that selects slot a. */
beforeEach(async () => {
  const time = new VirtualTime();
  clock = time.startProcess({ id: 'agent', site: 'east' });
  const server = new FakeApiServer({ name: 'east', time, random: new SeededRandom(1) });
  serveBuiltInKinds(server);
  direct = connectDirectly(server);
  target = targetOf('one');
  await direct.client.create(DEPLOYMENT, deployment('mail-a', 2));
  await direct.client.create(STATEFUL_SET, statefulSet('mail-b', 2));
  await direct.client.create(SERVICE, service('mail'));
});

const targetOf = (token: string): FenceTarget => ({
  client: direct.client,
  reads: new QuorumReads(direct.client, clock),
  namespace: NAMESPACE,
  service: 'mail',
  token,
  deployments: new Store<Deployment>(),
  statefulSets: new Store<StatefulSet>(),
  hasJobs: true,
});

async function workloads(): Promise<(Deployment | StatefulSet)[]> {
  const { client } = direct;
  return [await client.read(DEPLOYMENT, where('mail-a')), await client.read(STATEFUL_SET, where('mail-b'))];
}

/** The controllers of the cluster have seen the zero. */
async function settle(): Promise<void> {
  for (const { kind, metadata } of await workloads()) {
    const resource = kind === 'Deployment' ? DEPLOYMENT : STATEFUL_SET;
    const status = { replicas: 0, observedGeneration: metadata.generation ?? 0 };
    await direct.client.mergePatch(resource, where(metadata.name), { status }, { subresource: 'status' });
  }
}

describe('a fence', () => {
  it('sets every workload to zero under the mark of this leadership and takes the service out of traffic', async () => {
    await fence(target);
    for (const workload of await workloads()) {
      expect(workload.spec?.replicas).toBe(0);
      expect(markOf(workload)).toBe(fencedMark('one'));
    }
    const { spec } = await direct.client.read(SERVICE, where('mail'));
    expect(spec?.selector?.[LABELS.slot]).toBe(FENCED);
  });

  it('writes what is at zero already, so that a start that is under way fails', async () => {
    await fence(target);
    const seen = await direct.client.read(DEPLOYMENT, where('mail-a'));
    await fence(targetOf('two'));
    const start = { metadata: { resourceVersion: seen.metadata.resourceVersion }, spec: { replicas: 2 } };
    await expect(direct.client.mergePatch(DEPLOYMENT, where('mail-a'), start)).rejects.toThrow(/modified/);
  });

  it('writes nothing a second time under the same leadership', async () => {
    await fence(target);
    const before = direct.writes().length;
    await fence(target);
    expect(direct.writes()).toHaveLength(before);
  });

  it('leaves other services alone', async () => {
    const other = { ...deployment('chat', 3), metadata: { ...meta('chat'), labels: { [LABELS.service]: 'chat' } } };
    await direct.client.create(DEPLOYMENT, other);
    await fence(target);
    expect((await direct.client.read(DEPLOYMENT, where('chat'))).spec?.replicas).toBe(3);
  });

  it('stops the pods although the Service cannot be written, and says so', async () => {
    direct.before = ({ method, path }) => {
      if (method === 'PATCH' && path.includes('/services/')) throw new UnreachableError('the webhook does not answer');
    };
    await expect(fence(target)).rejects.toThrow('the webhook does not answer');
    for (const workload of await workloads()) expect(workload.spec?.replicas).toBe(0);
  });

  it('stops one workload although another one cannot be written', async () => {
    direct.before = ({ method, path }) => {
      if (method === 'PATCH' && path.includes('mail-a')) throw new UnreachableError('no answer');
    };
    await expect(fence(target)).rejects.toThrow('no answer');
    expect((await direct.client.read(STATEFUL_SET, where('mail-b'))).spec?.replicas).toBe(0);
  });
});

describe('beside what runs on standby', () => {
  const standing = { [LABELS.service]: STANDBY_SERVICE, [LABELS.standbyOf]: 'mail' };
  const podOf = (name: string, podLabels: Record<string, string>): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...meta(name), labels: podLabels },
  });
  /** Certain are pods of that name only, whatever else they say. */
  const isOnStandby = ({ metadata }: Pod): boolean => metadata.name === 'mail-standby-0';
  const beside = (token = 'one'): FenceTarget => ({ ...targetOf(token), isOnStandby });

  beforeEach(async () => {
    const copy = deployment('mail-standby', 1);
    await direct.client.create(DEPLOYMENT, { ...copy, metadata: { ...copy.metadata, labels: standing } });
    const readers = service('mail-ro');
    const metadata = { ...readers.metadata, labels: standing };
    await direct.client.create(SERVICE, { ...readers, metadata, spec: { ...readers.spec, selector: standing } });
    await direct.client.create(POD, podOf('mail-standby-0', standing));
    await fence(beside());
    await settle();
  });

  it('a fence touches nothing of it', async () => {
    expect((await direct.client.read(DEPLOYMENT, where('mail-standby'))).spec?.replicas).toBe(1);
    expect((await direct.client.read(SERVICE, where('mail-ro'))).spec?.selector).toEqual(standing);
  });

  it('nothing is left', async () => {
    expect(await findLeftovers(beside())).toBeUndefined();
  });

  it.each<[string, Record<string, string>, string]>([
    ['without a label of the standby', { [LABELS.service]: 'mail' }, 'is still there'],
    ['with that of the service beside it', { ...standing, [LABELS.service]: 'mail' }, 'is still there'],
    ['that is not certain to stand by', standing, 'is not certain to be one of those that stand by'],
  ])('a pod %s is left', async (_name, podLabels, expected) => {
    await direct.client.create(POD, podOf('mail-x', podLabels));
    expect(await findLeftovers(beside())).toBe(`pod mail-x ${expected}`);
  });

  it('pods are ended without those that stand by', async () => {
    await direct.client.create(POD, podOf('mail-x', { ...standing, [LABELS.service]: 'mail' }));
    await endPods(beside());
    await expect(direct.client.read(POD, where('mail-x'))).rejects.toThrow();
    expect((await direct.client.read(POD, where('mail-standby-0'))).metadata.name).toBe('mail-standby-0');
  });
});

describe('nothing is left', () => {
  beforeEach(async () => {
    await fence(target);
    await settle();
  });

  it('when all is at zero and seen to be', async () => {
    expect(await findLeftovers(target)).toBeUndefined();
  });

  it('but not by the fence of another leadership', async () => {
    expect(await findLeftovers(targetOf('two'))).toBe('Deployment mail-a is not at zero yet');
  });

  it('but not before the controllers have seen the zero: they may still make a pod', async () => {
    await direct.client.mergePatch(STATEFUL_SET, where('mail-b'), { spec: { replicas: 1 } });
    await direct.client.mergePatch(STATEFUL_SET, where('mail-b'), { spec: { replicas: 0 } });
    expect(await findLeftovers(target)).toBe('StatefulSet mail-b is not at zero yet');
  });

  it('but not while a replica set still grows', async () => {
    const replicaSet: ReplicaSet = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: meta('mail-a-1'),
      spec: { replicas: 1 },
    };
    await direct.client.create(REPLICA_SET, replicaSet);
    expect(await findLeftovers(target)).toBe('ReplicaSet mail-a-1 is not at zero yet');
  });

  it('but not while a pod is there, also a terminating one on a lost node', async () => {
    const finalizers = ['example.dev/hold'];
    const pod: Pod = { apiVersion: 'v1', kind: 'Pod', metadata: { ...meta('mail-a-1-x'), finalizers } };
    await direct.client.create(POD, pod);
    await direct.client.delete(POD, where('mail-a-1-x'));
    expect(await findLeftovers(target)).toBe('pod mail-a-1-x is still there');
  });

  it('but not while traffic is led to an endpoint', async () => {
    const slice: EndpointSlice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      addressType: 'IPv4',
      metadata: meta('mail-z'),
      endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true } }],
    };
    await direct.client.create(ENDPOINT_SLICE, slice);
    expect(await findLeftovers(target)).toBe('EndpointSlice mail-z still has endpoints');
  });
});
