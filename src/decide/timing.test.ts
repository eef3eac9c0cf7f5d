import { expect, it } from 'vitest';
import { timings } from '../api/iu-group.ts';
import {
  computeAgentElection,
  computeGateAskMs,
  computeProtocolTiming,
  computeRecovery,
  fitsElection,
  RIGHT_PROOF_MS,
} from './timing.ts';

const DEFAULTS = computeProtocolTiming(timings.parse({}));

it('waits for lease, take-over and stop on the slowest clock', () => {
  expect(DEFAULTS).toMatchObject({ heartbeatMs: 2000, leaseMs: 7000, takeoverMs: 4000, stopBudgetMs: 4000 });
  expect(DEFAULTS.waitMs).toBeCloseTo((7000 + 4000 + 4000) * 1.2, 6);
});

it('leaves a new agent leader time to prove its right within the take-over', () => {
  const { electionMs, renewEveryMs } = computeAgentElection(DEFAULTS);
  expect(electionMs + RIGHT_PROOF_MS).toBeLessThan(DEFAULTS.takeoverMs);
  expect(2 * renewEveryMs).toBeLessThanOrEqual(electionMs);
});

it.each([
  ['once a second', {}, 1000],
  ['more often where rights are short', { heartbeatSeconds: 1, leaseSeconds: 3 }, 500],
  ['more often where a take-over is', { takeoverSeconds: 1 }, 250],
])('has gates ask %s', (_, more, askMs) => {
  const timing = computeProtocolTiming(timings.parse(more));
  expect(computeGateAskMs(timing)).toBe(askMs);
  const shortestMs = Math.min(timing.leaseMs - timing.heartbeatMs, timing.takeoverMs) / timing.clockRatio;
  expect(2 * askMs).toBeLessThan(shortestMs);
});

it.each([
  [2500, true],
  [2999, true],
  [3000, false],
])('a hub election of %d ms and two heartbeats fit into the lease: %s', (electionMs, fits) => {
  expect(fitsElection(electionMs, DEFAULTS)).toBe(fits);
});

it.each([
  [6000, 20_000],
  [30_000, 32_000],
])(
  'a region that must look lost for %d ms is replaced within %d ms: detection and wait run at once',
  (threshold, promotedWithinMs) => {
    expect(computeRecovery(DEFAULTS, threshold)).toEqual({ detectionMs: threshold, waitMs: 18_000, promotedWithinMs });
  },
);
