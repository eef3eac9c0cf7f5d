import { isoTime } from '../api/common.ts';
import type { Ramped, TrafficPolicy } from '../api/traffic.ts';
import type { RegionWeight } from './weights.ts';

const FULL = 100;

const stepMs = ({ seconds, steps }: Pick<Ramped, 'seconds' | 'steps'>): number => (seconds * 1000) / steps;

/** Steps that are due; the first one at once. A clock that was set back takes none back. */
const stepsDue = (ramp: Ramped, nowMs: number): number =>
  Math.min(ramp.steps, 1 + Math.floor(Math.max(0, nowMs - Date.parse(ramp.startTime)) / stepMs(ramp)));

/** What a region gets at a time, in percent of its usual share. It follows from recorded times alone. */
export const rampShare = (ramp: Ramped, nowMs: number): number =>
  Math.floor((FULL * stepsDue(ramp, nowMs)) / ramp.steps);

/** When the share rises next, in milliseconds. */
export const nextRampInMs = (ramp: Ramped, nowMs: number): number =>
  Math.max(0, Date.parse(ramp.startTime) + Math.ceil(stepsDue(ramp, nowMs) * stepMs(ramp)) - nowMs);

/** What is known of an `Active` service when its ramps are worked out. */
export interface RampFacts {
  readonly regions: readonly string[];
  readonly serving: ReadonlySet<string>;
  /** Regions that get less because a person wants them empty: they come back by those steps. */
  readonly drained: ReadonlySet<string>;
  /** The last shares; undefined before the first ones. */
  readonly last: readonly RegionWeight[] | undefined;
  readonly before: readonly Ramped[];
}

/**
 * The regions that serve again and have not got all of their share back. One begins where a region serves that had
 * nothing; it ends with its last step, or when the region serves no more.
 */
export function nextRamps(
  { before, drained, last, regions, serving }: RampFacts,
  { rampSeconds, rampSteps }: Pick<TrafficPolicy, 'rampSeconds' | 'rampSteps'>,
  nowMs: number,
): readonly Ramped[] {
  return regions.flatMap((region): Ramped[] => {
    if (!serving.has(region)) return [];
    const known = before.find((ramp) => ramp.region === region);
    if (known) return rampShare(known, nowMs) < FULL ? [known] : [];
    const hadNothing = last?.find((entry) => entry.region === region)?.weight === 0;
    if (!hadNothing || drained.has(region) || rampSteps < 2) return [];
    return [{ region, startTime: isoTime(nowMs), steps: rampSteps, seconds: rampSeconds }];
  });
}
