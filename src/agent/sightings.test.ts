import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { API_VERSION } from '../api/common.ts';
import type { RegionLease } from '../api/region-lease.ts';
import { PeerSightings } from './sightings.ts';

const HEARTBEAT_MS = 2000;
let clock: ManualClock;
let sightings: PeerSightings;
let beats: number;

beforeEach(() => {
  clock = new ManualClock();
  sightings = new PeerSightings({ clock, timing: { heartbeatMs: HEARTBEAT_MS, takeoverMs: 4000 } });
  beats = 0;
  sightings.keep(new Set(['east']));
});

const lease = (withoutRight?: boolean): RegionLease => ({
  apiVersion: API_VERSION,
  kind: 'RegionLease',
  metadata: { name: 'east' },
  spec: { agent: { nonce: `n${beats}`, ...(withoutRight === undefined ? {} : { withoutRight }) } },
});

/** A heartbeat passes; east beats in it, answers without a beat, or does not answer. Returns how often that was news. */
async function pass(heartbeats: number, what: 'beats' | 'answers' | 'silent', withoutRight?: boolean): Promise<number> {
  let news = 0;
  for (let n = 0; n < heartbeats; n++) {
    await clock.advance(HEARTBEAT_MS);
    if (what === 'beats') beats += 1;
    const isNews = what === 'silent' ? sightings.failed('east') : sightings.answered('east', lease(withoutRight));
    if (isNews) news += 1;
  }
  return news;
}

describe('a peer', () => {
  it('is reachable after two new nonces: the first one seen may be old', async () => {
    await pass(2, 'beats');
    expect([sightings.list(), sightings.isWhole]).toEqual([[], false]);
    expect(await pass(1, 'beats')).toBe(1);
    expect([sightings.list(), sightings.isWhole]).toEqual([[{ region: 'east', state: 'Reachable' }], true]);
  });

  it('that beats on and on is told of once', async () => {
    expect(await pass(50, 'beats', false)).toBe(2);
    expect(sightings.list()).toEqual([{ region: 'east', state: 'Reachable', withoutRight: false }]);
  });

  it('whose agent is followed by another one is no news', async () => {
    const slow = { heartbeatMs: HEARTBEAT_MS, takeoverMs: 5 * HEARTBEAT_MS };
    sightings = new PeerSightings({ clock, timing: slow });
    await pass(3, 'beats');
    expect(await pass(5, 'answers')).toBe(0);
    expect(await pass(3, 'beats')).toBe(0);
    expect(await pass(6, 'answers')).toBe(1);
  });

  it.each([
    ['answers', 'NoHeartbeat'],
    ['silent', 'Unreachable'],
  ] as const)('that only %s is %s after three heartbeats, told once', async (what, state) => {
    await pass(3, 'beats');
    expect(await pass(2, what)).toBe(0);
    expect(await pass(20, what)).toBe(1);
    expect(sightings.list()).toEqual([{ region: 'east', state }]);
  });

  it('that beats again must do so twice', async () => {
    await pass(3, 'beats');
    await pass(5, 'silent');
    await pass(1, 'beats');
    expect(sightings.list()).toMatchObject([{ state: 'Unreachable' }]);
    await pass(1, 'beats');
    expect(sightings.list()).toMatchObject([{ state: 'Reachable' }]);
  });

  it('that says it is without a right is told of at once', async () => {
    await pass(4, 'beats', false);
    expect(await pass(1, 'beats', true)).toBe(1);
    expect(sightings.list()).toEqual([{ region: 'east', state: 'Reachable', withoutRight: true }]);
  });

  it('that does not know for a moment whether it has its rights is told of, and is no news', async () => {
    await pass(4, 'beats', false);
    expect(await pass(1, 'beats')).toBe(0);
    expect(sightings.list()).toEqual([{ region: 'east', state: 'Reachable' }]);
    // That it is known again may have to be told: the unknown may have gone out.
    expect(await pass(1, 'beats', false)).toBe(1);
    expect(sightings.list()).toEqual([{ region: 'east', state: 'Reachable', withoutRight: false }]);
    await pass(1, 'beats');
    expect(await pass(1, 'beats', true)).toBe(1);
  });

  it('whose credentials are refused is not said to be gone', async () => {
    await pass(4, 'beats');
    expect(sightings.unknown('east')).toBe(true);
    expect(sightings.list()).toEqual([]);
  });

  it('that shares no service any more is forgotten, and an earlier leadership is too', async () => {
    await pass(4, 'beats');
    sightings.keep(new Set());
    expect([sightings.list(), sightings.isWhole]).toEqual([[], true]);
    sightings.beginLeadership();
    expect(sightings.isWhole).toBe(false);
  });
});
