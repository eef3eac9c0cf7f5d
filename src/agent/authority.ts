import type { LeasePromise, RegionLease } from '../api/region-lease.ts';
import { type Clock, elapsedAtMost, type Instant } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';

interface Asked {
  readonly order: number;
  /** Taken before the nonce is sent: a right ends at `sentAt + lease`, whenever the answer comes. */
  readonly sentAt: Instant;
}

/**
 * The agent's half of the authority protocol: which services this region may run, and until when.
 *
 * A right is for exactly one (service, epoch). It is given by an acknowledgement of a nonce that *this process made
 * since it last began to lead*: a nonce of another process, or of an earlier leadership, proves nothing to this one,
 * because only its maker knows when it was sent.
 */
export class Authority {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #leaseMs: number;
  readonly #onRenewed: (marginMs: number) => void;
  #asked = new Map<string, Asked>();
  #rights = new Map<string, Map<number, Asked>>();
  /** By region: what it promised last, and by which nonce of ours. */
  #promises = new Map<string, { readonly asked: Asked; readonly epochs: ReadonlyMap<string, number> }>();
  #made = 0;

  /** @param options `onRenewed` is told what was left of the shortest of the rights that were just renewed, for metrics. */
  constructor(options: { clock: Clock; random: Random; leaseMs: number; onRenewed?: (marginMs: number) => void }) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#leaseMs = options.leaseMs;
    this.#onRenewed = options.onRenewed ?? (() => undefined);
  }

  /** Forgets all nonces and rights of an earlier leadership. */
  beginLeadership(): void {
    this.#asked = new Map();
    this.#rights = new Map();
    this.#promises = new Map();
  }

  /** A new nonce. Send it at once: its right counts from now. */
  ask(): string {
    const nonce = this.#random.token();
    const sentAt = this.#clock.now();
    for (const [old, asked] of this.#asked) if (this.#remaining(asked, sentAt) <= 0) this.#asked.delete(old);
    this.#asked.set(nonce, { order: ++this.#made, sentAt });
    return nonce;
  }

  /** Takes an acknowledgement, if it is for a nonce of ours. Returns the services whose right is new. */
  take(lease: RegionLease): string[] {
    const acknowledgement = lease.spec.hub;
    const asked = acknowledgement && this.#asked.get(acknowledgement.nonce);
    if (!asked) return [];
    const now = this.#clock.now();
    const gained: string[] = [];
    const margins = this.#marginsOf(Object.entries(acknowledgement.grants), asked, now);
    for (const [service, epoch] of Object.entries(acknowledgement.grants)) {
      const rights = this.#rights.get(service) ?? new Map<number, Asked>();
      const before = rights.get(epoch);
      if (before && before.order >= asked.order) continue;
      if (!before || this.#remaining(before, now) <= 0) gained.push(service);
      for (const [held, right] of rights) if (this.#remaining(right, now) <= 0) rights.delete(held);
      rights.set(epoch, asked);
      this.#rights.set(service, rights);
    }
    this.#tellLeast(margins);
    return gained;
  }

  /** Whether a promise is for a nonce of ours, and newer than what that peer promised before. */
  isNews(peer: string, { nonce }: LeasePromise): boolean {
    const order = this.#asked.get(nonce)?.order ?? 0;
    return order > (this.#promises.get(peer)?.asked.order ?? 0);
  }

  /** Takes what a peer promised, if it is news. */
  takePromise(peer: string, promise: LeasePromise): void {
    const { nonce, services } = promise;
    const asked = this.#asked.get(nonce);
    if (!asked || !this.isNews(peer, promise)) return;
    this.#promises.set(peer, { asked, epochs: new Map(services.map(({ name, epoch }) => [name, epoch])) });
  }

  /**
   * How long all of `peers` keep their promise not to start `service`, which runs here at `epoch`; 0 when one of them
   * has given none, or one for another epoch. Without peers there is nobody to promise anything: 0.
   */
  promisedMs(service: string, epoch: number, peers: readonly string[]): number {
    const now = this.#clock.now();
    const each = peers.map((peer) => {
      const promise = this.#promises.get(peer);
      return promise?.epochs.get(service) === epoch ? Math.max(0, this.#remaining(promise.asked, now)) : 0;
    });
    return each.length === 0 ? 0 : Math.min(...each);
  }

  hasRight(service: string, epoch: number): boolean {
    return this.remainingMs(service, epoch) > 0;
  }

  /** Whether a right at an epoch below `epoch` has not ended yet. */
  hasEarlierRight(service: string, epoch: number): boolean {
    const earlier = [...(this.#rights.get(service) ?? [])].filter(([held]) => held < epoch);
    const now = this.#clock.now();
    return earlier.some(([, asked]) => this.#remaining(asked, now) > 0);
  }

  /** How long the right to run `service` at `epoch` still lasts; 0 without one. */
  remainingMs(service: string, epoch: number): number {
    const asked = this.#rights.get(service)?.get(epoch);
    return asked ? Math.max(0, this.#remaining(asked, this.#clock.now())) : 0;
  }

  /** For metrics: how close the rights that are renewed now came to their end. */
  #marginsOf(grants: readonly (readonly [service: string, epoch: number])[], asked: Asked, now: Instant): number[] {
    const renewed = grants.map(([service, epoch]) => this.#rights.get(service)?.get(epoch));
    return renewed.flatMap((right) => (right && right.order < asked.order ? this.#remaining(right, now) : []));
  }

  #tellLeast(margins: readonly number[]): void {
    if (margins.length > 0) this.#onRenewed(Math.min(...margins));
  }

  forget(service: string): void {
    this.#rights.delete(service);
  }

  #remaining(asked: Asked, now: Instant): number {
    return this.#leaseMs - elapsedAtMost(asked.sentAt, now);
  }
}
