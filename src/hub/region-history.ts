import type { RegionState } from '../decide/diagnosis.ts';
import { type Clock, elapsedAtLeast, type Instant } from '../runtime/clock.ts';

/** More changes than a group can ask for are not kept. */
const MOST_CHANGES = 101;

export interface Judgement {
  /** What the region is by itself, whatever came before. */
  readonly itself: RegionState;
  /** Whether it is well, and has been for long enough if it was lost. */
  readonly hasRecovered: boolean;
  /** Whether others say now that it lives and has its rights; undefined: they say nothing. */
  readonly isSeen: boolean | undefined;
}

/**
 * How a region has fared since this leader began to look, on the hub's own clock. A restart forgets it, which is safe: it
 * only makes a region look steadier than it was, and to move to or home to one needs more than that.
 */
export class RegionHistory {
  readonly #clock: Clock;
  #wellSince: Instant | undefined;
  #seenAt: Instant | undefined;
  #wasWell: boolean | undefined;
  #wasLost = false;
  #lostSince: Instant | undefined;
  /** Newest first. */
  #changes: Instant[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  forget(): void {
    this.#wellSince = undefined;
    this.#seenAt = undefined;
    this.#wasWell = undefined;
    this.#wasLost = false;
    this.#lostSince = undefined;
    this.#changes = [];
  }

  /** Takes what the region was found to be. */
  judged({ hasRecovered, isSeen, itself }: Judgement): void {
    const now = this.#clock.now();
    const isWell = itself === 'Healthy';
    if (!isWell) this.#wellSince = undefined;
    else this.#wellSince ??= now;
    if (itself !== 'Lost') this.#lostSince = undefined;
    else this.#lostSince ??= now;
    if (itself === 'Lost') this.#wasLost = true;
    // Until it has recovered it is one that was lost, also if it is not well for a moment in between.
    else if (hasRecovered) this.#wasLost = false;
    if (isSeen !== undefined) this.#seenAt = isSeen ? now : undefined;
    // What is not known is no change.
    if (itself === 'Unknown') return;
    if (this.#wasWell !== undefined && this.#wasWell !== isWell) {
      this.#changes = [now, ...this.#changes].slice(0, MOST_CHANGES);
    }
    this.#wasWell = isWell;
  }

  get wellForMs(): number {
    return this.#since(this.#wellSince) ?? 0;
  }

  /** How long it has been lost without a break; undefined: it is not. */
  get lostForMs(): number | undefined {
    return this.#since(this.#lostSince);
  }

  /** Undefined: it was not lost. */
  get wellAgainForMs(): number | undefined {
    return this.#wasLost ? this.wellForMs : undefined;
  }

  get sinceSeenMs(): number | undefined {
    return this.#since(this.#seenAt);
  }

  get changeAgesMs(): number[] {
    const now = this.#clock.now();
    return this.#changes.map((at) => elapsedAtLeast(at, now));
  }

  #since(at: Instant | undefined): number | undefined {
    return at && elapsedAtLeast(at, this.#clock.now());
  }
}
