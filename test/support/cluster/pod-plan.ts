import type { Pod, PodTemplate, StatefulSet } from '../../../src/kube/kinds.ts';
import { isReady } from './conditions.ts';
import { isMadeFrom, type OwnedReplicaSet } from './pod-template.ts';

/** What a controller does about the pods of one ReplicaSet or StatefulSet now. */
export interface PodPlan {
  readonly remove: readonly Pod[];
  /** Names of the pods to create. */
  readonly add: readonly string[];
}

export const isAlive = (pod: Pod): boolean => pod.metadata.deletionTimestamp === undefined;
const isServing = (pod: Pod): boolean => isAlive(pod) && isReady(pod);

/** Pods that are ending are not counted: their successors start at once. `newName` never gives a name twice. */
export function planReplicaSet(set: OwnedReplicaSet, pods: readonly Pod[], newName: () => string): PodPlan {
  const alive = pods.filter(isAlive);
  const missing = (set.spec?.replicas ?? 1) - alive.length;
  return {
    remove: leastUseful(alive).slice(0, Math.max(0, -missing)),
    add: Array.from({ length: Math.max(0, missing) }, newName),
  };
}

/** The order in which a ReplicaSet gives up pods: unscheduled, unready, sharing a node, youngest. */
function leastUseful(pods: readonly Pod[]): readonly Pod[] {
  const onNode = new Map<string, number>();
  for (const { spec } of pods) onNode.set(spec?.nodeName ?? '', (onNode.get(spec?.nodeName ?? '') ?? 0) + 1);
  const worth = (pod: Pod) => [
    pod.spec?.nodeName ? 1 : 0,
    isServing(pod) ? 1 : 0,
    -(onNode.get(pod.spec?.nodeName ?? '') ?? 0),
  ];
  const byWorth = (a: Pod, b: Pod) => worth(a).reduce((order, value, i) => order || value - (worth(b)[i] ?? 0), 0);
  const isYounger = (a: Pod, b: Pod) => (a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '');
  return [...pods].sort((a, b) => byWorth(a, b) || (isYounger(a, b) ? 1 : -1));
}

/** Pods of a StatefulSet have fixed names: one that is not quite gone keeps its successor from being created. */
export function planStatefulSet(set: StatefulSet, pods: readonly Pod[]): PodPlan {
  if (!set.spec) return { remove: [], add: [] };
  const { template, replicas = 1, podManagementPolicy } = set.spec;
  const byName = new Map(pods.map((pod) => [pod.metadata.name, pod]));
  const wanted = Array.from({ length: replicas }, (_, ordinal) => `${set.metadata.name}-${ordinal}`);
  const surplus = pods.filter(({ metadata }) => !wanted.includes(metadata.name));
  const missing = wanted.filter((name) => !byName.has(name));
  const outdated = outdatedOf(pods, missing, template);
  if (podManagementPolicy === 'Parallel') return { remove: [...surplus.filter(isAlive), ...outdated], add: missing };
  const first = missing[0];
  const isLowerServing = wanted.slice(0, first === undefined ? 0 : wanted.indexOf(first)).every((name) => {
    const pod = byName.get(name);
    return pod !== undefined && isServing(pod);
  });
  const isStopping = surplus.some((pod) => !isAlive(pod));
  const last = surplus.toSorted((a, b) => ordinalOf(b) - ordinalOf(a)).slice(0, isStopping ? 0 : 1);
  return { remove: [...last, ...outdated], add: first !== undefined && isLowerServing ? [first] : [] };
}

/** One old pod at a time, from the highest, and only when all are there and the new ones serve. */
function outdatedOf(pods: readonly Pod[], missing: readonly string[], template: PodTemplate): readonly Pod[] {
  const isUnderWay = pods.some((pod) => !isAlive(pod) || (isMadeFrom(pod, template) && !isServing(pod)));
  if (missing.length > 0 || isUnderWay) return [];
  const old = pods.filter((pod) => isAlive(pod) && !isMadeFrom(pod, template));
  return old.toSorted((a, b) => ordinalOf(b) - ordinalOf(a)).slice(0, 1);
}

const ordinalOf = (pod: Pod): number => Number(pod.metadata.name.slice(pod.metadata.name.lastIndexOf('-') + 1));
