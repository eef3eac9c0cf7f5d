import { type Clock, elapsedAtLeast, type Instant } from '../runtime/clock.ts';

interface Bucket {
  tokens: number;
  filledAt: Instant;
}

/** The figures of client-go's event correlator: 25 at once, then one each five minutes. */
const BURST = 25;
const REFILL_MS = 300_000;
const MAX_BUCKETS = 4_096;

/** A token bucket per key, for a bounded number of keys: the least recently used is forgotten, and so filled. */
export class SpamFilter {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes a token of the key; false when there is none. */
  allows(key: string): boolean {
    const bucket = this.#refilled(key);
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MAX_BUCKETS && oldest !== undefined) this.#buckets.delete(oldest);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  #refilled(key: string): Bucket {
    const now = this.#clock.now();
    const bucket = this.#buckets.get(key);
    if (!bucket) return { tokens: BURST, filledAt: now };
    const gained = Math.max(0, elapsedAtLeast(bucket.filledAt, now)) / REFILL_MS;
    return { tokens: Math.min(BURST, bucket.tokens + gained), filledAt: now };
  }
}
