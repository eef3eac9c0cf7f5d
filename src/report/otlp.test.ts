import { setTimeout } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { sendJson, startScriptedServer } from '../../test/support/scripted-server.ts';
import { createOtlpSink } from './otlp.ts';
import type { EndedSpan } from './span.ts';

/** Against a real receiver on loopback, with what collectors do: take, refuse, hang. */

interface Received {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
}
interface Request {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly unknown[] };
    readonly scopeSpans: readonly { readonly spans: readonly Received[] }[];
  }[];
}

const bodyOf = async (stream: AsyncIterable<Buffer>): Promise<Request> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
};
const spansIn = (requests: readonly Request[]): readonly Received[] =>
  requests.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
  );

type Answer = 'take' | 'hang' | number;
async function collector(answer: () => Answer, exportMs?: number) {
  const paths: string[] = [];
  const requests: Request[] = [];
  const warnings: string[] = [];
  const clock = new ManualClock();
  const server = await startScriptedServer(async (request, response) => {
    paths.push(`${request.method} ${request.url} ${request.headers['content-type']}`);
    requests.push(await bodyOf(request));
    const now = answer();
    if (now !== 'hang') sendJson(response, {}, now === 'take' ? 200 : now);
  });
  const sink = createOtlpSink({
    url: `${server.url}/v1/traces`,
    resource: { 'service.name': 'switchback-hub', 'service.version': '1.2.3' },
    clock,
    log: (level, message, { error }) => warnings.push(`${level} ${message}: ${error}`),
    ...(exportMs === undefined ? {} : { exportMs }),
  });
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    await sink.close();
  });
  return { clock, paths, requests, server, sink, warnings };
}

const aSpan = (number: number, more: Partial<EndedSpan> = {}): EndedSpan => ({
  traceId: '6f1c2a3b0d4e4f5a8b6c7d8e9fa0b1c2',
  spanId: number.toString(16).padStart(16, '0'),
  name: `span ${number}`,
  startMs: 1_767_225_600_000.25,
  endMs: 1_767_225_601_500,
  attributes: { result: 'success', total: 3, dry: false },
  ...more,
});

/** One batch: it is sent at once. */
const BATCH = 512;
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setTimeout(5);
}

describe('spans', () => {
  it('reach the collector with ids, parents, times, attributes and errors', async () => {
    const { paths, requests, sink, warnings } = await collector(() => 'take');
    const exception = { type: 'TransientError', message: 'no answer' };
    sink.switched([aSpan(1), aSpan(2, { parentSpanId: aSpan(1).spanId })]);
    sink.reconcile(aSpan(3, { failure: 'no answer', exception }));
    await sink.close();
    expect(new Set(paths)).toEqual(new Set(['POST /v1/traces application/json']));
    expect(requests[0]?.resourceSpans[0]?.resource.attributes).toEqual([
      { key: 'service.name', value: { stringValue: 'switchback-hub' } },
      { key: 'service.version', value: { stringValue: '1.2.3' } },
    ]);
    const received = spansIn(requests).toSorted((x, y) => (x.spanId < y.spanId ? -1 : 1));
    expect(received).toMatchObject([
      {
        traceId: aSpan(1).traceId,
        spanId: '0000000000000001',
        name: 'span 1',
        startTimeUnixNano: '1767225600000250000',
        endTimeUnixNano: '1767225601500000000',
        status: { code: 0 },
        attributes: [
          { key: 'result', value: { stringValue: 'success' } },
          { key: 'total', value: { intValue: 3 } },
          { key: 'dry', value: { boolValue: false } },
        ],
      },
      { spanId: '0000000000000002', parentSpanId: '0000000000000001' },
      { spanId: '0000000000000003', status: { code: 2, message: 'no answer' }, events: [{ name: 'exception' }] },
    ]);
    expect(received[0]).not.toHaveProperty('parentSpanId');
    expect(warnings).toEqual([]);
  });

  it('are sent by the batch, without waiting for the end', async () => {
    const { requests, sink } = await collector(() => 'take');
    for (let number = 0; number < BATCH; number++) sink.reconcile(aSpan(number));
    await until(() => spansIn(requests).length === BATCH);
    expect(requests).toHaveLength(1);
  });
});

describe('a collector', () => {
  it('that hangs costs nobody anything: what does not fit is dropped, and a switch does not wait behind it', async () => {
    let answer: Answer = 'hang';
    const { requests, sink } = await collector(() => answer, 300);
    for (let number = 0; number < 20_000; number++) sink.reconcile(aSpan(number));
    await until(() => requests.length === 1);
    expect(spansIn(requests)).toHaveLength(BATCH);
    answer = 'take';
    sink.switched([aSpan(77, { name: 'Failover' })]);
    await sink.close();
    const received = spansIn(requests);
    expect(received.map(({ name }) => name)).toContain('Failover');
    // The batch that hung, and the queue: the rest is gone.
    expect(received.length).toBeLessThanOrEqual(BATCH + 2048 + 1);
  });

  it('that hangs to the end keeps nobody from stopping', async () => {
    const { sink, warnings } = await collector(() => 'hang', 300);
    for (let number = 0; number < 3000; number++) sink.reconcile(aSpan(number));
    const before = performance.now();
    await sink.close();
    expect(performance.now() - before).toBeLessThan(5000);
    expect(warnings.length).toBeGreaterThan(0);
  });

  it('that refuses is complained of once a minute', async () => {
    const { clock, requests, sink, warnings } = await collector(() => 400);
    const batch = async (): Promise<void> => {
      const before = requests.length;
      for (let number = 0; number < BATCH; number++) sink.reconcile(aSpan(number));
      await until(() => requests.length > before);
      await setTimeout(50);
    };
    await batch();
    await clock.advance(59_000);
    await batch();
    expect(warnings).toEqual([expect.stringMatching(/^warn Traces not delivered: .*Bad Request/)]);
    await clock.advance(1_000);
    await batch();
    expect(warnings).toHaveLength(2);
  });

  it('that is not there is complained of, and nothing else happens', async () => {
    const { server, sink, warnings } = await collector(() => 'take', 300);
    await server[Symbol.asyncDispose]();
    sink.switched([aSpan(1)]);
    sink.reconcile(aSpan(2));
    await sink.close();
    expect(warnings).toEqual([expect.stringContaining('ECONNREFUSED')]);
  });
});
