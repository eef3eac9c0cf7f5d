import { isoTime } from '../api/common.ts';
import type { DrillEntry, ScheduledDrill } from '../api/drill-schedule.ts';
import { lastOccurrence, nextOccurrence } from './calendar.ts';
import { joinName } from './name.ts';
import { zoneClock } from './zone-clock.ts';

/** What is done about a drill of the calendar now. */
export type DrillStep =
  | { readonly kind: 'Nothing' }
  | { readonly kind: 'Wait'; readonly message: string }
  | { readonly kind: 'Skip'; readonly dueAt: number; readonly message: string }
  | { readonly kind: 'Start'; readonly dueAt: number; readonly name: string };

export interface DrillQuestion {
  readonly group: string;
  readonly drill: ScheduledDrill;
  /** What was decided before; undefined: the drill is seen for the first time, and its times so far are over. */
  readonly entry: DrillEntry | undefined;
  readonly now: number;
  /** What a drill must not overlap with, in a sentence; undefined: nothing. */
  readonly obstacle: string | undefined;
}

/** The same for every hub, and for the same hub after a crash: of two that are made only one is taken. */
export function nameOf(group: string, drill: string, dueAt: number): string {
  const stamp = isoTime(dueAt).replace(/[-:]/g, '').toLowerCase();
  return joinName([group, drill, stamp], 63);
}

export function decideDrill({ drill, entry, group, now, obstacle }: DrillQuestion): DrillStep {
  const { schedule, suspend } = drill;
  if (!zoneClock(schedule.timeZone)) {
    return { kind: 'Wait', message: `time zone ${schedule.timeZone} is not known: see the IANA time zone database` };
  }
  const dueAt = lastOccurrence(schedule, now);
  const handledAt = Date.parse(entry?.lastTime ?? entry?.seenTime ?? isoTime(now));
  if (dueAt === undefined || dueAt <= handledAt) return { kind: 'Nothing' };
  if (suspend) return { kind: 'Skip', dueAt, message: 'it is suspended' };
  const lateMs = now - dueAt;
  if (lateMs > schedule.startWithinSeconds * 1000) {
    const why = obstacle ?? 'the hub was away at its time';
    return { kind: 'Skip', dueAt, message: `it could not begin within ${schedule.startWithinSeconds} s: ${why}` };
  }
  return obstacle === undefined
    ? { kind: 'Start', dueAt, name: nameOf(group, drill.name, dueAt) }
    : { kind: 'Wait', message: `it waits: ${obstacle}` };
}

/** What is remembered of a drill after that step. */
export function entryAfter({ drill, entry, now }: DrillQuestion, step: DrillStep): DrillEntry {
  const nextAt = nextOccurrence(drill.schedule, now);
  const { message: _, nextTime: __, ...before } = entry ?? { name: drill.name, seenTime: isoTime(now) };
  const next = nextAt === undefined ? {} : { nextTime: isoTime(nextAt) };
  const told = entry?.message === undefined ? {} : { message: entry.message };
  switch (step.kind) {
    case 'Nothing':
      return { ...before, ...(before.lastOutcome === 'Skipped' ? told : {}), ...next };
    case 'Wait':
      return { ...before, message: step.message.slice(0, 512), ...next };
    case 'Skip': {
      const { regionSwitch: ___, ...rest } = before;
      const lastTime = isoTime(step.dueAt);
      return { ...rest, lastTime, lastOutcome: 'Skipped', message: step.message.slice(0, 512), ...next };
    }
    case 'Start':
      return { ...before, lastTime: isoTime(step.dueAt), lastOutcome: 'Started', regionSwitch: step.name, ...next };
    default:
      return step satisfies never;
  }
}
