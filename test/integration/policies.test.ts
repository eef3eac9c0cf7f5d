import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitFor } from '../../hack/regions/wait.ts';
import { FENCE_FINALIZER, LABELS, STANDBY_SERVICE } from '../../src/api/labels.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { NotFoundError } from '../../src/kube/errors.ts';
import { DEPLOYMENT, NAMESPACE, STATEFUL_SET } from '../../src/kube/kinds.ts';
import type { ClusterAccess } from '../../src/kube/kubeconfig.ts';
import type { KubeObject, Resource } from '../../src/kube/object.ts';
import { pathOf } from '../../src/kube/object.ts';
import { type ApiServer, bootApiServer } from './support/api-server.ts';
import { type Manifest, readCases, withChanges } from './support/cases.ts';

/** What the admission policies of a region refuse, by whom it is asked: `admin` stands for everybody but the agent. */

const MANAGED = 'managed';
/** Before any policy is asked: the roles of the operator do not go as far. */
const FORBIDDEN = 'is forbidden: User';
let server: ApiServer;

beforeAll(async () => {
  server = await bootApiServer(['region', 'hub']);
  for (const name of ['cases', MANAGED]) {
    const metadata = { name, labels: name === MANAGED ? { 'switchback.dev/managed': 'true' } : {} };
    await admin().create(NAMESPACE, { apiVersion: 'v1', kind: 'Namespace', metadata });
  }
  await untilPoliciesAreEnforced();
});
afterAll(() => server?.[Symbol.asyncDispose]());

const admin = () => server.client('admin');
const agent = () => server.client('switchback-agent');
const hub = () => server.client('switchback-hub');

describe('a RegionalService that is active in one region', () => {
  const withoutFinalizer = { metadata: { finalizers: null } };
  const service = RESOURCES.regionalService;

  test('is gone only after its region has confirmed the stop at the present epoch', async () => {
    const where = await createService('gone');
    await admin().delete(service, where);
    await expect(agent().mergePatch(service, where, withoutFinalizer)).rejects.toThrow(
      'status.standbyEpoch -1, needed 5): delete the object and wait',
    );
    await agent().mergePatch(service, where, { status: { standbyEpoch: 4 } }, { subresource: 'status' });
    await expect(agent().mergePatch(service, where, withoutFinalizer)).rejects.toThrow(
      'status.standbyEpoch 4, needed 5',
    );
    await agent().mergePatch(service, where, { status: { standbyEpoch: 5 } }, { subresource: 'status' });
    await agent().mergePatch(service, where, withoutFinalizer);
    await expect(admin().read(service, where)).rejects.toThrow(NotFoundError);
  });

  test('keeps its finalizer while it lives, also when its region has confirmed', async () => {
    const where = await createService('living');
    await agent().mergePatch(service, where, { status: { standbyEpoch: 5 } }, { subresource: 'status' });
    await expect(admin().mergePatch(service, where, withoutFinalizer)).rejects.toThrow(FENCE_FINALIZER);
  });

  test('can be changed otherwise while it is being deleted', async () => {
    const where = await createService('ending');
    await admin().delete(service, where);
    const changed = await admin().mergePatch(service, where, { spec: { epoch: 6, role: 'Standby' } });
    expect(changed.spec).toMatchObject({ epoch: 6, role: 'Standby' });
  });

  test('is deleted at once when it is active in every region', async () => {
    const where = await createService('everywhere', { '/spec/mode': 'Active', '/metadata/finalizers': null });
    await admin().delete(service, where);
    await expect(admin().read(service, where)).rejects.toThrow(NotFoundError);
  });
});

describe.each([DEPLOYMENT, STATEFUL_SET])('a fenced $kind', (resource: Resource) => {
  const start = { spec: { replicas: 2 } };

  test('is not started by anybody, whatever else the write says', async () => {
    const where = await createWorkload(resource, 'started', 'fenced-1');
    const refusal = 'this workload is fenced, so its replicas must be 0';
    await expect(admin().mergePatch(resource, where, start)).rejects.toThrow(refusal);
    await expect(agent().mergePatch(resource, where, start)).rejects.toThrow(refusal);
    const applied = withSpec(workload(resource, where.name), 2);
    await expect(admin().apply(resource, applied, { fieldManager: 'argocd' })).rejects.toThrow(refusal);
  });

  test('keeps its labels', async () => {
    const where = await createWorkload(resource, 'kept', 'fenced-1');
    const refusal = 'only the agent of the region lifts a fence';
    for (const metadata of [
      { labels: null },
      { labels: { [LABELS.fenceToken]: null } },
      { labels: { [LABELS.fenceToken]: 'running' } },
      { labels: { [LABELS.service]: null } },
    ]) {
      await expect(admin().mergePatch(resource, where, { metadata })).rejects.toThrow(refusal);
    }
  });

  test('is started by the agent in the write that lifts the fence', async () => {
    const where = await createWorkload(resource, 'lifted', 'fenced-1');
    const { resourceVersion = '' } = (await admin().read(resource, where)).metadata;
    const started = withSpec(workload(resource, where.name, 'running', resourceVersion), 2);
    await expect(agent().apply(resource, started, { fieldManager: 'switchback-agent' })).resolves.toMatchObject(start);
  });

  test('is fenced again by anybody, also at zero', async () => {
    const where = await createWorkload(resource, 'again', 'fenced-1');
    const fence = { metadata: { labels: { [LABELS.fenceToken]: 'fenced-2' } }, spec: { replicas: 0 } };
    await expect(admin().mergePatch(resource, where, fence)).resolves.toMatchObject({ spec: { replicas: 0 } });
  });
});

describe('a workload of a service', () => {
  test('is made running by the agent alone', async () => {
    const running = withSpec(workload(DEPLOYMENT, 'made', 'running'), 1);
    await expect(admin().create(DEPLOYMENT, running)).rejects.toThrow('only the agent of the region makes workloads');
    await expect(agent().create(DEPLOYMENT, running)).resolves.toMatchObject({ spec: { replicas: 1 } });
  });

  test.each([DEPLOYMENT, STATEFUL_SET])(
    'is not scaled by an autoscaler or a user ($kind)',
    async (resource: Resource) => {
      const where = await createWorkload(resource, 'scaled', 'running');
      const refusal = 'remove the autoscaler, and set minInstances or agentsPerInstance in the ServiceClass';
      expect(await scale(resource, where, 3, 'admin')).toContain(refusal);
      // The agent has no right to that subresource: it writes the workload itself.
      expect(await scale(resource, where, 3, 'switchback-agent')).toContain('cannot patch resource');
      await agent().mergePatch(resource, where, { spec: { replicas: 3 } });
    },
  );

  test('that stands by is made running and scaled by the agent alone', async () => {
    const labels = { [LABELS.service]: STANDBY_SERVICE, [LABELS.standbyOf]: 'voice-mail', app: 'copy' };
    const copy = (name: string) => withSpec(workload(DEPLOYMENT, name, undefined, undefined, labels), 1);
    await expect(admin().create(DEPLOYMENT, copy('copy-1'))).rejects.toThrow('only the agent of the region makes');
    await expect(agent().create(DEPLOYMENT, copy('copy-2'))).resolves.toMatchObject({ spec: { replicas: 1 } });
    const where = { name: 'copy-2', namespace: MANAGED };
    expect(await scale(DEPLOYMENT, where, 3, 'admin')).toContain('remove the autoscaler');
  });

  test('is not taken for one that stands by while it is fenced', async () => {
    const where = await createWorkload(DEPLOYMENT, 'disguised', 'fenced-1');
    const labels = { [LABELS.service]: STANDBY_SERVICE, [LABELS.standbyOf]: 'voice-mail' };
    const disguised = { metadata: { labels }, spec: { replicas: 1 } };
    const refusal = 'this workload is fenced, so its replicas must be 0';
    await expect(agent().mergePatch(DEPLOYMENT, where, disguised)).rejects.toThrow(refusal);
  });

  test('is not scaled by others in a namespace that the hub has not made either', async () => {
    const running = withSpec(workload(DEPLOYMENT, 'elsewhere', 'running'), 1);
    const where = { name: 'elsewhere', namespace: 'cases' };
    await agent().create(DEPLOYMENT, { ...running, metadata: { ...running.metadata, namespace: where.namespace } });
    expect(await scale(DEPLOYMENT, where, 3, 'admin')).toContain('remove the autoscaler');
  });

  test('is stopped through its scale by anybody', async () => {
    const where = await createWorkload(DEPLOYMENT, 'stopped', 'running');
    expect(await scale(DEPLOYMENT, where, 0, 'admin')).toBe('');
  });

  test('leaves other workloads of its namespace alone', async () => {
    const labels = { app: 'other' };
    const other = withSpec(workload(DEPLOYMENT, 'other', undefined, undefined, labels), 1);
    const { name } = (await admin().create(DEPLOYMENT, other)).metadata;
    expect(await scale(DEPLOYMENT, { name, namespace: MANAGED }, 3, 'admin')).toBe('');
  });
});

describe('a RegionSwitch that records what the operator did', () => {
  const drill = (name: string) =>
    withChanges(baseOf('RegionSwitch'), {
      '/metadata/name': name,
      '/spec/type': 'Drill',
      '/spec/drill': { kind: 'Region' },
      '/spec/trigger': 'Schedule',
    });

  test('is made by the hub alone', async () => {
    const refusal = 'only the hub makes such a RegionSwitch: leave trigger out';
    await expect(admin().create<KubeObject>(RESOURCES.regionSwitch, aRecord('forged'))).rejects.toThrow(refusal);
    await expect(admin().create<KubeObject>(RESOURCES.regionSwitch, drill('forged-drill'))).rejects.toThrow(refusal);
    await expect(agent().create<KubeObject>(RESOURCES.regionSwitch, aRecord('forged'))).rejects.toThrow(FORBIDDEN);
    await expect(hub().create<KubeObject>(RESOURCES.regionSwitch, aRecord('real'))).resolves.toBeDefined();
    await expect(hub().create<KubeObject>(RESOURCES.regionSwitch, drill('real-drill'))).resolves.toBeDefined();
  });

  test('is no matter of what a person asks for', async () => {
    const asked = withChanges(baseOf('RegionSwitch'), { '/metadata/name': 'asked' });
    await expect(admin().create<KubeObject>(RESOURCES.regionSwitch, asked)).resolves.toBeDefined();
  });
});

describe('a RegionLease', () => {
  test('is deleted by nobody: it remembers the term of the hub', async () => {
    const lease = withChanges(baseOf('RegionLease'), { '/metadata/name': 'kept' });
    await admin().create<KubeObject>(RESOURCES.regionLease, lease);
    const deleteBy = (client: KubeClient) => client.delete(RESOURCES.regionLease, { name: 'kept' });
    await expect(deleteBy(admin())).rejects.toThrow('a RegionLease is not deleted');
    await expect(deleteBy(hub())).rejects.toThrow(FORBIDDEN);
    await expect(deleteBy(agent())).rejects.toThrow(FORBIDDEN);
    await expect(admin().read(RESOURCES.regionLease, { name: 'kept' })).resolves.toBeDefined();
  });
});

describe('a tenant of the deprecated tier', () => {
  test('is accepted with a warning that says what to choose instead', async () => {
    const tenant = withChanges(baseOf('Tenant'), { '/spec/tier': 'AdvancedIvr' });
    const answer = await post(server.access('admin'), pathOf(RESOURCES.tenant, { namespace: 'cases' }), tenant);
    expect(answer).toEqual({ status: 201, warning: expect.stringContaining('choose AdvancedAgents') });
  });
});

/** With the header `warning`, which `KubeClient` does not give: an operator has no use for it. */
async function post(access: ClusterAccess, path: string, object: Manifest) {
  const { headers, tls } = await access.credentials.refresh();
  const dispatcher = new Agent({ connect: tls });
  const answer = await request(access.server + path, {
    dispatcher,
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(object),
  });
  await answer.body.dump();
  await dispatcher.close();
  return { status: answer.statusCode, warning: answer.headers['warning'] };
}

/** What the hub notes of a failover. */
const aRecord = (name: string): Manifest =>
  withChanges(baseOf('RegionSwitch'), {
    '/metadata/name': name,
    '/spec/trigger': 'Automatic',
    '/spec/cause': 'region us-east is lost',
    '/spec/reason': null,
  });

async function createService(name: string, changes?: Record<string, unknown>) {
  const object = withChanges(baseOf('RegionalService'), { '/metadata/name': name, ...changes });
  await admin().create<KubeObject>(RESOURCES.regionalService, object);
  return { name, namespace: 'cases' };
}

function baseOf(kind: string): Manifest {
  const base = readCases('refused').find((file) => file.base.kind === kind)?.base;
  if (!base) throw new Error(`there is no case of a ${kind}`);
  return base;
}

async function createWorkload(resource: Resource, name: string, token: string) {
  await agent().create(resource, workload(resource, name, token));
  return { name, namespace: MANAGED };
}

/** A workload as the agent makes it, at zero. */
function workload(
  { kind }: Resource,
  name: string,
  token?: string,
  resourceVersion?: string,
  labels: Readonly<Record<string, string>> = { [LABELS.service]: 'voice-mail', app: name },
) {
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: {
      name,
      namespace: MANAGED,
      labels: { ...labels, ...(token ? { [LABELS.fenceToken]: token } : {}) },
      ...(resourceVersion ? { resourceVersion } : {}),
    },
    spec: {
      replicas: 0,
      ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'none' }] } },
    },
  };
}

function withSpec(object: ReturnType<typeof workload>, replicas: number) {
  return { ...object, spec: { ...object.spec, replicas } };
}

/** As a HorizontalPodAutoscaler, KEDA and `kubectl scale` do. @returns what the server says against it, or nothing */
async function scale(
  resource: Resource,
  where: { name: string; namespace: string },
  replicas: number,
  user: 'admin' | 'switchback-agent',
): Promise<string> {
  const { status, body } = await server.client(user).transport.request({
    method: 'PATCH',
    path: pathOf(resource, { ...where, subresource: 'scale' }),
    contentType: 'application/merge-patch+json',
    body: { spec: { replicas } },
    lane: 'api',
    timeoutMs: 10_000,
  });
  return status < 300 ? '' : JSON.stringify(body);
}

/** The API server reads new policies a moment after they were written; each is asked for once. */
async function untilPoliciesAreEnforced(): Promise<void> {
  const probe = withSpec(workload(DEPLOYMENT, 'probe', 'fenced-0'), 1);
  await waitFor({ what: 'the fence to hold', timeoutMs: 20_000 }, () =>
    isRefused(admin().create(DEPLOYMENT, numbered(probe))),
  );
  const stopped = await createWorkload(DEPLOYMENT, 'scale-probe', 'running');
  await waitFor({ what: 'scaling to be refused', timeoutMs: 20_000 }, async () => {
    return (await scale(DEPLOYMENT, stopped, 1, 'admin')) !== '';
  });
  const unfenced = withChanges(baseOf('RegionalService'), { '/metadata/finalizers': null });
  await waitFor({ what: 'finalizers to be kept', timeoutMs: 20_000 }, () =>
    isRefused(admin().create<KubeObject>(RESOURCES.regionalService, numbered(unfenced))),
  );
  await waitFor({ what: 'records to be kept by the hub', timeoutMs: 20_000 }, () =>
    isRefused(admin().create<KubeObject>(RESOURCES.regionSwitch, numbered(aRecord('probe')))),
  );
  await waitFor({ what: 'leases to be kept', timeoutMs: 20_000 }, async () => {
    const lease = numbered(baseOf('RegionLease'));
    await admin().create<KubeObject>(RESOURCES.regionLease, lease);
    return isRefused(admin().delete(RESOURCES.regionLease, { name: lease.metadata.name }));
  });
}

let probes = 0;
function numbered<T extends Manifest>(object: T): T {
  probes += 1;
  return { ...object, metadata: { ...object.metadata, name: `probe-${probes}` } };
}

async function isRefused(write: Promise<unknown>): Promise<boolean> {
  return write.then(
    () => false,
    () => true,
  );
}
