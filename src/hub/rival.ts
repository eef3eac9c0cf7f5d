import type { RegionLease } from '../api/region-lease.ts';
import { computeProtocolTiming } from '../decide/timing.ts';
import { elapsedAtLeast, type Instant } from '../runtime/clock.ts';
import type { HubContext } from './context.ts';

/**
 * Watches one region for acknowledgements of a higher term than ours. They come from another hub that lives, or from one
 * that is gone and that this one was made anew or restored from. Only when that hub has left a nonce unanswered for as
 * long as a right of its can last does this one ask to begin a term above it; until then it acknowledges nothing there.
 */
export class RivalWatch {
  readonly #context: HubContext;
  readonly #region: string;
  #last: { readonly answer: string; readonly since: Instant } | undefined;

  constructor(context: HubContext, region: string) {
    this.#context = context;
    this.#region = region;
  }

  /** Takes the lease as it was just read or watched. */
  see({ spec: { agent, hub } }: RegionLease): void {
    const { clock, leadership, links, log, outranked } = this.#context;
    const group = links.groupOf(this.#region);
    if (!hub || !group || leadership.term === undefined || hub.term <= leadership.term) {
      this.#last = undefined;
      return;
    }
    const now = clock.now();
    const answer = `${hub.term}/${hub.nonce}`;
    if (this.#last?.answer !== answer || hub.nonce === agent?.nonce) this.#last = { answer, since: now };
    if (elapsedAtLeast(this.#last.since, now) < computeProtocolTiming(group.spec.timings).waitMs) return;
    this.#last = undefined;
    log('warn', 'Region knows a hub of a higher term, which is silent', { region: this.#region, term: hub.term });
    outranked();
  }
}
