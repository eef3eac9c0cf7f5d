import { apiVersionOf } from '../../src/kube/object.ts';
import type { WatchEvent } from '../../src/kube/transport.ts';
import type { Timer } from '../../src/runtime/clock.ts';
import type { ApiPath } from './api-path.ts';
import { ApiFailure, statusBody } from './api-status.ts';
import type { Change, ObjectStorage, StoredObject, Table } from './object-storage.ts';
import { filterOf, type ObjectFilter } from './selector.ts';
import type { VirtualTime } from './virtual-time.ts';

/** The server's end of a watch stream. */
export interface WatchSink {
  /** Called synchronously with the server's own objects, which must not be changed. */
  event(event: WatchEvent): void;
  /** The server ends the stream cleanly. Not called after `close`. */
  end(): void;
}

export interface WatchOptions {
  readonly table: Table;
  readonly at: ApiPath;
  readonly query: Readonly<Record<string, string>>;
  readonly sink: WatchSink;
}

/** As in the real server (measured on 1.36: every 60 s on a quiet watch). */
const BOOKMARK_PERIOD_MS = 60_000;
/** The real server draws 30 to 60 minutes where the client names no timeout. */
const DEFAULT_TIMEOUT_SECONDS = 1800;

/**
 * One watch of one client, inside the server: all changes after the version asked for, in order and without a hole,
 * until it is closed, its time is over, or the version turns out to be forgotten (an ERROR event with 410).
 */
export class ServerWatch {
  readonly #storage: ObjectStorage;
  readonly #time: VirtualTime;
  readonly #options: WatchOptions;
  readonly #filter: ObjectFilter | undefined;
  readonly #timers: Timer[] = [];
  #isOpen = true;

  /** Throws `ApiFailure` for a version from the future. */
  constructor(storage: ObjectStorage, time: VirtualTime, options: WatchOptions) {
    this.#storage = storage;
    this.#time = time;
    this.#options = options;
    this.#filter = filterOf(options.query);
    this.#begin();
  }

  /** Stops the stream without a word. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#options.table.listeners.delete(this.#onChange);
    for (const timer of this.#timers) timer.cancel();
  }

  #begin(): void {
    const { table, query, sink } = this.#options;
    const version = Number(query['resourceVersion'] ?? 0);
    if (version > this.#storage.version) throw new ApiFailure(504, 'Timeout', 'Too large resource version', 1);
    if (version === 0) for (const object of table.objects.values()) this.#send({ type: 'ADDED', object });
    else if (!this.#replay(version)) return;
    table.listeners.add(this.#onChange);
    if (query['allowWatchBookmarks'] === 'true') this.#bookmarkLater();
    const timeoutMs = Number(query['timeoutSeconds'] ?? DEFAULT_TIMEOUT_SECONDS) * 1000;
    this.#timers.push(
      this.#time.schedule(timeoutMs, () => {
        this.close();
        sink.end();
      }),
    );
  }

  /** Sends what happened since `version`; false when that is forgotten and the stream has ended with an error. */
  #replay(version: number): boolean {
    const { table, sink } = this.#options;
    try {
      for (const change of table.changesSince(version)) this.#onChange(change);
      return true;
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      sink.event({ type: 'ERROR', object: statusBody(error) });
      this.#isOpen = false;
      sink.end();
      return false;
    }
  }

  /** An object that begins or ceases to match the selector is added or deleted for this client. */
  readonly #onChange = (change: Change): void => {
    const isIn = change.type !== 'DELETED' && this.#matches(change.object);
    const wasIn = change.old !== undefined && this.#matches(change.old);
    if (isIn) this.#send({ type: wasIn ? 'MODIFIED' : 'ADDED', object: change.object });
    else if (wasIn) this.#send({ type: 'DELETED', object: change.object });
  };

  #matches(object: StoredObject): boolean {
    const { namespace, name } = this.#options.at;
    return (
      (namespace === undefined || object.metadata.namespace === namespace) &&
      (name === undefined || object.metadata.name === name) &&
      (this.#filter === undefined || this.#filter(object))
    );
  }

  #send(event: WatchEvent): void {
    if (this.#isOpen) this.#options.sink.event(event);
  }

  #bookmarkLater(): void {
    const { resource } = this.#options.table;
    this.#timers[0] = this.#time.schedule(BOOKMARK_PERIOD_MS, () => {
      const metadata = { resourceVersion: String(this.#storage.version) };
      this.#send({ type: 'BOOKMARK', object: { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata } });
      this.#bookmarkLater();
    });
  }
}
