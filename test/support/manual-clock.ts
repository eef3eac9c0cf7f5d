import { setImmediate } from 'node:timers/promises';
import type { Clock, Instant, Timer } from '../../src/runtime/clock.ts';
import type { Random } from '../../src/runtime/random.ts';

interface Entry {
  readonly atMs: number;
  readonly fn: () => void;
}

/** A clock for the test of one component: time stands still until `advance`. */
export class ManualClock implements Clock {
  readonly #entries = new Set<Entry>();
  #nowMs = 1_000;
  /** Added to the wall clock; set it to step the wall clock against the monotonic one. */
  wallOffsetMs = Date.UTC(2026, 0, 1);

  now(): Instant {
    return { monoMs: this.#nowMs, wallMs: this.#nowMs + this.wallOffsetMs };
  }

  setTimer(delayMs: number, fn: () => void): Timer {
    const entry = { atMs: this.#nowMs + Math.max(0, delayMs), fn };
    this.#entries.add(entry);
    return { cancel: () => this.#entries.delete(entry) };
  }

  get pendingTimers(): number {
    return this.#entries.size;
  }

  /** Moves time, running each timer at its moment and letting the promises it settles run before the next. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await setImmediate();
    for (let entry = this.#nextUntil(untilMs); entry; entry = this.#nextUntil(untilMs)) {
      this.#entries.delete(entry);
      this.#nowMs = Math.max(this.#nowMs, entry.atMs);
      entry.fn();
      await setImmediate();
    }
    this.#nowMs = untilMs;
  }

  /** Moves time without running any timer, as when the process is stopped (SIGSTOP). */
  pause(ms: number): void {
    this.#nowMs += ms;
  }

  #nextUntil(untilMs: number): Entry | undefined {
    const due = [...this.#entries].filter(({ atMs }) => atMs <= untilMs);
    return due.sort((a, b) => a.atMs - b.atMs)[0];
  }
}

/** The same number each time; tokens are counted. */
export function fixedRandom(value = 0.5): Random {
  let tokens = 0;
  return { next: () => value, token: () => `token-${tokens++}` };
}
