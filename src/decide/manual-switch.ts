import { LABELS, MANAGED_BY } from '../api/labels.ts';
import type { PlannedService, RegionSwitch } from '../api/region-switch.ts';
import type { Assignment } from '../api/service-instance.ts';
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

/**
 * What persons ask for by a RegionSwitch. It only chooses intents: epochs, confirmations, waits and rights are those of
 * every other move.
 */
export interface SwitchRequest {
  readonly name: string;
  readonly type: 'Failover' | 'Switchback' | 'Evacuate';
  readonly region: string;
  /** By `namespace/name`; undefined: all that the region concerns. */
  readonly services: ReadonlySet<string> | undefined;
  readonly isApproved: boolean;
  readonly isDryRun: boolean;
  /** Services that it has moved already: it moves none of them twice. */
  readonly moved: ReadonlySet<string>;
}

/** A restraint, and the services that it is for; undefined: all. */
type ScopedRestraint = Restraint & { readonly services: ReadonlySet<string> | undefined };

/** All RegionSwitches of persons that are in force for one group. */
export interface Standing {
  /** The oldest first. */
  readonly requests: readonly SwitchRequest[];
  readonly freezes: readonly ScopedRestraint[];
  readonly keptEmpty: readonly ScopedRestraint[];
}

export const isManual = ({ spec }: Pick<RegionSwitch, 'spec'>): boolean => spec.trigger === 'Manual';

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

/** Whether it has begun all that it ever will: written by the loop that keeps the record, and never taken back. */
export const hasBegunAll = ({ status }: Pick<RegionSwitch, 'status'>): boolean =>
  status?.endTime !== undefined ||
  (status?.steps?.some(({ name, state }) => name === 'RecordIntent' && (state === 'Done' || state === 'Aborted')) ??
    false);

/** Whether it may still begin something now. */
export const isOpen = (object: RegionSwitch, nowMs: number): boolean =>
  isInForce(object, nowMs) && object.spec.type !== 'Freeze' && !object.spec.dryRun && !hasBegunAll(object);

const servicesOf = ({ spec }: RegionSwitch): ReadonlySet<string> | undefined => spec.services && new Set(spec.services);

const restraintOf = (object: RegionSwitch): ScopedRestraint => ({
  name: object.metadata.name,
  region: object.spec.region,
  until: object.spec.expiresAt,
  services: servicesOf(object),
});

function requestOf(object: RegionSwitch): SwitchRequest[] {
  const { metadata, spec, status } = object;
  const { approved, dryRun, region, type } = spec;
  if (type === 'Freeze' || region === undefined) return [];
  return [
    {
      name: metadata.name,
      type,
      region,
      services: servicesOf(object),
      isApproved: approved !== undefined,
      isDryRun: dryRun,
      moved: new Set(status?.services?.map(({ name }) => name)),
    },
  ];
}

const ageOf = ({ metadata }: RegionSwitch): string => `${metadata.creationTimestamp ?? ''} ${metadata.name}`;
const endOf = ({ until }: Restraint): number => (until === undefined ? Number.POSITIVE_INFINITY : Date.parse(until));

/** What is in force for a group at a time. */
export function readStanding(switches: readonly RegionSwitch[], group: string, nowMs: number): Standing {
  const inForce = switches
    .filter((object) => object.spec.iuGroupRef.name === group && isInForce(object, nowMs))
    .sort((x, y) => (ageOf(x) < ageOf(y) ? -1 : 1));
  const restraints = (types: readonly string[]): ScopedRestraint[] =>
    inForce
      .filter(({ spec }) => types.includes(spec.type) && !spec.dryRun)
      .map(restraintOf)
      .sort((x, y) => endOf(y) - endOf(x));
  return {
    requests: inForce.filter((object) => object.spec.dryRun || !hasBegunAll(object)).flatMap(requestOf),
    freezes: restraints(['Freeze']),
    keptEmpty: restraints(['Evacuate', 'Failover']),
  };
}

const UNRESTRAINED: Restraints = { freezes: [], keptEmpty: [] };

/** What of it concerns one service. */
export function restraintsOn({ freezes, keptEmpty }: Standing, key: string): Restraints {
  if (freezes.length === 0 && keptEmpty.length === 0) return UNRESTRAINED;
  const ofService = ({ services }: ScopedRestraint): boolean => services?.has(key) ?? true;
  return { freezes: freezes.filter(ofService), keptEmpty: keptEmpty.filter(ofService) };
}

/** What a switch makes of one service. `Stay`: it will never move it. */
export type Answer =
  | Extract<InstanceDecision, { kind: 'Assign' | 'Hold' }>
  | ({ readonly kind: 'Stay' } & Pick<Objection, 'reason' | 'message'>);

const KINDS = {
  Failover: { wanted: 'FailedOver', guards: 'failover' },
  Evacuate: { wanted: 'Evacuated', guards: 'evacuation' },
  Switchback: { wanted: 'SwitchedBack', guards: 'switchback' },
} as const;

const isConcerned = (view: InstanceView, { activeRegion }: Assignment, { region, type }: SwitchRequest): boolean =>
  type === 'Switchback' ? view.primary === region && activeRegion !== region : activeRegion === region;

/** Why a service can never move; undefined: it can. */
function reasonToStay(view: InstanceView, { activeRegion }: Assignment): Answer | undefined {
  if (view.mode === 'Active') {
    const message = 'it runs in several regions at once: none has to take over';
    return { kind: 'Stay', reason: 'ActiveHere', message };
  }
  return view.mode === 'None' || others(view, activeRegion).length === 0
    ? { kind: 'Stay', reason: 'NoSuccessor', message: 'the service has no other region' }
    : undefined;
}

/** What a request makes of a service, whether it is carried out or a dry run; undefined: it does not concern it. */
export function decideRequest(view: InstanceView, key: string, request: SwitchRequest): Answer | undefined {
  const { name, region, type } = request;
  const { assignment } = view;
  if (request.services?.has(key) === false || request.moved.has(key)) return undefined;
  const { guards, wanted } = KINDS[type];
  if (!assignment || (view.rebuilt && view.rebuilt.epoch > assignment.epoch)) {
    const message = 'it is not known yet where it is active';
    const endsWhen = 'the hub has read the assignment, or the regions that know it';
    const held = { reason: 'WaitingForRegions', message, recheckAfterMs: undefined, endsWhen } as const;
    const hold = { kind: 'Hold', wanted, ...held } as const;
    return placesOf(view).includes(region) ? hold : undefined;
  }
  if (!isConcerned(view, assignment, request)) return undefined;
  const stay = reasonToStay(view, assignment);
  if (stay) return stay;
  const asked = request.isApproved ? { ...view, policy: { ...view.policy, promotion: 'Automatic' as const } } : view;
  const target = type === 'Switchback' ? view.primary : chooseSuccessor(view, assignment);
  const objection = firstObjection(guards, asked, assignment, target);
  if (objection || target === undefined) {
    const held = objection ?? { reason: 'TargetUnhealthy' as const, message: 'no target' };
    return { kind: 'Hold', wanted, recheckAfterMs: undefined, ...held };
  }
  const message = `RegionSwitch ${name}: moves from ${assignment.activeRegion} to ${target}`;
  return { kind: 'Assign', intent: intentFor(view, target, wanted, name), message };
}

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
  const automatic = decideInstance(view);
  const answers = new Map<string, Answer>();
  let held: Answer | undefined;
  let assigned: Answer | undefined;
  for (const request of requests) {
    const answer = decideRequest({ ...view, ...trials.get(request.name) }, key, request);
    if (!answer) continue;
    answers.set(request.name, answer);
    if (request.isDryRun) continue;
    if (answer.kind === 'Assign') assigned ??= answer;
    if (answer.kind === 'Hold') held ??= answer;
  }
  if (automatic.kind === 'Adopt') return { decision: automatic, answers };
  if (assigned?.kind === 'Assign') return { decision: assigned, answers };
  if (automatic.kind === 'Keep' && held?.kind === 'Hold') return { decision: held, answers };
  return { decision: automatic, answers };
}

/** An answer as the status of the RegionSwitch tells it. */
export function plannedService(key: string, assignment: Assignment | undefined, answer: Answer): PlannedService {
  const from = assignment && { from: assignment.activeRegion };
  if (answer.kind === 'Assign') return { name: key, verdict: 'Moves', ...from, to: answer.intent.activeRegion };
  const { kind, message, reason } = answer;
  return { name: key, verdict: kind === 'Hold' ? 'Held' : 'Stays', ...from, reason, message: message.slice(0, 512) };
}

/** Services that a request names and that are not there: a name that was mistyped must not pass for done. */
export const missingServices = (request: SwitchRequest, group: string, exists: (key: string) => boolean) =>
  [...(request.services ?? [])]
    .filter((key) => !exists(key))
    .map((key): PlannedService => {
      const message = `there is no ServiceInstance ${key} in IU group ${group}`;
      return { name: key, verdict: 'Stays', reason: 'ServiceInstanceNotFound', message };
    });
