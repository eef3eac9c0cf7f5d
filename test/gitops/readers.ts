import type { State } from './states.ts';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly observedGeneration?: number;
}
type Object = State['object'];

const statusOf = ({ status }: Object): { observedGeneration?: number; conditions?: readonly Condition[] } =>
  (status ?? {}) as never;
const conditionOf = (object: Object, type: string): Condition | undefined =>
  statusOf(object).conditions?.find((condition) => condition.type === type);

/** `kubectl wait --for=condition=Ready`: a condition of an older generation is not taken (kubectl `wait/condition.go`). */
export function isReady(object: Object): boolean {
  const ready = conditionOf(object, 'Ready');
  const observed = ready?.observedGeneration ?? statusOf(object).observedGeneration;
  const isOld = observed !== undefined && observed < (object.metadata.generation ?? 0);
  return !isOld && ready?.status === 'True';
}

export type Kstatus = 'Current' | 'InProgress' | 'Failed' | 'Terminating';

/** The rules of kstatus for kinds that it does not know (`cli-utils/pkg/kstatus/status/{status,generic}.go`), in their order. */
export function kstatusOf(object: Object): Kstatus {
  if (object.metadata.deletionTimestamp) return 'Terminating';
  const { conditions = [], observedGeneration } = statusOf(object);
  if (observedGeneration !== undefined && observedGeneration !== object.metadata.generation) return 'InProgress';
  const first = conditions.find(
    ({ status, type }) => status === 'True' && (type === 'Reconciling' || type === 'Stalled'),
  );
  if (first) return first.type === 'Reconciling' ? 'InProgress' : 'Failed';
  const ready = conditions.find(({ type }) => type === 'Ready');
  return ready === undefined || ready.status === 'True' ? 'Current' : 'InProgress';
}

/** `helm install --wait` of Helm 4 waits until each object is Current by kstatus, and reports what has failed. */
export function helmSays(object: Object): 'installed' | 'waits' | 'failed' {
  const status = kstatusOf(object);
  if (status === 'Current') return 'installed';
  return status === 'Failed' ? 'failed' : 'waits';
}

/** One entry of `healthCheckExprs`. */
export interface FluxCheck {
  readonly kind: string;
  readonly inProgress: string;
  readonly failed: string;
  readonly current: string;
}

/** As Flux asks: in progress, failed, current, in this order; none of them is in progress too. */
export function fluxSays(
  { current, failed, inProgress }: FluxCheck,
  object: Object,
): 'Current' | 'InProgress' | 'Failed' {
  if (evaluate(inProgress, object)) return 'InProgress';
  if (evaluate(failed, object)) return 'Failed';
  return evaluate(current, object) ? 'Current' : 'InProgress';
}

/**
 * The part of CEL that the expressions use: comparison, `&&`, `||`, `has` of a field of status, and `exists`. All but the two macros
 * means the same in JavaScript.
 */
function evaluate(cel: string, { metadata, status }: Object): boolean {
  const text = cel
    .replaceAll(/([!=])= /g, '$1== ')
    .replaceAll(/has\(([\w.]+)\)/g, '($1 !== undefined)')
    .replaceAll(/\.exists\((\w+), /g, '.some(($1) => ');
  return new Function('metadata', 'status', `return ${text}`)(metadata, status);
}
