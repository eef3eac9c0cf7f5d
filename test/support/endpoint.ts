import type { FakeApiServer } from './fake-api-server.ts';

/**
 * `up`: answers. `refusing`: its process is dead, the machine lives and resets connections. `hung`: stopped, connections
 * stay open and silent, what arrives waits. `dark`: no power, no word, and what arrives is lost.
 */
export type EndpointState = 'up' | 'refusing' | 'hung' | 'dark';

/** The server's end of an open connection. */
export interface Connection {
  /** The server's kernel closes it: the client is told. */
  reset(): void;
  /** The server is gone: the client is not told. */
  silence(): void;
}

/** What arrives at an endpoint. */
export interface Arrival {
  execute(): void;
  refuse(): void;
}

/** Where an API server can be reached, and in which state it is. */
export class Endpoint {
  readonly server: FakeApiServer;
  readonly site: string;
  readonly connections = new Set<Connection>();
  #state: EndpointState = 'up';
  #waiting: Arrival[] = [];

  constructor(server: FakeApiServer, site: string) {
    this.server = server;
    this.site = site;
  }

  get state(): EndpointState {
    return this.#state;
  }

  arrive(arrival: Arrival): void {
    if (this.#state === 'up') arrival.execute();
    else if (this.#state === 'refusing') arrival.refuse();
    else if (this.#state === 'hung') this.#waiting.push(arrival);
  }

  /**
   * Changes the state. A server that wakes up carries out what waited in its sockets, although most of those clients
   * have given up; a server that loses its process or its power forgets it.
   */
  setState(state: EndpointState): void {
    this.#state = state;
    this.server.setRunning(state === 'up');
    const waiting = this.#waiting;
    if (state !== 'hung') this.#waiting = [];
    if (state === 'up') for (const arrival of waiting) arrival.execute();
    if (state === 'refusing') for (const connection of [...this.connections]) connection.reset();
    if (state === 'dark') for (const connection of [...this.connections]) connection.silence();
  }
}
