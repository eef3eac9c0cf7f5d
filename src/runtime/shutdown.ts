import type { Clock } from './clock.ts';

export interface ShutdownStep {
  readonly name: string;
  /** Longest time the step may take, in milliseconds; what is not done then is left behind. */
  readonly timeoutMs: number;
  readonly run: () => unknown;
}

export interface ShutdownOptions {
  readonly clock: Clock;
  /** In this order: readiness off, stop intake and drain, release the lease, close. */
  readonly steps: readonly ShutdownStep[];
  /** Called for a step that threw or took too long. */
  readonly onFailure?: (step: string, error: unknown) => void;
}

/** Kubernetes kills after 30 s; what drains gets most of it. */
export const DRAIN_MS = 25_000;

/**
 * Ends the process in order. The lease is released only after the work has drained: the next leader may begin at that
 * moment. A step that fails or hangs does not keep the following ones from running. Calls that overlap share one run.
 */
export class Shutdown {
  readonly #options: ShutdownOptions;
  #done: Promise<void> | undefined;

  constructor(options: ShutdownOptions) {
    this.#options = options;
  }

  get begun(): boolean {
    return this.#done !== undefined;
  }

  run(): Promise<void> {
    this.#done ??= this.#runSteps();
    return this.#done;
  }

  async #runSteps(): Promise<void> {
    for (const step of this.#options.steps) {
      try {
        await this.#bounded(step);
      } catch (error) {
        this.#options.onFailure?.(step.name, error);
      }
    }
  }

  #bounded({ name, run, timeoutMs }: ShutdownStep): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.setTimer(timeoutMs, () => {
        reject(new Error(`${name} took longer than ${timeoutMs} ms`));
      });
      const finish = (settle: () => void): void => {
        timer.cancel();
        settle();
      };
      Promise.try(run).then(
        () => finish(resolve),
        (error: unknown) => finish(() => reject(error)),
      );
    });
  }
}

/** What of `process` is needed; a test gives an emitter. */
export interface SignalSource {
  on(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
}

/** Calls `stop` at the first SIGTERM or SIGINT, and `force` at the second. Returns the function that stops listening. */
export function onTermination(source: SignalSource, stop: () => void, force: () => void): () => void {
  let signals = 0;
  const listener = (): void => {
    signals += 1;
    if (signals === 1) stop();
    else force();
  };
  const names = ['SIGTERM', 'SIGINT'];
  for (const name of names) source.on(name, listener);
  return () => {
    for (const name of names) source.off(name, listener);
  };
}
