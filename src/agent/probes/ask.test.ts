import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Certificate, TestAuthority } from '../../../test/support/certificates.ts';
import { fixedRandom, ManualClock } from '../../../test/support/manual-clock.ts';
import { answerTo, type SipRequest, type SipServer, startSipServer } from '../../../test/support/sip-server.ts';
import type { TransitProbe } from '../../api/transit-centre.ts';
import { createAsk } from './ask.ts';
import type { Outcome } from './outcome.ts';

const TIMEOUT_MS = 5000;
let clock: ManualClock;
let stopping: AbortController;
let addresses: Record<string, string | Error>;

beforeEach(() => {
  clock = new ManualClock();
  stopping = new AbortController();
  addresses = {};
});

const notThere = (code: string): Error => Object.assign(new Error(code), { code });

const ask = createAsk(fixedRandom(), async (host) => {
  const found = addresses[host] ?? notThere('ENOTFOUND');
  if (found instanceof Error) throw found;
  return [found];
});

function put(probe: Partial<TransitProbe>): Promise<Outcome> {
  const limits = { clock, timeoutMs: TIMEOUT_MS, signal: stopping.signal };
  return ask({ name: 'probe', path: 'Voice', type: 'Tcp', host: '127.0.0.1', port: 1, ...probe }, limits);
}

/** A server of bytes. The test ends only when its clients have closed all their connections. */
async function listen(onSocket: (socket: Socket) => void, server: Server = createServer()): Promise<number> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => open.delete(socket));
    // A server reads: only so does it see that the other side closes.
    socket.resume();
    onSocket(socket);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    await Promise.all([...open].map((socket) => new Promise((resolve) => socket.on('close', resolve))));
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

/** A port where nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

const LOST = (why: string) => ({ result: 'Unanswered', why });
const ANSWERED = { result: 'Answered' };

describe('a TCP connection', () => {
  it('is an answer, and is closed', async () => {
    expect(await put({ port: await listen(() => undefined) })).toEqual(ANSWERED);
  });

  it('that is refused is none', async () => {
    expect(await put({ port: await freePort() })).toEqual(LOST('Refused'));
  });

  it('is not waited for when the agent stops', async () => {
    stopping.abort();
    expect(await put({ port: 1 })).toEqual({ result: 'NotAsked', why: 'Stopped' });
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a TLS handshake', () => {
  let dir: string;
  let files: Certificate;

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'switchback-probes-'));
    files = new TestAuthority(dir).issue('sbc', 'serverAuth', 'DNS:sbc.test');
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const listenTls = (): Promise<number> =>
    listen(() => undefined, createTlsServer({ cert: readFileSync(files.cert), key: readFileSync(files.key) }));

  it('is an answer, whoever it is, when no server name is asked for', async () => {
    expect(await put({ type: 'Tls', port: await listenTls() })).toEqual(ANSWERED);
  });

  it('is none with a certificate that nobody trusts, when a server name is asked for', async () => {
    expect(await put({ type: 'Tls', port: await listenTls(), serverName: 'sbc.test' })).toEqual(LOST('BadCertificate'));
    expect(await put({ type: 'Https', port: await listenTls(), serverName: 'sbc.test' })).toEqual(
      LOST('BadCertificate'),
    );
  });

  it.each<[string, string, (socket: Socket) => void]>([
    ['with somebody who speaks something else', 'BadAnswer', (socket) => socket.write('220 ready\r\n'.repeat(20))],
    ['that the other side closes', 'Closed', (socket) => socket.destroy()],
    ['that the other side resets', 'Closed', (socket) => socket.resetAndDestroy()],
  ])('is none %s', async (_, why, onSocket) => {
    expect(await put({ type: 'Tls', port: await listen(onSocket) })).toEqual(LOST(why));
  });

  it('is given up when its time is over', async () => {
    const accepted = Promise.withResolvers<void>();
    const outcome = put({ type: 'Tls', port: await listen(() => accepted.resolve()) });
    await accepted.promise;
    await clock.advance(TIMEOUT_MS);
    expect(await outcome).toEqual(LOST('Timeout'));
  });
});

describe('a request of HTTP', () => {
  const http = (answer: string | Buffer) => listen((socket) => socket.once('data', () => socket.write(answer)));

  it('names the host, and closes the connection without reading the body', async () => {
    const asked = Promise.withResolvers<string>();
    const port = await listen((socket) =>
      socket.once('data', (bytes) => {
        asked.resolve(String(bytes));
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n${'x'.repeat(100_000)}`);
      }),
    );
    addresses['sbc.test'] = '127.0.0.1';
    expect(await put({ type: 'Http', host: 'sbc.test', port, urlPath: '/healthz?deep' })).toEqual(ANSWERED);
    expect(await asked.promise).toMatch(/^GET \/healthz\?deep HTTP\/1\.1\r\nhost: sbc\.test:\d+\r\n/);
  });

  it.each<[string, object, string]>([
    ['200', ANSWERED, 'HTTP/1.1 200 OK\r\n\r\n'],
    ['302, which is not followed', ANSWERED, 'HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\n\r\n'],
    ['404', LOST('BadStatus'), 'HTTP/1.1 404 Not Found\r\n\r\n'],
    ['503', LOST('BadStatus'), 'HTTP/1.1 503 Service Unavailable\r\n\r\n'],
    ['garbage', LOST('BadAnswer'), '\u0000\u0001\u0002 what'],
    ['a head without an end', LOST('BadAnswer'), `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}`],
    ['interim answers only', LOST('BadAnswer'), 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(50)],
    ['another protocol', LOST('BadAnswer'), 'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'],
  ])('that is answered with %s', async (_, outcome, answer) => {
    expect(await put({ type: 'Http', port: await http(answer) })).toEqual(outcome);
  });

  it('that is cut off is none', async () => {
    const port = await listen((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 O')));
    expect(await put({ type: 'Http', port })).toMatchObject({ result: 'Unanswered' });
  });

  it('is given up when its time is over, however the other side drips', async () => {
    const asked = Promise.withResolvers<Socket>();
    const port = await listen((socket) => socket.once('data', () => asked.resolve(socket)));
    const outcome = put({ type: 'Http', port });
    const socket = await asked.promise;
    for (const byte of 'HTTP/1.1 ') {
      socket.write(byte);
      await clock.advance(TIMEOUT_MS / 10);
    }
    await clock.advance(TIMEOUT_MS / 10);
    expect(await outcome).toEqual(LOST('Timeout'));
  });
});

type OnRequest = (request: SipRequest, n: number) => void;

async function sip(transport: 'UDP' | 'TCP', onRequest: OnRequest): Promise<SipServer> {
  const server = await startSipServer(transport, onRequest);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}
const putSip = (transport: 'UDP' | 'TCP', { port }: { port: number }) => put({ type: 'SipOptions', transport, port });

describe.each(['UDP', 'TCP'] as const)('a SIP OPTIONS over %s', (transport) => {
  it.each<[string, object]>([
    ['200 OK', ANSWERED],
    ['302 Moved Temporarily', ANSWERED],
    ['401 Unauthorized', ANSWERED],
    ['403 Forbidden', ANSWERED],
    ['404 Not Found', ANSWERED],
    ['405 Method Not Allowed', ANSWERED],
    ['408 Request Timeout', LOST('BadStatus')],
    ['480 Temporarily Unavailable', ANSWERED],
    ['486 Busy Here', ANSWERED],
    ['500 Server Internal Error', ANSWERED],
    ['501 Not Implemented', ANSWERED],
    ['503 Service Unavailable', LOST('BadStatus')],
    ['504 Server Time-out', LOST('BadStatus')],
    ['603 Decline', ANSWERED],
  ])('that is answered with %s', async (status, outcome) => {
    const server = await sip(transport, ({ answer }) => answer(status));
    expect(await putSip(transport, server)).toEqual(outcome);
    expect(server.requests).toHaveLength(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is well-formed', async () => {
    const server = await sip(transport, ({ answer }) => answer('200 OK'));
    await putSip(transport, server);
    const text = server.requests[0]?.text ?? '';
    const uri = `sip:127\\.0\\.0\\.1:${server.port}${transport === 'TCP' ? ';transport=tcp' : ''}`;
    expect(text).toMatch(new RegExp(`^OPTIONS ${uri} SIP/2\\.0\r\n`));
    expect(text).toMatch(
      new RegExp(`\r\nVia: SIP/2\\.0/${transport} 127\\.0\\.0\\.1:\\d+;branch=z9hG4bK[^;]+;rport\r\n`),
    );
  });

  it('waits for the final answer behind provisional ones', async () => {
    const server = await sip(transport, ({ answer }) => {
      answer('100 Trying');
      answer('183 Progress');
      answer('200 OK');
    });
    expect(await putSip(transport, server)).toEqual(ANSWERED);
  });

  it.each<[string, (text: string) => string]>([
    ['another branch', (text) => text.replace('z9hG4bK-', 'z9hG4bK-x')],
    ['another Call-ID', (text) => text.replace('Call-ID: ', 'Call-ID: x')],
    ['another number', (text) => text.replace('CSeq: 1', 'CSeq: 7')],
    ['another method', (text) => text.replace('1 OPTIONS', '1 INVITE')],
    ['the question itself', (text) => text.replace('SIP/2.0 200 OK', 'OPTIONS sip:x SIP/2.0')],
  ])('is not answered by %s', async (_, change) => {
    const server = await sip(transport, ({ answer }) => answer('200 OK', change));
    const outcome = putSip(transport, server);
    await server.nth(1);
    await clock.advance(TIMEOUT_MS);
    expect(await outcome).toEqual(LOST('Timeout'));
  });

  it('hears the right answer behind wrong ones', async () => {
    const server = await sip(transport, ({ answer }) => {
      answer('200 OK', (text) => text.replace('z9hG4bK-', 'z9hG4bK-x'));
      answer('486 Busy Here');
    });
    expect(await putSip(transport, server)).toEqual(ANSWERED);
  });

  it('is given up after too many wrong answers', async () => {
    const server = await sip(transport, ({ answer }) => {
      for (let i = 0; i < 40; i++) answer('200 OK', (text) => text.replace('z9hG4bK-', `z9hG4bK-${i}`));
    });
    expect(await putSip(transport, server)).toEqual(LOST('BadAnswer'));
  });

  it('is refused where nobody listens', async () => {
    expect(await putSip(transport, { port: await freePort() })).toEqual(LOST('Refused'));
  });
});

describe('a SIP OPTIONS over UDP', () => {
  it('is sent again by timer E, the same each time, and not after its time', async () => {
    const server = await sip('UDP', () => undefined);
    const outcome = putSip('UDP', server);
    for (const [n, waitMs] of [500, 1000, 2000].entries()) {
      await server.nth(n + 1);
      await clock.advance(waitMs - 1);
      expect(server.requests).toHaveLength(n + 1);
      await clock.advance(1);
      await server.nth(n + 2);
    }
    await clock.advance(TIMEOUT_MS - 3500);
    expect(await outcome).toEqual(LOST('Timeout'));
    await clock.advance(60_000);
    expect(new Set(server.requests.map(({ text }) => text)).size).toBe(1);
    expect(server.requests).toHaveLength(4);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is answered also when only the second one arrives', async () => {
    const server = await sip('UDP', ({ answer }, n) => n === 2 && answer('200 OK'));
    const outcome = putSip('UDP', server);
    await server.nth(1);
    await clock.advance(500);
    expect(await outcome).toEqual(ANSWERED);
  });

  it.each<[string, (request: SipRequest) => void]>([
    ['garbage', ({ send }) => send(Buffer.from([0, 255, 13, 10, 13, 10]))],
    ['nothing', ({ send }) => send('')],
    ['the largest datagram', ({ send }) => send(Buffer.alloc(65_000, 'x'))],
    ['an answer that is cut off', ({ answer }) => answer('200 OK', (text) => text.slice(0, -3))],
    [
      'an answer with less than it says',
      ({ answer }) => answer('200 OK', (text) => text.replace('Length: 0', 'Length: 9')),
    ],
  ])('does not take %s for an answer', async (_, respond) => {
    const server = await sip('UDP', respond);
    const outcome = putSip('UDP', server);
    await server.nth(1);
    await clock.advance(TIMEOUT_MS);
    expect(await outcome).toEqual(LOST('Timeout'));
  });

  it('is not answered by somebody else', async () => {
    const stranger = await sip('UDP', () => undefined);
    const server = await sip('UDP', () => undefined);
    const outcome = putSip('UDP', server);
    const { answer, text } = await server.nth(1);
    const port = Number(/127\.0\.0\.1:(\d+);branch/.exec(text)?.[1]);
    const socket = createSocket('udp4');
    await new Promise((resolve) => socket.send(answerTo(text, '503 Service Unavailable'), port, '127.0.0.1', resolve));
    socket.close();
    answer('200 OK');
    expect(await outcome).toEqual(ANSWERED);
    expect(stranger.requests).toEqual([]);
  });

  it('leaves no socket behind: given up, answered or stopped', async () => {
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('UDP')).length;
    const turns = async (count: number) => {
      for (let i = 0; i < count; i++) await setImmediate();
    };
    const server = await sip('UDP', () => undefined);
    await turns(20);
    const before = sockets();
    const tenMore = async () => {
      const n = server.requests.length + 10;
      const questions = Array.from({ length: 10 }, () => putSip('UDP', server));
      await server.nth(n);
      expect(sockets()).toBe(before + 10);
      return questions;
    };
    const answered = await tenMore();
    for (const { answer } of server.requests) answer('200 OK');
    await Promise.all(answered);
    await turns(20);
    const silent = await tenMore();
    await clock.advance(TIMEOUT_MS);
    await Promise.all(silent);
    await turns(20);
    const stopped = await tenMore();
    stopping.abort();
    await Promise.all(stopped);
    await turns(20);
    expect(sockets()).toBe(before);
  });
});

describe('a SIP OPTIONS over TCP', () => {
  it.each<[string, string, (request: SipRequest) => void]>([
    ['garbage', 'BadAnswer', ({ send }) => send(`${'\u0000'.repeat(10)}\r\n\r\n`)],
    ['more than a message can have', 'BadAnswer', ({ send }) => send('x'.repeat(100_000))],
    [
      'a message without a length',
      'BadAnswer',
      ({ answer }) => answer('200 OK', (t) => t.replace(/Content.*\r\n/, '')),
    ],
    [
      'half an answer and the end',
      'Closed',
      ({ answer, socket }) => {
        answer('200 OK', (text) => text.slice(0, 40));
        socket?.end();
      },
    ],
    ['the end', 'Closed', ({ socket }) => socket?.destroy()],
    ['a reset', 'Closed', ({ socket }) => socket?.resetAndDestroy()],
  ])('is answered with %s: %s', async (_, why, respond) => {
    expect(await putSip('TCP', await sip('TCP', respond))).toEqual(LOST(why));
  });

  it('takes an answer that comes in pieces, and is sent once', async () => {
    const server = await sip('TCP', ({ answer, send }) =>
      answer('200 OK', (text) => {
        send(text.slice(0, 30));
        void setImmediate().then(() => send(text.slice(30)));
        return '';
      }),
    );
    expect(await putSip('TCP', server)).toEqual(ANSWERED);
    expect(server.requests).toHaveLength(1);
  });
});

describe('a name', () => {
  it('that has no address is not asked: that says nothing about the centre', async () => {
    expect(await put({ host: 'sbc.test' })).toEqual({ result: 'NotAsked', why: 'NameNotFound' });
  });

  it('is asked at its last address while no name server answers, and no more once it has none', async () => {
    const port = await listen(() => undefined);
    addresses['sbc2.test'] = '127.0.0.1';
    expect(await put({ host: 'sbc2.test', port })).toEqual(ANSWERED);
    addresses['sbc2.test'] = notThere('ESERVFAIL');
    expect(await put({ host: 'sbc2.test', port })).toEqual(ANSWERED);
    delete addresses['sbc2.test'];
    expect(await put({ host: 'sbc2.test', port })).toMatchObject({ result: 'NotAsked' });
    addresses['sbc2.test'] = notThere('ESERVFAIL');
    expect(await put({ host: 'sbc2.test', port })).toMatchObject({ result: 'NotAsked' });
  });

  it('that nobody resolves takes half the time of the question', async () => {
    const forever = createAsk(fixedRandom(), () => new Promise(() => undefined));
    const probe = { name: 'p', path: 'Voice', type: 'Tcp', host: 'slow.test', port: 1 } as const;
    const outcome = forever(probe, { clock, timeoutMs: TIMEOUT_MS, signal: stopping.signal });
    await clock.advance(TIMEOUT_MS / 2);
    expect(await outcome).toEqual({ result: 'NotAsked', why: 'NameNotFound' });
    expect(clock.pendingTimers).toBe(0);
  });
});
