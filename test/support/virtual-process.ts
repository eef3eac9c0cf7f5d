import type { Clock, Instant, Timer } from '../../src/runtime/clock.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface ProcessOptions {
  /** Unique over the simulation, a restart included, for example `us-east.agent-1#3`. */
  readonly id: string;
  /** Where it runs: the name of a region, or `hub`. Network cuts are drawn between sites. */
  readonly site: string;
  /** Local seconds per true second; 1 when absent. */
  readonly rate?: number;
  /** What both clocks show more than the true time at virtual time zero, in milliseconds. */
  readonly offsetMs?: number;
}

export type ProcessState = 'running' | 'paused' | 'crashed';

/** Rounding of `delay / rate * rate`; a timer must not fire twice for it. */
const ROUNDING_MS = 1e-6;

/**
 * One operating-system process of the simulation: its clocks, its timers, and the door through which every answer of
 * the network comes in. While it is paused nothing enters it; what came in meanwhile is delivered in order at the
 * resume, as after SIGSTOP and SIGCONT. Nothing ever enters a crashed process again.
 */
export class VirtualProcess implements Clock {
  readonly id: string;
  readonly site: string;
  readonly rate: number;
  readonly #time: VirtualTime;
  readonly #offsetMs: number;
  #state: ProcessState = 'running';
  #pausedUntilMs = 0;
  /** What the monotonic clock has missed while the machine slept, in local milliseconds. */
  #sleptMs = 0;
  /** Local monotonic time at which the machine fell asleep. */
  #asleepSinceMs: number | undefined;
  #wallStepMs = 0;
  readonly #inbox: (() => void)[] = [];
  readonly #crashListeners = new Set<() => void>();

  constructor(time: VirtualTime, options: ProcessOptions) {
    this.#time = time;
    this.id = options.id;
    this.site = options.site;
    this.rate = options.rate ?? 1;
    this.#offsetMs = options.offsetMs ?? 0;
  }

  get state(): ProcessState {
    return this.#state;
  }

  now(): Instant {
    const localMs = this.#offsetMs + this.#time.nowMs * this.rate;
    return {
      monoMs: this.#asleepSinceMs ?? localMs - this.#sleptMs,
      wallMs: this.#time.wallMs - this.#time.nowMs + localMs + this.#wallStepMs,
    };
  }

  setTimer(delayMs: number, fn: () => void): Timer {
    const dueMs = this.now().monoMs + Math.max(0, delayMs);
    let scheduled: Timer;
    let isCancelled = false;
    const fire = () => {
      if (isCancelled) return;
      const leftMs = dueMs - this.now().monoMs;
      if (leftMs > ROUNDING_MS) arm(leftMs);
      else fn();
    };
    const arm = (leftMs: number) => {
      scheduled = this.#time.schedule(leftMs / this.rate, () => this.deliver(fire));
    };
    arm(delayMs);
    return {
      cancel: () => {
        isCancelled = true;
        scheduled.cancel();
      },
    };
  }

  /** Lets an I/O callback into the process: now, at its resume, or never. */
  deliver(fn: () => void): void {
    if (this.#state === 'running') fn();
    else if (this.#state === 'paused') this.#inbox.push(fn);
  }

  /**
   * Stops the process for `durationMs` of true time; a longer pause wins over a shorter one. With `machineSleeps` its
   * monotonic clock stands still too, as that of a suspended virtual machine does; the wall clock goes on.
   */
  pause(durationMs: number, options: { readonly machineSleeps?: boolean } = {}): void {
    if (this.#state === 'crashed') return;
    if (options.machineSleeps) this.#asleepSinceMs ??= this.now().monoMs;
    this.#state = 'paused';
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#time.nowMs + durationMs);
    this.#time.schedule(durationMs, () => {
      if (this.#time.nowMs >= this.#pausedUntilMs) this.resume();
    });
  }

  /** Ends a pause now. Every waiting callback becomes an event of its own, in the order of arrival. */
  resume(): void {
    if (this.#state !== 'paused') return;
    this.#wake();
    this.#state = 'running';
    for (const fn of this.#inbox.splice(0)) this.#time.schedule(0, () => this.deliver(fn));
  }

  /** Kills the process: no timer fires and no answer arrives any more. */
  crash(): void {
    if (this.#state === 'crashed') return;
    this.#state = 'crashed';
    this.#inbox.length = 0;
    for (const listener of [...this.#crashListeners]) listener();
    this.#crashListeners.clear();
  }

  /** Calls `listener` at the crash, for the other ends of its connections. Returns how to take it away again. */
  onCrash(listener: () => void): () => void {
    this.#crashListeners.add(listener);
    return () => this.#crashListeners.delete(listener);
  }

  /** Steps the wall clock, as NTP or an operator may do; the monotonic clock knows nothing of it. */
  stepWall(byMs: number): void {
    this.#wallStepMs += byMs;
  }

  #wake(): void {
    if (this.#asleepSinceMs === undefined) return;
    const asleepSinceMs = this.#asleepSinceMs;
    this.#asleepSinceMs = undefined;
    this.#sleptMs += this.now().monoMs - asleepSinceMs;
  }
}
