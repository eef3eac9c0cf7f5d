import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type Clock, sleep } from '../../runtime/clock.ts';
import { codeOf } from './outcome.ts';

/** Addresses of a name, at least one. Rejects with the code of c-ares when there are none or nobody says. */
export type Lookup = (host: string) => Promise<readonly string[]>;

const GONE: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA']);
const MOST_KNOWN = 512;

/**
 * Asks the name servers, and not `getaddrinfo`: that holds a thread for as long as it waits, and there are four, which the
 * connections to the API servers need too. So names are whole ones, and files on this machine are not read.
 */
export function createLookup(): Lookup {
  const resolver = new Resolver({ timeout: 1_500, tries: 2 });
  return async (host) => {
    try {
      return await resolver.resolve4(host);
    } catch (error) {
      if (!GONE.has(codeOf(error))) throw error;
      return await resolver.resolve6(host);
    }
  };
}

/** Addresses of the hosts of probes. While no name server answers, what was last known of a name goes on to be asked. */
export class ProbeNames {
  readonly #lookup: Lookup;
  readonly #known = new Map<string, string>();

  constructor(lookup: Lookup) {
    this.#lookup = lookup;
  }

  /** Undefined: the name has no address, or none is known and nobody says so within `timeoutMs`. Never rejects. */
  async addressOf(host: string, clock: Clock, timeoutMs: number): Promise<string | undefined> {
    if (isIP(host) !== 0) return host;
    const stopWaiting = new AbortController();
    const timeOver = sleep(clock, timeoutMs, stopWaiting.signal).then(() => {
      throw new Error('no name server answers');
    });
    try {
      const [address] = await Promise.race([this.#lookup(host), timeOver]);
      if (address !== undefined) this.#note(host, address);
    } catch (error) {
      if (GONE.has(codeOf(error))) this.#known.delete(host);
    } finally {
      stopWaiting.abort(new Error('answered'));
    }
    return this.#known.get(host);
  }

  #note(host: string, address: string): void {
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(host, address);
  }
}
