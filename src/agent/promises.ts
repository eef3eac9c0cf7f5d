import type { RegionalService } from '../api/regional-service.ts';
import { keyOf } from '../kube/object.ts';
import { type Clock, elapsedAtLeast, type Instant } from '../runtime/clock.ts';
import type { AgentLeadership } from './leadership.ts';

/**
 * What this region has promised its peers: not to start a service for one `wait`. A promise of an earlier process may
 * still be believed, and nobody here knows of it; so a new leadership waits as if it had promised everything itself.
 */
export class PromiseBook {
  readonly #clock: Clock;
  readonly #leadership: Pick<AgentLeadership, 'sinceMs'>;
  readonly #waitMs: number;
  readonly #given = new Map<string, Instant>();

  constructor(options: { clock: Clock; leadership: Pick<AgentLeadership, 'sinceMs'>; waitMs: number }) {
    this.#clock = options.clock;
    this.#leadership = options.leadership;
    this.#waitMs = options.waitMs;
  }

  /** To be called before a promise is sent: what never arrives counts as believed. */
  note(services: Iterable<string>): void {
    const now = this.#clock.now();
    for (const service of services) this.#given.set(service, now);
  }

  /**
   * How many milliseconds a start of the service has to wait for promises to end; 0 when it may start now. None may be
   * believed any more when every other region has confirmed that it stands by at this epoch.
   */
  holdMs({ metadata, spec }: RegionalService): number {
    if (spec.mode !== 'Backup' || (spec.othersStandbyEpoch ?? 0) >= spec.epoch) return 0;
    const given = this.#given.get(keyOf({ metadata }));
    const sinceMs = given ? elapsedAtLeast(given, this.#clock.now()) : Number.POSITIVE_INFINITY;
    return Math.max(0, this.#waitMs - Math.min(sinceMs, this.#leadership.sinceMs()));
  }

  forget(service: string): void {
    this.#given.delete(service);
  }
}
