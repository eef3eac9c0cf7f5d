import { median } from '../../hack/bench/result.ts';
import type { Cycle } from './cycles.ts';

const MIB = 1024 * 1024;
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const objectsOf = ({ footprint }: Cycle): number => Object.values(footprint.objects).reduce((sum, n) => sum + n, 0);
const totalOf = ({ footprint }: Cycle, what: 'heapBytes' | 'handles' | 'resources'): number =>
  Object.values(footprint.processes).reduce((sum, process) => sum + process[what], 0);

/** One cycle in a line. */
export function describeCycle(cycle: Cycle, of: number): string {
  const heap = (totalOf(cycle, 'heapBytes') / MIB).toFixed(0);
  return [
    `cycle ${cycle.number} of ${of}: failover ${seconds(cycle.failoverMs)}, home after ${seconds(cycle.homeMs)}`,
    `${objectsOf(cycle)} objects, ${heap} MiB of heap`,
    `${totalOf(cycle, 'handles')} handles, ${totalOf(cycle, 'resources')} active resources`,
  ].join('; ');
}

/** All of it in the last line. */
export function describeSoak(cycles: readonly Cycle[], faults: number): string {
  const worst = Math.max(...cycles.map(({ failoverMs }) => failoverMs));
  const middle = median(cycles.map(({ failoverMs }) => failoverMs));
  return `${cycles.length} cycles, ${faults} faults; failover ${seconds(middle)} in the middle, ${seconds(worst)} at worst`;
}
