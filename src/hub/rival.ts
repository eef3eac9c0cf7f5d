import type { RegionLease } from '../api/region-lease.ts';
import { bondOf, type RegionMark } from '../decide/inheritance.ts';
import { computeProtocolTiming } from '../decide/timing.ts';
import { elapsedAtLeast, type Instant } from '../runtime/clock.ts';
import type { HubContext } from './context.ts';

/**
 * Watches one region for acknowledgements of another hub: of one that lives, or of one that is gone and that this one
 * was made anew or restored from. It counts as silent when it has left a nonce unanswered for as long as a right of its
 * can last, and as alive when it was seen to answer since.
 */
export class RivalWatch {
  readonly #context: Pick<HubContext, 'clock' | 'leadership' | 'links'>;
  readonly #region: string;
  #last: { readonly answer: string; readonly since: Instant; readonly isAlive: boolean } | undefined;

  constructor(context: Pick<HubContext, 'clock' | 'leadership' | 'links'>, region: string) {
    this.#context = context;
    this.#region = region;
  }

  /** Takes the lease as it was just read or watched. */
  see({ spec: { agent, hub } }: RegionLease): void {
    const own = this.#context.leadership.own();
    if (!own) return;
    if (!hub || bondOf(hub, own) !== 'Foreign') {
      this.#last = undefined;
      return;
    }
    const since = this.#context.clock.now();
    const answer = `${hub.term}/${hub.by}/${hub.nonce}`;
    if (this.#last?.answer !== answer) this.#last = { answer, since, isAlive: this.#last !== undefined };
    // Nothing is asked, so nobody has failed to answer.
    else if (hub.nonce === agent?.nonce) this.#last = { ...this.#last, since };
  }

  get standing(): RegionMark['other'] {
    const { clock, links } = this.#context;
    const group = links.groupOf(this.#region);
    if (!this.#last || !group) return 'Unknown';
    const { isAlive, since } = this.#last;
    if (elapsedAtLeast(since, clock.now()) >= computeProtocolTiming(group.spec.timings).waitMs) return 'Silent';
    return isAlive ? 'Answers' : 'Unknown';
  }
}
