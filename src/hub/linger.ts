import type { IUGroup } from '../api/iu-group.ts';
import { type Clock, elapsedAtLeast, type Instant } from '../runtime/clock.ts';

/** How often ExternalDNS writes what it read, unless it is told otherwise. */
const DNS_INTERVAL_MS = 60_000;

/** How long names may still lead to what is left: until they are written anew, and every resolver has forgotten them. */
export const lingerMs = (group: Pick<IUGroup, 'spec'> | undefined): number =>
  group?.spec.traffic ? DNS_INTERVAL_MS + group.spec.traffic.ttlSeconds * 1000 : 0;

/** Since when nothing needs a thing any more, as far as this process has seen: a restart makes it stay longer, not shorter. */
export class Linger {
  readonly #clock: Clock;
  readonly #since = new Map<string, Instant>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long it stays from now on; the first question begins the count. */
  leftMs(key: string, wholeMs: number): number {
    const now = this.#clock.now();
    const since = this.#since.get(key) ?? now;
    this.#since.set(key, since);
    return Math.max(0, wholeMs - elapsedAtLeast(since, now));
  }

  /** It is needed again, or gone. */
  end(key: string): void {
    this.#since.delete(key);
  }
}
