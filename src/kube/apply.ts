import { hash } from 'node:crypto';
import type { CallOptions, KubeClient } from './client.ts';
import { holds, project } from './drift.ts';
import { type KubeObject, keyOf, type Resource } from './object.ts';

/**
 * Annotation with the hash of the object as it was wished when it was last applied. Of a Deployment it is a label: its
 * controller copies annotations to the ReplicaSet, which would be one more write and sync for each of ours. (Of a Service
 * it is the labels that are copied, to its EndpointSlices.)
 */
export const APPLIED_HASH = 'switchback.dev/applied-hash';

/** A cache that takes the answers of own writes (`Store`). */
export interface WritableStore<T extends KubeObject> {
  get(key: string): T | undefined;
  apply(written: T): void;
}

export interface Applied<T> {
  readonly object: T;
  /** False when nothing had to be written. */
  readonly written: boolean;
}

/** Brings objects to a wished state with server-side apply, and writes nothing when nothing changed. */
export interface Applier {
  /**
   * Applies `desired` unless the cached object carries its hash and all wished fields still hold. The answer of a write
   * goes into `store` at once, so that the next reconcile does not write it again out of a stale cache.
   * Errors: those of `KubeClient.apply`.
   */
  ensure<T extends KubeObject>(
    resource: Resource<T>,
    desired: T,
    store: WritableStore<T>,
    options?: EnsureOptions,
  ): Promise<Applied<T>>;
}

export interface EnsureOptions extends CallOptions {
  /** Makes the write a compare-and-swap: refused with `ConflictError` when the object is not at this version any more. */
  readonly resourceVersion?: string | undefined;
  /**
   * Makes the write one of this very object: when it is gone the write is refused with `ConflictError`. A resource
   * version does not do that, the server ignores it where an apply makes an object.
   */
  readonly uid?: string | undefined;
  /** Asked right before a write is sent; what it throws is thrown. */
  readonly beforeWrite?: () => void;
}

export interface ApplierOptions {
  readonly client: KubeClient;
  readonly fieldManager: string;
  /** Name of the annotation or label; `switchback.dev/applied-hash` when absent. */
  readonly hashKey?: string;
}

export function createApplier(options: ApplierOptions): Applier {
  const { client, fieldManager, hashKey = APPLIED_HASH } = options;
  /**
   * Where the server wrote a wished value in a way that we cannot tell from drift: the wish and what became of it, by
   * place. So such a value costs one more write after a start, and not one at each visit for ever.
   */
  const normalised = new Map<string, string>();

  const isApplied = (place: string, wish: string, desired: KubeObject, cached: KubeObject): boolean =>
    cached.metadata[hashField(cached)]?.[hashKey] === wish &&
    (holds(desired, cached) || normalised.get(place) === outcomeOf(wish, desired, cached));

  const remember = (place: string, wish: string, desired: KubeObject, written: KubeObject): void => {
    if (holds(desired, written)) normalised.delete(place);
    else normalised.set(place, outcomeOf(wish, desired, written));
  };

  return {
    async ensure(resource, desired, store, options = {}) {
      const { resourceVersion, uid, beforeWrite, ...call } = options;
      const wish = hashOf(desired);
      const key = keyOf(desired);
      const place = `${resource.plural}/${key}`;
      const cached = store.get(key);
      if (cached && isApplied(place, wish, desired, cached)) return { object: cached, written: false };
      const field = hashField(desired);
      const marks = { [field]: { ...desired.metadata[field], [hashKey]: wish } };
      const version = resourceVersion === undefined ? {} : { resourceVersion };
      const identity = uid === undefined ? {} : { uid };
      const marked = { ...desired, metadata: { ...desired.metadata, ...marks, ...version, ...identity } };
      beforeWrite?.();
      const object = await client.apply(resource, marked, { ...call, fieldManager });
      store.apply(object);
      remember(place, wish, desired, object);
      return { object, written: true };
    },
  };
}

const hashField = ({ kind }: KubeObject): 'labels' | 'annotations' =>
  kind === 'Deployment' ? 'labels' : 'annotations';

const outcomeOf = (wish: string, desired: KubeObject, actual: KubeObject): string =>
  `${wish}/${hashOf(project(desired, actual))}`;

/** A hash that does not depend on the order of keys, and fits into a label. */
export const hashOf = (value: unknown): string => hash('sha256', stableJson(value), 'hex').slice(0, 40);

/** JSON with sorted keys; undefined values are left out, as JSON does. */
function stableJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((element) => stableJson(element ?? null)).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const parts: string[] = [];
  for (const [key, inner] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (inner !== undefined) parts.push(`${JSON.stringify(key)}:${stableJson(inner)}`);
  }
  return `{${parts.join()}}`;
}
