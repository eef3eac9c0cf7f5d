import type { Dispatcher } from 'undici';
import type { Clock } from '../runtime/clock.ts';
import { MalformedAnswerError, UnreachableError } from './errors.ts';

/** One HTTP exchange on a given dispatcher. */
export interface Exchange {
  readonly dispatcher: Dispatcher;
  readonly origin: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** Deadline in milliseconds over head and body. */
  readonly timeoutMs: number;
  /** Bound of the answer's body. */
  readonly maxBytes: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** The JSON value of an answer, or its text where it is no JSON (a proxy's page, for example). */
export function decodeBody(answer: HttpAnswer): unknown {
  if (answer.text === '') return undefined;
  try {
    return JSON.parse(answer.text);
  } catch {
    return answer.text;
  }
}

/**
 * Sends a request and reads the whole answer. Rejects with `UnreachableError` when no complete answer came in time,
 * with `MalformedAnswerError` when it is larger than the bound. undici's `dispatch` is used directly, without a stream
 * in between, so that what comes can be bounded and sliced here.
 */
export function exchange(request: Exchange): Promise<HttpAnswer> {
  const aborted = (): unknown =>
    new UnreachableError(`${describe(request)}: aborted`, { cause: request.signal?.reason });
  return run(request, aborted, (settle) => {
    const timer = request.clock.setTimer(request.timeoutMs, () =>
      settle.fail(new UnreachableError(`${describe(request)}: no answer within ${Math.round(request.timeoutMs)} ms`)),
    );
    settle.onSettled(() => timer.cancel());
    return collector(request, settle);
  });
}

/** How a reader ends an exchange. */
export interface Settle {
  readonly done: (answer: HttpAnswer) => void;
  readonly fail: (error: unknown) => void;
  readonly onSettled: (fn: () => void) => void;
}

/** Takes an answer as it comes in. What it throws fails the exchange. */
export interface Reader {
  readonly onHead: (status: number, headers: HttpAnswer['headers']) => void;
  readonly onData: (chunk: Buffer, controller: Dispatcher.DispatchController) => void;
  readonly onEnd: () => void;
}

/** Names a request in an error. */
export const describe = (request: { method: string; origin: string; path: string }): string =>
  `${request.method} ${request.origin}${request.path}`;

/** Dispatches, and settles exactly once: by the reader, by the connection's end, or by the abort signal. */
export function run(
  request: Omit<Exchange, 'timeoutMs'>,
  abortReason: () => unknown,
  createReader: (settle: Settle) => Reader,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const { signal } = request;
    if (signal?.aborted) return reject(abortReason());
    let controller: Dispatcher.DispatchController | undefined;
    let failure: Error | undefined;
    let settled = false;
    const cleanups: (() => void)[] = [];
    const settleOnce = (act: () => void): void => {
      if (settled) return;
      settled = true;
      for (const cleanup of cleanups) cleanup();
      act();
    };
    const fail = (error: unknown): void =>
      settleOnce(() => {
        failure = error instanceof Error ? error : new Error(String(error));
        reject(error);
        // A request that still waits in the pool has no controller yet: it is aborted when its turn comes.
        controller?.abort(failure);
      });
    const onAbort = (): void => fail(abortReason());
    signal?.addEventListener('abort', onAbort, { once: true });
    cleanups.push(() => signal?.removeEventListener('abort', onAbort));
    const reader = createReader({
      done: (answer) => settleOnce(() => resolve(answer)),
      fail,
      onSettled: (fn) => cleanups.push(fn),
    });
    request.dispatcher.dispatch(
      {
        origin: request.origin,
        path: request.path,
        method: request.method,
        headers: request.headers,
        body: request.body ?? null,
      },
      {
        onRequestStart(started) {
          controller = started;
          if (failure) started.abort(failure);
        },
        onResponseStart: (_controller, status, headers) => guard(fail, () => reader.onHead(status, headers)),
        onResponseData: (current, chunk) => guard(fail, () => reader.onData(chunk, current)),
        onResponseEnd: () => guard(fail, () => reader.onEnd()),
        onResponseError: (_controller, cause) =>
          fail(new UnreachableError(`${describe(request)}: ${cause.message || 'the connection broke'}`, { cause })),
      },
    );
  });
}

/** undici must never see a reader throw. */
function guard(fail: (error: unknown) => void, act: () => void): void {
  try {
    act();
  } catch (error) {
    fail(error);
  }
}

/** Reads an answer as a whole, up to its bound. */
export function collector(request: Omit<Exchange, 'timeoutMs'>, settle: Settle): Reader {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let status = 0;
  let headers: HttpAnswer['headers'] = {};
  return {
    onHead(code, head) {
      status = code;
      headers = head;
    },
    onData(chunk) {
      bytes += chunk.length;
      if (bytes > request.maxBytes) {
        throw new MalformedAnswerError(`${describe(request)}: the answer is larger than ${request.maxBytes} bytes`);
      }
      chunks.push(chunk);
    },
    onEnd() {
      const [first] = chunks;
      const body = first && chunks.length === 1 ? first : Buffer.concat(chunks, bytes);
      settle.done({ status, headers, text: body.toString('utf8') });
    },
  };
}
