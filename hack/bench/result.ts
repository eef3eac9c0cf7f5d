/** One figure against its goal. */
export interface Goal {
  readonly what: string;
  /** For people, with its unit: `<= 7 s`. */
  readonly goal: string;
  readonly measured: string;
  readonly met: boolean;
}

export interface BenchResult {
  readonly name: string;
  readonly goals: readonly Goal[];
  /** Everything else that was measured, for the JSON line. */
  readonly figures: Readonly<Record<string, unknown>>;
}

export interface BenchOptions {
  /** Fewer objects and shorter waits: shows that the benchmark works, not what the operator can do. */
  readonly quick: boolean;
  /** Told what happens, one line at a time. */
  readonly log: (line: string) => void;
}

/** @yields a result as soon as it is known, because a later part may fail */
export type Bench = (options: BenchOptions) => AsyncIterable<BenchResult>;

export function atMost(what: string, value: number, limit: number, unit: string): Goal {
  return { what, goal: `<= ${limit} ${unit}`, measured: `${round(value)} ${unit}`, met: value <= limit };
}

export function atLeast(what: string, value: number, limit: number, unit: string): Goal {
  return { what, goal: `>= ${limit} ${unit}`, measured: `${round(value)} ${unit}`, met: value >= limit };
}

export function exactly(what: string, value: number, wanted: number, unit: string): Goal {
  return { what, goal: `${wanted} ${unit}`, measured: `${round(value)} ${unit}`, met: value === wanted };
}

/** Three digits that mean something are more than any of these figures has. */
export const round = (value: number): number => Number(value.toPrecision(3));

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
