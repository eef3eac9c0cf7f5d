import type { Recording } from './alert.ts';

/**
 * Burn rates over several windows, as in "The Site Reliability Workbook", chapter 5: a long window says that it matters, a
 * short one that it goes on, so that an alert ends soon after its cause.
 */
export interface Budget {
  /** What is recorded, for example `service_unavailable`. */
  readonly name: string;
  /** Share of what may go wrong, for example 0.0001. */
  readonly allowed: number;
  /** Numerator and denominator for one window. */
  readonly bad: (window: string) => string;
  readonly all: (window: string) => string;
}

interface Pace {
  readonly long: string;
  readonly short: string;
  /** So many times faster than the budget lasts for 30 days. */
  readonly factor: number;
}

/** 2 % of the budget of 30 days in an hour, 5 % in six hours. */
export const FAST: readonly Pace[] = [
  { long: '1h', short: '5m', factor: 14.4 },
  { long: '6h', short: '30m', factor: 6 },
];
/** 10 % in a day, or in three days. */
export const SLOW: readonly Pace[] = [
  { long: '1d', short: '2h', factor: 3 },
  { long: '3d', short: '6h', factor: 1 },
];

const recordOf = (budget: Budget, window: string): string => `switchback:${budget.name}:ratio_rate${window}`;

export function recordings(budget: Budget): readonly Recording[] {
  const windows = [...new Set([...FAST, ...SLOW].flatMap(({ long, short }) => [short, long]))];
  return windows.map((window) => ({
    record: recordOf(budget, window),
    expr: `sum by (iu_group) (${budget.bad(window)}) / (sum by (iu_group) (${budget.all(window)}) > 0)`,
  }));
}

export const burns = (budget: Budget, paces: readonly Pace[]): string =>
  paces
    .map(({ factor, long, short }) => {
      const limit = Number((factor * budget.allowed).toPrecision(6));
      return `(${recordOf(budget, long)} > ${limit} and ${recordOf(budget, short)} > ${limit})`;
    })
    .join(' or ');
