import type { Reason } from '../api/conditions.ts';

/** What people are told of a guard: `docs/reference/guards.md` is made from it, and a hold names what ends it. */
export interface GuardFact {
  readonly holdsWhile: string;
  /** `Rule`: the reason of the rule that refuses the region, for example `ResidencyViolated`. */
  readonly reasons: readonly (Reason | 'Rule')[];
  /** Not told where the hold says until when it lasts. */
  readonly endsWhen: string;
}

/** By name of the guard in `guards.ts`; a test keeps the two together. */
export const GUARD_FACTS: Readonly<Record<string, GuardFact>> = {
  inherited: {
    holdsWhile:
      'The regions of the group remember another hub, and this one has not taken over from it yet ([hub-loss.md](../hub-loss.md)).',
    reasons: [
      'PredecessorAnswers',
      'PredecessorUnproved',
      'WaitingOutPredecessor',
      'ManifestsMissing',
      'WaitingForRegions',
    ],
    endsWhen: 'the hub has inherited the group',
  },
  notIsolated: {
    holdsWhile: 'Most regions of the group look dead at once, so the hub suspects itself.',
    reasons: ['HubIsolated'],
    endsWhen: 'the hub has reached most regions of the group again for the failure threshold',
  },
  readEnough: {
    holdsWhile:
      'The hub has read less than half of the regions of the group since it began to lead: the others may know of a later decision.',
    reasons: ['WaitingForRegions'],
    endsWhen: 'the hub has read at least half of the regions of the group',
  },
  switchesKnown: {
    holdsWhile:
      'The hub has not read the RegionSwitches yet, or one of them names tenants, and these are not read yet.',
    reasons: ['NotObserved'],
    endsWhen: 'the hub has read the RegionSwitches, and the tenants that they name',
  },
  notFrozen: {
    holdsWhile: 'A RegionSwitch of type Freeze is in force for the service, its region or the target.',
    reasons: ['Frozen'],
    endsWhen: 'the freeze expires, or is aborted or deleted',
  },
  notKeptEmpty: {
    holdsWhile: 'An evacuation or a failover by hand keeps the target empty.',
    reasons: ['Evacuated'],
    endsWhen: 'that RegionSwitch expires, or is aborted or deleted',
  },
  failoverAutomated: {
    holdsWhile: '`failover.mode` of the tenant, or of the group where the tenant says nothing, is `Manual`.',
    reasons: ['AutomationOff'],
    endsWhen: 'a person makes a RegionSwitch of type Failover, or the mode is changed',
  },
  switchbackAutomated: {
    holdsWhile: '`switchback.mode` of the group is `Manual`.',
    reasons: ['AutomationOff'],
    endsWhen: 'a person makes a RegionSwitch of type Switchback, or the mode is changed',
  },
  hasTarget: {
    holdsWhile: 'No other region of the service is healthy, read and allowed.',
    reasons: ['NoSuccessor', 'TargetUnhealthy', 'Rule'],
    endsWhen: 'another region of the service is healthy, read and allowed',
  },
  approved: {
    holdsWhile: 'The service class has `promotion: Approval`, and nobody approved.',
    reasons: ['ApprovalRequired'],
    endsWhen: 'a person makes a RegionSwitch with `approved`',
  },
  promotable: {
    holdsWhile: 'A region that does not answer may be running, and does not stop by itself in favour of the target.',
    reasons: ['HubLossPolicyHolds', 'NoSuccessor'],
    endsWhen: 'that region confirms that it stopped',
  },
  oneRegionAtATime: {
    holdsWhile: 'Services are being failed over from another region.',
    reasons: ['SwitchInProgress'],
    endsWhen: 'these services have been promoted elsewhere',
  },
  cooledDown: {
    holdsWhile:
      'The last failover of the service was less than `failover.coolDownSeconds` ago. Not while its region was lost before anything was promoted there.',
    reasons: ['CoolingDown'],
    endsWhen: 'the time is over',
  },
  cooledDownFromSick: {
    holdsWhile: 'The last failover of the service, of whatever kind, was less than `failover.coolDownSeconds` ago.',
    reasons: ['CoolingDown'],
    endsWhen: 'the time is over',
  },
  movedOnce: {
    holdsWhile: 'The service left a sick region already, and is not ready where it went either.',
    reasons: ['RegionSick'],
    endsWhen: 'the service gets ready, or a person moves it',
  },
  notLeftSick: {
    holdsWhile: 'The service left its primary region because it was not ready there.',
    reasons: ['RegionSick'],
    endsWhen: 'a person makes a RegionSwitch of type Switchback',
  },
  steady: {
    holdsWhile: 'The primary region changed between well and not well more often than `failover.flapping` allows.',
    reasons: ['Flapping'],
    endsWhen: 'the time is over',
  },
  primaryHealthy: {
    holdsWhile: 'The primary region is not healthy.',
    reasons: ['TargetUnhealthy'],
    endsWhen: 'the primary region is healthy',
  },
  primaryRecovered: {
    holdsWhile: 'The primary region was lost, and has not been well for `failover.recoveryThresholdSeconds` since.',
    reasons: ['Recovering'],
    endsWhen: 'the primary region has been well for that time',
  },
  primaryAllowed: {
    holdsWhile: 'A rule forbids the primary region.',
    reasons: ['Rule'],
    endsWhen: 'the rule allows the primary region, or another one is named',
  },
  primaryFollows: {
    holdsWhile: 'The primary region was lost, was left out of the successors of the service, and is not one again yet.',
    reasons: ['SuccessorLost'],
    endsWhen: 'the primary region has confirmed that it stands by, and is a successor again',
  },
  activeAnswers: {
    holdsWhile: 'The region that is left cannot be asked to stop.',
    reasons: ['TargetUnhealthy'],
    endsWhen: 'that region is healthy, or lost, which makes it a failover',
  },
  allCanConfirm: {
    holdsWhile: 'Another region answers, but its agents do not.',
    reasons: ['StandbyNotConfirmed'],
    endsWhen: 'that region is healthy, or lost',
  },
  targetStandsBy: {
    holdsWhile: 'The target has not confirmed that it stands by at the present epoch.',
    reasons: ['StandbyNotConfirmed'],
    endsWhen: 'the target confirms that it stands by',
  },
  primaryStandsBy: {
    holdsWhile: 'The primary region has not confirmed that it stands by at the present epoch.',
    reasons: ['StandbyNotConfirmed'],
    endsWhen: 'the primary region confirms that it stands by',
  },
  dataIsCopy: {
    holdsWhile: 'A data store of the target must be rebuilt: what was written since it was left stands elsewhere.',
    reasons: ['DataStoreRebuildNeeded'],
    endsWhen: 'the data store is rebuilt in the target',
  },
  dataCaughtUp: {
    holdsWhile:
      'The copy in the target is further behind than `objectives.dataLossSeconds` of the class, or nobody knows.',
    reasons: ['DataLagUnknown', 'DataLagTooHigh'],
    endsWhen: 'the copy in the target has caught up',
  },
  lossAccepted: {
    holdsWhile: '`objectives.onLag` of the class is `Hold`, and the copy in the target is known to be further behind.',
    reasons: ['DataLagTooHigh'],
    endsWhen: 'the copy catches up, or a person makes a RegionSwitch of type Failover',
  },
  targetHasRoom: {
    holdsWhile:
      'The plan has no place for the service in the target, or its declared capacity has no room beside what runs there. Room is given to the most important services first (`slaClass`, then name). With `failover.whenFull: Overcommit` a full region takes what leaves a lost one.',
    reasons: ['CapacityExceeded', 'Rule'],
    endsWhen: 'the region has a place and room: raise its capacity, or move something away from it',
  },
  stable: {
    holdsWhile: 'The primary region has not been healthy for `switchback.stableForSeconds`, or longer by `damping`.',
    reasons: ['NotStableYet'],
    endsWhen: 'the time is over',
  },
  previousIsOver: {
    holdsWhile: 'The active region does not run the service at the present epoch yet.',
    reasons: ['SwitchInProgress'],
    endsWhen: 'the active region runs the service',
  },
  previousProtected: {
    holdsWhile: 'A healthy standby has not confirmed the present epoch, so the switch before is not protected.',
    reasons: ['StandbyNotConfirmed'],
    endsWhen: 'every healthy standby has confirmed, and the switch before is protected',
  },
  hasRoom: {
    holdsWhile: 'Regions may still be running at so many earlier epochs that no further one can be recorded.',
    reasons: ['StandbyNotConfirmed'],
    endsWhen: 'one of these regions confirms that it stopped',
  },
  windowOpen: {
    holdsWhile: 'None of `switchback.windows` is open, or none has a time zone that is known.',
    reasons: ['OutsideWindow', 'InvalidSpec'],
    endsWhen: 'the windows name a time zone that is known',
  },
  fewReturning: {
    holdsWhile:
      'As many of the group as `switchback.maxConcurrentServices` allows are on their way home and not ready there yet. Services that must live in one region go as one, and all of them must fit; what is larger than the limit alone goes when no other service is on its way.',
    reasons: ['ConcurrencyLimit'],
    endsWhen: 'enough of the services that are on their way home are ready there',
  },
  returnApproved: {
    holdsWhile: 'Everything is ready, and `switchback.mode` of the group is `Approval`.',
    reasons: ['ReadyToSwitchBack'],
    endsWhen: 'a person makes a RegionSwitch of type Switchback',
  },
};

/** What each list of `guards.ts` is for, in the words of the documentation. */
export const MOVE_FACTS = {
  automaticFailover: 'Failover by itself: the active region is lost',
  sickFailover: 'Failover by itself: the active region is sick',
  automaticSwitchback: 'Switchback by itself',
  move: 'Move by itself to a primary region that a user changed',
  relocation: 'Move by itself to a primary region that a user changed, of a service that stays in one region',
  failover: 'RegionSwitch of type Failover',
  evacuation: 'RegionSwitch of type Evacuate',
  switchback: 'RegionSwitch of type Switchback; the way home of a Drill and of what is undone',
  switchbackWhenStable: 'The way home of a Drill during which the home region has failed',
  following: 'Move by itself to where a service has gone that it must live in one region with',
} as const;
