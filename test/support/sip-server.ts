import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

/** A request as it came, and ways to answer it. */
export interface SipRequest {
  readonly text: string;
  /** A well-formed answer, with the fields that the request asks to be copied; `change` spoils it. */
  readonly answer: (status: string, change?: (text: string) => string) => void;
  readonly send: (bytes: string | Buffer) => void;
  /** Only over TCP. */
  readonly socket?: Socket;
}

export interface SipServer {
  readonly port: number;
  /** In the order in which they came. */
  readonly requests: readonly SipRequest[];
  /** Resolves with the n-th request (from 1), when it has come. */
  nth(n: number): Promise<SipRequest>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A SIP service on loopback that does what the test says with each request. */
export async function startSipServer(
  transport: 'UDP' | 'TCP',
  onRequest: (request: SipRequest, n: number) => void = () => undefined,
): Promise<SipServer> {
  const requests: SipRequest[] = [];
  const waiting: { n: number; resolve: (request: SipRequest) => void }[] = [];
  const take = (text: string, send: SipRequest['send'], socket?: Socket): void => {
    const answer: SipRequest['answer'] = (status, change = (x) => x) => send(change(answerTo(text, status)));
    const request: SipRequest = { text, answer, send, ...(socket ? { socket } : {}) };
    requests.push(request);
    onRequest(request, requests.length);
    for (const { n, resolve } of waiting) if (n === requests.length) resolve(request);
  };
  const { close, port } = await (transport === 'UDP' ? listenUdp(take) : listenTcp(take));
  return {
    port,
    requests,
    nth: (n) => {
      const known = requests[n - 1];
      return known ? Promise.resolve(known) : new Promise((resolve) => waiting.push({ n, resolve }));
    },
    [Symbol.asyncDispose]: close,
  };
}

type Take = (text: string, send: SipRequest['send'], socket?: Socket) => void;

async function listenUdp(take: Take) {
  const udp: UdpSocket = createSocket('udp4');
  udp.on('message', (bytes: Buffer, { address, port }: RemoteInfo) => {
    take(bytes.toString('latin1'), (answer) => udp.send(answer, port, address, () => undefined));
  });
  udp.bind(0, '127.0.0.1');
  await once(udp, 'listening');
  return { port: udp.address().port, close: () => new Promise<void>((resolve) => udp.close(() => resolve())) };
}

async function listenTcp(take: Take) {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (bytes) => take(bytes.toString('latin1'), (answer) => socket.write(answer), socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no port');
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { port: address.port, close };
}

const COPIED = /^(Via|From|To|Call-ID|CSeq):/i;

export function answerTo(request: string, status: string): string {
  const copied = request.split('\r\n').filter((line) => COPIED.test(line));
  const fields = copied.map((line) => (line.startsWith('To:') ? `${line};tag=them` : line));
  return [`SIP/2.0 ${status}`, ...fields, 'Content-Length: 0', '', ''].join('\r\n');
}
