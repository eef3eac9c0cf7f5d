import { DAYS } from '../api/common.ts';
import type { SwitchbackWindow } from '../api/switchback-policy.ts';
import { zoneClock } from './zone-clock.ts';

/** One time that a window is open; the end is no part of it. */
export interface Opening {
  readonly startMs: number;
  readonly endMs: number;
}

const DAY_MS = 86_400_000;
/** From a moment on openings are worked out for so long: the longest stable time, a whole week after it, and a day. */
const HORIZON_MS = 16 * DAY_MS;
const REUSE_MS = 8 * DAY_MS;

function openingsOf(window: SwitchbackWindow, fromMs: number): Opening[] {
  const clock = zoneClock(window.timeZone);
  if (!clock) return [];
  const [hours = 0, minutes = 0] = window.start.split(':').map(Number);
  const openings: Opening[] = [];
  const wholeSecondMs = Math.floor(fromMs / 1000) * 1000;
  const today = Math.floor(clock.shownAt(wholeSecondMs) / DAY_MS) * DAY_MS;
  // Two days back: what opened yesterday may still be open, and be later than its clocks say.
  for (let day = today - 2 * DAY_MS; day <= today + HORIZON_MS; day += DAY_MS) {
    if (!window.days.some((name) => name === DAYS[new Date(day).getUTCDay()])) continue;
    const startMs = clock.momentOf(day + (hours * 60 + minutes) * 60_000);
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
  ...new Set(windows.map(({ timeZone }) => timeZone).filter((zone) => zoneClock(zone) === undefined)),
];
