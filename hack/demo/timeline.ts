/** What is seen of one service at one instant, each as sorted names of regions. */
export interface Sight {
  /** Where pods of it run, ready or not. */
  readonly running: readonly string[];
  /** Where every component of it can be reached. */
  readonly serving: readonly string[];
}

/** A time in which nothing changed. Milliseconds since the observation began. */
export interface Interval extends Sight {
  readonly fromMs: number;
  readonly toMs: number;
}

type Test = (sight: Sight) => boolean;

/** In no region. */
export const isServedNowhere: Test = ({ serving }) => serving.length === 0;
/** In more than one region. */
export const runsTwice: Test = ({ running }) => running.length > 1;

/** What was seen of one service, from the first look on. */
export class Timeline {
  readonly #entries: { readonly atMs: number; readonly sight: Sight }[] = [];

  /** Times must not fall. A look that shows nothing new leaves no trace. */
  note(atMs: number, sight: Sight): void {
    const last = this.#entries.at(-1);
    if (!last || !isSame(last.sight, sight)) this.#entries.push({ atMs, sight });
  }

  /** Without gaps, from the later of `fromMs` and the first look, to `toMs`. */
  between(fromMs: number, toMs: number): readonly Interval[] {
    return this.#entries
      .map(({ atMs, sight }, index) => {
        const nextMs = this.#entries[index + 1]?.atMs ?? toMs;
        return { fromMs: Math.max(atMs, fromMs), toMs: Math.min(nextMs, toMs), ...sight };
      })
      .filter((interval) => interval.toMs > interval.fromMs);
  }
}

/** The longest time without a break in which `test` held, in milliseconds. */
export function longestMs(intervals: readonly Interval[], test: Test): number {
  let longest = 0;
  let current = 0;
  for (const interval of intervals) {
    current = test(interval) ? current + interval.toMs - interval.fromMs : 0;
    longest = Math.max(longest, current);
  }
  return longest;
}

/** All time in which `test` held, in milliseconds. */
export function totalMs(intervals: readonly Interval[], test: Test): number {
  return intervals.filter(test).reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
}

const isSame = (a: Sight, b: Sight): boolean => isEqual(a.running, b.running) && isEqual(a.serving, b.serving);

const isEqual = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, index) => name === b[index]);
