import { beforeEach, describe, expect, it } from 'vitest';
import { fixedRandom, ManualClock } from '../../test/support/manual-clock.ts';
import { API_VERSION } from '../api/common.ts';
import type { RegionLease } from '../api/region-lease.ts';
import { Authority } from './authority.ts';

const MAIL = 'switchback-system/mail';
let clock: ManualClock;
let authority: Authority;

beforeEach(() => {
  clock = new ManualClock();
  authority = new Authority({ clock, random: fixedRandom(), leaseMs: 7000 });
  authority.beginLeadership();
});

const acknowledged = (nonce: string, grants: Record<string, number>): RegionLease => ({
  apiVersion: API_VERSION,
  kind: 'RegionLease',
  metadata: { name: 'east' },
  spec: { agent: { nonce }, hub: { nonce, term: 1, grants } },
});

describe('promises', () => {
  const promised = (nonce: string, epoch = 3) => ({ nonce, services: [{ name: MAIL, epoch }] });

  it('last for the lease, from before the nonce was sent, and end with the first of them', async () => {
    const early = authority.ask();
    await clock.advance(1000);
    const late = authority.ask();
    await clock.advance(1000);
    authority.takePromise('west', promised(early));
    authority.takePromise('north', promised(late));
    expect(authority.promisedMs(MAIL, 3, ['west'])).toBe(5000);
    expect(authority.promisedMs(MAIL, 3, ['north'])).toBe(6000);
    expect(authority.promisedMs(MAIL, 3, ['west', 'north'])).toBe(5000);
    await clock.advance(5000);
    expect(authority.promisedMs(MAIL, 3, ['west', 'north'])).toBe(0);
  });

  it('are needed of all: one that is missing, or is for another epoch, makes the others worth nothing', () => {
    const nonce = authority.ask();
    authority.takePromise('west', promised(nonce));
    authority.takePromise('north', promised(nonce, 2));
    expect(authority.promisedMs(MAIL, 3, ['west', 'south'])).toBe(0);
    expect(authority.promisedMs(MAIL, 3, ['west', 'north'])).toBe(0);
    expect(authority.promisedMs(MAIL, 3, [])).toBe(0);
  });

  it('are taken for nonces of this leadership only, and an older one does not replace a newer one', async () => {
    const old = authority.ask();
    await clock.advance(1000);
    authority.takePromise('west', promised(authority.ask()));
    authority.takePromise('west', promised(old));
    expect(authority.promisedMs(MAIL, 3, ['west'])).toBe(7000);
    authority.beginLeadership();
    expect(authority.promisedMs(MAIL, 3, ['west'])).toBe(0);
    authority.takePromise('west', promised(old));
    expect(authority.promisedMs(MAIL, 3, ['west'])).toBe(0);
  });
});

describe('a right', () => {
  it('lasts for the lease, from before the nonce was sent, whenever the answer comes', async () => {
    const nonce = authority.ask();
    await clock.advance(5000);
    expect(authority.take(acknowledged(nonce, { [MAIL]: 3 }))).toEqual([MAIL]);
    expect(authority.remainingMs(MAIL, 3)).toBe(2000);
    await clock.advance(2000);
    expect(authority.hasRight(MAIL, 3)).toBe(false);
  });

  it('is for exactly one service at one epoch', () => {
    authority.take(acknowledged(authority.ask(), { [MAIL]: 3 }));
    expect([
      authority.hasRight(MAIL, 2),
      authority.hasRight(MAIL, 4),
      authority.hasRight('switchback-system/chat', 3),
    ]).toEqual([false, false, false]);
  });

  it('is not given by a nonce of another process', () => {
    authority.ask();
    expect(authority.take(acknowledged('of-another', { [MAIL]: 3 }))).toEqual([]);
    expect(authority.hasRight(MAIL, 3)).toBe(false);
  });

  it('does not outlive the leadership, and a nonce of an earlier one gives none', () => {
    const nonce = authority.ask();
    authority.take(acknowledged(nonce, { [MAIL]: 3 }));
    authority.beginLeadership();
    expect(authority.hasRight(MAIL, 3)).toBe(false);
    authority.take(acknowledged(nonce, { [MAIL]: 3 }));
    expect(authority.hasRight(MAIL, 3)).toBe(false);
  });

  it('is prolonged by a later nonce and never shortened by an older answer', async () => {
    const [first] = [authority.ask()];
    await clock.advance(2000);
    const second = authority.ask();
    expect(authority.take(acknowledged(second, { [MAIL]: 3 }))).toEqual([MAIL]);
    expect(authority.take(acknowledged(first, { [MAIL]: 3 }))).toEqual([]);
    expect(authority.remainingMs(MAIL, 3)).toBe(7000);
  });

  it('is not prolonged by the same answer again', async () => {
    const nonce = authority.ask();
    authority.take(acknowledged(nonce, { [MAIL]: 3 }));
    await clock.advance(6000);
    authority.take(acknowledged(nonce, { [MAIL]: 3 }));
    expect(authority.remainingMs(MAIL, 3)).toBe(1000);
  });

  it('is told as new again after it had ended', async () => {
    authority.take(acknowledged(authority.ask(), { [MAIL]: 3 }));
    await clock.advance(8000);
    expect(authority.take(acknowledged(authority.ask(), { [MAIL]: 3 }))).toEqual([MAIL]);
  });

  it('tells when it is renewed how much of the shortest one was left: nothing at first, and 0 or less when it had ended', async () => {
    const margins: number[] = [];
    const onRenewed = (marginMs: number): number => margins.push(marginMs);
    authority = new Authority({ clock, random: fixedRandom(), leaseMs: 7000, onRenewed });
    authority.take(acknowledged(authority.ask(), { [MAIL]: 3 }));
    expect(margins).toEqual([]);
    await clock.advance(2000);
    authority.take(acknowledged(authority.ask(), { [MAIL]: 3, 'ns/other': 1 }));
    await clock.advance(1000);
    const nonce = authority.ask();
    authority.take(acknowledged(nonce, { [MAIL]: 3, 'ns/other': 1 }));
    authority.take(acknowledged(nonce, { [MAIL]: 3, 'ns/other': 1 }));
    await clock.advance(9000);
    authority.take(acknowledged(authority.ask(), { [MAIL]: 3 }));
    expect(margins).toEqual([5000, 6000, -2000]);
  });

  it('of a lower epoch is known as an earlier one until it ends', async () => {
    authority.take(acknowledged(authority.ask(), { [MAIL]: 3 }));
    expect([authority.hasEarlierRight(MAIL, 3), authority.hasEarlierRight(MAIL, 4)]).toEqual([false, true]);
    await clock.advance(7000);
    expect(authority.hasEarlierRight(MAIL, 4)).toBe(false);
  });
});

describe('clocks that lie', () => {
  beforeEach(() => {
    authority.take(acknowledged(authority.ask(), { [MAIL]: 3 }));
  });

  it('a wall clock that jumps ahead ends the right: the machine may have slept', () => {
    clock.wallOffsetMs += 7000;
    expect(authority.hasRight(MAIL, 3)).toBe(false);
  });

  it('a wall clock that is set back prolongs nothing', async () => {
    clock.wallOffsetMs -= 3_600_000;
    await clock.advance(6999);
    expect(authority.hasRight(MAIL, 3)).toBe(true);
    await clock.advance(1);
    expect(authority.hasRight(MAIL, 3)).toBe(false);
  });

  it('a process that stood still wakes up without the right', () => {
    clock.pause(7000);
    expect(authority.hasRight(MAIL, 3)).toBe(false);
  });
});
