import { isDeepStrictEqual } from 'node:util';
import { type Condition, type ConditionState, mergeConditions } from '../api/conditions.ts';
import type { WritableStore } from '../kube/apply.ts';
import type { KubeClient } from '../kube/client.ts';
import { replacing } from '../kube/merge-patch.ts';
import type { KubeObject, Resource } from '../kube/object.ts';

/** The part of a status that every kind of ours has. */
interface Conditioned extends KubeObject {
  readonly status?: { readonly observedGeneration?: number; readonly conditions?: Condition[] | undefined };
}

export interface StatusReport {
  readonly conditions: readonly ConditionState[];
  /** The other fields of the status that the caller owns. Null removes a field. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface ReportOptions<T extends KubeObject> {
  readonly client: KubeClient;
  readonly resource: Resource<T>;
  readonly store: WritableStore<T>;
  /** RFC 3339, for conditions that change. */
  readonly now: string;
  readonly signal?: AbortSignal;
  /** Only onto the very object that was looked at: something is decided by this status, and an older one must not replace it. */
  readonly isExact?: boolean;
  /**
   * The caller is the only one who reports on the kind, so it replaces the status: an API server does about a quarter less
   * work for that than for a patch, which it turns into a whole object first. Exact by nature.
   */
  readonly isSole?: boolean;
}

/**
 * Writes a status once, at the end, and only when it says something new: a pass that changes nothing writes nothing.
 * It is a merge patch of the caller's own fields, so several loops can report on one object, or, with `isSole`, the whole.
 *
 * @throws ConflictError when the object is not the one that was looked at any more, as far as `isExact` or `isSole` ask
 */
export async function reportStatus<T extends Conditioned>(
  options: ReportOptions<T>,
  object: T,
  report: StatusReport,
): Promise<void> {
  const generation = object.metadata.generation ?? 0;
  const conditions = mergeConditions(object.status?.conditions, report.conditions, { generation, time: options.now });
  const next: Record<string, unknown> = { observedGeneration: generation, conditions, ...report.fields };
  const present: Readonly<Record<string, unknown>> = { ...object.status };
  const change = Object.entries(next)
    .filter(([name, value]) => !isDeepStrictEqual(present[name] ?? null, value ?? null))
    .map(([name, value]) => [name, replacing(present[name], value)] as const);
  if (change.length === 0) return;
  const written = await (options.isSole ? replaceWhole(options, object, next) : patchFields(options, object, change));
  options.store.apply(written);
}

function patchFields<T extends Conditioned>(
  { client, isExact, resource, signal }: ReportOptions<T>,
  { metadata: { name, namespace, resourceVersion, uid } }: T,
  change: readonly (readonly [string, unknown])[],
): Promise<T> {
  const where = namespace === undefined ? { name } : { name, namespace };
  // The uid: what was seen of an object must not be said of another one that was made anew under its name.
  const exact = isExact && resourceVersion !== undefined ? { resourceVersion } : {};
  const metadata = uid === undefined ? {} : { metadata: { uid, ...exact } };
  const patch = { ...metadata, status: Object.fromEntries(change) };
  return client.mergePatch(resource, where, patch, { subresource: 'status', ...(signal ? { signal } : {}) });
}

/** The server takes nothing but the status, so nothing else is sent; it refuses it where the version is not the newest. */
function replaceWhole<T extends Conditioned>(
  { client, resource, signal }: ReportOptions<T>,
  object: T,
  next: Readonly<Record<string, unknown>>,
): Promise<T> {
  const fields = Object.entries({ ...object.status, ...next }).filter(([, value]) => value !== null);
  const { name, namespace, resourceVersion, uid } = object.metadata;
  const metadata = { name, namespace, resourceVersion, uid };
  const whole = { ...object, metadata, spec: undefined, status: Object.fromEntries(fields) };
  return client.replace(resource, whole, { subresource: 'status', ...(signal ? { signal } : {}) });
}
