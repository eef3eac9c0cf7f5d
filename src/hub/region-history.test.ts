import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { RegionState } from '../decide/diagnosis.ts';
import { RegionHistory } from './region-history.ts';

let clock: ManualClock;
let history: RegionHistory;
beforeEach(() => {
  clock = new ManualClock();
  history = new RegionHistory(clock);
});

async function see(itself: RegionState, seconds: number, more: { hasRecovered?: boolean; isSeen?: boolean } = {}) {
  for (let second = 0; second < seconds; second++) {
    history.judged({ itself, hasRecovered: more.hasRecovered ?? false, isSeen: more.isSeen });
    await clock.advance(1000);
  }
}

describe('a region that was lost', () => {
  it('counts from when it is well, and begins anew when it is not for a moment', async () => {
    await see('Lost', 3);
    await see('Healthy', 5);
    expect([history.wellForMs, history.wellAgainForMs]).toEqual([5000, 5000]);
    await see('Degraded', 1);
    expect(history.wellAgainForMs).toBe(0);
    await see('Healthy', 2);
    expect(history.wellAgainForMs).toBe(2000);
  });

  it('is one no more once it has recovered', async () => {
    await see('Lost', 1);
    await see('Healthy', 1, { hasRecovered: true });
    await see('Degraded', 1);
    await see('Healthy', 1);
    expect(history.wellAgainForMs).toBeUndefined();
  });
});

it('a region that is lost has been so without a break, and whoever leads anew begins to count', async () => {
  await see('Lost', 3);
  expect(history.lostForMs).toBe(3000);
  await see('Degraded', 1);
  expect(history.lostForMs).toBeUndefined();
  await see('Lost', 2);
  expect(history.lostForMs).toBe(2000);
  history.forget();
  expect(history.lostForMs).toBeUndefined();
});

it('a region that was never lost has nothing to recover from', async () => {
  await see('Unknown', 1);
  await see('Healthy', 1);
  expect(history.wellAgainForMs).toBeUndefined();
});

it('changes are those between well and not well; what is not known is none, nor is the beginning', async () => {
  await see('Unknown', 1);
  await see('Healthy', 1);
  await see('Unknown', 1);
  await see('Healthy', 1);
  expect(history.changeAgesMs).toEqual([]);
  await see('Degraded', 1);
  await see('Lost', 1);
  await see('Healthy', 1);
  expect(history.changeAgesMs).toEqual([1000, 3000]);
});

it('is seen until somebody says otherwise; silence takes nothing back', async () => {
  await see('Degraded', 1, { isSeen: true });
  await see('Degraded', 2);
  expect(history.sinceSeenMs).toBe(3000);
  await see('Degraded', 1, { isSeen: false });
  expect(history.sinceSeenMs).toBeUndefined();
});

it('a new leadership knows nothing of it', async () => {
  await see('Lost', 1, { isSeen: true });
  await see('Healthy', 1);
  history.forget();
  expect([history.wellForMs, history.wellAgainForMs, history.sinceSeenMs, history.changeAgesMs]).toEqual([
    0,
    undefined,
    undefined,
    [],
  ]);
});
