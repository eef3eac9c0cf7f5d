import { type Clock, elapsedAtLeast, type Instant, type Timer } from './clock.ts';

/**
 * A lower bound of the time that passes, as a sum of short ones: of each the smaller of both clocks counts, and never less
 * than nothing. A wall clock that is set back costs one of them, where a difference from the beginning would lose as much as it
 * was set back by.
 */
export class Stopwatch {
  readonly #clock: Clock;
  readonly #everyMs: number;
  #last: Instant;
  #sumMs = 0;
  #timer: Timer | undefined;

  /** Runs from now on. @param everyMs how long the short times are; longer where the process does not run */
  constructor(clock: Clock, everyMs: number) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#last = clock.now();
    this.#tick();
  }

  /** Milliseconds that have passed at least. */
  elapsedMs(): number {
    const now = this.#clock.now();
    this.#sumMs += Math.max(0, elapsedAtLeast(this.#last, now));
    this.#last = now;
    return this.#sumMs;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #tick(): void {
    this.#timer = this.#clock.setTimer(this.#everyMs, () => {
      this.elapsedMs();
      this.#tick();
    });
  }
}
