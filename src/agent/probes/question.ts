import type { Clock } from '../../runtime/clock.ts';
import { notAsked, type Outcome, outcomeOf, unanswered } from './outcome.ts';

/** What bounds a question. */
export interface Limits {
  readonly clock: Clock;
  /** No answer within it is none. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Where a question goes: the name has been looked up. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/**
 * Asks once. The first that is settled counts; then, and also when the time is over or the signal is aborted, all that
 * `begin` has opened is closed. Never rejects.
 *
 * @param begin opens what it needs and returns how that is closed; called once
 */
export function askOnce(limits: Limits, begin: (settle: (outcome: Outcome) => void) => () => void): Promise<Outcome> {
  const { clock, signal, timeoutMs } = limits;
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(notAsked('Stopped'));
    let close: (() => void) | undefined;
    let isSettled = false;
    const settle = (outcome: Outcome): void => {
      if (isSettled) return;
      isSettled = true;
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      close?.();
      resolve(outcome);
    };
    const onAbort = (): void => settle(notAsked('Stopped'));
    const timer = clock.setTimer(timeoutMs, () => settle(unanswered('Timeout')));
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      close = begin(settle);
    } catch (error) {
      settle(outcomeOf(error));
    }
    // It may have settled before it could say how it is closed.
    if (isSettled) close?.();
  });
}
