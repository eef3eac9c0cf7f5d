/**
 * Which histories are played: some that are always the same, and as many as are asked for that nobody has played before.
 */

/** Seeds 1 to 60 never change. */
export const FIXED = { first: 1, count: 60 } as const;

/** Fresh ranges begin here, and leave room below for those of one's own. */
const FRESH_FROM = 1_000_000;
/** More than are played on one day. */
const A_DAY = 10_000;
const DAY_MS = 86_400_000;

/** The environment variable that sets the first fresh seed: it plays the histories of another day again. */
export const SEED_VARIABLE = 'SWITCHBACK_SIM_SEED';

export interface SeedRange {
  readonly first: number;
  readonly count: number;
}

/** Another range each day (UTC), the same one all day, unless the variable names its first seed. */
export function freshSeeds(count: number, env: Readonly<Record<string, string | undefined>>, nowMs: number): SeedRange {
  const wanted = env[SEED_VARIABLE];
  if (wanted === undefined || wanted === '') return { first: FRESH_FROM + Math.floor(nowMs / DAY_MS) * A_DAY, count };
  const first = Number(wanted);
  if (!Number.isSafeInteger(first) || first < 0) throw new Error(`${SEED_VARIABLE} must be a whole number: ${wanted}`);
  return { first, count };
}

export const seedsOf = ({ count, first }: SeedRange): number[] =>
  Array.from({ length: count }, (_, index) => first + index);

export const textOf = ({ count, first }: SeedRange): string => `${first} to ${first + count - 1}`;
