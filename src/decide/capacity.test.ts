import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aComponent } from '../../test/support/objects.ts';
import { computeNeeded, quantiseLoad } from './capacity.ts';

describe('quantiseLoad', () => {
  it.each([
    [0, 0],
    [1, 1],
    [17, 17],
    [31, 31],
    [33, 34],
    [1000, 1024],
    [1023, 1024],
    [1024, 1024],
    [1025, 1088],
    [60_000, 61_440],
    [2_000_000_000, 2_000_000_000],
  ])('%i agents count as %i', (agents, expected) => {
    expect(quantiseLoad(agents)).toBe(expected);
  });

  const load = fc.integer({ min: 1, max: 2_000_000_000 });

  it('is never below the load and at most 6.25 % above it', () => {
    fc.assert(
      fc.property(load, (agents) => {
        expect(quantiseLoad(agents)).toBeGreaterThanOrEqual(agents);
        expect(quantiseLoad(agents)).toBeLessThanOrEqual(agents * 1.0625);
      }),
    );
  });

  it('rises with the load, and rounding again changes nothing', () => {
    fc.assert(
      fc.property(load, load, (x, y) => {
        expect(quantiseLoad(Math.min(x, y))).toBeLessThanOrEqual(quantiseLoad(Math.max(x, y)));
        expect(quantiseLoad(quantiseLoad(x))).toBe(quantiseLoad(x));
      }),
    );
  });

  it('makes a number of any number', () => {
    for (const agents of [-1, Number.NaN, 0.5, 1e300, Number.POSITIVE_INFINITY]) {
      expect(Number.isSafeInteger(quantiseLoad(agents))).toBe(true);
    }
  });
});

describe('computeNeeded', () => {
  it.each([
    ['one instance outside of pools, which carries the whole load', { pattern: 'A-A', minInstances: 5 }, 9000, 1],
    ['the least number, without a load per instance', { minInstances: 3 }, 9000, 3],
    ['the least number, for a small load', { minInstances: 3, agentsPerInstance: 1000 }, 2000, 3],
    ['one instance per begun share of the load', { agentsPerInstance: 1000 }, 2001, 3],
    ['one instance for no load at all', { agentsPerInstance: 1000 }, 0, 1],
  ])('is %s', (_name, component, agents, expected) => {
    expect(computeNeeded(aComponent(component), agents)).toBe(expected);
  });
});
