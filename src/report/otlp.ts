import { type Attributes, type HrTime, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace';
import { type Clock, elapsedAtLeast, type Instant } from '../runtime/clock.ts';
import type { Log } from './log-port.ts';
import type { EndedSpan, SpanSink } from './span.ts';

export interface OtlpOptions {
  /** Whole URL that OTLP over HTTP is posted to. */
  readonly url: string;
  /** `service.name`, `service.version` and what else is the same for all spans of this process. */
  readonly resource: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly log: Log;
  /** How long the collector may take for a batch; 5 s when absent. */
  readonly exportMs?: number;
}

export interface OtlpSink extends SpanSink {
  /** Delivers what waits, as far as the collector takes it; whoever calls it bounds it. */
  close(): Promise<void>;
}

/** A collector that hangs is left after that. The SDK gives up later than the exporter, so that the exporter says why. */
const EXPORT_MS = 5000;
const GIVE_UP_MS = 10_000;
const BATCH_EVERY_MS = 5000;
/** Spans that may wait; what comes on top is dropped. */
const QUEUE = 2048;
const BATCH = 512;
/** Requests that may be under way at once. */
const REQUESTS = 8;
const COMPLAIN_EVERY_MS = 60_000;

/**
 * The only file that knows OpenTelemetry, and loaded only when traces are wanted (`operator.ts`): off, it costs nothing.
 * Spans come here when they have ended, so there is no tracer, no context and no span in the making. Headers and
 * certificates are as OpenTelemetry's own variables say (`OTEL_EXPORTER_OTLP_HEADERS`, `…_CERTIFICATE`).
 */
export function createOtlpSink({ clock, exportMs = EXPORT_MS, log, resource, url }: OtlpOptions): OtlpSink {
  const common: Common = {
    kind: SpanKind.INTERNAL,
    ended: true,
    links: [],
    resource: resourceFromAttributes(resource),
    instrumentationScope: { name: 'switchback', version: resource['service.version'] ?? '' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: exportMs, concurrencyLimit: REQUESTS });
  const complain = complaint(clock, log);
  const batch = () =>
    new BatchSpanProcessor({
      exporter: telling(exporter, complain),
      scheduledDelayMillis: BATCH_EVERY_MS,
      exportTimeoutMillis: GIVE_UP_MS,
      maxQueueSize: QUEUE,
      maxExportBatchSize: BATCH,
    });
  // A queue for each: the loss of a region makes thousands of reconciles, and one trace that must not drown in them.
  const [reconciles, switches] = [batch(), batch()];
  const send = (to: BatchSpanProcessor, span: EndedSpan): void => to.onEnd(readable(span, common));
  return {
    reconcile: (span) => send(reconciles, span),
    switched: (spans) => {
      for (const span of spans) send(switches, span);
    },
    async close() {
      await Promise.allSettled([switches.shutdown(), reconciles.shutdown()]);
    },
  };
}

/** Says once a minute that nothing is delivered: a collector that is away must not fill the log either. */
function complaint(clock: Clock, log: Log): (error: unknown) => void {
  let saidAt: Instant | undefined;
  return (error) => {
    const now = clock.now();
    if (saidAt !== undefined && elapsedAtLeast(saidAt, now) < COMPLAIN_EVERY_MS) return;
    saidAt = now;
    log('warn', 'Traces not delivered', { error: String(error) });
  };
}

const telling = (exporter: SpanExporter, complain: (error: unknown) => void): SpanExporter => ({
  export: (spans, done) =>
    exporter.export(spans, (result) => {
      if (result.error !== undefined) complain(result.error);
      done(result);
    }),
  shutdown: () => exporter.shutdown(),
});

const timeOf = (ms: number): HrTime => {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
};

type Common = Omit<
  ReadableSpan,
  | 'attributes'
  | 'duration'
  | 'endTime'
  | 'events'
  | 'name'
  | 'parentSpanContext'
  | 'spanContext'
  | 'startTime'
  | 'status'
>;

function readable(span: EndedSpan, common: Common): ReadableSpan {
  const { attributes, endMs, exception, failure, name, parentSpanId, spanId, startMs, traceId } = span;
  const contextOf = (id: string) => ({ traceId, spanId: id, traceFlags: TraceFlags.SAMPLED });
  const context = contextOf(spanId);
  const thrown: Attributes = { 'exception.type': exception?.type, 'exception.message': exception?.message };
  return {
    ...common,
    name,
    spanContext: () => context,
    ...(parentSpanId === undefined ? {} : { parentSpanContext: contextOf(parentSpanId) }),
    startTime: timeOf(startMs),
    endTime: timeOf(endMs),
    duration: timeOf(endMs - startMs),
    status: failure === undefined ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: failure },
    attributes: { ...attributes },
    events: exception
      ? [{ name: 'exception', time: timeOf(endMs), attributes: thrown, droppedAttributesCount: 0 }]
      : [],
  };
}
