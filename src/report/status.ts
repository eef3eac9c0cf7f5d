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
}

/**
 * Writes a status once, at the end, and only when it says something new: a pass that changes nothing writes nothing.
 * It is a merge patch of the caller's own fields, so several loops can report on one object.
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
  const { name, namespace, resourceVersion, uid } = object.metadata;
  const where = namespace === undefined ? { name } : { name, namespace };
  // The uid: what was seen of an object must not be said of another one that was made anew under its name.
  const exact = options.isExact && resourceVersion !== undefined ? { resourceVersion } : {};
  const metadata = uid === undefined ? {} : { metadata: { uid, ...exact } };
  const written = await options.client.mergePatch(
    options.resource,
    where,
    { ...metadata, status: Object.fromEntries(change) },
    { subresource: 'status', ...(options.signal ? { signal: options.signal } : {}) },
  );
  options.store.apply(written);
}
