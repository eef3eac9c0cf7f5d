import type { Assignment } from '../api/service-instance.ts';
import { isLeftOut } from './assignment.ts';

function wrongSuccessors({ activeRegion, leftOut = [], successors }: Assignment): string | undefined {
  if (successors.includes(activeRegion)) return 'a region never succeeds itself';
  if (successors.some((region) => leftOut.includes(region))) return 'who is left out is no successor';
  return leftOut.length > 0 && successors.length === 0 ? 'the last successor is not left out' : undefined;
}

/**
 * Checks an intent against the invariants before it is written. Returns the sentence of the invariant that it would
 * break, or undefined. It repeats, on purpose, what the decision should have made sure of: a bug in a rule must not
 * become a split brain.
 */
export function checkIntent(
  current: Assignment | undefined,
  next: Assignment,
  places: readonly string[],
): string | undefined {
  const last = next.history.at(-1);
  if (!last || last.epoch !== next.epoch || last.region !== next.activeRegion) {
    return 'the last entry of the history is the assignment itself';
  }
  if (next.history.some((entry, index) => entry.epoch <= (next.history[index - 1]?.epoch ?? -1))) {
    return 'epochs in the history rise';
  }
  const wrong = wrongSuccessors(next);
  if (wrong) return wrong;
  if (!current)
    return places.includes(next.activeRegion) || next.epoch > 1
      ? undefined
      : 'a service is active only where it has a place';
  if (next.epoch !== current.epoch + 1) return 'an epoch rises by one';
  if (!places.includes(next.activeRegion) && next.activeRegion !== current.activeRegion) {
    return 'a service moves only to where it has a place';
  }
  if (next.activeRegion !== current.activeRegion && isLeftOut(current, next.activeRegion)) {
    return 'who is left out is not promoted before it is a successor again';
  }
  return checkMode(current, next);
}

function checkMode(current: Assignment, next: Assignment): string | undefined {
  if (current.mode === undefined || next.mode === current.mode) return undefined;
  if (next.activeRegion !== current.activeRegion) return 'a mode changes only where the service is active';
  return next.mode === 'None' || current.mode === 'None'
    ? undefined
    : 'what needs a right never becomes in one step what serves in several regions, nor the other way round';
}
