import { type Clock, elapsedAtMost, type Instant, type Timer } from '../runtime/clock.ts';
import { UnreachableError } from './errors.ts';

/** One watch: its abort signal, which also follows `stop`, and its watchdog. Dispose of it when the watch has ended. */
export class WatchAttempt implements Disposable {
  readonly #clock: Clock;
  readonly #stop: AbortSignal;
  readonly #idleTimeoutMs: number;
  readonly #controller = new AbortController();
  readonly #onStop = (): void => this.abort(this.#stop.reason);
  #lastSignAt: Instant;
  #wasSilent = false;
  #timer: Timer;

  constructor(clock: Clock, stop: AbortSignal, idleTimeoutMs: number) {
    this.#clock = clock;
    this.#stop = stop;
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#lastSignAt = clock.now();
    this.#timer = clock.setTimer(idleTimeoutMs, () => this.#check());
    stop.addEventListener('abort', this.#onStop, { once: true });
  }

  /** Aborted by `abort`, by `stop`, or by the watchdog with an `UnreachableError`. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether the watchdog ended it. */
  get wasSilent(): boolean {
    return this.#wasSilent;
  }

  /** Something came: the watchdog waits anew. */
  alive(): void {
    this.#lastSignAt = this.#clock.now();
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** A transport may see the end of the stream before it sees the abort. */
  throwIfAborted(): void {
    this.signal.throwIfAborted();
  }

  [Symbol.dispose](): void {
    this.#timer.cancel();
    this.#stop.removeEventListener('abort', this.#onStop);
  }

  /** One timer for the whole watch: moving it at each event would cost more than the event. */
  #check(): void {
    const idleMs = elapsedAtMost(this.#lastSignAt, this.#clock.now());
    if (idleMs >= this.#idleTimeoutMs) {
      this.#wasSilent = true;
      this.abort(new UnreachableError(`the watch was silent for ${Math.round(idleMs)} ms`));
    } else {
      this.#timer = this.#clock.setTimer(this.#idleTimeoutMs - idleMs, () => this.#check());
    }
  }
}
