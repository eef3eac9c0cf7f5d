import type { OwnRecord } from '../decide/inheritance.ts';
import { type Clock, elapsedAtLeast, type Instant } from '../runtime/clock.ts';
import type { Elector } from '../runtime/elector.ts';

const RETRY_UNCERTAIN_MS = 250;

/** The hub's leadership as the loops see it. */
export class Leadership {
  readonly #clock: Clock;
  #elector: Elector | undefined;
  #identity = '';
  #since: Instant | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param identity unique per process start */
  bind(elector: Elector, identity: string): void {
    this.#elector = elector;
    this.#identity = identity;
  }

  begin(): void {
    this.#since = this.#clock.now();
  }

  end(): void {
    this.#since = undefined;
  }

  /** Rises with every new leader; undefined when this process does not lead. */
  get term(): number | undefined {
    return this.#elector?.term;
  }

  /** What this leadership leaves in the regions, and goes by; undefined when this process does not lead. */
  own(): OwnRecord | undefined {
    const record = this.#elector?.record;
    if (!record) return undefined;
    const past = (record.past ?? []).map(({ holder, term, version }) => ({ term, by: holder, record: version }));
    return { term: record.term, by: this.#identity, record: record.version, past };
  }

  /** Whether no other process can lead at this instant. Ask right before each write. */
  isCertain(): boolean {
    return this.#since !== undefined && (this.#elector?.isCertain() ?? false);
  }

  /**
   * What a loop that needs certainty answers without it. A lapse ends without any event, so a leader looks again soon;
   * a process that does not lead has everything enqueued when it begins to.
   */
  whenUncertain(): { readonly requeueAfterMs: number } | undefined {
    return this.#since === undefined ? undefined : { requeueAfterMs: RETRY_UNCERTAIN_MS };
  }

  /** Least time since this leadership began; 0 without one. */
  sinceMs(): number {
    return this.#since ? elapsedAtLeast(this.#since, this.#clock.now()) : 0;
  }
}

/** Ends a pass whose certainty lapsed on the way; the ticker runs it again. */
export function assertCertain({ leadership }: { readonly leadership: Pick<Leadership, 'isCertain'> }): void {
  if (!leadership.isCertain()) throw new Error('another hub may lead; it is tried again');
}
