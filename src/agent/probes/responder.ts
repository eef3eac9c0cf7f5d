import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { Log } from '../../report/log-port.ts';
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { Random } from '../../runtime/random.ts';
import { parseDatagram, replyPort, responseTo, type SipHead } from './sip-message.ts';
import { createSipReader } from './sip-stream.ts';

export interface ResponderOptions {
  /** Of UDP and of TCP; 0 takes a free one. */
  readonly port: number;
  readonly host: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Whether questions from this address are answered. Everybody else gets nothing, not even a refusal. */
  readonly knows: (address: string) => boolean;
  /** A question has arrived from a known address. */
  readonly heard: (address: string) => void;
}

export interface Responder {
  readonly port: number;
  close(): Promise<void>;
}

/** In all: an address of UDP can be made up, and nobody may be flooded by way of this port. */
const MOST_ANSWERS_PER_SECOND = 100;
const MOST_CONNECTIONS = 64;
/** A border controller that asks seldom keeps its connection for so long. */
const IDLE_MS = 300_000;

/**
 * Answers the SIP OPTIONS of transit centres, over UDP and TCP. It tells that their questions reach this region; an answer
 * promises nothing. Rejects when a port cannot be bound.
 */
export async function startResponder(options: ResponderOptions): Promise<Responder> {
  const answer = createAnswer(options);
  const connections = new Set<Socket>();
  const server = createServer((socket) => serve(socket, answer, connections, options));
  server.maxConnections = MOST_CONNECTIONS;
  await listen(server, options);
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : options.port;
  const udp = createSocket({ type: isIPv6(options.host) ? 'udp6' : 'udp4' });
  try {
    await bind(udp, port, options.host);
  } catch (error) {
    await close(server);
    throw error;
  }
  udp.on('error', (error) => options.log('warn', 'SIP responder failed', { error: String(error) }));
  udp.on('message', (bytes, source) => {
    if (!options.knows(source.address)) return;
    const head = parseDatagram(bytes);
    const text = head && answer(head, { host: source.address, port: source.port });
    if (!head || text === undefined) return;
    // What is lost on its way is asked for again.
    udp.send(Buffer.from(text, 'latin1'), replyPort(head, source.port), source.address, () => undefined);
  });
  return {
    port,
    async close() {
      const closed = Promise.all([close(server), new Promise<void>((resolve) => udp.close(() => resolve()))]);
      for (const socket of connections) socket.destroy();
      await closed;
    },
  };
}

type Answer = (head: SipHead, source: { readonly host: string; readonly port: number }) => string | undefined;

function createAnswer({ clock, heard, random }: ResponderOptions): Answer {
  let second = 0;
  let given = 0;
  return (head, source) => {
    // An ACK is never answered, and an answer neither.
    if (head.start.kind !== 'Request' || head.start.method === 'ACK') return undefined;
    const now = Math.floor(clock.now().monoMs / 1000);
    given = now === second ? given + 1 : 1;
    second = now;
    if (given > MOST_ANSWERS_PER_SECOND) return undefined;
    const isQuestion = head.start.method === 'OPTIONS';
    if (isQuestion) heard(source.host);
    return responseTo(head, isQuestion ? '200 OK' : '405 Method Not Allowed', source, random.token());
  };
}

function serve(socket: Socket, answer: Answer, connections: Set<Socket>, { clock, knows }: ResponderOptions): void {
  const { remoteAddress: host = '', remotePort: port = 0 } = socket;
  socket.on('error', () => undefined);
  if (!knows(host)) {
    socket.destroy();
    return;
  }
  const read = createSipReader();
  let idle: Timer | undefined;
  const wait = (): void => {
    idle?.cancel();
    idle = clock.setTimer(IDLE_MS, () => socket.destroy());
  };
  connections.add(socket);
  wait();
  socket.on('close', () => {
    idle?.cancel();
    connections.delete(socket);
  });
  socket.on('data', (chunk) => {
    const heads = read(chunk);
    const texts = (heads ?? []).flatMap((head) => answer(head, { host, port }) ?? []);
    if (texts.length > 0) {
      wait();
      socket.write(Buffer.from(texts.join(''), 'latin1'));
    }
    // Nothing more is understood; or nobody reads the answers, and they must not pile up here.
    if (!heads || socket.writableLength > 65_536) socket.destroy();
  });
}

const listen = (server: Server, { host, port }: ResponderOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });

const bind = (udp: UdpSocket, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    udp.once('error', reject);
    udp.bind(port, host, () => {
      udp.off('error', reject);
      resolve();
    });
  });

const close = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
