import type { AdminApi } from './api.ts';
import type { ZoneSpec } from './provider.ts';

/** Pods of each zone get addresses out of a range of their own: `10.<64 + 8 * cluster + zone>.0.0/16`. */
export function podCidr(clusterIndex: number, zoneIndex: number): string {
  return `10.${64 + 8 * clusterIndex + zoneIndex}.0.0/16`;
}

const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';

function namesOf(zone: ZoneSpec): readonly string[] {
  return Array.from({ length: zone.nodes }, (_, index) => `${zone.name}-${index + 1}`);
}

/** The Node objects of one zone, as kubelets would register them, with the well-known topology labels. */
export function nodesOf(
  region: string,
  clusterIndex: number,
  zone: ZoneSpec,
  zoneIndex: number,
): readonly NodeObject[] {
  return namesOf(zone).map((name, index) => {
    const capacity = { cpu: zone.nodeSize.cpu, memory: zone.nodeSize.memory, pods: String(zone.nodeSize.pods) };
    const labels = {
      'kubernetes.io/hostname': name,
      'kubernetes.io/os': 'linux',
      'topology.kubernetes.io/region': region,
      'topology.kubernetes.io/zone': zone.name,
    };
    return {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels },
      status: {
        capacity,
        allocatable: capacity,
        addresses: [{ type: 'InternalIP', address: `10.${clusterIndex + 1}.${zoneIndex}.${index + 1}` }],
      },
    };
  });
}

export interface NodeObject {
  readonly apiVersion: string;
  readonly kind: 'Node';
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly status: object;
}

/**
 * Whether every node of the zone has renewed its lease after `sinceMs` (milliseconds since the epoch, of this machine as
 * the nodes are simulated here), says that it is Ready, and is free of the taints of a lost node.
 */
export async function zoneIsReady(api: AdminApi, zone: ZoneSpec, sinceMs: number): Promise<boolean> {
  const selector = encodeURIComponent(`topology.kubernetes.io/zone=${zone.name}`);
  const nodes = itemsOf(await api.get(`/api/v1/nodes?labelSelector=${selector}`));
  if (nodes.length !== zone.nodes || !nodes.every(nodeIsReady)) return false;
  const all = itemsOf(await api.get(leases));
  const renewed = new Set(all.filter((lease) => renewTimeMs(lease) > sinceMs).map(nameOf));
  return nodes.every((node) => renewed.has(nameOf(node)));
}

/**
 * Deletes the leases of nodes that are about to be powered on. A kubelet takes its own lease back at once; every start of
 * kwok is a holder of its own, which would wait until the lease of the one before has run out.
 */
export async function releaseLeases(api: AdminApi, zone: ZoneSpec): Promise<void> {
  await Promise.all(namesOf(zone).map((name) => api.delete(`${leases}/${name}`)));
}

const NUDGED = 'regions.switchback.dev/nudged';
const SICK = 'regions.switchback.dev/sick';
const NUDGE_EVERY_MS = 1000;

/**
 * Whether the nodes of a zone have taken up their pods: what is to end has ended, and the rest is Ready. A kwok that has just
 * started lists the pods of a node once; where it does that before it has taken the node itself into its books (0.8.0, on
 * a busy machine), it leaves them out, and a pod that never changes again would be Terminating for ever. So what is not
 * taken up is changed, until it is.
 */
export function createPodsAreTaken(api: AdminApi, zone: ZoneSpec): () => Promise<boolean> {
  const names = new Set<unknown>(namesOf(zone));
  let nudgedMs = Number.NEGATIVE_INFINITY;
  return async () => {
    const pods = itemsOf(await api.get('/api/v1/pods'));
    const left = pods.filter((pod) => names.has(field(field(pod, 'spec'), 'nodeName')) && isLeft(pod));
    if (left.length === 0) return true;
    const now = performance.now();
    if (now - nudgedMs < NUDGE_EVERY_MS) return false;
    nudgedMs = now;
    await Promise.all(left.map((pod) => api.annotate(podPath(pod), { [NUDGED]: new Date().toISOString() })));
    return false;
  };
}

function podPath(pod: unknown): string {
  const metadata = field(pod, 'metadata');
  return `/api/v1/namespaces/${field(metadata, 'namespace')}/pods/${field(metadata, 'name')}`;
}

function isLeft(pod: unknown): boolean {
  const [metadata, status] = [field(pod, 'metadata'), field(pod, 'status')];
  if (field(metadata, 'deletionTimestamp') !== undefined) return field(metadata, 'finalizers') === undefined;
  if (field(field(metadata, 'annotations'), SICK) !== undefined) return false;
  const runs = ['Pending', 'Running'].includes(String(field(status, 'phase')));
  return runs && !isReady(status);
}

function itemsOf(list: unknown): readonly unknown[] {
  const items = field(list, 'items');
  return Array.isArray(items) ? items : [];
}

function nameOf(object: unknown): unknown {
  return field(field(object, 'metadata'), 'name');
}

function renewTimeMs(lease: unknown): number {
  return Date.parse(String(field(field(lease, 'spec'), 'renewTime')));
}

const lostNodeTaints: readonly string[] = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

function nodeIsReady(node: unknown): boolean {
  const taints = field(field(node, 'spec'), 'taints');
  if (Array.isArray(taints) && taints.some((taint) => lostNodeTaints.includes(String(field(taint, 'key')))))
    return false;
  return isReady(field(node, 'status'));
}

function isReady(status: unknown): boolean {
  const conditions = field(status, 'conditions');
  return (
    Array.isArray(conditions) &&
    conditions.some((condition) => field(condition, 'type') === 'Ready' && field(condition, 'status') === 'True')
  );
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
