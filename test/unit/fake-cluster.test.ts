import { beforeEach, describe, expect, it } from 'vitest';
import {
  DEPLOYMENT,
  type Deployment,
  ENDPOINT_SLICE,
  NODE,
  POD,
  type Pod,
  REPLICA_SET,
  SERVICE,
  STATEFUL_SET,
} from '../../src/kube/kinds.ts';
import { type KubeObject, pathOf, type Resource } from '../../src/kube/object.ts';
import { serveBuiltInKinds } from '../support/built-in-kinds.ts';
import { isReady } from '../support/cluster/conditions.ts';
import { Kind } from '../support/cluster/kind.ts';
import type { Gate } from '../support/cluster/kubelet.ts';
import { FakeApiServer } from '../support/fake-api-server.ts';
import { closedAfterPowerLoss, FakeCluster, openGate } from '../support/fake-cluster-controllers.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { VirtualTime } from '../support/virtual-time.ts';

let time: VirtualTime;
let server: FakeApiServer;
let cluster: FakeCluster;

function build(gate: Gate = openGate, seed = 1): void {
  time = new VirtualTime();
  const random = new SeededRandom(seed);
  server = new FakeApiServer({ name: 'us', time, random: random.fork('server') });
  serveBuiltInKinds(server);
  cluster = new FakeCluster({ server, time, random, zones: ['us-a', 'us-b'], gate, timings: { evictAfterMs: 5_000 } });
}

beforeEach(() => build());

const kind = <T extends KubeObject>(resource: Resource<T>): Kind<T> => new Kind(server.storage, time, resource);
const pods = (): Pod[] => kind(POD).list();
const readyPods = (): Pod[] => pods().filter(isReady);
const zones = (): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { zone } of cluster.running()) counts[zone] = (counts[zone] ?? 0) + 1;
  return counts;
};
const later = (ms: number): Promise<void> => time.run(time.nowMs + ms);

function workload(name: string, replicas: number, podSpec: object = {}, spec: object = {}): Deployment {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'ns' },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main' }], ...podSpec } },
      ...spec,
    },
  };
}

const create = (resource: Resource, object: KubeObject) =>
  expect(server.handle({ method: 'POST', path: pathOf(resource, { namespace: 'ns' }), body: object }).status).toBe(201);
const patch = (resource: Resource, name: string, body: unknown) => {
  const path = pathOf(resource, { namespace: 'ns', name });
  return server.handle({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' });
};
const scale = (name: string, replicas: number) => patch(DEPLOYMENT, name, { spec: { replicas } });
const status = (name: string) => kind(DEPLOYMENT).get(`ns/${name}`)?.status;

describe('a Deployment', () => {
  it('runs its pods, owned and labelled, spread over the zones, and says so', async () => {
    create(DEPLOYMENT, workload('app', 4));
    await later(3_000);
    expect(zones()).toEqual({ 'us-a': 2, 'us-b': 2 });
    expect(readyPods()).toHaveLength(4);
    expect(pods()[0]?.metadata).toMatchObject({
      labels: { app: 'app' },
      ownerReferences: [{ kind: 'ReplicaSet' }],
    });
    expect(status('app')).toMatchObject({ replicas: 4, readyReplicas: 4, observedGeneration: 1 });
  });

  it('says zero at once when it is scaled to zero, while its pods run on to the end of their grace', async () => {
    create(DEPLOYMENT, workload('app', 2, { terminationGracePeriodSeconds: 3 }));
    await later(3_000);
    const stops: number[] = [];
    cluster.onRunningChange((_, isRunning) => {
      if (!isRunning) stops.push(time.nowMs);
    });
    scale('app', 0);
    await later(300);
    expect(status('app')).toEqual({ observedGeneration: 2 });
    expect(kind(REPLICA_SET).list()[0]).toMatchObject({ spec: { replicas: 0 }, status: { replicas: 0 } });
    expect(pods()).toHaveLength(2);
    await later(5_000);
    expect([cluster.running(), pods()]).toEqual([[], []]);
    expect(Math.max(...stops)).toBeLessThanOrEqual(3_000 + 3_200);
    expect(stops).toHaveLength(2);
  });

  it('replaces a pod that is deleted', async () => {
    create(DEPLOYMENT, workload('app', 1));
    await later(2_000);
    const [first] = pods();
    server.handle({ method: 'DELETE', path: pathOf(POD, { namespace: 'ns', name: first?.metadata.name ?? '' }) });
    await later(6_000);
    expect(readyPods()).toHaveLength(1);
    expect(readyPods()[0]?.metadata.uid).not.toBe(first?.metadata.uid);
  });

  it('rolls a new template out without ever serving with fewer pods', async () => {
    create(DEPLOYMENT, workload('app', 3));
    await later(3_000);
    patch(DEPLOYMENT, 'app', { spec: { template: { metadata: { labels: { version: '2' } } } } });
    let least = 3;
    await time.run(time.nowMs + 30_000, () => {
      least = Math.min(least, readyPods().filter(({ metadata }) => !metadata.deletionTimestamp).length);
    });
    expect(least).toBe(3);
    expect(pods().map(({ metadata }) => metadata.labels?.['version'])).toEqual(['2', '2', '2']);
  });

  it('of strategy Recreate starts nothing new before the last old pod has ended', async () => {
    create(DEPLOYMENT, workload('app', 2, {}, { strategy: { type: 'Recreate' } }));
    await later(3_000);
    const versions = () => new Set(cluster.running().map(({ labels }) => labels['version'] ?? '1'));
    patch(DEPLOYMENT, 'app', { spec: { template: { metadata: { labels: { version: '2' } } } } });
    let most = 0;
    await time.run(time.nowMs + 30_000, () => {
      most = Math.max(most, versions().size);
    });
    expect([most, [...versions()], readyPods().length]).toEqual([1, ['2'], 2]);
  });

  it('takes its pods along when it is deleted', async () => {
    create(DEPLOYMENT, workload('app', 2));
    await later(3_000);
    server.handle({ method: 'DELETE', path: pathOf(DEPLOYMENT, { namespace: 'ns', name: 'app' }) });
    await later(10_000);
    expect([cluster.running(), pods()]).toEqual([[], []]);
  });
});

describe('the garbage collector', () => {
  const remove = (propagationPolicy: string) =>
    server.handle({
      method: 'DELETE',
      path: pathOf(DEPLOYMENT, { namespace: 'ns', name: 'app' }),
      body: { propagationPolicy },
    });

  beforeEach(async () => {
    create(DEPLOYMENT, workload('app', 2));
    await later(3_000);
  });

  it('keeps an owner that is deleted in the foreground until its last pod is gone', async () => {
    remove('Foreground');
    let ownerless = 0;
    await time.run(time.nowMs + 10_000, () => {
      if (pods().length > 0 && status('app') === undefined) ownerless++;
    });
    expect([ownerless, pods(), status('app')]).toEqual([0, [], undefined]);
  });

  it('leaves what an orphaning owner made alone', async () => {
    remove('Orphan');
    await later(10_000);
    expect([cluster.running().length, status('app')]).toEqual([2, undefined]);
    expect(
      kind(REPLICA_SET)
        .list()
        .map(({ metadata }) => metadata.ownerReferences),
    ).toEqual([[]]);
  });

  it('deletes what refers to an owner that never was', async () => {
    const reference = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'ghost', uid: 'ghost' };
    create(SERVICE, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'stray', namespace: 'ns', ownerReferences: [reference] },
    });
    await later(1_000);
    expect(kind(SERVICE).list()).toEqual([]);
  });
});

describe('the scheduler', () => {
  const affinity = (zone: string) => ({
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [
          { matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: [zone] }] },
        ],
      },
    },
  });

  it('heeds node affinity and node selector', async () => {
    create(DEPLOYMENT, workload('bound', 3, { affinity: affinity('us-b') }));
    await later(3_000);
    expect(zones()).toEqual({ 'us-b': 3 });
    create(DEPLOYMENT, workload('chosen', 2, { nodeSelector: { 'kubernetes.io/hostname': 'us-a-node-1' } }));
    await later(3_000);
    expect(zones()).toEqual({ 'us-a': 2, 'us-b': 3 });
  });

  it('leaves pending what a hard spread forbids, and places it when the zone is back', async () => {
    const spread = {
      maxSkew: 1,
      topologyKey: 'topology.kubernetes.io/zone',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { app: 'app' } },
    };
    const anywhere = { nodeSelector: { 'topology.kubernetes.io/region': 'us' } };
    create(DEPLOYMENT, workload('app', 2, { ...anywhere, affinity: affinity('us-c') }));
    await later(2_000);
    expect(pods()[0]?.status).toMatchObject({
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False' }],
    });
    patch(DEPLOYMENT, 'app', { spec: { template: { spec: { affinity: null, topologySpreadConstraints: [spread] } } } });
    await later(8_000);
    expect(zones()).toEqual({ 'us-a': 1, 'us-b': 1 });
  });

  it('keeps pods apart that repel each other', async () => {
    const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'app' } } };
    const podAntiAffinity = { requiredDuringSchedulingIgnoredDuringExecution: [term] };
    create(DEPLOYMENT, workload('app', 5, { affinity: { podAntiAffinity } }));
    await later(3_000);
    expect(new Set(cluster.running().map(({ node }) => node)).size).toBe(4);
    expect(pods().filter(({ spec }) => spec?.nodeName === undefined)).toHaveLength(1);
  });
});

describe('a StatefulSet', () => {
  it('starts all at once where it may, and rolls from the highest, one after another', async () => {
    const parallel = { ...workload('db', 3, {}, { podManagementPolicy: 'Parallel' }), kind: 'StatefulSet' };
    create(STATEFUL_SET, parallel);
    await later(1_300);
    expect(readyPods()).toHaveLength(3);
    const order: string[] = [];
    cluster.onRunningChange(({ name }, isRunning) => {
      if (isRunning) order.push(name);
    });
    patch(STATEFUL_SET, 'db', { spec: { template: { metadata: { labels: { version: '2' } } } } });
    await later(30_000);
    expect(order).toEqual(['db-2', 'db-1', 'db-0']);
  });

  it('starts its pods one after another under fixed names, never two of a name', async () => {
    const { spec } = workload('db', 2);
    create(STATEFUL_SET, { ...workload('db', 2), kind: 'StatefulSet', spec } as KubeObject);
    await later(5_000);
    expect(readyPods().map(({ metadata }) => metadata.name)).toEqual(['db-0', 'db-1']);
    server.handle({ method: 'DELETE', path: pathOf(POD, { namespace: 'ns', name: 'db-0' }) });
    let most = 0;
    await time.run(time.nowMs + 8_000, () => {
      most = Math.max(most, cluster.running().filter(({ name }) => name === 'db-0').length);
    });
    expect([most, readyPods().length]).toEqual([1, 2]);
    patch(STATEFUL_SET, 'db', { spec: { replicas: 1 } });
    await later(8_000);
    expect(pods().map(({ metadata }) => metadata.name)).toEqual(['db-0']);
  });
});

describe('power', () => {
  beforeEach(async () => {
    create(DEPLOYMENT, workload('app', 4));
    await later(3_000);
  });

  it('lost in a zone ends its pods at once; the API learns it after the grace, and replaces them later', async () => {
    cluster.losePower({ zone: 'us-a' });
    expect(zones()).toEqual({ 'us-b': 2 });
    expect(readyPods()).toHaveLength(4);
    await later(10_500);
    expect(readyPods()).toHaveLength(2);
    const lost = kind(NODE)
      .list()
      .filter((node) => !isReady(node));
    expect(lost.map(({ metadata }) => metadata.name)).toEqual(['us-a-node-1', 'us-a-node-2']);
    await later(10_000);
    expect(zones()).toEqual({ 'us-b': 4 });
    expect(pods().filter(({ metadata }) => metadata.deletionTimestamp)).toHaveLength(2);
    cluster.restorePower({ zone: 'us-a' });
    await later(5_000);
    expect(pods()).toHaveLength(4);
    expect(kind(NODE).list().every(isReady)).toBe(true);
  });

  it('that returns starts the pods again that no gate holds', async () => {
    cluster.losePower();
    await later(1_000);
    cluster.restorePower();
    await later(5_000);
    expect(cluster.running()).toHaveLength(4);
  });

  it('that returns starts nothing behind a gate until the gate opens', async () => {
    let mayStart: Gate = closedAfterPowerLoss;
    build((pod, reason) => mayStart(pod, reason));
    create(DEPLOYMENT, workload('app', 2));
    await later(3_000);
    expect(cluster.running()).toHaveLength(2);
    cluster.losePower();
    cluster.restorePower();
    await later(5_000);
    expect([cluster.running(), readyPods()]).toEqual([[], []]);
    mayStart = openGate;
    cluster.recheckGates();
    await later(2_000);
    expect(readyPods()).toHaveLength(2);
  });

  it('lost over the whole region keeps controllers still, and they do not punish nodes for the time they were blind', async () => {
    server.setRunning(false);
    cluster.losePower();
    await later(60_000);
    expect(readyPods()).toHaveLength(4);
    server.setRunning(true);
    cluster.restorePower();
    for (let i = 0; i < 90; i++) {
      await later(100);
      expect(kind(NODE).list().every(isReady)).toBe(true);
    }
    expect(cluster.running()).toHaveLength(4);
  });
});

describe('a pod on a lost node', () => {
  const tolerate = (tolerationSeconds?: number) => ({
    tolerations: [
      {
        key: 'node.kubernetes.io/unreachable',
        operator: 'Exists',
        effect: 'NoExecute',
        ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
      },
    ],
  });

  it('is marked for deletion when its own toleration is over, or never', async () => {
    create(DEPLOYMENT, workload('soon', 1, tolerate(2)));
    create(DEPLOYMENT, workload('never', 1, tolerate()));
    await later(3_000);
    cluster.losePower();
    await later(13_000);
    const marked = () => pods().filter(({ metadata }) => metadata.deletionTimestamp);
    expect(marked().map(({ metadata }) => metadata.labels?.['app'])).toEqual(['soon']);
    await later(60_000);
    expect(marked().map(({ metadata }) => metadata.labels?.['app'])).toEqual(['soon']);
  });
});

describe('a lost API server', () => {
  it('stops no pod, and what was ordered meanwhile happens when it is back', async () => {
    create(DEPLOYMENT, workload('app', 2));
    await later(3_000);
    scale('app', 0);
    server.setRunning(false);
    await later(30_000);
    expect(cluster.running()).toHaveLength(2);
    expect(pods().every(({ metadata }) => metadata.deletionTimestamp === undefined)).toBe(true);
    server.setRunning(true);
    await later(6_000);
    expect(cluster.running()).toHaveLength(0);
  });
});

describe('a pod', () => {
  it('that dies by itself is started again, and is not ready meanwhile', async () => {
    create(DEPLOYMENT, workload('app', 1));
    await later(3_000);
    cluster.crashPod(cluster.running()[0]?.uid ?? '');
    await later(100);
    expect([cluster.running(), readyPods()]).toEqual([[], []]);
    await later(3_000);
    expect(readyPods()).toHaveLength(1);
  });

  it('whose object is deleted by force may run on for a while', async () => {
    create(DEPLOYMENT, workload('app', 1));
    await later(3_000);
    const uid = cluster.running()[0]?.uid;
    scale('app', 0);
    const { name = '' } = pods()[0]?.metadata ?? {};
    server.handle({ method: 'DELETE', path: pathOf(POD, { namespace: 'ns', name }), body: { gracePeriodSeconds: 0 } });
    expect(pods()).toEqual([]);
    expect(cluster.running()[0]?.uid).toBe(uid);
    await later(5_000);
    expect(cluster.running()).toEqual([]);
  });
});

describe('a Service', () => {
  const endpoints = () =>
    kind(ENDPOINT_SLICE)
      .list()
      .flatMap((slice) => slice.endpoints ?? []);

  it('has the ready pods that it selects as endpoints, and keeps them when its selector is taken away', async () => {
    create(SERVICE, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'app', namespace: 'ns', labels: { own: 'label' } },
      spec: { selector: { app: 'app' } },
    } as KubeObject);
    create(DEPLOYMENT, workload('app', 2));
    await later(3_000);
    expect(endpoints().map(({ conditions }) => conditions?.ready)).toEqual([true, true]);
    expect(
      endpoints()
        .map(({ zone }) => zone)
        .toSorted(),
    ).toEqual(['us-a', 'us-b']);
    const [slice] = kind(ENDPOINT_SLICE).list();
    expect(slice?.metadata.labels).toEqual({ own: 'label', 'kubernetes.io/service-name': 'app' });
    patch(SERVICE, 'app', { spec: { selector: null } });
    await later(1_000);
    expect(endpoints()).toHaveLength(2);
    patch(SERVICE, 'app', { spec: { selector: { app: 'nobody' } } });
    await later(1_000);
    expect(endpoints()).toEqual([]);
  });
});

describe('the world', () => {
  it('is the same for the same seed', async () => {
    const trace = async (seed: number) => {
      build(openGate, seed);
      const seen: string[] = [];
      cluster.onRunningChange(({ name, node }, isRunning) => seen.push(`${time.nowMs} ${name} ${node} ${isRunning}`));
      create(DEPLOYMENT, workload('app', 6));
      await later(5_000);
      cluster.losePower({ zone: 'us-b' });
      await later(30_000);
      return seen.join('\n');
    };
    expect(await trace(3)).toBe(await trace(3));
    expect(await trace(3)).not.toBe(await trace(4));
  });
});
