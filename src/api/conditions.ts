import { z } from 'zod';
import { listMap, timestamp } from './common.ts';

/** Condition types, one list for all kinds. The first three are read by kstatus, Helm 4 and Flux. */
export const CONDITION_TYPES = {
  Ready: 'What was declared for this generation is fully met.',
  Reconciling: 'Work towards this generation is under way.',
  Stalled: 'Nothing more will happen until somebody changes something.',
  Available: 'The service is served somewhere now, even while work goes on.',
  Placed: 'Every component has its instances planned in zones and regions.',
  RedundancyMet: 'What really runs would survive the loss that the pattern promises to survive.',
  ResidencySatisfied: 'Every planned region lies where the tenant allows.',
  CapacityReserved: 'The planned instances fit into the regions, the largest single failure included.',
  Protected: 'A switch is possible now: the other region has confirmed that it stands by.',
  PeerReady: 'Another region stands by at the mode that the class wants, and what should run there is ready.',
  SurvivesRegionLoss: 'Any one region may be lost now: what may run elsewhere goes on there by itself, and fits.',
  SuccessorsComplete:
    'Every region with a place may follow the active one. Stated only while one that was lost may not.',
  SwitchedOver: 'The target is active and ready.',
  CleanedUp: 'The old side is known to be stopped.',
  Held: 'A switch is wanted but a guard holds it; reason and message say which and until when.',
  Reachable: 'The hub exchanges data with the region.',
  AgentReady: 'An agent leads in the region and its heartbeat is seen.',
  TrafficWritten: 'The traffic objects say what was decided.',
  Deprecated: 'Something that is used is deprecated.',
  Rehearsed: 'For every region a switch away from it was proved lately, by a drill or in earnest.',
  RequestMade: 'What an annotation asked for last was made a RegionSwitch, or done to those that requests made.',
  DataStoresReady: 'The data stores are as the role of the region wants them: promoted, or standing by and caught up.',
  DirectoryWritten: 'Every region that answers has what its services need to know of the tenants.',
  DependenciesMet:
    'What is needed is there: of a class, the classes and contracts that it names; of a service, what it needs is ready in its region; of a group, also after the loss of any one region.',
  TransitReady: 'Every transit centre is well, and serves its own callers.',
  TransitProtected:
    'Any one transit centre, or any one region, may be lost now, and callers still come in where agents are.',
  CallersReachAgents: 'Callers come in through transit centres that serve the regions where their agents are.',
  Covered:
    'What a RegionSwitch names by tenant is in its scope; where it is not, the message says what, and with whom it is shared.',
  RouteWritten: 'The HTTPRoute says what was decided.',
  Inherited:
    'The hub has taken the group over from the hub before it, which regions remember. Stated only where there was another one.',
  CredentialsRenewed:
    'Every credential that a plugin gives is renewed before it ends. Stated only where a region has a ClusterProfile.',
  ImpactFree: 'Nobody of the tenant feels a failure now; `status.impact` says who feels what otherwise.',
} as const;
export type ConditionType = keyof typeof CONDITION_TYPES;

/** Reasons, one closed list for all conditions and events. Each has a line that the reference page shows. */
export const REASONS = {
  AsDeclared: 'Everything is as declared.',
  Progressing: 'Work is under way; the message says which.',
  WaitingForRegions: 'A region has not answered yet.',
  IUGroupNotFound: 'The IU group that is referred to does not exist.',
  ServiceClassNotFound: 'A service class that is referred to does not exist.',
  CredentialsNotFound:
    'The Secret with the credentials of a region, or its key, does not exist; or the ClusterProfile that it names.',
  CredentialsInvalid: 'The credentials of a region cannot be used.',
  CredentialsNotAllowed: 'Whoever installed the hub has allowed no access provider that the ClusterProfile offers.',
  CredentialsPluginFailed: 'A plugin gave no credential; the message says why, and until when the old one is good.',
  RegionNotInGroup: 'A region that is named is not one of the infrastructure units of the group.',
  RegionTaken: 'Another IU group already uses the region.',
  TimingsDiffer: 'A region counts its rights by other timings than the group has, so none is given.',
  RegionUnreachable: 'No answer came from the region.',
  RegionLost: 'The region is lost: no answer and no heartbeat for the failure threshold.',
  RegionHealthy: 'The region answers and its agent beats.',
  HubIsolated: 'Most regions look dead at once, so the hub suspects itself and moves nothing.',
  NoHeartbeat: 'The region answers but no agent beats in it.',
  NotObserved: 'Nothing is known yet.',
  LinkLost: 'Only the hub cannot see the region: others see it live. What runs there runs on, and does not move.',
  WritesFail: 'The region is read, but no write of the hub is answered there.',
  Recovering: 'The region was lost and answers again, but has not been well for long enough yet.',
  RegionSick: 'The region answers, but most active/backup services that are active there are not ready.',
  Flapping: 'The region came and went too often lately.',
  InvalidSpec: 'The object cannot be read as its schema says.',
  ElectionTooSlow: 'The hub election time does not fit into the lease of the group.',
  ResidencyViolated: 'A region lies outside the allowed countries.',
  CapacityExceeded: 'A region has too little capacity.',
  NotEnoughZones: 'The pattern needs more zones than the region has.',
  StopBudgetExceeded: 'A write-bearing component may take longer to stop than the stop budget allows.',
  TierHasNoSecondary: 'The tier runs this service in the primary region only.',
  NoSuccessor: 'No other region may take the service over.',
  StaysInRegion: 'The service has a place in one region only, as declared: it goes down with it.',
  StandbyConfirmed: 'Every other region has confirmed that it stands by.',
  StandbyNotConfirmed: 'A region has not confirmed that it stands by.',
  AwaitingFence: 'The old side is not yet confirmed stopped, nor has its right to run ended.',
  AwaitingPromotion: 'The new side has not been given the right to run yet.',
  AwaitingReadiness: 'Instances are not ready yet.',
  ActiveHere: 'The service is active in this region.',
  StandingBy: 'The service stands by in this region.',
  Fenced: 'The service is stopped in this region because it has no right to run here.',
  NoRight: 'The region has no proof of its right to run the service.',
  FailedOver: 'The service was moved because its region was lost.',
  Evacuated: 'The service was moved, or is kept away, because a person wants its region empty.',
  Frozen: 'A person has frozen what moves by itself; the message says until when.',
  SwitchedBack: 'The service was moved home to its primary region.',
  Moved: 'The service was moved because its primary region was changed, or after a service that it must live with.',
  Assigned: 'The service was assigned for the first time.',
  AutomationOff: 'The policy of the group, or of the tenant, leaves the decision to a person.',
  ApprovalRequired: 'The service class asks for an approval before a promotion.',
  TargetUnhealthy: 'The target region is not healthy.',
  SwitchInProgress: 'Another switch is under way, of another region or of the same service.',
  SwitchNotOpen: 'The RegionSwitch begins nothing more: it was aborted, has expired, or cannot be carried out.',
  PlanOnly: 'A dry run: the plan stands in the status and nothing moves.',
  ServiceInstanceNotFound: 'A service that is named does not exist in the IU group.',
  CoolingDown: 'The last switch was too short ago.',
  NotStableYet: 'The primary region has not been healthy for long enough.',
  HubLossPolicyHolds: 'The policy `onHubLoss: Hold` forbids a promotion that the old side has not confirmed.',
  ZoneLost: 'No node of a zone is ready.',
  ZonesHealthy: 'Every zone has ready nodes.',
  InstancesMissing: 'Fewer instances are ready than planned.',
  SpreadViolated: 'Instances stand in too few zones.',
  SlotPromoted: 'The backup slot of an A-B pair was selected.',
  SpreadRepaired: 'An instance was evicted so that the spread over zones is whole again.',
  DomainNotSet: 'The IU group names no traffic domain.',
  DNSEndpointMissing: 'The DNSEndpoint kind is not installed on the hub.',
  WriteRefused: 'The API server refused a write; the message says why.',
  TierDeprecated: 'The redundancy tier is deprecated.',
  GateNotSet:
    'The service asks for gates, but the agents of the region have no settings for them (`SWITCHBACK_GATE_…`): it is not run there.',
  DependencyCycle:
    'Service classes need each other in a circle: no order follows from that circle, and nothing waits in it.',
  ContractNotProvided: 'A contract is needed in a version that its service class does not provide.',
  ColocationImpossible: 'Service classes that must live in one region have no places in the same ones.',
  AwaitingDependencies:
    'The promotion waits for what the service needs; the message says for what, and until when at the latest.',
  DependencyNotReady: 'What the service needs is not ready in its region.',
  DependencyElsewhere: 'What the service needs has no place in its region, or is active in another one.',
  DependencyTimeout: 'The service was promoted although something that it needs was not ready in time.',
  ColocatedHeld: 'The service moves only together with another one, and that one does not move.',
  Draining: 'The share of the traffic that goes to the region is taken down in steps, because a person wants it empty.',
  FencingByAgent:
    'Fenced by agents only: nodes that outlive both their API server and their agents are not stopped (accepted by the class).',
  OutsideWindow: 'None of the switchback windows of the group is open.',
  ReadyToSwitchBack: 'Everything is ready for the way home, and the group waits for a person to say yes.',
  ConcurrencyLimit: 'As many services are on their way home as the group allows at a time.',
  FreezeExpired: 'A freeze has ended by itself: what moves by itself moves again.',
  StandbyReady: 'What should run on standby is ready.',
  StandbyNotReady: 'Fewer instances are ready on standby than planned; the message says how many.',
  NotAtHome: 'The service is not in its primary region, and a drill moves only what is at home there.',
  DrillPassed: 'The drill did what it is for, within its objective.',
  DrillFailed: 'The drill showed something that does not work; the message says what.',
  DrillAborted: 'The drill was cut short before it could show anything.',
  DrillStarted: 'A drill of the calendar was begun.',
  DrillSkipped: 'A drill of the calendar was left out; the message says why.',
  Paused: 'A person has paused the switch: nothing more is begun until it is resumed.',
  Undoing: 'A person has aborted the switch, and what it moved goes home.',
  NotReadyInTime: 'A service was not ready in the time that it was given.',
  RehearsalTooOld: 'A region has not been proved for longer than the group allows.',
  RequestMade: 'The request annotation made a RegionSwitch.',
  RequestInvalid: 'The request annotation cannot be read; the message says what is wrong.',
  RequestExpired: 'The request annotation had expired before it was read.',
  DataStoreHandOver: 'A data store is being demoted or promoted.',
  DataStoreNotDemoted: 'A data store could not be demoted yet, so its region does not confirm that it stands by.',
  DataStoreNotPromoted: 'A data store could not be promoted yet, so the service does not start on it.',
  DataStoreRebuildNeeded: 'Another region went on without what was last written to a data store here: rebuild it.',
  DataLagTooHigh: 'The copy of a data store is further behind than the objective of its class allows.',
  Moving: 'The tenant moves to other services or regions; what serves it stays until the next one is available.',
  TierRefused: 'The IU group takes no new tenants of this tier.',
  TransitCentreNotFound: 'A transit centre that is named is not one of the IU group.',
  SuccessorLost:
    'A region that is lost was taken out of the successors of the service: without the hub its promise is not needed, and it is not promoted.',
  SuccessorBack: 'A region that was lost is a successor of the service again.',
  DataLagUnknown: 'Nobody knows how far the copy of a data store is behind, and its class has an objective.',
  TransitUp: 'Every region that is heard reaches the transit centre.',
  VoiceLost: 'No region reaches the transit centre for voice.',
  MplsLost: 'No region reaches the transit centre for private networks.',
  VoiceAndMplsLost: 'No region reaches the transit centre, neither for voice nor for private networks.',
  PartialLoss:
    'Some regions reach the transit centre and others do not, or some probes fail: a link is the suspect, not the centre.',
  OneWayLoss: 'Between regions and the transit centre questions pass in one direction only.',
  RegionUplinkLost: 'A region reaches no transit centre, and others do: its own uplink is the suspect.',
  ProbesSuspect: 'No region reaches any transit centre: the probing is the suspect, and nothing moves.',
  TransitPending: 'The transit centre is announced, and takes no traffic yet.',
  NoTransitCentre: 'No other transit centre may take the callers over.',
  SpecialUse: 'The transit centre is only for tenants that name it.',
  AgentsMissing: 'The transit centre serves none of the regions where the agents of its callers are.',
  IngressMoved: 'Callers come in through another transit centre.',
  IngressReturned: 'Callers come in through their own transit centre again.',
  SharedWithOthers:
    'A service serves tenants too that are not named, so it is neither moved nor frozen for the named ones alone.',
  NotOfTenant: 'A service that is named serves none of the tenants that are named.',
  TenantNotFound: 'A tenant that is named does not exist in the IU group.',
  NameTaken: 'An older object already has the DNS name, so it is not written for this one.',
  HTTPRouteMissing: 'The HTTPRoute kind (Gateway API) is not installed on the hub.',
  TransitCentreLost: 'A transit centre is lost for voice, for private networks, or for both.',
  ModeChangeUnsafe:
    'The class wants another `crossRegion.mode`, and to change it now could cost the active side, or make it two.',
  ModeChanged: 'The service follows another `crossRegion.mode` from now on, as its class says.',
  ZoneDrill: 'A drill keeps a zone empty: for so long the service has less to spare than its pattern promises.',
  NotWithoutZone: 'The service cannot do without the zone: it has one instance, or no pool that others can carry.',
  ZoneNotInRegion: 'The zone that is named is none of the zones of the region.',
  ZoneReleased: 'A region has given a zone back to a service before its time, because the rest did not carry its load.',
  PredecessorAnswers:
    'Another hub still answers a region of the group: this one writes nothing there and moves nothing.',
  PredecessorUnproved:
    'Regions remember another hub, and it is neither proved nor confirmed that it is stopped: this one writes nothing there and moves nothing.',
  ManifestsMissing:
    'Regions hold services or tenants that this hub has no manifests of: until they are applied, or accepted as missing, it writes nothing there and moves nothing.',
  WaitingOutPredecessor:
    'Whatever the hub before has permitted is waited out: a full `wait`, in which this one permits nothing.',
  HubInherited: 'Epochs and active regions are those that the regions know, and this hub goes on from there.',
} as const;
export type Reason = keyof typeof REASONS;

const keysOf = <K extends string>(record: Record<K, string>) => Object.keys(record) as [K, ...K[]];

export const reason = z.enum(keysOf(REASONS)).describe('Why, as one word of a closed list.');

export const condition = z.object({
  type: z.enum(keysOf(CONDITION_TYPES)).describe('What is stated.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds; `Unknown` where nothing is known.'),
  reason,
  message: z.string().max(1024).describe('Why, in a sentence for people.'),
  lastTransitionTime: timestamp.describe('When `status` last changed.'),
  observedGeneration: z.int().min(0).optional().describe('The generation that this was stated for.'),
});
export type Condition = z.infer<typeof condition>;

export const conditions = z.array(condition).max(20).meta(listMap('type')).describe('What holds now, and why.');

/** `-1` until the operator has looked, so that a new object never reads as finished (kstatus). */
export const observedGeneration = z
  .int()
  .min(-1)
  .default(-1)
  .describe('The generation that this status was made from; -1 before anybody has looked.');

/** What a reconcile states; times and generation are added by `mergeConditions`. */
export interface ConditionState {
  readonly type: ConditionType;
  readonly status: Condition['status'];
  readonly reason: Reason;
  readonly message: string;
}

/**
 * The next list of conditions: `lastTransitionTime` moves only when `status` does, types that are not stated are
 * dropped, order is that of `states`.
 */
export function mergeConditions(
  old: readonly Condition[] | undefined,
  states: readonly ConditionState[],
  at: { readonly generation: number; readonly time: string },
): Condition[] {
  return states.map((state) => {
    const before = old?.find((c) => c.type === state.type);
    return {
      type: state.type,
      status: state.status,
      reason: state.reason,
      message: state.message.slice(0, 1024),
      lastTransitionTime: before?.status === state.status ? before.lastTransitionTime : at.time,
      observedGeneration: at.generation,
    };
  });
}

export function isTrue(list: readonly Condition[] | undefined, type: ConditionType): boolean {
  return list?.some((c) => c.type === type && c.status === 'True') ?? false;
}
