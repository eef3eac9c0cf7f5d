import { ANNOTATIONS, FENCED, FIELD_MANAGERS, LABELS } from '../api/labels.ts';
import type { Store } from '../kube/cache.ts';
import type { KubeClient } from '../kube/client.ts';
import { NotFoundError } from '../kube/errors.ts';
import {
  DEPLOYMENT,
  type Deployment,
  ENDPOINT_SLICE,
  POD,
  REPLICA_SET,
  SERVICE,
  type Service,
  STATEFUL_SET,
  type StatefulSet,
} from '../kube/kinds.ts';
import type { Resource } from '../kube/object.ts';

export type Workload = Deployment | StatefulSet;

export interface FenceTarget {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Name of the RegionalService: value of the label that all its children carry. */
  readonly service: string;
  /** Of this one fence: it marks the objects. A service that is fenced again after a start has a new one. */
  readonly token: string;
  readonly deployments: Store<Deployment>;
  readonly statefulSets: Store<StatefulSet>;
  readonly signal: AbortSignal;
}

/** Fence traffic has connections of its own and fails fast. */
const CALL = { lane: 'fence', timeoutMs: 3000 } as const;
const PATCH = { ...CALL, fieldManager: FIELD_MANAGERS.agent } as const;
export const fencedMark = (token: string): string => `fenced:${token}`;
export const RUNNING_MARK = 'running';
export const isFencedMark = (mark: string): boolean => mark.startsWith('fenced:');
export const markOf = (workload: Workload): string => workload.metadata.annotations?.[ANNOTATIONS.fenceToken] ?? '';

interface Listed {
  readonly deployments: readonly Deployment[];
  readonly statefulSets: readonly StatefulSet[];
}

/** By quorum, never from a cache: a workload that another leader has just made must not be missed. */
async function listWorkloads(target: FenceTarget): Promise<Listed> {
  const options = { ...selectorOf(target), ...CALL, signal: target.signal };
  const [deployments, statefulSets] = await Promise.all([
    target.client.list(DEPLOYMENT, options),
    target.client.list(STATEFUL_SET, options),
  ]);
  return { deployments: deployments.items, statefulSets: statefulSets.items };
}

const selectorOf = ({ namespace, service }: FenceTarget) => ({
  namespace,
  labelSelector: `${LABELS.service}=${service}`,
});

/**
 * Stops a service: takes it out of traffic and sets every workload to zero. Neither waits for the other: a Service that
 * cannot be written (a webhook that does not answer, say) must not keep pods running. Rejects when anything of it failed.
 */
export async function fence(target: FenceTarget): Promise<void> {
  const results = await Promise.allSettled([closeServices(target), stopWorkloads(target)]);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/**
 * Each workload is written once even when it is at zero already: the write gives it a new resource version, so a start
 * that was decided on earlier, by another leader or this one, and that is still under way, fails.
 */
async function stopWorkloads(target: FenceTarget): Promise<void> {
  const { deployments, statefulSets } = await listWorkloads(target);
  await Promise.all([
    ...deployments.map(async (object) => fenceWorkload(target, DEPLOYMENT, object, target.deployments)),
    ...statefulSets.map(async (object) => fenceWorkload(target, STATEFUL_SET, object, target.statefulSets)),
  ]);
}

async function closeServices(target: FenceTarget): Promise<void> {
  const { items } = await target.client.list(SERVICE, { ...selectorOf(target), ...CALL, signal: target.signal });
  const open = items.filter((service) => service.spec?.selector?.[LABELS.slot] !== FENCED);
  await Promise.all(
    open.map(({ metadata: { name, namespace = '' } }) =>
      target.client.mergePatch(SERVICE, { name, namespace }, { spec: { selector: { [LABELS.slot]: FENCED } } }, PATCH),
    ),
  );
}

async function fenceWorkload<T extends Workload>(
  target: FenceTarget,
  resource: Resource<T>,
  workload: T,
  store: Store<T>,
): Promise<void> {
  const mark = fencedMark(target.token);
  if (markOf(workload) === mark && workload.spec?.replicas === 0) return;
  const { name, namespace = '' } = workload.metadata;
  const patch = { metadata: { annotations: { [ANNOTATIONS.fenceToken]: mark } }, spec: { replicas: 0 } };
  try {
    store.apply(await target.client.mergePatch(resource, { name, namespace }, patch, PATCH));
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
}

/** Whether the cache shows that everything of a service carries this fence. What it does not show yet is no proof of a stop. */
export function isFenceSeen(
  seen: {
    readonly deployments: readonly Workload[];
    readonly statefulSets: readonly Workload[];
    readonly services: readonly Service[];
  },
  token: string,
): boolean {
  const mark = fencedMark(token);
  const workloads = [...seen.deployments, ...seen.statefulSets];
  return (
    workloads.every((workload) => markOf(workload) === mark && workload.spec?.replicas === 0) &&
    seen.services.every((service) => service.spec?.selector?.[LABELS.slot] === FENCED)
  );
}

/** Ends pods that the controllers of the cluster have not ended: they may be slow, or down. */
export async function endPods(target: FenceTarget): Promise<void> {
  const { items } = await target.client.list(POD, { ...selectorOf(target), ...CALL, signal: target.signal });
  const standing = items.filter((pod) => !pod.metadata.deletionTimestamp);
  await Promise.all(
    standing.map(({ metadata: { name, namespace = '', uid } }) =>
      target.client
        .delete(POD, { name, namespace }, { ...CALL, ...(uid ? { preconditions: { uid } } : {}) })
        .catch((error: unknown) => {
          if (!(error instanceof NotFoundError)) throw error;
        }),
    ),
  );
}

const isAtZero = (workload: Workload, mark: string): boolean =>
  markOf(workload) === mark &&
  workload.spec?.replicas === 0 &&
  (workload.status?.replicas ?? 0) === 0 &&
  (workload.status?.observedGeneration ?? 0) >= (workload.metadata.generation ?? 0);

/**
 * Whether nothing of the service is left, read by quorum: every workload was fenced by this very fence, its
 * controller has seen that, so have those of its replica sets, and no pod is there, terminating ones and those on lost
 * nodes included. The order matters: a controller that has not yet seen the zero could still make a pod after the pods
 * were listed. Returns undefined when all is stopped, else what is left.
 */
export async function findLeftovers(target: FenceTarget): Promise<string | undefined> {
  const mark = fencedMark(target.token);
  const options = { ...selectorOf(target), ...CALL, signal: target.signal };
  const { deployments, statefulSets } = await listWorkloads(target);
  const busy = [...deployments, ...statefulSets].find((workload) => !isAtZero(workload, mark));
  if (busy) return `${busy.kind} ${busy.metadata.name} is not at zero yet`;
  const replicaSets = await target.client.list(REPLICA_SET, options);
  const growing = replicaSets.items.find(
    ({ metadata, spec, status }) =>
      (spec?.replicas ?? 0) > 0 ||
      (status?.replicas ?? 0) > 0 ||
      (status?.observedGeneration ?? 0) < (metadata.generation ?? 0),
  );
  if (growing) return `ReplicaSet ${growing.metadata.name} is not at zero yet`;
  const pods = await target.client.list(POD, options);
  if (pods.items[0]) return `pod ${pods.items[0].metadata.name} is still there`;
  const slices = await target.client.list(ENDPOINT_SLICE, options);
  const serving = slices.items.find((slice) =>
    slice.endpoints?.some((endpoint) => endpoint.conditions?.ready !== false),
  );
  return serving ? `EndpointSlice ${serving.metadata.name} still has endpoints` : undefined;
}
