import type { ApiRequest, ApiResponse, Transport, WatchEvent, WatchRequest } from '../../src/kube/transport.ts';

/** A watch that the component under test has opened. */
export interface OpenWatch {
  readonly query: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  send(type: WatchEvent['type'], object: unknown): void;
  /** The server ends the stream, with status 200 or with an error answer. */
  end(status?: number, body?: unknown): void;
  /** The connection breaks. */
  fail(error: unknown): void;
}

type Answer = ApiResponse | Error;

/** A transport whose answers a test writes. Requests without an answer in the script get the last one again. */
export class ScriptedTransport implements Transport {
  readonly requests: ApiRequest[] = [];
  readonly watches: OpenWatch[] = [];
  answers: Answer[] = [];

  constructor(...answers: Answer[]) {
    this.answers = answers;
  }

  get lastWatch(): OpenWatch {
    const last = this.watches.at(-1);
    if (!last) throw new Error('no watch has been opened');
    return last;
  }

  async request(request: ApiRequest): Promise<ApiResponse> {
    this.requests.push(request);
    const answer = this.answers.length > 1 ? this.answers.shift() : this.answers[0];
    if (!answer) throw new Error('the script has no answer');
    if (answer instanceof Error) throw answer;
    return structuredClone(answer);
  }

  watch(request: WatchRequest): Promise<ApiResponse> {
    return new Promise((resolve, reject) => {
      if (request.signal.aborted) return reject(request.signal.reason);
      request.signal.addEventListener('abort', () => reject(request.signal.reason), { once: true });
      request.onOpen?.();
      this.watches.push({
        query: request.query,
        signal: request.signal,
        send: (type, object) => request.onEvent({ type, object: structuredClone(object) }),
        end: (status = 200, body = undefined) => resolve({ status, body }),
        fail: reject,
      });
    });
  }

  async close(): Promise<void> {}
}

export const answer = (body: unknown, status = 200): ApiResponse => ({ status, body });

/** A page of a list as a built-in kind sends it: items without their type. */
export const listAnswer = (resourceVersion: string, items: readonly object[], token?: string): ApiResponse =>
  answer({ metadata: { resourceVersion, ...(token === undefined ? {} : { continue: token }) }, items });
