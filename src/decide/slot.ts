import type { Reason } from '../api/conditions.ts';
import { isServing, type NodeFacts, nodeLostForMs, type PodFact } from './facts.ts';

export type Slot = 'a' | 'b';

export interface SlotPolicy {
  /** Class says `fencing: Agent`: a pod counts as stopped once its node has been lost for `nodeLostAfterMs`. */
  readonly fencedByAgent: boolean;
  /** How long a node must have been not ready until what stood on it counts as stopped. */
  readonly nodeLostAfterMs: number;
  /** How long a selected pod may be not ready on a healthy node (crash loop) before it is deleted. */
  readonly crashedAfterMs: number;
  /** How long the other slot must have been ready before it may be selected: at a start both come up at once. */
  readonly settledAfterMs: number;
}

export interface SlotInput {
  /** The slot that the Service selects now; undefined before anything was selected. */
  readonly current: Slot | undefined;
  /** All pods of the pair, of both slots, terminating and ended ones too. */
  readonly pods: readonly PodFact[];
  readonly nodes: NodeFacts;
  readonly policy: SlotPolicy;
}

export interface SlotDecision {
  readonly select: Slot;
  readonly reason: Extract<
    Reason,
    'AsDeclared' | 'SlotPromoted' | 'AwaitingFence' | 'AwaitingReadiness' | 'InstancesMissing'
  >;
  readonly message: string;
  /** Pods (by name) to delete now, each with its uid as precondition. */
  readonly deletePods: readonly PodFact[];
  /** Ask again after this time, if nothing is seen before. */
  readonly recheckAfterMs?: number;
}

const otherSlot = (slot: Slot): Slot => (slot === 'a' ? 'b' : 'a');
const podsOf = (input: SlotInput, slot: Slot): PodFact[] => input.pods.filter((pod) => pod.slot === slot);

/** Whether a pod that does not serve now is certain not to serve later either, so that another one may. */
function isStopped(pod: PodFact, { nodes, policy }: SlotInput): boolean {
  if (pod.ended || !pod.started || !pod.mayHaveServed) return true;
  const lostForMs = nodeLostForMs(pod, nodes);
  return policy.fencedByAgent && lostForMs !== undefined && lostForMs >= policy.nodeLostAfterMs;
}

const keep = (
  select: Slot,
  reason: SlotDecision['reason'],
  message: string,
  more: Partial<Pick<SlotDecision, 'deletePods' | 'recheckAfterMs'>> = {},
): SlotDecision => ({ select, reason, message, deletePods: [], ...more });

/** The old slot's pods are not known to be stopped: what can be done about it, and when to look again. */
function awaitStop(current: Slot, holding: readonly PodFact[], { nodes, policy }: SlotInput): SlotDecision {
  const names = holding.map((pod) => pod.name).join(', ');
  const lostForMs = holding.map((pod) => nodeLostForMs(pod, nodes)).filter((ms) => ms !== undefined);
  const waits = policy.fencedByAgent ? lostForMs.map((ms) => policy.nodeLostAfterMs - ms) : [];
  // A pod that runs but is not ready is stopped by us: the kubelet of a ready node obeys, and only then the slot moves.
  const running = holding.filter((pod) => !pod.terminating && nodeLostForMs(pod, nodes) === undefined);
  const crashed = running.filter((pod) => pod.readinessAgeMs >= policy.crashedAfterMs);
  const young = running.filter((pod) => pod.readinessAgeMs < policy.crashedAfterMs);
  waits.push(...young.map((pod) => policy.crashedAfterMs - pod.readinessAgeMs));
  return keep(current, 'AwaitingFence', `slot ${current} does not serve, but ${names} is not known to be stopped`, {
    deletePods: crashed,
    ...(waits.length > 0 && { recheckAfterMs: Math.max(0, Math.min(...waits)) }),
  });
}

/** How long the slot has been serving, by the pod that has longest; undefined when it does not serve. */
function servingForMs(input: SlotInput, slot: Slot): number | undefined {
  const ages = podsOf(input, slot)
    .filter((pod) => isServing(pod, input.nodes))
    .map((pod) => pod.readinessAgeMs);
  return ages.length === 0 ? undefined : Math.max(...ages);
}

/** Before anything was selected: a slot that serves, or else `a`, where the layout wants it. */
function chooseFirst(input: SlotInput): SlotDecision {
  const select = servingForMs(input, 'a') === undefined && servingForMs(input, 'b') !== undefined ? 'b' : 'a';
  return keep(select, 'AsDeclared', `slot ${select} is selected`);
}

/**
 * Which slot of an A-B pair serves.
 *
 * While the selected slot serves it stays, whichever it is: the slots are equal, so there is no way back to prefer. The
 * other one is promoted only when it is ready itself and every pod of the old slot is gone, has ended, was never started
 * or never served, or stands on a node that is lost for long enough (where the class accepts that). So there are never
 * two that serve, and no promotion to a slot that cannot serve.
 */
export function chooseSlot(input: SlotInput): SlotDecision {
  const { current, policy } = input;
  if (current === undefined) return chooseFirst(input);
  if (servingForMs(input, current) !== undefined) return keep(current, 'AsDeclared', `slot ${current} serves`);
  const target = otherSlot(current);
  const targetAge = servingForMs(input, target);
  if (targetAge === undefined) {
    return keep(current, 'InstancesMissing', `neither slot is ready: slot ${current} stays selected`);
  }
  const holding = podsOf(input, current).filter((pod) => !isStopped(pod, input));
  if (holding.length > 0) return awaitStop(current, holding, input);
  if (targetAge < policy.settledAfterMs) {
    const message = `slot ${target} became ready just now: slot ${current} may come up too`;
    return keep(current, 'AwaitingReadiness', message, { recheckAfterMs: policy.settledAfterMs - targetAge });
  }
  return keep(target, 'SlotPromoted', `slot ${target} is promoted: slot ${current} is stopped`);
}
