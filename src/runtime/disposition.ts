/**
 * How a reconcile goes on after an error. Errors say it themselves, so that the runtime needs to know no error class:
 * - `backoff`: try again with exponential back-off, or after `retryAfterMs` when the error names a time;
 * - `again`: try again at once and silently, the input was stale (a lost compare-and-swap);
 * - `never`: trying again with the same input cannot help soon: it was refused.
 */
export type Disposition = 'backoff' | 'again' | 'never';

export interface Disposed {
  readonly disposition: Disposition;
  readonly retryAfterMs?: number | undefined;
}

const DISPOSITIONS: ReadonlySet<unknown> = new Set<Disposition>(['backoff', 'again', 'never']);

const isDisposed = (error: unknown): error is Disposed =>
  typeof error === 'object' && error !== null && 'disposition' in error && DISPOSITIONS.has(error.disposition);

/** What an error says about itself, or undefined for an error of no known class (a bug, most likely). */
export const dispositionOf = (error: unknown): Disposed | undefined => (isDisposed(error) ? error : undefined);
