import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { expect, onTestFinished, test } from 'vitest';
import { fixedRandom, ManualClock } from '../../test/support/manual-clock.ts';
import { readBody, type ScriptedServer, sendJson, startScriptedServer } from '../../test/support/scripted-server.ts';
import { systemClock } from '../runtime/clock.ts';
import { type Credentials, cachedCredentials, fixedCredentials } from './credentials.ts';
import { MalformedAnswerError, UnreachableError } from './errors.ts';
import { renewedCredentials } from './renewed-credentials.ts';
import type { ApiRequest, Transport, WatchEvent } from './transport.ts';
import { createUndiciTransport, type RequestObservation, type UndiciTransportOptions } from './undici-transport.ts';

const token: Credentials = { headers: { authorization: 'Bearer one' }, tls: {} };

function connect(server: { url: string }, options: Partial<UndiciTransportOptions> = {}): Transport {
  const transport = createUndiciTransport({
    cluster: 'test',
    server: server.url,
    credentials: fixedCredentials(token),
    clock: systemClock,
    ...options,
  });
  onTestFinished(() => transport.close());
  return transport;
}

async function serve(listener: Parameters<typeof startScriptedServer>[0]): Promise<ScriptedServer> {
  const server = await startScriptedServer(listener);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

const get = (path: string, over: Partial<ApiRequest> = {}): ApiRequest => ({
  method: 'GET',
  path,
  lane: 'api',
  timeoutMs: 5_000,
  ...over,
});

const watchOf = (onEvent: (event: WatchEvent) => void, signal = new AbortController().signal) => ({
  path: '/watch',
  query: { watch: 'true' },
  signal,
  onEvent,
});

const line = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`;

test('sends method, query, body, content type and credentials, and returns the parsed answer', async () => {
  const server = await serve(async (request, response) => {
    sendJson(response, {
      seen: [request.method, request.url, request.headers['content-type'], await readBody(request)],
    });
  });
  const response = await connect(server).request(
    get('/a', {
      method: 'PATCH',
      query: { fieldManager: 'me', labelSelector: 'a=b,c' },
      body: { x: 1 },
      contentType: 'application/merge-patch+json',
    }),
  );
  expect(response.body).toEqual({
    seen: ['PATCH', '/a?fieldManager=me&labelSelector=a%3Db%2Cc', 'application/merge-patch+json', '{"x":1}'],
  });
});

test('keeps a path prefix of the server', async () => {
  const server = await serve((request, response) => sendJson(response, request.url));
  const transport = connect({ url: `${server.url}/k8s/clusters/c-1/` });
  expect((await transport.request(get('/api'))).body).toBe('/k8s/clusters/c-1/api');
});

test('returns an error answer with its status, its body and the time to wait', async () => {
  const server = await serve((_request, response) =>
    sendJson(response, { kind: 'Status' }, 429, { 'retry-after': '3' }),
  );
  expect(await connect(server).request(get('/'))).toEqual({
    status: 429,
    body: { kind: 'Status' },
    retryAfterMs: 3_000,
  });
});

test('returns the text of an answer that is no JSON', async () => {
  const server = await serve((_request, response) => response.writeHead(502).end('<html>bad gateway'));
  expect(await connect(server).request(get('/'))).toEqual({ status: 502, body: '<html>bad gateway' });
});

test('uses few connections for a thousand calls', async () => {
  const server = await serve((_request, response) => sendJson(response, {}));
  const transport = connect(server);
  for (let round = 0; round < 20; round++)
    await Promise.all(Array.from({ length: 50 }, () => transport.request(get('/'))));
  expect(server.connections).toBeLessThanOrEqual(32);
});

test('forty open watches and a flood of calls do not delay the control lane', async () => {
  const server = await serve((request, response) => {
    if (request.url?.startsWith('/watch')) response.writeHead(200).flushHeaders();
    else if (request.url === '/lease') sendJson(response, { ok: true });
  });
  const transport = connect(server);
  const watches = Array.from({ length: 40 }, () => transport.watch(watchOf(() => undefined)));
  const flood = Array.from({ length: 100 }, () => transport.request(get('/slow')));
  const response = await transport.request(get('/lease', { lane: 'control', timeoutMs: 2_000 }));
  expect(response.body).toEqual({ ok: true });
  const ended = Promise.allSettled([...watches, ...flood]);
  await transport.close();
  await ended;
});

test.each([
  ['before the head', (_: Socket | null) => undefined],
  ['within the body', (socket: Socket | null) => socket?.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{')],
])('a server that falls silent %s costs no more than the deadline', async (_name, reply) => {
  const server = createServer((socket) => socket.once('data', () => reply(socket)));
  const url = await listen(server);
  const startedAt = performance.now();
  await expect(connect({ url }).request(get('/', { timeoutMs: 100 }))).rejects.toThrow(UnreachableError);
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

test('a refused connection and a reset are unreachable', async () => {
  const server = createServer((socket) => socket.destroy());
  const url = await listen(server);
  await expect(connect({ url }).request(get('/'))).rejects.toThrow(UnreachableError);
  server.close();
  await once(server, 'close');
  await expect(connect({ url }).request(get('/'))).rejects.toThrow(UnreachableError);
});

test('an aborted request ends at once', async () => {
  const server = await serve(() => undefined);
  const abort = new AbortController();
  const request = connect(server).request(get('/', { signal: abort.signal }));
  abort.abort(new Error('enough'));
  await expect(request).rejects.toThrow(/aborted/);
});

test('an answer over the bound is refused', async () => {
  const server = await serve((_request, response) => response.end('x'.repeat(5_000)));
  await expect(connect(server, { maxAnswerBytes: 4_000 }).request(get('/'))).rejects.toThrow(MalformedAnswerError);
});

test('heals through a link that goes silent and comes back', async () => {
  const server = await serve((_request, response) => sendJson(response, {}));
  const link = await openLink(server.url);
  const transport = connect({ url: link.url });
  const call = () => transport.request(get('/', { lane: 'control', timeoutMs: 200 }));
  expect((await call()).status).toBe(200);
  link.silence();
  await expect(call()).rejects.toThrow(UnreachableError);
  link.restore();
  expect((await call()).status).toBe(200);
});

test('a 401 loads the credentials anew, once, and tries again', async () => {
  const server = await serve((request, response) =>
    sendJson(response, {}, request.headers.authorization === 'Bearer two' ? 200 : 401),
  );
  let loads = 0;
  const load = async () => {
    loads += 1;
    return { ...token, headers: { authorization: loads === 1 ? 'Bearer one' : 'Bearer two' } };
  };
  const transport = connect(server, { credentials: cachedCredentials(load, systemClock) });
  expect((await transport.request(get('/'))).status).toBe(200);
  expect(loads).toBe(2);
});

test('a 401 runs the plugin of a region, and the same request goes on with what it gives', async () => {
  const server = await serve((request, response) =>
    sendJson(response, {}, request.headers.authorization === 'Bearer two' ? 200 : 401),
  );
  const clock = new ManualClock();
  let runs = 0;
  const load = async () => {
    runs += 1;
    return { credentials: { headers: { authorization: runs === 1 ? 'Bearer one' : 'Bearer two' }, tls: {} } };
  };
  const credentials = renewedCredentials({ load, clock, random: fixedRandom(), tell: () => undefined });
  await credentials.first;
  await clock.advance(10_000);
  expect((await connect(server, { credentials }).request(get('/'))).status).toBe(200);
  expect(runs).toBe(2);
});

test.each<[string, () => Promise<never>]>([
  ['fails', () => Promise.reject(new Error('no plugin'))],
  ['hangs', () => new Promise(() => undefined)],
])('a 401 stays a 401 while the plugin of a region %s: it must not look like silence', async (_, failing) => {
  const server = await serve((_request, response) => sendJson(response, {}, 401));
  let runs = 0;
  const issued = { credentials: { headers: { authorization: 'Bearer one' }, tls: {} } };
  const credentials = renewedCredentials({
    load: async () => (runs++ === 0 ? issued : failing()),
    clock: { ...systemClock, now: () => ({ monoMs: runs * 10_000, wallMs: runs * 10_000 }) },
    random: fixedRandom(),
    tell: () => undefined,
  });
  await credentials.first;
  expect((await connect(server, { credentials }).request(get('/'))).status).toBe(401);
});

test('credentials that fail or hang mean unreachable', async () => {
  const server = await serve((_request, response) => sendJson(response, {}));
  const failing = cachedCredentials(() => Promise.reject(new Error('no plugin')), systemClock);
  await expect(connect(server, { credentials: failing }).request(get('/'))).rejects.toThrow(UnreachableError);
  const hanging = cachedCredentials(() => new Promise(() => undefined), systemClock);
  const request = connect(server, { credentials: hanging }).request(get('/', { timeoutMs: 50 }));
  await expect(request).rejects.toThrow(UnreachableError);
});

test('changed TLS material makes new connections and drains the old ones', async () => {
  const server = await serve((_request, response) => sendJson(response, {}));
  let credentials: Credentials = token;
  const transport = connect(server, {
    credentials: { current: () => credentials, refresh: async () => credentials },
  });
  await transport.request(get('/'));
  credentials = { ...token, tls: { ca: 'another' } };
  await transport.request(get('/'));
  expect(server.connections).toBe(2);
  expect(server.openSockets.size).toBe(1);
});

test('reports each request once, with the status or zero', async () => {
  const server = await serve((request, response) =>
    request.url === '/gone' ? response.destroy() : sendJson(response, {}, 404),
  );
  const seen: RequestObservation[] = [];
  const transport = connect(server, { onRequest: (observation) => seen.push(observation) });
  await transport.request(get('/'));
  await transport.request(get('/gone')).catch(() => undefined);
  expect(seen.map(({ verb, code }) => [verb, code])).toEqual([
    ['GET', 404],
    ['GET', 0],
  ]);
});

test('a watch splits at newlines only, whatever the chunks are', async () => {
  const object = { text: 'one\u2028two \u00e4\u{1f600}' };
  const bytes = Buffer.from(line('ADDED', object) + line('MODIFIED', object));
  const server = await serve(async (_request, response) => {
    for (const byte of bytes) response.write(Buffer.from([byte]));
    response.end();
  });
  const events: WatchEvent[] = [];
  const response = await connect(server).watch(watchOf((event) => events.push(event)));
  expect(response.status).toBe(200);
  expect(events).toEqual([
    { type: 'ADDED', object },
    { type: 'MODIFIED', object },
  ]);
});

test('a refused watch resolves with the status and its body', async () => {
  const server = await serve((_request, response) => sendJson(response, { code: 410 }, 410));
  expect(await connect(server).watch(watchOf(() => undefined))).toEqual({ status: 410, body: { code: 410 } });
});

test('a watch that breaks is unreachable, one that is aborted rejects with the reason', async () => {
  const server = await serve((_request, response) => {
    response.write(line('ADDED', {}));
    setImmediate(() => response.destroy());
  });
  await expect(connect(server).watch(watchOf(() => undefined))).rejects.toThrow(UnreachableError);
  const open = await serve((_request, response) => response.write(line('ADDED', {})));
  const abort = new AbortController();
  const reason = new Error('stopped');
  const watch = connect(open).watch(watchOf(() => abort.abort(reason), abort.signal));
  await expect(watch).rejects.toBe(reason);
  await expect.poll(() => open.openSockets.size).toBe(0);
});

test('a line that is no event, and one that never ends, break the watch', async () => {
  const torn = await serve((_request, response) => response.end('{"type":"ADDED","obj\n'));
  await expect(connect(torn).watch(watchOf(() => undefined))).rejects.toThrow(MalformedAnswerError);
  const endless = await serve((_request, response) => response.write('x'.repeat(3_000)));
  const transport = connect(endless, { maxLineBytes: 2_000 });
  await expect(transport.watch(watchOf(() => undefined))).rejects.toThrow(MalformedAnswerError);
});

test('twenty thousand events in one burst leave the loop free', async () => {
  const burst = line('ADDED', { metadata: { name: 'x' }, spec: { text: 'y'.repeat(2_000) } }).repeat(500);
  const server = await serve((_request, response) => {
    let left = 40;
    const write = (): void => {
      if (left-- === 0) response.end();
      else response.write(burst, write);
    };
    write();
  });
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  let events = 0;
  await connect(server).watch(watchOf(() => events++));
  delay.disable();
  expect(events).toBe(20_000);
  expect(delay.max / 1e6).toBeLessThan(250);
});

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

/** A TCP proxy that can swallow everything without closing: the hard case of a lost region. */
async function openLink(target: string) {
  const { connect: dial } = await import('node:net');
  let silent = false;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = dial(Number(new URL(target).port), '127.0.0.1');
    const dead = silent;
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    near.on('data', (data) => !silent && !dead && far.write(data));
    far.on('data', (data) => !silent && !dead && near.write(data));
  });
  const url = await listen(server);
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  return {
    url,
    silence: () => {
      silent = true;
    },
    restore: () => {
      silent = false;
    },
  };
}
