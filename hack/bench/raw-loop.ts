import { Agent, request } from 'undici';
import { accessFromKubeconfig } from '../../src/kube/kubeconfig.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { forEachConcurrently } from '../../src/runtime/concurrency.ts';

const IN_FLIGHT = 32;

export interface RawRequest {
  readonly method: 'GET' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string;
}

/** Requests without any logic: one shared undici agent, 32 in flight, answers read and thrown away. */
export interface RawLoop extends AsyncDisposable {
  /** Sends all of them; resolves when the last answer is there. @throws at the first answer that is no success */
  fire(requests: readonly RawRequest[]): Promise<void>;
  /** Reads one answer and parses it, as any client has to. */
  read(path: string): Promise<unknown>;
}

export async function openRawLoop(kubeconfig: string): Promise<RawLoop> {
  const { credentials, server } = await accessFromKubeconfig(kubeconfig, systemClock);
  const { headers, tls } = credentials.current() ?? (await credentials.refresh());
  const { ca, cert, key } = tls;
  const connect = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
  const dispatcher = new Agent({ connections: IN_FLIGHT, allowH2: false, connect });
  const send = async ({ body, contentType, method, path }: RawRequest): Promise<string> => {
    const answer = await request(`${server}${path}`, {
      dispatcher,
      method,
      headers: {
        ...headers,
        'user-agent': 'raw-loop',
        accept: 'application/json',
        ...(contentType === undefined ? {} : { 'content-type': contentType }),
      },
      ...(body === undefined ? {} : { body }),
    });
    const text = await answer.body.text();
    if (answer.statusCode > 299) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
    return text;
  };
  return {
    fire: (requests) =>
      forEachConcurrently(requests, IN_FLIGHT, async (one) => {
        await send(one);
      }),
    read: async (path) => JSON.parse(await send({ method: 'GET', path })),
    [Symbol.asyncDispose]: () => dispatcher.close(),
  };
}
