import { type Clock, elapsedAtLeast, type Instant, sleep } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import type { KubeClient } from './client.ts';
import { NotFoundError, TransientError } from './errors.ts';
import { EVENT, type EventObject, type ObjectReference } from './kinds.ts';
import { microTime } from './micro-time.ts';
import { SpamFilter } from './spam-filter.ts';

/** What happened to an object, for the people who run it. */
export interface EventNote {
  readonly regarding: ObjectReference;
  readonly related?: ObjectReference;
  readonly type: 'Normal' | 'Warning';
  /** In the past tense, PascalCase: `FailedOver`. */
  readonly reason: string;
  /** What was being done: `Fence`, `Promote`. */
  readonly action: string;
  readonly note: string;
}

export interface EventRecorderOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  /** For example `switchback.dev/hub`. */
  readonly reportingController: string;
  /** The process: name of its pod. */
  readonly reportingInstance: string;
  /** Events that wait to be written, at most; 4,096 when absent. */
  readonly capacity?: number;
  readonly onError?: (error: unknown) => void;
}

interface Series {
  readonly note: EventNote;
  readonly firstSeenAt: Instant;
  readonly firstSeenMs: number;
  lastSeenMs: number;
  count: number;
  /** Where it was written; undefined before. */
  place: { namespace: string; name: string } | undefined;
  attempts: number;
}

/** Similar events within this time are one Event object with a count. */
const SERIES_MS = 600_000;
const MAX_SERIES = 4_096;
/** A flood is told slowly: what it is about has the API server first. */
const FLOOD = 50;
const FLOOD_PAUSE_MS = 50;
const MAX_ATTEMPTS = 3;
const RETRY_MS = 2_000;
/** Bounds of the API server. */
const MAX_NOTE_BYTES = 1_024;
const MAX_NAME = 200;

/**
 * Writes `events.k8s.io/v1` Events. `record` never blocks and never throws: events are told to people, nothing depends
 * on them. Repetitions are counted in a series, floods about one object are cut off, and when the API server is away
 * the buffer is bounded; what is lost is counted.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #filter: SpamFilter;
  /** By what makes events similar; the least recently used first. */
  readonly #series = new Map<string, Series>();
  readonly #pending = new Set<Series>();
  readonly #abort = new AbortController();
  #writing: Promise<void> | undefined;
  #dropped = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#filter = new SpamFilter(options.clock);
  }

  /** Events that were lost: cut off, over capacity, or refused by the API server. */
  get dropped(): number {
    return this.#dropped;
  }

  record(note: EventNote): void {
    const { capacity = MAX_SERIES } = this.#options;
    if (this.#abort.signal.aborted || !this.#filter.allows(objectKey(note.regarding))) {
      this.#dropped += 1;
      return;
    }
    const series = this.#seriesOf(note);
    series.count += 1;
    series.lastSeenMs = this.#options.clock.now().wallMs;
    if (!this.#pending.has(series) && this.#pending.size >= capacity) {
      this.#dropped += 1;
      return;
    }
    this.#pending.add(series);
    this.#begin();
  }

  /** Resolves when all that was recorded is written or lost. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  /** Takes nothing more and gives up what is not written yet. */
  async close(): Promise<void> {
    this.#abort.abort(new Error('the event recorder is closed'));
    await this.#writing;
  }

  #begin(): void {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
      // Recorded between the end of the loop and here.
      if (this.#pending.size > 0) this.#begin();
    });
  }

  #seriesOf(note: EventNote): Series {
    const { clock } = this.#options;
    const key = similarityKey(note);
    const now = clock.now();
    const known = this.#series.get(key);
    // Taken out and put in again: a Map keeps the order of insertion, so the first entry is the least recently used.
    this.#series.delete(key);
    const isCurrent = known && elapsedAtLeast(known.firstSeenAt, now) < SERIES_MS;
    const series: Series = isCurrent
      ? known
      : {
          note,
          firstSeenAt: now,
          firstSeenMs: now.wallMs,
          lastSeenMs: now.wallMs,
          count: 0,
          place: undefined,
          attempts: 0,
        };
    this.#series.set(key, series);
    const [oldest] = this.#series.keys();
    if (this.#series.size > MAX_SERIES && oldest !== undefined) this.#series.delete(oldest);
    return series;
  }

  async #writeAll(): Promise<void> {
    const { onError } = this.#options;
    // Yields once, so that a burst of the same event is one write.
    await undefined;
    for (const series of this.#pending) {
      this.#pending.delete(series);
      try {
        await this.#write(series);
        series.attempts = 0;
        if (this.#pending.size > FLOOD) await this.#pause(FLOOD_PAUSE_MS);
      } catch (error) {
        if (this.#abort.signal.aborted || !this.#keepForRetry(series, error)) this.#lose(error, onError);
        else await this.#pause(RETRY_MS);
      }
    }
  }

  /** Ends early when the recorder is closed. */
  #pause(ms: number): Promise<void> {
    return sleep(this.#options.clock, ms, this.#abort.signal).catch(() => undefined);
  }

  #keepForRetry(series: Series, error: unknown): boolean {
    if (error instanceof NotFoundError && series.place) series.place = undefined;
    else if (!(error instanceof TransientError)) return false;
    series.attempts += 1;
    if (series.attempts >= MAX_ATTEMPTS) return false;
    this.#pending.add(series);
    return true;
  }

  #lose(error: unknown, onError: EventRecorderOptions['onError']): void {
    this.#dropped += 1;
    onError?.(error);
  }

  async #write(series: Series): Promise<void> {
    const { client } = this.#options;
    const call = { signal: this.#abort.signal, timeoutMs: 10_000 };
    if (series.place) {
      // All else of an Event is immutable.
      await client.mergePatch(EVENT, series.place, { series: seriesField(series) }, call);
      return;
    }
    const event = this.#toEvent(series);
    await client.create(EVENT, event, call);
    series.place = { namespace: event.metadata.namespace ?? 'default', name: event.metadata.name };
  }

  #toEvent(series: Series): EventObject {
    const { random, reportingController, reportingInstance } = this.#options;
    const { note } = series;
    return {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: {
        // Events about cluster-scoped objects live in `default`.
        namespace: note.regarding.namespace ?? 'default',
        name: `${note.regarding.name.slice(0, MAX_NAME)}.${random.token()}`,
      },
      eventTime: microTime(series.firstSeenMs),
      reportingController,
      reportingInstance: reportingInstance.slice(0, 128),
      action: note.action,
      reason: note.reason,
      type: note.type,
      note: truncate(note.note, MAX_NOTE_BYTES),
      regarding: note.regarding,
      ...(note.related ? { related: note.related } : {}),
      ...(series.count > 1 ? { series: seriesField(series) } : {}),
    };
  }
}

const seriesField = (series: Series) => ({
  // The API server wants at least two.
  count: Math.max(2, series.count),
  lastObservedTime: microTime(series.lastSeenMs),
});

const objectKey = ({ kind, name, namespace, uid }: ObjectReference): string =>
  `${kind}/${namespace ?? ''}/${name}/${uid ?? ''}`;

/** As client-go: the text may differ, the first one stays. */
const similarityKey = ({ action, reason, regarding, related, type }: EventNote): string =>
  [type, reason, action, objectKey(regarding), related ? objectKey(related) : ''].join('|');

/** Cuts at a character, not within one. */
function truncate(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const cut = Buffer.from(text)
    .subarray(0, maxBytes - 3)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
  return `${cut}…`;
}
