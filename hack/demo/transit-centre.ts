import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { parseDatagram, responseTo } from '../../src/agent/probes/sip-message.ts';

/**
 * A transit centre on loopback: a SIP server that answers OPTIONS over UDP, and a router of private networks that takes
 * connections. Either can fall silent alone.
 */
export interface DemoCentre extends AsyncDisposable {
  readonly name: string;
  /** Ports of 127.0.0.1. */
  readonly sip: number;
  readonly mpls: number;
  /** Questions get no answer any more: as when the carriers' side is down, and not the machine. */
  loseVoice(): void;
  restoreVoice(): void;
}

/** Resolves when both are bound. */
export async function startCentre(name: string): Promise<DemoCentre> {
  let hasVoice = true;
  const sip = createSocket('udp4');
  sip.on('message', (message, { address, port }) => {
    const head = hasVoice ? parseDatagram(message) : undefined;
    if (head) sip.send(responseTo(head, '200 OK', { host: address, port }, name), port, address);
  });
  const sockets = new Set<Socket>();
  const mpls = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((done) => sip.bind(0, '127.0.0.1', done));
  await new Promise<void>((done) => mpls.listen(0, '127.0.0.1', done));
  const address = mpls.address();
  return {
    name,
    sip: sip.address().port,
    mpls: typeof address === 'object' && address ? address.port : 0,
    loseVoice: () => {
      hasVoice = false;
    },
    restoreVoice: () => {
      hasVoice = true;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((done) => sip.close(done));
      await new Promise<void>((done) => mpls.close(() => done()));
    },
  };
}

/** How an IU group names two of them as a pair, the second one for the second region. */
export function transitOf(centres: readonly DemoCentre[], regions: readonly string[]) {
  return {
    policy: { probeIntervalSeconds: 1, stableForSeconds: 5 },
    centres: centres.map(({ mpls, name, sip }, index) => ({
      name,
      geography: 'US',
      country: 'US',
      pair: 'us',
      regions: index === 0 ? [...regions] : regions.toReversed(),
      voice: { targets: [`${name}.transit.example`] },
      mpls: true,
      probes: [
        { name: 'sip', path: 'Voice', type: 'SipOptions', host: '127.0.0.1', port: sip },
        { name: 'router', path: 'Mpls', type: 'Tcp', host: '127.0.0.1', port: mpls },
      ],
    })),
  };
}
