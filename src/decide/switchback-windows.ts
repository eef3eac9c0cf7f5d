import { DAYS, type SwitchbackWindow } from '../api/switchback-policy.ts';

/** One time that a window is open; the end is no part of it. */
export interface Opening {
  readonly startMs: number;
  readonly endMs: number;
}

const DAY_MS = 86_400_000;
/** From a moment on openings are worked out for so long: the longest stable time, a whole week after it, and a day. */
const HORIZON_MS = 16 * DAY_MS;
const REUSE_MS = 8 * DAY_MS;

/** By zone; undefined: there is no such zone. Clocks of a zone are a table that comes with the program. */
const formats = new Map<string, Intl.DateTimeFormat | undefined>();

function formatOf(zone: string): Intl.DateTimeFormat | undefined {
  if (!formats.has(zone)) formats.set(zone, createFormat(zone));
  return formats.get(zone);
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

/** What the clocks of a zone show at a moment, as if it were UTC. */
function clocksAt(format: Intl.DateTimeFormat, utcMs: number): number {
  const parts = new Map(format.formatToParts(utcMs).map(({ type, value }) => [type, Number(value)]));
  const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
}

/**
 * When the clocks of a zone show a time. They show none twice but when they are set back: then the first one counts. A
 * time that they skip is as much later as they are set forward (`compatible` of the ECMAScript proposal Temporal).
 */
function momentOf(format: Intl.DateTimeFormat, shownMs: number): number {
  const offsetAt = (utcMs: number): number => clocksAt(format, utcMs) - utcMs;
  // No zone is set twice within two days.
  const candidates = [shownMs - offsetAt(shownMs - DAY_MS), shownMs - offsetAt(shownMs + DAY_MS)];
  const shown = candidates.filter((utcMs) => clocksAt(format, utcMs) === shownMs);
  return shown.length > 0 ? Math.min(...shown) : Math.max(...candidates);
}

function openingsOf(window: SwitchbackWindow, fromMs: number): Opening[] {
  const format = formatOf(window.timeZone);
  if (!format) return [];
  const [hours = 0, minutes = 0] = window.start.split(':').map(Number);
  const openings: Opening[] = [];
  const wholeSecondMs = Math.floor(fromMs / 1000) * 1000;
  const today = Math.floor(clocksAt(format, wholeSecondMs) / DAY_MS) * DAY_MS;
  // Two days back: what opened yesterday may still be open, and be later than its clocks say.
  for (let day = today - 2 * DAY_MS; day <= today + HORIZON_MS; day += DAY_MS) {
    if (!window.days.some((name) => name === DAYS[new Date(day).getUTCDay()])) continue;
    const startMs = momentOf(format, day + (hours * 60 + minutes) * 60_000);
    openings.push({ startMs, endMs: startMs + window.durationSeconds * 1000 });
  }
  return openings;
}

interface Known {
  readonly fromMs: number;
  /** By start. */
  readonly openings: readonly Opening[];
}

/** It is asked for each service that is held, twice a second, and the answer changes once in days. */
const known = new WeakMap<readonly SwitchbackWindow[], Known>();

function allOpenings(windows: readonly SwitchbackWindow[], fromMs: number): readonly Opening[] {
  const before = known.get(windows);
  if (before && fromMs >= before.fromMs && fromMs < before.fromMs + REUSE_MS) return before.openings;
  const openings = windows.flatMap((window) => openingsOf(window, fromMs)).sort((x, y) => x.startMs - y.startMs);
  known.set(windows, { fromMs, openings });
  return openings;
}

/** The first opening that is not over at a moment; undefined when no window has a zone that is known. */
export const nextOpening = (windows: readonly SwitchbackWindow[], fromMs: number): Opening | undefined =>
  allOpenings(windows, fromMs).find(({ endMs }) => endMs > fromMs);

/** Zones that windows name and that are not known. */
export const unknownZones = (windows: readonly SwitchbackWindow[]): string[] => [
  ...new Set(windows.map(({ timeZone }) => timeZone).filter((zone) => formatOf(zone) === undefined)),
];
