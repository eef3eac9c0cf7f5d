import { NODE, type Node, type Pod } from '../../../src/kube/kinds.ts';
import { keyOf } from '../../../src/kube/object.ts';
import { arrayOf, isJsonObject, numberOf } from '../json.ts';
import { withCondition } from './conditions.ts';
import type { ControlLoop, ControlPlane } from './control-plane.ts';
import type { Kind, KindIndex } from './kind.ts';
import type { Kubelet } from './kubelet.ts';
import type { ClusterTimings } from './timings.ts';

const UNREACHABLE = 'node.kubernetes.io/unreachable';

export interface NodeLifecycleOptions {
  readonly plane: ControlPlane;
  readonly timings: ClusterTimings;
  readonly kubelets: ReadonlyMap<string, Kubelet>;
  readonly pods: Kind<Pod>;
  readonly podsOnNode: KindIndex<Pod>;
}

/**
 * Watches the heartbeats: a node that is silent for the grace period gets Ready: Unknown, its pods Ready: False, and
 * after their toleration they are marked for deletion, which only their kubelet can complete.
 */
export class NodeLifecycle {
  readonly #options: NodeLifecycleOptions;
  readonly #nodes: Kind<Node>;
  readonly #heartbeats: ControlLoop;
  readonly #evictions: ControlLoop;

  constructor(options: NodeLifecycleOptions) {
    const { plane, timings, kubelets } = options;
    this.#options = options;
    this.#nodes = plane.kind(NODE);
    this.#heartbeats = plane.loop(timings.controllerMs, (name) => this.#checkNode(name));
    this.#evictions = plane.loop(timings.controllerMs, (key) => this.#evict(key));
    // Silence counts from when this controller could first have noticed it.
    plane.server.onRunning((isRunning) => {
      if (isRunning) for (const name of kubelets.keys()) this.#heartbeats.mark(name);
    });
  }

  /** To be called when a node loses or gets power. */
  powerChanged(name: string): void {
    this.#heartbeats.mark(name);
  }

  #checkNode(name: string): void {
    const leftMs = this.#patienceMs(name);
    if (leftMs === undefined) this.#setReady(name, 'True');
    else if (leftMs > 0) this.#heartbeats.markAfter(name, leftMs);
    else this.#giveUp(name);
  }

  /** How much longer a silent node is borne; undefined for one that is not silent. */
  #patienceMs(name: string): number | undefined {
    const { kubelets, plane, timings } = this.#options;
    const silentSinceMs = kubelets.get(name)?.silentSinceMs;
    if (silentSinceMs === undefined) return undefined;
    return Math.max(silentSinceMs, plane.upSinceMs) + timings.nodeGraceMs - plane.time.nowMs;
  }

  #giveUp(name: string): void {
    this.#setReady(name, 'Unknown');
    for (const pod of this.#options.podsOnNode.get(name)) this.#markLost(pod);
  }

  #setReady(name: string, status: 'True' | 'Unknown'): void {
    const node = this.#nodes.get(name);
    if (!node) return;
    const reason = status === 'True' ? 'KubeletReady' : 'NodeStatusUnknown';
    const condition = { type: 'Ready', status, reason };
    const conditions = withCondition(node.status?.conditions, condition, this.#options.plane.time.wallMs);
    this.#nodes.update(node, { ...node, status: { ...node.status, conditions } });
  }

  #markLost(pod: Pod): void {
    const { plane, pods } = this.#options;
    const condition = { type: 'Ready', status: 'False' as const, reason: 'NodeNotReady' };
    const conditions = withCondition(pod.status?.conditions, condition, plane.time.wallMs);
    pods.update(pod, { ...pod, status: { ...pod.status, conditions } });
    const tolerationMs = this.#tolerationMs(pod);
    if (tolerationMs !== undefined) this.#evictions.markAfter(keyOf(pod), tolerationMs);
  }

  /** How long the pod bears it; undefined: for ever. */
  #tolerationMs(pod: Pod): number | undefined {
    const toleration = arrayOf(pod.spec?.['tolerations'])
      .filter(isJsonObject)
      .find(({ key, effect }) => key === UNREACHABLE && (effect === undefined || effect === 'NoExecute'));
    if (!toleration) return this.#options.timings.evictAfterMs;
    const seconds = numberOf(toleration['tolerationSeconds']);
    return seconds === undefined ? undefined : seconds * 1000;
  }

  #evict(key: string): void {
    const { kubelets, pods } = this.#options;
    const pod = pods.get(key);
    const isLost = kubelets.get(pod?.spec?.nodeName ?? '')?.silentSinceMs !== undefined;
    if (pod && isLost && !pod.metadata.deletionTimestamp) pods.delete(pod);
  }
}
