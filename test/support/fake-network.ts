import type { ApiRequest, Transport, WatchRequest } from '../../src/kube/transport.ts';
import { tagOf } from './api-path.ts';
import { Endpoint, type EndpointState } from './endpoint.ts';
import type { FakeApiServer } from './fake-api-server.ts';
import type { Call, Faults, Range, RequestPlan } from './faults.ts';
import type { Link } from './link.ts';
import { sendRequest } from './request-flight.ts';
import type { VirtualProcess } from './virtual-process.ts';
import type { VirtualTime } from './virtual-time.ts';
import { WatchStream } from './watch-stream.ts';

export interface FakeNetworkOptions {
  readonly time: VirtualTime;
  readonly faults: Faults;
}

/**
 * The network between all processes and all API servers. Ways are cut by direction, between sites (`us-east`, `hub`)
 * or between one process and one server; within a site only the latter kind applies.
 */
export class FakeNetwork {
  readonly #options: FakeNetworkOptions;
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #cuts = new Set<string>();
  /** What a way takes longer than the others, by direction. */
  readonly #slow = new Map<string, Range>();
  #waiting: (() => void)[] = [];

  constructor(options: FakeNetworkOptions) {
    this.#options = options;
  }

  /** Puts a server on the network, under its own name, at a site (its name again when absent). */
  addServer(server: FakeApiServer, site: string = server.name): void {
    this.#endpoints.set(server.name, new Endpoint(server, site));
  }

  /** The transport of one process to one server. */
  connect(options: { readonly process: VirtualProcess; readonly server: string }): Transport {
    const { process } = options;
    const endpoint = this.#endpoint(options.server);
    const link = this.#link(process, endpoint);
    const streams = new AbortController();
    return {
      request: (request) => {
        const call = callOf(link, request);
        return sendRequest(link, call, this.#plan(link, call), request);
      },
      watch: (request) =>
        new Promise((resolve, reject) => {
          const signal = AbortSignal.any([request.signal, streams.signal]);
          const call = callOf(link, { ...request, method: 'GET', lane: 'api' }, true);
          const plan = this.#plan(link, call);
          const stream = new WatchStream(link, call, { ...request, signal }, { resolve, reject });
          process.deliver(() => stream.open(plan));
        }),
      close: async () => streams.abort(new Error('the transport is closed')),
    };
  }

  /** Cuts one direction: `from` and `to` are sites, or a process and a server (either way round). */
  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`);
  }

  /** Mends what `cut` cut. Bytes of open streams that were held up then come. */
  heal(from: string, to: string): void {
    this.#cuts.delete(`${from}>${to}`);
    this.#wake();
  }

  /** Makes one direction between two sites slower by a time drawn for each message; undefined: as fast as the others again. */
  slow(from: string, to: string, extraMs: Range | undefined): void {
    if (extraMs) this.#slow.set(`${from}>${to}`, extraMs);
    else this.#slow.delete(`${from}>${to}`);
  }

  /** Cuts a site off from the given others, in both directions. */
  isolate(site: string, others: readonly string[]): void {
    for (const other of others) {
      this.cut(site, other);
      this.cut(other, site);
    }
  }

  rejoin(site: string, others: readonly string[]): void {
    for (const other of others) {
      this.heal(site, other);
      this.heal(other, site);
    }
  }

  /** Breaks or mends an API server; see `EndpointState`. */
  setServer(name: string, state: EndpointState): void {
    this.#endpoint(name).setState(state);
    this.#wake();
  }

  /** State of an API server. */
  stateOf(name: string): EndpointState {
    return this.#endpoint(name).state;
  }

  #endpoint(name: string): Endpoint {
    const endpoint = this.#endpoints.get(name);
    if (!endpoint) throw new Error(`there is no server ${name}`);
    return endpoint;
  }

  #link(process: VirtualProcess, endpoint: Endpoint): Link {
    const { time, faults } = this.#options;
    return {
      time,
      faults,
      process,
      endpoint,
      isOpen: (direction) => this.#isOpen(process, endpoint, direction),
      extraMs: (direction) => this.#extraMs(process.site, endpoint.site, direction),
      onceChanged: (listener) => this.#waiting.push(listener),
    };
  }

  #isOpen(process: VirtualProcess, endpoint: Endpoint, direction: 'request' | 'reply'): boolean {
    const way = (a: string, b: string) => (direction === 'request' ? `${a}>${b}` : `${b}>${a}`);
    const isCut = (a: string, b: string) => this.#cuts.has(way(a, b));
    return !isCut(process.site, endpoint.site) && !isCut(process.id, endpoint.server.name);
  }

  #extraMs(site: string, serverSite: string, direction: 'request' | 'reply'): number {
    if (this.#slow.size === 0) return 0;
    const extraMs = this.#slow.get(direction === 'request' ? `${site}>${serverSite}` : `${serverSite}>${site}`);
    return extraMs ? this.#options.faults.draw(extraMs) : 0;
  }

  /** Draws the fate of a request, and stops its process where that is part of it. */
  #plan(link: Link, call: Call): RequestPlan {
    const plan = this.#options.faults.planRequest(call);
    if (plan.pauseMs > 0) link.process.pause(plan.pauseMs);
    if (this.#slow.size === 0) return plan;
    const later = (ms: number | undefined, direction: 'request' | 'reply') =>
      ms === undefined ? undefined : ms + link.extraMs(direction);
    return { ...plan, requestMs: later(plan.requestMs, 'request'), replyMs: later(plan.replyMs, 'reply') };
  }

  #wake(): void {
    for (const listener of this.#waiting.splice(0)) listener();
  }
}

function callOf(
  link: Link,
  request: Pick<ApiRequest, 'method' | 'path' | 'lane' | 'body'> | (WatchRequest & Pick<ApiRequest, 'method' | 'lane'>),
  isWatch = false,
): Call {
  const { method, path, lane } = request;
  return {
    tag: tagOf(method, path, isWatch),
    method,
    path,
    lane,
    body: 'body' in request ? request.body : undefined,
    from: link.process,
    to: { id: link.endpoint.server.name, site: link.endpoint.site },
  };
}
