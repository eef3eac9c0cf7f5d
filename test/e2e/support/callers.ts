import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ack } from './judge.ts';

/** A way in: one node of a region, at the port of a service. */
export interface Entrance {
  readonly host: string;
  readonly port: number;
}

/** From one call of a loop to its next one, at least; and how long a caller waits for an answer. */
const EVERY_MS = 100;
const PATIENCE_MS = 800;
/** Bounds the whole: four loops for each of three services, for some minutes. */
const MOST_CALLS = 60_000;

/** What was heard of one service. */
export interface Heard {
  /** Writes that were acknowledged. */
  readonly acks: Ack[];
  /** Acknowledged writes of which somebody said later that something else stands there. */
  readonly misread: Ack[];
  /** When there was an answer of any kind, on the clock of the callers. */
  readonly answersMs: number[];
}

/** Calls without pause from outside: a loop for each entrance and service, which does not care whether others have answers. */
export class Callers {
  readonly #heard = new Map<string, Heard>();
  readonly #stopping = new AbortController();
  readonly #loops: Promise<void>[] = [];
  #calls = 0;

  get calls(): number {
    return this.#calls;
  }

  of(service: string): Heard {
    const heard = this.#heard.get(service);
    if (!heard) throw new Error(`nobody calls ${service}`);
    return heard;
  }

  start(service: string, entrances: readonly Entrance[]): void {
    const heard = { acks: [], answersMs: [], misread: [] };
    this.#heard.set(service, heard);
    for (const entrance of entrances) this.#loops.push(this.#loop(() => this.#call(entrance, heard)));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#loops);
  }

  async #loop(call: () => Promise<void>): Promise<void> {
    while (!this.#stopping.signal.aborted && this.#calls < MOST_CALLS) {
      const startMs = performance.now();
      this.#calls += 1;
      // No answer is an answer: what counts is when there was one.
      await call().catch(() => undefined);
      const restMs = Math.max(1, EVERY_MS - (performance.now() - startMs));
      await sleep(restMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  /** Each call is a write, with a read of an earlier one behind it; what takes no writes answers without a slot. */
  async #call(entrance: Entrance, heard: Heard): Promise<void> {
    const id = `${entrance.host}-${this.#calls}`;
    const answer = JSON.parse(await get(entrance, `/?id=${id}`));
    heard.answersMs.push(performance.now());
    if (answer.slot === undefined) return;
    if (answer.id !== id) throw new Error('not what was asked for');
    heard.acks.push({ ...answer, region: regionOf(answer.node) });
    // Any of them, in turn: numbers that have nothing in common with the calls.
    const earlier = heard.acks[(this.#calls * 7919) % heard.acks.length];
    if (!earlier) return;
    const { read } = JSON.parse(await get(entrance, `/?slot=${earlier.slot}`));
    // Null says nothing: the store that answers has lost its disk to another one.
    if (read !== null && read !== earlier.id) heard.misread.push(earlier);
  }
}

/** A node is called after its zone, and a zone after its region: `us-east-a-1`. */
const regionOf = (node: string): string => node.replace(/-[^-]+-\d+$/, '');

function get({ host, port }: Entrance, path: string): Promise<string> {
  const { promise, reject, resolve } = Promise.withResolvers<string>();
  const asked = request({ host, port, path, agent: false }, (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (part: string) => {
      text += part;
    });
    response.on('end', () => resolve(text));
    response.on('error', reject);
  });
  const timer = setTimeout(() => asked.destroy(new Error('no answer')), PATIENCE_MS);
  asked.on('error', reject);
  asked.on('close', () => {
    clearTimeout(timer);
    reject(new Error('closed'));
  });
  asked.end();
  return promise;
}
