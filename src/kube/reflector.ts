import { type Clock, elapsedAtLeast, type Instant, sleep } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import type { ObjectSink } from './cache.ts';
import type { KubeClient } from './client.ts';
import { ExpiredError, MalformedAnswerError, TransientError } from './errors.ts';
import { listPages } from './list-pager.ts';
import { asObject, type KubeObject, pathOf, type Resource, resourceVersionOf } from './object.ts';
import { errorOf, statusOf } from './status.ts';
import type { Lane, WatchEvent } from './transport.ts';
import { WatchAttempt } from './watch-attempt.ts';

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: KubeClient;
  readonly resource: Resource<T>;
  readonly sink: ObjectSink<T>;
  readonly clock: Clock;
  readonly random: Random;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Lane of the lists. Watches have a pool of their own. */
  readonly lane?: Lane;
  /** First and longest pause after failures, in milliseconds; 500 and 10,000 when absent. */
  readonly backoff?: { readonly minMs: number; readonly maxMs: number };
  /** A watch without a sign of life for so long is given up; bookmarks come each minute. 90 s when absent. */
  readonly idleTimeoutMs?: number;
  /** Called for each failure of a list or watch; the reflector goes on by itself. */
  readonly onError?: (error: unknown) => void;
}

/** What a reflector has lived through, for metrics and diagnosis. */
export interface ReflectorCounts {
  lists: number;
  watches: number;
  events: number;
  failures: number;
  malformed: number;
  expired: number;
  /** Watches given up for silence. */
  silent: number;
}

/** The watch stood too short to be healthy, although it ended without an error. */
const SHORT_WATCH_MS = 1_000;
/** Failures are forgotten only after so long without a new one: a server that accepts and drops is not well. */
const HEALTHY_AFTER_MS = 60_000;

/**
 * Keeps a sink equal to a collection of one cluster: list, watch from there, resume after every interruption, list
 * again only when the position is lost. It never gives up and never guesses: what it cannot see stays as it was, and
 * `lastContactAt` says how old that is.
 */
export class Reflector<T extends KubeObject> {
  readonly counts: ReflectorCounts = {
    lists: 0,
    watches: 0,
    events: 0,
    failures: 0,
    malformed: 0,
    expired: 0,
    silent: 0,
  };
  readonly #options: ReflectorOptions<T>;
  readonly #synced = Promise.withResolvers<void>();
  #isSynced = false;
  #lastContactAt: Instant | undefined;
  /** Where to watch from; undefined when a list is needed. */
  #position: string | undefined;
  #failuresInARow = 0;
  #lastFailureAt: Instant | undefined;
  #attempt: WatchAttempt | undefined;
  /** A list that is asked for and not begun yet. */
  #asked: PromiseWithResolvers<void> | undefined;
  #isRefreshing = false;
  #running: { abort: AbortController; done: Promise<void> } | undefined;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
  }

  /** True once the sink holds a complete list. It stays true: later gaps show in `lastContactAt`. */
  get synced(): boolean {
    return this.#isSynced;
  }

  /** Whether the sink holds a complete list, and one that is not older than the last `refresh`. */
  get fresh(): boolean {
    return this.#isSynced && this.#asked === undefined && !this.#isRefreshing;
  }

  /**
   * Lists anew, by quorum: a watch may lag, or be dead without a word, for as long as the idle timeout. Resolves when the
   * sink holds all that was written before the call; never rejects, and tries on as long as the reflector runs.
   */
  refresh(): Promise<void> {
    this.#asked ??= Promise.withResolvers<void>();
    this.#attempt?.abort(new Error('a new list is asked for'));
    return this.#asked.promise;
  }

  /** Resolves when the sink holds a complete list for the first time; never rejects. */
  whenSynced(): Promise<void> {
    return this.#synced.promise;
  }

  /** When the API server last said something on this collection; undefined before the first list. */
  get lastContactAt(): Instant | undefined {
    return this.#lastContactAt;
  }

  get resourceVersion(): string | undefined {
    return this.#position;
  }

  start(): void {
    if (this.#running) return;
    const abort = new AbortController();
    this.#running = { abort, done: this.#run(abort.signal) };
  }

  /** Ends everything that is under way and resolves when nothing is left. It may be started again. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    running.abort.abort(new Error('the reflector is stopped'));
    await running.done;
    if (this.#running === running) this.#running = undefined;
  }

  async #run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      try {
        if (this.#asked) await this.#listAsAsked(stop);
        else if (this.#position === undefined) await this.#list(stop);
        else await this.#watchOnce(this.#position, stop);
      } catch (error) {
        if (!stop.aborted) await this.#recover(error, stop);
      }
    }
  }

  /** Who asks while the list is under way wants another one. */
  async #listAsAsked(stop: AbortSignal): Promise<void> {
    const asked = this.#asked;
    this.#asked = undefined;
    this.#isRefreshing = true;
    try {
      await this.#list(stop);
      asked?.resolve();
    } catch (error) {
      void this.refresh().then(asked?.resolve);
      throw error;
    } finally {
      this.#isRefreshing = false;
    }
  }

  async #list(stop: AbortSignal): Promise<void> {
    const { client, sink } = this.#options;
    let items: T[] = [];
    this.counts.lists += 1;
    sink.relisting();
    const resourceVersion = await listPages<T>({
      ...this.#options,
      transport: client.transport,
      cluster: client.cluster,
      signal: stop,
      onRestart: () => {
        items = [];
      },
      onItem: (item) => items.push(sink.prepare(item)),
    });
    if (stop.aborted) return;
    sink.replace(items, resourceVersion);
    this.#position = resourceVersion;
    this.#lastContactAt = this.#options.clock.now();
    this.#isSynced = true;
    this.#synced.resolve();
  }

  async #watchOnce(position: string, stop: AbortSignal): Promise<void> {
    const { clock, idleTimeoutMs = 90_000 } = this.#options;
    const startedAt = clock.now();
    this.counts.watches += 1;
    using attempt = new WatchAttempt(clock, stop, idleTimeoutMs);
    this.#attempt = attempt;
    try {
      await this.#follow(position, attempt);
    } catch (error) {
      if (this.#asked) return;
      if (!attempt.wasSilent) throw error;
      // No failure: an API server sends no bookmarks of a kind that has not changed since it started. If the link is
      // dead instead, the next watch will show it.
      this.counts.silent += 1;
    }
    if (this.#asked) return;
    if (elapsedAtLeast(startedAt, clock.now()) < SHORT_WATCH_MS) throw new TransientError('the watch ended at once');
  }

  async #follow(position: string, attempt: WatchAttempt): Promise<void> {
    const { client, clock } = this.#options;
    const onEvent = (event: WatchEvent): void => {
      attempt.alive();
      try {
        this.#take(event);
      } catch (error) {
        // Rejecting is not enough: the stream must end, or later events would leave a gap behind.
        attempt.abort(error);
      }
    };
    const response = await client.transport.watch({
      path: this.#path(),
      query: this.#watchQuery(position),
      signal: attempt.signal,
      onEvent,
      onOpen: () => {
        attempt.alive();
        this.#lastContactAt = clock.now();
      },
    });
    attempt.throwIfAborted();
    if (response.status !== 200) throw errorOf(response, `${client.cluster}: WATCH ${this.#path()}`);
  }

  #take(event: WatchEvent): void {
    const { clock, sink } = this.#options;
    if (event.type === 'ERROR') throw this.#streamError(event.object);
    // A bookmark has a version and nothing else, not even a name.
    const resourceVersion = resourceVersionOf(event.object);
    if (!resourceVersion) throw this.#malformed('has no resource version');
    if (event.type === 'BOOKMARK') sink.progress(resourceVersion);
    else this.#change(event);
    this.counts.events += 1;
    this.#lastContactAt = clock.now();
    this.#position = resourceVersion;
  }

  #change(event: WatchEvent): void {
    const { resource, sink } = this.#options;
    const object = asObject(resource, event.object);
    if (!object) throw this.#malformed(`carries no ${resource.kind}`);
    const kept = sink.prepare(object);
    if (event.type === 'DELETED') sink.remove(kept);
    else sink.upsert(kept);
  }

  #malformed(what: string): MalformedAnswerError {
    const { client, resource } = this.#options;
    return new MalformedAnswerError(`${client.cluster}: an event of ${resource.plural} ${what}`);
  }

  #streamError(body: unknown): Error {
    const { code = 0 } = statusOf(body);
    return errorOf({ status: code, body }, `${this.#options.client.cluster}: WATCH ${this.#path()}`);
  }

  async #recover(error: unknown, stop: AbortSignal): Promise<void> {
    const { clock, onError } = this.#options;
    const now = clock.now();
    this.#count(error);
    onError?.(error);
    if (this.#lastFailureAt && elapsedAtLeast(this.#lastFailureAt, now) >= HEALTHY_AFTER_MS) this.#failuresInARow = 0;
    this.#lastFailureAt = now;
    const delayMs = this.#pauseAfter(error);
    this.#failuresInARow += 1;
    if (delayMs > 0) await sleep(clock, delayMs, stop).catch(() => undefined);
  }

  #count(error: unknown): void {
    this.counts.failures += 1;
    if (error instanceof ExpiredError) this.counts.expired += 1;
    if (error instanceof MalformedAnswerError) this.counts.malformed += 1;
    // Both mean that the position cannot be trusted; anything else resumes where it was.
    if (error instanceof ExpiredError || error instanceof MalformedAnswerError) this.#position = undefined;
  }

  /** The first 410 is ordinary life and costs no pause; all else backs off exponentially with full jitter. */
  #pauseAfter(error: unknown): number {
    const { random, backoff = { minMs: 500, maxMs: 10_000 } } = this.#options;
    if (error instanceof ExpiredError && this.#failuresInARow === 0) return 0;
    const asked = error instanceof TransientError ? (error.retryAfterMs ?? 0) : 0;
    const ceiling = Math.min(backoff.maxMs, backoff.minMs * 2 ** Math.min(this.#failuresInARow, 20));
    return Math.max(Math.min(asked, backoff.maxMs), ceiling * (0.5 + 0.5 * random.next()));
  }

  #path(): string {
    const { namespace, resource } = this.#options;
    return pathOf(resource, namespace === undefined ? {} : { namespace });
  }

  #watchQuery(position: string): Record<string, string> {
    const { fieldSelector, labelSelector, random } = this.#options;
    // Spread, so that the watches of many reflectors do not all end in the same second.
    const timeoutSeconds = 300 + Math.floor(300 * random.next());
    return {
      watch: 'true',
      resourceVersion: position,
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(timeoutSeconds),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    };
  }
}
