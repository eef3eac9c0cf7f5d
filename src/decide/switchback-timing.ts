import type { Assignment } from '../api/service-instance.ts';
import type { SwitchbackWindow } from '../api/switchback-policy.ts';

/** When services go home by themselves. */
export interface SwitchbackTiming {
  readonly stableForMs: number;
  readonly dampingWindowMs: number;
  readonly maxStableForMs: number;
  /** Undefined: at any time. */
  readonly windows: readonly SwitchbackWindow[] | undefined;
}

/** Bound of the field. */
const MOST_LOSSES = 1000;

/** How long the primary region must have been healthy: twice as long for each failover in a row but the first, to a cap. */
export function stableTimeMs({ maxStableForMs, stableForMs }: SwitchbackTiming, homeLosses = 0): number {
  const grown = stableForMs * 2 ** Math.max(0, homeLosses - 1);
  return Math.max(stableForMs, Math.min(grown, maxStableForMs));
}

interface Leaving {
  readonly primary: string;
  readonly assignment: Assignment | undefined;
  readonly assignedForMs: number;
  readonly dampingWindowMs: number;
}

/**
 * The failovers from home in a row, as the next assignment will say. One counts on when the service had come home
 * within the damping window; the time that it was away does not matter, or the growing wait would end the row itself.
 */
export function countHomeLosses(
  { assignedForMs, assignment, dampingWindowMs, primary }: Leaving,
  next: Pick<Assignment, 'activeRegion' | 'reason'>,
): number {
  const before = assignment?.homeLosses ?? 0;
  if (!assignment || assignment.activeRegion === next.activeRegion) return before;
  if (next.reason === 'Moved') return 0;
  if (next.reason !== 'FailedOver' || assignment.activeRegion !== primary) return before;
  return Math.min(MOST_LOSSES, (assignedForMs < dampingWindowMs ? before : 0) + 1);
}
