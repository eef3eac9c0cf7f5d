import { type Clock, elapsedAtMost, type Instant, type Timer } from './clock.ts';
import { jitter, type Random } from './random.ts';
import { Stopwatch } from './stopwatch.ts';

/** A leadership that is over, and the version at which its record stood then. */
export interface PastLeader {
  readonly holder: string;
  readonly term: number;
  readonly version: string;
}

/** The shared record of who leads. */
export interface ElectionRecord {
  /** Identity of the holder; empty when it was released. */
  readonly holder: string;
  /** Rises by at least one with every new leadership. */
  readonly term: number;
  /** Opaque; differs after every write. */
  readonly version: string;
  /** The last of those who led before, newest last. Absent where the lock does not keep them. */
  readonly past?: readonly PastLeader[];
}

/** What a write leaves in the record; `past` stays as it is when absent. */
export interface NextRecord {
  readonly holder: string;
  readonly term: number;
  readonly past?: readonly PastLeader[];
}

/** Where the record is kept. Both calls may take long or fail; a failed write may have been carried out. */
export interface ElectionLock {
  /** Undefined when there is no record yet. */
  read(): Promise<ElectionRecord | undefined>;
  /**
   * Compare-and-swap: replaces `previous` (undefined: creates). Returns the new record, or undefined when somebody else
   * wrote first. Rejects when it is not known whether the write was carried out.
   */
  write(next: NextRecord, previous: ElectionRecord | undefined): Promise<ElectionRecord | undefined>;
}

export type LossReason = 'taken' | 'stopped';

export interface ElectorOptions {
  readonly lock: ElectionLock;
  /** Unique per process start: an identity seen in the record and not led by this elector is an earlier loss of ours. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: Random;
  /** How long a record must stay unchanged before another may take over. */
  readonly electionMs: number;
  readonly renewEveryMs: number;
  /** Bound of the ratio of the rates of any two clocks, minus one (0.2 = 20 %). */
  readonly clockRateError: number;
  /** The term of a new leadership is above this one; for a hub that follows another one: above every region's. */
  readonly termFloor?: () => number;
  readonly onLead: (term: number) => void;
  readonly onLose: (reason: LossReason) => void;
  /** Called when the record could not be read or written, or a callback threw. */
  readonly onError?: (error: unknown) => void;
}

interface Leadership {
  readonly record: ElectionRecord;
  /** Taken before the renewal was sent. */
  readonly sentAt: Instant;
}

interface Observation {
  readonly record: ElectionRecord;
  /** Runs since the answer came that showed this record for the first time. */
  readonly since: Stopwatch;
}

/** Of the election time: what a wall clock that is set back may cost the wait of a candidate. */
const LAPS = 8;
/** Past leaders that a record names. */
const PAST_KEPT = 32;

/** Who led before the one that takes this record over: one that gave it up has written itself down. */
const pastOf = ({ holder, past = [], term, version }: ElectionRecord): readonly PastLeader[] =>
  holder === '' ? past : [...past, { holder, term, version }].slice(-PAST_KEPT);

/**
 * Leader election by a record with compare-and-swap. It compares no clocks of different machines:
 *
 * - A leader is *certain* for `electionMs / (1 + clockRateError)` from the **sending** of its last successful renewal,
 *   on the clock that shows **more**. From the reply would be wrong: the reply may be late by any amount.
 * - A candidate takes a record over after it has **observed it unchanged** for `electionMs`, on the clock that shows
 *   **less** (in each short part of it: `Stopwatch`), counted from the **reply** that showed it first.
 *
 * The candidate's wait begins after the leader's count did, and is longer by more than two clocks can differ, so the
 * old leader is no longer certain when the new one writes. Certainty ends by itself, without any event. A leader that
 * cannot renew stays leader, uncertain, until it sees that another took over: as long as nobody did, its next renewal
 * continues the same term, because the compare-and-swap proves that nobody led in between.
 */
export class Elector {
  readonly #options: ElectorOptions;
  #leadership: Leadership | undefined;
  #observed: Observation | undefined;
  #timer: Timer | undefined;
  #attempt: Promise<void> | undefined;
  #started = false;

  constructor(options: ElectorOptions) {
    this.#options = options;
  }

  /** The term of the current leadership, certain or not; undefined for a candidate. */
  get term(): number | undefined {
    return this.#leadership?.record.term;
  }

  /** The record of the current leadership as it was last written; undefined for a candidate. */
  get record(): ElectionRecord | undefined {
    return this.#leadership?.record;
  }

  /** Identity of the holder as last seen; undefined when nothing is known, empty when nobody leads. */
  get holder(): string | undefined {
    return this.#leadership?.record.holder ?? this.#observed?.record.holder;
  }

  /** Whether no other process can lead at this instant. Ask right before each act that only a leader may do. */
  isCertain(): boolean {
    const { clock, clockRateError, electionMs } = this.#options;
    if (!this.#leadership) return false;
    return elapsedAtMost(this.#leadership.sentAt, clock.now()) < electionMs / (1 + clockRateError);
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#schedule(0);
  }

  /** Gives leadership up, at once for this process and then in the record, so that the next leader need not wait. */
  async stop(): Promise<void> {
    if (!this.#started) return;
    this.#started = false;
    this.#timer?.cancel();
    await this.#attempt;
    this.#forget();
    const record = this.#leadership?.record;
    if (!record) return;
    this.#lose('stopped');
    try {
      await this.#options.lock.write({ holder: '', term: record.term, past: pastOf(record) }, record);
    } catch (error) {
      this.#report(error);
    }
  }

  #schedule(delayMs: number): void {
    if (!this.#started) return;
    const { clock } = this.#options;
    this.#timer = clock.setTimer(delayMs, () => {
      const startedAt = clock.now();
      this.#attempt = this.#tick().finally(() => this.#schedule(this.#nextDelayMs(startedAt)));
    });
  }

  /**
   * Candidates are spread, so that they do not all write in the same instant. A leader renews at a rate that a slow API
   * server does not lower: certainty counts from the sending.
   */
  #nextDelayMs(startedAt: Instant): number {
    const { clock, random, renewEveryMs } = this.#options;
    if (!this.#leadership) return jitter(random, renewEveryMs, 0.2);
    return Math.max(renewEveryMs / 5, renewEveryMs - elapsedAtMost(startedAt, clock.now()));
  }

  async #tick(): Promise<void> {
    try {
      if (this.#leadership) await this.#renew(this.#leadership);
      else await this.#campaign();
    } catch (error) {
      this.#report(error);
    }
  }

  async #renew(leadership: Leadership): Promise<void> {
    const { clock, identity, lock } = this.#options;
    const { term } = leadership.record;
    const sentAt = clock.now();
    const written = await lock.write({ holder: identity, term }, leadership.record);
    if (this.#leadership !== leadership) return;
    if (written) this.#leadership = { ...leadership, record: written, sentAt };
    else await this.#resolveConflict(leadership);
  }

  /** The record is not the one we know: either another process leads, or a write of ours was carried out unanswered. */
  async #resolveConflict(leadership: Leadership): Promise<void> {
    const record = await this.#options.lock.read();
    if (this.#leadership !== leadership) return;
    const { holder, term } = leadership.record;
    if (record?.holder !== holder || record.term !== term) {
      if (record) this.#observe(record);
      this.#lose('taken');
      return;
    }
    // Ours after all, but it is not known when it was sent: nothing is gained until the next renewal succeeds.
    this.#leadership = { ...leadership, record };
  }

  async #campaign(): Promise<void> {
    const { clock, electionMs, identity, lock, termFloor } = this.#options;
    const record = await lock.read();
    if (record) this.#observe(record);
    if (!this.#started || (record && !this.#mayTake(record))) return;
    const term = Math.max(record?.term ?? 0, termFloor?.() ?? 0) + 1;
    const sentAt = clock.now();
    const written = await lock.write({ holder: identity, term, past: record ? pastOf(record) : [] }, record);
    if (!written) return;
    if (!this.#started) {
      // Won while it was being stopped: nobody has heard of it yet, and nobody shall.
      await lock.write({ holder: '', term }, written);
      return;
    }
    // An answer that took longer than the election is none: the next attempt begins a new term.
    if (elapsedAtMost(sentAt, clock.now()) >= electionMs) return;
    this.#forget();
    this.#leadership = { record: written, sentAt };
    this.#call(() => this.#options.onLead(term));
  }

  #observe(record: ElectionRecord): void {
    if (this.#observed?.record.version === record.version) return;
    this.#forget();
    const { clock, electionMs } = this.#options;
    this.#observed = { record, since: new Stopwatch(clock, electionMs / LAPS) };
  }

  #forget(): void {
    this.#observed?.since.stop();
    this.#observed = undefined;
  }

  /** Nobody holds it, it is an earlier leadership of this process that it has already given up, or it has run out. */
  #mayTake(record: ElectionRecord): boolean {
    const { electionMs, identity } = this.#options;
    if (record.holder === '' || record.holder === identity) return true;
    return this.#observed !== undefined && this.#observed.since.elapsedMs() >= electionMs;
  }

  #lose(reason: LossReason): void {
    if (!this.#leadership) return;
    this.#leadership = undefined;
    this.#call(() => this.#options.onLose(reason));
  }

  #call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    this.#options.onError?.(error);
  }
}
