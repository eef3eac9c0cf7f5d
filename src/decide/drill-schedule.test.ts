import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aDrill, anAssignment, aSwitch } from '../../test/support/objects.ts';
import type { DrillEntry } from '../api/drill-schedule.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import { findObstacle, type Stage } from './drill-obstacle.ts';
import { type DrillQuestion, decideDrill, entryAfter, nameOf } from './drill-schedule.ts';
import { readStanding } from './manual-switch.ts';

const DUE = Date.parse('2026-03-01T02:00:00Z');
const seen = { name: 'd', seenTime: '2026-02-20T00:00:00Z' };
const question = (more: Partial<DrillQuestion> = {}): DrillQuestion => ({
  group: 'americas',
  drill: aDrill('d'),
  entry: seen,
  now: DUE + 1000,
  obstacle: undefined,
  ...more,
});

describe('a drill of the calendar', () => {
  it.each<[string, Partial<DrillQuestion>, string]>([
    ['is begun at its time', {}, 'Start'],
    ['is not begun before', { now: DUE - 1 }, 'Nothing'],
    ['is begun a little late', { now: DUE + 899_000 }, 'Start'],
    ['is left out when the hub was away for too long', { now: DUE + 901_000 }, 'Skip'],
    ['is not made up for after a day', { now: DUE + 90_000_000 }, 'Nothing'],
    ['waits for what it must not overlap with', { obstacle: 'a freeze' }, 'Wait'],
    ['is left out when it had to wait for too long', { obstacle: 'a freeze', now: DUE + 901_000 }, 'Skip'],
    ['is begun once', { entry: { ...seen, lastTime: '2026-03-01T02:00:00Z', lastOutcome: 'Started' } }, 'Nothing'],
    ['is left out once', { entry: { ...seen, lastTime: '2026-03-01T02:00:00Z', lastOutcome: 'Skipped' } }, 'Nothing'],
    ['is not begun for a time that was over when it was written', { entry: undefined }, 'Nothing'],
    ['is left out while it is suspended', { drill: aDrill('d', { suspend: true }) }, 'Skip'],
    ['waits for a time zone that exists', { drill: aDrill('d', { schedule: { timeZone: 'Moon/Base' } }) }, 'Wait'],
  ])('%s', (_, more, kind) => {
    expect(decideDrill(question(more)).kind).toBe(kind);
  });

  it('has one name for each of its times, the same for every hub', () => {
    expect(decideDrill(question({ now: DUE + 5000 }))).toEqual(decideDrill(question({ now: DUE + 1000 })));
    expect(nameOf('americas', 'd', DUE)).toBe('americas-d-20260301t020000z');
    expect(nameOf('a'.repeat(40), 'd'.repeat(40), DUE)).toHaveLength(63);
    expect(nameOf('a'.repeat(40), 'd'.repeat(40), DUE)).not.toBe(nameOf('a'.repeat(40), 'd'.repeat(40), DUE + 60_000));
  });

  it('is begun at most once for each of its times, however often and late one looks', () => {
    const looks = fc.array(fc.record({ afterMs: fc.integer({ min: 1, max: 400_000 }), isBlocked: fc.boolean() }), {
      minLength: 1,
      maxLength: 40,
    });
    let starts = 0;
    fc.assert(
      fc.property(looks, (all) => {
        let entry: DrillEntry | undefined = seen;
        let now = DUE - 300_000;
        const begun: string[] = [];
        for (const { afterMs, isBlocked } of all) {
          now += afterMs;
          const asked = question({ now, entry, obstacle: isBlocked ? 'a freeze' : undefined });
          const step = decideDrill(asked);
          if (step.kind === 'Start') begun.push(step.name);
          entry = entryAfter(asked, step);
        }
        starts += begun.length;
        expect(new Set(begun).size).toBe(begun.length);
        expect(begun.length).toBeLessThanOrEqual(1);
      }),
    );
    expect(starts).toBeGreaterThan(0);
  });

  it('is remembered: what was decided, why, and when it comes again; a second look says nothing new', () => {
    const start = decideDrill(question());
    const begun = entryAfter(question(), start);
    expect(begun).toEqual({
      ...seen,
      lastTime: '2026-03-01T02:00:00Z',
      lastOutcome: 'Started',
      regionSwitch: 'americas-d-20260301t020000z',
      nextTime: '2026-03-08T02:00:00Z',
    });
    const again = question({ entry: begun, now: DUE + 60_000 });
    expect(entryAfter(again, decideDrill(again))).toEqual(begun);
    const late = question({ entry: begun, now: DUE + 7 * 86_400_000 + 1_000_000, obstacle: 'a freeze' });
    const skipped = entryAfter(late, decideDrill(late));
    expect(skipped).toMatchObject({ lastOutcome: 'Skipped', message: 'it could not begin within 900 s: a freeze' });
    expect(skipped.regionSwitch).toBeUndefined();
    const later = question({ entry: skipped, now: late.now + 10_000 });
    expect(entryAfter(later, decideDrill(later))).toEqual(skipped);
  });
});

describe('what a drill of the calendar must not overlap with', () => {
  const stage = (switches: readonly RegionSwitch[], more: Partial<Stage> = {}): Stage => ({
    group: 'americas',
    switches,
    standing: readStanding(switches, 'americas', DUE),
    regions: new Map([
      ['east', 'Healthy'],
      ['west', 'Healthy'],
    ]),
    hubIsolated: false,
    fenced: [],
    now: DUE,
    ...more,
  });
  const ended = (object: RegionSwitch): RegionSwitch => ({
    ...object,
    status: { observedGeneration: 1, endTime: '2026-01-01T00:00:00Z' },
  });
  const later = '2026-03-02T00:00:00Z';

  it.each<[string, Stage, string | undefined]>([
    ['nothing', stage([]), undefined],
    ['switches that are not read', stage([], { standing: undefined }), 'not read yet'],
    ['a freeze', stage([aSwitch('calm', { type: 'Freeze', region: undefined, expiresAt: later })]), 'freezes'],
    ['a switch that is under way', stage([aSwitch('s', { type: 'Switchback' })]), 's is not over'],
    ['a switch that has ended', stage([ended(aSwitch('s', { type: 'Switchback' }))]), undefined],
    ['a region that is kept empty', stage([ended(aSwitch('e'))]), 'keeps region east empty'],
    ['a dry run', stage([aSwitch('s', { dryRun: true })]), undefined],
    ['a switch of another group', stage([aSwitch('s', { iuGroupRef: { name: 'emea' } })]), undefined],
    ['a hub that suspects itself, though it sees all regions', stage([], { hubIsolated: true }), 'suspects itself'],
    ['a region that is not well', stage([], { regions: new Map([['east', 'Degraded']]) }), 'region east is Degraded'],
    ['a region that is not known', stage([], { regions: new Map([['east', 'Unknown']]) }), 'region east is Unknown'],
    [
      'a service on its way',
      stage([], { fenced: [{ assignment: anAssignment('2 west>east'), grantedEpoch: 1 }] }),
      'is being moved',
    ],
  ])('%s', (_, seenNow, words) => {
    if (words === undefined) expect(findObstacle(seenNow)).toBeUndefined();
    else expect(findObstacle(seenNow)).toContain(words);
  });
});
