import { UnreachableError } from '../../src/kube/errors.ts';
import type { ApiResponse, WatchEvent, WatchRequest } from '../../src/kube/transport.ts';
import type { Timer } from '../../src/runtime/clock.ts';
import { expired, statusBody } from './api-status.ts';
import type { Connection } from './endpoint.ts';
import type { Call, RequestPlan } from './faults.ts';
import type { Link } from './link.ts';
import { errorAnswer } from './request-flight.ts';
import { ServerWatch, type WatchSink } from './server-watch.ts';

/** What travels down a stream, in order. */
type Chunk =
  | { readonly type: 'open' }
  | { readonly type: 'event'; readonly event: WatchEvent }
  | { readonly type: 'answer'; readonly response: ApiResponse }
  | { readonly type: 'reset'; readonly why: string };

/** How long the client waits for the head of the answer; the body has no deadline. */
const HEAD_TIMEOUT_MS = 15_000;
/** TCP sends again with growing pauses: so long after a cut has healed, at most, the held bytes come. */
const RETRANSMIT_MS = [0, 2_000] as const;
const TOO_OLD: WatchEvent = { type: 'ERROR', object: statusBody(expired('the version is no longer kept')) };
/** That a connection that stood still through a cut is dead when it heals. */
const DEAD_AFTER_CUT_CHANCE = 0.3;

/**
 * One watch connection. It is a TCP stream: what is sent arrives in order or not at all, a cut only holds it up, and a
 * client misses events only behind a break, of which it may hear late or never.
 */
export class WatchStream implements WatchSink, Connection {
  readonly #link: Link;
  readonly #call: Call;
  readonly #request: WatchRequest;
  readonly #resolve: (response: ApiResponse) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #queue: { readonly atMs: number; readonly chunk: Chunk }[] = [];
  readonly #headTimer: Timer;
  readonly #removeCrashListener: () => void;
  #serverSide: ServerWatch | undefined;
  #isClientOpen = true;
  #isServerOpen = true;
  #isWaiting = false;
  #hasGap = false;

  constructor(
    link: Link,
    call: Call,
    request: WatchRequest,
    settle: { readonly resolve: (response: ApiResponse) => void; readonly reject: (reason: unknown) => void },
  ) {
    this.#link = link;
    this.#call = call;
    this.#request = request;
    this.#resolve = settle.resolve;
    this.#reject = settle.reject;
    this.#headTimer = link.process.setTimer(HEAD_TIMEOUT_MS, () => this.#fail('no answer'));
    this.#removeCrashListener = link.process.onCrash(this.#abandon);
    request.signal.addEventListener('abort', this.#onAbort, { once: true });
    if (request.signal.aborted) this.#onAbort();
  }

  /** Sends the request: the answer, or nothing, comes down the stream. */
  open(plan: RequestPlan): void {
    if (!this.#link.isOpen('request') || plan.requestMs === undefined || plan.replyMs === undefined) return;
    this.#link.time.schedule(plan.requestMs, () => {
      this.#link.endpoint.arrive({
        execute: () => this.#accept(plan),
        refuse: () => this.#push({ type: 'reset', why: 'connection refused' }, this.#link.faults.latencyMs()),
      });
    });
  }

  event(event: WatchEvent): void {
    if (!this.#isServerOpen) return;
    const plan = this.#link.faults.planEvent(this.#call, event);
    if (plan.end === 'break') this.reset();
    else if (plan.end === 'silence') this.silence();
    else if (plan.end === 'loss') this.#loseOne(plan.delayMs);
    else this.#push({ type: 'event', event }, plan.delayMs + this.#link.extraMs('reply'));
  }

  /** An event is missing from now on. However the stream ends, its client must not go on from where it ended. */
  #loseOne(healMs: number): void {
    this.#hasGap = true;
    this.#link.time.schedule(healMs, () => {
      if (!this.#isServerOpen) return;
      this.#push({ type: 'event', event: TOO_OLD }, this.#link.faults.latencyMs());
      this.end();
    });
  }

  end(): void {
    this.#push({ type: 'answer', response: { status: 200, body: undefined } }, this.#link.faults.latencyMs());
    this.#closeServer();
  }

  reset(): void {
    if (!this.#isServerOpen) return;
    this.#push({ type: 'reset', why: 'connection reset' }, this.#link.faults.latencyMs());
    this.#closeServer();
  }

  silence(): void {
    this.#closeServer();
  }

  #accept(plan: RequestPlan): void {
    if (!this.#isClientOpen) return;
    if (plan.error) {
      this.#answer(errorAnswer(plan.error), plan);
      return;
    }
    const { server, connections } = this.#link.endpoint;
    connections.add(this);
    this.#push({ type: 'open' }, plan.replyMs ?? 0);
    const opened = server.watch(this.#request, this);
    if (opened instanceof ServerWatch) {
      if (this.#isServerOpen) this.#serverSide = opened;
      else opened.close();
      return;
    }
    this.#queue.length = 0;
    this.#answer(opened, plan);
  }

  #answer(response: ApiResponse, plan: RequestPlan): void {
    this.#push({ type: 'answer', response }, plan.replyMs ?? 0);
    this.#closeServer();
  }

  #push(chunk: Chunk, delayMs: number): void {
    const atMs = Math.max(this.#queue.at(-1)?.atMs ?? 0, this.#link.time.nowMs + delayMs);
    this.#queue.push({ atMs, chunk });
    if (this.#queue.length === 1) this.#pumpAt(atMs);
  }

  #pumpAt(atMs: number): void {
    this.#link.time.schedule(atMs - this.#link.time.nowMs, () => this.#pump());
  }

  /** Hands on what is due, or holds it while the way is cut or the server hangs. */
  #pump(): void {
    const first = this.#queue[0];
    if (!first || !this.#isClientOpen || this.#isWaiting) return;
    if (this.#isHeldUp()) {
      this.#waitForChange();
      return;
    }
    const { nowMs } = this.#link.time;
    const later = this.#queue.findIndex(({ atMs }) => atMs > nowMs);
    const due = this.#queue.splice(0, later < 0 ? this.#queue.length : later);
    if (due.length > 0) this.#link.process.deliver(() => this.#receive(due.map(({ chunk }) => chunk)));
    const next = this.#queue[0];
    if (next) this.#pumpAt(next.atMs);
  }

  #isHeldUp(): boolean {
    return !this.#link.isOpen('reply') || this.#link.endpoint.state === 'hung';
  }

  #waitForChange(): void {
    this.#isWaiting = true;
    this.#link.onceChanged(() => {
      this.#isWaiting = false;
      const { faults, time } = this.#link;
      if (this.#isHeldUp()) {
        this.#waitForChange();
        return;
      }
      if (faults.chance(DEAD_AFTER_CUT_CHANCE)) this.#dieHeld();
      time.schedule(faults.draw(RETRANSMIT_MS), () => this.#pump());
    });
  }

  /** The held bytes are lost: the client gets a reset in their place. */
  #dieHeld(): void {
    this.#queue.length = 0;
    this.#closeServer();
    this.#queue.push({ atMs: this.#link.time.nowMs, chunk: { type: 'reset', why: 'connection timed out' } });
  }

  #receive(chunks: readonly Chunk[]): void {
    for (const chunk of chunks) {
      if (!this.#isClientOpen) return;
      if (chunk.type === 'reset') this.#fail(chunk.why);
      else if (chunk.type === 'answer') this.#finish(() => this.#resolve(chunk.response));
      else if (chunk.type === 'event') this.#request.onEvent(chunk.event);
      else this.#onHead();
    }
  }

  #onHead(): void {
    this.#headTimer.cancel();
    this.#request.onOpen?.();
  }

  #fail(why: string): void {
    const message = `${this.#link.endpoint.server.name}: ${this.#call.tag}: ${why}`;
    if (this.#hasGap && this.#isClientOpen) this.#request.onEvent(TOO_OLD);
    this.#finish(() => this.#reject(new UnreachableError(message)));
  }

  readonly #onAbort = (): void => {
    this.#finish(() => this.#reject(this.#request.signal.reason));
  };

  /** The process is dead: its kernel closes the connection, nobody is told. */
  readonly #abandon = (): void => {
    this.#finish(() => {});
  };

  #finish(settle: () => void): void {
    if (!this.#isClientOpen) return;
    this.#isClientOpen = false;
    this.#headTimer.cancel();
    this.#removeCrashListener();
    this.#request.signal.removeEventListener('abort', this.#onAbort);
    this.#closeServer();
    settle();
  }

  #closeServer(): void {
    this.#isServerOpen = false;
    this.#serverSide?.close();
    this.#link.endpoint.connections.delete(this);
  }
}
