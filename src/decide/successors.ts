import type { Assignment } from '../api/service-instance.ts';
import { isLeftOut } from './assignment.ts';
import { type InstanceView, others, regionIn } from './instance-view.ts';
import { stableTimeMs } from './switchback-timing.ts';
import { fitsIn, standsBy } from './target.ts';

/**
 * Which regions may follow the active one. Without the hub a region runs on with the promises of all of them, so one that
 * is lost would stop what has nothing to do with it when the hub is lost too. While the hub is well it is left out: a new
 * epoch with the same active region and a smaller set. It may not be promoted before it is one of them again.
 *
 * What makes this safe, each rule shown by a planted bug of the simulation or by a test of its own:
 * - The region that is left out can follow no epoch of the smaller set by a wait (`isInFavourOf`): the history keeps each
 *   of them until the active region has recorded a grant at a later one.
 * - Nothing changes before the active region has recorded its grant at the present epoch: then no region may run at an
 *   older one, the region that is left out included.
 * - The set never becomes empty: at each epoch that a region runs at without the hub, another region knows of it.
 * - The active region and the rest are most of the group. A hub that was restored from older data, and sees none of them,
 *   is isolated and moves nothing (`notIsolated`, `readEnough`); one that sees any of them learns the epoch.
 */
export interface SuccessorChange {
  readonly region: string;
  readonly isLeaving: boolean;
  /** Of the next epoch. */
  readonly leftOut: readonly string[];
}

/** No switch of the service, nor any failover of its group, is under way. */
function isQuiet(view: InstanceView, { activeRegion, epoch }: Assignment): boolean {
  const active = regionIn(view, activeRegion);
  return !view.hubIsolated && view.failingOver.size === 0 && active.state === 'Healthy' && active.grantedEpoch >= epoch;
}

/** It alone of its group is silent, apart from what was left out before: several at once are the fault of the observer. */
function isAloneSilent({ group }: InstanceView, assignment: Assignment, region: string): boolean {
  const silent = [...(group?.silent ?? [])].filter((name) => !isLeftOut(assignment, name));
  return silent.length === 1 && silent[0] === region;
}

/** Whether whoever sees neither the active region nor any of the rest sees most of the group dead. */
const areMost = ({ group }: InstanceView, rest: readonly string[]): boolean =>
  group !== undefined && 2 * (1 + rest.length) > group.size;

function mayLeave(view: InstanceView, assignment: Assignment, region: string): boolean {
  const { lostForMs = -1 } = regionIn(view, region);
  const rest = assignment.successors.filter((name) => name !== region);
  // Where regions run on without the hub in any case, nothing is gained.
  if (assignment.onHubLoss !== 'Fence' || view.policy.onHubLoss !== 'Fence') return false;
  return (
    lostForMs >= (view.policy.leaveOutAfterMs ?? Number.POSITIVE_INFINITY) &&
    rest.length > 0 &&
    rest.every((name) => regionIn(view, name).state === 'Healthy' && standsBy(view, assignment, name)) &&
    isAloneSilent(view, assignment, region) &&
    areMost(view, rest)
  );
}

/** Whether the service could go there now, were its region lost. */
function canTakeOver(view: InstanceView, region: string): boolean {
  const { isRecovering, refusal, state, synced } = regionIn(view, region);
  return state === 'Healthy' && synced && !isRecovering && !refusal && fitsIn(view, region);
}

/** How long a region has still to be healthy and steady before it may follow again, as before services go home to it. */
export function joinsAfterMs(view: InstanceView, { homeLosses }: Assignment, region: string): number {
  const { flapsForMs = 0, healthyForMs } = regionIn(view, region);
  const stableMs = stableTimeMs(view.policy, region === view.primary ? homeLosses : 0);
  return Math.max(0, flapsForMs, stableMs - healthyForMs);
}

/**
 * Before it has confirmed the present epoch a region would promise nothing of use, and the active one would stop without the
 * hub. That is also the end of whatever ran there.
 */
function mayJoin(view: InstanceView, assignment: Assignment, region: string): boolean {
  const { isRecovering, refusal, state, synced } = regionIn(view, region);
  if (state !== 'Healthy' || !synced || refusal || !standsBy(view, assignment, region)) return false;
  if (view.isAskedHome && region === view.primary) return true;
  if (isRecovering) return false;
  // Nobody waits for it to be stable where no other region could take the service over.
  return joinsAfterMs(view, assignment, region) <= 0 || !assignment.successors.some((name) => canTakeOver(view, name));
}

/** The change that is due: one region at a time, one that comes back first. */
export function changeOfSuccessors(view: InstanceView, assignment: Assignment): SuccessorChange | undefined {
  const { activeRegion, leftOut = [], successors } = assignment;
  if (!isQuiet(view, assignment)) return undefined;
  const places = others(view, activeRegion);
  const joining = places.find((region) => leftOut.includes(region) && mayJoin(view, assignment, region));
  if (joining !== undefined) {
    return { region: joining, isLeaving: false, leftOut: leftOut.filter((region) => region !== joining) };
  }
  const leaving = places.find((region) => successors.includes(region) && mayLeave(view, assignment, region));
  return leaving === undefined ? undefined : { region: leaving, isLeaving: true, leftOut: [...leftOut, leaving] };
}

/** A place that is new to this hub, and lost: it joins when it is back, and has not to leave first. */
export const lostNewcomers = (view: InstanceView, { activeRegion, leftOut = [], successors }: Assignment): string[] =>
  others(view, activeRegion).filter(
    (region) =>
      !successors.includes(region) && !leftOut.includes(region) && regionIn(view, region).lostForMs !== undefined,
  );

export function describeChange({ isLeaving, region }: SuccessorChange, { activeRegion }: Assignment): string {
  return isLeaving
    ? `region ${region} is lost and follows region ${activeRegion} no more until it is back and stable: without the hub its promise is not needed`
    : `region ${region} is back, has confirmed that it stands by, and may follow region ${activeRegion} again`;
}
