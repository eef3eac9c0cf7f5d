import { type Clock, elapsedAtMost, type Timer } from './clock.ts';
import { jitter, type Random } from './random.ts';

/** When to run again although the period is longer; nothing means: after a period. */
export type TickResult = { readonly requeueAfterMs: number } | undefined;

export interface TickerOptions {
  readonly clock: Clock;
  /** From the end of a run to the next; with `atRate` from its beginning, and so at a rate that slow runs do not lower. */
  readonly everyMs: number;
  readonly atRate?: boolean;
  /** A poke starts a run only so long afterwards, so that many pokes make one run; 0 when absent. */
  readonly settleMs?: number;
  /** Further pokes put that run off, but at most so long after the first one, by what is so then; not at all when absent. */
  readonly settleAtMostMs?: number | (() => number);
  /** Spreads the ticks of many tickers by a tenth when given. */
  readonly random?: Random;
  readonly run: ((signal: AbortSignal) => Promise<void>) | ((signal: AbortSignal) => Promise<TickResult>);
  readonly onError?: (error: unknown) => void;
}

/** What failed is tried again so soon when the period is longer. */
const RETRY_MS = 2_000;

/**
 * Runs one function again and again: every `everyMs`, and at once when poked. Never two at a time: a poke during a run
 * starts the next run when it has ended. An error ends the run, not the ticker: the next one comes within 2 s.
 */
export class Ticker {
  readonly #options: TickerOptions;
  #timer: Timer | undefined;
  #abort: AbortController | undefined;
  #current: Promise<void> | undefined;
  #poked = false;
  /** Set while pokes are gathered: when the run comes at the latest, in monotonic milliseconds. */
  #settleByMs: number | undefined;

  constructor(options: TickerOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#abort) return;
    this.#abort = new AbortController();
    this.#begin(this.#abort.signal);
  }

  poke(): void {
    if (!this.#abort) return;
    const { signal } = this.#abort;
    if (this.#current) this.#poked = true;
    else if (this.#options.settleMs === undefined) this.#begin(signal);
    else this.#settle(signal, this.#options.settleMs);
  }

  /** Ends the ticker: aborts the signal of a run that is under way and resolves when it has ended. */
  async stop(): Promise<void> {
    this.#abort?.abort(new Error('stopped'));
    this.#abort = undefined;
    this.#timer?.cancel();
    await this.#current;
  }

  #settle(signal: AbortSignal, settleMs: number): void {
    const { clock, settleAtMostMs = settleMs } = this.#options;
    const nowMs = clock.now().monoMs;
    this.#settleByMs ??= nowMs + (typeof settleAtMostMs === 'number' ? settleAtMostMs : settleAtMostMs());
    this.#timer?.cancel();
    this.#timer = clock.setTimer(Math.min(settleMs, Math.max(0, this.#settleByMs - nowMs)), () => this.#begin(signal));
  }

  #begin(signal: AbortSignal): void {
    this.#timer?.cancel();
    this.#poked = false;
    this.#settleByMs = undefined;
    this.#current = this.#run(signal);
  }

  async #run(signal: AbortSignal): Promise<void> {
    const startedAt = this.#options.clock.now();
    const result = await this.#attempt(signal);
    this.#current = undefined;
    if (signal.aborted) return;
    const { atRate, clock, everyMs, random, settleMs } = this.#options;
    if (this.#poked) return settleMs === undefined ? this.#begin(signal) : this.#settle(signal, settleMs);
    const periodMs = Math.min(everyMs, result?.requeueAfterMs ?? everyMs);
    const delayMs = atRate ? Math.max(0, periodMs - elapsedAtMost(startedAt, clock.now())) : periodMs;
    this.#timer = clock.setTimer(random ? jitter(random, delayMs) : delayMs, () => this.#begin(signal));
  }

  async #attempt(signal: AbortSignal): Promise<TickResult> {
    try {
      return (await this.#options.run(signal)) ?? undefined;
    } catch (error) {
      if (!signal.aborted) this.#options.onError?.(error);
      return { requeueAfterMs: RETRY_MS };
    }
  }
}
