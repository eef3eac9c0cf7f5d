import type { PeerSighting, PeerState, RegionLease } from '../api/region-lease.ts';
import type { ProtocolTiming } from '../decide/timing.ts';
import { type Clock, elapsedAtLeast, type Instant } from '../runtime/clock.ts';

/** So many heartbeats without an answer make a state; so many new nonces end it. */
const SILENT_HEARTBEATS = 3;
const MOVES = 2;

type PeerTiming = Pick<ProtocolTiming, 'heartbeatMs' | 'takeoverMs'>;

interface Seen {
  answeredAt: Instant;
  movedAt: Instant;
  nonce: string | undefined;
  moves: number;
  withoutRight: boolean | undefined;
  state: PeerState | undefined;
}

/**
 * What this region sees of its peers, for the hub and for people. It is told only when it changes, and says no times: how
 * old it is, is counted by who hears it, from the heartbeat that brings it.
 */
export class PeerSightings {
  readonly #clock: Clock;
  readonly #silenceMs: number;
  readonly #restMs: number;
  readonly #seen = new Map<string, Seen>();
  #hasLooked = false;

  constructor({ clock, timing }: { readonly clock: Clock; readonly timing: PeerTiming }) {
    this.#clock = clock;
    this.#silenceMs = SILENT_HEARTBEATS * timing.heartbeatMs;
    // That another agent takes over from one that failed is no news.
    this.#restMs = Math.max(this.#silenceMs, timing.takeoverMs + timing.heartbeatMs);
  }

  /** Another leadership has looked meanwhile, or nobody has. */
  beginLeadership(): void {
    this.#seen.clear();
    this.#hasLooked = false;
  }

  /** Forgets all regions but these: they are looked at no longer. */
  keep(regions: ReadonlySet<string>): void {
    this.#hasLooked = true;
    for (const region of this.#seen.keys()) if (!regions.has(region)) this.#seen.delete(region);
  }

  /** Takes an answer of a peer; returns whether that changes what is said of it. */
  answered(region: string, { spec }: RegionLease): boolean {
    const now = this.#clock.now();
    const seen = this.#of(region, now);
    const { nonce, withoutRight } = spec.agent ?? {};
    seen.answeredAt = now;
    if (seen.nonce !== undefined && nonce !== undefined && seen.nonce !== nonce) {
      seen.moves += 1;
      seen.movedAt = now;
    }
    seen.nonce = nonce;
    // That it is not known for a moment, as by an agent that has just begun to lead, goes out with the next heartbeat.
    const isNews = withoutRight !== undefined && seen.withoutRight !== withoutRight;
    seen.withoutRight = withoutRight;
    return this.#judge(seen, now) || isNews;
  }

  /** A peer did not answer; returns whether that changes what is said of it. */
  failed(region: string): boolean {
    const now = this.#clock.now();
    return this.#judge(this.#of(region, now), now);
  }

  /** A peer cannot be looked at, for want of credentials that it takes: unknown is not gone. */
  unknown(region: string): boolean {
    const state = this.#seen.get(region)?.state;
    this.#seen.delete(region);
    return state !== undefined;
  }

  /** Of each peer whose state is known yet, by name. */
  list(): PeerSighting[] {
    return [...this.#seen]
      .flatMap(([region, { state, withoutRight }]): PeerSighting[] =>
        state === undefined ? [] : [{ region, state, ...(withoutRight === undefined ? {} : { withoutRight }) }],
      )
      .sort((x, y) => (x.region < y.region ? -1 : 1));
  }

  /** Whether the state of every peer is known: until then what an earlier leader said stands. */
  get isWhole(): boolean {
    return this.#hasLooked && [...this.#seen.values()].every(({ state }) => state !== undefined);
  }

  #of(region: string, now: Instant): Seen {
    const known = this.#seen.get(region);
    if (known) return known;
    const unknown = { nonce: undefined, withoutRight: undefined, state: undefined };
    const seen: Seen = { answeredAt: now, movedAt: now, moves: 0, ...unknown };
    this.#seen.set(region, seen);
    return seen;
  }

  #judge(seen: Seen, now: Instant): boolean {
    const before = seen.state;
    if (elapsedAtLeast(seen.answeredAt, now) >= this.#silenceMs) seen.state = 'Unreachable';
    else if (elapsedAtLeast(seen.movedAt, now) >= this.#restMs) seen.state = 'NoHeartbeat';
    else if (seen.moves >= MOVES) seen.state = 'Reachable';
    // What has fallen silent begins anew: one nonce is not yet a heartbeat.
    if (seen.state !== before && seen.state !== 'Reachable') seen.moves = 0;
    return seen.state !== before;
  }
}
