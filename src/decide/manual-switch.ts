import { counted } from '../api/common.ts';
import { LABELS, MANAGED_BY } from '../api/labels.ts';
import { drain as drainSchema, type PlannedService, type RegionSwitch } from '../api/region-switch.ts';
import type { Assignment } from '../api/service-instance.ts';
import type { DrainOrder } from './drain.ts';
import { decideInstance } from './failover.ts';
import { firstObjection, type Objection } from './guards.ts';
import {
  type InstanceDecision,
  type InstanceView,
  intentFor,
  others,
  placesOf,
  type Restraint,
  type Restraints,
} from './instance-view.ts';
import type { Ledger } from './ledger.ts';
import { chooseSuccessor } from './target.ts';
import { NO_TENANTS, type TenantScope } from './tenant-scope.ts';

/**
 * What persons ask for by a RegionSwitch. It only chooses intents: epochs, confirmations, waits and rights are those of
 * every other move.
 */
export interface SwitchRequest {
  readonly name: string;
  /** `Rehearse`: a drill moves away what is at home in the region. `Return`: what this very switch moved goes home. */
  readonly type: 'Failover' | 'Switchback' | 'Evacuate' | 'Rehearse' | 'Return';
  readonly region: string;
  /** By `namespace/name`; undefined: all that the region concerns. */
  readonly services: ReadonlySet<string> | undefined;
  /** What the tenants that it names are served by; undefined: it names none, and it is about whomever a service serves. */
  readonly tenants?: TenantScope | undefined;
  readonly isApproved: boolean;
  /** What was approved later, for these services only. */
  readonly approved: ReadonlySet<string>;
  readonly isDryRun: boolean;
  /** It only says what it would do, until it is resumed. */
  readonly isPaused: boolean;
  /** Whether it leads the traffic of services that run in several regions away from its own. */
  readonly drains: boolean;
  /** Services that it has moved already: it moves none of them twice. */
  readonly moved: ReadonlySet<string>;
  /** It has moved more than its status lists. */
  readonly isListCut?: boolean;
  /** When it was made, in wall-clock milliseconds. */
  readonly madeAtMs: number;
  /** The region has failed meanwhile: it has to be stable before anything goes home. */
  readonly needsStableHome: boolean;
}

/** A restraint, and the services and tenants that it is for; undefined: all. */
type ScopedRestraint = Restraint & Pick<SwitchRequest, 'services' | 'tenants'>;

/** All RegionSwitches of persons that are in force for one group. */
export interface Standing {
  /** The oldest first. */
  readonly requests: readonly SwitchRequest[];
  readonly freezes: readonly ScopedRestraint[];
  readonly keptEmpty: readonly ScopedRestraint[];
  /** By name of a RegionSwitch that names tenants: what they are served by. */
  readonly scopes?: ReadonlyMap<string, TenantScope>;
}

/** Whether it asks for something, in the name of a person or of the calendar, and is no record of what was done. */
export const isManual = ({ spec }: Pick<RegionSwitch, 'spec'>): boolean => spec.trigger !== 'Automatic';

/** A record that the operator keeps of what it did by itself. What somebody else wrote in its stead is not its own. */
export const isOwnRecord = ({ metadata, spec }: Pick<RegionSwitch, 'metadata' | 'spec'>): boolean =>
  spec.trigger === 'Automatic' && metadata.labels?.[LABELS.managedBy] === MANAGED_BY;

/** Why a RegionSwitch of a person begins nothing more. */
export type Stop = 'Aborted' | 'Expired';

export function stopOf({ spec }: Pick<RegionSwitch, 'spec'>, nowMs: number): Stop | undefined {
  if (spec.abort) return 'Aborted';
  return spec.expiresAt !== undefined && Date.parse(spec.expiresAt) <= nowMs ? 'Expired' : undefined;
}

const isInForce = (object: RegionSwitch, nowMs: number): boolean =>
  isManual(object) && object.metadata.deletionTimestamp === undefined && stopOf(object, nowMs) === undefined;

/** How many services it has begun to move; its list may name fewer. */
const begunOf = (status: RegionSwitch['status']): number =>
  status?.steps?.find(({ name }) => name === 'RecordIntent')?.done ?? 0;

/** Whether it has begun all that it ever will: written by the loop that keeps the record, and never taken back. */
export const hasBegunAll = ({ status }: Pick<RegionSwitch, 'status'>): boolean =>
  status?.endTime !== undefined ||
  (status?.steps?.some(({ name, state }) => name === 'RecordIntent' && (state === 'Done' || state === 'Aborted')) ??
    false);

/** Whether it has something to do, or to follow, still: a freeze has not, nor what nothing moves by. */
export const isUnderWay = (object: RegionSwitch, nowMs: number): boolean =>
  object.metadata.deletionTimestamp === undefined &&
  object.spec.type !== 'Freeze' &&
  !object.spec.dryRun &&
  object.status?.endTime === undefined &&
  (object.status?.startTime !== undefined || isInForce(object, nowMs));

/** Whether it may still begin something now, on the way that its type says. */
export const isOpen = (object: RegionSwitch, nowMs: number): boolean =>
  isInForce(object, nowMs) &&
  object.spec.type !== 'Freeze' &&
  !object.spec.dryRun &&
  !object.spec.pause &&
  (object.spec.type !== 'Drill' || isAway(object)) &&
  !hasBegunAll(object);

/** It moves nothing from region to region: it asks for nothing that the placement loop decides about. */
export const isZoneDrill = ({ spec }: Pick<RegionSwitch, 'spec'>): boolean =>
  spec.type === 'Drill' && spec.drill?.kind === 'Zone';

const isRegionDrill = ({ spec }: Pick<RegionSwitch, 'spec'>): boolean =>
  spec.type === 'Drill' && spec.drill?.kind === 'Region';

/** A region drill before its services go home. */
const isAway = (object: RegionSwitch): boolean =>
  isRegionDrill(object) &&
  object.status?.endTime === undefined &&
  ['Away', 'Staying'].includes(object.status?.drill?.phase ?? 'Away');

/**
 * Whether what it moved goes home by it: an undo, and a drill whose stay is over. Also after its end, so that what was
 * still being written when it ended is not left behind.
 */
export const isReturning = (object: RegionSwitch): boolean =>
  isManual(object) &&
  object.metadata.deletionTimestamp === undefined &&
  ((object.spec.abort && object.spec.undo) || (isRegionDrill(object) && !isAway(object)));

/** Whether an assignment that names the switch is one of its way home. */
export const isWayHome = ({ spec }: Pick<RegionSwitch, 'spec'>, { reason }: Pick<Assignment, 'reason'>): boolean =>
  spec.type !== 'Switchback' && reason === 'SwitchedBack';

/**
 * Whether a service is where this switch brought it, away from home. By its record; what is not written there yet counts
 * when it was decided since the switch was made, because another one may have had its name before.
 */
export const isMovedAwayBy = (
  { madeAtMs, moved, name, region }: Pick<SwitchRequest, 'madeAtMs' | 'moved' | 'name' | 'region'>,
  { assignment, key, primary }: { readonly assignment: Assignment; readonly key: string; readonly primary: string },
): boolean =>
  assignment.regionSwitch === name &&
  (assignment.reason === 'Evacuated' || assignment.reason === 'FailedOver') &&
  primary === region &&
  assignment.activeRegion !== region &&
  (moved.has(key) || Date.parse(assignment.since) >= madeAtMs);

const servicesOf = ({ spec }: RegionSwitch): ReadonlySet<string> | undefined => spec.services && new Set(spec.services);

/** Whether an instance is in scope. It is moved, kept away and frozen as a whole, so all that it serves must be named. */
export const covers = ({ services, tenants }: Pick<SwitchRequest, 'services' | 'tenants'>, key: string): boolean =>
  services?.has(key) !== false && tenants?.whole.has(key) !== false;

/** Whether it can only be read by who knows the tenants. */
export const namesTenants = (object: RegionSwitch, nowMs: number): boolean =>
  object.spec.tenants !== undefined &&
  isManual(object) &&
  object.metadata.deletionTimestamp === undefined &&
  (object.status?.endTime === undefined || isInForce(object, nowMs));

const DEFAULT_DRAIN = drainSchema.parse({});
const drainOf = ({ spec }: RegionSwitch) => spec.drain ?? (spec.type === 'Evacuate' ? DEFAULT_DRAIN : undefined);

/** How a RegionSwitch empties its region of traffic; undefined: it does not. */
export function drainOrderOf(object: RegionSwitch): DrainOrder | undefined {
  const { metadata, spec, status } = object;
  const drain = drainOf(object);
  return drain && spec.region !== undefined
    ? { ...drain, name: metadata.name, region: spec.region, startTime: status?.startTime }
    : undefined;
}

function restraintOf(object: RegionSwitch, scopeOf: ScopeOf): ScopedRestraint {
  const { metadata, spec, status } = object;
  const drain = drainOrderOf(object);
  return {
    name: metadata.name,
    region: spec.region,
    until: status?.drill?.stayUntil ?? spec.expiresAt,
    services: servicesOf(object),
    tenants: scopeOf(object),
    ...(drain && { drain }),
  };
}

/** On which way it may begin something at this time; undefined: on none. */
function wayOf(object: RegionSwitch, nowMs: number): SwitchRequest['type'] | undefined {
  const { dryRun, drill, type } = object.spec;
  if (isReturning(object)) return 'Return';
  if (type === 'Freeze' || isZoneDrill(object) || !isInForce(object, nowMs)) return undefined;
  if (hasBegunAll(object) && !dryRun) return undefined;
  if (type !== 'Drill') return type;
  return drill?.kind === 'Plan' || object.status?.drill?.phase !== 'Staying' ? 'Rehearse' : undefined;
}

export const madeAt = ({ metadata }: RegionSwitch): number => Date.parse(metadata.creationTimestamp ?? '') || 0;

function requestOf(object: RegionSwitch, nowMs: number, scopeOf: ScopeOf): SwitchRequest[] {
  const { metadata, spec, status } = object;
  const { approvals = [], approved, drill, dryRun, pause, region } = spec;
  const type = wayOf(object, nowMs);
  if (type === undefined || region === undefined) return [];
  const valid = approvals.filter(({ expiresAt }) => expiresAt === undefined || Date.parse(expiresAt) > nowMs);
  return [
    {
      name: metadata.name,
      type,
      region,
      services: servicesOf(object),
      tenants: scopeOf(object),
      // What was approved to leave may come home.
      isApproved: type === 'Return' || approved !== undefined || valid.some(({ services }) => services === undefined),
      approved: new Set(valid.flatMap(({ services = [] }) => services)),
      isDryRun: dryRun || drill?.kind === 'Plan',
      isPaused: pause && type !== 'Return',
      // Only on the way there: what goes home by an undo gets its traffic back.
      drains: type !== 'Return' && drainOf(object) !== undefined,
      moved: new Set(status?.services?.map(({ name }) => name)),
      isListCut: begunOf(status) > (status?.services?.length ?? 0),
      madeAtMs: madeAt(object),
      needsStableHome: status?.drill?.homeFailed === true,
    },
  ];
}

/** Who began first, as a text that sorts. */
export const ageOf = ({ metadata }: RegionSwitch): string => `${metadata.creationTimestamp ?? ''} ${metadata.name}`;
const endOf = ({ until }: Restraint): number => (until === undefined ? Number.POSITIVE_INFINITY : Date.parse(until));

/** A drill that ends before its time does so until its record says that it goes home: else others would bring it home. */
function keepsEmpty(object: RegionSwitch, nowMs: number): boolean {
  const { metadata, spec, status } = object;
  if (spec.type !== 'Drill') return ['Evacuate', 'Failover'].includes(spec.type) && isInForce(object, nowMs);
  const isFollowed = status?.drill !== undefined && metadata.deletionTimestamp === undefined;
  return isAway(object) && (isFollowed || isInForce(object, nowMs));
}

/** Undefined for a RegionSwitch that names no tenants. */
type ScopeOf = (object: RegionSwitch) => TenantScope | undefined;

/**
 * What is in force for a group at a time.
 *
 * @param resolve what the tenants are served by that a RegionSwitch names
 */
export function readStanding(
  switches: readonly RegionSwitch[],
  group: string,
  nowMs: number,
  resolve: (tenants: readonly string[]) => TenantScope = () => NO_TENANTS,
): Standing {
  const scopes = new Map(
    switches.flatMap((object): [string, TenantScope][] => {
      const { iuGroupRef, tenants = [] } = object.spec;
      return iuGroupRef.name === group && namesTenants(object, nowMs) ? [[object.metadata.name, resolve(tenants)]] : [];
    }),
  );
  const scopeOf: ScopeOf = ({ metadata, spec }) => spec.tenants && (scopes.get(metadata.name) ?? NO_TENANTS);
  const ofGroup = switches
    .filter((object) => object.spec.iuGroupRef.name === group)
    .sort((x, y) => (ageOf(x) < ageOf(y) ? -1 : 1));
  const restraints = (isOne: (object: RegionSwitch) => boolean): ScopedRestraint[] =>
    ofGroup
      .filter((object) => !object.spec.dryRun && isOne(object))
      .map((object) => restraintOf(object, scopeOf))
      .sort((x, y) => endOf(y) - endOf(x));
  return {
    requests: ofGroup.flatMap((object) => requestOf(object, nowMs, scopeOf)),
    freezes: restraints((object) => object.spec.type === 'Freeze' && isInForce(object, nowMs)),
    keptEmpty: restraints((object) => keepsEmpty(object, nowMs)),
    ...(scopes.size > 0 && { scopes }),
  };
}

const UNRESTRAINED: Restraints = { freezes: [], keptEmpty: [] };

/** What of it concerns one service. */
export function restraintsOn({ freezes, keptEmpty }: Standing, key: string): Restraints {
  if (freezes.length === 0 && keptEmpty.length === 0) return UNRESTRAINED;
  const ofService = (restraint: ScopedRestraint): boolean => covers(restraint, key);
  return { freezes: freezes.filter(ofService), keptEmpty: keptEmpty.filter(ofService) };
}

/** What a switch makes of one service. `Stay`: it will never move it. `Drain`: it leads its traffic to other regions. */
export type Answer =
  | Extract<InstanceDecision, { kind: 'Assign' | 'Hold' }>
  | ({ readonly kind: 'Stay'; readonly sharedWith?: number } & Pick<Objection, 'reason' | 'message'>)
  | ({ readonly kind: 'Drain'; readonly from: string } & Pick<Objection, 'reason' | 'message'>);

const KINDS = {
  Failover: { wanted: 'FailedOver', guards: 'failover' },
  Evacuate: { wanted: 'Evacuated', guards: 'evacuation' },
  Switchback: { wanted: 'SwitchedBack', guards: 'switchback' },
  Rehearse: { wanted: 'Evacuated', guards: 'evacuation' },
  Return: { wanted: 'SwitchedBack', guards: 'switchback' },
} as const;

const isAsked = (key: string, request: SwitchRequest): boolean => covers(request, key) && !request.moved.has(key);

/**
 * Whether it may be one that the switch has moved before and could not list: it has come into its region since the switch
 * was made.
 */
const hasComeSince = ({ cameFrom, since }: Assignment, { isListCut, madeAtMs }: SwitchRequest): boolean =>
  isListCut === true && cameFrom !== undefined && Date.parse(since) >= madeAtMs;

function isConcerned(view: InstanceView, key: string, assignment: Assignment, request: SwitchRequest): boolean {
  const { region, type } = request;
  if (type === 'Return') return isMovedAwayBy(request, { assignment, key, primary: view.primary });
  if (!isAsked(key, request) || hasComeSince(assignment, request)) return false;
  if (type === 'Switchback') return view.primary === region && assignment.activeRegion !== region;
  return assignment.activeRegion === region;
}

/** Why a service can never move; undefined: it can. */
function reasonToStay(view: InstanceView, { activeRegion }: Assignment, request: SwitchRequest): Answer | undefined {
  if (view.mode === 'None' || others(view, activeRegion).length === 0) {
    return { kind: 'Stay', reason: 'NoSuccessor', message: 'the service has no other region' };
  }
  if (view.mode === 'Active') {
    const message = 'it runs in several regions at once: none has to take over';
    return { kind: 'Stay', reason: 'ActiveHere', message };
  }
  return request.type === 'Rehearse' ? reasonNotToRehearse(view, request) : undefined;
}

/** What would be moved or drained if it did not serve tenants too that are not named. */
function outOfScope(
  view: InstanceView,
  key: string,
  assignment: Assignment,
  request: SwitchRequest,
): Answer | undefined {
  const { services, tenants, type } = request;
  if (!tenants || type === 'Return' || tenants.whole.has(key)) return undefined;
  const sharedWith = tenants.shared.get(key);
  if (sharedWith === undefined && services?.has(key) !== true) return undefined;
  const unscoped = { ...request, tenants: undefined };
  if (!drainAnswer(view, key, unscoped) && !isConcerned(view, key, assignment, unscoped)) return undefined;
  if (sharedWith === undefined) {
    return { kind: 'Stay', reason: 'NotOfTenant', message: 'it serves none of the tenants that are named' };
  }
  const message = `it also serves ${counted(sharedWith, 'tenant')} that ${sharedWith === 1 ? 'is' : 'are'} not named, and moves for all or for none`;
  return { kind: 'Stay', reason: 'SharedWithOthers', message, sharedWith };
}

/** Services that run in several regions lose their traffic to a region that is to be empty. */
function drainAnswer(view: InstanceView, key: string, request: SwitchRequest): Answer | undefined {
  const { drains, region } = request;
  if (!isAsked(key, request) || view.mode !== 'Active' || !drains || !placesOf(view).includes(region)) return undefined;
  const elsewhere = others(view, region);
  return elsewhere.length > 0
    ? {
        kind: 'Drain',
        from: region,
        reason: 'Draining',
        message: `its traffic is led to ${elsewhere.join(', ')} in steps`,
      }
    : undefined;
}
/** Nobody waits for an approval during a drill: what is not approved before is left out. */
function reasonNotToRehearse(view: InstanceView, { isApproved, region }: SwitchRequest): Answer | undefined {
  if (view.primary !== region) {
    return { kind: 'Stay', reason: 'NotAtHome', message: `its primary region is ${view.primary}, and not ${region}` };
  }
  if (view.policy.promotion !== 'Approval' || isApproved) return undefined;
  const message = 'crossRegion.promotion of the service class is Approval, and the drill names nobody who approved';
  return { kind: 'Stay', reason: 'ApprovalRequired', message };
}

const isApprovedFor = (key: string, { approved, isApproved }: SwitchRequest): boolean =>
  isApproved || approved.has(key);
const withoutApproval = (view: InstanceView): InstanceView => ({
  ...view,
  policy: { ...view.policy, promotion: 'Automatic' },
});

const NOT_KNOWN = {
  kind: 'Hold',
  reason: 'WaitingForRegions',
  message: 'it is not known yet where it is active',
  recheckAfterMs: undefined,
  endsWhen: 'the hub has read the assignment, or the regions that know it',
} as const;

/** What a request makes of a service, whether it is carried out or a dry run; undefined: it does not concern it. */
export function decideRequest(view: InstanceView, key: string, request: SwitchRequest): Answer | undefined {
  const { region, type } = request;
  const { assignment } = view;
  if (!assignment || (view.rebuilt && view.rebuilt.epoch > assignment.epoch))
    return isAsked(key, request) && placesOf(view).includes(region)
      ? { ...NOT_KNOWN, wanted: KINDS[type].wanted }
      : undefined;
  const answer = outOfScope(view, key, assignment, request) ?? drainAnswer(view, key, request);
  if (answer) return answer;
  if (!isConcerned(view, key, assignment, request)) return undefined;
  const stay = reasonToStay(view, assignment, request);
  return stay ?? moveAnswer(view, key, assignment, request);
}

function moveAnswer(view: InstanceView, key: string, assignment: Assignment, request: SwitchRequest): Answer {
  const { name, type } = request;
  const { guards, wanted } = KINDS[type];
  const asked = isApprovedFor(key, request) ? withoutApproval(view) : view;
  const target = guards === 'switchback' ? view.primary : chooseSuccessor(view, assignment);
  const list = type === 'Return' && request.needsStableHome ? 'switchbackWhenStable' : guards;
  const objection = firstObjection(list, asked, assignment, target);
  if (objection || target === undefined) {
    const held = objection ?? { reason: 'TargetUnhealthy' as const, message: 'no target' };
    return { kind: 'Hold', wanted, recheckAfterMs: undefined, ...held };
  }
  const message = `RegionSwitch ${name}: moves from ${assignment.activeRegion} to ${target}`;
  return { kind: 'Assign', intent: intentFor(view, target, wanted, name), message };
}

/** Whether a person wants a service at home: then its home has not to be stable before it may follow again. */
const isAskedHome = (view: InstanceView, key: string, requests: readonly SwitchRequest[]): boolean =>
  requests.some((request) => {
    const isForHome = request.type === 'Switchback' || request.type === 'Return';
    const isCarriedOut = isForHome && !request.isDryRun && !request.isPaused && !request.needsStableHome;
    return isCarriedOut && view.assignment !== undefined && isConcerned(view, key, view.assignment, request);
  });

const NO_TRIALS: ReadonlyMap<string, Ledger> = new Map();

export interface ServiceDecision {
  readonly decision: InstanceDecision;
  /** By name of the RegionSwitch, for every one that concerns the service. */
  readonly answers: ReadonlyMap<string, Answer>;
}

/**
 * What is done with a service. The oldest request that nothing is in the way of is carried out; without one, what moves
 * by itself. What the regions know better than the hub comes before both.
 *
 * @param trials by name of a dry run: what it has not given away yet of that which services share
 */
export function decideService(
  view: InstanceView,
  key: string,
  requests: readonly SwitchRequest[],
  trials: ReadonlyMap<string, Ledger> = NO_TRIALS,
): ServiceDecision {
  const automatic = decideInstance(isAskedHome(view, key, requests) ? { ...view, isAskedHome: true } : view);
  const answers = new Map<string, Answer>();
  let held: Answer | undefined;
  let assigned: Answer | undefined;
  for (const request of requests) {
    const answer = decideRequest({ ...view, ...trials.get(request.name) }, key, request);
    if (!answer) continue;
    answers.set(request.name, answer);
    if (request.isDryRun || request.isPaused) continue;
    if (answer.kind === 'Assign') assigned ??= answer;
    if (answer.kind === 'Hold') held ??= answer;
  }
  if (automatic.kind === 'Adopt') return { decision: automatic, answers };
  if (assigned?.kind === 'Assign') return { decision: assigned, answers };
  if (automatic.kind === 'Keep' && held?.kind === 'Hold') return { decision: held, answers };
  return { decision: automatic, answers };
}

const VERDICTS = { Hold: 'Held', Stay: 'Stays', Drain: 'Drains' } as const;

/** An answer as the status of the RegionSwitch tells it. */
export function plannedService(key: string, assignment: Assignment | undefined, answer: Answer): PlannedService {
  const left = answer.kind === 'Drain' ? answer.from : assignment?.activeRegion;
  const from = left !== undefined && { from: left };
  if (answer.kind === 'Assign') return { name: key, verdict: 'Moves', ...from, to: answer.intent.activeRegion };
  const { kind, message, reason } = answer;
  const sharedWith = 'sharedWith' in answer && answer.sharedWith !== undefined && { sharedWith: answer.sharedWith };
  return { name: key, verdict: VERDICTS[kind], ...from, reason, message: message.slice(0, 512), ...sharedWith };
}

/** Services and tenants that a request names and that are not there: a name that was mistyped must not pass for done. */
export function missingServices(
  { services, tenants }: Pick<SwitchRequest, 'services' | 'tenants'>,
  group: string,
  exists: (key: string) => boolean,
): PlannedService[] {
  const missing = [...(services ?? [])].filter((key) => !exists(key));
  return [
    ...missing.map((name): PlannedService => {
      const message = `there is no ServiceInstance ${name} in IU group ${group}`;
      return { name, verdict: 'Stays', reason: 'ServiceInstanceNotFound', message };
    }),
    ...[...(tenants?.missing ?? [])].map(
      ([name, message]): PlannedService => ({ name, verdict: 'Stays', reason: 'TenantNotFound', message }),
    ),
  ];
}
