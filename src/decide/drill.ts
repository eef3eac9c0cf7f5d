import type { Reason } from '../api/conditions.ts';
import type { DrillStatus, PlannedService, RegionSwitchSpec } from '../api/region-switch.ts';
import type { RegionState } from './diagnosis.ts';
import type { Stop } from './manual-switch.ts';

export type DrillSettings = NonNullable<RegionSwitchSpec['drill']>;
type Cause = NonNullable<DrillStatus['cause']>;

/** A service on one of the two ways of a drill. Times are wall-clock milliseconds of the hub. */
export interface Traveller {
  readonly name: string;
  readonly to: string;
  readonly decidedAt: number;
  readonly readyAt: number | undefined;
  /** How long it was away, once it is ready. */
  readonly awayMs: number | undefined;
  /** Something else has moved it since. */
  readonly superseded: boolean;
  readonly protected: boolean;
}

export interface DrillPicture {
  readonly settings: DrillSettings;
  /** The region that is left. */
  readonly home: string;
  readonly before: DrillStatus | undefined;
  readonly now: number;
  /** What is left of the stay as this hub has counted it since it saw that they stay. */
  readonly stayLeftMs: number;
  readonly startedAt: number;
  readonly expiresAt: number | undefined;
  readonly stop: Stop | undefined;
  /** All that went away. */
  readonly there: readonly Traveller[];
  /** Not begun yet; undefined while the placement loop has not looked at the drill. */
  readonly waiting: readonly PlannedService[] | undefined;
  /** Those of them that have begun to go home. */
  readonly back: readonly Traveller[];
  /** How many are where the drill brought them. */
  readonly left: number;
  /** The longest time that one was away, as told before: the list of services is bounded. Absent: none is known. */
  readonly slowestMs?: number | undefined;
  /** All regions of the group. */
  readonly regions: ReadonlyMap<string, RegionState>;
  readonly hubIsolated: boolean;
}

/** What a hub has not looked at yet is no reason to end a drill: it may have restarted a moment ago. */
const isUnwell = (state: RegionState | undefined): boolean =>
  state !== undefined && state !== 'Healthy' && state !== 'Unknown';

const isSettled = ({ readyAt, superseded }: Traveller): boolean => superseded || readyAt !== undefined;
const aborted = (reason: Reason, message: string): Cause => ({ result: 'Aborted', reason, message });
const failed = (reason: Reason, message: string): Cause => ({ result: 'Failed', reason, message });
const inSeconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const stillAway = ({ back, there }: DrillPicture): Traveller[] =>
  there.filter(({ name }) => !back.some((service) => service.name === name));

/** What nobody can rehearse against. */
function disturbance({ hubIsolated, regions }: DrillPicture): Cause | undefined {
  if (hubIsolated) return aborted('HubIsolated', 'most regions looked dead at once: the hub suspected itself');
  const unwell = [...regions].find(([, state]) => isUnwell(state));
  return unwell && aborted('TargetUnhealthy', `region ${unwell[0]} was ${unwell[1]}`);
}

function lateness({ now, settings, startedAt, there, waiting = [] }: DrillPicture): Cause | undefined {
  const limit = `${settings.abortAfterSeconds} s`;
  const isLate = (since: number): boolean => now - since >= settings.abortAfterSeconds * 1000;
  const late = there.find((service) => !isSettled(service) && isLate(service.decidedAt));
  if (late) return failed('NotReadyInTime', `${late.name} was not ready in region ${late.to} after ${limit}`);
  const [held] = waiting;
  if (!held || !isLate(startedAt)) return undefined;
  const reason = (held.reason ?? 'NotReadyInTime') as Reason;
  return failed(
    reason,
    `${held.name} had not begun to move after ${limit}: ${held.message ?? 'no time'}`.slice(0, 512),
  );
}

/** Why it goes home before its time. */
function causeOf(picture: DrillPicture, phase: DrillStatus['phase']): Cause | undefined {
  const { before, stop } = picture;
  if (before?.cause || (phase !== 'Away' && phase !== 'Staying')) return before?.cause;
  if (stop === 'Aborted') return aborted('SwitchNotOpen', 'a person has aborted it');
  if (stop === 'Expired' && phase === 'Away') return aborted('SwitchNotOpen', 'it expired before all had moved');
  const taken = stillAway(picture).find(({ superseded }) => superseded);
  return (
    disturbance(picture) ??
    (taken && aborted('SwitchInProgress', `${taken.name} was moved by something else`)) ??
    (phase === 'Away' ? lateness(picture) : undefined)
  );
}

/** Once nothing more is to leave and all are ready, they stay; with nothing that has left there is nothing to stay for. */
function afterAway({ expiresAt, now, settings, there, waiting }: DrillPicture, timeOf: TimeOf): DrillStatus {
  if (waiting === undefined || waiting.length > 0 || !there.every(isSettled)) return { phase: 'Away' };
  if (there.length === 0) return { phase: 'Home' };
  const until = Math.min(now + settings.staySeconds * 1000, expiresAt ?? Number.POSITIVE_INFINITY);
  return { phase: 'Staying', stayUntil: timeOf(until) };
}

/** Clocks of two hubs are never compared: what another one wrote down cannot make it last longer than a whole stay. */
export const hasStayed = ({ before, now, stayLeftMs }: Pick<DrillPicture, 'before' | 'now' | 'stayLeftMs'>): boolean =>
  stayLeftMs <= 0 || Date.parse(before?.stayUntil ?? '') <= now;

function afterStay(picture: DrillPicture): DrillStatus {
  return { phase: picture.stop !== undefined || hasStayed(picture) ? 'Home' : 'Staying' };
}

/** What was under way when it was cut short is completed first: only then it can go home. */
function afterReturn(picture: DrillPicture, cause: Cause | undefined): DrillStatus {
  const { back, left } = picture;
  const areHome = back.every((service) => service.superseded || (isSettled(service) && service.protected));
  const isOver = left === 0 && areHome && stillAway(picture).every(isSettled);
  return isOver ? { phase: 'Ended', ...judge(picture, cause) } : { phase: 'Home' };
}

function next(picture: DrillPicture, cause: Cause | undefined, timeOf: TimeOf): DrillStatus {
  const phase = picture.before?.phase ?? 'Away';
  if (phase !== 'Away' && phase !== 'Staying') return afterReturn(picture, cause);
  if (cause) return { phase: 'Home' };
  return phase === 'Away' ? afterAway(picture, timeOf) : afterStay(picture);
}

type TimeOf = (ms: number) => string;

/** How far it is now. A phase never comes back, and a cause once found stays. */
export function advanceDrill(picture: DrillPicture, timeOf: TimeOf): DrillStatus {
  const { before, home, regions } = picture;
  if (before?.phase === 'Ended') return before;
  const cause = causeOf(picture, before?.phase ?? 'Away');
  const homeFailed = before?.homeFailed === true || isUnwell(regions.get(home));
  return {
    ...(before?.stayUntil !== undefined && { stayUntil: before.stayUntil }),
    ...next(picture, cause, timeOf),
    ...(cause && { cause }),
    ...(homeFailed && { homeFailed }),
  };
}

type Result = Pick<DrillStatus, 'result' | 'message'>;

function judge(picture: DrillPicture, cause: Cause | undefined): Result {
  const { back, there } = picture;
  const came = `${back.length} of ${there.length} services went away and came home`;
  if (cause) return { result: cause.result, message: `${cause.message}; ${came}`.slice(0, 512) };
  const taken = [...stillAway(picture), ...back].find(({ superseded }) => superseded);
  if (taken) return { result: 'Failed', message: `${taken.name} was moved by something else; ${came}`.slice(0, 512) };
  if (back.length === 0) return { result: 'Failed', message: 'no service could be moved, so nothing is proved' };
  return judgeTimes(picture, came);
}

function judgeTimes({ back, settings, slowestMs = 0, there }: DrillPicture, came: string): Result {
  const away = [...there, ...back].toSorted((x, y) => (y.awayMs ?? 0) - (x.awayMs ?? 0));
  const [slowest] = away;
  const longestMs = Math.max(slowestMs, slowest?.awayMs ?? 0);
  const longest = `longest time away: ${inSeconds(longestMs)}`;
  const objective = settings.objectiveSeconds;
  if (objective === undefined) return { result: 'Passed', message: `${came}; ${longest}` };
  if (longestMs <= objective * 1000)
    return { result: 'Passed', message: `${came}; ${longest}, objective ${objective} s` };
  const missed = away.filter(({ awayMs }) => (awayMs ?? 0) > objective * 1000).length;
  // Of those that an earlier leader measured and could not list only the longest time is known.
  const isListed = slowest?.awayMs === longestMs;
  const times = isListed ? `${missed} times` : 'at least once';
  const what = isListed ? `${slowest.name} on the way to ${slowest.to}, ${longest}` : longest;
  const message = `the objective of ${objective} s was missed ${times}: ${what}`;
  return { result: 'Failed', message: message.slice(0, 512) };
}

/** A drill of the plan alone. */
export interface PlanDrill {
  readonly plan: readonly PlannedService[];
  readonly settings: DrillSettings;
  readonly elapsedMs: number;
  readonly stop: Stop | undefined;
}

/** Nothing moves. It has passed when nothing is held, and failed when something still is at the end of its time. */
export function advancePlanDrill(drill: PlanDrill): DrillStatus {
  const result = drill.stop
    ? { result: 'Aborted' as const, message: `${drill.stop.toLowerCase()} before there was a plan without holds` }
    : judgePlan(drill);
  return result ? { phase: 'Ended', ...result } : { phase: 'Away' };
}

function judgePlan({ elapsedMs, plan, settings }: PlanDrill): Result | undefined {
  const held = plan.filter(({ verdict }) => verdict === 'Held').toSorted((x, y) => (x.name < y.name ? -1 : 1));
  const [first] = held;
  if (first) {
    if (elapsedMs < settings.abortAfterSeconds * 1000) return undefined;
    const message = `${held.length} services are held; ${first.name}: ${first.message ?? ''}`;
    return { result: 'Failed', message: message.slice(0, 512) };
  }
  const moves = plan.filter(({ verdict }) => verdict === 'Moves').length;
  return moves > 0
    ? { result: 'Passed', message: `all ${moves} services that can move would move` }
    : { result: 'Failed', message: 'no service could be moved, so nothing is proved' };
}
