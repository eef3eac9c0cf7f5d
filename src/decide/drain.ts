import { isoTime } from '../api/common.ts';
import type { Drain } from '../api/region-switch.ts';
import type { Drained } from '../api/service-instance.ts';

/** What a RegionSwitch asks for: the region gets less and less of the traffic, and nothing while it is to be empty. */
export interface DrainOrder extends Drain {
  /** Name of the RegionSwitch. */
  readonly name: string;
  readonly region: string;
  /** RFC 3339, as its status says; undefined: it has not begun yet. */
  readonly startTime: string | undefined;
}

const FULL = 100;

/** Steps that are due `elapsedMs` after the beginning; the first one at once. A clock that was set back takes none back. */
const stepsDue = (elapsedMs: number, everySeconds: number): number =>
  1 + Math.floor(Math.max(0, elapsedMs) / (everySeconds * 1000));

function shareOnTheWayDown(
  { deadlineSeconds, everySeconds, fromPercent, startTime, stepPercent }: Drained,
  atMs: number,
) {
  const elapsedMs = atMs - Date.parse(startTime);
  if (elapsedMs >= deadlineSeconds * 1000) return 0;
  return Math.max(0, fromPercent - stepPercent * stepsDue(elapsedMs, everySeconds));
}

/**
 * What a region gets at a time, in percent of its usual share. It follows from recorded times alone, so a hub that is
 * started anew goes on where the one before was.
 */
export function shareOf(drained: Drained, nowMs: number): number {
  const { everySeconds, releasedTime, stepPercent } = drained;
  if (releasedTime === undefined) return shareOnTheWayDown(drained, nowMs);
  const releasedMs = Date.parse(releasedTime);
  const steps = stepsDue(nowMs - releasedMs, everySeconds);
  return Math.min(FULL, shareOnTheWayDown(drained, releasedMs) + stepPercent * steps);
}

/** When the share changes next, in milliseconds; undefined when it stays until somebody asks for something else. */
export function nextStepInMs(drained: Drained, nowMs: number): number | undefined {
  const { deadlineSeconds, everySeconds, releasedTime, startTime } = drained;
  if (releasedTime === undefined && shareOf(drained, nowMs) === 0) return undefined;
  const beganMs = Date.parse(releasedTime ?? startTime);
  const nextMs = beganMs + stepsDue(nowMs - beganMs, everySeconds) * everySeconds * 1000;
  const deadlineMs = beganMs + deadlineSeconds * 1000;
  return Math.max(0, (releasedTime === undefined ? Math.min(nextMs, deadlineMs) : nextMs) - nowMs);
}

/** Of several orders for one region the one that began first counts, and after it the next one. */
const firstOf = (orders: readonly DrainOrder[], region: string): (DrainOrder & { startTime: string }) | undefined =>
  orders
    .filter(
      (order): order is DrainOrder & { startTime: string } => order.region === region && order.startTime !== undefined,
    )
    .toSorted((x, y) => (`${x.startTime} ${x.name}` < `${y.startTime} ${y.name}` ? -1 : 1))[0];

const isFor = ({ regionSwitch, startTime }: Drained, order: DrainOrder): boolean =>
  regionSwitch === order.name && startTime === order.startTime;

function begin(order: DrainOrder & { startTime: string }, fromPercent: number): Drained {
  const { deadlineSeconds, everySeconds, name, region, startTime, stepPercent } = order;
  return { region, regionSwitch: name, startTime, fromPercent, stepPercent, everySeconds, deadlineSeconds };
}

function nextIn(region: string, before: Drained | undefined, orders: readonly DrainOrder[], nowMs: number) {
  const order = firstOf(orders, region);
  const isReturning = before?.releasedTime !== undefined;
  if (before && !isReturning && orders.some((each) => isFor(before, each))) return before;
  // From what it has now: nobody sends a region more because a second person wants it empty too.
  if (order) return begin(order, before ? shareOf(before, nowMs) : FULL);
  if (!before) return undefined;
  const released = isReturning ? before : { ...before, releasedTime: isoTime(nowMs) };
  return shareOf(released, nowMs) >= FULL ? undefined : released;
}

/**
 * The regions of a service that get less than their usual share, from what was recorded before.
 *
 * @param orders those that are in force for the service; undefined while they are not known: then nothing changes
 */
export function nextDrains(
  regions: readonly string[],
  before: readonly Drained[],
  orders: readonly DrainOrder[] | undefined,
  nowMs: number,
): readonly Drained[] {
  return regions.flatMap((region) => {
    const known = before.find((drained) => drained.region === region);
    return (orders ? nextIn(region, known, orders, nowMs) : known) ?? [];
  });
}
