/**
 * What the `probes` benchmark asks, in a process of its own: only the one who asks is measured. Prints its ports as one
 * JSON line, then what went over its sockets each time it reads a line.
 *
 *   node hack/bench/probe-targets.ts CERT KEY
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { createServer as createTlsServer } from 'node:tls';
import { parseDatagram, responseTo } from '../../src/agent/probes/sip-message.ts';

const [certPath = '', keyPath = ''] = process.argv.slice(2);
const traffic = { sockets: 0, bytesIn: 0, bytesOut: 0 };

/** Encrypted bytes and headers of HTTP count too: they are counted on the connection itself. */
function countAll(server: Server): void {
  server.on('connection', (socket: Socket) => {
    traffic.sockets += 1;
    socket.on('error', () => undefined);
    socket.on('close', () => {
      traffic.bytesIn += socket.bytesRead;
      traffic.bytesOut += socket.bytesWritten;
    });
  });
}

async function portOf(server: Server): Promise<number> {
  countAll(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

function answer(bytes: Buffer): string {
  const head = parseDatagram(bytes);
  return head ? responseTo(head, '200 OK', { host: '127.0.0.1', port: 1 }, 'bench') : '';
}

const udp = createSocket('udp4');
udp.on('message', (bytes, { address, port }) => {
  const text = answer(bytes);
  traffic.sockets += 1;
  traffic.bytesIn += bytes.length;
  traffic.bytesOut += text.length;
  udp.send(text, port, address);
});
udp.bind(0, '127.0.0.1');
await once(udp, 'listening');

const tls = { cert: readFileSync(certPath), key: readFileSync(keyPath) };
const quiet = (socket: Socket): void => void socket.resume();
const sipTcp = createServer((socket) => socket.on('data', (bytes) => socket.write(answer(bytes))));
const ports = {
  SipUdp: udp.address().port,
  SipTcp: await portOf(sipTcp),
  Tcp: await portOf(createServer(quiet)),
  Tls: await portOf(createTlsServer(tls, quiet).on('tlsClientError', () => undefined)),
  Http: await portOf(createHttpServer((_, response) => response.end('ok'))),
};
console.log(JSON.stringify(ports));
for await (const _ of createInterface({ input: process.stdin })) console.log(JSON.stringify(traffic));
