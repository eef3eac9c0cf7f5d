import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { isoTime } from '../api/common.ts';
import { DependencyWaits } from './dependency-waits.ts';

const KEY = 'ns/mail';
let clock: ManualClock;
let waits: DependencyWaits;
const ask = (blockers: readonly string[], epoch = 2) => waits.ask(KEY, epoch, blockers, 30_000);

beforeEach(() => {
  clock = new ManualClock();
  waits = new DependencyWaits(clock);
});

describe('a promotion that waits for what it needs', () => {
  it('tells for what, and until when: the same time however often it is asked', async () => {
    const until = isoTime(clock.now().wallMs + 30_000);
    expect(ask(['ns/voice'])).toMatchObject({ goesOn: false, isNews: true, remainingMs: 30_000 });
    await clock.advance(10_000);
    expect(ask(['ns/voice'])).toMatchObject({ goesOn: false, isNews: false, remainingMs: 20_000 });
    expect(waits.of(KEY, 2)).toEqual({ for: ['ns/voice'], until });
    expect(waits.of(KEY, 1)).toBeUndefined();
  });

  it('goes on when nothing is in its way, and never waits again at that epoch', async () => {
    ask(['ns/voice']);
    expect(ask([])).toEqual({ goesOn: true, timedOutNow: false });
    expect(ask(['ns/voice'])).toEqual({ goesOn: true, timedOutNow: false });
    expect(waits.of(KEY, 2)).toBeUndefined();
  });

  it('goes on when the time is up, which is told once', async () => {
    ask(['ns/voice']);
    await clock.advance(30_000);
    expect(ask(['ns/voice'])).toEqual({ goesOn: true, timedOutNow: true });
    expect(ask(['ns/voice'])).toEqual({ goesOn: true, timedOutNow: false });
  });

  it('comes to an end also when the wall clock is set back', async () => {
    ask(['ns/voice']);
    clock.wallOffsetMs -= 3_600_000;
    await clock.advance(30_000);
    expect(ask(['ns/voice'])).toMatchObject({ goesOn: true });
  });

  it('does not wait at all where the class says 0', () => {
    expect(waits.ask(KEY, 2, ['ns/voice'], 0)).toEqual({ goesOn: true, timedOutNow: false });
  });

  it('begins anew at another epoch, and with another leader', async () => {
    ask(['ns/voice']);
    await clock.advance(20_000);
    expect(ask(['ns/voice'], 3)).toMatchObject({ remainingMs: 30_000 });
    await clock.advance(20_000);
    waits.forget();
    expect(ask(['ns/voice'], 3)).toMatchObject({ remainingMs: 30_000 });
    expect(waits.end(KEY)).toBe(true);
    expect(waits.end(KEY)).toBe(false);
  });
});
