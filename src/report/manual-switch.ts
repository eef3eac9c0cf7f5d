import { counted, isoTime } from '../api/common.ts';
import type { ConditionState, Reason } from '../api/conditions.ts';
import type { GroupImpactRow } from '../api/impact.ts';
import type {
  DrillStatus,
  PlannedRegion,
  PlannedService,
  RegionSwitch,
  RegionSwitchStatus,
  SwitchPlan,
  SwitchStep,
} from '../api/region-switch.ts';
import type { Stop } from '../decide/manual-switch.ts';
import type { StatusReport } from './status.ts';
import { factsOf, isOver, LISTED, pendingSteps, progressFields, type ServiceProgress, stepsOf } from './switch.ts';

/** The status of a RegionSwitch that a person made. */
export interface ManualProgress {
  readonly services: readonly ServiceProgress[];
  /** What the placement loop last made of the services that are not begun. */
  readonly plan: readonly PlannedService[];
  /** What the regions would hold then. */
  readonly regions: readonly PlannedRegion[];
  /** What tenants feel of it, when all of it is carried out; undefined: not known. */
  readonly impact?: (() => readonly GroupImpactRow[] | undefined) | undefined;
  /** Why nothing more is begun. */
  readonly stop: Stop | undefined;
  /** How far the traffic has been led away; undefined where none is. */
  readonly drain: RegionSwitchStatus['drain'];
  /** Why nothing was ever begun, nor will be. */
  readonly obstacle: { readonly reason: Reason; readonly message: string } | undefined;
  /** Services on their way home, of a drill or by an undo. */
  readonly back: readonly ServiceProgress[];
  /** How many are still where this switch brought them, away from home. */
  readonly left: number;
  /** How far a drill is now. */
  readonly drill: DrillStatus | undefined;
}

const ORDER = { Held: 0, Stays: 1, Drains: 2, Moves: 3, Empties: 4 } as const;

export function summarizePlan(services: readonly PlannedService[], regions: readonly PlannedRegion[] = []): SwitchPlan {
  const countOf = (verdict: PlannedService['verdict']): number => services.filter((s) => s.verdict === verdict).length;
  const drains = countOf('Drains');
  const empties = countOf('Empties');
  const sorted = services.toSorted(
    (x, y) => ORDER[x.verdict] - ORDER[y.verdict] || (x.wave ?? 0) - (y.wave ?? 0) || (x.name < y.name ? -1 : 1),
  );
  return {
    moves: countOf('Moves'),
    held: countOf('Held'),
    stays: countOf('Stays'),
    ...(drains > 0 ? { drains } : {}),
    ...(empties > 0 ? { empties } : {}),
    services: sorted.slice(0, LISTED),
    ...(regions.length > 0 && countOf('Moves') > 0 ? { regions: [...regions] } : {}),
  };
}

/** What is not begun yet, and what people feel of the whole. */
export function planOf({ impact, plan, regions }: Pick<ManualProgress, 'impact' | 'plan' | 'regions'>): SwitchPlan {
  const felt = impact?.();
  return { ...summarizePlan(plan, regions), ...(felt && { impact: [...felt] }) };
}

/** What `Ready`, `Reconciling` and `Stalled` say: exactly one of them is true. */
export interface Standing {
  readonly is: 'Ready' | 'Reconciling' | 'Stalled';
  readonly reason: Reason;
  readonly message: string;
}

export function standingConditions({ is, message, reason }: Standing): ConditionState[] {
  const no = { status: 'False', reason: 'AsDeclared', message: '' } as const;
  const states: ConditionState[] = [
    { type: 'Ready', status: is === 'Ready' ? 'True' : 'False', reason, message },
    is === 'Reconciling' ? { type: 'Reconciling', status: 'True', reason, message } : { type: 'Reconciling', ...no },
    is === 'Stalled' ? { type: 'Stalled', status: 'True', reason, message } : { type: 'Stalled', ...no },
  ];
  return states;
}

export function manualReport(object: RegionSwitch, progress: ManualProgress, now: number): StatusReport {
  const { obstacle, stop } = progress;
  if (object.status?.endTime !== undefined) return endedReport(object);
  if (obstacle) return { conditions: standingConditions({ is: 'Stalled', ...obstacle }) };
  if (object.spec.type === 'Freeze') return freezeReport(object, stop, now);
  return object.spec.dryRun ? dryRunReport(object, progress, now) : actingReport(object, progress, now);
}

/** Only its spec has changed since: what was reported stands, but for what the abort ends. */
export function endedReport({ spec, status }: RegionSwitch): StatusReport {
  const message = 'it had ended before it was aborted; it keeps no region empty any more';
  const conditions = (status?.conditions ?? []).map(
    (state): ConditionState => (state.type === 'Ready' && spec.abort ? { ...state, message } : state),
  );
  return { conditions, ...(spec.abort ? { fields: { drain: null } } : {}) };
}

function freezeReport({ spec, status }: RegionSwitch, stop: Stop | undefined, now: number): StatusReport {
  const over =
    stop === 'Aborted' ? 'aborted: what moves by itself moves again' : `was in force until ${spec.expiresAt}`;
  const message = stop ? over : `in force until ${spec.expiresAt}`;
  return {
    conditions: standingConditions({ is: 'Ready', reason: stop ? 'SwitchNotOpen' : 'Frozen', message }),
    fields: { startTime: status?.startTime ?? isoTime(now), ...(stop ? { endTime: isoTime(now) } : {}) },
  };
}

function dryRunReport({ status }: RegionSwitch, progress: ManualProgress, now: number): StatusReport {
  const startTime = status?.startTime ?? isoTime(now);
  const { stop } = progress;
  const summary = stop ? status?.plan : planOf(progress);
  const drained = summary?.drains ? `, ${summary.drains} would be drained` : '';
  const counts = summary
    ? `${summary.moves} would move, ${summary.held} are held, ${summary.stays} stay${drained}`
    : 'none';
  const full = summary?.regions?.filter(({ fits }) => !fits).map(({ region }) => region) ?? [];
  const overfull = full.length > 0 ? `; region ${full.join(', ')} would hold more than its capacity` : '';
  const message = `plan: ${counts}; nothing moves${overfull}`;
  return {
    conditions: standingConditions({ is: 'Ready', reason: 'PlanOnly', message }),
    fields: {
      startTime,
      servicesTotal: summary?.moves ?? 0,
      ...(summary ? { plan: summary } : {}),
      ...(stop ? { endTime: isoTime(now) } : {}),
    },
  };
}

/** What is left to begin. */
interface Remainder {
  readonly isStopped: boolean;
  /** Services that are not begun; when it is stopped, that never will be. */
  readonly pending: number;
  readonly stays: number;
}

const intentStep = ({ status }: RegionSwitch): SwitchStep | undefined =>
  status?.steps?.find(({ name }) => name === 'RecordIntent');

function remainderOf(object: RegionSwitch, { plan, services, stop }: ManualProgress): Remainder {
  const known = intentStep(object);
  const stays = object.status?.plan?.stays ?? 0;
  const begun = services.length;
  if (known?.state === 'Done') return { isStopped: false, pending: 0, stays };
  if (known?.state === 'Aborted' || stop) {
    const pending = Math.max(0, (known?.total ?? 0) - begun);
    return { isStopped: known?.state !== 'Running' || pending > 0, pending, stays };
  }
  const countOf = (of: PlannedService['verdict']): number => plan.filter(({ verdict }) => verdict === of).length;
  return { isStopped: false, pending: countOf('Moves') + countOf('Held'), stays: countOf('Stays') };
}

/** Whether it was paused before it began anything: then it has not begun to lead traffic away either. */
const isAwaitingResume = ({ spec, status }: RegionSwitch, { services, stop }: ManualProgress): boolean =>
  spec.pause && status?.startTime === undefined && services.length === 0 && stop === undefined;

/**
 * It has no start: what is counted from there, the steps in which traffic is led away, counts from when it is resumed. None
 * of its steps is done either, or it would be taken for one that begins nothing more.
 */
function awaitingReport(object: RegionSwitch, progress: ManualProgress, now: number): StatusReport {
  const { plan } = progress;
  const summary = planOf(progress);
  const { drains = 0, held, moves } = summary;
  const pending = moves + held;
  const drained = drains > 0 ? `, nor is the traffic of ${drains} led away` : '';
  const message = `paused: 0 of ${pending} services were begun${drained}`;
  return {
    conditions: standingConditions({ is: 'Reconciling', reason: 'Paused', message }),
    fields: {
      steps: pendingSteps(pending),
      ...progressFields([], pending),
      plan: plan.length > 0 ? summary : null,
      ...approvalFields(object, plan, now),
    },
  };
}

/** Once its first step has ended, however it did, a switch begins nothing more. */
function actingReport(object: RegionSwitch, progress: ManualProgress, now: number): StatusReport {
  if (isAwaitingResume(object, progress)) return awaitingReport(object, progress, now);
  const { drain, plan, services, stop } = progress;
  const before = object.status?.steps ?? [];
  const remainder = remainderOf(object, progress);
  const { isStopped, pending, stays } = remainder;
  const { status } = object;
  const startTime = status?.startTime ?? isoTime(now);
  const steps = stepsOf(services, before, { startedAt: Date.parse(startTime), now, pending }).map(
    (step): SwitchStep =>
      isStopped && step.name === 'RecordIntent' ? abortedStep(step, intentStep(object), now) : step,
  );
  const hasEnded = (isStopped || pending === 0) && isOver(services) && isDrained(progress);
  const { cleaned, secured, switched } = factsOf(services, pending);
  const standing = isStopped
    ? stoppedStanding(services, remainder, stop)
    : (pausedStanding(object, services, remainder) ??
      stalledStanding(progress, remainder) ??
      runningStanding(object, progress, { switched, secured, stays }));
  const isFirstStepOver = isStopped || intentStep(object)?.state === 'Done';
  return {
    conditions: [...standingConditions(standing), switched, cleaned, secured],
    fields: {
      startTime,
      ...(hasEnded ? { endTime: isoTime(now) } : {}),
      steps,
      ...progressFields(services, pending, status),
      drain: stop ? null : (drain ?? null),
      ...(isFirstStepOver ? {} : { plan: plan.length > 0 ? planOf(progress) : null }),
      ...approvalFields(object, plan, now),
    },
  };
}

/** The first look knows only that there is something to lead away: how far it is, is told once there is a start to count from. */
const isDrained = ({ drain, plan, stop }: ManualProgress): boolean =>
  stop !== undefined || (drain ? isAtZero(drain) : !plan.some(({ verdict }) => verdict === 'Drains'));

/** How long people took, apart from how long the recovery took. */
function approvalFields({ status }: RegionSwitch, plan: readonly PlannedService[], now: number) {
  const known = status?.approval;
  const isWaiting = plan.some(({ reason, verdict }) => verdict === 'Held' && reason === 'ApprovalRequired');
  if (!known) return isWaiting ? { approval: { requestedTime: isoTime(now) } } : {};
  if (isWaiting || known.grantedTime !== undefined) return {};
  const waitedSeconds = Math.max(0, Math.round((now - Date.parse(known.requestedTime)) / 1000));
  return { approval: { ...known, grantedTime: isoTime(now), waitedSeconds } };
}

export const abortedStep = (step: SwitchStep, known: SwitchStep | undefined, now: number): SwitchStep => ({
  ...step,
  state: 'Aborted',
  endTime: known?.state === 'Aborted' && known.endTime !== undefined ? known.endTime : isoTime(now),
});

function stoppedStanding(
  services: readonly ServiceProgress[],
  { pending }: Remainder,
  stop: Stop | undefined,
): Standing {
  const begun = services.length;
  const carried = isOver(services) ? '' : '; what is under way is carried to its end';
  const what = stop === 'Expired' ? 'expired' : 'aborted';
  const message = `${what}: ${begun} of ${begun + pending} services were begun${carried}`;
  return { is: isOver(services) ? 'Stalled' : 'Reconciling', reason: 'SwitchNotOpen', message };
}

function pausedStanding(
  { spec }: RegionSwitch,
  services: readonly ServiceProgress[],
  { pending }: Remainder,
): Standing | undefined {
  if (!spec.pause || pending === 0) return undefined;
  const isUnderWay = !services.every(isSettled);
  const carried = isUnderWay ? '; what is under way is carried to its end' : '';
  const message = `paused: ${services.length} of ${services.length + pending} services were begun${carried}`;
  // Not stalled, though nothing moves: who waits for it (kstatus) must not take a pause for a failure.
  return { is: 'Reconciling', reason: 'Paused', message };
}

/** Why nothing happens, when nothing does. What is held is asked again, or waits for a yes: that is no failure. */
function stalledStanding({ drain, plan, services }: ManualProgress, { pending }: Remainder): Standing | undefined {
  const isUnderWay = plan.some(({ verdict }) => verdict === 'Moves') || !services.every(isSettled);
  const held = plan.find(({ verdict }) => verdict === 'Held');
  const isIdle = pending === 0 && services.length === 0 && !drain && !plan.some(({ verdict }) => verdict === 'Drains');
  const first = pending > 0 && !isUnderWay ? held : isIdle ? plan[0] : undefined;
  if (!first) return undefined;
  const reason = (first.reason ?? 'Progressing') as Reason;
  const message = `${isIdle ? plan.length : pending} services cannot move; ${first.name}: ${first.message ?? ''}`;
  return { is: first.verdict === 'Held' ? 'Reconciling' : 'Stalled', reason, message };
}

export const isSettled = ({ readyAt, superseded }: ServiceProgress): boolean => superseded || readyAt !== undefined;

type DrainStatus = NonNullable<ManualProgress['drain']>;

/** Nothing is left in the region; not so while a service is served by no other one. */
const isAtZero = ({ onlyHere, sharePercent }: DrainStatus): boolean => sharePercent === 0 && onlyHere === 0;

function drainMessage({ onlyHere, services, sharePercent }: DrainStatus): string {
  if (sharePercent > 0) return `the traffic of ${services} is led away: ${sharePercent} % of the usual share is left`;
  const left = onlyHere > 0 ? `; that of ${onlyHere} stays, no other region serves them` : '';
  return `the traffic of ${services - onlyHere} is led elsewhere${left}`;
}

function runningStanding(
  { spec }: RegionSwitch,
  { drain, services }: ManualProgress,
  facts: { readonly switched: ConditionState; readonly secured: ConditionState; readonly stays: number },
): Standing {
  const { secured, stays, switched } = facts;
  if (switched.status !== 'True') return { is: 'Reconciling', reason: switched.reason, message: switched.message };
  const until = spec.expiresAt === undefined ? 'deleted or aborted' : `${spec.expiresAt}, deleted or aborted`;
  if (drain && !isAtZero(drain)) {
    const led = `${counted(services.length, 'service')} moved; ${drainMessage(drain)}`;
    return { is: 'Reconciling', reason: 'Draining', message: led };
  }
  const parts = [
    `${counted(services.length, 'service')} moved`,
    ...(drain ? [drainMessage(drain)] : []),
    ...(stays > 0 ? [`${stays} cannot move`] : []),
    ...(secured.status === 'True' ? [] : [`not protected yet: ${secured.message}`]),
    ...(spec.type === 'Switchback' ? [] : [`region ${spec.region} is kept empty until ${until}`]),
  ];
  return { is: 'Ready', reason: 'AsDeclared', message: parts.join('; ') };
}
