import type { DataStoreStatus } from '../api/data-store.ts';

/** How far the copies of a service's data are behind in one region, as the decision sees it. */
export interface DataLag {
  /** The largest that is known, in seconds; undefined: none is known. */
  readonly seconds: number | undefined;
  /** Stores that could tell their lag and have not. */
  readonly unknown: readonly string[];
  /** Stores whose copy there is no copy any more. */
  readonly rebuild: readonly string[];
}

/** `telling`: the stores that have something to tell it with. */
export function dataLagOf(records: readonly DataStoreStatus[], telling: readonly string[]): DataLag {
  const known = records.flatMap(({ lagSeconds }) => (lagSeconds === undefined ? [] : [lagSeconds]));
  const isKnown = (name: string): boolean => records.some((r) => r.name === name && r.lagSeconds !== undefined);
  return {
    seconds: known.length === 0 ? undefined : Math.max(...known),
    unknown: telling.filter((name) => !isKnown(name)),
    rebuild: records.filter(({ state }) => state === 'RebuildNeeded').map(({ name }) => name),
  };
}

/**
 * The lag to be told, so that a steady state is not written again and again: the one told before, until the lag crosses
 * the objective, becomes known or unknown, or has doubled or halved since. Below a second all is zero.
 */
export function lagToTell(
  told: number | undefined,
  measured: number | undefined,
  objectiveSeconds: number | undefined,
): number | undefined {
  if (told === undefined || measured === undefined) return measured;
  const isBeyond = (seconds: number): boolean => objectiveSeconds !== undefined && seconds > objectiveSeconds;
  if (isBeyond(told) !== isBeyond(measured)) return measured;
  if (told === measured) return told;
  const [small, large] = told < measured ? [told, measured] : [measured, told];
  return large >= 2 * small ? measured : told;
}

const MOST_LAG_SECONDS = 2_000_000_000;

/** What a hook wrote as its termination message: seconds, as a number alone. Anything else is unknown, never zero. */
export function parseLag(text: string | undefined): number | undefined {
  const trimmed = text?.trim() ?? '';
  if (!/^\d{1,10}(\.\d{1,9})?$/.test(trimmed)) return undefined;
  // Rounded up: a lag that is there is never told as none.
  const seconds = Math.ceil(Number(trimmed));
  return seconds <= MOST_LAG_SECONDS ? seconds : undefined;
}
