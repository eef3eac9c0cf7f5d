import type { Agent } from 'undici';
import { type Clock, elapsedAtMost } from '../runtime/clock.ts';
import { type CredentialProvider, type Credentials, sameTls, type TlsMaterial } from './credentials.ts';
import { UnreachableError } from './errors.ts';
import { stream } from './event-stream.ts';
import { decodeBody, type Exchange, exchange, type HttpAnswer } from './exchange.ts';
import type { ApiRequest, ApiResponse, Lane, Transport, WatchRequest } from './transport.ts';
import { UndiciAgent } from './undici-agent.ts';

/** One answered or failed request, for the metrics of a REST client. */
export interface RequestObservation {
  readonly cluster: string;
  readonly host: string;
  /** The HTTP method, or `WATCH`. */
  readonly verb: string;
  /** HTTP status; 0 when no answer came. */
  readonly code: number;
  /** Until the answer is complete; for a watch until its head is there. */
  readonly ms: number;
}

export interface UndiciTransportOptions {
  readonly cluster: string;
  /** URL of the API server; a path prefix is kept. */
  readonly server: string;
  readonly credentials: CredentialProvider;
  readonly clock: Clock;
  readonly onRequest?: (observation: RequestObservation) => void;
  /** Bound of an answer's body in bytes; 64 MiB when absent. */
  readonly maxAnswerBytes?: number;
  /** Bound of one line of a watch in bytes; 8 MiB when absent. */
  readonly maxLineBytes?: number;
}

type Pool = Lane | 'watch';
type Agents = Readonly<Record<Pool, Agent>>;

const MIB = 1024 * 1024;
const KEEP_ALIVE_MS = 60_000;
/** Connections age out, so that they spread over all API servers again after a rolling restart. */
const CONNECTION_LIFE_MS = 480_000;
const WATCH_HEAD_TIMEOUT_MS = 30_000;

/**
 * HTTP/1.1 only: a half-open HTTP/2 session is never healed by an aborted call, an HTTP/1.1 socket dies with it.
 * The pools are apart so that neither watches nor a flood of calls can take the connections of the lease traffic.
 */
function createAgents(tls: TlsMaterial): Agents {
  const connect = {
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
    rejectUnauthorized: !tls.insecure,
    keepAlive: true,
    keepAliveInitialDelay: 15_000,
  };
  const shared = { allowH2: false, keepAliveTimeout: KEEP_ALIVE_MS, keepAliveMaxTimeout: KEEP_ALIVE_MS, connect };
  // The deadlines are ours (they cover head and body); undici's own would only be a second, coarser clock.
  const noTimeouts = { headersTimeout: 0, bodyTimeout: 0 };
  return {
    api: new UndiciAgent({
      ...shared,
      ...noTimeouts,
      connections: 32,
      clientTtl: CONNECTION_LIFE_MS,
      connectTimeout: 5_000,
    }),
    control: new UndiciAgent({
      ...shared,
      ...noTimeouts,
      connections: 4,
      clientTtl: CONNECTION_LIFE_MS,
      connectTimeout: 3_000,
    }),
    fence: new UndiciAgent({
      ...shared,
      ...noTimeouts,
      connections: 16,
      clientTtl: CONNECTION_LIFE_MS,
      connectTimeout: 3_000,
    }),
    watch: new UndiciAgent({ ...shared, headersTimeout: WATCH_HEAD_TIMEOUT_MS, bodyTimeout: 0, connectTimeout: 5_000 }),
  };
}

const closeAgents = (agents: Agents): Promise<unknown> =>
  Promise.all(Object.values(agents).map((agent) => agent.close()));

const destroyAgents = (agents: Agents): Promise<unknown> =>
  Promise.all(Object.values(agents).map((agent) => agent.destroy()));

function pathWithQuery(prefix: string, path: string, query: Readonly<Record<string, string>> | undefined): string {
  const text = query ? new URLSearchParams(query).toString() : '';
  return text === '' ? prefix + path : `${prefix}${path}?${text}`;
}

function toApiResponse(answer: HttpAnswer): ApiResponse {
  const seconds = Number(answer.headers['retry-after'] ?? Number.NaN);
  return {
    status: answer.status,
    body: decodeBody(answer),
    ...(Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: seconds * 1000 } : {}),
  };
}

/** A transport to a real API server. Nothing is connected before the first request. */
export function createUndiciTransport(options: UndiciTransportOptions): Transport {
  return new UndiciTransport(options);
}

class UndiciTransport implements Transport {
  readonly #options: UndiciTransportOptions;
  readonly #clock: Clock;
  readonly #origin: string;
  readonly #host: string;
  readonly #prefix: string;
  #agents: { agents: Agents; tls: TlsMaterial } | undefined;
  #closed = false;

  constructor(options: UndiciTransportOptions) {
    const url = new URL(options.server);
    this.#options = options;
    this.#clock = options.clock;
    this.#origin = url.origin;
    this.#host = url.host;
    this.#prefix = url.pathname.replace(/\/+$/, '');
  }

  async request(request: ApiRequest): Promise<ApiResponse> {
    const startedAt = this.#clock.now();
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const head: Record<string, string> =
      body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' };
    const path = pathWithQuery(this.#prefix, request.path, request.query);
    const send = (credentials: Credentials): Promise<HttpAnswer> =>
      exchange({
        ...this.#exchange(request.lane, credentials, { method: request.method, path, headers: head }),
        ...(body === undefined ? {} : { body }),
        ...(request.signal ? { signal: request.signal } : {}),
        timeoutMs: request.timeoutMs - elapsedAtMost(startedAt, this.#clock.now()),
        maxBytes: this.#options.maxAnswerBytes ?? 64 * MIB,
      });
    return this.#observed(request.method, async () => toApiResponse(await this.#withCredentials(request, send)));
  }

  watch(request: WatchRequest): Promise<ApiResponse> {
    const startedAt = this.#clock.now();
    const path = pathWithQuery(this.#prefix, request.path, request.query);
    const open = (credentials: Credentials): Promise<HttpAnswer> =>
      stream({
        ...this.#exchange('watch', credentials, { method: 'GET', path, headers: {} }),
        signal: request.signal,
        maxBytes: this.#options.maxAnswerBytes ?? 64 * MIB,
        maxLineBytes: this.#options.maxLineBytes ?? 8 * MIB,
        onEvent: request.onEvent,
        onOpen: () => {
          this.#report('WATCH', 200, elapsedAtMost(startedAt, this.#clock.now()));
          request.onOpen?.();
        },
      });
    const limit = { timeoutMs: WATCH_HEAD_TIMEOUT_MS, signal: request.signal };
    return this.#withCredentials(limit, open).then((answer) => {
      if (answer.status !== 200) this.#report('WATCH', answer.status, elapsedAtMost(startedAt, this.#clock.now()));
      return toApiResponse(answer);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#agents) await destroyAgents(this.#agents.agents);
  }

  #exchange(
    pool: Pool,
    credentials: Credentials,
    { headers, method, path }: Pick<Exchange, 'method' | 'path' | 'headers'>,
  ): Omit<Exchange, 'timeoutMs' | 'maxBytes'> {
    const dispatcher = this.#agentsFor(credentials.tls)[pool];
    const all = { accept: 'application/json', 'user-agent': 'switchback', ...headers, ...credentials.headers };
    return { dispatcher, origin: this.#origin, method, path, headers: all, clock: this.#clock };
  }

  /** Sends, and once more with fresh credentials when the server says 401: a rotated token is no error. */
  async #withCredentials(
    limit: { timeoutMs: number; signal?: AbortSignal },
    send: (credentials: Credentials) => Promise<HttpAnswer>,
  ): Promise<HttpAnswer> {
    const provider = this.#options.credentials;
    const answer = await send(provider.current() ?? (await this.#refresh(limit)));
    return answer.status === 401 ? send(await this.#refresh(limit)) : answer;
  }

  /** A failing or hanging credential source means *no answer*, never an unbounded wait. */
  #refresh(limit: { timeoutMs: number; signal?: AbortSignal }): Promise<Credentials> {
    const { cluster } = this.#options;
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        timer.cancel();
        limit.signal?.removeEventListener('abort', onAbort);
        act();
      };
      const fail = (message: string, cause?: unknown): void =>
        settle(() => reject(new UnreachableError(`${cluster}: ${message}`, { cause })));
      const onAbort = (): void => fail('aborted', limit.signal?.reason);
      const timer = this.#clock.setTimer(limit.timeoutMs, () => fail('no credentials in time'));
      limit.signal?.addEventListener('abort', onAbort, { once: true });
      this.#options.credentials.refresh().then(
        (credentials) => settle(() => resolve(credentials)),
        (error: unknown) => fail('the credentials could not be loaded', error),
      );
    });
  }

  #agentsFor(tls: TlsMaterial): Agents {
    if (this.#closed) throw new UnreachableError(`${this.#options.cluster}: the transport is closed`);
    if (this.#agents && sameTls(this.#agents.tls, tls)) return this.#agents.agents;
    // Old connections carry the old identity: they end when what runs on them has ended (watches within minutes).
    if (this.#agents) closeAgents(this.#agents.agents).catch(() => undefined);
    this.#agents = { agents: createAgents(tls), tls };
    return this.#agents.agents;
  }

  async #observed(verb: string, call: () => Promise<ApiResponse>): Promise<ApiResponse> {
    const startedAt = this.#clock.now();
    let code = 0;
    try {
      const response = await call();
      code = response.status;
      return response;
    } finally {
      this.#report(verb, code, elapsedAtMost(startedAt, this.#clock.now()));
    }
  }

  #report(verb: string, code: number, ms: number): void {
    this.#options.onRequest?.({ cluster: this.#options.cluster, host: this.#host, verb, code, ms });
  }
}
