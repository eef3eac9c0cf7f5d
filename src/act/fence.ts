import { FENCED, FENCED_HOOKS, FIELD_MANAGERS, LABELS } from '../api/labels.ts';
import type { Store } from '../kube/cache.ts';
import type { KubeClient } from '../kube/client.ts';
import { ifPresent } from '../kube/errors.ts';
import {
  DEPLOYMENT,
  type Deployment,
  ENDPOINT_SLICE,
  JOB,
  type Job,
  POD,
  type Pod,
  REPLICA_SET,
  SERVICE,
  type Service,
  STATEFUL_SET,
  type StatefulSet,
} from '../kube/kinds.ts';
import type { Resource } from '../kube/object.ts';
import type { QuorumReads, ServiceName } from './quorum-reads.ts';

export type Workload = Deployment | StatefulSet;

export interface FenceTarget extends ServiceName {
  readonly client: KubeClient;
  readonly reads: QuorumReads;
  /** Of this one fence: it marks the objects. A service that is fenced again after a start has a new one. */
  readonly token: string;
  readonly deployments: Store<Deployment>;
  readonly statefulSets: Store<StatefulSet>;
  /**
   * Which pods are certain to be of the copy that runs while the region stands by. A fence does not touch them: it goes
   * by a label whose value they do not carry. Absent where nothing of the kind is ordered or seen.
   */
  readonly isOnStandby?: (pod: Pod) => boolean;
  /** Whether Jobs that promote its data stores may be there. */
  readonly hasJobs: boolean;
}

/** Fence traffic has connections of its own and fails fast. */
const CALL = { lane: 'fence', timeoutMs: 3000 } as const;
const PATCH = { ...CALL, fieldManager: FIELD_MANAGERS.agent } as const;
const FENCED_PREFIX = 'fenced-';
export const fencedMark = (token: string): string => `${FENCED_PREFIX}${token}`;
export const RUNNING_MARK = 'running';
export const isFencedMark = (mark: string): boolean => mark.startsWith(FENCED_PREFIX);
export const markOf = (workload: Workload): string => workload.metadata.labels?.[LABELS.fenceToken] ?? '';

interface Listed {
  readonly deployments: readonly Deployment[];
  readonly statefulSets: readonly StatefulSet[];
}

/** By quorum, never from a cache: a workload that another leader has just made must not be missed. */
async function listWorkloads(target: FenceTarget): Promise<Listed> {
  const [deployments, statefulSets] = await Promise.all([
    target.reads.children(DEPLOYMENT, target),
    target.reads.children(STATEFUL_SET, target),
  ]);
  return { deployments, statefulSets };
}

/**
 * Stops a service: takes it out of traffic and sets every workload to zero. Neither waits for the other: a Service that
 * cannot be written (a webhook that does not answer, say) must not keep pods running. Rejects when anything of it failed.
 */
export async function fence(target: FenceTarget): Promise<void> {
  const results = await Promise.allSettled([closeServices(target), stopWorkloads(target), stopJobs(target)]);
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

const jobsOf = async (target: FenceTarget): Promise<readonly Job[]> => {
  const jobs = target.hasJobs ? await target.reads.children(JOB, target) : [];
  return jobs.filter(({ metadata }) => FENCED_HOOKS.includes(metadata.labels?.[LABELS.hook]));
};

/** Like a workload each Job is written once, also when it is suspended or has ended: a start under way fails then. */
async function stopJobs(target: FenceTarget): Promise<void> {
  const mark = fencedMark(target.token);
  const jobs = await jobsOf(target);
  const open = jobs.filter(({ metadata, spec }) => !spec?.suspend || metadata.labels?.[LABELS.fenceToken] !== mark);
  const patch = { metadata: { labels: { [LABELS.fenceToken]: mark } }, spec: { suspend: true } };
  await Promise.all(
    open.map(({ metadata: { name, namespace = '' } }) =>
      ifPresent(target.client.mergePatch(JOB, { name, namespace }, patch, PATCH)),
    ),
  );
}

async function closeServices(target: FenceTarget): Promise<void> {
  const services = await target.reads.children(SERVICE, target);
  const open = services.filter((service) => service.spec?.selector?.[LABELS.slot] !== FENCED);
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
  const patch = { metadata: { labels: { [LABELS.fenceToken]: mark } }, spec: { replicas: 0 } };
  const written = await ifPresent(target.client.mergePatch(resource, { name, namespace }, patch, PATCH));
  if (written) store.apply(written);
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

/**
 * Ends pods that the controllers of the cluster have not ended: they may be slow, or down. Their replica sets come
 * first: one that still wants a pod would make another for each that goes.
 */
export async function endPods(target: FenceTarget): Promise<void> {
  await stopJobs(target);
  const replicaSets = await target.reads.children(REPLICA_SET, target);
  const wanting = replicaSets.filter(({ spec }) => (spec?.replicas ?? 0) > 0);
  await Promise.all(
    wanting.map(({ metadata: { name, namespace = '' } }) =>
      ifPresent(target.client.mergePatch(REPLICA_SET, { name, namespace }, { spec: { replicas: 0 } }, PATCH)),
    ),
  );
  const pods = await target.reads.children(POD, target);
  const standing = pods.filter((pod) => !pod.metadata.deletionTimestamp);
  await Promise.all(
    standing.map(({ metadata: { name, namespace = '', uid } }) =>
      ifPresent(
        target.client.delete(POD, { name, namespace }, { ...CALL, ...(uid ? { preconditions: { uid } } : {}) }),
      ),
    ),
  );
}

const isAtZero = (workload: Workload, mark: string): boolean =>
  markOf(workload) === mark &&
  workload.spec?.replicas === 0 &&
  (workload.status?.replicas ?? 0) === 0 &&
  (workload.status?.observedGeneration ?? 0) >= (workload.metadata.generation ?? 0);

/** Its controller says that it makes no more pods. */
const isQuiet = ({ spec, status }: Job): boolean => {
  const has = (type: string): boolean =>
    status?.conditions?.some((c) => c.type === type && c.status === 'True') ?? false;
  return (
    has('Complete') || has('Failed') || (spec?.suspend === true && has('Suspended') && (status?.active ?? 0) === 0)
  );
};

/**
 * A pod that claims to stand by, and that no workload of the standby has made: it may be anything. Whoever owns the
 * standby ends it (`agent/standby-loop.ts`); until then it counts as something that is left.
 */
async function findStray({ isOnStandby, ...target }: FenceTarget): Promise<Pod | undefined> {
  if (!isOnStandby) return undefined;
  const pods = await target.reads.onStandby(POD, target);
  return pods.find((pod) => !isOnStandby(pod));
}

/**
 * Whether nothing of the service is left, read by quorum: every workload was fenced by this very fence, its
 * controller has seen that, so have those of its replica sets, and no pod is there, terminating ones and those on lost
 * nodes included. The order matters: a controller that has not yet seen the zero could still make a pod after the pods
 * were listed. Returns undefined when all is stopped, else what is left.
 */
export async function findLeftovers(target: FenceTarget): Promise<string | undefined> {
  const mark = fencedMark(target.token);
  const { deployments, statefulSets } = await listWorkloads(target);
  const busy = [...deployments, ...statefulSets].find((workload) => !isAtZero(workload, mark));
  if (busy) return `${busy.kind} ${busy.metadata.name} is not at zero yet`;
  const replicaSets = await target.reads.children(REPLICA_SET, target);
  const growing = replicaSets.find(
    ({ metadata, spec, status }) =>
      (spec?.replicas ?? 0) > 0 ||
      (status?.replicas ?? 0) > 0 ||
      (status?.observedGeneration ?? 0) < (metadata.generation ?? 0),
  );
  if (growing) return `ReplicaSet ${growing.metadata.name} is not at zero yet`;
  const job = (await jobsOf(target)).find((each) => !isQuiet(each));
  if (job) return `Job ${job.metadata.name} is not suspended yet`;
  const [pod] = await target.reads.children(POD, target);
  if (pod) return `pod ${pod.metadata.name} is still there`;
  const stray = await findStray(target);
  if (stray) return `pod ${stray.metadata.name} is not certain to be one of those that stand by`;
  const slices = await target.reads.children(ENDPOINT_SLICE, target);
  const serving = slices.find((slice) => slice.endpoints?.some((endpoint) => endpoint.conditions?.ready !== false));
  return serving ? `EndpointSlice ${serving.metadata.name} still has endpoints` : undefined;
}
