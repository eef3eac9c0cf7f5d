import { type KubeObject, keyOf } from './object.ts';
import { isNewer } from './resource-version.ts';
import type { Delta, StoreReader } from './store.ts';

/** Where a reflector puts what it sees. */
export interface ObjectSink<T extends KubeObject> {
  /** What will be kept of an object; called as soon as it is parsed, so that the rest can be collected early. */
  prepare(object: T): T;
  /** A list is about to be asked for. */
  relisting(): void;
  /** The whole collection as of `resourceVersion`. */
  replace(objects: readonly T[], resourceVersion: string): void;
  upsert(object: T): void;
  remove(object: T): void;
  /** The stream is complete up to this resource version. */
  progress(resourceVersion: string): void;
}

export type IndexFunction<T> = (object: T) => readonly string[];
export type DeltaHandler<T> = (delta: Delta<T>) => void;

export interface StoreOptions<T extends KubeObject> {
  /** Named index functions; each returns the values under which an object is found. */
  readonly indexers?: Readonly<Record<string, IndexFunction<T>>>;
  /** A projection that keeps less of each object, where memory matters. */
  readonly transform?: (object: T) => T;
  /** Called with what a handler threw; the other handlers still run. */
  readonly onHandlerError?: (error: unknown) => void;
  /** Deep-freezes what is kept (3 µs per object): a loop that changes a cached object then fails at once. */
  readonly freeze?: boolean;
}

/**
 * The cache of one kind of one cluster, with indexes and handlers. Handlers are called synchronously, once per change
 * of the cache, and should only enqueue keys.
 *
 * Read-your-writes: a writer puts the answer of its write in at once (`apply`), so the next reconcile never decides on
 * a picture that is older than its own writes. Such an object is *ahead* of the watch until the watch catches up;
 * meanwhile older events about it are dropped.
 */
export class Store<T extends KubeObject> implements StoreReader<T>, ObjectSink<T> {
  readonly #options: StoreOptions<T>;
  readonly #objects = new Map<string, T>();
  readonly #indexes: readonly Index<T>[];
  readonly #handlers = new Set<DeltaHandler<T>>();
  /** Keys of own writes that the watch has not confirmed yet, with the resource version written. */
  readonly #ahead = new Map<string, string>();
  /** Everything up to here has been seen. */
  #seen = '0';

  constructor(options: StoreOptions<T> = {}) {
    this.#options = options;
    this.#indexes = Object.entries(options.indexers ?? {}).map(([name, valuesOf]) => ({
      name,
      valuesOf,
      keys: new Map(),
    }));
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(): readonly T[] {
    return [...this.#objects.values()];
  }

  byIndex(index: string, value: string): readonly T[] {
    const found = this.#indexes.find(({ name }) => name === index);
    if (!found) throw new Error(`there is no index "${index}"`);
    const objects: T[] = [];
    for (const key of found.keys.get(value) ?? []) {
      const object = this.#objects.get(key);
      if (object) objects.push(object);
    }
    return objects;
  }

  /** Adds a handler and tells it about all that is there already. Returns the function that removes it. */
  addHandler(handler: DeltaHandler<T>): () => void {
    this.#handlers.add(handler);
    for (const object of this.#objects.values()) this.#call(handler, { type: 'added', object });
    return () => this.#handlers.delete(handler);
  }

  /**
   * Takes the answer of an own write. It is ignored when the cache knows something newer, and when the object has been
   * deleted since, which shows in a stream that is past the write and does not know the object.
   */
  apply(written: T): void {
    const key = keyOf(written);
    const version = versionOf(written);
    const cached = this.#objects.get(key);
    if (cached ? !isNewer(version, versionOf(cached)) : !isNewer(version, this.#seen)) return;
    if (isNewer(version, this.#seen)) this.#ahead.set(key, version);
    this.#put(key, this.prepare(written));
  }

  prepare(object: T): T {
    dropManagedFields(object);
    const kept = this.#options.transform ? this.#options.transform(object) : object;
    return this.#options.freeze ? deepFreeze(kept) : kept;
  }

  /** The list that follows is a quorum read: it knows all our earlier writes, so they need no protection from it. */
  relisting(): void {
    this.#ahead.clear();
  }

  replace(objects: readonly T[], resourceVersion: string): void {
    this.#seen = resourceVersion;
    const listed = new Set<string>();
    for (const object of objects) {
      const key = keyOf(object);
      listed.add(key);
      // A list may know an own write that was answered while it was under way, and what others wrote after it.
      if (!this.#isBehindOwnWrite(key, versionOf(object))) this.#put(key, object);
    }
    for (const key of [...this.#objects.keys()]) {
      if (!listed.has(key) && !this.#isBehindOwnWrite(key, resourceVersion)) this.#delete(key);
    }
  }

  upsert(object: T): void {
    const key = keyOf(object);
    const version = versionOf(object);
    this.#seen = version;
    if (this.#isBehindOwnWrite(key, version)) return;
    this.#put(key, object);
  }

  remove(object: T): void {
    const key = keyOf(object);
    // The event carries the version of the deletion: an own write that is newer has made the object anew.
    const version = versionOf(object);
    this.#seen = version;
    if (this.#isBehindOwnWrite(key, version)) return;
    this.#delete(key);
  }

  progress(resourceVersion: string): void {
    this.#seen = resourceVersion;
    // Writes that the watch will never confirm, because the object is outside its selector, are not kept for ever.
    for (const [key, written] of this.#ahead) {
      if (!isNewer(written, resourceVersion)) this.#ahead.delete(key);
    }
  }

  #isBehindOwnWrite(key: string, version: string): boolean {
    const written = this.#ahead.get(key);
    if (written === undefined) return false;
    if (isNewer(written, version)) return true;
    this.#ahead.delete(key);
    return false;
  }

  #put(key: string, object: T): void {
    const old = this.#objects.get(key);
    if (old && isSame(old, object)) return;
    this.#objects.set(key, object);
    for (const index of this.#indexes) reindex(index, key, old, object);
    this.#notify(old ? { type: 'updated', object, old } : { type: 'added', object });
  }

  #delete(key: string): void {
    const object = this.#objects.get(key);
    if (!object) return;
    this.#objects.delete(key);
    for (const index of this.#indexes) reindex(index, key, object, undefined);
    this.#notify({ type: 'deleted', object });
  }

  #notify(delta: Delta<T>): void {
    for (const handler of this.#handlers) this.#call(handler, delta);
  }

  #call(handler: DeltaHandler<T>, delta: Delta<T>): void {
    try {
      handler(delta);
    } catch (error) {
      this.#options.onHandlerError?.(error);
    }
  }
}

interface Index<T> {
  readonly name: string;
  readonly valuesOf: IndexFunction<T>;
  readonly keys: Map<string, Set<string>>;
}

function reindex<T>(index: Index<T>, key: string, old: T | undefined, next: T | undefined): void {
  for (const value of old ? index.valuesOf(old) : []) {
    const keys = index.keys.get(value);
    keys?.delete(key);
    if (keys?.size === 0) index.keys.delete(value);
  }
  for (const value of next ? index.valuesOf(next) : []) {
    const keys = index.keys.get(value);
    if (keys) keys.add(key);
    else index.keys.set(value, new Set([key]));
  }
}

const versionOf = (object: KubeObject): string => object.metadata.resourceVersion ?? '0';

/** Same object, same state: a relist or the echo of an own write brings nothing new. */
const isSame = (a: KubeObject, b: KubeObject): boolean =>
  a.metadata.uid === b.metadata.uid &&
  a.metadata.resourceVersion !== undefined &&
  a.metadata.resourceVersion === b.metadata.resourceVersion;

/**
 * A fifth of an object's bytes, and nothing we read. Assigned, not deleted: deleting a property turns the object into
 * a dictionary, which needs more memory than it saves.
 */
function dropManagedFields(object: KubeObject): void {
  const metadata: { managedFields?: unknown } & KubeObject['metadata'] = object.metadata;
  if (metadata.managedFields !== undefined) metadata.managedFields = undefined;
}

function deepFreeze<V>(value: V): V {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
