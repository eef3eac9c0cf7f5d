import type { Assignment } from '../api/service-instance.ts';
import { firstEpochOfRun } from './assignment.ts';
import { type InstanceView, regionIn } from './instance-view.ts';

/** What a region may suffer from that makes services leave it by themselves. Each kind has a cool-down of its own. */
export type FailureClass = 'RegionLost' | 'RegionSick';

/** Why a service was last moved by itself away from a region that failed. */
const FAILURES: Partial<Record<Assignment['reason'], FailureClass>> = {
  FailedOver: 'RegionLost',
  RegionSick: 'RegionSick',
};

/**
 * How long the last failover still holds the next one. A region that is lost is not waited for because the one before was
 * only sick. And nothing is held away from a region that was lost before anything was promoted there: nothing runs, so
 * there is nothing that a rest would protect.
 */
export function coolDownLeftMs(view: InstanceView, assignment: Assignment, failure: FailureClass): number {
  const last = FAILURES[assignment.reason];
  if (last === undefined || (last === 'RegionSick' && failure === 'RegionLost')) return 0;
  const { grantedEpoch, state } = regionIn(view, assignment.activeRegion);
  if (state === 'Lost' && grantedEpoch < firstEpochOfRun(assignment)) return 0;
  return Math.max(0, view.policy.coolDownMs[last] - view.assignedForMs);
}
