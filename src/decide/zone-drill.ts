import type { Reason } from '../api/conditions.ts';
import type { DrillStatus, PlannedService } from '../api/region-switch.ts';
import type { Emptiness } from '../api/regional-service.ts';
import type { Diagnosis } from './diagnosis.ts';
import { type DrillSettings, hasStayed } from './drill.ts';
import type { Stop } from './manual-switch.ts';

type Cause = NonNullable<DrillStatus['cause']>;

/** A service that was told to leave the zone. Times are wall-clock milliseconds of the hub. */
export interface ZoneProgress {
  readonly name: string;
  readonly beganAt: number;
  readonly emptyAt: number | undefined;
  readonly filledAt: number | undefined;
  /** Since when it is not out of the zone and serving; undefined: it is. */
  readonly unsettledAt: number | undefined;
  readonly notServingMs: number;
  /** What its region last said of it. */
  readonly told: string;
  /** When its region was seen to have given the zone back before the time; undefined: it has not. */
  readonly releasedAt: number | undefined;
  /** It was moved to another region, or is there no more. */
  readonly isTaken: boolean;
}

/** What its region shows of it now. */
export interface ZoneSight {
  readonly isActiveHere: boolean;
  /** The order names the drill still. */
  readonly isOrdered: boolean;
  /** What the region says of this drill; undefined: nothing. */
  readonly said: Emptiness | undefined;
  readonly isRedundant: boolean;
}

export const beginZone = (name: string, now: number): ZoneProgress => ({
  name,
  beganAt: now,
  emptyAt: undefined,
  filledAt: undefined,
  unsettledAt: now,
  notServingMs: 0,
  told: 'its region has not heard of it yet',
  releasedAt: undefined,
  isTaken: false,
});

/** Where it stands by what its region reports now. What has happened once stays so. */
export function followZone(before: ZoneProgress, sight: ZoneSight | undefined, now: number): ZoneProgress {
  if (!sight || before.filledAt !== undefined) return before;
  const { isActiveHere, isOrdered, isRedundant, said } = sight;
  const isEmpty = said?.state === 'Empty';
  const isFull = !isActiveHere || (!isOrdered && !said && isRedundant && before.emptyAt !== undefined);
  return {
    ...before,
    emptyAt: before.emptyAt ?? (isEmpty ? now : undefined),
    filledAt: isFull ? now : undefined,
    unsettledAt: isEmpty ? undefined : (before.unsettledAt ?? now),
    notServingMs: Math.max(before.notServingMs, said?.notServingMilliseconds ?? 0),
    told: said?.message.slice(0, 256) ?? before.told,
    releasedAt: before.releasedAt ?? (said?.state === 'Filled' ? now : undefined),
    isTaken: before.isTaken || !isActiveHere,
  };
}

export interface ZoneDrillPicture {
  readonly settings: DrillSettings;
  readonly region: string;
  readonly zone: string;
  readonly before: DrillStatus | undefined;
  readonly now: number;
  /** What is left of the stay as this hub has counted it since it saw that the zone stays empty. */
  readonly stayLeftMs: number;
  /** By then every region gives the zone back by itself. */
  readonly until: number;
  readonly startedAt: number;
  readonly stop: Stop | undefined;
  readonly begun: readonly ZoneProgress[];
  /** Not begun yet; undefined while not all is known. */
  readonly waiting: readonly PlannedService[] | undefined;
  /** How many of those begun have an order still that names the drill, or a region that follows it. */
  readonly left: number;
  /** All regions of the group. */
  readonly regions: ReadonlyMap<string, Pick<Diagnosis, 'reason' | 'state'> | undefined>;
  readonly hubIsolated: boolean;
  /** A switch that was begun meanwhile, by its name. */
  readonly otherSwitch: string | undefined;
}

const aborted = (reason: Reason, message: string): Cause => ({ result: 'Aborted', reason, message });
const failed = (reason: Reason, message: string): Cause => ({ result: 'Failed', reason, message });
/**
 * A zone that is lost beside the empty one makes regions give that back, and is told of a moment later. Nothing waits for
 * this: what was given back stands there again.
 */
const RELEASED_MS = 5000;
const inSeconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const TROUBLES: readonly Diagnosis['reason'][] = ['RegionSick', 'ZoneLost', 'Flapping'];
/** What a hub has not looked at yet is no reason to end a drill: it may have restarted a moment ago. */
const isUnwell = (seen: Pick<Diagnosis, 'reason' | 'state'> | undefined): boolean =>
  seen !== undefined && seen.state !== 'Unknown' && (seen.state !== 'Healthy' || TROUBLES.includes(seen.reason));

/** With one zone empty nothing else may be missing. */
function disturbance({ hubIsolated, otherSwitch, regions }: ZoneDrillPicture): Cause | undefined {
  if (hubIsolated) return aborted('HubIsolated', 'most regions looked dead at once: the hub suspected itself');
  const [name, seen] = [...regions].find(([, each]) => isUnwell(each)) ?? [];
  if (seen) {
    const what = seen.state === 'Healthy' ? seen.reason : seen.state;
    return aborted(seen.reason, `region ${name} was found to be ${what}`);
  }
  return otherSwitch === undefined
    ? undefined
    : aborted('SwitchInProgress', `RegionSwitch ${otherSwitch} was begun meanwhile`);
}

function lateness(picture: ZoneDrillPicture, phase: DrillStatus['phase']): Cause | undefined {
  const { begun, now, settings, startedAt, waiting = [], zone } = picture;
  const limit = `${settings.abortAfterSeconds} s`;
  const isLate = (since: number): boolean => now - since >= settings.abortAfterSeconds * 1000;
  const late = begun.find(({ unsettledAt }) => unsettledAt !== undefined && isLate(unsettledAt));
  if (late) {
    const message = `${late.name} was not out of zone ${zone} and serving after ${limit}: ${late.told}`;
    return failed('NotReadyInTime', message.slice(0, 512));
  }
  // What has not begun when the stay begins is not of this drill any more.
  const held = phase === 'Away' ? waiting.find(({ verdict }) => verdict === 'Held') : undefined;
  if (!held || !isLate(startedAt)) return undefined;
  const message = `${held.name} had not begun to leave zone ${zone} after ${limit}: ${held.message ?? 'no time'}`;
  return failed((held.reason ?? 'NotReadyInTime') as Reason, message.slice(0, 512));
}

/** Why the zone fills before its time. */
function causeOf(picture: ZoneDrillPicture, phase: DrillStatus['phase']): Cause | undefined {
  const { before, begun, now, stop } = picture;
  // What a region gives back at the end of the stay is no failure.
  if (phase === 'Staying' && hasStayed(picture)) return before?.cause;
  if (before?.cause || phase === 'Home' || phase === 'Ended') return before?.cause;
  if (stop === 'Aborted') return aborted('SwitchNotOpen', 'a person has aborted it');
  if (stop === 'Expired' && phase === 'Away') return aborted('SwitchNotOpen', 'it expired before the zone was empty');
  const taken = begun.find(({ isTaken }) => isTaken);
  const released = begun.find(({ releasedAt = now }) => now - releasedAt >= RELEASED_MS);
  return (
    disturbance(picture) ??
    (taken && aborted('SwitchInProgress', `${taken.name} was moved by something else`)) ??
    (released && failed('ZoneReleased', `${released.name}: ${released.told}`)) ??
    lateness(picture, phase)
  );
}

type TimeOf = (ms: number) => string;

const goHome = ({ now }: ZoneDrillPicture, timeOf: TimeOf): DrillStatus => ({ phase: 'Home', homeTime: timeOf(now) });

function afterAway(picture: ZoneDrillPicture, timeOf: TimeOf): DrillStatus {
  const { begun, now, settings, until, waiting } = picture;
  const isWaiting = waiting?.some(({ verdict }) => verdict !== 'Stays') ?? true;
  if (isWaiting || begun.some(({ unsettledAt }) => unsettledAt !== undefined)) return { phase: 'Away' };
  if (begun.length === 0) return goHome(picture, timeOf);
  return { phase: 'Staying', stayUntil: timeOf(Math.min(now + settings.staySeconds * 1000, until)) };
}

function afterStay(picture: ZoneDrillPicture, timeOf: TimeOf): DrillStatus {
  return picture.stop !== undefined || hasStayed(picture) ? goHome(picture, timeOf) : { phase: 'Staying' };
}

/** A region that is lost, and one that nobody reaches, gives the zone back by itself: nothing waits for it. */
function isGivenBack({ left, now, region, regions, until }: ZoneDrillPicture): boolean {
  return left === 0 || now >= until || regions.get(region)?.state === 'Lost';
}

/** What was cut short ends as soon as all was given back; else it is part of the proof that the zone fills again. */
function afterReturn(picture: ZoneDrillPicture, cause: Cause | undefined, timeOf: TimeOf): DrillStatus {
  const { before, begun, now, settings, zone } = picture;
  if (!isGivenBack(picture)) return { phase: 'Home' };
  const open = cause ? undefined : begun.find(({ filledAt }) => filledAt === undefined);
  if (!open) return { phase: 'Ended', ...judge(picture, cause) };
  if (now - Date.parse(before?.homeTime ?? timeOf(now)) < settings.abortAfterSeconds * 1000) return { phase: 'Home' };
  const message = `${open.name} did not stand in zone ${zone} again after ${settings.abortAfterSeconds} s`;
  const late = failed('NotReadyInTime', message);
  return { phase: 'Ended', cause: late, ...judge(picture, late) };
}

function next(picture: ZoneDrillPicture, cause: Cause | undefined, timeOf: TimeOf): DrillStatus {
  const phase = picture.before?.phase ?? 'Away';
  if (phase === 'Home' || phase === 'Ended') return afterReturn(picture, cause, timeOf);
  if (cause) return goHome(picture, timeOf);
  return phase === 'Away' ? afterAway(picture, timeOf) : afterStay(picture, timeOf);
}

/** How far it is now. A phase never comes back, and a cause once found stays. */
export function advanceZoneDrill(picture: ZoneDrillPicture, timeOf: TimeOf): DrillStatus {
  const { before } = picture;
  if (before?.phase === 'Ended') return before;
  const cause = causeOf(picture, before?.phase ?? 'Away');
  return {
    ...(before?.stayUntil !== undefined && { stayUntil: before.stayUntil }),
    ...(before?.homeTime !== undefined && { homeTime: before.homeTime }),
    ...(cause && { cause }),
    ...next(picture, cause, timeOf),
  };
}

type Result = Pick<DrillStatus, 'result' | 'message'>;

function judge({ begun, settings, zone }: ZoneDrillPicture, cause: Cause | undefined): Result {
  if (cause) {
    const left = begun.filter(({ emptyAt }) => emptyAt !== undefined).length;
    const message = `${cause.message}; ${left} of ${begun.length} services had left zone ${zone}`;
    return { result: cause.result, message: message.slice(0, 512) };
  }
  const came = `${begun.length} services left zone ${zone} and stand there again`;
  const [slowest] = begun.toSorted((x, y) => y.notServingMs - x.notServingMs);
  if (!slowest) return { result: 'Failed', message: `no service could leave zone ${zone}, so nothing is proved` };
  const longest = `longest time that a part served nobody: ${inSeconds(slowest.notServingMs)}`;
  const objective = settings.objectiveSeconds;
  if (objective === undefined) return { result: 'Passed', message: `${came}; ${longest}` };
  if (slowest.notServingMs <= objective * 1000)
    return { result: 'Passed', message: `${came}; ${longest}, objective ${objective} s` };
  const missed = begun.filter(({ notServingMs }) => notServingMs > objective * 1000).length;
  const message = `the objective of ${objective} s was missed by ${missed} services: ${slowest.name}, ${longest}`;
  return { result: 'Failed', message: message.slice(0, 512) };
}
