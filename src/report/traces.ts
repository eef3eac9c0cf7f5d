import type { RegionSwitch } from '../api/region-switch.ts';
import type { Clock } from '../runtime/clock.ts';
import type { EndedReconcile, ReconcileTracer } from '../runtime/controller.ts';
import type { Random } from '../runtime/random.ts';
import { resultLabel } from './metrics.ts';
import { type EndedSpan, freshIds, type SpanSink } from './span.ts';
import { switchSpans } from './switch-spans.ts';

/**
 * How long ago a part of a switch may have ended to be told of by a leader that did not see its end: the one before may have died
 * before its last words were delivered. Who did hear them hears the same ids again. What is older has been told.
 */
const UNTOLD_MS = 600_000;

/** Tells of switches, as far as they have ended; asked with all there are, again and again, by who leads. */
export type TraceSwitches = (all: readonly RegionSwitch[]) => void;

/** One span for each reconcile, in a trace of its own. */
export const createReconcileTracer = (random: Random, reconcile: SpanSink['reconcile']): ReconcileTracer => ({
  reconciled: (one) => reconcile(reconcileSpan(one, random.token())),
});

function reconcileSpan(one: EndedReconcile, token: string): EndedSpan {
  const { controller, endedAt, error, key, lane, outcome, startedAt } = one;
  const exception = error === undefined ? undefined : exceptionOf(error);
  const result = resultLabel(outcome);
  // The wall clock may be stepped meanwhile: when it began is a time of day, how long it took is not.
  const startMs = startedAt.wallMs;
  return {
    ...freshIds(token),
    name: `Reconcile ${controller}`,
    startMs,
    endMs: startMs + Math.max(0, endedAt.monoMs - startedAt.monoMs),
    attributes: { controller, 'switchback.key': key, 'switchback.lane': lane, result },
    ...(exception && { exception }),
    ...(exception && result === 'error' && { failure: exception.message }),
  };
}

/** An answer of an API server may be long, and thousands of spans may wait. */
const MOST_TEXT = 1024;

const exceptionOf = (error: unknown) =>
  error instanceof Error
    ? { type: error.name, message: error.message.slice(0, MOST_TEXT) }
    : { type: typeof error, message: String(error).slice(0, MOST_TEXT) };

/** Each span is told once. */
export function createSwitchTracer(clock: Clock, switched: SpanSink['switched']): TraceSwitches {
  let told: ReadonlySet<string> = new Set();
  return (all) => {
    const now = clock.now().wallMs;
    // Another machine may have written the times. Where its clock is another one, a span is told twice or never: no more.
    const isRecent = (endMs: number): boolean => now - endMs <= UNTOLD_MS;
    const open = all.filter(({ status }) => status?.endTime === undefined || isRecent(Date.parse(status.endTime)));
    const spans = open.flatMap(switchSpans).filter(({ endMs }) => isRecent(endMs));
    const news = spans.filter((span) => !told.has(idOf(span)));
    if (news.length > 0) switched(news);
    told = new Set(spans.map(idOf));
  };
}

/** Follows from the uid: an object that is made anew under a name is another one. */
const idOf = ({ spanId, traceId }: EndedSpan): string => `${traceId} ${spanId}`;
