import type { Reason } from '../api/conditions.ts';
import type { Assignment } from '../api/service-instance.ts';
import { HISTORY_LIMIT, isLeftOut, regionLeft } from './assignment.ts';
import { isInFavourOf } from './authority.ts';
import { coolDownLeftMs, type FailureClass } from './cool-down.ts';
import { GUARD_FACTS, type GuardFact } from './guard-facts.ts';
import { type InstanceView, openIn, others, type Restraint, regionIn, viewAfter } from './instance-view.ts';
import { describeRoom } from './room.ts';
import { joinsAfterMs } from './successors.ts';
import { stableTimeMs } from './switchback-timing.ts';
import { nextOpening, unknownZones } from './switchback-windows.ts';
import { blockerOf, fitsIn, keeperOf, standsBy } from './target.ts';

/** Why something that is wanted is not done now. */
export interface Objection {
  readonly reason: Reason;
  readonly message: string;
  /** Set when only time is missing. */
  readonly recheckAfterMs?: number;
  /** Set by `firstObjection` when something else is. */
  readonly endsWhen?: string;
}
type Guard = (view: InstanceView, assignment: Assignment, target: string | undefined) => Objection | undefined;

const inSeconds = (ms: number): string => `${Math.ceil(ms / 1000)} s`;
/** How long it is until a time that a person has set; nothing when there is none. */
const endingAt = (view: InstanceView, until: string | undefined): Pick<Objection, 'recheckAfterMs'> =>
  until === undefined ? {} : { recheckAfterMs: Math.max(0, Date.parse(until) - view.nowMs) };

// Of all moves.

const inherited: Guard = ({ follows }) => follows && { reason: follows.reason, message: follows.message };
const notIsolated: Guard = (view) =>
  view.hubIsolated
    ? {
        reason: 'HubIsolated',
        message: 'most regions of the group look dead at once: the hub suspects itself and moves nothing',
      }
    : undefined;
/**
 * A hub that was restored from older data, or made anew, learns from the regions what was decided since. Successors that are
 * left out know nothing of it, so it must have read at least half of the group before it takes its own record for the newest.
 */
const readEnough: Guard = ({ group }) =>
  group && 2 * group.read < group.size
    ? {
        reason: 'WaitingForRegions',
        message: `this hub has read ${group.read} of ${group.size} regions since it began to lead: the others may know of a later decision`,
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
    : {
        reason: 'NotObserved',
        message: 'the RegionSwitches, or the tenants that one of them names, are not read yet: one may be a freeze',
      };
const notFrozen: Guard = (view, assignment, target) => {
  const freeze = view.restraints?.freezes.find(
    ({ region }) => region === undefined || region === assignment.activeRegion || region === target,
  );
  if (!freeze) return undefined;
  const what = freeze.region === undefined ? 'what moves by itself' : `what leaves or enters region ${freeze.region}`;
  return {
    reason: 'Frozen',
    message: `RegionSwitch ${freeze.name} freezes ${what} ${untilOf(freeze)}`,
    ...endingAt(view, freeze.until),
  };
};
const notKeptEmpty: Guard = (view, _, target) => {
  const keeper = target === undefined ? undefined : keeperOf(view, target);
  if (!keeper) return undefined;
  return {
    reason: 'Evacuated',
    message: `RegionSwitch ${keeper.name} keeps region ${target} empty ${untilOf(keeper)}`,
    ...endingAt(view, keeper.until),
  };
};
const untilOf = ({ until }: Restraint): string =>
  until === undefined ? 'until it is aborted or deleted' : `until ${until}, or until it is aborted or deleted`;
const failoverAutomated: Guard = ({ policy: { failover, failoverOf = 'group' } }) =>
  failover === 'Manual'
    ? { reason: 'AutomationOff', message: `failover.mode of the ${failoverOf} is Manual` }
    : undefined;
const switchbackAutomated: Guard = (view) =>
  view.policy.switchback === 'Manual'
    ? { reason: 'AutomationOff', message: 'switchback.mode of the group is Manual' }
    : undefined;
const restAfterFailure = (view: InstanceView, assignment: Assignment, failure: FailureClass): Objection | undefined => {
  const left = coolDownLeftMs(view, assignment, failure);
  if (left <= 0) return undefined;
  const rest = inSeconds(view.policy.coolDownMs[failure]);
  return {
    reason: 'CoolingDown',
    message: `the last failover was less than ${rest} ago, the cool-down of the group`,
    recheckAfterMs: left,
  };
};
const cooledDown: Guard = (view, assignment) => restAfterFailure(view, assignment, 'RegionLost');
const cooledDownFromSick: Guard = (view, assignment) => restAfterFailure(view, assignment, 'RegionSick');
const stable: Guard = (view, assignment) => {
  const neededMs = stableTimeMs(view.policy, assignment.homeLosses);
  const { healthyForMs, state } = regionIn(view, view.primary);
  const left = neededMs - healthyForMs;
  if (left <= 0) return undefined;
  const losses = assignment.homeLosses ?? 0;
  const why = losses > 1 ? `; so long because the service was lost there ${losses} times in a row` : '';
  return {
    reason: 'NotStableYet',
    message: `primary region ${view.primary} must have been healthy for ${inSeconds(neededMs)}${why}`,
    // Of a region that is not healthy the time does not run.
    ...(state === 'Healthy' && { recheckAfterMs: left }),
  };
};
const steady: Guard = (view) => {
  const left = regionIn(view, view.primary).flapsForMs ?? 0;
  if (left <= 0) return undefined;
  return {
    reason: 'Flapping',
    message: `primary region ${view.primary} came and went too often lately`,
    recheckAfterMs: left,
  };
};
/** Nothing tells from afar whether it would be ready there now: by itself it would go to and fro. */
const notLeftSick: Guard = (view, assignment) => {
  const left = regionLeft(assignment) ?? view.primary;
  if (assignment.reason !== 'RegionSick' || left !== view.primary) return undefined;
  return {
    reason: 'RegionSick',
    message: `it left its primary region ${view.primary} because it was not ready there: take it home by a RegionSwitch of type Switchback when that is mended`,
  };
};
/** Once only: what is not ready here either takes its fault along wherever it goes. */
const movedOnce: Guard = (_, assignment) =>
  assignment.reason === 'RegionSick'
    ? {
        reason: 'RegionSick',
        message: `it was moved to region ${assignment.activeRegion} because it was not ready, and is not ready here either`,
      }
    : undefined;

// Of moves to wherever there is a place.

const describeCandidate = (view: InstanceView, assignment: Assignment, region: string): string => {
  const { isRecovering, isSick, refusal, state } = regionIn(view, region);
  if (refusal) return `${region} is not allowed`;
  if (state === 'Healthy' && isLeftOut(assignment, region)) return `${region} was lost and is no successor again yet`;
  if (state === 'Healthy' && view.isSick && isSick) return `${region} is sick itself`;
  if (state === 'Healthy' && isRecovering) return `${region} was lost and has only just come back`;
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
  const states = candidates.map((region) => describeCandidate(view, assignment, region));
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
/** Where nothing else asks for a stable time: what was lost a moment ago may be lost again. */
const primaryRecovered: Guard = (view) =>
  regionIn(view, view.primary).isRecovering
    ? { reason: 'Recovering', message: `primary region ${view.primary} was lost and has only just come back` }
    : undefined;
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
/** What was lost and left out of the successors is promoted only when it is one of them again. */
const primaryFollows: Guard = (view, assignment) => {
  if (!isLeftOut(assignment, view.primary)) return undefined;
  const leftMs = regionIn(view, view.primary).state === 'Healthy' ? joinsAfterMs(view, assignment, view.primary) : 0;
  return {
    reason: 'SuccessorLost',
    message: `primary region ${view.primary} was lost and is no successor of region ${assignment.activeRegion} again yet`,
    ...(leftMs > 0 && view.isAskedHome !== true && { recheckAfterMs: leftMs }),
  };
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
/**
 * The move before this one is made safe when every standby that answers has confirmed: a planned switch would wait for
 * the word of each of them, and one that never gives it would keep the service stopped.
 */
const previousProtected: Guard = (view, assignment) => {
  const { activeRegion, epoch } = assignment;
  // Until it runs there, that is what `previousIsOver` is about.
  if (regionIn(view, activeRegion).grantedEpoch < epoch) return undefined;
  const missing = others(view, activeRegion).filter(
    (region) => regionIn(view, region).state === 'Healthy' && !standsBy(view, assignment, region),
  );
  if (missing.length === 0) return undefined;
  return {
    reason: 'StandbyNotConfirmed',
    message: `the switch before is not protected yet: ${missing.join(', ')} did not confirm epoch ${epoch}`,
  };
};

// Of room, and of the way home.

const mayOvercommit = (view: InstanceView, { activeRegion }: Assignment): boolean =>
  view.policy.whenFull === 'Overcommit' && regionIn(view, activeRegion).state === 'Lost';
/** It comes after the others that tell whether it would move at all: room is counted for what moves. */
const targetHasRoom: Guard = (view, assignment, target) => {
  if (target === undefined || fitsIn(view, target)) return undefined;
  const { place } = regionIn(view, target);
  if (!place.ok) {
    return { reason: place.reason, message: `region ${target} has no place for the service: ${place.message}` };
  }
  if (mayOvercommit(view, assignment)) return undefined;
  const { capacity, planned = 0 } = view.room.get(target) ?? {};
  return { reason: 'CapacityExceeded', message: describeRoom(target, planned, place.instances, capacity) };
};
const windowOpen: Guard = ({ nowMs, policy: { windows } }) => {
  if (!windows) return undefined;
  const opening = nextOpening(windows, nowMs);
  if (!opening) {
    const zones = unknownZones(windows).join(', ');
    return {
      reason: 'InvalidSpec',
      message: `switchback.windows of the group name no time zone that is known: ${zones}`,
    };
  }
  if (opening.startMs <= nowMs) return undefined;
  return {
    reason: 'OutsideWindow',
    message: 'services go home only while one of switchback.windows of the group is open',
    recheckAfterMs: opening.startMs - nowMs,
  };
};
/** All of a set must fit. One that is larger than the limit would never go: it goes when no other service is on its way. */
const fewReturning: Guard = ({ policy: { maxReturning }, returning, returningAsOne = 1 }) => {
  if (maxReturning === undefined || returning === 0 || returning + returningAsOne <= maxReturning) return undefined;
  const asOne = returningAsOne > 1 ? `; ${returningAsOne} that must live in one region would go as one` : '';
  return {
    reason: 'ConcurrencyLimit',
    message: `${returning} services of the group are on their way home, and switchback.maxConcurrentServices is ${maxReturning}${asOne}`,
  };
};
/** The last of all: it says that nothing else is missing. */
const returnApproved: Guard = (view) =>
  view.policy.switchback === 'Approval'
    ? {
        reason: 'ReadyToSwitchBack',
        message: `everything is ready for the way home to region ${view.primary}, and switchback.mode of the group is Approval: a RegionSwitch of type Switchback lets it go`,
      }
    : undefined;

// Of the data that the target has.

/** A copy that is none any more is never promoted, whoever asks: what was written since stands elsewhere. */
const dataIsCopy: Guard = (view, _, target) => {
  const [store] = (target === undefined ? undefined : regionIn(view, target).lag?.rebuild) ?? [];
  return store === undefined
    ? undefined
    : { reason: 'DataStoreRebuildNeeded', message: `data store ${store} must be rebuilt in region ${target} first` };
};
/** A planned move can wait for its data. Unknown is not zero. */
const dataCaughtUp: Guard = (view, _, target) => {
  const { objectives } = view.policy;
  const lag = target === undefined ? undefined : regionIn(view, target).lag;
  if (!objectives || !lag) return undefined;
  const [unknown] = lag.unknown;
  if (unknown !== undefined)
    return {
      reason: 'DataLagUnknown',
      message: `region ${target} does not say how far data store ${unknown} is behind`,
    };
  return lagObjection(lag.seconds, objectives.dataLossSeconds, target);
};
/** Availability first, unless the class says otherwise; a lag that nobody knows holds nothing. */
const lossAccepted: Guard = (view, _, target) => {
  const { objectives } = view.policy;
  if (objectives?.onLag !== 'Hold' || target === undefined) return undefined;
  const objection = lagObjection(regionIn(view, target).lag?.seconds, objectives.dataLossSeconds, target);
  return objection && { ...objection, message: `${objection.message}; onLag is Hold: a person decides` };
};
const lagObjection = (seconds: number | undefined, objective: number, target: string | undefined) =>
  seconds !== undefined && seconds > objective
    ? ({
        reason: 'DataLagTooHigh',
        message: `the data in region ${target} was last told to be ${seconds} s behind, and the objective is ${objective} s`,
      } as const)
    : undefined;

/** Read them as checklists: the first objection holds the move. `guard-facts.ts` says of each what ends it. */
export const GUARDS = {
  /** The region is lost, and nobody asked. */
  automaticFailover: [
    inherited,
    notIsolated,
    readEnough,
    switchesKnown,
    notFrozen,
    failoverAutomated,
    hasTarget,
    approved,
    promotable,
    oneRegionAtATime,
    cooledDown,
    dataIsCopy,
    lossAccepted,
    targetHasRoom,
    hasRoom,
  ],
  /** The region answers, but the service is not ready there, and nobody asked: the care of a planned switch. */
  sickFailover: [
    inherited,
    notIsolated,
    switchesKnown,
    notFrozen,
    failoverAutomated,
    movedOnce,
    hasTarget,
    targetStandsBy,
    allCanConfirm,
    approved,
    promotable,
    oneRegionAtATime,
    cooledDownFromSick,
    dataIsCopy,
    dataCaughtUp,
    targetHasRoom,
    hasRoom,
  ],
  automaticSwitchback: [
    inherited,
    notIsolated,
    switchesKnown,
    notFrozen,
    switchbackAutomated,
    notLeftSick,
    primaryHealthy,
    primaryAllowed,
    notKeptEmpty,
    activeAnswers,
    allCanConfirm,
    primaryStandsBy,
    approved,
    dataIsCopy,
    dataCaughtUp,
    targetHasRoom,
    stable,
    steady,
    // Who goes home sooner can be lost there again sooner: the least time between two failovers is kept here.
    cooledDown,
    primaryFollows,
    previousIsOver,
    previousProtected,
    hasRoom,
    windowOpen,
    fewReturning,
    returnApproved,
  ],
  /**
   * To a primary region that the user changed, out of a region without a place: the same care, without the stable time.
   * What does not run there yet may never do, so that is not waited for.
   */
  move: [
    inherited,
    notIsolated,
    switchesKnown,
    notFrozen,
    primaryHealthy,
    primaryRecovered,
    primaryAllowed,
    notKeptEmpty,
    activeAnswers,
    allCanConfirm,
    approved,
    dataIsCopy,
    dataCaughtUp,
    targetHasRoom,
    primaryFollows,
    previousProtected,
    hasRoom,
  ],
  /** To a primary region that the user changed, of a service that stays in one region: nobody stands by for it. */
  relocation: [
    inherited,
    notIsolated,
    switchesKnown,
    notFrozen,
    primaryHealthy,
    primaryRecovered,
    primaryAllowed,
    notKeptEmpty,
    targetHasRoom,
  ],
  /** Asked for by a person: what a policy forbids is left out, what protects the data is not. */
  failover: [
    inherited,
    notIsolated,
    readEnough,
    hasTarget,
    approved,
    promotable,
    oneRegionAtATime,
    dataIsCopy,
    targetHasRoom,
    hasRoom,
  ],
  evacuation: [
    inherited,
    notIsolated,
    activeAnswers,
    allCanConfirm,
    hasTarget,
    targetStandsBy,
    approved,
    promotable,
    oneRegionAtATime,
    dataIsCopy,
    dataCaughtUp,
    targetHasRoom,
    previousIsOver,
    hasRoom,
  ],
  switchback: [
    inherited,
    notIsolated,
    primaryHealthy,
    primaryAllowed,
    notKeptEmpty,
    activeAnswers,
    allCanConfirm,
    primaryStandsBy,
    approved,
    promotable,
    dataIsCopy,
    dataCaughtUp,
    targetHasRoom,
    primaryFollows,
    previousIsOver,
    hasRoom,
  ],
  /** Home after a drill during which the home region has failed: as a switchback, with the care of an automatic one. */
  switchbackWhenStable: [
    inherited,
    notIsolated,
    primaryHealthy,
    primaryAllowed,
    notKeptEmpty,
    activeAnswers,
    allCanConfirm,
    primaryStandsBy,
    approved,
    dataIsCopy,
    dataCaughtUp,
    targetHasRoom,
    stable,
    primaryFollows,
    promotable,
    previousIsOver,
    hasRoom,
  ],
  /** To where a service has gone that it must live with. Nobody asked for it, so what is frozen stays. */
  following: [
    inherited,
    notIsolated,
    switchesKnown,
    notFrozen,
    activeAnswers,
    allCanConfirm,
    hasTarget,
    notKeptEmpty,
    targetStandsBy,
    approved,
    dataIsCopy,
    dataCaughtUp,
    targetHasRoom,
    promotable,
    previousIsOver,
    hasRoom,
  ],
} as const satisfies Readonly<Record<string, readonly Guard[]>>;

/** What ends what a guard holds; a guard is known by its name. */
function endOf(guard: Guard): Pick<Objection, 'endsWhen'> {
  const facts: GuardFact | undefined = GUARD_FACTS[guard.name];
  return facts ? { endsWhen: facts.endsWhen } : {};
}

/** Time passes in the first round until all that counts down is over, in the second one until a window opens. */
const MOST_ROUNDS = 3;

/** How long until nothing holds a move any more that time alone ends: then it is free, or somebody has to do something. */
function waitOutMs(guards: readonly Guard[], view: InstanceView, assignment: Assignment, target?: string): number {
  let waitedMs = 0;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const later = viewAfter(view, waitedMs);
    const waits = guards.map((guard) => guard(later, assignment, target)?.recheckAfterMs ?? 0);
    const longestMs = Math.max(...waits);
    if (longestMs <= 0) break;
    waitedMs += longestMs;
  }
  return waitedMs;
}

/** The first objection of a list, and what ends it: a time, which is told once and as a moment, or something else. */
export function firstObjection(
  list: keyof typeof GUARDS,
  view: InstanceView,
  assignment: Assignment,
  target?: string,
): Objection | undefined {
  const guards: readonly Guard[] = GUARDS[list];
  for (const guard of guards) {
    const objection = guard(view, assignment, target);
    if (!objection) continue;
    if (objection.recheckAfterMs === undefined) return { ...objection, ...endOf(guard) };
    return { ...objection, recheckAfterMs: waitOutMs(guards, view, assignment, target) };
  }
  return undefined;
}
