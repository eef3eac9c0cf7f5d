import type { Range } from '../faults.ts';

/** How fast a cluster works; all in milliseconds of true time. */
export interface ClusterTimings {
  /** From a change of an object to what a controller, the scheduler or a kubelet does about it. */
  readonly controllerMs: Range;
  /** From the kubelet's decision to the pod that runs and is Ready. */
  readonly podStartMs: Range;
  /** Longest time a pod runs on after its deletion; its grace period bounds it too. */
  readonly podStopMs: number;
  /** From the power of a node to its kubelet. */
  readonly nodeBootMs: Range;
  /** From the last heartbeat of a node to its condition Ready: Unknown. */
  readonly nodeGraceMs: number;
  /** From then to the deletion of its pods, where their tolerations say nothing else. */
  readonly evictAfterMs: number;
}

export const DEFAULT_TIMINGS: ClusterTimings = {
  controllerMs: [5, 60],
  podStartMs: [0, 1_000],
  podStopMs: 3_900,
  nodeBootMs: [100, 2_000],
  nodeGraceMs: 10_000,
  evictAfterMs: 300_000,
};
