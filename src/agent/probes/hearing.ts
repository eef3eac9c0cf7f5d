import { elapsedAtLeast, type Instant } from '../../runtime/clock.ts';

/** So many gaps between the questions of a centre are remembered. */
const GAPS = 4;
/** A gap longer than that is a pause, and no rhythm. */
const LONGEST_GAP_MS = 600_000;

/** When the centre's own questions arrived. Its rhythm is its own and nobody tells it, so it is learnt. */
export interface Hearing {
  readonly lastAt: Instant;
  /** Between the last questions. */
  readonly gapsMs: readonly number[];
}

export function noteHeard(before: Hearing | undefined, now: Instant): Hearing {
  if (!before) return { lastAt: now, gapsMs: [] };
  const gapMs = Math.min(LONGEST_GAP_MS, elapsedAtLeast(before.lastAt, now));
  return { lastAt: now, gapsMs: [...before.gapsMs, gapMs].slice(-GAPS) };
}

/**
 * Whether the centre's questions arrive. One that has asked in a rhythm and has missed `failureThreshold` times its longest
 * gap has fallen silent. Undefined: it has never asked, or too seldom to say that it stopped.
 */
export function isHeard(
  hearing: Hearing | undefined,
  now: Instant,
  { failureThreshold, intervalMs }: { readonly failureThreshold: number; readonly intervalMs: number },
): boolean | undefined {
  if (!hearing) return undefined;
  const limitMs = failureThreshold * Math.max(intervalMs, ...hearing.gapsMs);
  if (elapsedAtLeast(hearing.lastAt, now) < limitMs) return true;
  return hearing.gapsMs.length >= GAPS ? false : undefined;
}
