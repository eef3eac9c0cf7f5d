import { type KubeObject, keyOf, type Resource } from '../../../src/kube/object.ts';
import { deleteObject } from '../object-lifecycle.ts';
import type { Change, ObjectStorage, StoredObject, Table } from '../object-storage.ts';
import type { VirtualTime } from '../virtual-time.ts';

export interface TypedChange<T> {
  readonly type: Change['type'];
  readonly object: T;
  readonly old?: T;
}

/**
 * Typed access of the cluster's own controllers to the storage: no network, no faults. Objects are the stored ones and
 * must not be changed.
 */
export class Kind<T extends KubeObject> {
  readonly #storage: ObjectStorage;
  readonly #time: VirtualTime;
  readonly #table: Table;

  constructor(storage: ObjectStorage, time: VirtualTime, resource: Resource<T>) {
    this.#storage = storage;
    this.#time = time;
    this.#table = storage.table(resource);
  }

  get(key: string): T | undefined {
    const object = this.#table.objects.get(key);
    return object && asTyped(object);
  }

  list(): T[] {
    return [...this.#table.objects.values()].map((object) => asTyped<T>(object));
  }

  create(object: T): T {
    return asTyped(this.#storage.insert(this.#table, asStored(object)));
  }

  /** Replaces the stored object by a changed copy of it; nothing happens when they are equal. */
  update(old: T, next: T): T {
    return asTyped(this.#storage.replace(this.#table, asStored(old), asStored(next)));
  }

  /** Deletes as a client would: grace period and finalizers hold the object. */
  delete(object: T, graceSeconds?: number): void {
    deleteObject(this.#storage, this.#table, asStored(object), {
      preconditions: {},
      graceSeconds,
      policy: 'Background',
      wallMs: this.#time.wallMs,
    });
  }

  onChange(listener: (change: TypedChange<T>) => void): void {
    this.#table.listeners.add(({ type, object, old }) =>
      listener({ type, object: asTyped<T>(object), ...(old ? { old: asTyped<T>(old) } : {}) }),
    );
  }
}

/** An index over one kind, kept up to date: objects by any number of values. */
export class KindIndex<T extends KubeObject> {
  readonly #byValue = new Map<string, Map<string, T>>();
  readonly #valuesOf: (object: T) => readonly string[];

  constructor(kind: Kind<T>, valuesOf: (object: T) => readonly string[]) {
    this.#valuesOf = valuesOf;
    for (const object of kind.list()) this.#add(object);
    kind.onChange(({ type, object, old }) => {
      if (old) this.#drop(old);
      if (type !== 'DELETED') this.#add(object);
    });
  }

  /** In the order of their last change. */
  get(value: string): T[] {
    return [...(this.#byValue.get(value)?.values() ?? [])];
  }

  #add(object: T): void {
    for (const value of this.#valuesOf(object)) {
      const objects = this.#byValue.get(value) ?? new Map<string, T>();
      this.#byValue.set(value, objects.set(keyOf(object), object));
    }
  }

  #drop(object: T): void {
    for (const value of this.#valuesOf(object)) this.#byValue.get(value)?.delete(keyOf(object));
  }
}

/** Uids of the owners of an object: for an index of dependents. */
export const ownersOf = (object: KubeObject): string[] => (object.metadata.ownerReferences ?? []).map(({ uid }) => uid);

// The storage holds plain JSON of every kind; that a table holds the kind it was made for is known only here.
const asTyped = <T extends KubeObject>(object: StoredObject): T => object as KubeObject as T;
const asStored = (object: KubeObject): StoredObject => object as StoredObject;
