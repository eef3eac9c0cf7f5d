import type { KubeObject, Resource } from '../../src/kube/object.ts';
import { keyOf } from '../../src/kube/object.ts';
import { expired } from './api-status.ts';
import { equalJson, isJsonObject, type JsonObject, keepJson } from './json.ts';

/** Any object as the server keeps it: frozen. Every write makes a new one, and readers share it. */
export type StoredObject = KubeObject & JsonObject;

/** One committed write. */
export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** Resource version of the write: for a deletion too, and then `object` carries it. */
  readonly version: number;
  /** True time of the write, in milliseconds. */
  readonly atMs: number;
  readonly object: StoredObject;
  /** What was stored before; absent for ADDED. */
  readonly old?: StoredObject;
}

export type ChangeListener = (change: Change) => void;

export interface TableOptions {
  /** Writes of the object ignore `status`, writes of its `status` subresource ignore all else. Default true. */
  readonly statusSubresource?: boolean;
  /** A PUT must carry a resource version, as for custom resources and leases. Default: for groups outside Kubernetes. */
  readonly versionRequired?: boolean;
  /** Prunes, defaults and validates like the CRD's schema (for example zod's `parse`); what it throws becomes a 422. */
  readonly schema?: (object: JsonObject) => JsonObject;
}

export interface StorageOptions {
  readonly nowMs: () => number;
  /** Wall clock for `creationTimestamp`, in milliseconds. */
  readonly wallMs: () => number;
  readonly newUid: () => string;
  /** Changes kept per kind for watches, pages and stale reads; older versions are answered with 410. */
  readonly window: number;
}

/** Same shape as RFC 3339 of the API server: whole seconds. */
export const timestampOf = (wallMs: number): string => `${new Date(wallMs).toISOString().slice(0, 19)}Z`;

/** Groups of Kubernetes itself: `apps`, `policy`, `coordination.k8s.io`, and the core group. */
export const isBuiltIn = (group: string): boolean => !group.includes('.') || group.endsWith('.k8s.io');

/** All objects of one kind, their order of change, and who listens. */
export class Table {
  readonly resource: Resource;
  readonly options: TableOptions;
  readonly objects = new Map<string, StoredObject>();
  readonly listeners = new Set<ChangeListener>();
  #changes: Change[] = [];
  #compactedVersion = 0;

  constructor(resource: Resource, options: TableOptions) {
    this.resource = resource;
    this.options = options;
  }

  get hasStatus(): boolean {
    return this.options.statusSubresource ?? true;
  }

  get versionRequired(): boolean {
    return this.options.versionRequired ?? !isBuiltIn(this.resource.group);
  }

  record(change: Change, window: number): void {
    this.#changes.push(change);
    if (this.#changes.length > 2 * window) this.#forget(this.#changes.length - window);
    for (const listener of this.listeners) listener(change);
  }

  /** Forgets all history: every older resource version becomes `410 Expired`, as after an etcd compaction. */
  compact(): void {
    this.#forget(this.#changes.length);
  }

  /** All changes after `version`, in order. Throws 410 when they are no longer all known. */
  changesSince(version: number): readonly Change[] {
    this.#requireKept(version);
    return this.#changes.slice(this.#indexAfter(version));
  }

  /** All objects as of `version`. Throws 410 when that is no longer known. */
  stateAt(version: number): ReadonlyMap<string, StoredObject> {
    this.#requireKept(version);
    const first = this.#indexAfter(version);
    if (first === this.#changes.length) return this.objects;
    const state = new Map(this.objects);
    for (let i = this.#changes.length - 1; i >= first; i--) {
      const change = this.#changes[i];
      if (change?.old) state.set(keyOf(change.object), change.old);
      else if (change) state.delete(keyOf(change.object));
    }
    return state;
  }

  /** Version of the last change at or before `atMs`, or the oldest one that is still known. */
  versionAt(atMs: number): number {
    return this.#changes.findLast((change) => change.atMs <= atMs)?.version ?? this.#compactedVersion;
  }

  #requireKept(version: number): void {
    if (version < this.#compactedVersion) {
      throw expired(`too old resource version: ${version} (${this.#compactedVersion})`);
    }
  }

  /** Index of the first change newer than `version`, by bisection. */
  #indexAfter(version: number): number {
    let low = 0;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#changes[middle]?.version ?? 0) <= version) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #forget(count: number): void {
    const dropped = this.#changes.splice(0, count);
    this.#compactedVersion = dropped.at(-1)?.version ?? this.#compactedVersion;
  }
}

/**
 * The etcd of a fake API server: tables of immutable objects under one resource version that only grows. The world's
 * controllers work on it directly; clients come through `FakeApiServer`.
 */
export class ObjectStorage {
  readonly #options: StorageOptions;
  readonly #tables = new Map<string, Table>();
  readonly #listeners: ((table: Table, change: Change) => void)[] = [];
  #version = 1;

  constructor(options: StorageOptions) {
    this.#options = options;
  }

  /** Resource version of the last write. */
  get version(): number {
    return this.#version;
  }

  get tables(): Iterable<Table> {
    return this.#tables.values();
  }

  addTable(resource: Resource, options: TableOptions): Table {
    const name = tableName(resource.group, resource.version, resource.plural);
    const table = new Table(resource, options);
    this.#tables.set(name, table);
    return table;
  }

  findTable(group: string, version: string, plural: string): Table | undefined {
    return this.#tables.get(tableName(group, version, plural));
  }

  /** The table of a kind that is served; throws when it is not. */
  table(resource: Resource): Table {
    const table = this.findTable(resource.group, resource.version, resource.plural);
    if (!table) throw new Error(`${resource.plural}.${resource.group} is not served`);
    return table;
  }

  /** Takes over what another storage holds now, as an etcd does that is restored from a backup. Before anybody reads it. */
  restore(backup: ObjectStorage): void {
    this.#version = backup.version;
    for (const table of this.#tables.values()) {
      for (const [key, object] of backup.table(table.resource).objects) table.objects.set(key, object);
    }
  }

  /** Calls `listener` synchronously after every write of every kind. */
  onChange(listener: (table: Table, change: Change) => void): void {
    this.#listeners.push(listener);
  }

  /** Stores a new object under its namespace and name, which must be free, and returns it with its metadata. */
  insert(table: Table, object: StoredObject): StoredObject {
    const stored: StoredObject = keepJson({
      ...object,
      metadata: {
        ...object.metadata,
        uid: this.#options.newUid(),
        resourceVersion: this.#nextVersion(),
        generation: 1,
        creationTimestamp: timestampOf(this.#options.wallMs()),
      },
    });
    table.objects.set(keyOf(stored), stored);
    this.#record(table, { type: 'ADDED', object: stored });
    return stored;
  }

  /**
   * Stores `next` in place of `old`. The generation rises when anything but metadata and status differs. When nothing
   * differs at all, nothing is written and `old` is returned with its resource version.
   */
  replace(table: Table, old: StoredObject, next: StoredObject): StoredObject {
    if (equalExceptVersion(old, next)) return old;
    return this.#put(table, old, next, (old.metadata.generation ?? 0) + (equalContent(old, next) ? 0 : 1));
  }

  /** A write that changes nothing but the version. */
  touch(table: Table, old: StoredObject): StoredObject {
    return this.#put(table, old, old, old.metadata.generation ?? 0);
  }

  #put(table: Table, old: StoredObject, next: StoredObject, generation: number): StoredObject {
    const metadata = { ...next.metadata, generation, resourceVersion: this.#nextVersion() };
    const stored: StoredObject = keepJson({ ...next, metadata });
    table.objects.set(keyOf(stored), stored);
    this.#record(table, { type: 'MODIFIED', object: stored, old });
    return stored;
  }

  /** Stores the mark of a deletion, which raises the generation although the spec stays. */
  markDeleted(table: Table, old: StoredObject, next: StoredObject): StoredObject {
    if (old.metadata.deletionTimestamp !== undefined) return this.replace(table, old, next);
    return this.#put(table, old, next, (old.metadata.generation ?? 0) + 1);
  }

  /** Takes an object away and returns its last state (`final`, or as stored) with the version of the deletion. */
  remove(table: Table, old: StoredObject, final: StoredObject = old): StoredObject {
    table.objects.delete(keyOf(old));
    const metadata = { ...final.metadata, resourceVersion: this.#nextVersion() };
    const object: StoredObject = keepJson({ ...final, metadata });
    this.#record(table, { type: 'DELETED', object, old });
    return object;
  }

  #nextVersion(): string {
    return String(++this.#version);
  }

  #record(table: Table, change: Pick<Change, 'type' | 'object' | 'old'>): void {
    const full: Change = { ...change, version: this.#version, atMs: this.#options.nowMs() };
    table.record(full, this.#options.window);
    for (const listener of this.#listeners) listener(table, full);
  }
}

const tableName = (group: string, version: string, plural: string): string => `${group}/${version}/${plural}`;

function equalExceptVersion(a: StoredObject, b: StoredObject): boolean {
  return equalMembers(a, b, ['metadata']) && equalMembers(a.metadata, b.metadata, ['resourceVersion', 'generation']);
}

/** Equal in all that the generation counts. */
const equalContent = (a: StoredObject, b: StoredObject): boolean => equalMembers(a, b, ['metadata', 'status']);

function equalMembers(a: object, b: object, except: readonly string[]): boolean {
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const sameIn = (x: JsonObject, y: JsonObject) =>
    Object.keys(x).every((key) => except.includes(key) || equalJson(x[key], y[key]));
  return sameIn(a, b) && sameIn(b, a);
}
