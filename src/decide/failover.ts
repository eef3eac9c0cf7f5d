import type { Assignment } from '../api/service-instance.ts';
import { firstObjection, hasRoom } from './guards.ts';
import { type InstanceDecision, type InstanceView, intentFor, openIn, placesOf, regionIn } from './instance-view.ts';
import { decideModeChange } from './mode-change.ts';
import { changeOfSuccessors, describeChange, lostNewcomers } from './successors.ts';
import { chooseRefuge, chooseTarget, fitsIn } from './target.ts';

/**
 * The hub was lost together with a region, and a person vouches for the old hub: what the other regions know is the
 * newest there is. A later decision that none of them has heard of gave its region a right from the old hub alone, and
 * that has ended; but not where regions hold on without a hub.
 */
function mayAdoptUnread({ follows, group, isVouched, policy, rebuilt }: InstanceView): boolean {
  const isFenced = policy.onHubLoss === 'Fence' && rebuilt?.onHubLoss === 'Fence';
  return isVouched === true && !follows && isFenced && group !== undefined && 2 * group.read >= group.size;
}

function decideFirst(view: InstanceView): InstanceDecision {
  const unread = placesOf(view).filter((region) => !regionIn(view, region).synced);
  if (view.rebuilt && mayAdoptUnread(view)) return { kind: 'Adopt', assignment: view.rebuilt };
  if (view.mode === 'Backup' && unread.length > 0) {
    // Something may run there from an earlier life of this hub: only the region itself can tell.
    const message = `nothing is known yet of what runs in ${unread.join(', ')}`;
    const endsWhen = 'the hub has read these regions';
    return {
      kind: 'Hold',
      wanted: 'Assigned',
      reason: 'WaitingForRegions',
      message,
      recheckAfterMs: undefined,
      endsWhen,
    };
  }
  if (view.rebuilt) return { kind: 'Adopt', assignment: view.rebuilt };
  if (view.follows) return { kind: 'Hold', wanted: 'Assigned', recheckAfterMs: undefined, ...view.follows };
  return {
    kind: 'Assign',
    intent: intentFor(view, view.primary, 'Assigned'),
    message: `active in region ${view.primary}`,
  };
}

function decideFailover(view: InstanceView, assignment: Assignment): InstanceDecision {
  const target = chooseTarget(view, assignment);
  const objection = firstObjection('automaticFailover', view, assignment, target);
  if (objection || !target) {
    const held = objection ?? { reason: 'TargetUnhealthy' as const, message: 'no target' };
    return { kind: 'Hold', wanted: 'FailedOver', recheckAfterMs: undefined, ...held };
  }
  const full = fitsIn(view, target) ? '' : ', which is full (failover.whenFull: Overcommit)';
  const message = `region ${assignment.activeRegion} is lost: moves to ${target}${full}`;
  return { kind: 'Assign', intent: intentFor(view, target, 'FailedOver'), message };
}

/** Undefined when it is not for that to move it. */
function decideSick(view: InstanceView, assignment: Assignment): InstanceDecision | undefined {
  if (!view.isSick || view.policy.sick !== 'Automatic') return undefined;
  const target = chooseRefuge(view, assignment);
  const objection = firstObjection('sickFailover', view, assignment, target);
  if (objection || !target) {
    const held = objection ?? { reason: 'TargetUnhealthy' as const, message: 'no target' };
    return { kind: 'Hold', wanted: 'FailedOver', recheckAfterMs: undefined, ...held };
  }
  const message = `it is not ready in region ${assignment.activeRegion}, which is sick: moves to ${target}`;
  return { kind: 'Assign', intent: intentFor(view, target, 'RegionSick'), message };
}

function decideReturn(view: InstanceView, assignment: Assignment): InstanceDecision {
  const home = placesOf(view).includes(assignment.activeRegion);
  const reason = home ? 'SwitchedBack' : 'Moved';
  const objection = firstObjection(home ? 'automaticSwitchback' : 'move', view, assignment, view.primary);
  if (objection) {
    // Away from home for a long time, perhaps: what may follow the region that is active now must be kept right too.
    const refresh = decideRefresh(view, assignment);
    return refresh.kind === 'Assign'
      ? refresh
      : { kind: 'Hold', wanted: reason, recheckAfterMs: undefined, ...objection };
  }
  const message = `moves from ${assignment.activeRegion} to its primary region ${view.primary}`;
  return { kind: 'Assign', intent: intentFor(view, view.primary, reason), message };
}

const sameSet = (x: readonly string[], y: readonly string[]): boolean =>
  x.length === y.length && x.every((item) => y.includes(item));

/**
 * Whether the history names a region that has no place any more and is known to be stopped. Such a region is forgotten
 * while that is still known: its order goes, and with it what it confirmed. But not before the region that follows it
 * runs: a new epoch in between would make that wait for every confirmation anew.
 */
function hasEndedRegion(view: InstanceView, assignment: Assignment): boolean {
  if (regionIn(view, assignment.activeRegion).grantedEpoch < assignment.epoch) return false;
  const open = openIn(view, assignment);
  const places = [assignment.activeRegion, ...placesOf(view)];
  return assignment.history.some((entry) => !places.includes(entry.region) && !open.includes(entry));
}

/** Successors or the policy for the loss of the hub changed: a new epoch with the same active region. */
function decideRefresh(view: InstanceView, assignment: Assignment): InstanceDecision {
  if (view.follows) return { kind: 'Keep' };
  const { activeRegion, reason, regionSwitch } = assignment;
  const change = changeOfSuccessors(view, assignment);
  const leftOut = [...((change ?? assignment).leftOut ?? []), ...lostNewcomers(view, assignment)];
  const intent = intentFor(view, activeRegion, reason, regionSwitch, leftOut);
  const unchanged = sameSet(intent.successors, assignment.successors) && intent.onHubLoss === assignment.onHubLoss;
  if (unchanged && !view.collides && !hasEndedRegion(view, assignment)) return { kind: 'Keep' };
  if (regionIn(view, assignment.activeRegion).state !== 'Healthy' || hasRoom(view, assignment, undefined)) {
    return { kind: 'Keep' };
  }
  const message = change
    ? describeChange(change, assignment)
    : unchanged
      ? 'a region that has no place any more has stopped'
      : 'successors or onHubLoss changed';
  return { kind: 'Assign', intent, message };
}

/**
 * Services that run in several regions, or in one, need no right: of the former the primary one is only where they are
 * counted. The latter stop where they are before they start at their new home, so that one must be able to have them.
 */
function decideUnfenced(view: InstanceView, assignment: Assignment): InstanceDecision {
  if (assignment.activeRegion === view.primary || view.follows) return { kind: 'Keep' };
  const objection = view.mode === 'None' ? firstObjection('relocation', view, assignment, view.primary) : undefined;
  if (objection) return { kind: 'Hold', wanted: 'Moved', recheckAfterMs: undefined, ...objection };
  return {
    kind: 'Assign',
    intent: intentFor(view, view.primary, 'Moved'),
    message: `moves to its primary region ${view.primary}`,
  };
}

/**
 * Where a service should be active when nobody asks for anything: evidence → guards → intent. A guard that says no is a
 * `Hold` with its reason and the time of the next look; it is never silence.
 */
export function decideInstance(view: InstanceView): InstanceDecision {
  const { assignment } = view;
  if (!assignment) return decideFirst(view);
  // Intents are recorded before any region hears of them: the hub was restored from an older copy.
  if (view.rebuilt && view.rebuilt.epoch > assignment.epoch) return { kind: 'Adopt', assignment: view.rebuilt };
  const change = view.follows ? undefined : decideModeChange(view, assignment);
  if (change?.kind === 'Assign') return change;
  const decision = decideInMode(view, assignment);
  return change && decision.kind === 'Keep' ? change : decision;
}

/** By the mode that is in force, whatever the class wants. */
function decideInMode(view: InstanceView, assignment: Assignment): InstanceDecision {
  if (view.mode !== 'Backup') return decideUnfenced(view, assignment);
  if (regionIn(view, assignment.activeRegion).state === 'Lost') return decideFailover(view, assignment);
  const sick = decideSick(view, assignment);
  if (sick?.kind === 'Assign') return sick;
  const planned =
    assignment.activeRegion === view.primary ? decideRefresh(view, assignment) : decideReturn(view, assignment);
  return sick && planned.kind !== 'Assign' ? sick : planned;
}
