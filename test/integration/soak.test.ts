import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cycle, openSoak, type Soak } from '../soak/cycles.ts';
import { findDrift } from '../soak/drift.ts';
import { describeCycle } from '../soak/report.ts';

/** The region is lost and comes back, again and again: `npm run soak` does it a hundred times. */
const CYCLES = 10;

let soak: Soak;
beforeAll(async () => {
  soak = await openSoak();
});
afterAll(() => soak?.world[Symbol.asyncDispose]());

test(`${CYCLES} failovers and switchbacks leave nothing behind`, { timeout: 600_000 }, async () => {
  const cycles: Cycle[] = [];
  while (cycles.length < CYCLES) {
    const cycle = await soak.cycle();
    cycles.push(cycle);
    console.log(describeCycle(cycle, CYCLES));
  }
  expect(findDrift(cycles)).toEqual([]);
  expect(soak.world.observer.overlaps).toEqual([]);
});
