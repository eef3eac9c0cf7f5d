import { NODE, type Node, POD, type Pod } from '../../../src/kube/kinds.ts';
import { isReady, withCondition } from './conditions.ts';
import type { ControlPlane } from './control-plane.ts';
import { KindIndex } from './kind.ts';
import { chooseNode } from './node-choice.ts';
import type { ClusterTimings } from './timings.ts';

const ALL = 'all';
const PENDING = 'pending';

/** Binds pods to nodes. What fits nowhere waits until a node or another pod changes. */
export function startScheduler(plane: ControlPlane, timings: ClusterTimings): void {
  const pods = plane.kind(POD);
  const nodes = plane.kind(NODE);
  const pending = new KindIndex(pods, (pod) => (isPending(pod) ? [PENDING] : []));
  const placed = new KindIndex(pods, (pod) => (pod.spec?.nodeName ? [pod.metadata.namespace ?? ''] : []));
  const onNode = new KindIndex(pods, (pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : []));
  const loop = plane.loop(timings.controllerMs, () => {
    const ready = nodes.list().filter((node) => isReady(node) && !node.spec?.unschedulable);
    for (const pod of pending.get(PENDING)) {
      const neighbours = placed.get(pod.metadata.namespace ?? '').filter(isAlive);
      const node = chooseNode(pod, ready, { neighbours, load: (name) => onNode.get(name).length });
      pods.update(pod, node ? bound(pod, node, plane.time.wallMs) : unschedulable(pod, plane.time.wallMs));
    }
  });
  pods.onChange(({ type, object, old }) => {
    if (isPending(object) ? object.spec !== old?.spec : type === 'DELETED') loop.mark(ALL);
  });
  nodes.onChange(({ object, old }) => {
    if (!old || isReady(object) !== isReady(old) || object.spec !== old.spec) loop.mark(ALL);
  });
}

const isAlive = (pod: Pod): boolean => pod.metadata.deletionTimestamp === undefined;
const isPending = (pod: Pod): boolean => pod.spec?.nodeName === undefined && isAlive(pod);

function bound(pod: Pod, node: Node, wallMs: number): Pod {
  const spec = { ...pod.spec, containers: pod.spec?.containers ?? [], nodeName: node.metadata.name };
  return { ...withScheduled(pod, 'True', undefined, wallMs), spec };
}

const unschedulable = (pod: Pod, wallMs: number): Pod => withScheduled(pod, 'False', 'Unschedulable', wallMs);

function withScheduled(pod: Pod, status: 'True' | 'False', reason: string | undefined, wallMs: number): Pod {
  const condition = { type: 'PodScheduled', status, ...(reason === undefined ? {} : { reason }) };
  return { ...pod, status: { ...pod.status, conditions: withCondition(pod.status?.conditions, condition, wallMs) } };
}
