import type { Assignment } from '../api/service-instance.ts';
import { firstEpochOfRun } from './authority.ts';
import { type InstanceView, regionIn } from './instance-view.ts';

/** What a region may suffer from that makes services leave it by themselves. Each kind has a cool-down of its own. */
export type FailureClass = 'RegionLost';

/**
 * How long the last failover still holds the next one. Nothing is held away from a region that was lost before anything
 * was promoted there: nothing runs, so there is nothing that a rest would protect.
 */
export function coolDownLeftMs(view: InstanceView, assignment: Assignment, failure: FailureClass): number {
  if (assignment.reason !== 'FailedOver') return 0;
  const { grantedEpoch, state } = regionIn(view, assignment.activeRegion);
  if (state === 'Lost' && grantedEpoch < firstEpochOfRun(assignment)) return 0;
  return Math.max(0, view.policy.coolDownMs[failure] - view.assignedForMs);
}
