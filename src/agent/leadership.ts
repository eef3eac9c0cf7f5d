import { type Clock, elapsedAtLeast, elapsedAtMost, type Instant } from '../runtime/clock.ts';
import type { Elector } from '../runtime/elector.ts';
import type { Random } from '../runtime/random.ts';

/**
 * The agent's leadership. Two things that are easily taken for one:
 * - only a *certain* leader starts or confirms anything;
 * - the *duty* to fence goes on when leadership is no longer certain, until another agent is seen to lead.
 */
export class AgentLeadership {
  readonly #clock: Clock;
  readonly #random: Random;
  #elector: Elector | undefined;
  #since: Instant | undefined;
  #token = '';

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  bind(elector: Elector): void {
    this.#elector = elector;
  }

  begin(): void {
    this.#since = this.#clock.now();
    this.#token = this.#random.token();
  }

  end(): void {
    this.#since = undefined;
  }

  /** Whether this process has to see to it that nothing runs without a right. */
  get hasDuty(): boolean {
    return this.#since !== undefined;
  }

  /** Unique to this leadership of this process; marks what it has fenced. */
  get token(): string {
    return this.#token;
  }

  isCertain(): boolean {
    return this.#since !== undefined && (this.#elector?.isCertain() ?? false);
  }

  /** How long it has lasted at least: for what has to be waited for. */
  sinceMs(): number {
    return this.#since ? elapsedAtLeast(this.#since, this.#clock.now()) : 0;
  }

  /** How long it has lasted at most: for what is allowed only at its beginning. A clock that is set back prolongs nothing. */
  sinceAtMostMs(): number {
    return this.#since ? elapsedAtMost(this.#since, this.#clock.now()) : 0;
  }
}
