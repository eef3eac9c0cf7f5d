import type { KubeObject, Resource } from './object.ts';
import type { Lane, Transport } from './transport.ts';

export interface CallOptions {
  readonly lane?: Lane;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface Where {
  readonly name: string;
  readonly namespace?: string;
}

export interface ListOptions extends CallOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ListResult<T> {
  readonly items: T[];
  readonly resourceVersion: string;
}

/**
 * Verbs on raw JSON objects of one cluster. Reads go to the API server as quorum reads (no `resourceVersion`).
 * Errors: `NotFoundError` (404), `ConflictError` (409), `TransientError` (429, 5xx), `UnreachableError` (no answer),
 * `TerminalError` (any other 4xx).
 */
export interface KubeClient {
  /** Name of the cluster (`hub` or the region), for logs and metric labels. */
  readonly cluster: string;
  readonly transport: Transport;
  read<T extends KubeObject>(resource: Resource<T>, where: Where, options?: CallOptions): Promise<T>;
  /** All pages. */
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<ListResult<T>>;
  create<T extends KubeObject>(resource: Resource<T>, object: T, options?: CallOptions): Promise<T>;
  /** PUT: with `metadata.resourceVersion` it is a compare-and-swap. */
  replace<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options?: CallOptions & { subresource?: 'status' },
  ): Promise<T>;
  /** JSON merge patch. `metadata.resourceVersion` inside the patch makes it a compare-and-swap. */
  mergePatch<T extends KubeObject>(
    resource: Resource<T>,
    where: Where,
    patch: unknown,
    options?: CallOptions & { subresource?: 'status'; fieldManager?: string },
  ): Promise<T>;
  /** Server-side apply, forced, as `fieldManager`. */
  apply<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options: CallOptions & { fieldManager: string; subresource?: 'status' },
  ): Promise<T>;
  delete(
    resource: Resource,
    where: Where,
    options?: CallOptions & {
      preconditions?: { uid?: string; resourceVersion?: string };
      gracePeriodSeconds?: number;
      propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
    },
  ): Promise<void>;
  /** Eviction of a pod: respects PodDisruptionBudgets (`TransientError` with status 429 when one says no). */
  evict(where: Where, options?: CallOptions): Promise<void>;
}
