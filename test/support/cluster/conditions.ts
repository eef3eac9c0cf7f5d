import type { Condition } from '../../../src/kube/kinds.ts';
import type { KubeObject } from '../../../src/kube/object.ts';
import { timestampOf } from '../object-storage.ts';

interface WithConditions extends KubeObject {
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** Whether the object has the condition with status True. */
export const hasCondition = (object: WithConditions, type: string): boolean =>
  (object.status?.conditions ?? []).some((condition) => condition.type === type && condition.status === 'True');

/** Whether a pod or node is Ready. */
export const isReady = (object: WithConditions): boolean => hasCondition(object, 'Ready');

/** The list with one condition set; its transition time moves only when its status does. */
export function withCondition(
  conditions: readonly Condition[] | undefined,
  condition: Pick<Condition, 'type' | 'status' | 'reason'>,
  wallMs: number,
): readonly Condition[] {
  const old = conditions?.find(({ type }) => type === condition.type);
  const isSame = old?.status === condition.status && old.lastTransitionTime !== undefined;
  const lastTransitionTime = isSame ? old.lastTransitionTime : timestampOf(wallMs);
  const others = (conditions ?? []).filter(({ type }) => type !== condition.type);
  return [...others, { ...condition, ...(lastTransitionTime === undefined ? {} : { lastTransitionTime }) }];
}
