import { keyOf } from '../../../src/kube/object.ts';
import type { Range } from '../faults.ts';
import { deleteObject, FOREGROUND_FINALIZER, isFinalState, ORPHAN_FINALIZER } from '../object-lifecycle.ts';
import type { Change, ObjectStorage, StoredObject, Table } from '../object-storage.ts';
import type { ControlLoop, ControlPlane } from './control-plane.ts';

const DELAY_MS: Range = [10, 200];

/**
 * Deletes objects whose owners are all gone, from the garbage collector of kube-controller-manager. The queue's keys are
 * uids: of owners that went (their dependents are looked at) or are going by `Foreground` or `Orphan`.
 */
export function startGarbageCollector(plane: ControlPlane): void {
  const collector = new GarbageCollector(plane);
  plane.server.storage.onChange((table, change) => collector.observe(table, change));
}

interface Located {
  readonly table: Table;
  readonly key: string;
}

class GarbageCollector {
  readonly #plane: ControlPlane;
  readonly #storage: ObjectStorage;
  readonly #loop: ControlLoop;
  readonly #byUid = new Map<string, Located>();
  /** Uid of an owner → uids of its dependents. */
  readonly #dependents = new Map<string, Set<string>>();

  constructor(plane: ControlPlane) {
    this.#plane = plane;
    this.#storage = plane.server.storage;
    this.#loop = plane.loop(DELAY_MS, (uid) => this.#collect(uid));
  }

  observe(table: Table, change: Change): void {
    const uid = change.object.metadata.uid ?? '';
    if (change.type === 'DELETED') {
      this.#byUid.delete(uid);
      this.#forgetOwners(uid, change.object);
      if (this.#dependents.has(uid)) this.#loop.mark(uid);
      return;
    }
    this.#byUid.set(uid, { table, key: keyOf(change.object) });
    if (change.object.metadata.ownerReferences !== change.old?.metadata.ownerReferences) this.#linkOwners(uid, change);
    if (change.object.metadata.deletionTimestamp) this.#loop.mark(uid);
  }

  #linkOwners(uid: string, { object, old }: Change): void {
    if (old) this.#forgetOwners(uid, old);
    for (const owner of object.metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(owner.uid) ?? new Set();
      this.#dependents.set(owner.uid, dependents.add(uid));
      // An owner that never was, or is gone already.
      if (!this.#byUid.has(owner.uid)) this.#loop.mark(owner.uid);
    }
  }

  #forgetOwners(uid: string, object: StoredObject): void {
    for (const owner of object.metadata.ownerReferences ?? []) this.#dependents.get(owner.uid)?.delete(uid);
  }

  #collect(uid: string): void {
    const owner = this.#find(uid);
    if (!owner) for (const dependent of this.#dependentsOf(uid)) this.#deleteIfOrphaned(dependent);
    else if (owner.object.metadata.finalizers?.includes(FOREGROUND_FINALIZER)) this.#collectForeground(uid, owner);
    else if (owner.object.metadata.finalizers?.includes(ORPHAN_FINALIZER)) this.#orphan(uid, owner);
  }

  #deleteIfOrphaned(dependent: LocatedObject): void {
    const owners = dependent.object.metadata.ownerReferences ?? [];
    if (!owners.some(({ uid }) => this.#byUid.has(uid))) this.#delete(dependent);
  }

  #collectForeground(uid: string, owner: LocatedObject): void {
    const dependents = this.#dependentsOf(uid);
    for (const dependent of dependents) this.#delete(dependent, 'Foreground');
    if (dependents.length === 0) this.#releaseFinalizer(owner, FOREGROUND_FINALIZER);
    else this.#loop.mark(uid);
  }

  #orphan(uid: string, owner: LocatedObject): void {
    for (const { table, object } of this.#dependentsOf(uid)) {
      const ownerReferences = (object.metadata.ownerReferences ?? []).filter((reference) => reference.uid !== uid);
      this.#storage.replace(table, object, { ...object, metadata: { ...object.metadata, ownerReferences } });
    }
    this.#releaseFinalizer(owner, ORPHAN_FINALIZER);
  }

  #releaseFinalizer({ table, object }: LocatedObject, finalizer: string): void {
    const finalizers = (object.metadata.finalizers ?? []).filter((name) => name !== finalizer);
    const next = { ...object, metadata: { ...object.metadata, finalizers } };
    if (isFinalState(next)) this.#storage.remove(table, object, next);
    else this.#storage.replace(table, object, next);
  }

  /** A dependent without dependents of its own needs no foreground. */
  #delete({ table, object }: LocatedObject, wanted: 'Background' | 'Foreground' = 'Background'): void {
    if (object.metadata.deletionTimestamp) return;
    const policy = this.#dependentsOf(object.metadata.uid ?? '').length > 0 ? wanted : 'Background';
    const options = { preconditions: {}, graceSeconds: undefined, policy };
    deleteObject(this.#storage, table, object, { ...options, wallMs: this.#plane.time.wallMs });
  }

  #dependentsOf(uid: string): LocatedObject[] {
    return [...(this.#dependents.get(uid) ?? [])].map((dependent) => this.#find(dependent)).filter((found) => !!found);
  }

  #find(uid: string): LocatedObject | undefined {
    const located = this.#byUid.get(uid);
    const object = located?.table.objects.get(located.key);
    return located && object ? { table: located.table, object } : undefined;
  }
}

interface LocatedObject {
  readonly table: Table;
  readonly object: StoredObject;
}
