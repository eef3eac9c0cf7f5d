import { isDeepStrictEqual } from 'node:util';
import { isoTime } from '../api/common.ts';
import type { IUGroup } from '../api/iu-group.ts';
import type { PlannedRegion, PlannedService } from '../api/region-switch.ts';
import type { CrossRegionMode } from '../api/service-class.ts';
import type { Assignment, ServiceInstance } from '../api/service-instance.ts';
import { isLeftOut, nextAssignment, type RegionEpochs, regionsOf } from '../decide/assignment.ts';
import { stateFor } from '../decide/diagnosis.ts';
import { type InstanceDecision, type InstanceView, regionsBeingLeft } from '../decide/instance-view.ts';
import { checkIntent } from '../decide/invariants.ts';
import { afterDecision, type Ledger, turnsOf } from '../decide/ledger.ts';
import {
  isOpen,
  isReturning,
  isWayHome,
  missingServices,
  plannedService,
  readStanding,
  restraintsOn,
  type ServiceDecision,
  type Standing,
  type SwitchRequest,
} from '../decide/manual-switch.ts';
import { decideSet } from '../decide/manual-together.ts';
import { regionsAfter } from '../decide/outlook.ts';
import type { Member } from '../decide/together.ts';
import { withWaves } from '../decide/waves.ts';
import { ConflictError } from '../kube/errors.ts';
import { keyOf } from '../kube/object.ts';
import { held, modeChanged, moved, successorBack, successorLost } from '../report/events.ts';
import { describeHold, holdStatus } from '../report/hold.ts';
import { forEachConcurrently } from '../runtime/concurrency.ts';
import { Ticker } from '../runtime/ticker.ts';
import type { HubContext } from './context.ts';
import { awaitedByIn, colocatedSets } from './dependencies.ts';
import { diagnoseGroup } from './diagnose.ts';
import { assignedService, epochsIn, groupViewOf, lagIn, ledgerOf, placedServices, viewOf } from './instance-view.ts';
import { tenantResolver } from './tenant-scopes.ts';

/** Writes of intents under way at the same time. */
const CONCURRENCY = 32;
const LOOK_EVERY_MS = 500;

interface Decided {
  readonly key: string;
  readonly instance: ServiceInstance;
  readonly group: IUGroup;
  readonly decision: InstanceDecision;
}

/** A service, and what is known of it. */
interface Looked {
  readonly key: string;
  readonly slaClass: number;
  readonly instance: ServiceInstance;
  /** Without what it shares with the others: that depends on whose turn it is. */
  readonly view: Omit<InstanceView, keyof Ledger>;
}

/** Plans in the making, by name of the RegionSwitch. */
type Plans = Map<string, { readonly services: PlannedService[]; regions: readonly PlannedRegion[] }>;

/**
 * The one loop that chooses regions. It looks at everything at once, because only there can it be seen that most
 * regions look dead, or that another region is being moved already; all other loops converge one object.
 */
export function createPlacementLoop(context: HubContext): Ticker {
  return new Ticker({
    clock: context.clock,
    everyMs: LOOK_EVERY_MS,
    run: (signal) => decideAll(context, signal),
    onError: (error) => context.log('warn', 'Placement failed', { error: String(error) }),
  });
}

async function decideAll(context: HubContext, signal: AbortSignal): Promise<void> {
  if (!context.leadership.isCertain()) return;
  if (!context.assignments.loaded) await loadInstances(context, signal);
  const { classes, groups, instances } = context;
  if (!groups.reflector.fresh || !classes.reflector.fresh || !instances.reflector.synced) return;
  const decided: Decided[] = [];
  const plans: Plans = new Map();
  for (const group of context.groups.store.list()) {
    const isolated = diagnoseGroup(context, group);
    const verdict = context.inheritance.look(group);
    context.inheritance.tell(group, verdict);
    // Not waited for: a region that is slow to tell of its tenants must not hold up the other groups.
    if (verdict.kind !== 'Own') void context.inheritance.lookForMissing(group, signal);
    decided.push(...decideGroup(context, group, isolated, plans));
  }
  notePlans(context, plans);
  noteHolds(context, decided);
  await carryOut(context, decided);
}

/** What is read by quorum is not for the assignments alone: a cache that lags may not know that an instance is to go. */
async function loadInstances(context: HubContext, signal: AbortSignal): Promise<void> {
  const read = await context.assignments.load(signal);
  for (const instance of read) context.instances.store.apply(instance);
}

function decideGroup(context: HubContext, group: IUGroup, hubIsolated: boolean, plans: Plans): Decided[] {
  const { name } = group.metadata;
  const instances = context.instances.store.byIndex('group', name);
  const failingOver = regionsBeingLeft(
    instances.flatMap((instance) => assignedService(context, instance) ?? []),
    // Asked of targets that were not granted the service: of one that only the hub cannot see, it does not get it either.
    (region) => {
      const seen = context.diagnoses.get(region);
      return seen && stateFor(seen, false);
    },
  );
  const standing = standingOf(context, name);
  noteStanding(context, name, standing);
  for (const request of standing?.requests ?? []) {
    const exists = (key: string): boolean => context.instances.store.get(key)?.spec.iuGroupRef.name === name;
    plans.set(request.name, { services: missingServices(request, name, exists), regions: [] });
  }
  const requests = standing?.requests ?? [];
  const situation = {
    hubIsolated,
    failingOver,
    group: groupViewOf(context, group),
    follows: followsIn(context, group),
  };
  const looked = lookAt(context, group, situation, standing);
  const sets = colocatedSets(
    context,
    looked.map(({ instance }) => instance),
  );
  const decided: Decided[] = [];
  let ledger = ledgerOf(context, group);
  const trials = new Map(requests.filter(isTrial).map(({ name: trial }) => [trial, ledger] as const));
  for (const turn of turnsOf(looked, sets)) {
    const members = turn.map(({ key, view }): Member => ({ key, view: { ...view, ...ledger } }));
    const decisions = decideSet(members, requests, trials);
    for (const { instance, key, view: seen } of turn) {
      const view = { ...seen, ...ledger };
      const { answers, decision } = decisions.get(key) ?? NOTHING;
      addToPlans(plans, key, view, answers);
      ledger = afterDecision(ledger, view, decision);
      for (const [trial, left] of trials) {
        const answer = answers.get(trial);
        if (answer) trials.set(trial, afterDecision(left, view, answer));
      }
      decided.push({ key, instance, group, decision });
    }
  }
  addRegions(context, group, plans, requests);
  return decided;
}

/** What the group waits for while this hub follows another one. */
function followsIn({ inheritance }: HubContext, group: IUGroup): InstanceView['follows'] {
  const verdict = inheritance.look(group);
  if (verdict.kind === 'Own') return undefined;
  const reason = verdict.kind === 'Wait' ? verdict.reason : 'WaitingOutPredecessor';
  // The same for all services and at all stages: what is missing is told once, of the group.
  const message = 'this hub has not taken over from the one before it yet: condition Inherited of the group says why';
  return { reason, message, endsWhen: 'the hub has inherited the group' };
}

/** Before anything of it is recorded: what is planned in the regions now is what the plan was made from. */
function addRegions(context: HubContext, group: IUGroup, plans: Plans, requests: readonly SwitchRequest[]): void {
  const placed = requests.length > 0 ? placedServices(context, group) : [];
  for (const { name } of requests) {
    const plan = plans.get(name);
    if (plan) plan.regions = regionsAfter(plan.services, placed, group);
  }
}

const NOTHING: ServiceDecision = { decision: { kind: 'Keep' }, answers: new Map() };
/** It takes nothing from the others, and its services count together: also while it is paused, and only says what it would do. */
const isTrial = ({ isDryRun, isPaused }: SwitchRequest): boolean => isDryRun || isPaused;

/** All services of a group that are decided about. */
function lookAt(
  context: HubContext,
  group: IUGroup,
  situation: Pick<InstanceView, 'hubIsolated' | 'failingOver' | 'group' | 'follows'>,
  standing: Standing | undefined,
): Looked[] {
  return context.instances.store.byIndex('group', group.metadata.name).flatMap((instance): Looked[] => {
    const serviceClass = context.classes.store.get(instance.spec.serviceClassRef.name);
    if (!serviceClass || instance.metadata.deletionTimestamp) return [];
    const key = keyOf(instance);
    const restraints = standing && restraintsOn(standing, key);
    const view = { ...viewOf(context, group, serviceClass, instance), ...situation, restraints };
    return [{ key, slaClass: serviceClass.spec.slaClass, instance, view }];
  });
}

/** A cold cache, or one that may lag behind the leader before, says nothing: one of the RegionSwitches could be a freeze. */
function standingOf(context: HubContext, group: string): Standing | undefined {
  const { reflector, store } = context.switches;
  if (!reflector.fresh) return undefined;
  const switches = store.list();
  const resolve = tenantResolver(context, group, switches);
  return resolve && readStanding(switches, group, context.clock.now().wallMs, resolve);
}

function addToPlans(
  plans: Plans,
  key: string,
  { assignment }: Looked['view'],
  answers: ServiceDecision['answers'],
): void {
  for (const [name, answer] of answers) plans.get(name)?.services.push(plannedService(key, assignment, answer));
}

/** By uid: what was planned for a RegionSwitch says nothing of another one that was made anew under its name. */
function notePlans(context: HubContext, plans: Plans): void {
  context.plans.clear();
  const awaitedBy = awaitedByIn(context);
  for (const [name, { regions, services }] of plans) {
    const uid = context.switches.store.get(name)?.metadata.uid;
    if (uid !== undefined) context.plans.set(uid, { services: withWaves(services, awaitedBy), regions });
  }
}

/** Keeps what is in force for the loops that tell of it. A freeze that begins or ends changes what a loss would do. */
function noteStanding(context: HubContext, group: string, standing: Standing | undefined): void {
  const before = context.standings.get(group);
  if (standing) context.standings.set(group, standing);
  else context.standings.delete(group);
  const { freezes, keptEmpty } = standing ?? {};
  if (isDeepStrictEqual([before?.freezes, before?.keptEmpty], [freezes, keptEmpty])) return;
  context.lookAgain.group(group);
  // Traffic is led away from a region that is to be empty, and back.
  for (const instance of context.instances.store.byIndex('group', group))
    if (instance.status?.weights) context.lookAgain.instance(keyOf(instance));
}

function noteHolds(context: HubContext, decided: readonly Decided[]): void {
  const seen = new Set<string>();
  const nowMs = context.clock.now().wallMs;
  for (const { decision, group, instance, key } of decided) {
    if (decision.kind !== 'Hold') continue;
    seen.add(key);
    const before = context.holds.get(key);
    const hold = holdStatus(decision, before ?? instance.status?.hold, nowMs);
    if (isDeepStrictEqual(before, hold)) continue;
    context.log('info', 'Switch is held', {
      instance: key,
      wanted: hold.wanted,
      reason: hold.reason,
      because: describeHold(hold),
    });
    context.holds.set(key, hold);
    context.lookAgain.instance(key);
    context.lookAgain.group(group.metadata.name);
    const known = instance.status?.conditions?.find((c) => c.type === 'Held');
    if (known?.reason !== hold.reason) context.events.record(held(instance, hold));
  }
  for (const key of context.holds.keys()) {
    if (seen.has(key)) continue;
    context.holds.delete(key);
    context.lookAgain.instance(key);
    const group = context.instances.store.get(key)?.spec.iuGroupRef.name;
    if (group !== undefined) context.lookAgain.group(group);
  }
}

const isMoving = ({ decision, instance }: Decided): boolean =>
  decision.kind !== 'Assign' || decision.intent.activeRegion !== instance.status?.assignment?.activeRegion;

async function carryOut(context: HubContext, decided: readonly Decided[]): Promise<void> {
  const due = decided.filter(({ decision }) => decision.kind === 'Assign' || decision.kind === 'Adopt');
  // What moves comes first: nobody who is to be promoted waits for a write that only changes who may follow.
  const [moves, others] = [due.filter(isMoving), due.filter((item) => !isMoving(item))];
  await forEachConcurrently(moves, CONCURRENCY, (item) => record(context, item));
  await forEachConcurrently(others, CONCURRENCY, (item) => record(context, item));
}

/** Intent first: one compare-and-swap, before any region hears of it. */
async function record(context: HubContext, { key, instance, decision }: Decided): Promise<void> {
  const current = context.assignments.get(key);
  const next = nextOf(context, instance, current, decision);
  if (!next) return;
  // What the regions know is adopted as it is, whatever an older copy of the hub knew.
  const broken = checkIntent(decision.kind === 'Adopt' ? undefined : current, next, regionsOf(instance));
  if (broken) {
    context.log('error', 'Intent refused: it would break an invariant', { instance: key, invariant: broken });
    return;
  }
  // What regions know may be learned at any time; what is decided is only this hub's to decide once it has inherited.
  const group = context.groups.store.get(instance.spec.iuGroupRef.name);
  if (decision.kind !== 'Adopt' && (!group || !context.inheritance.isOwn(group))) return;
  // The facts are those of this very pass; these are asked for again because the writes before took time.
  if (!context.leadership.isCertain() || (isMove(current, next) && isCalledOff(context, next))) return;
  try {
    const written = await context.assignments.record(instance, next, () => context.leadership.isCertain());
    context.instances.store.apply(written);
    if (current) announce(context, instance, current, next);
    context.log('info', 'Intent recorded', {
      instance: key,
      region: next.activeRegion,
      epoch: next.epoch,
      reason: next.reason,
    });
  } catch (error) {
    if (error instanceof ConflictError) return;
    context.log('warn', 'Intent not recorded', { instance: key, error: String(error) });
  }
}

/** Says who may not follow any more, and who may again. */
function noteLeftOut({ events }: HubContext, instance: ServiceInstance, current: Assignment, next: Assignment): void {
  for (const region of next.leftOut ?? [])
    if (!isLeftOut(current, region)) events.record(successorLost(instance, region, next));
  for (const region of current.leftOut ?? [])
    if (next.successors.includes(region)) events.record(successorBack(instance, region, next));
}

function announce(context: HubContext, instance: ServiceInstance, current: Assignment, next: Assignment): void {
  if (current.mode !== undefined && next.mode !== current.mode) context.events.record(modeChanged(instance, next));
  noteLeftOut(context, instance, current, next);
  if (!isMove(current, next)) return;
  const lastSignAt = context.links.get(current.activeRegion)?.lastSignAt();
  const decidedAt = context.clock.now().wallMs;
  context.events.record(moved(instance, current.activeRegion, next));
  context.noteMove({
    instance,
    from: current.activeRegion,
    next,
    lastSignAt: next.reason === 'FailedOver' ? lastSignAt : undefined,
    decidedAt,
    evidence: context.diagnoses.get(current.activeRegion)?.evidence ?? [],
    ...dataAtStake(context, instance, next.activeRegion),
  });
}

/** What the record of a switch tells of the data: known at the decision, because afterwards nobody can tell. */
function dataAtStake(context: HubContext, instance: ServiceInstance, region: string) {
  const serviceClass = context.classes.store.get(instance.spec.serviceClassRef.name);
  if (!serviceClass) return {};
  return {
    dataLagSeconds: lagIn(context, serviceClass, keyOf(instance), region).seconds,
    dataLossObjectiveSeconds: serviceClass.spec.crossRegion.objectives?.dataLossSeconds,
  };
}

const isMove = (current: Assignment | undefined, next: Assignment): boolean =>
  current !== undefined && current.activeRegion !== next.activeRegion;

/** Whether the person who asked for a move has thought better of it meanwhile. */
function isCalledOff({ clock, switches }: HubContext, next: Assignment): boolean {
  if (next.regionSwitch === undefined) return false;
  const object = switches.store.get(next.regionSwitch);
  if (object && isWayHome(object, next)) return !isReturning(object);
  return !object || !isOpen(object, clock.now().wallMs);
}

function nextOf(
  context: HubContext,
  instance: ServiceInstance,
  current: Assignment | undefined,
  decision: InstanceDecision,
): Assignment | undefined {
  if (decision.kind === 'Adopt') return decision.assignment;
  if (decision.kind !== 'Assign') return undefined;
  const mode = decision.intent.mode ?? current?.mode;
  const epochsOf = (region: string): RegionEpochs =>
    hasNothingToStop(context, instance, region, mode) ? STOPPED : epochsIn(context, keyOf(instance), region);
  return nextAssignment(current, decision.intent, epochsOf, isoTime(context.clock.now().wallMs));
}

const STOPPED: RegionEpochs = { standbyEpoch: Number.POSITIVE_INFINITY, grantedEpoch: 0 };

/**
 * Of services that are not active/backup no epoch is ever confirmed. Those that run in several regions need no history;
 * those that run in one alone need it until the region is known to hold no order.
 */
function hasNothingToStop(
  context: HubContext,
  instance: ServiceInstance,
  region: string,
  mode: CrossRegionMode | undefined,
): boolean {
  if (mode === 'Active') return true;
  const link = context.links.get(region);
  return mode === 'None' && link?.synced === true && link.services.store.get(keyOf(instance)) === undefined;
}
