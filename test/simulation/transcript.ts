interface Line {
  readonly atMs: number;
  readonly who: string;
  readonly what: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const KEPT = 2_000;

/** What happened, in order and in words: the last events of a history, written out only when somebody asks. */
export class Transcript {
  readonly #nowMs: () => number;
  readonly #lines: Line[] = [];

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Notes what `who` did or saw: the id of a process, a region, or `world`. */
  note(who: string, what: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#lines.push({ atMs: this.#nowMs(), who, what, fields });
    if (this.#lines.length > 2 * KEPT) this.#lines.splice(0, KEPT);
  }

  /** The last lines, oldest first; times are true seconds since the start. */
  print(last = KEPT): string[] {
    return this.#lines.slice(-last).map(({ atMs, who, what, fields }) => {
      const details = Object.entries(fields).map(([name, value]) => ` ${name}=${textOf(value)}`);
      return `${(atMs / 1000).toFixed(3).padStart(9)}  ${who.padEnd(12)} ${what}${details.join('')}`;
    });
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? '-'));
