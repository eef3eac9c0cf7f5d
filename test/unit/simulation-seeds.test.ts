import { describe, expect, it } from 'vitest';
import { coverageTable } from '../simulation/coverage.ts';
import { FIXED, freshSeeds, seedsOf, textOf } from '../simulation/seeds.ts';

const DAY_MS = 86_400_000;

describe('fresh seeds', () => {
  it('are the same all day, and others the next day', () => {
    const at = (ms: number) => freshSeeds(1_500, {}, ms);
    const morning = at(20_000 * DAY_MS);
    expect(at(20_001 * DAY_MS - 1)).toEqual(morning);
    expect(at(20_001 * DAY_MS).first).toBeGreaterThanOrEqual(morning.first + morning.count);
    expect(morning.first).toBeGreaterThan(FIXED.first + FIXED.count);
  });

  it('are those that the environment names', () => {
    const range = freshSeeds(3, { SWITCHBACK_SIM_SEED: '42' }, 0);
    expect([seedsOf(range), textOf(range)]).toEqual([[42, 43, 44], '42 to 44']);
  });

  it.each(['x', '-1', '1.5'])('are not %s', (text) => {
    expect(() => freshSeeds(3, { SWITCHBACK_SIM_SEED: text }, 0)).toThrow('must be a whole number');
  });
});

it('a table of coverage says in how many histories something struck, the most frequent first', () => {
  const table = coverageTable([{ coverage: { cut: 3, crash: 1 } }, { coverage: { cut: 1 } }]);
  expect(table).toEqual([
    'in histories     times  of 2',
    '       100 %         4  cut',
    '        50 %         1  crash',
  ]);
});
