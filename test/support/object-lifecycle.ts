import { conflict, invalid } from './api-status.ts';
import { type JsonObject, numberOf, objectOf, stringOf } from './json.ts';
import { type ObjectStorage, type StoredObject, type Table, timestampOf } from './object-storage.ts';

export interface DeleteOptions {
  readonly preconditions: JsonObject;
  /** Undefined: the default of the kind. */
  readonly graceSeconds: number | undefined;
  /** `Background`, `Foreground` or `Orphan`. */
  readonly policy: string;
}

/** Finalizers by which the garbage collector is asked to act before an owner goes. */
export const FOREGROUND_FINALIZER = 'foregroundDeletion';
export const ORPHAN_FINALIZER = 'orphan';

const DEFAULT_POD_GRACE_SECONDS = 30;

/** Throws 422 when a write puts a finalizer on an object that is being deleted. */
export function refuseLateFinalizer(old: StoredObject, next: StoredObject): void {
  if (old.metadata.deletionTimestamp === undefined) return;
  const added = next.metadata.finalizers?.filter((name) => !old.metadata.finalizers?.includes(name)) ?? [];
  if (added.length > 0) throw invalid(`metadata.finalizers: Forbidden: no new finalizers can be added: ${added}`);
}

/** Throws 409 when a write was made for another version or another incarnation of the object. */
export function refuseStale(old: StoredObject, sent: StoredObject): void {
  const { resourceVersion, uid } = sent.metadata;
  if (resourceVersion && resourceVersion !== old.metadata.resourceVersion) {
    throw conflict(`Operation cannot be fulfilled on "${old.metadata.name}": the object has been modified`);
  }
  refuseOtherUid(old, uid);
}

/**
 * Deletes as the server does: at once, or by marking the object with a deletion time while finalizers, or the grace
 * period of a pod that is on a node, hold it. Returns the last state.
 */
export function deleteObject(
  storage: ObjectStorage,
  table: Table,
  old: StoredObject,
  options: DeleteOptions & { readonly wallMs: number },
): StoredObject {
  refuseOtherUid(old, stringOf(options.preconditions['uid']));
  const version = stringOf(options.preconditions['resourceVersion']);
  if (version !== undefined && version !== old.metadata.resourceVersion) {
    throw conflict(`Precondition failed: ResourceVersion in precondition: ${version}`);
  }
  const finalizers = finalizersFor(old, options.policy);
  const grace = graceOf(table, old, options.graceSeconds);
  if (finalizers.length === 0 && grace === 0) return storage.remove(table, old, markedAt(old, options.wallMs));
  const deletionTimestamp = timestampOf(options.wallMs + grace * 1000);
  const metadata = {
    ...old.metadata,
    ...(finalizers.length === 0 ? {} : { finalizers }),
    deletionTimestamp: old.metadata.deletionTimestamp ?? deletionTimestamp,
    deletionGracePeriodSeconds: grace,
  };
  return storage.markDeleted(table, old, { ...old, metadata });
}

/** Whether this state of an object is its last: being deleted, held by no finalizer and by no grace period any more. */
export function isFinalState(object: StoredObject): boolean {
  const { deletionTimestamp, finalizers = [] } = object.metadata;
  return deletionTimestamp !== undefined && finalizers.length === 0 && (graceLeft(object) ?? 0) === 0;
}

function refuseOtherUid(old: StoredObject, uid: string | undefined): void {
  if (uid !== undefined && uid !== old.metadata.uid) {
    throw conflict(`Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`);
  }
}

function finalizersFor(old: StoredObject, policy: string): readonly string[] {
  const present = old.metadata.finalizers ?? [];
  const added = policy === 'Foreground' ? FOREGROUND_FINALIZER : policy === 'Orphan' ? ORPHAN_FINALIZER : undefined;
  return added === undefined || present.includes(added) ? present : [...present, added];
}

const markedAt = (old: StoredObject, wallMs: number): StoredObject => ({
  ...old,
  metadata: { ...old.metadata, deletionTimestamp: timestampOf(wallMs), ...{ deletionGracePeriodSeconds: 0 } },
});

const graceLeft = (object: StoredObject): number | undefined =>
  numberOf(objectOf(object.metadata)['deletionGracePeriodSeconds']);

/** Only pods have one. It can be shortened by a second deletion, never prolonged; without a node it is zero. */
function graceOf(table: Table, pod: StoredObject, asked: number | undefined): number {
  if (table.resource.kind !== 'Pod') return 0;
  const spec = objectOf(pod['spec']);
  if (stringOf(spec['nodeName']) === undefined) return 0;
  const wanted = asked ?? numberOf(spec['terminationGracePeriodSeconds']) ?? DEFAULT_POD_GRACE_SECONDS;
  return Math.min(wanted, graceLeft(pod) ?? wanted);
}
