import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aSwitch } from '../../test/support/objects.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import { attemptsOf, collectRehearsals, judgeRehearsals, lastProved } from './rehearsal.ts';

const NOW = Date.parse('2026-06-01T00:00:00Z');
const REGIONS = ['east', 'west'];
const moved = (from: string, to: string, more: Record<string, unknown> = {}) => ({
  name: 'ns/mail',
  from,
  to,
  epoch: 2,
  decidedTime: '2026-01-01T00:00:00Z',
  readyTime: '2026-01-01T00:00:05Z',
  ...more,
});
const over = (name: string, spec: Record<string, unknown>, status: Record<string, unknown>): RegionSwitch => ({
  ...aSwitch(name, spec),
  status: { observedGeneration: 1, endTime: '2026-03-01T00:00:00Z', services: [moved('east', 'west')], ...status },
});
const drillOver = (name: string, result: 'Passed' | 'Failed' | 'Aborted', endTime: string): RegionSwitch =>
  over(
    name,
    { type: 'Drill', drill: { kind: 'Region' } },
    {
      endTime,
      drill: { phase: 'Ended', result },
      back: { steps: [], services: [moved('west', 'east')], servicesTotal: 1 },
    },
  );

describe('what a switch says of two regions', () => {
  it.each<[string, RegionSwitch, string[]]>([
    [
      'a drill speaks of both ways',
      drillOver('d', 'Passed', '2026-03-01T00:00:00Z'),
      ['east>west Passed', 'west>east Passed'],
    ],
    [
      'a drill that failed too',
      drillOver('d', 'Failed', '2026-03-01T00:00:00Z'),
      ['east>west Failed', 'west>east Failed'],
    ],
    ['a switch in earnest speaks of its own', over('s', {}, {}), ['east>west Passed']],
    [
      'a service that never got ready there proves nothing',
      over('s', {}, { services: [moved('east', 'west'), moved('east', 'west', { readyTime: undefined })] }),
      ['east>west Failed'],
    ],
    [
      'nor does one that was moved on',
      over('s', {}, { services: [moved('east', 'west', { superseded: true })] }),
      ['east>west Failed'],
    ],
    ['one that is not over says nothing', over('s', {}, { endTime: undefined }), []],
    ['nor does one that moved nothing', over('s', {}, { services: [] }), []],
  ])('%s', (_, object, said) => {
    expect(attemptsOf(object).map(({ from, result, to }) => `${from}>${to} ${result}`)).toEqual(said);
  });
});

describe('when two regions were last proved', () => {
  const good = drillOver('good', 'Passed', '2026-03-01T00:00:00Z');
  const bad = drillOver('bad', 'Aborted', '2026-04-01T00:00:00Z');

  it('is told beside what was last tried', () => {
    expect(collectRehearsals([], [bad, good], REGIONS)[0]).toEqual({
      from: 'east',
      to: 'west',
      lastTime: '2026-04-01T00:00:00Z',
      lastResult: 'Aborted',
      lastBy: 'bad',
      provedTime: '2026-03-01T00:00:00Z',
      provedBy: 'good',
    });
  });

  it('is the same in whatever order switches are seen, and stays when they are deleted', () => {
    const all = ['Passed', 'Failed', 'Aborted'].flatMap((result, i) =>
      [1, 4, 7].map((month) => drillOver(`${result}-${month}`, result as 'Passed', `2026-0${month + i}-01T00:00:00Z`)),
    );
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: all.length }), fc.nat(all.length), (shuffled, cut) => {
        const first = collectRehearsals([], shuffled.slice(0, cut), REGIONS);
        const expected = collectRehearsals([], all, REGIONS);
        expect(collectRehearsals(first, shuffled.slice(cut), REGIONS)).toEqual(expected);
        expect(collectRehearsals(expected, [], REGIONS)).toEqual(expected);
      }),
    );
  });

  it('is forgotten with a region that is no part of the group any more', () => {
    expect(collectRehearsals(collectRehearsals([], [good], REGIONS), [], ['east'])).toEqual([]);
  });
});

describe('readiness', () => {
  const proofs = (at: string) =>
    lastProved(collectRehearsals([], [drillOver('d', 'Passed', at)], REGIONS), ['east', 'west']);
  it.each<[string, Map<string, never> | ReturnType<typeof proofs>, string, string]>([
    ['is there when every region was proved lately', proofs('2026-05-01T00:00:00Z'), 'True', 'within 90 days'],
    [
      'grows old',
      proofs('2026-03-01T00:00:00Z'),
      'False',
      'a switch away from region east was last proved at 2026-03-01T00:00:00Z by RegionSwitch d, more than 90 days ago (and 1 more)',
    ],
    ['is missing where nothing was ever proved', lastProved([], ['east']), 'False', 'region east was never proved'],
    ['is not asked of a region that nothing has to leave', lastProved([], []), 'True', ''],
  ])('%s', (_, known, status, words) => {
    const state = judgeRehearsals(known, 90, NOW);
    expect(state).toMatchObject({ type: 'Rehearsed', status });
    expect(state.message).toContain(words);
  });
});
