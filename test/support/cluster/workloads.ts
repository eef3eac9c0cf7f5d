import { POD, type Pod, type PodTemplate, STATEFUL_SET, type StatefulSet } from '../../../src/kube/kinds.ts';
import { keyOf, type Resource } from '../../../src/kube/object.ts';
import { isReady } from './conditions.ts';
import type { ControlPlane } from './control-plane.ts';
import { KindIndex, ownersOf } from './kind.ts';
import { isAlive, type PodPlan, planReplicaSet, planStatefulSet } from './pod-plan.ts';
import { isMadeFrom, OWNED_REPLICA_SET, type OwnedReplicaSet, podFrom } from './pod-template.ts';
import type { ClusterTimings } from './timings.ts';

/** Keeps the pods of ReplicaSets as kube-controller-manager does. */
export function startReplicaSets(plane: ControlPlane, timings: ClusterTimings): void {
  let created = 0;
  startPodController<OwnedReplicaSet>(plane, timings, {
    resource: OWNED_REPLICA_SET,
    plan: (set, pods) => planReplicaSet(set, pods, () => `${set.metadata.name}-${(++created).toString(36)}`),
    statusOf: replicaSetStatus,
  });
}

/** Keeps the pods of StatefulSets as kube-controller-manager does, without ControllerRevisions. */
export function startStatefulSets(plane: ControlPlane, timings: ClusterTimings): void {
  startPodController<StatefulSet>(plane, timings, {
    resource: STATEFUL_SET,
    plan: planStatefulSet,
    statusOf: statefulSetStatus,
  });
}

type PodOwner = OwnedReplicaSet | StatefulSet;

interface PodController<T extends PodOwner> {
  readonly resource: Resource<T>;
  readonly plan: (owner: T, pods: readonly Pod[]) => PodPlan;
  readonly statusOf: (owner: T, pods: readonly Pod[]) => NonNullable<T['status']>;
}

function startPodController<T extends PodOwner>(
  plane: ControlPlane,
  timings: ClusterTimings,
  { resource, plan, statusOf }: PodController<T>,
): void {
  const owners = plane.kind(resource);
  const pods = plane.kind(POD);
  const podsOf = new KindIndex(pods, ownersOf);
  const loop = plane.loop(timings.controllerMs, (key) => {
    const owner = owners.get(key);
    const template = owner?.spec?.template;
    if (!owner || !template || owner.metadata.deletionTimestamp) return;
    const uid = owner.metadata.uid ?? '';
    const { remove, add } = plan(owner, podsOf.get(uid));
    for (const pod of remove) pods.delete(pod);
    for (const name of add) pods.create(podFrom(owner, template, name));
    owners.update(owner, { ...owner, status: { ...owner.status, ...statusOf(owner, podsOf.get(uid)) } });
  });
  owners.onChange(({ object, type }) => {
    if (type !== 'DELETED') loop.mark(keyOf(object));
  });
  pods.onChange(({ object }) => {
    const owner = object.metadata.ownerReferences?.find(({ kind }) => kind === resource.kind);
    if (owner) loop.mark(`${object.metadata.namespace}/${owner.name}`);
  });
}

const countReady = (pods: readonly Pod[]): number => pods.filter((pod) => isAlive(pod) && isReady(pod)).length;

const countCurrent = (pods: readonly Pod[], template: PodTemplate | undefined): number =>
  pods.filter((pod) => isAlive(pod) && template !== undefined && isMadeFrom(pod, template)).length;

function replicaSetStatus(set: OwnedReplicaSet, pods: readonly Pod[]): NonNullable<OwnedReplicaSet['status']> {
  const ready = countReady(pods);
  return {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: pods.filter(isAlive).length,
    readyReplicas: ready,
    availableReplicas: ready,
  };
}

/** Here pods that are ending are counted, as in the real one. */
function statefulSetStatus(set: StatefulSet, pods: readonly Pod[]): NonNullable<StatefulSet['status']> {
  const ready = countReady(pods);
  return {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: pods.length,
    readyReplicas: ready,
    availableReplicas: ready,
    updatedReplicas: countCurrent(pods, set.spec?.template),
  };
}
