/**
 * The seam between our code and an API server: one request, or one watch stream. `UndiciTransport` talks to a real
 * API server; the simulation implements the same interface over an API server in memory and virtual time.
 */

/**
 * Connections are kept apart by purpose: neither ordinary calls nor the fencing of many services at once may delay the
 * few small calls of leases and intents (`control`). Watches have a pool of their own inside the transport.
 */
export type Lane = 'api' | 'fence' | 'control';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface ApiRequest {
  readonly method: Method;
  /** Absolute path, for example `/apis/switchback.dev/v1alpha1/regions/us-east`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Content type of the body; `application/json` when absent. */
  readonly contentType?: string;
  readonly lane: Lane;
  /** A deadline is mandatory: a silent peer is the hard case. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface ApiResponse {
  /** HTTP status. */
  readonly status: number;
  /** Parsed JSON body (a `Status` object on errors), or the text where it is no JSON. */
  readonly body: unknown;
  /** From `Retry-After`, in milliseconds. */
  readonly retryAfterMs?: number;
}

export interface WatchRequest {
  readonly path: string;
  /** Includes `watch=true`, `resourceVersion`, `allowWatchBookmarks`, `timeoutSeconds`. */
  readonly query: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Called for each line of the stream, in order, already parsed. */
  readonly onEvent: (event: WatchEvent) => void;
  /** Called once with the HTTP status when the response head is there. */
  readonly onOpen?: () => void;
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: unknown;
}

export interface Transport {
  /** Resolves with any HTTP answer; rejects with `UnreachableError` when none came (refused, reset, timed out, aborted). */
  request(request: ApiRequest): Promise<ApiResponse>;
  /**
   * Resolves when the server ends the stream cleanly (status 200), or with the error answer's status and body;
   * rejects with `UnreachableError` when the connection broke, with the signal's reason when aborted.
   */
  watch(request: WatchRequest): Promise<ApiResponse>;
  close(): Promise<void>;
}
