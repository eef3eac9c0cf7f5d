import type { RealNode } from '../../../hack/nodes/node.ts';
import type { Ack } from './judge.ts';
import type { World } from './world.ts';

/** What befalls regions here. Callers from outside reach every node throughout, unless it stands still. */

/** Nothing gets from the operator in this region to that in others, nor back. Its nodes, pods and API server run on. */
export function cutOff({ regions }: World, region: string): void {
  for (const link of regions.links) {
    const crosses = link.from !== link.to && (link.from === region || link.to === region);
    if (crosses) link.silence();
  }
}

/** Stops the processes of the agents of a region where they stand, or lets them go on. Kubelets and gates know nothing of it. */
export async function signalAgents({ nodes }: World, region: string, signal: 'STOP' | 'CONT'): Promise<void> {
  // The brackets keep the pattern from finding the shell that looks for it.
  const find = `for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline 2> /dev/null | grep -q 'main.ts [a]gent' && echo \${p#/proc/}; done`;
  const script = `pids=$(${find}); [ -z "$pids" ] || kill -${signal} $pids; echo $pids`;
  const found = await Promise.all(nodes.nodesOf(region).map((node) => node.exec('bash', '-c', script)));
  const isNone = found.every((pids) => pids.trim() === '');
  // After a power cut they may not have been started yet; then none of them stands still either.
  if (isNone && signal === 'STOP') throw new Error(`no agents run in ${region}`);
}

/** Mends whatever was broken. */
export async function mend(world: World): Promise<void> {
  await world.regions.restoreAll();
  for (const { name } of world.regions.regions) await signalAgents(world, name, 'CONT');
}

/** The node on which the pod runs that accepted a write. */
export function nodeOf({ nodes }: World, { node, region }: Ack): RealNode {
  const found = nodes.nodesOf(region).find(({ name }) => name === node);
  if (!found) throw new Error(`there is no node ${node} in ${region}`);
  return found;
}
