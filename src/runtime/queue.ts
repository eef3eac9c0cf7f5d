import { type Clock, elapsedAtMost, type Instant, type Timer } from './clock.ts';
import { DelayHeap } from './delay-heap.ts';
import type { Random } from './random.ts';

/** Urgency of a key, most urgent first: a failover overtakes changes, changes overtake the resync after a start. */
export const QUEUE_LANES = ['failover', 'change', 'resync'] as const;
export type QueueLane = (typeof QUEUE_LANES)[number];

export interface QueueItem {
  readonly key: string;
  readonly lane: QueueLane;
}

/** Counts what happens to keys, as client-go's `workqueue_*` metrics do. Times are in seconds. */
export interface QueueMetrics {
  added(queue: string): void;
  retried(queue: string): void;
  /** A key was taken after it had waited so long. */
  waited(queue: string, seconds: number): void;
  /** A key was done after it had been worked on so long. */
  worked(queue: string, seconds: number): void;
}

/** In milliseconds. */
export interface Backoff {
  readonly minMs: number;
  readonly maxMs: number;
}

export interface WorkQueueOptions {
  readonly name: string;
  readonly clock: Clock;
  /** Spreads the back-off by ±10 %; without it the delays are exact. */
  readonly random?: Random;
  /** Exponential back-off per key in milliseconds; 5 and 60,000 when absent. */
  readonly backoff?: Backoff;
  readonly metrics?: QueueMetrics;
}

/** Every tenth key is taken in this order, so that no lane waits for ever behind a flood in a higher one. */
const AGEING_EVERY = 10;
const BACKOFF = { minMs: 5, maxMs: 60_000 };
const AGED_ORDER: readonly QueueLane[] = ['resync', 'change', 'failover'];
/** Half-way between, the middle lane is preferred: a flood of failovers must not stop all changes either. */
const MIDDLE_ORDER: readonly QueueLane[] = ['change', 'failover', 'resync'];

const moreUrgent = (a: QueueLane, b: QueueLane): QueueLane =>
  QUEUE_LANES.indexOf(a) <= QUEUE_LANES.indexOf(b) ? a : b;

interface Waiting {
  readonly readyAtMs: number;
  readonly lane: QueueLane;
}

/**
 * controller-runtime's work queue: a key waits at most once, is worked on by at most one worker, and a key added while
 * it is worked on is queued again when that is done. Keys carry no data: whoever takes one looks at the current state.
 */
export class WorkQueue {
  readonly name: string;
  readonly #clock: Clock;
  readonly #options: WorkQueueOptions;
  readonly #ready: Readonly<Record<QueueLane, Map<string, Instant>>> = {
    failover: new Map(),
    change: new Map(),
    resync: new Map(),
  };
  readonly #laneOf = new Map<string, QueueLane>();
  /** Keys that are worked on, and since when. */
  readonly #processing = new Map<string, { lane: QueueLane; since: Instant }>();
  /** Keys that were added while they are worked on. */
  readonly #dirty = new Map<string, QueueLane>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #heap = new DelayHeap();
  /** By key, of each back-off by itself: what is refused after many conflicts is refused for the first time. */
  readonly #failures = new Map<string, Map<Backoff, number>>();
  readonly #takers = new Set<(item: QueueItem | undefined) => void>();
  readonly #idleListeners = new Set<() => void>();
  #timer: { timer: Timer; readyAtMs: number } | undefined;
  #taken = 0;
  #closed = false;

  constructor(options: WorkQueueOptions) {
    this.name = options.name;
    this.#options = options;
    this.#clock = options.clock;
  }

  /** Keys ready to be taken. */
  get size(): number {
    return this.#laneOf.size;
  }

  depth(lane: QueueLane): number {
    return this.#ready[lane].size;
  }

  /** Seconds since each key that is worked on was taken: what the `unfinished` metrics are made of. */
  unfinishedSeconds(): readonly number[] {
    const now = this.#clock.now();
    return [...this.#processing.values()].map(({ since }) => elapsedAtMost(since, now) / 1000);
  }

  /** Queues a key. It keeps its most urgent lane when it is queued already. */
  add(key: string, lane: QueueLane = 'change'): void {
    if (this.#closed) return;
    if (this.#processing.has(key)) {
      const dirty = this.#dirty.get(key);
      if (dirty === undefined) this.#options.metrics?.added(this.name);
      this.#dirty.set(key, dirty === undefined ? lane : moreUrgent(dirty, lane));
      return;
    }
    const queued = this.#laneOf.get(key);
    if (queued === undefined) this.#enqueue(key, lane);
    else if (queued !== moreUrgent(queued, lane)) this.#promote(key, queued, lane);
  }

  /** Queues a key after a delay in milliseconds. Of several delays the one that ends first counts. */
  addAfter(key: string, delayMs: number, lane: QueueLane = 'change'): void {
    if (this.#closed) return;
    if (delayMs <= 0) {
      this.add(key, lane);
      return;
    }
    const readyAtMs = this.#clock.now().monoMs + delayMs;
    const waiting = this.#waiting.get(key);
    const best = waiting ? moreUrgent(waiting.lane, lane) : lane;
    if (waiting && waiting.readyAtMs <= readyAtMs) {
      this.#waiting.set(key, { readyAtMs: waiting.readyAtMs, lane: best });
      return;
    }
    this.#waiting.set(key, { readyAtMs, lane: best });
    this.#heap.push({ key, readyAtMs });
    this.#arm();
  }

  /** Queues a key after its back-off, which doubles at each call with the same one until `forget`. Returns the delay in milliseconds. */
  addRateLimited(key: string, lane: QueueLane = 'change', backoff = this.#options.backoff ?? BACKOFF): number {
    const { minMs, maxMs } = backoff;
    const counts = this.#failures.get(key) ?? new Map<Backoff, number>();
    const failures = counts.get(backoff) ?? 0;
    this.#failures.set(key, counts.set(backoff, failures + 1));
    this.#options.metrics?.retried(this.name);
    const spread = this.#options.random ? 0.9 + 0.2 * this.#options.random.next() : 1;
    const delayMs = Math.min(maxMs, minMs * 2 ** Math.min(failures, 30)) * spread;
    this.addAfter(key, delayMs, lane);
    return delayMs;
  }

  /** Ends the back-off of a key. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** How often in a row the key was queued with back-off. */
  failures(key: string): number {
    return [...(this.#failures.get(key)?.values() ?? [])].reduce((sum, count) => sum + count, 0);
  }

  /** Takes the next key; waits for one. Undefined when the queue is closed or `signal` is aborted. */
  take(signal?: AbortSignal): Promise<QueueItem | undefined> {
    if (this.#closed || signal?.aborted) return Promise.resolve(undefined);
    const item = this.#next();
    if (item) return Promise.resolve(item);
    return new Promise((resolve) => {
      const onAbort = (): void => taker(undefined);
      const taker = (taken: QueueItem | undefined): void => {
        this.#takers.delete(taker);
        signal?.removeEventListener('abort', onAbort);
        resolve(taken);
      };
      this.#takers.add(taker);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Must follow each `take`. A key that was added meanwhile is queued again. */
  done(key: string): void {
    const processing = this.#processing.get(key);
    if (!processing) return;
    this.#processing.delete(key);
    this.#options.metrics?.worked(this.name, elapsedAtMost(processing.since, this.#clock.now()) / 1000);
    const lane = this.#dirty.get(key);
    this.#dirty.delete(key);
    if (lane !== undefined && !this.#closed) this.#enqueue(key, lane, false);
    if (this.#processing.size === 0) {
      for (const listener of this.#idleListeners) listener();
      this.#idleListeners.clear();
    }
  }

  /**
   * Takes nothing in any more, drops what waits (it is level-triggered: the next start looks at everything), and
   * resolves when no key is worked on.
   */
  close(): Promise<void> {
    this.#closed = true;
    this.#timer?.timer.cancel();
    this.#timer = undefined;
    this.#waiting.clear();
    this.#dirty.clear();
    this.#laneOf.clear();
    for (const lane of QUEUE_LANES) this.#ready[lane].clear();
    for (const taker of [...this.#takers]) taker(undefined);
    return this.idle();
  }

  /** Resolves when no key is worked on. */
  idle(): Promise<void> {
    if (this.#processing.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleListeners.add(resolve));
  }

  #enqueue(key: string, lane: QueueLane, counts = true): void {
    if (counts) this.#options.metrics?.added(this.name);
    this.#laneOf.set(key, lane);
    this.#ready[lane].set(key, this.#clock.now());
    const [taker] = this.#takers;
    if (taker) taker(this.#next());
  }

  #promote(key: string, from: QueueLane, to: QueueLane): void {
    const since = this.#ready[from].get(key) ?? this.#clock.now();
    this.#ready[from].delete(key);
    this.#ready[to].set(key, since);
    this.#laneOf.set(key, to);
  }

  #next(): QueueItem | undefined {
    if (this.#laneOf.size === 0) return undefined;
    this.#taken += 1;
    const lane = this.#order().find((candidate) => this.#ready[candidate].size > 0);
    const first = lane && this.#ready[lane].entries().next().value;
    if (!lane || !first) return undefined;
    const [key, queuedAt] = first;
    const now = this.#clock.now();
    this.#ready[lane].delete(key);
    this.#laneOf.delete(key);
    this.#processing.set(key, { lane, since: now });
    this.#options.metrics?.waited(this.name, elapsedAtMost(queuedAt, now) / 1000);
    return { key, lane };
  }

  #order(): readonly QueueLane[] {
    if (this.#taken % AGEING_EVERY === 0) return AGED_ORDER;
    return this.#taken % AGEING_EVERY === AGEING_EVERY / 2 ? MIDDLE_ORDER : QUEUE_LANES;
  }

  /** One timer for all delays: that of the earliest. */
  #arm(): void {
    const first = this.#heap.first;
    if (!first || (this.#timer && this.#timer.readyAtMs <= first.readyAtMs)) return;
    this.#timer?.timer.cancel();
    const delayMs = Math.max(0, first.readyAtMs - this.#clock.now().monoMs);
    this.#timer = { readyAtMs: first.readyAtMs, timer: this.#clock.setTimer(delayMs, () => this.#ripen()) };
  }

  #ripen(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.now().monoMs;
    for (let first = this.#heap.first; first && first.readyAtMs <= nowMs; first = this.#heap.first) {
      this.#heap.pop();
      const waiting = this.#waiting.get(first.key);
      // A later entry of the same key was overtaken by an earlier one.
      if (waiting?.readyAtMs !== first.readyAtMs) continue;
      this.#waiting.delete(first.key);
      this.add(first.key, waiting.lane);
    }
    this.#arm();
  }
}
