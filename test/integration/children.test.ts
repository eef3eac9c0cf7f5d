import { afterAll, beforeAll, expect, test } from 'vitest';
import { FIELD_MANAGERS } from '../../src/api/labels.ts';
import { type Children, computeChildren } from '../../src/decide/desired/children.ts';
import { computeStandby } from '../../src/decide/desired/standby.ts';
import { layoutComponent } from '../../src/decide/layout.ts';
import { DEPLOYMENT, POD_DISRUPTION_BUDGET, SERVICE, STATEFUL_SET } from '../../src/kube/kinds.ts';
import type { KubeObject, Resource } from '../../src/kube/object.ts';
import { aComponent, aGate, anOrder } from '../support/objects.ts';
import { type ApiServer, bootApiServer } from './support/api-server.ts';

/**
 * Whatever is made from an order is accepted and stored as it was written: a field that the API server stores otherwise
 * would be a difference at every look, and a write each time.
 */

let server: ApiServer;
beforeAll(async () => {
  server = await bootApiServer([]);
});
afterAll(() => server?.[Symbol.asyncDispose]());

const PATTERNS = [
  { pattern: 'A' },
  { pattern: 'A', writeBearing: false },
  { pattern: 'A-A' },
  { pattern: 'A-B' },
  { survives: 'Zone' },
  { survives: 'Instance' },
  { of: 'A-A' },
  { of: 'A-B' },
];

const FULL = {
  command: ['serve'],
  args: [],
  env: [
    { name: 'EMPTY', value: '' },
    { name: 'SET', value: 'x' },
  ],
  ports: [
    { name: 'http', port: 8080 },
    { name: 'sip', port: 5060, protocol: 'UDP' },
  ],
  resources: { requests: { cpu: '1000m', memory: '0.9Mi' }, limits: { cpu: '2.5', memory: '1.5Gi' } },
};
const OVERRIDDEN = {
  overrides: {
    priorityClassName: 'system-node-critical',
    securityContext: { fsGroup: 7 },
    topologySpreadConstraints: [
      { topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 2 },
      { topologyKey: 'rack', whenUnsatisfiable: 'DoNotSchedule', maxSkew: 2 },
    ],
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'gpu', operator: 'Exists' }] }],
        },
      },
    },
  },
};
const TEMPLATES = { full: FULL, 'without ports': { ports: [] }, 'with overrides': OVERRIDDEN };

const CASES = ['Deployment', 'StatefulSet'].flatMap((workload) =>
  PATTERNS.flatMap((shape) =>
    Object.entries(TEMPLATES).map(([name, template]) => ({
      workload,
      shape,
      name,
      template: { workload, ...template },
    })),
  ),
);

async function applyAll<T extends KubeObject>(resource: Resource<T>, objects: readonly T[]): Promise<void> {
  const client = server.client('admin');
  for (const object of objects) {
    const stored = await client.apply(resource, object, { fieldManager: FIELD_MANAGERS.agent });
    expect(stored).toMatchObject(object);
    const again = await client.apply(resource, object, { fieldManager: FIELD_MANAGERS.agent });
    // Not the resourceVersion: controllers write the status meanwhile.
    expect(again.metadata.generation).toBe(stored.metadata.generation);
  }
}

type Made = Omit<Children, 'pdbs'> & Partial<Pick<Children, 'pdbs'>>;

async function applyChildren({ workloads, services, pdbs = [] }: Made): Promise<void> {
  const deployments = workloads.filter((workload) => workload.kind === 'Deployment');
  const statefulSets = workloads.filter((workload) => workload.kind === 'StatefulSet');
  await applyAll(DEPLOYMENT, deployments);
  await applyAll(STATEFUL_SET, statefulSets);
  await applyAll(SERVICE, services);
  await applyAll(POD_DISRUPTION_BUDGET, pdbs);
}

type ComponentInput = Parameters<typeof aComponent>[0];

function orderOf(name: string, input: ComponentInput, fencing: 'Agent' | 'Gate') {
  const component = aComponent(input);
  const layout = layoutComponent(component, { agents: 100, zones: ['a', 'b', 'c'] });
  if (!layout.ok) throw new Error(layout.message);
  // Without a uid: the order itself is not there, and the garbage collector would take its children.
  const { metadata, spec } = anOrder(name, [layout.order], { fencing });
  return { metadata: { name: metadata.name, namespace: 'switchback-system' }, spec };
}

test.each(CASES)('$workload of $shape, $name, is stored as it was written, running and stopped', async (given) => {
  const order = orderOf(`service-${CASES.indexOf(given)}`, { ...given.shape, template: given.template }, 'Agent');
  const state = { selected: new Map([['main', ['a', 'b'] as const]]), gate: undefined };
  await applyChildren(computeChildren(order, { ...state, running: true }));
  await applyChildren(computeChildren(order, { ...state, running: false }));
});

test.each(['ImageVolume', 'InitContainer'] as const)(
  'pods with a gate out of an %s are stored as written',
  async (delivery) => {
    const order = orderOf(`gate-${delivery.toLowerCase()}`, { pattern: 'A', template: FULL }, 'Gate');
    const state = { selected: new Map(), gate: aGate({ delivery }) };
    await applyChildren(computeChildren(order, { ...state, running: true }));
    await applyChildren(computeChildren(order, { ...state, running: false }));
  },
);

test.each(
  ['Deployment', 'StatefulSet'].flatMap((workload) =>
    (['Warm', 'ReadOnly'] as const).map((mode) => [workload, mode] as const),
  ),
)('a %s that stands by %s is stored as it was written, beside the active one', async (workload, mode) => {
  const template = { ...FULL, ...OVERRIDDEN, workload };
  const order = orderOf(`standby-${workload}-${mode}`.toLowerCase(), { pattern: 'A-A', template }, 'Agent');
  const standby = {
    instances: 2,
    args: ['--read-only'],
    env: [{ name: 'SET', value: '' }],
    overrides: { hostname: 'copy' },
  };
  const components = order.spec.components.map((component) => ({ ...component, standby }));
  const given = { ...order, spec: { ...order.spec, standby: mode, components } };
  await applyChildren(computeStandby(given));
  await applyChildren(computeChildren(given, { running: true, selected: new Map(), gate: undefined }));
});

test('a pod that is told what its region shows is stored as it was written', async () => {
  const order = orderOf('view', { pattern: 'A', template: FULL }, 'Agent');
  const limited = { ...order, spec: { ...order.spec, mode: 'Active' as const, view: 'Limited' as const } };
  await applyChildren(computeChildren(limited, { running: true, selected: new Map(), gate: undefined }));
});
