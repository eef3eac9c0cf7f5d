import type { Lane, Method, WatchEvent } from '../../src/kube/transport.ts';
import type { SeededRandom } from './seeded-random.ts';

/** From and to, in milliseconds; drawn uniformly. */
export type Range = readonly [from: number, to: number];

/** A request as the faults see it. */
export interface Call {
  /** What it does, from `tagOf`: for example `PUT leases`, `WATCH regionalservices`, `PATCH serviceinstances/status`. */
  readonly tag: string;
  readonly method: Method;
  readonly path: string;
  readonly lane: Lane;
  readonly body: unknown;
  readonly from: { readonly id: string; readonly site: string };
  readonly to: { readonly id: string; readonly site: string };
}

/** How bad the world is. Chances are per request, or per event of a watch where the name says so. */
export interface FaultKnobs {
  /** Ordinary time of one direction. */
  readonly latencyMs: Range;
  /** That the request is lost; and again that its reply is (committed, but the client never hears of it). */
  readonly lossChance: number;
  /** That the request, its reply or a second delivery of it comes very late, and so behind younger ones. */
  readonly lateChance: number;
  /** That the server answers 429 or 503 without acting, or 500 or 504 having acted. */
  readonly errorChance: number;
  /** That the process stands still just before it sends. */
  readonly pauseChance: number;
  /** That a read with `resourceVersion=0` is answered from an old cache. */
  readonly staleChance: number;
  /** Per event: that the stream lags from here on for a while; nothing overtakes within a stream. */
  readonly watchLagChance: number;
  /** Per event: that the connection breaks instead of bringing it. */
  readonly watchBreakChance: number;
  /** Per event: that the connection dies without a word to the client, as behind a load balancer. */
  readonly watchSilenceChance: number;
  /** Tag of requests before which a process often stands still (2 %). */
  readonly hotStep?: string;
  /** Tag of requests that are often late or doubled (15 %). */
  readonly hotRequest?: string;
}

/** A network on a good day. */
export const CALM: FaultKnobs = {
  latencyMs: [5, 120],
  lossChance: 0,
  lateChance: 0,
  errorChance: 0,
  pauseChance: 0,
  staleChance: 0,
  watchLagChance: 0,
  watchBreakChance: 0,
  watchSilenceChance: 0,
};

/**
 * Knobs of one history, quiet and violent ones alike: the distributions of the protocol's model checker.
 * `hotTags` are the tags one of which may become the hot step, and one the hot request.
 */
export function drawKnobs(random: SeededRandom, hotTags: readonly string[] = []): FaultKnobs {
  const hotStep = random.chance(0.75) && hotTags.length > 0 ? random.pick(hotTags) : undefined;
  const hotRequest = random.chance(0.75) && hotTags.length > 0 ? random.pick(hotTags) : undefined;
  return {
    latencyMs: CALM.latencyMs,
    lossChance: random.pick([0, 0.01, 0.05]),
    lateChance: random.pick([0, 0.005, 0.03, 0.1]),
    errorChance: random.pick([0, 0, 0.005, 0.03]),
    pauseChance: random.pick([0, 0.0003, 0.001, 0.003]),
    staleChance: random.pick([0, 0.05, 0.3]),
    watchLagChance: random.pick([0, 0.01, 0.06]),
    watchBreakChance: random.pick([0, 0.002, 0.02]),
    watchSilenceChance: random.pick([0, 0, 0.0005]),
    ...(hotStep === undefined ? {} : { hotStep }),
    ...(hotRequest === undefined ? {} : { hotRequest }),
  };
}

/** 429 (`refused`) or 503 (`unavailable`) without acting, 504 (`unknown`) or 500 (`failed`) after acting. */
export type ErrorAnswer = 'refused' | 'unavailable' | 'unknown' | 'failed';

/** What will happen to one request. */
export interface RequestPlan {
  /** The process stands still for so long before it sends. */
  readonly pauseMs: number;
  /** Travel times; undefined: lost on the way. */
  readonly requestMs: number | undefined;
  readonly replyMs: number | undefined;
  /** A second delivery, so long after the sending. */
  readonly duplicateMs: number | undefined;
  readonly error: ErrorAnswer | undefined;
  /** Age of the cache for reads that allow one. */
  readonly staleMs: number;
}

/**
 * What will happen to one event of a watch. `loss`: this one alone never comes, and `delayMs` later the server ends the
 * stream because it is too old, so that the client lists again.
 */
export interface EventPlan {
  readonly delayMs: number;
  readonly end: 'break' | 'silence' | 'loss' | undefined;
}

/** Decides on single events; undefined leaves one to chance. */
export type DirectedEvents = (call: Call, event: WatchEvent) => EventPlan | undefined;

/** A fault of a directed history. Fields that are absent leave to chance what happens. */
export interface DirectedFault extends Partial<RequestPlan> {
  readonly when: (call: Call) => boolean;
  /** How often it hits; always when absent. */
  readonly times?: number;
}

const isWrite = ({ method }: Call): boolean => method !== 'GET';

const LATE_REQUEST_MS: Range = [500, 40_000];
const LATE_REPLY_MS: Range = [500, 30_000];
const DUPLICATE_MS: Range = [500, 45_000];
const PAUSE_MS: Range = [3_000, 45_000];
const STALE_MS: Range = [0, 25_000];
const ERROR_NAMES = {
  refused: 'answer 429, nothing done',
  unavailable: 'answer 503, nothing done',
  unknown: 'answer 504, done all the same',
  failed: 'answer 500, done all the same',
} as const satisfies Record<ErrorAnswer, string>;
const ERROR_ANSWERS = ['refused', 'unavailable', 'unknown', 'failed'] as const;
const HOT_STEP_CHANCE = 0.02;
const HOT_REQUEST_CHANCE = 0.15;

export interface FaultsOptions {
  readonly random: SeededRandom;
  readonly knobs?: FaultKnobs;
  /** Requests that suffer nothing but latency: what the fault model says must get through. None when absent. */
  readonly isSafe?: (call: Call) => boolean;
  /**
   * Whether chance may stop the process that sends this: the fault model may ask for a second one that lives. Directed
   * pauses are not asked about. Always when absent.
   */
  readonly mayPause?: (call: Call) => boolean;
  /** Told the kind of each fault that was drawn. */
  readonly count?: (kind: string) => void;
}

/** Draws the fate of every message. One seed, one fate. */
export class Faults {
  readonly #random: SeededRandom;
  readonly #isSafe: (call: Call) => boolean;
  readonly #mayPause: (call: Call) => boolean;
  readonly #count: (kind: string) => void;
  readonly #directed: { fault: DirectedFault; left: number }[] = [];
  #knobs: FaultKnobs;
  #directEvent: DirectedEvents = () => undefined;

  constructor(options: FaultsOptions) {
    this.#random = options.random;
    this.#knobs = options.knobs ?? CALM;
    this.#isSafe = options.isSafe ?? (() => false);
    this.#mayPause = options.mayPause ?? (() => true);
    this.#count = options.count ?? (() => {});
  }

  /** Other weather from now on; `CALM` ends all faults, for checks that the system then reaches its goal. */
  setKnobs(knobs: FaultKnobs): void {
    this.#knobs = knobs;
  }

  /** Adds a fault that hits the requests it names; the first one that fits is taken. Returns how to remove it. */
  direct(fault: DirectedFault): () => void {
    const entry = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
    this.#directed.push(entry);
    return () => {
      entry.left = 0;
    };
  }

  /** From now on `directed` is asked first about each event of each watch. */
  directEvents(directed: DirectedEvents): void {
    this.#directEvent = directed;
  }

  planRequest(call: Call): RequestPlan {
    const plan = this.#isSafe(call) ? this.#safePlan() : this.#chancePlan(call);
    const entry = this.#directed.find(({ fault, left }) => left > 0 && fault.when(call));
    if (!entry) return plan;
    entry.left--;
    const { when: _, times: _times, ...directed } = entry.fault;
    return { ...plan, ...directed };
  }

  planEvent(call: Call, event: WatchEvent): EventPlan {
    const directed = this.#directEvent(call, event);
    if (directed) return directed;
    const delayMs = this.latencyMs();
    if (this.#isSafe(call)) return { delayMs, end: undefined };
    const { watchBreakChance, watchSilenceChance, watchLagChance } = this.#knobs;
    if (this.#strikes(watchBreakChance, 'watch breaks')) return { delayMs, end: 'break' };
    if (this.#strikes(watchSilenceChance, 'watch dies without a word')) return { delayMs, end: 'silence' };
    return { delayMs: delayMs + (this.#strikes(watchLagChance, 'watch lags') ? this.#lagMs() : 0), end: undefined };
  }

  /** Ordinary travel time of one direction, in milliseconds. */
  latencyMs(): number {
    return this.draw(this.#knobs.latencyMs);
  }

  draw([from, to]: Range): number {
    return this.#random.between(from, to);
  }

  chance(chance: number): boolean {
    return this.#random.chance(chance);
  }

  #safePlan(): RequestPlan {
    return {
      pauseMs: 0,
      requestMs: this.latencyMs(),
      replyMs: this.latencyMs(),
      duplicateMs: undefined,
      error: undefined,
      staleMs: 0,
    };
  }

  #chancePlan(call: Call): RequestPlan {
    const { tag } = call;
    const knobs = this.#knobs;
    const lateChance = tag === knobs.hotRequest ? HOT_REQUEST_CHANCE : knobs.lateChance;
    const pauseChance = tag === knobs.hotStep ? HOT_STEP_CHANCE : knobs.pauseChance;
    return {
      pauseMs: this.chance(pauseChance) && this.#mayPause(call) ? this.#pauseMs() : 0,
      requestMs: this.#travelMs(lateChance, LATE_REQUEST_MS, 'request'),
      replyMs: this.#travelMs(lateChance, LATE_REPLY_MS, isWrite(call) ? 'reply to a write' : 'reply'),
      duplicateMs: this.#strikes(lateChance, 'request doubled') ? this.draw(DUPLICATE_MS) : undefined,
      error: this.chance(knobs.errorChance) ? this.#error() : undefined,
      staleMs: this.chance(knobs.staleChance) ? this.draw(STALE_MS) : 0,
    };
  }

  #strikes(chance: number, kind: string): boolean {
    if (!this.chance(chance)) return false;
    this.#count(kind);
    return true;
  }

  #pauseMs(): number {
    this.#count('process stands still before a request');
    return this.draw(PAUSE_MS);
  }

  #error(): ErrorAnswer {
    const error = this.#random.pick(ERROR_ANSWERS);
    this.#count(ERROR_NAMES[error]);
    return error;
  }

  #travelMs(lateChance: number, lateMs: Range, what: string): number | undefined {
    if (this.#strikes(this.#knobs.lossChance, `${what} lost`)) return undefined;
    return this.#strikes(lateChance, `${what} late, behind younger ones`) ? this.draw(lateMs) : this.latencyMs();
  }

  /** Mostly short, sometimes as long as the oldest cache: the cube of a uniform number. */
  #lagMs(): number {
    return STALE_MS[1] * this.#random.next() ** 3;
  }
}
