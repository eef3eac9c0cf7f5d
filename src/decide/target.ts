import type { Assignment } from '../api/service-instance.ts';
import { isInFavourOf } from './authority.ts';
import { type InstanceView, openIn, others, type Restraint, regionIn } from './instance-view.ts';

/** The first entry at which a region that does not answer may still be running, and is not certain to stop for `target`. */
export const blockerOf = (view: InstanceView, assignment: Assignment, target: string) =>
  openIn(view, assignment).find(
    (entry) =>
      entry.region !== target && regionIn(view, entry.region).state !== 'Healthy' && !isInFavourOf(entry, target),
  );

/** The RegionSwitch of a person that wants a region empty. */
export const keeperOf = (view: InstanceView, region: string): Restraint | undefined =>
  view.restraints?.keptEmpty.find((restraint) => restraint.region === region);

export const standsBy = (view: InstanceView, { epoch }: Assignment, region: string): boolean =>
  regionIn(view, region).standbyEpoch >= epoch;

const isFrozen = (view: InstanceView, region: string): boolean =>
  view.restraints?.freezes.some((freeze) => freeze.region === region) ?? false;

/** Regions that are healthy, known and allowed, in order of preference. */
const candidatesOf = (view: InstanceView, assignment: Assignment): string[] =>
  others(view, assignment.activeRegion).filter((region) => {
    const { state, refusal, synced } = regionIn(view, region);
    return state === 'Healthy' && !refusal && synced;
  });

/**
 * Where a service goes by itself: the first candidate that need not wait for the confirmation of a region that does not
 * answer. A region that a person wants empty, or frozen, comes after those: it is healthy, and better than none.
 */
export function chooseTarget(view: InstanceView, assignment: Assignment): string | undefined {
  const candidates = candidatesOf(view, assignment);
  const free = candidates.filter((region) => !blockerOf(view, assignment, region));
  return free.find((region) => !keeperOf(view, region) && !isFrozen(view, region)) ?? free[0] ?? candidates[0];
}

/**
 * Where a person's switch leads: never into a region that a person wants empty, or two of them would move a service to
 * and fro. Before all others one that stands by.
 */
export function chooseSuccessor(view: InstanceView, assignment: Assignment): string | undefined {
  const candidates = candidatesOf(view, assignment).filter((region) => !keeperOf(view, region));
  const free = candidates.filter((region) => !blockerOf(view, assignment, region));
  return free.find((region) => standsBy(view, assignment, region)) ?? free[0] ?? candidates[0];
}
