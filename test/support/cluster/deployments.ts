import { DEPLOYMENT, type Deployment, POD } from '../../../src/kube/kinds.ts';
import { keyOf } from '../../../src/kube/object.ts';
import type { ControlPlane } from './control-plane.ts';
import { type Kind, KindIndex, ownersOf } from './kind.ts';
import { isMadeFrom, OWNED_REPLICA_SET, type OwnedReplicaSet, replicaSetFrom } from './pod-template.ts';
import { type Rollout, scaleReplicaSets } from './rollout.ts';
import type { ClusterTimings } from './timings.ts';

/** Old ReplicaSets that are kept for a roll back (`revisionHistoryLimit`). */
const HISTORY = 10;

/** Keeps the ReplicaSets of Deployments as kube-controller-manager does; `startReplicaSets` keeps their pods. */
export function startDeployments(plane: ControlPlane, timings: ClusterTimings): void {
  const deployments = plane.kind(DEPLOYMENT);
  const sets = plane.kind(OWNED_REPLICA_SET);
  const setsOf = new KindIndex(sets, ownersOf);
  const podsOf = new KindIndex(plane.kind(POD), ownersOf);
  const loop = plane.loop(timings.controllerMs, (key) => {
    const deployment = deployments.get(key);
    if (!deployment?.spec || deployment.metadata.deletionTimestamp) return;
    const { template } = deployment.spec;
    const owned = () => setsOf.get(deployment.metadata.uid ?? '');
    const current =
      owned().find((set) => isMadeFrom(set, template)) ?? sets.create(replicaSetFrom(deployment, template));
    const old = owned().filter((set) => !isMadeFrom(set, template));
    const hasOldPods = old.some(({ metadata }) => podsOf.get(metadata.uid ?? '').length > 0);
    scale(sets, deployment, { current, old, hasOldPods });
    for (const set of old.filter(isSpent).slice(0, -HISTORY)) sets.delete(set);
    deployments.update(deployment, {
      ...deployment,
      status: { ...deployment.status, ...statusOf(deployment, owned()) },
    });
  });
  deployments.onChange(({ object, type }) => {
    if (type !== 'DELETED') loop.mark(keyOf(object));
  });
  sets.onChange(({ object }) => {
    const owner = object.metadata.ownerReferences?.find(({ kind }) => kind === 'Deployment');
    if (owner) loop.mark(`${object.metadata.namespace}/${owner.name}`);
  });
  // Strategy Recreate waits for pods that are ending, which no ReplicaSet counts any more.
  plane.kind(POD).onChange(({ type, object }) => {
    const owner = object.metadata.ownerReferences?.find(({ kind }) => kind === 'ReplicaSet');
    const set = type === 'DELETED' && owner ? sets.get(`${object.metadata.namespace}/${owner.name}`) : undefined;
    const deployment = set?.metadata.ownerReferences?.[0];
    if (deployment) loop.mark(`${object.metadata.namespace}/${deployment.name}`);
  });
}

const isSpent = (set: OwnedReplicaSet): boolean => (set.spec?.replicas ?? 0) === 0 && (set.status?.replicas ?? 0) === 0;

function scale(sets: Kind<OwnedReplicaSet>, deployment: Deployment, rollout: Rollout): void {
  const scales = scaleReplicaSets(deployment, rollout);
  for (const set of [rollout.current, ...rollout.old]) {
    const replicas = scales.get(keyOf(set));
    if (replicas !== undefined) sets.update(set, { ...set, spec: { ...set.spec, replicas } });
  }
}

/**
 * What the ReplicaSets say of themselves. Neither pods that are ending nor those that a ReplicaSet is about to make are
 * in it: zero replicas does not mean that nothing runs, or will run.
 */
function statusOf(deployment: Deployment, sets: readonly OwnedReplicaSet[]): NonNullable<Deployment['status']> {
  const sum = (of: readonly OwnedReplicaSet[], field: 'replicas' | 'readyReplicas' | 'availableReplicas') =>
    of.reduce((total, { status }) => total + (status?.[field] ?? 0), 0);
  const template = deployment.spec?.template;
  const current = sets.filter((set) => template !== undefined && isMadeFrom(set, template));
  return {
    observedGeneration: deployment.metadata.generation ?? 0,
    ...countField('replicas', sum(sets, 'replicas')),
    ...countField('updatedReplicas', sum(current, 'replicas')),
    ...countField('readyReplicas', sum(sets, 'readyReplicas')),
    ...countField('availableReplicas', sum(sets, 'availableReplicas')),
  };
}

/** The real server leaves these fields out when they are zero (`omitempty`). */
const countField = (name: string, count: number): Record<string, number | undefined> => ({
  [name]: count === 0 ? undefined : count,
});
