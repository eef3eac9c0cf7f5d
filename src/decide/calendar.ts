import type { DrillSchedule } from '../api/drill-schedule.ts';

const DAY_MS = 86_400_000;
const WEEKDAYS: readonly DrillSchedule['days'][number][] = [
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
  'Sunday',
];
/** Nobody plans a drill for longer ahead. */
const DAYS_AHEAD = 731;

type When = Pick<DrillSchedule, 'days' | 'time' | 'timeZone' | 'everyWeeks' | 'startDate'>;

/** Reads a clock in a time zone: what it shows, as if it were UTC. Undefined: nobody knows such a zone. */
function clockOf(timeZone: string): ((ms: number) => number) | undefined {
  try {
    const format = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    });
    return (ms) => {
      const parts = new Map(format.formatToParts(ms).map(({ type, value }): [string, number] => [type, Number(value)]));
      const get = (type: string): number => parts.get(type) ?? 0;
      return Date.UTC(get('year'), get('month') - 1, get('day'), get('hour'), get('minute'));
    };
  } catch {
    return undefined;
  }
}

export const isTimeZone = (timeZone: string): boolean => clockOf(timeZone) !== undefined;

/**
 * When a clock in the zone shows a time. Where it shows it twice the first one counts; a time that it leaves out is taken
 * as much later as it leaves out.
 */
function instantOf(shown: number, clock: (ms: number) => number): number {
  const offsets = [shown - DAY_MS, shown + DAY_MS].map((ms) => clock(ms) - ms);
  const instants = offsets.map((offset) => shown - offset).sort((x, y) => x - y);
  return instants.find((ms) => clock(ms) === shown) ?? instants.at(-1) ?? shown;
}

/** Weeks begin on Monday; day 0 was a Thursday. */
const weekOf = (day: number): number => Math.floor((day + 3) / 7);

function isDue({ days, everyWeeks, startDate }: When, day: number): boolean {
  const weekday = WEEKDAYS[(day + 3) % 7];
  const first = startDate === undefined ? undefined : Math.floor(Date.parse(`${startDate}T00:00:00Z`) / DAY_MS);
  if (weekday === undefined || !days.includes(weekday) || (first !== undefined && !(day >= first))) return false;
  // Counted from the week of 5 January 1970.
  const anchor = first === undefined ? 1 : weekOf(first);
  return (weekOf(day) - anchor) % everyWeeks === 0;
}

function occurrences(when: When, nowMs: number, offsets: readonly number[]): number[] {
  const clock = clockOf(when.timeZone);
  if (!clock) return [];
  const [hours = 0, minutes = 0] = when.time.split(':').map(Number);
  const today = Math.floor(clock(nowMs) / DAY_MS);
  return offsets
    .map((offset) => today + offset)
    .filter((day) => isDue(when, day))
    .map((day) => instantOf(day * DAY_MS + (hours * 60 + minutes) * 60_000, clock));
}

/** The last of its times that is over, if that was not longer ago than a day. */
export const lastOccurrence = (when: When, nowMs: number): number | undefined =>
  occurrences(when, nowMs, [-2, -1, 0]).findLast((ms) => ms <= nowMs && ms > nowMs - DAY_MS);

export function nextOccurrence(when: When, nowMs: number): number | undefined {
  const clock = clockOf(when.timeZone);
  if (!clock) return undefined;
  const today = Math.floor(clock(nowMs) / DAY_MS);
  for (let offset = -1; offset <= DAYS_AHEAD; offset++) {
    if (!isDue(when, today + offset)) continue;
    const [found] = occurrences(when, nowMs, [offset]);
    if (found !== undefined && found > nowMs) return found;
  }
  return undefined;
}
