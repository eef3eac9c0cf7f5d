/**
 * What an agent knows of pods and nodes, as plain facts. Ages are counted on the observer's own clock from when it first
 * saw the present state, so after a restart they begin at 0 again: everything that waits for an age then waits longer,
 * never shorter.
 */
export interface PodFact {
  readonly name: string;
  readonly uid: string;
  /** Labels `switchback.dev/component`, `/pair`, `/slot`. */
  readonly component: string;
  readonly pair?: number;
  readonly slot?: 'a' | 'b';
  /** Absent: not scheduled. */
  readonly node?: string;
  /** Condition Ready is True. */
  readonly ready: boolean;
  /** How long `ready` has been as it is. */
  readonly readinessAgeMs: number;
  /** Has a deletionTimestamp. */
  readonly terminating: boolean;
  /** Phase Succeeded or Failed: its containers have ended for good. */
  readonly ended: boolean;
  /** Some container of it was ever started. True when it is not known. */
  readonly started: boolean;
  /**
   * False only if the observer has seen the pod from its creation on and never saw it ready: then it never got traffic.
   * True when it is not known.
   */
  readonly mayHaveServed: boolean;
}

export interface NodeFact {
  readonly name: string;
  /** Label `topology.kubernetes.io/zone`; absent: not known. */
  readonly zone?: string;
  /** Condition Ready is True. */
  readonly ready: boolean;
  /** How long `ready` has been as it is. */
  readonly readinessAgeMs: number;
  /** Takes new pods (not cordoned). */
  readonly schedulable: boolean;
}

/** Nodes by name. A node that is not there is unknown, which is not the same as lost. */
export type NodeFacts = ReadonlyMap<string, NodeFact>;

const nodeOf = (pod: PodFact, nodes: NodeFacts): NodeFact | undefined =>
  pod.node === undefined ? undefined : nodes.get(pod.node);

/** The zone a pod stands in, when it is known. */
export const zoneOf = (pod: PodFact, nodes: NodeFacts): string | undefined => nodeOf(pod, nodes)?.zone;

/**
 * Serves now: ready, not on its way out, and its node not known to be lost (the Ready condition of a pod goes False only
 * some time after its node fell silent).
 */
export const isServing = (pod: PodFact, nodes: NodeFacts): boolean =>
  pod.ready && !pod.terminating && !pod.ended && nodeOf(pod, nodes)?.ready !== false;

/** How long its node is known not to be ready; undefined when it is ready, or when nothing is known of it. */
export function nodeLostForMs(pod: PodFact, nodes: NodeFacts): number | undefined {
  const node = nodeOf(pod, nodes);
  return node && !node.ready ? node.readinessAgeMs : undefined;
}
