import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 50;

export interface WaitOptions {
  /** Completes the sentence "waited for". */
  readonly what: string;
  readonly timeoutMs: number;
  /** Once this says no, waiting is given up at once. */
  readonly stillPossible?: () => boolean;
}

/**
 * Asks until the answer is yes. An error of `condition` counts as no and becomes the cause of the final error.
 * @throws when time has run out, or the condition can no longer come true
 */
export async function waitFor(options: WaitOptions, condition: () => Promise<boolean>): Promise<void> {
  const { what, timeoutMs, stillPossible = () => true } = options;
  const startMs = performance.now();
  let cause: unknown;
  while (performance.now() - startMs < timeoutMs) {
    if (!stillPossible()) throw new Error(`waited for ${what} in vain`, { cause });
    try {
      if (await condition()) return;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await sleep(pollMs);
  }
  throw new Error(`waited ${timeoutMs / 1000} s for ${what}`, { cause });
}
