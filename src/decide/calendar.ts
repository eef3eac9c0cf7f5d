import { DAYS } from '../api/common.ts';
import type { DrillSchedule } from '../api/drill-schedule.ts';
import { zoneClock } from './zone-clock.ts';

const DAY_MS = 86_400_000;
/** Nobody plans a drill for longer ahead. */
const DAYS_AHEAD = 731;

type When = Pick<DrillSchedule, 'days' | 'start' | 'timeZone' | 'everyWeeks' | 'startDate'>;

/** Weeks begin on Monday; day 0 was a Thursday. */
const weekOf = (day: number): number => Math.floor((day + 3) / 7);

function isDue({ days, everyWeeks, startDate }: When, day: number): boolean {
  const weekday = DAYS[(day + 4) % 7];
  const first = startDate === undefined ? undefined : Math.floor(Date.parse(`${startDate}T00:00:00Z`) / DAY_MS);
  if (weekday === undefined || !days.includes(weekday) || (first !== undefined && !(day >= first))) return false;
  // Counted from the week of 5 January 1970.
  const anchor = first === undefined ? 1 : weekOf(first);
  return (weekOf(day) - anchor) % everyWeeks === 0;
}

function occurrences(when: When, nowMs: number, offsets: readonly number[]): number[] {
  const clock = zoneClock(when.timeZone);
  if (!clock) return [];
  const [hours = 0, minutes = 0] = when.start.split(':').map(Number);
  const today = Math.floor(clock.shownAt(nowMs) / DAY_MS);
  return offsets
    .map((offset) => today + offset)
    .filter((day) => isDue(when, day))
    .map((day) => clock.momentOf(day * DAY_MS + (hours * 60 + minutes) * 60_000));
}

/** The last of its times that is over, if that was not longer ago than a day. */
export const lastOccurrence = (when: When, nowMs: number): number | undefined =>
  occurrences(when, nowMs, [-2, -1, 0]).findLast((ms) => ms <= nowMs && ms > nowMs - DAY_MS);

export function nextOccurrence(when: When, nowMs: number): number | undefined {
  const clock = zoneClock(when.timeZone);
  if (!clock) return undefined;
  const today = Math.floor(clock.shownAt(nowMs) / DAY_MS);
  for (let offset = -1; offset <= DAYS_AHEAD; offset++) {
    if (!isDue(when, today + offset)) continue;
    const [found] = occurrences(when, nowMs, [offset]);
    if (found !== undefined && found > nowMs) return found;
  }
  return undefined;
}
