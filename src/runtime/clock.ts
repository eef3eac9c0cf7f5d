/**
 * Time is an argument. Every loop takes a `Clock`; only `systemClock` (the composition roots) and the virtual clock of the
 * simulation implement it.
 *
 * Clocks are never compared between machines. Within one machine two readings are kept, because each lies in its own
 * way: the monotonic clock may stand still while a machine sleeps, the wall clock may be stepped. A right to run counts
 * the larger of the two differences, a wait counts the smaller (see `elapsedAtMost` and `elapsedAtLeast`).
 */
export interface Instant {
  /** Milliseconds of the monotonic clock; only differences mean anything. */
  readonly monoMs: number;
  /** Milliseconds since the epoch of the wall clock. */
  readonly wallMs: number;
}

export interface Timer {
  cancel(): void;
}

export interface Clock {
  now(): Instant;
  /** Runs `fn` once, after at least `delayMs` milliseconds. Never keeps the process alive by itself. */
  setTimer(delayMs: number, fn: () => void): Timer;
}

/** Upper bound of the time that has passed, in milliseconds: what a right to run must be counted with. */
export function elapsedAtMost(from: Instant, to: Instant): number {
  return Math.max(to.monoMs - from.monoMs, to.wallMs - from.wallMs);
}

/** Lower bound of the time that has passed, in milliseconds: what a wait must be counted with. */
export function elapsedAtLeast(from: Instant, to: Instant): number {
  return Math.min(to.monoMs - from.monoMs, to.wallMs - from.wallMs);
}

/** Resolves after `delayMs`; rejects with the signal's reason when it is aborted first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

const now = (): Instant => ({ monoMs: performance.now(), wallMs: Date.now() });

export const systemClock: Clock = {
  now,
  setTimer(delayMs, fn) {
    const handle = setTimeout(fn, delayMs);
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};

/** For a program in a terminal, which has nothing but its timers to stay alive for. */
export const foregroundClock: Clock = {
  now,
  setTimer(delayMs, fn) {
    const handle = setTimeout(fn, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};
