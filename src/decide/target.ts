import type { Assignment } from '../api/service-instance.ts';
import { isLeftOut } from './assignment.ts';
import { isInFavourOf } from './authority.ts';
import { type InstanceView, openIn, others, type Restraint, regionIn } from './instance-view.ts';
import { fits } from './room.ts';

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

const isSteady = (view: InstanceView) => (region: string) => {
  const { flapsForMs = 0, isRecovering = false } = regionIn(view, region);
  return flapsForMs <= 0 && !isRecovering;
};

const isFrozen = (view: InstanceView, region: string): boolean =>
  view.restraints?.freezes.some((freeze) => freeze.region === region) ?? false;

const needsRebuild = (view: InstanceView, region: string): number => regionIn(view, region).lag?.rebuild.length ?? 0;

/**
 * Regions that are healthy, known, allowed and not left out, in order of preference; those whose data is no copy any more
 * come last.
 */
const candidatesOf = (view: InstanceView, assignment: Assignment): string[] =>
  others(view, assignment.activeRegion)
    .filter((region) => {
      const { state, refusal, synced } = regionIn(view, region);
      if (isLeftOut(assignment, region)) return false;
      return state === 'Healthy' && !refusal && synced && (view.togetherIn?.region ?? region) === region;
    })
    .toSorted((x, y) => Math.min(1, needsRebuild(view, x)) - Math.min(1, needsRebuild(view, y)));

export const fitsIn = (view: InstanceView, region: string): boolean =>
  fits(view.room, region, regionIn(view, region).place);

/** The first region that passes all tests, or as many of them as any region passes: those that come first matter most. */
function firstBy(regions: readonly string[], ...tests: readonly ((region: string) => boolean)[]): string | undefined {
  let left = regions;
  for (const test of tests) {
    const passing = left.filter(test);
    if (passing.length > 0) left = passing;
  }
  return left[0];
}

/** What every switch looks for: a region that need not wait for one that does not answer, and that has a place. */
const needs = (view: InstanceView, assignment: Assignment) =>
  [
    (region: string) => !blockerOf(view, assignment, region),
    (region: string) => regionIn(view, region).place.ok,
  ] as const;

/**
 * Where a service goes by itself: not to a region that was lost and has only just come back. A frozen region comes after
 * the others, because nothing moves there at all; then one without room; then one that a person wants empty: it is healthy,
 * and better than none. A region that comes and goes is taken only when there is no steady one.
 */
export const chooseTarget = (view: InstanceView, assignment: Assignment): string | undefined =>
  firstBy(
    candidatesOf(view, assignment).filter((region) => !regionIn(view, region).isRecovering),
    ...needs(view, assignment),
    (region) => !isFrozen(view, region),
    (region) => fitsIn(view, region),
    (region) => !keeperOf(view, region),
    isSteady(view),
  );

/**
 * Where a service goes that is not ready in a sick region: it leaves a place that answers, so it goes only where it is
 * awaited. Not to where its like is not ready either, and not by itself to where a person wants nothing to go.
 */
export function chooseRefuge(view: InstanceView, assignment: Assignment): string | undefined {
  const candidates = candidatesOf(view, assignment).filter((region) => {
    const { isRecovering, isSick } = regionIn(view, region);
    const isClosed = keeperOf(view, region) !== undefined || isFrozen(view, region);
    return !isRecovering && !isSick && !isClosed && !blockerOf(view, assignment, region);
  });
  return firstBy(
    candidates,
    (region) => fitsIn(view, region),
    (region) => standsBy(view, assignment, region),
    isSteady(view),
  );
}

/**
 * Where a person's switch leads: never into a region that a person wants empty, or two of them would move a service to
 * and fro. Before all others one that stands by.
 */
export function chooseSuccessor(view: InstanceView, assignment: Assignment): string | undefined {
  const candidates = candidatesOf(view, assignment).filter((region) => !keeperOf(view, region));
  return firstBy(
    candidates,
    ...needs(view, assignment),
    (region) => fitsIn(view, region),
    (region) => standsBy(view, assignment, region),
    isSteady(view),
  );
}
