import type { Reason } from '../api/conditions.ts';
import type { Assignment } from '../api/service-instance.ts';
import { HISTORY_LIMIT } from './assignment.ts';
import { isInFavourOf } from './authority.ts';
import { type InstanceView, openIn, others, type Restraint, regionIn } from './instance-view.ts';
import { blockerOf, keeperOf, standsBy } from './target.ts';

/** Why something that is wanted is not done now. */
export interface Objection {
  readonly reason: Reason;
  readonly message: string;
  readonly recheckAfterMs?: number;
}
type Guard = (view: InstanceView, assignment: Assignment, target: string | undefined) => Objection | undefined;

const inSeconds = (ms: number): string => `${Math.ceil(ms / 1000)} s`;

// Of all moves.

const notIsolated: Guard = (view) =>
  view.hubIsolated
    ? {
        reason: 'HubIsolated',
        message: 'most regions of the group look dead at once: the hub suspects itself and moves nothing',
      }
    : undefined;
const approved: Guard = (view) =>
  view.policy.promotion === 'Approval'
    ? { reason: 'ApprovalRequired', message: 'crossRegion.promotion of the service class is Approval' }
    : undefined;
export const hasRoom: Guard = (view, assignment) =>
  openIn(view, assignment).length >= HISTORY_LIMIT
    ? {
        reason: 'StandbyNotConfirmed',
        message: `regions may still be running at ${HISTORY_LIMIT} earlier epochs; nothing is decided before one confirms`,
      }
    : undefined;
const oneRegionAtATime: Guard = (view, assignment) => {
  const other = [...view.failingOver].find((region) => region !== assignment.activeRegion);
  return other
    ? { reason: 'SwitchInProgress', message: `services are being moved away from region ${other}` }
    : undefined;
};

// Of moves that nobody asked for.

const switchesKnown: Guard = (view) =>
  view.restraints
    ? undefined
    : { reason: 'NotObserved', message: 'the RegionSwitches are not read yet, and one of them may be a freeze' };
const notFrozen: Guard = (view, assignment, target) => {
  const freeze = view.restraints?.freezes.find(
    ({ region }) => region === undefined || region === assignment.activeRegion || region === target,
  );
  if (!freeze) return undefined;
  const what = freeze.region === undefined ? 'what moves by itself' : `what leaves or enters region ${freeze.region}`;
  return { reason: 'Frozen', message: `RegionSwitch ${freeze.name} freezes ${what} ${untilOf(freeze)}` };
};
const notKeptEmpty: Guard = (view, _, target) => {
  const keeper = target === undefined ? undefined : keeperOf(view, target);
  if (!keeper) return undefined;
  return {
    reason: 'Evacuated',
    message: `RegionSwitch ${keeper.name} keeps region ${target} empty ${untilOf(keeper)}`,
  };
};
const untilOf = ({ until }: Restraint): string =>
  until === undefined ? 'until it is aborted or deleted' : `until ${until}, or until it is aborted or deleted`;
const failoverAutomated: Guard = (view) =>
  view.policy.failover === 'Manual'
    ? { reason: 'AutomationOff', message: 'failover.mode of the group is Manual' }
    : undefined;
const switchbackAutomated: Guard = (view) =>
  view.policy.switchback === 'Manual'
    ? { reason: 'AutomationOff', message: 'switchback.mode of the group is Manual' }
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
const stable: Guard = (view) => {
  const left = view.policy.stableForMs - regionIn(view, view.primary).healthyForMs;
  if (left <= 0) return undefined;
  return {
    reason: 'NotStableYet',
    message: `primary region ${view.primary} must stay healthy for another ${inSeconds(left)}`,
    recheckAfterMs: left,
  };
};

// Of moves to wherever there is a place.

const describeCandidate = (view: InstanceView, region: string): string => {
  const { refusal, state } = regionIn(view, region);
  if (refusal) return `${region} is not allowed`;
  const keeper = state === 'Healthy' ? keeperOf(view, region) : undefined;
  return keeper ? `${region} is kept empty by RegionSwitch ${keeper.name}` : `${region} is ${state}`;
};
const hasTarget: Guard = (view, assignment, target) => {
  if (target) return undefined;
  const candidates = others(view, assignment.activeRegion);
  if (candidates.length === 0) return { reason: 'NoSuccessor', message: 'the service has no secondary region' };
  const refusals = candidates.map((region) => regionIn(view, region).refusal);
  const [refusal] = refusals;
  if (refusal && refusals.every((other) => other !== undefined)) {
    return { reason: refusal.reason, message: `no region can take over: ${refusal.message}` };
  }
  const states = candidates.map((region) => describeCandidate(view, region));
  return { reason: 'TargetUnhealthy', message: `no region can take over: ${states.join(', ')}` };
};
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
const targetStandsBy: Guard = (view, assignment, target) =>
  target === undefined || standsBy(view, assignment, target)
    ? undefined
    : {
        reason: 'StandbyNotConfirmed',
        message: `region ${target} has not confirmed that it stands by at epoch ${assignment.epoch}`,
      };

// Of moves home, and of planned moves.

const primaryHealthy: Guard = (view) => {
  const state = regionIn(view, view.primary).state;
  return state === 'Healthy'
    ? undefined
    : { reason: 'TargetUnhealthy', message: `primary region ${view.primary} is ${state}` };
};
const primaryAllowed: Guard = (view) => {
  const { refusal } = regionIn(view, view.primary);
  return refusal && { reason: refusal.reason, message: refusal.message };
};
const primaryStandsBy: Guard = (view, assignment) =>
  standsBy(view, assignment, view.primary)
    ? undefined
    : {
        reason: 'StandbyNotConfirmed',
        message: `primary region ${view.primary} has not confirmed that it stands by at epoch ${assignment.epoch}`,
      };
const activeAnswers: Guard = (view, { activeRegion }) => {
  const state = regionIn(view, activeRegion).state;
  return state === 'Healthy'
    ? undefined
    : {
        reason: 'TargetUnhealthy',
        message: `a planned switch needs region ${activeRegion} to stop what runs there, but it is ${state}`,
      };
};
/**
 * A planned switch waits for the word of every region that answers, also of one that never ran the service. Where the
 * agents of such a region are away, the service would be stopped here and start nowhere until they are back.
 */
const allCanConfirm: Guard = (view, { activeRegion }) => {
  const silent = [...view.regions].find(([region, { state }]) => region !== activeRegion && state === 'Degraded');
  return silent
    ? {
        reason: 'StandbyNotConfirmed',
        message: `a planned switch would wait for region ${silent[0]} to confirm that it stands by, but it is Degraded`,
      }
    : undefined;
};
/**
 * The move before this one is over when the active region runs the service at the present epoch. That is not waited for
 * where it may never come: a region that may still be running stops for nobody but another successor.
 */
const previousIsOver: Guard = (view, assignment) => {
  const { activeRegion, epoch } = assignment;
  if (regionIn(view, activeRegion).grantedEpoch >= epoch) return undefined;
  const isStuck = openIn(view, assignment).some(
    (entry) => entry.region !== activeRegion && !isInFavourOf(entry, activeRegion),
  );
  return isStuck
    ? undefined
    : {
        reason: 'SwitchInProgress',
        message: `the switch before is not over: region ${activeRegion} does not run it at epoch ${epoch} yet`,
      };
};

/** Read them as checklists: the first objection holds the move. */
export const GUARDS = {
  /** The region is lost, and nobody asked. */
  automaticFailover: [
    notIsolated,
    switchesKnown,
    notFrozen,
    failoverAutomated,
    hasTarget,
    approved,
    promotable,
    oneRegionAtATime,
    cooledDown,
    hasRoom,
  ],
  automaticSwitchback: [
    notIsolated,
    switchesKnown,
    notFrozen,
    switchbackAutomated,
    primaryHealthy,
    primaryAllowed,
    notKeptEmpty,
    activeAnswers,
    allCanConfirm,
    primaryStandsBy,
    approved,
    stable,
    previousIsOver,
    hasRoom,
  ],
  /** To a primary region that the user changed: the same care, without the stable time. */
  move: [
    notIsolated,
    switchesKnown,
    notFrozen,
    primaryHealthy,
    primaryAllowed,
    notKeptEmpty,
    activeAnswers,
    allCanConfirm,
    approved,
    hasRoom,
  ],
  /** Asked for by a person: what a policy forbids is left out, what protects the data is not. */
  failover: [notIsolated, hasTarget, approved, promotable, oneRegionAtATime, hasRoom],
  evacuation: [
    notIsolated,
    activeAnswers,
    allCanConfirm,
    hasTarget,
    targetStandsBy,
    approved,
    promotable,
    oneRegionAtATime,
    previousIsOver,
    hasRoom,
  ],
  switchback: [
    notIsolated,
    primaryHealthy,
    primaryAllowed,
    notKeptEmpty,
    activeAnswers,
    allCanConfirm,
    primaryStandsBy,
    approved,
    promotable,
    previousIsOver,
    hasRoom,
  ],
} as const satisfies Readonly<Record<string, readonly Guard[]>>;

export function firstObjection(
  list: keyof typeof GUARDS,
  view: InstanceView,
  assignment: Assignment,
  target?: string,
): Objection | undefined {
  for (const guard of GUARDS[list]) {
    const objection = guard(view, assignment, target);
    if (objection) return objection;
  }
  return undefined;
}
