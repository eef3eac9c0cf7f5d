const DAY_MS = 86_400_000;

/** The clocks of a time zone. What they show is told as if it were UTC, in milliseconds. */
export interface ZoneClock {
  /** What they show at a moment. */
  readonly shownAt: (utcMs: number) => number;
  /**
   * When they show a time. They show none twice but when they are set back: then the first one counts. A time that they
   * skip is as much later as they are set forward (`compatible` of the ECMAScript proposal Temporal).
   */
  readonly momentOf: (shownMs: number) => number;
}

/** By zone; undefined: there is no such zone. Clocks of a zone are a table that comes with the program. */
const clocks = new Map<string, ZoneClock | undefined>();

/** The clocks of an IANA time zone; undefined when it is not known. */
export function zoneClock(timeZone: string): ZoneClock | undefined {
  if (!clocks.has(timeZone)) clocks.set(timeZone, createClock(timeZone));
  return clocks.get(timeZone);
}

function createClock(timeZone: string): ZoneClock | undefined {
  const format = createFormat(timeZone);
  if (!format) return undefined;
  const shownAt = (utcMs: number): number => {
    const parts = new Map(format.formatToParts(utcMs).map(({ type, value }) => [type, Number(value)]));
    const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
    return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  };
  const offsetAt = (utcMs: number): number => shownAt(utcMs) - utcMs;
  return {
    shownAt,
    momentOf(shownMs) {
      // No zone is set twice within two days.
      const candidates = [shownMs - offsetAt(shownMs - DAY_MS), shownMs - offsetAt(shownMs + DAY_MS)];
      const shown = candidates.filter((utcMs) => shownAt(utcMs) === shownMs);
      return shown.length > 0 ? Math.min(...shown) : Math.max(...candidates);
    },
  };
}

function createFormat(timeZone: string): Intl.DateTimeFormat | undefined {
  const two = '2-digit';
  const fields = { year: 'numeric', month: two, day: two, hour: two, minute: two, second: two } as const;
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', calendar: 'iso8601', ...fields });
  } catch {
    return undefined;
  }
}
