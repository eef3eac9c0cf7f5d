import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aDrill } from '../../test/support/objects.ts';
import { lastOccurrence, nextOccurrence } from './calendar.ts';
import { zoneClock } from './zone-clock.ts';

const schedule = (more: Record<string, unknown> = {}) => aDrill('d', { schedule: more }).schedule;
const iso = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : new Date(ms).toISOString());
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('the next time of a drill', () => {
  it.each<[string, Record<string, unknown>, string, string | undefined]>([
    ['is today when it is still to come', {}, '2026-03-01T01:59:00Z', '2026-03-01T02:00:00.000Z'],
    ['is in a week when it has just come', {}, '2026-03-01T02:00:00Z', '2026-03-08T02:00:00.000Z'],
    ['is the nearest of its days', { days: ['Tue', 'Fri'] }, '2026-03-04T12:00:00Z', '2026-03-06T02:00:00.000Z'],
    [
      'is told by a clock of its zone',
      { timeZone: 'America/New_York' },
      '2026-03-01T03:00:00Z',
      '2026-03-01T07:00:00.000Z',
    ],
    [
      'follows summer time',
      { timeZone: 'Europe/Berlin', start: '12:00' },
      '2026-03-28T00:00:00Z',
      '2026-03-29T10:00:00.000Z',
    ],
    [
      'is an hour later where the clock leaves it out',
      { timeZone: 'Europe/Berlin', start: '02:30' },
      '2026-03-28T00:00:00Z',
      '2026-03-29T01:30:00.000Z',
    ],
    [
      'is the first of two where the clock shows it twice',
      { timeZone: 'Europe/Berlin', start: '02:30' },
      '2026-10-24T12:00:00Z',
      '2026-10-25T00:30:00.000Z',
    ],
    [
      'is on the day of its zone, which may be another one',
      { timeZone: 'Pacific/Auckland', start: '01:00' },
      '2026-03-06T00:00:00Z',
      '2026-03-07T12:00:00.000Z',
    ],
    [
      'is in every n-th week from its first date',
      { everyWeeks: 13, startDate: '2026-01-04' },
      '2026-01-05T00:00:00Z',
      '2026-04-05T02:00:00.000Z',
    ],
    ['is not before its first date', { startDate: '2026-06-01' }, '2026-03-01T00:00:00Z', '2026-06-07T02:00:00.000Z'],
    ['is not known in a zone that does not exist', { timeZone: 'Moon/Base' }, '2026-03-01T00:00:00Z', undefined],
    ['is not planned years ahead', { startDate: '2030-01-01' }, '2026-03-01T00:00:00Z', undefined],
    ['never comes with a date that is none', { startDate: '2026-19-39' }, '2026-03-01T00:00:00Z', undefined],
  ])('%s', (_, when, now, next) => {
    expect(iso(nextOccurrence(schedule(when), Date.parse(now)))).toBe(next);
  });

  it('comes once a week with one day and a week, whatever the zone and the hour', () => {
    const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/Sao_Paulo', 'Asia/Kolkata', 'Australia/Lord_Howe');
    const time = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }));
    const day = fc.constantFrom(...WEEKDAYS);
    const now = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2030, 0, 1) });
    fc.assert(
      fc.property(zones, time, day, now, (timeZone, [hour, minute], weekday, at) => {
        const text = [hour, minute].map((n) => String(n).padStart(2, '0')).join(':');
        const when = schedule({ timeZone, start: text, days: [weekday] });
        const next = nextOccurrence(when, at);
        const following = nextOccurrence(when, next ?? 0);
        if (next === undefined || following === undefined) throw new Error('a drill without an end has a next time');
        expect(next).toBeGreaterThan(at);
        expect(next - at).toBeLessThanOrEqual(7 * DAY_MS + HOUR_MS);
        expect(Math.abs(following - next - 7 * DAY_MS)).toBeLessThanOrEqual(HOUR_MS);
        expect(lastOccurrence(when, next)).toBe(next);
        expect(lastOccurrence(when, next - 1)).not.toBe(next);
      }),
    );
  });
});

describe('the last time of a drill', () => {
  it.each<[string, string, string | undefined]>([
    ['is now at that time', '2026-03-01T02:00:00Z', '2026-03-01T02:00:00.000Z'],
    ['is known for a day', '2026-03-02T01:59:59Z', '2026-03-01T02:00:00.000Z'],
    ['is forgotten after a day', '2026-03-02T02:00:00Z', undefined],
    ['is not a time to come', '2026-03-01T01:59:59Z', undefined],
  ])('%s', (_, now, last) => {
    expect(iso(lastOccurrence(schedule(), Date.parse(now)))).toBe(last);
  });
});

it('a time zone is one that the machine knows', () => {
  expect(['UTC', 'Europe/Berlin', 'Moon/Base', ''].map((zone) => zoneClock(zone) !== undefined)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
