import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { Ticker, type TickerOptions } from './ticker.ts';

let clock: ManualClock;
let runs: number[];
/** Resolves the run that is under way; runs end at once while it is undefined. */
let hold: PromiseWithResolvers<void> | undefined;

beforeEach(() => {
  clock = new ManualClock();
  runs = [];
  hold = undefined;
});

function ticker(more: Partial<TickerOptions> = {}): Ticker {
  const run = async () => {
    runs.push(clock.now().monoMs - 1000);
    await hold?.promise;
  };
  return new Ticker({ clock, everyMs: 1000, run, ...more });
}

describe('a ticker', () => {
  it('runs at once and then each period, counted from the end of a run', async () => {
    ticker().start();
    await clock.advance(2500);
    expect(runs).toEqual([0, 1000, 2000]);
  });

  it('at a rate: each period is counted from the beginning of a run, whatever the wall clock does meanwhile', async () => {
    hold = Promise.withResolvers();
    ticker({ atRate: true }).start();
    await clock.advance(400);
    clock.wallOffsetMs -= 3_600_000;
    hold.resolve();
    await clock.advance(700);
    expect(runs).toEqual([0, 1000]);
  });

  it('does nothing before it is started, poked or not', async () => {
    ticker().poke();
    await clock.advance(5000);
    expect(runs).toEqual([]);
  });

  it('runs at once when it is poked, and a period after that', async () => {
    const each = ticker();
    each.start();
    await clock.advance(300);
    each.poke();
    await clock.advance(1000);
    expect(runs).toEqual([0, 300, 1300]);
  });

  it('never runs twice at a time: pokes during a run make one more run', async () => {
    hold = Promise.withResolvers();
    const each = ticker();
    each.start();
    await clock.advance(100);
    each.poke();
    each.poke();
    expect(runs).toEqual([0]);
    hold.resolve();
    await clock.advance(10);
    expect(runs).toEqual([0, 100]);
  });

  it('gathers pokes for a while where it is told to settle', async () => {
    const each = ticker({ settleMs: 50 });
    each.start();
    await clock.advance(100);
    each.poke();
    await clock.advance(30);
    each.poke();
    await clock.advance(30);
    expect(runs).toEqual([0, 150]);
  });

  it('gathers pokes for as long as they come, up to a limit', async () => {
    const each = ticker({ settleMs: 50, settleAtMostMs: 120 });
    each.start();
    await clock.advance(100);
    each.poke();
    await clock.advance(40);
    each.poke();
    await clock.advance(49);
    expect(runs).toEqual([0]);
    await clock.advance(1);
    expect(runs).toEqual([0, 190]);
    for (let ms = 0; ms < 200; ms += 10) {
      each.poke();
      await clock.advance(10);
    }
    expect(runs).toEqual([0, 190, 310]);
  });

  it('reads the limit when the first poke comes', async () => {
    let limitMs = 60;
    const each = ticker({ settleMs: 50, settleAtMostMs: () => limitMs });
    each.start();
    await clock.advance(100);
    each.poke();
    limitMs = 1000;
    await clock.advance(40);
    each.poke();
    await clock.advance(20);
    expect(runs).toEqual([0, 160]);
    each.poke();
    await clock.advance(40);
    each.poke();
    await clock.advance(20);
    expect(runs).toEqual([0, 160]);
    await clock.advance(30);
    expect(runs).toEqual([0, 160, 250]);
  });

  it('goes on after an error and tells it, within two seconds however long the period is', async () => {
    const errors: number[] = [];
    const run = () => Promise.reject(new Error('no'));
    const onError = (): unknown => errors.push(clock.now().monoMs - 1000);
    ticker({ run, onError }).start();
    ticker({ run, onError, everyMs: 30_000 }).start();
    await clock.advance(2000);
    expect(errors).toEqual([0, 0, 1000, 2000, 2000]);
  });

  it('runs again as soon as a run asks for it, at the latest after a period', async () => {
    const delays = [100, 5000];
    const run = async () => {
      runs.push(clock.now().monoMs - 1000);
      const requeueAfterMs = delays.shift();
      return requeueAfterMs === undefined ? undefined : { requeueAfterMs };
    };
    ticker({ run }).start();
    await clock.advance(2500);
    expect(runs).toEqual([0, 100, 1100, 2100]);
  });

  it('spreads its ticks where it is given randomness', async () => {
    ticker({ random: { next: () => 1, token: () => '' } }).start();
    await clock.advance(1099);
    expect(runs).toEqual([0]);
    await clock.advance(1);
    expect(runs).toEqual([0, 1100]);
  });

  it('stops: a run that is under way is told and awaited, and none follows', async () => {
    let isAborted = false;
    const run = (signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => {
          isAborted = true;
          resolve();
        });
      });
    const each = ticker({ run });
    each.start();
    each.poke();
    await each.stop();
    expect(isAborted).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });
});
