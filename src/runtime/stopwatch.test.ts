import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { Stopwatch } from './stopwatch.ts';

test('counts what passes', async () => {
  const clock = new ManualClock();
  const watch = new Stopwatch(clock, 250);
  await clock.advance(3_100);
  expect(watch.elapsedMs()).toBe(3_100);
});

test('loses one part to a wall clock that is set back, and gains nothing by one that is set ahead', async () => {
  const clock = new ManualClock();
  const watch = new Stopwatch(clock, 250);
  await clock.advance(1_100);
  clock.wallOffsetMs -= 16_000;
  await clock.advance(1_000);
  clock.wallOffsetMs += 3_600_000;
  await clock.advance(1_000);
  expect(watch.elapsedMs()).toBe(3_100 - 250);
});

test('counts the time that the process did not run, once', async () => {
  const clock = new ManualClock();
  const watch = new Stopwatch(clock, 250);
  clock.pause(5_000);
  await clock.advance(1_000);
  expect(watch.elapsedMs()).toBe(6_000);
});

test('never counts more than has passed, however the wall clock is set', async () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: -20_000, max: 20_000 })), {
    maxLength: 20,
  });
  await fc.assert(
    fc.asyncProperty(steps, async (given) => {
      const clock = new ManualClock();
      const watch = new Stopwatch(clock, 250);
      let passedMs = 0;
      for (const [ms, wallMs] of given) {
        clock.wallOffsetMs += wallMs;
        await clock.advance(ms);
        passedMs += ms;
        expect(watch.elapsedMs()).toBeLessThanOrEqual(passedMs);
      }
      expect(watch.elapsedMs()).toBeGreaterThanOrEqual(passedMs - 250 * given.length);
      watch.stop();
      expect(clock.pendingTimers).toBe(0);
    }),
    { numRuns: 50 },
  );
});
