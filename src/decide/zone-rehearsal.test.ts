import { expect, it } from 'vitest';
import { aSwitch } from '../../test/support/objects.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import { collectZoneRehearsals } from './zone-rehearsal.ts';

const ZONES = new Map([['east', ['east-a', 'east-b']]]);
const drilled = (
  name: string,
  endTime: string | undefined,
  result: 'Passed' | 'Failed',
  zone = 'east-a',
): RegionSwitch => ({
  ...aSwitch(name, { type: 'Drill', drill: { kind: 'Zone', zone } }),
  status: { observedGeneration: 1, ...(endTime && { endTime }), drill: { phase: 'Ended', result } },
});
const JANUARY = '2026-01-01T00:00:00Z';
const MARCH = '2026-03-01T00:00:00Z';
const place = { region: 'east', zone: 'east-a' };

it('a zone was last tried by the newest drill of it, and last proved by the newest that passed', () => {
  const switches = [drilled('late', MARCH, 'Failed'), drilled('early', JANUARY, 'Passed')];
  const known = { lastTime: MARCH, lastResult: 'Failed', lastBy: 'late', provedTime: JANUARY, provedBy: 'early' };
  expect(collectZoneRehearsals([], switches, ZONES)).toEqual([{ ...place, ...known }]);
  expect(collectZoneRehearsals([], switches.toReversed(), ZONES)).toEqual([{ ...place, ...known }]);
});

it('what is known stays known when its RegionSwitch is gone, and is said once', () => {
  const before = collectZoneRehearsals([], [drilled('early', JANUARY, 'Passed')], ZONES);
  expect(collectZoneRehearsals(before, [], ZONES)).toEqual(before);
  expect(collectZoneRehearsals(before, [drilled('early', JANUARY, 'Passed')], ZONES)).toEqual(before);
});

it('a drill that has not ended, one of a region, and a zone that is gone say nothing', () => {
  const region = aSwitch('r', { type: 'Drill', drill: { kind: 'Region' } });
  const switches = [drilled('open', undefined, 'Passed'), drilled('gone', MARCH, 'Passed', 'east-z'), region];
  expect(collectZoneRehearsals([], switches, ZONES)).toEqual([]);
});
