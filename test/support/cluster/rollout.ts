import type { Deployment } from '../../../src/kube/kinds.ts';
import { keyOf } from '../../../src/kube/object.ts';
import { objectOf } from '../json.ts';
import type { OwnedReplicaSet } from './pod-template.ts';

/** Wanted replicas per ReplicaSet, by key. */
export type Scales = ReadonlyMap<string, number>;

/** One pod more than wanted may live while a new template rolls out (25 % of a few pods, rounded up). */
const SURGE = 1;

export interface Rollout {
  readonly current: OwnedReplicaSet;
  readonly old: readonly OwnedReplicaSet[];
  /** Whether pods of old ReplicaSets are there, those that are ending included. */
  readonly hasOldPods: boolean;
}

const replicasOf = (set: OwnedReplicaSet): number => set.spec?.replicas ?? 0;
const availableOf = (set: OwnedReplicaSet): number => set.status?.availableReplicas ?? 0;
const sumOf = (sets: readonly OwnedReplicaSet[], count: (set: OwnedReplicaSet) => number): number =>
  sets.reduce((sum, set) => sum + count(set), 0);

/** How many pods each ReplicaSet of a Deployment shall have now. */
export function scaleReplicaSets(deployment: Deployment, rollout: Rollout): Scales {
  const isRecreate = objectOf(objectOf(deployment.spec)['strategy'])['type'] === 'Recreate';
  const wanted = deployment.spec?.replicas ?? 1;
  return isRecreate ? recreate(wanted, rollout) : roll(wanted, rollout);
}

/** Nothing new before the last old pod is gone. */
function recreate(wanted: number, { current, old, hasOldPods }: Rollout): Scales {
  const isOldGone = !hasOldPods && old.every((set) => replicasOf(set) === 0);
  return new Map([
    ...old.map((set) => [keyOf(set), 0] as const),
    [keyOf(current), isOldGone ? wanted : Math.min(wanted, replicasOf(current))] as const,
  ]);
}

/** The new one grows as far as the surplus allows; the old ones shrink as far as enough pods are available. */
function roll(wanted: number, { current, old }: Rollout): Scales {
  const oldTotal = sumOf(old, replicasOf);
  const room = wanted + (oldTotal > 0 ? SURGE : 0) - oldTotal;
  const grown = Math.min(wanted, Math.max(replicasOf(current), room));
  const scales = new Map([[keyOf(current), grown]]);
  // As the real one: what the new ReplicaSet has not made available yet must not be taken from the old ones.
  let spare = oldTotal + replicasOf(current) - wanted - (replicasOf(current) - availableOf(current));
  for (const shrink of [shrinkUnavailable, shrinkAvailable]) {
    for (const set of old) {
      const left = scales.get(keyOf(set)) ?? replicasOf(set);
      const taken = Math.max(0, Math.min(spare, shrink(set, left)));
      scales.set(keyOf(set), left - taken);
      spare -= taken;
    }
  }
  return scales;
}

const shrinkUnavailable = (set: OwnedReplicaSet, left: number): number => left - Math.min(left, availableOf(set));
const shrinkAvailable = (_set: OwnedReplicaSet, left: number): number => left;
