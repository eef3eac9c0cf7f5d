import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Which bytes get lost: `to` the server, `from` the server, or both. */
export type Direction = 'to' | 'from' | 'both';

export type LinkMode =
  | { readonly kind: 'open' }
  /** Connections are accepted and kept; nothing is forwarded in the given direction until the link opens again. */
  | { readonly kind: 'silent'; readonly direction: Direction }
  /** Every connection is reset. */
  | { readonly kind: 'closed' }
  /** Every byte is late by `delayMs` milliseconds. */
  | { readonly kind: 'slow'; readonly delayMs: number };

const open: LinkMode = { kind: 'open' };

/** Beyond this much undelivered data a pump stops reading, as a full TCP window would. */
const maxHeldBytes = 1 << 20;

/** What one side did to its connection: sent bytes, ended its half, or broke it. */
type Signal = Buffer | 'end' | 'reset';

interface Held {
  readonly signal: Signal;
  readonly dueMs: number;
}

/**
 * One direction of one connection: signals in order, held while the link is silent, late while it is slow. A broken
 * connection is a signal like any other: across a silent link nobody hears of it.
 */
class Pump {
  readonly #source: Socket;
  readonly #sink: Socket;
  readonly #held: Held[] = [];
  #heldBytes = 0;
  #delayMs = 0;
  #silent = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(source: Socket, sink: Socket) {
    this.#source = source;
    this.#sink = sink;
    source.on('data', (chunk: Buffer) => this.#hold(chunk));
    source.on('end', () => this.#hold('end'));
    source.on('error', () => this.#hold('reset'));
    sink.on('drain', () => this.#flush());
  }

  set(silent: boolean, delayMs: number): void {
    this.#silent = silent;
    this.#delayMs = delayMs;
    this.#flush();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#held.length = 0;
  }

  #hold(signal: Signal): void {
    this.#held.push({ signal, dueMs: performance.now() + this.#delayMs });
    this.#heldBytes += sizeOf(signal);
    this.#flush();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    while (!this.#silent && !this.#sink.writableNeedDrain) {
      const next = this.#held[0];
      if (!next) break;
      const waitMs = next.dueMs - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#flush(), Math.ceil(waitMs));
        break;
      }
      this.#held.shift();
      this.#heldBytes -= sizeOf(next.signal);
      deliver(next.signal, this.#sink);
    }
    // Reading goes on only as far as a network would take the bytes: a silent link leaves them with the sender.
    if (this.#silent || this.#heldBytes > maxHeldBytes) this.#source.pause();
    else this.#source.resume();
  }
}

function sizeOf(signal: Signal): number {
  return typeof signal === 'string' ? 0 : signal.length;
}

function deliver(signal: Signal, sink: Socket): void {
  if (sink.destroyed) return;
  if (signal === 'end') sink.end();
  else if (signal === 'reset') sink.resetAndDestroy();
  else sink.write(signal);
}

interface Connection {
  readonly client: Socket;
  readonly server: Socket;
  readonly to: Pump;
  readonly from: Pump;
}

/**
 * A TCP proxy for one directed link on this machine. It knows nothing of TLS: what it loses or delays are
 * bytes. Its port does not change while it lives, whatever its mode is.
 */
export class LinkProxy {
  readonly #targetPort: number;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #mode: LinkMode = open;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
    this.#server.unref();
  }

  /** Listens on a free port of `host`, an address of this machine, and forwards to `targetPort` of the loopback interface. */
  static listen(targetPort: number, host = '127.0.0.1'): Promise<LinkProxy> {
    const proxy = new LinkProxy(targetPort);
    return new Promise((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(0, host, () => resolve(proxy));
    });
  }

  get port(): number {
    const address = this.#server.address();
    return isTcp(address) ? address.port : 0;
  }

  get mode(): LinkMode {
    return this.#mode;
  }

  /** Number of connections that are open now. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Applies to present and future connections at once. */
  set(mode: LinkMode): void {
    this.#mode = mode;
    for (const connection of this.#connections) this.#apply(connection);
  }

  /** Ends every connection and the listener. */
  async stop(): Promise<void> {
    for (const connection of this.#connections) drop(connection);
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: Socket): void {
    if (this.#mode.kind === 'closed') {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port: this.#targetPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const connection = { client, server, to: new Pump(client, server), from: new Pump(server, client) };
    this.#connections.add(connection);
    const forget = () => {
      if (!client.destroyed || !server.destroyed) return;
      connection.to.stop();
      connection.from.stop();
      this.#connections.delete(connection);
    };
    client.on('close', forget);
    server.on('close', forget);
    this.#apply(connection);
  }

  #apply(connection: Connection): void {
    const mode = this.#mode;
    if (mode.kind === 'closed') {
      drop(connection);
      return;
    }
    const delayMs = mode.kind === 'slow' ? mode.delayMs : 0;
    connection.to.set(isSilent(mode, 'to'), delayMs);
    connection.from.set(isSilent(mode, 'from'), delayMs);
  }
}

function isSilent(mode: LinkMode, direction: 'to' | 'from'): boolean {
  return mode.kind === 'silent' && (mode.direction === 'both' || mode.direction === direction);
}

function isTcp(address: ReturnType<Server['address']>): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

function drop({ client, server }: Connection): void {
  if (!client.destroyed) client.resetAndDestroy();
  if (!server.destroyed) server.resetAndDestroy();
}
