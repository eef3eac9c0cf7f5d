import { beforeEach, describe, expect, it } from 'vitest';
import { POD, type Pod, REPLICA_SET, type ReplicaSet } from '../../src/kube/kinds.ts';
import { serveBuiltInKinds } from '../support/built-in-kinds.ts';
import { isReady } from '../support/cluster/conditions.ts';
import { Kind } from '../support/cluster/kind.ts';
import type { Supervise, Supervision } from '../support/cluster/kubelet.ts';
import { FakeApiServer } from '../support/fake-api-server.ts';
import { FakeCluster } from '../support/fake-cluster-controllers.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { VirtualTime } from '../support/virtual-time.ts';

let time: VirtualTime;
let server: FakeApiServer;
let cluster: FakeCluster;

function build(supervise?: Supervise): void {
  time = new VirtualTime();
  const random = new SeededRandom(1);
  server = new FakeApiServer({ name: 'us', time, random: random.fork('server') });
  serveBuiltInKinds(server);
  cluster = new FakeCluster({ server, time, random, zones: ['us-a'], ...(supervise ? { supervise } : {}) });
}

beforeEach(() => build());

const pods = (): Pod[] => new Kind(server.storage, time, POD).list();
const later = (ms: number): Promise<void> => time.run(time.nowMs + ms);

async function startOne(): Promise<void> {
  const labels = { app: 'app' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main' }] } };
  const set: ReplicaSet = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'app', namespace: 'ns' },
    spec: { replicas: 1, selector: { matchLabels: labels }, template },
  } as ReplicaSet;
  new Kind(server.storage, time, REPLICA_SET).create(set);
  await later(3_000);
}

function deleteAll(): void {
  const kind = new Kind(server.storage, time, REPLICA_SET);
  for (const set of kind.list()) kind.update(set, { ...set, spec: { ...set.spec, replicas: 0 } });
}

describe('kubelets that disobey', () => {
  it('leave running what is to stop, and stop it when they obey again', async () => {
    await startOne();
    cluster.setObeys(false);
    deleteAll();
    await later(30_000);
    expect(cluster.running()).toHaveLength(1);
    expect(pods()[0]?.metadata.deletionTimestamp).toBeDefined();
    cluster.setObeys(true);
    await later(10_000);
    expect([cluster.running(), pods()]).toEqual([[], []]);
  });

  it('start nothing, and fall silent', async () => {
    cluster.setObeys(false);
    await startOne();
    await later(30_000);
    expect(cluster.running()).toEqual([]);
    cluster.setObeys(true);
    await later(10_000);
    expect(cluster.running()).toHaveLength(1);
  });
});

describe('machines that stand still', () => {
  it('run nothing meanwhile, and go on with what ran, whatever it was told', async () => {
    await startOne();
    cluster.freeze(20_000);
    deleteAll();
    expect(cluster.running()).toEqual([]);
    await later(19_000);
    expect(cluster.running()).toEqual([]);
    await later(1_010);
    expect(cluster.running()).toHaveLength(1);
    await later(10_000);
    expect([cluster.running(), pods()]).toEqual([[], []]);
  });
});

describe('a supervisor', () => {
  const seen: { on?: Supervision; calls: string[] } = { calls: [] };

  beforeEach(() => {
    seen.calls = [];
    build((_pod, _node, on) => {
      seen.on = on;
      seen.calls.push('made');
      return {
        stop: () => seen.calls.push('stop'),
        kill: () => seen.calls.push('kill'),
        freeze: () => seen.calls.push('freeze'),
      };
    });
  });

  it('says itself when its process runs, and the pod is ready then only', async () => {
    await startOne();
    expect([cluster.running().length, pods().filter(isReady).length]).toEqual([0, 0]);
    seen.on?.started();
    await later(1_000);
    expect([cluster.running().length, pods().filter(isReady).length]).toEqual([1, 1]);
    seen.on?.stopped();
    await later(1_000);
    expect([cluster.running().length, pods().filter(isReady).length]).toEqual([0, 0]);
  });

  it('that ends is started anew; one whose pod is to stop is asked, and killed at the end of its grace', async () => {
    await startOne();
    seen.on?.exited();
    await later(3_000);
    expect(seen.calls).toEqual(['made', 'made']);
    deleteAll();
    await later(10_000);
    expect(seen.calls).toEqual(['made', 'made', 'stop', 'kill']);
    expect(pods()).toEqual([]);
  });
});
