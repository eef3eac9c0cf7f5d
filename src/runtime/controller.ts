import type { Clock, Instant } from './clock.ts';
import { elapsedAtMost } from './clock.ts';
import { dispositionOf } from './disposition.ts';
import { type QueueItem, type QueueLane, type QueueMetrics, WorkQueue } from './queue.ts';
import type { Random } from './random.ts';

/** When to look again although nothing changes; nothing means: only on change. The key keeps its lane by default. */
export type ReconcileResult = { readonly requeueAfterMs?: number; readonly lane?: QueueLane } | undefined;

export interface ReconcileContext {
  /** Aborted when the controller must end; give it to every call. */
  readonly signal: AbortSignal;
  readonly lane: QueueLane;
}

// biome-ignore lint/suspicious/noConfusingVoidType: a reconcile with nothing to say simply ends
export type Reconcile = (key: string, context: ReconcileContext) => Promise<ReconcileResult | void>;

/** `bug`: an error of no known class, what Go calls a panic. */
export type ReconcileOutcome = 'success' | 'requeue_after' | 'requeue' | 'error' | 'terminal' | 'bug';

/** A reconcile that has ended. */
export interface EndedReconcile {
  readonly controller: string;
  readonly key: string;
  readonly lane: QueueLane;
  readonly outcome: ReconcileOutcome;
  readonly startedAt: Instant;
  readonly endedAt: Instant;
  /** What it threw; absent when it did not. */
  readonly error?: unknown;
}

/** Implemented by `report/traces.ts`. Must not throw, nor wait. */
export interface ReconcileTracer {
  reconciled(one: EndedReconcile): void;
}

/** Implemented by `report/metrics.ts`; times are in seconds. */
export interface ControllerMetrics extends QueueMetrics {
  /** Absent: nobody traces, and nothing is made for it. */
  readonly tracer?: ReconcileTracer;
  /** Called once per controller; `queue` is read when metrics are collected. */
  register(controller: string, concurrency: number, queue: WorkQueue): void;
  reconcileStarted(controller: string): void;
  reconcileEnded(controller: string, outcome: ReconcileOutcome, seconds: number): void;
}

export interface ReconcileFailure {
  readonly controller: string;
  readonly key: string;
  readonly error: unknown;
  /** False when it was refused for good, as far as the answer tells: it is tried again, but seldom. */
  readonly willRetry: boolean;
}

export interface ControllerOptions {
  readonly name: string;
  readonly reconcile: Reconcile;
  readonly clock: Clock;
  readonly random?: Random;
  /** Keys worked on at the same time; 1 when absent. */
  readonly concurrency?: number;
  readonly backoff?: { readonly minMs: number; readonly maxMs: number };
  readonly metrics?: ControllerMetrics;
  /** Called for every failure but a lost compare-and-swap, which is ordinary life. */
  readonly onFailure?: (failure: ReconcileFailure) => void;
}

/**
 * What was refused is tried again too, ever more seldom: what ends a refusal (a role binding, a webhook, an API server that
 * has just started and has not read its roles) is no event of the object, and nothing else would bring the key back.
 */
const REFUSED_BACKOFF = { minMs: 1000, maxMs: 60_000 };

/** A conflict is looked at again at once, but a key that conflicts again and again must not spin. */
const QUIET_CONFLICTS = 3;

/**
 * Runs a reconcile function over the keys of a queue. The queue lives as long as the controller and takes keys at any
 * time, so a standby is warm: `start` works through what has gathered. What an error means for the key is decided here
 * and nowhere else.
 */
export class Controller {
  readonly name: string;
  readonly queue: WorkQueue;
  readonly #options: ControllerOptions;
  #running: { intake: AbortController; abort: AbortController; done: Promise<unknown> } | undefined;

  constructor(options: ControllerOptions) {
    this.name = options.name;
    this.#options = options;
    this.queue = new WorkQueue(options);
    options.metrics?.register(options.name, this.#concurrency, this.queue);
  }

  get #concurrency(): number {
    return this.#options.concurrency ?? 1;
  }

  enqueue(key: string, lane: QueueLane = 'change'): void {
    this.queue.add(key, lane);
  }

  start(): void {
    if (this.#running) return;
    const intake = new AbortController();
    const abort = new AbortController();
    const workers = Array.from({ length: this.#concurrency }, () => this.#work(intake.signal, abort.signal));
    this.#running = { intake, abort, done: Promise.all(workers) };
  }

  /**
   * Takes no more keys, gives running reconciles `drainMs` to end, then aborts their signal, and resolves when they
   * have ended. It may be started again.
   */
  async stop(drainMs = 0): Promise<void> {
    const running = this.#running;
    if (!running) return;
    running.intake.abort();
    const end = (): void => running.abort.abort(new Error(`controller ${this.name} is stopped`));
    if (drainMs <= 0) end();
    const timer = drainMs > 0 ? this.#options.clock.setTimer(drainMs, end) : undefined;
    await running.done;
    timer?.cancel();
    if (this.#running === running) this.#running = undefined;
  }

  async #work(intake: AbortSignal, signal: AbortSignal): Promise<void> {
    for (let item = await this.queue.take(intake); item; item = await this.queue.take(intake)) {
      await this.#process(item, signal);
    }
  }

  async #process(item: QueueItem, signal: AbortSignal): Promise<void> {
    const { clock, metrics, reconcile } = this.#options;
    const startedAt = clock.now();
    metrics?.reconcileStarted(this.name);
    let outcome: ReconcileOutcome;
    let failure: { readonly error: unknown } | undefined;
    try {
      outcome = this.#succeed(item, (await reconcile(item.key, { signal, lane: item.lane })) ?? undefined);
    } catch (error) {
      failure = { error };
      outcome = this.#fail(item, error, signal);
    }
    const endedAt = clock.now();
    metrics?.reconcileEnded(this.name, outcome, elapsedAtMost(startedAt, endedAt) / 1000);
    metrics?.tracer?.reconciled({ controller: this.name, ...item, outcome, startedAt, endedAt, ...failure });
    this.queue.done(item.key);
  }

  #succeed({ key, lane }: QueueItem, result: ReconcileResult): ReconcileOutcome {
    this.queue.forget(key);
    if (result?.requeueAfterMs === undefined) return 'success';
    this.queue.addAfter(key, result.requeueAfterMs, result.lane ?? lane);
    return 'requeue_after';
  }

  #fail({ key, lane }: QueueItem, error: unknown, signal: AbortSignal): ReconcileOutcome {
    const disposed = dispositionOf(error);
    if (signal.aborted) {
      // Our own stop made it fail. The key must not be lost: this controller may be started again.
      this.queue.add(key, lane);
      return 'requeue';
    }
    if (disposed?.disposition === 'again' && this.queue.failures(key) < QUIET_CONFLICTS) {
      this.queue.addRateLimited(key, lane);
      return 'requeue';
    }
    const willRetry = disposed?.disposition !== 'never';
    if (willRetry) this.#retry(key, lane, disposed?.retryAfterMs);
    else this.queue.addRateLimited(key, lane, REFUSED_BACKOFF);
    this.#tell({ controller: this.name, key, error, willRetry });
    if (!disposed) return 'bug';
    return willRetry ? 'error' : 'terminal';
  }

  #retry(key: string, lane: QueueLane, retryAfterMs: number | undefined): void {
    if (retryAfterMs === undefined) this.queue.addRateLimited(key, lane);
    else this.queue.addAfter(key, retryAfterMs, lane);
  }

  #tell(failure: ReconcileFailure): void {
    try {
      this.#options.onFailure?.(failure);
    } catch {
      // A reporter that throws must not end a worker, and there is nobody left to tell.
    }
  }
}
