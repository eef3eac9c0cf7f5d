import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { isIP } from 'node:net';
import type { RightAnswer, TlsPaths } from '../agent/rights-server.ts';
import type { Clock } from '../runtime/clock.ts';
import type { RightsSource } from './gate.ts';
import type { Right } from './right.ts';

export interface RightsClientOptions {
  readonly service: string;
  readonly agents: readonly URL[];
  readonly serverName?: string;
  readonly tls: TlsPaths;
  /** Longest time for one answer, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** One address of an agent. */
interface Target {
  readonly url: URL;
  readonly address: string;
}

interface TlsTexts {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** No answer may give a longer right, in milliseconds: the longest lease that an IU group can have. */
const LONGEST_RIGHT_MS = 600_000;
const MOST_BYTES = 4096;

/**
 * Asks all agents of the region for the right (`agent/rights-server.ts`), each at every address of its name: only the
 * one that leads has rights to give, and it may change at any time. Certificates and addresses are read anew for each
 * round; one that cannot be had any more is replaced by what was last known, so that a right is renewed also while
 * nothing resolves names.
 */
export class RightsClient implements RightsSource {
  readonly #options: RightsClientOptions;
  readonly #targets: Latest<readonly Target[]>;
  readonly #texts: Latest<TlsTexts>;
  // Sessions would be resumed without a look at the certificates; connections are kept instead.
  readonly #connections = new Agent({ keepAlive: true, maxSockets: 4, maxCachedSessions: 0 });

  constructor(options: RightsClientOptions) {
    this.#options = options;
    this.#targets = new Latest(() => resolveAll(options.agents));
    this.#texts = new Latest(() => readTexts(options.tls));
  }

  async ask(onRight: (right: Right) => void): Promise<readonly string[]> {
    const [targets, texts] = await Promise.all([this.#targets.get(), this.#texts.get()]);
    const problems = await Promise.all(targets.map((target) => this.#askOne(target, texts, onRight)));
    return problems.includes(undefined) ? [] : problems.filter((problem) => problem !== undefined);
  }

  close(): void {
    this.#connections.destroy();
  }

  /** Returns why it gave no right; undefined when it gave one. */
  async #askOne(target: Target, texts: TlsTexts, onRight: (right: Right) => void): Promise<string | undefined> {
    const { clock, service } = this.#options;
    const sentAt = clock.now();
    try {
      const { status, text } = await this.#get(target, texts);
      const right = status === 200 ? parseRight(text, service) : undefined;
      if (!right) return `${target.address} answers ${status}: ${reasonOf(text)}`;
      onRight({ sentAt, ...right });
      return undefined;
    } catch (error) {
      return `${target.address}: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  #get({ address, url }: Target, texts: TlsTexts): Promise<{ readonly status: number; readonly text: string }> {
    const { clock, service, timeoutMs } = this.#options;
    const serverName = this.#options.serverName ?? hostOf(url);
    return new Promise((resolve, reject) => {
      const asked = request({
        ...texts,
        agent: this.#connections,
        host: address,
        port: url.port === '' ? 443 : Number(url.port),
        path: `/v1/rights/${service}`,
        headers: { host: url.host },
        // An address has no place in the handshake; it is held against the certificate as the host.
        servername: isIP(serverName) ? '' : serverName,
        minVersion: 'TLSv1.3',
        rejectUnauthorized: true,
      });
      const timer = clock.setTimer(timeoutMs, () => asked.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      asked.on('close', () => timer.cancel());
      asked.on('error', reject);
      asked.on('response', (response) => {
        readText(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject);
      });
      asked.end();
    });
  }
}

/** Gives what a load last gave and loads anew meanwhile, once at a time: a load that hangs or fails holds up nothing. */
class Latest<T> {
  readonly #load: () => Promise<T>;
  #known: { readonly value: T } | undefined;
  #loading: Promise<T> | undefined;

  constructor(load: () => Promise<T>) {
    this.#load = load;
  }

  /** Rejects when the load fails and none has succeeded before. */
  get(): Promise<T> {
    this.#loading ??= this.#loadOnce();
    if (!this.#known) return this.#loading;
    this.#loading.catch(() => undefined);
    return Promise.resolve(this.#known.value);
  }

  async #loadOnce(): Promise<T> {
    try {
      const value = await this.#load();
      this.#known = { value };
      return value;
    } finally {
      this.#loading = undefined;
    }
  }
}

/** IPv6 addresses stand in brackets in a URL. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

async function resolveAll(urls: readonly URL[]): Promise<readonly Target[]> {
  const found = await Promise.allSettled(
    urls.map(async (url) => (await lookup(hostOf(url), { all: true })).map(({ address }) => ({ url, address }))),
  );
  const targets = found.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  const failure = found.find((result) => result.status === 'rejected');
  if (targets.length === 0 && failure) throw failure.reason;
  return targets;
}

async function readTexts(paths: TlsPaths): Promise<TlsTexts> {
  const read = (path: string): Promise<string> => readFile(path, 'utf8');
  const [ca, cert, key] = await Promise.all([read(paths.ca), read(paths.cert), read(paths.key)]);
  return { ca, cert, key };
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The right in an answer of status 200; undefined when it is not one for this service. */
export function parseRight(text: string, service: string): Omit<Right, 'sentAt'> | undefined {
  const answer: { readonly [Key in keyof RightAnswer]?: unknown } = parseObject(text);
  const { epoch, forMs } = answer;
  if (answer.service !== service || typeof epoch !== 'number' || typeof forMs !== 'number') return undefined;
  const isSound = Number.isSafeInteger(epoch) && epoch >= 0 && forMs > 0 && forMs <= LONGEST_RIGHT_MS;
  return isSound ? { epoch, forMs } : undefined;
}

function reasonOf(text: string): string {
  const { reason }: { readonly reason?: unknown } = parseObject(text);
  return typeof reason === 'string' ? reason : text.slice(0, 200);
}

function parseObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
