import { constants } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import { createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls';
import { type GateSettings, lacksGate } from '../decide/desired/gate.ts';
import { mayRun, type RegionalFacts } from '../decide/regional.ts';
import type { ProtocolTiming } from '../decide/timing.ts';
import type { Log } from '../report/log-port.ts';
import type { Clock } from '../runtime/clock.ts';
import { Ticker } from '../runtime/ticker.ts';
import { type RightsBooks, rightMs } from './facts.ts';
import type { AgentLeadership } from './leadership.ts';
import type { OrderBook } from './orders.ts';

/**
 * Rights for gates (`src/gate`): what this agent may run, a process in front of which a gate stands may run too, and no
 * longer. Over HTTPS (TLS 1.3), for clients whose certificate comes from the CA:
 *
 * `GET /v1/rights/{namespace}/{name}` →
 *
 * | status | body | meaning |
 * | --- | --- | --- |
 * | 200 | `{ service, epoch, forMs }` | may run for `forMs` milliseconds of any clock, from the sending of the request |
 * | 403 | `{ reason }` | no right here, or a certificate that is not for the namespace |
 * | 404 | `{ reason }` | no such service in this region, or no such path |
 * | 405 | `{ reason }` | not a GET |
 * | 421 | `{ reason }` | another agent leads: ask that one |
 * | 503 | `{ reason }` | this agent leads and is not certain of it, or does not know its orders: ask again |
 *
 * A refusal takes nothing away from what an earlier answer gave: that ends by itself.
 *
 * **Who may ask for what.** A certificate with URIs `switchback://NAMESPACE/…` among its subject alternative names may
 * ask for the services of these namespaces; what follows the namespace has no meaning yet. A certificate without such a
 * URI may ask for nothing.
 */
export type RightVerdict =
  | { readonly status: 200; readonly service: string; readonly epoch: number; readonly forMs: number }
  | { readonly status: 403 | 404 | 405 | 421 | 503; readonly reason: string };

/** The body of an answer of status 200. `forMs` in milliseconds. */
export interface RightAnswer {
  readonly service: string;
  readonly epoch: number;
  readonly forMs: number;
}

/** What of an `AgentContext` is asked. */
export interface RightsView extends RightsBooks {
  readonly leadership: Pick<AgentLeadership, 'hasDuty' | 'isCertain' | 'sinceAtMostMs'>;
  readonly orders: Pick<OrderBook, 'get' | 'sure'>;
  readonly gate: GateSettings | undefined;
}

/**
 * What this agent may run of `service` (`namespace/name`) at this instant, for one who counts from before he asked.
 * Exactly as strict as a start by the agent itself: it leads for certain, the order is `Active` and not being deleted,
 * and a right for its epoch lasts.
 *
 * What runs on without the hub has no end to tell, and is given `takeover` at a time. Nobody is promoted meanwhile, until
 * this region records a right at a later epoch. It does so within `lease` of the nonce of that right, and no longer
 * answers for the epoch before; so gates are done with that within `lease + takeover` of a nonce that the hub waits out.
 */
export function rightOf(context: RightsView, timing: ProtocolTiming, service: string): RightVerdict {
  const { gate, leadership, orders } = context;
  if (!leadership.hasDuty) return { status: 421, reason: 'another agent leads' };
  if (!leadership.isCertain()) return { status: 503, reason: 'the leadership of this agent is not certain' };
  const order = orders.get(service);
  if (!order) {
    if (orders.sure) return { status: 404, reason: 'no such service in this region' };
    return { status: 503, reason: 'the orders have not been read yet' };
  }
  if (order.metadata.deletionTimestamp) return { status: 403, reason: 'the order is being deleted' };
  if (order.spec.role !== 'Active') return { status: 403, reason: `stands by at epoch ${order.spec.epoch}` };
  if (lacksGate(order, gate)) return { status: 403, reason: 'this agent has no gate settings, and does not run it' };
  const { epoch } = order.spec;
  const aloneMs = mayRun(order, factsWithoutRight(context)) ? timing.takeoverMs : 0;
  const forMs = Math.floor(Math.max(rightMs(context, order), aloneMs) / timing.clockRatio);
  if (forMs > 0) return { status: 200, service, epoch, forMs };
  return { status: 403, reason: `no right at epoch ${epoch}` };
}

const factsWithoutRight = ({ leadership, orders }: RightsView): RegionalFacts => ({
  hasRight: false,
  hasEarlierRight: false,
  isCertain: leadership.isCertain(),
  isSure: orders.sure,
  sinceLeadMs: leadership.sinceAtMostMs(),
  isStarted: false,
  isFenced: false,
  lacksGate: false,
});

/** Paths of PEM files. They are read again and again: certificates are replaced while the agent runs. */
export interface TlsPaths {
  readonly cert: string;
  readonly key: string;
  /** The bundle that the certificates of clients must come from. */
  readonly ca: string;
}

export interface RightsServerOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly host?: string;
  readonly tls: TlsPaths;
  /** Called for each request that may ask for this service (`namespace/name`); it must not throw. */
  readonly rightOf: (service: string) => RightVerdict;
  readonly clock: Clock;
  readonly log: Log;
}

export interface RightsServer {
  /** The port it listens on. */
  readonly port: number;
  /** Reads the TLS files now. Returns whether they have changed; rejects, and keeps what it had, when they are wrong. */
  reload(): Promise<boolean>;
  close(): Promise<void>;
}

const RELOAD_EVERY_MS = 10_000;
/** A connection outlives neither its certificate nor a change of the CA for long. */
const REQUESTS_PER_CONNECTION = 300;

/** Starts to answer. Rejects when the TLS files cannot be read or used, or the port cannot be bound. */
export async function startRightsServer(options: RightsServerOptions): Promise<RightsServer> {
  let material = await readMaterial(options.tls);
  const server = createRightsServer(material, options);
  const reload = async (): Promise<boolean> => {
    const next = await readMaterial(options.tls);
    if (isSame(material, next)) return false;
    material = next;
    server.setSecureContext(contextOf(material));
    server.closeIdleConnections();
    options.log('info', 'Certificates of the rights server were replaced', {});
    return true;
  };
  const reloader = new Ticker({
    clock: options.clock,
    everyMs: RELOAD_EVERY_MS,
    run: async () => void (await reload()),
    onError: (error) => options.log('warn', 'Certificates of the rights server not replaced', { error: String(error) }),
  });
  await listen(server, options);
  reloader.start();
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : options.port,
    reload,
    async close() {
      await reloader.stop();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

interface TlsTexts {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** Rejects when a file cannot be read, or when they do not belong together (half of a replacement, for example). */
async function readMaterial(paths: TlsPaths): Promise<TlsTexts> {
  const read = (path: string): Promise<string> => readFile(path, 'utf8');
  const [cert, key, ca] = await Promise.all([read(paths.cert), read(paths.key), read(paths.ca)]);
  createSecureContext(contextOf({ cert, key, ca }));
  return { cert, key, ca };
}

const isSame = (a: TlsTexts, b: TlsTexts): boolean => a.cert === b.cert && a.key === b.key && a.ca === b.ca;

/** Sessions would be resumed without a look at the certificate, so there are none; connections are kept instead. */
const contextOf = (texts: TlsTexts): SecureContextOptions => ({
  ...texts,
  minVersion: 'TLSv1.3',
  secureOptions: constants.SSL_OP_NO_TICKET,
});

function createRightsServer(material: TlsTexts, options: RightsServerOptions): Server {
  const tls = { ...contextOf(material), requestCert: true, rejectUnauthorized: true, handshakeTimeout: 5_000 };
  const server = createServer({ ...tls, maxHeaderSize: 8_192 }, (request, response) => {
    const { status, ...body } = answer(request, options);
    const text = JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    response.end(text);
  });
  server.on('tlsClientError', (error) => {
    options.log('debug', 'A client of the rights server was refused', { error: String(error) });
  });
  server.requestTimeout = 10_000;
  server.headersTimeout = 5_000;
  server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION;
  return server;
}

function listen(server: Server, { host, port }: RightsServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

const PATH = /^\/v1\/rights\/([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)\/([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)$/;

function answer({ method, socket, url = '' }: IncomingMessage, options: RightsServerOptions): RightVerdict {
  if (method !== 'GET') return { status: 405, reason: 'only GET' };
  const [, namespace, , name] = PATH.exec(url) ?? [];
  if (namespace === undefined || name === undefined) return { status: 404, reason: 'no such path' };
  // The handshake has refused them already.
  if (!(socket instanceof TLSSocket && socket.authorized)) return { status: 403, reason: 'no certificate' };
  if (!mayAskFor(namespace, socket.getPeerX509Certificate()?.subjectAltName)) {
    return { status: 403, reason: `the certificate is not for namespace ${namespace}` };
  }
  return options.rightOf(`${namespace}/${name}`);
}

/** One name of the text of OpenSSL: `URI:…`. Names with special characters are quoted, and matched to be left out. */
const NAME = /(?:^|, )(?<kind>[^:,"]+):(?:"(?:\\.|[^"\\])*"|(?<value>[^",]*))/g;
const NAMESPACE_URI = /^switchback:\/\/([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)(\/|$)/;

/** @param names the subject alternative names of a certificate, as `X509Certificate.subjectAltName` says them */
export function mayAskFor(namespace: string, names: string | undefined): boolean {
  const uris = [...(names ?? '').matchAll(NAME)].filter(({ groups }) => groups?.['kind'] === 'URI');
  return uris.some(({ groups }) => NAMESPACE_URI.exec(groups?.['value'] ?? '')?.[1] === namespace);
}
