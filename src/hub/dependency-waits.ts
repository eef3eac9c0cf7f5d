import { isoTime } from '../api/common.ts';
import type { DependencyWait } from '../decide/needs.ts';
import { type Clock, elapsedAtMost, type Instant } from '../runtime/clock.ts';

interface Entry {
  readonly epoch: number;
  readonly since: Instant;
  readonly until: string;
  blockers: readonly string[];
  /** Nothing is taken back: what a region may have heard already does not wait again. */
  isThrough: boolean;
}

export type WaitAnswer =
  | { readonly goesOn: true; readonly timedOutNow: boolean }
  | { readonly goesOn: false; readonly isNews: boolean; readonly remainingMs: number };

/**
 * Promotions that nothing is in the way of but services that they need. A wait begins when all else is done, belongs to one
 * epoch, and is counted by this leader alone: a new one begins anew. No safety hangs on it, so of two clocks that disagree
 * the one counts by which more time has passed: it must come to an end.
 */
export class DependencyWaits {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  forget(): void {
    this.#entries.clear();
  }

  /** What the status tells of a service; undefined when its promotion waits for nothing. */
  of(key: string, epoch: number): DependencyWait | undefined {
    const entry = this.#entries.get(key);
    if (entry?.epoch !== epoch || entry.isThrough || entry.blockers.length === 0) return undefined;
    return { for: entry.blockers, until: entry.until };
  }

  /** Asked at each answer to the region until the promotion has been given out: may it go on, with these in its way? */
  ask(key: string, epoch: number, blockers: readonly string[], timeoutMs: number): WaitAnswer {
    const known = this.#entries.get(key);
    const entry = known?.epoch === epoch ? known : this.#begin(key, epoch, timeoutMs);
    if (entry.isThrough) return { goesOn: true, timedOutNow: false };
    const hasWaited = entry.blockers.length > 0;
    const isNews = entry.blockers.join() !== blockers.join();
    entry.blockers = blockers;
    const remainingMs = timeoutMs - elapsedAtMost(entry.since, this.#clock.now());
    if (blockers.length > 0 && remainingMs > 0) return { goesOn: false, isNews, remainingMs };
    entry.isThrough = true;
    return { goesOn: true, timedOutNow: hasWaited && blockers.length > 0 };
  }

  /** The promotion was given out: the service runs on whatever becomes of what it needs. @returns whether it had waited */
  end(key: string): boolean {
    return this.#entries.delete(key);
  }

  #begin(key: string, epoch: number, timeoutMs: number): Entry {
    const since = this.#clock.now();
    const entry = { epoch, since, until: isoTime(since.wallMs + timeoutMs), blockers: [], isThrough: false };
    this.#entries.set(key, entry);
    return entry;
  }
}
