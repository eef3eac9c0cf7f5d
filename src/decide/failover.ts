import type { Reason } from '../api/conditions.ts';
import type { CrossRegionMode } from '../api/service-class.ts';
import type { Assignment } from '../api/service-instance.ts';
import { HISTORY_LIMIT, type Intent, openEntries, type RegionEpochs } from './assignment.ts';
import { isInFavourOf } from './authority.ts';
import type { RegionState } from './diagnosis.ts';

/**
 * Where a service should be active: evidence → guards → intent. A guard that says no is a `Hold` with its reason and
 * the time of the next look; it is never silence.
 */
export interface RegionView extends RegionEpochs {
  readonly state: RegionState;
  /** How long it has been healthy without a break; 0 when it is not. */
  readonly healthyForMs: number;
  /** Whether the hub has read what stands in the region since it began to lead. */
  readonly synced: boolean;
  /** Whether it lies where every tenant of the service allows. */
  readonly allowed: boolean;
}

export interface FailoverPolicy {
  readonly failover: 'Automatic' | 'Manual';
  readonly switchback: 'Automatic' | 'Manual';
  readonly promotion: 'Automatic' | 'Approval';
  readonly onHubLoss: Assignment['onHubLoss'];
  readonly coolDownMs: number;
  readonly stableForMs: number;
}

export interface InstanceView {
  readonly mode: CrossRegionMode;
  readonly primary: string;
  /** In order of preference. */
  readonly secondaries: readonly string[];
  readonly assignment: Assignment | undefined;
  /** Rebuilt from the orders in the regions, where these know more than the hub does: it was lost or restored. */
  readonly rebuilt: Assignment | undefined;
  /** How long ago the assignment was made. */
  readonly assignedForMs: number;
  readonly regions: ReadonlyMap<string, RegionView>;
  readonly policy: FailoverPolicy;
  readonly hubIsolated: boolean;
  /** Regions that other services are being moved away from right now because they were lost. */
  readonly failingOver: ReadonlySet<string>;
}

export type InstanceDecision =
  | { readonly kind: 'Keep' }
  | { readonly kind: 'Adopt'; readonly assignment: Assignment }
  | { readonly kind: 'Assign'; readonly intent: Intent; readonly message: string }
  | {
      readonly kind: 'Hold';
      readonly wanted: 'Assigned' | 'FailedOver' | 'SwitchedBack' | 'Moved';
      readonly reason: Reason;
      readonly message: string;
      readonly recheckAfterMs: number | undefined;
    };

interface Objection {
  readonly reason: Reason;
  readonly message: string;
  readonly recheckAfterMs?: number;
}
type Guard = (view: InstanceView, assignment: Assignment, target: string | undefined) => Objection | undefined;

const UNSEEN: RegionView = {
  state: 'Unknown',
  healthyForMs: 0,
  synced: false,
  standbyEpoch: 0,
  grantedEpoch: 0,
  allowed: false,
};
const viewOf = (view: InstanceView, region: string): RegionView => view.regions.get(region) ?? UNSEEN;
const inSeconds = (ms: number): string => `${Math.ceil(ms / 1000)} s`;
const openIn = (view: InstanceView, { history }: Assignment) => openEntries(history, (region) => viewOf(view, region));
const others = (view: InstanceView, region: string): string[] =>
  [view.primary, ...view.secondaries].filter((r) => r !== region);

const notIsolated: Guard = (view) =>
  view.hubIsolated
    ? {
        reason: 'HubIsolated',
        message: 'most regions of the group look dead at once: the hub suspects itself and moves nothing',
      }
    : undefined;
const failoverAutomated: Guard = (view) =>
  view.policy.failover === 'Manual'
    ? { reason: 'AutomationOff', message: 'failover.mode of the group is Manual' }
    : undefined;
const approved: Guard = (view) =>
  view.policy.promotion === 'Approval'
    ? { reason: 'ApprovalRequired', message: 'crossRegion.promotion of the service class is Approval' }
    : undefined;
const cooledDown: Guard = (view, assignment) => {
  const left = view.policy.coolDownMs - view.assignedForMs;
  if (assignment.reason !== 'FailedOver' || left <= 0) return undefined;
  return {
    reason: 'CoolingDown',
    message: `the last failover was too short ago; next look in ${inSeconds(left)}`,
    recheckAfterMs: left,
  };
};
const oneRegionAtATime: Guard = (view, assignment) => {
  const other = [...view.failingOver].find((region) => region !== assignment.activeRegion);
  return other
    ? { reason: 'SwitchInProgress', message: `services are being moved away from region ${other}` }
    : undefined;
};
const hasTarget: Guard = (view, assignment, target) => {
  if (target) return undefined;
  const candidates = others(view, assignment.activeRegion);
  if (candidates.length === 0) return { reason: 'NoSuccessor', message: 'the service has no secondary region' };
  const states = candidates.map((r) => `${r} is ${viewOf(view, r).allowed ? viewOf(view, r).state : 'not allowed'}`);
  return { reason: 'TargetUnhealthy', message: `no region can take over: ${states.join(', ')}` };
};
/** The first entry at which a region that does not answer may still be running, and is not certain to stop for `target`. */
const blockerOf = (view: InstanceView, assignment: Assignment, target: string) =>
  openIn(view, assignment).find(
    (entry) =>
      entry.region !== target && viewOf(view, entry.region).state !== 'Healthy' && !isInFavourOf(entry, target),
  );
const promotable: Guard = (view, assignment, target) => {
  const blocker = target === undefined ? undefined : blockerOf(view, assignment, target);
  if (!blocker) return undefined;
  return blocker.onHubLoss === 'Hold'
    ? {
        reason: 'HubLossPolicyHolds',
        message: `onHubLoss is Hold: region ${blocker.region} may be running on, and nothing is promoted until it confirms that it stopped`,
      }
    : {
        reason: 'NoSuccessor',
        message: `region ${blocker.region} may be running since epoch ${blocker.epoch}, when ${target} was not its successor, and nothing is promoted until it confirms that it stopped`,
      };
};
const hasRoom: Guard = (view, assignment) =>
  openIn(view, assignment).length >= HISTORY_LIMIT
    ? {
        reason: 'StandbyNotConfirmed',
        message: `regions may still be running at ${HISTORY_LIMIT} earlier epochs; nothing is decided before one confirms`,
      }
    : undefined;

/** Read it as a checklist: the first objection holds the failover. */
const FAILOVER_GUARDS: readonly Guard[] = [
  notIsolated,
  failoverAutomated,
  hasTarget,
  approved,
  promotable,
  oneRegionAtATime,
  cooledDown,
  hasRoom,
];

const switchbackAutomated: Guard = (view) =>
  view.policy.switchback === 'Manual'
    ? { reason: 'AutomationOff', message: 'switchback.mode of the group is Manual' }
    : undefined;
const primaryHealthy: Guard = (view) => {
  const state = viewOf(view, view.primary).state;
  return state === 'Healthy'
    ? undefined
    : { reason: 'TargetUnhealthy', message: `primary region ${view.primary} is ${state}` };
};
const primaryStandsBy: Guard = (view, assignment) =>
  viewOf(view, view.primary).standbyEpoch >= assignment.epoch
    ? undefined
    : {
        reason: 'StandbyNotConfirmed',
        message: `primary region ${view.primary} has not confirmed that it stands by at epoch ${assignment.epoch}`,
      };
const stable: Guard = (view) => {
  const left = view.policy.stableForMs - viewOf(view, view.primary).healthyForMs;
  if (left <= 0) return undefined;
  return {
    reason: 'NotStableYet',
    message: `primary region ${view.primary} must stay healthy for another ${inSeconds(left)}`,
    recheckAfterMs: left,
  };
};
const activeAnswers: Guard = (view, assignment) => {
  const state = viewOf(view, assignment.activeRegion).state;
  return state === 'Healthy'
    ? undefined
    : {
        reason: 'TargetUnhealthy',
        message: `a planned switch needs region ${assignment.activeRegion} to stop what runs there, but it is ${state}`,
      };
};

const SWITCHBACK_GUARDS: readonly Guard[] = [
  notIsolated,
  switchbackAutomated,
  primaryHealthy,
  activeAnswers,
  primaryStandsBy,
  approved,
  stable,
  hasRoom,
];
/** A primary region that the user changed: the same care, without the stable time. */
const MOVE_GUARDS: readonly Guard[] = [notIsolated, primaryHealthy, activeAnswers, approved, hasRoom];

function firstObjection(
  guards: readonly Guard[],
  view: InstanceView,
  assignment: Assignment,
  target?: string,
): Objection | undefined {
  for (const guard of guards) {
    const objection = guard(view, assignment, target);
    if (objection) return objection;
  }
  return undefined;
}

const intentFor = (view: InstanceView, activeRegion: string, reason: Intent['reason']): Intent => ({
  activeRegion,
  successors: view.mode === 'Backup' ? others(view, activeRegion) : [],
  onHubLoss: view.policy.onHubLoss,
  reason,
});

/**
 * The first region, in order of preference, that is healthy, known and allowed; before all others one that need not
 * wait for the confirmation of a region that does not answer.
 */
export function chooseTarget(view: InstanceView, assignment: Assignment): string | undefined {
  const healthy = others(view, assignment.activeRegion).filter((region) => {
    const { state, allowed, synced } = viewOf(view, region);
    return state === 'Healthy' && allowed && synced;
  });
  return healthy.find((region) => !blockerOf(view, assignment, region)) ?? healthy[0];
}

function decideFirst(view: InstanceView): InstanceDecision {
  const unread = [view.primary, ...view.secondaries].filter((region) => !viewOf(view, region).synced);
  if (view.mode === 'Backup' && unread.length > 0) {
    // Something may run there from an earlier life of this hub: only the region itself can tell.
    const message = `nothing is known yet of what runs in ${unread.join(', ')}`;
    return { kind: 'Hold', wanted: 'Assigned', reason: 'WaitingForRegions', message, recheckAfterMs: undefined };
  }
  if (view.rebuilt) return { kind: 'Adopt', assignment: view.rebuilt };
  return {
    kind: 'Assign',
    intent: intentFor(view, view.primary, 'Assigned'),
    message: `active in region ${view.primary}`,
  };
}

function decideFailover(view: InstanceView, assignment: Assignment): InstanceDecision {
  const target = chooseTarget(view, assignment);
  const objection = firstObjection(FAILOVER_GUARDS, view, assignment, target);
  if (objection || !target) {
    const held = objection ?? { reason: 'TargetUnhealthy' as const, message: 'no target' };
    return { kind: 'Hold', wanted: 'FailedOver', recheckAfterMs: undefined, ...held };
  }
  const message = `region ${assignment.activeRegion} is lost: moves to ${target}`;
  return { kind: 'Assign', intent: intentFor(view, target, 'FailedOver'), message };
}

function decideReturn(view: InstanceView, assignment: Assignment): InstanceDecision {
  const home = [view.primary, ...view.secondaries].includes(assignment.activeRegion);
  const reason = home ? 'SwitchedBack' : 'Moved';
  const objection = firstObjection(home ? SWITCHBACK_GUARDS : MOVE_GUARDS, view, assignment, view.primary);
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
  if (viewOf(view, assignment.activeRegion).grantedEpoch < assignment.epoch) return false;
  const open = openIn(view, assignment);
  const places = [assignment.activeRegion, view.primary, ...view.secondaries];
  return assignment.history.some((entry) => !places.includes(entry.region) && !open.includes(entry));
}

/** Successors or the policy for the loss of the hub changed: a new epoch with the same active region. */
function decideRefresh(view: InstanceView, assignment: Assignment): InstanceDecision {
  const intent = intentFor(view, assignment.activeRegion, assignment.reason);
  const unchanged = sameSet(intent.successors, assignment.successors) && intent.onHubLoss === assignment.onHubLoss;
  if (unchanged && !hasEndedRegion(view, assignment)) return { kind: 'Keep' };
  if (viewOf(view, assignment.activeRegion).state !== 'Healthy' || hasRoom(view, assignment, undefined)) {
    return { kind: 'Keep' };
  }
  const message = unchanged ? 'a region that has no place any more has stopped' : 'successors or onHubLoss changed';
  return { kind: 'Assign', intent, message };
}

/** Services that run in several regions, or in one, need no right: the primary one is only where they are counted. */
function decideUnfenced(view: InstanceView, assignment: Assignment): InstanceDecision {
  if (assignment.activeRegion === view.primary) return { kind: 'Keep' };
  return {
    kind: 'Assign',
    intent: intentFor(view, view.primary, 'Moved'),
    message: `moves to its primary region ${view.primary}`,
  };
}

export function decideInstance(view: InstanceView): InstanceDecision {
  const { assignment } = view;
  if (!assignment) return decideFirst(view);
  // Intents are recorded before any region hears of them: the hub was restored from an older copy.
  if (view.rebuilt && view.rebuilt.epoch > assignment.epoch) return { kind: 'Adopt', assignment: view.rebuilt };
  if (view.mode !== 'Backup') return decideUnfenced(view, assignment);
  if (viewOf(view, assignment.activeRegion).state === 'Lost') return decideFailover(view, assignment);
  if (assignment.activeRegion !== view.primary) return decideReturn(view, assignment);
  return decideRefresh(view, assignment);
}
