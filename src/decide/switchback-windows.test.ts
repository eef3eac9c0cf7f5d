import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAYS } from '../api/common.ts';
import type { SwitchbackWindow } from '../api/switchback-policy.ts';
import { nextOpening, unknownZones } from './switchback-windows.ts';

const HOUR_MS = 3_600_000;
const window = (timeZone: string, start: string, more: Partial<SwitchbackWindow> = {}): SwitchbackWindow => ({
  days: [...DAYS],
  start,
  durationSeconds: 3600,
  timeZone,
  ...more,
});
const iso = (ms: number | undefined): string => (ms === undefined ? 'never' : new Date(ms).toISOString().slice(0, 16));
const opens = (one: SwitchbackWindow, from: string): string => iso(nextOpening([one], Date.parse(`${from}Z`))?.startMs);

describe('a window opens when the clocks of its zone say so', () => {
  it.each<[string, string, string, string, string]>([
    ['UTC', 'UTC', '22:00', '2026-01-01T12:00', '2026-01-01T22:00'],
    ['Berlin in winter', 'Europe/Berlin', '22:00', '2026-01-01T12:00', '2026-01-01T21:00'],
    ['Berlin in summer', 'Europe/Berlin', '22:00', '2026-07-01T12:00', '2026-07-01T20:00'],
    [
      'Berlin, a time that is skipped, is as much later',
      'Europe/Berlin',
      '02:30',
      '2026-03-28T12:00',
      '2026-03-29T01:30',
    ],
    ['Berlin, the day after that', 'Europe/Berlin', '02:30', '2026-03-29T12:00', '2026-03-30T00:30'],
    [
      'Berlin, a time that comes twice, the first one',
      'Europe/Berlin',
      '02:30',
      '2026-10-24T12:00',
      '2026-10-25T00:30',
    ],
    ['New York, skipped', 'America/New_York', '02:30', '2026-03-07T12:00', '2026-03-08T07:30'],
    ['New York, twice', 'America/New_York', '01:30', '2026-10-31T12:00', '2026-11-01T05:30'],
    ['New York, the evening of that day', 'America/New_York', '22:00', '2026-11-01T12:00', '2026-11-02T03:00'],
    [
      'Lord Howe, where half an hour is skipped',
      'Australia/Lord_Howe',
      '02:15',
      '2026-10-03T00:00',
      '2026-10-03T15:45',
    ],
    [
      'Lord Howe, where half an hour comes twice',
      'Australia/Lord_Howe',
      '01:45',
      '2026-04-04T00:00',
      '2026-04-04T14:45',
    ],
    ['Kolkata, where nothing changes', 'Asia/Kolkata', '00:00', '2026-03-29T12:00', '2026-03-29T18:30'],
  ])('%s', (_, zone, start, from, expected) => {
    expect(opens(window(zone, start), from)).toBe(expected);
  });

  it('on the days that it names, which are those of its zone', () => {
    // In Kolkata the Saturday has begun, in UTC it is still Friday, the 2nd.
    const saturday = window('Asia/Kolkata', '01:00', { days: ['Sat'] });
    expect(opens(saturday, '2026-01-01T00:00')).toBe('2026-01-02T19:30');
    expect(opens(saturday, '2026-01-02T21:00')).toBe('2026-01-09T19:30');
  });

  it('and stays open for as long as it says, past midnight and whatever the clocks are set to', () => {
    const night = window('Europe/Berlin', '23:00', { days: ['Sat'], durationSeconds: 4 * 3600 });
    const opening = nextOpening([night], Date.parse('2026-03-29T00:59Z'));
    expect([iso(opening?.startMs), iso(opening?.endMs)]).toEqual(['2026-03-28T22:00', '2026-03-29T02:00']);
    expect(opens(night, '2026-03-29T02:00')).toBe('2026-04-04T21:00');
  });

  it('of several the first one that is not over', () => {
    const windows = [window('UTC', '22:00'), window('America/New_York', '02:00')];
    expect(iso(nextOpening(windows, Date.parse('2026-01-01T06:00Z'))?.startMs)).toBe('2026-01-01T07:00');
    expect(iso(nextOpening(windows, Date.parse('2026-01-01T08:00Z'))?.startMs)).toBe('2026-01-01T22:00');
  });

  it('never in a zone that nobody knows, which is told', () => {
    const windows = [window('Europe/Berln', '22:00'), window('Europe/Berln', '23:00')];
    expect(nextOpening(windows, 0)).toBeUndefined();
    expect(unknownZones([...windows, window('UTC', '22:00')])).toEqual(['Europe/Berln']);
  });
});

const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', 'Pacific/Kiritimati'];
const two = (n: number): string => String(n).padStart(2, '0');
const aWindow = fc
  .record({
    days: fc.subarray([...DAYS], { minLength: 1 }),
    hour: fc.nat(23),
    minute: fc.nat(59),
    durationSeconds: fc.integer({ min: 60, max: 86_400 }),
    timeZone: fc.constantFrom(...ZONES),
  })
  .map(({ hour, minute, ...rest }): SwitchbackWindow => ({ ...rest, start: `${two(hour)}:${two(minute)}` }));
/** Half of them near a change of the clocks. */
const CHANGES = ['2026-03-08', '2026-03-29', '2026-04-04', '2026-10-03', '2026-10-25', '2026-11-01'].map((day) =>
  Date.parse(`${day}T00:00:00Z`),
);
const aTime = fc.oneof(
  fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2030, 0, 1) }),
  fc
    .record({ day: fc.constantFrom(...CHANGES), ms: fc.integer({ min: -30 * HOUR_MS, max: 54 * HOUR_MS }) })
    .map(({ day, ms }) => day + ms),
);
/** What the clocks of a zone show, told by another part of Intl than the code under test uses. */
const shown = (zone: string, ms: number): string => (clocks.get(zone) ?? makeClock(zone)).format(ms).slice(-5);
const clocks = new Map<string, Intl.DateTimeFormat>();
function makeClock(zone: string): Intl.DateTimeFormat {
  const made = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
  clocks.set(zone, made);
  return made;
}

describe('in any zone at any time', () => {
  it('the next opening is not over, begins within eight days, and lasts as long as it says', () => {
    fc.assert(
      fc.property(aWindow, aTime, (one, from) => {
        const opening = nextOpening([one], from);
        expect(opening?.endMs).toBeGreaterThan(from);
        expect(opening?.startMs).toBeLessThan(from + 8 * 24 * HOUR_MS + 2 * HOUR_MS);
        expect((opening?.endMs ?? 0) - (opening?.startMs ?? 0)).toBe(one.durationSeconds * 1000);
      }),
      { numRuns: 2000 },
    );
  });

  it('it begins when the clocks show its start, or not more than an hour later where they skip it', () => {
    fc.assert(
      fc.property(aWindow, aTime, (one, from) => {
        const startMs = nextOpening([one], from)?.startMs ?? 0;
        const [hour = 0, minute = 0] = shown(one.timeZone, startMs).split(':').map(Number);
        const [h = 0, m = 0] = one.start.split(':').map(Number);
        const late = hour * 60 + minute - h * 60 - m;
        expect([0, 30, 60]).toContain(late);
        // As much later as the clocks are set forward: a moment before they show less.
        if (late > 0) expect(shown(one.timeZone, startMs - late * 60_000)).not.toBe(one.start);
      }),
      { numRuns: 2000 },
    );
  });

  it('asking later never gives an earlier opening, and the same one until it is over', () => {
    fc.assert(
      fc.property(
        fc.array(aWindow, { minLength: 1, maxLength: 3 }),
        aTime,
        fc.nat(20 * 24 * HOUR_MS),
        (all, from, more) => {
          const [first, second] = [nextOpening(all, from), nextOpening(all, from + more)];
          expect(second?.startMs).toBeGreaterThanOrEqual(first?.startMs ?? 0);
          if (from + more < (first?.endMs ?? 0)) expect(second?.startMs).toBe(first?.startMs);
          // What is kept from one question to the next changes no answer.
          expect(nextOpening([...all], from + more)).toEqual(second);
        },
      ),
      { numRuns: 500 },
    );
  });
});
