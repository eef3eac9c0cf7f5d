import type { Resource } from '../../src/kube/object.ts';
import { arrayOf, isJsonObject, objectOf } from './json.ts';
import type { ObjectStorage, StoredObject } from './object-storage.ts';
import { type LabelSelector, matchesSelector } from './selector.ts';

const BUDGET: Pick<Resource, 'group' | 'version' | 'plural'> = {
  group: 'policy',
  version: 'v1',
  plural: 'poddisruptionbudgets',
};

/** Whether a pod serves: bound, not being deleted, condition Ready. */
const isPodReady = (pod: StoredObject): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  arrayOf(objectOf(pod['status'])['conditions']).some(
    (condition) => isJsonObject(condition) && condition['type'] === 'Ready' && condition['status'] === 'True',
  );

/**
 * Why a pod may not be evicted now, or undefined: for every budget that selects it, as many ready pods as the budget
 * asks for must be left. The real server reads the counts that its controller wrote; here they are counted.
 */
export function mayEvict(storage: ObjectStorage, pod: StoredObject): string | undefined {
  const budgets = storage.findTable(BUDGET.group, BUDGET.version, BUDGET.plural)?.objects.values() ?? [];
  for (const budget of budgets) {
    if (budget.metadata.namespace !== pod.metadata.namespace) continue;
    const spec = objectOf(budget['spec']);
    const selector: LabelSelector = objectOf(spec['selector']);
    if (!matchesSelector(pod.metadata.labels ?? {}, selector)) continue;
    const pods = podsMatching(storage, pod.metadata.namespace, selector);
    const healthy = pods.filter(isPodReady).length;
    // An unready pod may go while the budget holds without it (unhealthyPodEvictionPolicy: IfHealthyBudget).
    const left = isPodReady(pod) ? healthy - 1 : healthy;
    const needed = neededOf(spec, pods.length);
    if (left < needed) {
      return `Cannot evict pod: the disruption budget ${budget.metadata.name} needs ${needed} healthy pods and has ${healthy}`;
    }
  }
  return undefined;
}

function podsMatching(storage: ObjectStorage, namespace: string | undefined, selector: LabelSelector): StoredObject[] {
  const pods = storage.findTable('', 'v1', 'pods')?.objects.values() ?? [];
  return [...pods].filter(
    (pod) => pod.metadata.namespace === namespace && matchesSelector(pod.metadata.labels ?? {}, selector),
  );
}

function neededOf(spec: ReturnType<typeof objectOf>, count: number): number {
  if (spec['minAvailable'] !== undefined) return scaled(spec['minAvailable'], count);
  return count - scaled(spec['maxUnavailable'] ?? 1, count);
}

/** A number, or a percentage of `count` rounded up, as Kubernetes reads int-or-string in budgets. */
const scaled = (value: unknown, count: number): number =>
  typeof value === 'string' && value.endsWith('%') ? Math.ceil((parseFloat(value) / 100) * count) : Number(value);
