import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { fixedRandom, ManualClock } from '../../test/support/manual-clock.ts';
import { answer, ScriptedTransport } from '../../test/support/scripted-transport.ts';
import { UnreachableError } from './errors.ts';
import { type EventNote, EventRecorder, type EventRecorderOptions } from './event-recorder.ts';
import { createKubeClient } from './rest-client.ts';

const event = { apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { name: 'x' } };
const note = (over: Partial<EventNote> = {}): EventNote => ({
  regarding: { apiVersion: 'switchback.dev/v1alpha1', kind: 'Tenant', namespace: 'n', name: 'acme', uid: 'u' },
  type: 'Warning',
  reason: 'FailedOver',
  action: 'Promote',
  note: 'moved to us-east',
  ...over,
});

function setUp(transport = new ScriptedTransport(answer(event)), over: Partial<EventRecorderOptions> = {}) {
  const clock = new ManualClock();
  const recorder = new EventRecorder({
    client: createKubeClient(transport, 'hub'),
    clock,
    random: fixedRandom(),
    reportingController: 'switchback.dev/hub',
    reportingInstance: 'pod-1',
    ...over,
  });
  onTestFinished(() => recorder.close());
  return { clock, recorder, transport };
}

test('writes an event beside the object, with six digits of a second', async () => {
  const { recorder, transport } = setUp();
  recorder.record(note());
  await recorder.flush();
  expect(transport.requests).toHaveLength(1);
  expect(transport.requests[0]).toMatchObject({
    method: 'POST',
    path: '/apis/events.k8s.io/v1/namespaces/n/events',
    body: {
      metadata: { namespace: 'n', name: 'acme.token-0' },
      eventTime: '2026-01-01T00:00:01.000000Z',
      reason: 'FailedOver',
      reportingController: 'switchback.dev/hub',
    },
  });
});

test('a burst of the same is one write; later repetitions raise the count of the series', async () => {
  const { clock, recorder, transport } = setUp();
  for (let i = 0; i < 3; i++) recorder.record(note({ note: `try ${i}` }));
  await recorder.flush();
  expect(transport.requests).toHaveLength(1);
  expect(transport.requests[0]?.body).toMatchObject({ note: 'try 0', series: { count: 3 } });
  await clock.advance(60_000);
  recorder.record(note());
  await recorder.flush();
  expect(transport.requests[1]).toMatchObject({
    method: 'PATCH',
    body: { series: { count: 4, lastObservedTime: '2026-01-01T00:01:01.000000Z' } },
  });
});

test('after ten minutes, or about another object, it is another event', async () => {
  const { clock, recorder, transport } = setUp();
  recorder.record(note());
  await recorder.flush();
  await clock.advance(600_000);
  recorder.record(note());
  recorder.record(note({ regarding: { ...note().regarding, name: 'other', uid: 'v' } }));
  await recorder.flush();
  expect(transport.requests.map(({ method }) => method)).toEqual(['POST', 'POST', 'POST']);
});

test('a flood about one object is cut off after 25 and goes on slowly', async () => {
  const { clock, recorder, transport } = setUp();
  for (let i = 0; i < 100; i++) recorder.record(note({ reason: `Reason${i}` }));
  await recorder.flush();
  expect(transport.requests).toHaveLength(25);
  expect(recorder.dropped).toBe(75);
  await clock.advance(300_000);
  for (let i = 0; i < 10; i++) recorder.record(note({ reason: `Later${i}` }));
  await recorder.flush();
  expect(transport.requests).toHaveLength(26);
});

test('a flood about many objects is written slowly, and whole', async () => {
  const { clock, recorder, transport } = setUp();
  for (let i = 0; i < 150; i++)
    recorder.record(note({ regarding: { ...note().regarding, name: `t${i}`, uid: `${i}` } }));
  await clock.advance(1_000);
  expect(transport.requests.length).toBeLessThan(50);
  await clock.advance(10_000);
  expect(transport.requests).toHaveLength(150);
  expect(recorder.dropped).toBe(0);
});

test('never blocks and never throws while the API server is away, and is bounded', async () => {
  const errors: unknown[] = [];
  const transport = new ScriptedTransport(new UnreachableError('away'));
  const { clock, recorder } = setUp(transport, { capacity: 10, onError: (error) => errors.push(error) });
  for (let i = 0; i < 30; i++)
    recorder.record(note({ regarding: { ...note().regarding, name: `t${i}`, uid: `${i}` } }));
  expect(recorder.dropped).toBe(20);
  await clock.advance(120_000);
  await recorder.flush();
  expect(recorder.dropped).toBe(30);
  expect(errors).toHaveLength(10);
});

test('an event that came through in the end is not lost', async () => {
  const transport = new ScriptedTransport(new UnreachableError('away'), answer(event));
  const { clock, recorder } = setUp(transport);
  recorder.record(note());
  await clock.advance(5_000);
  expect(recorder.dropped).toBe(0);
  expect(transport.requests).toHaveLength(2);
});

test('a series whose event is gone begins a new one', async () => {
  const transport = new ScriptedTransport(answer(event), answer({}, 404), answer(event));
  const { clock, recorder } = setUp(transport);
  recorder.record(note());
  await recorder.flush();
  recorder.record(note());
  await clock.advance(5_000);
  expect(transport.requests.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'POST']);
});

test('what the API server refuses is counted and not tried again', async () => {
  const { clock, recorder, transport } = setUp(new ScriptedTransport(answer({ message: 'no' }, 403)));
  recorder.record(note());
  await clock.advance(60_000);
  expect(transport.requests).toHaveLength(1);
  expect(recorder.dropped).toBe(1);
});

test('a note is cut to the bound of the API server, at a character', async () => {
  const { recorder, transport } = setUp();
  recorder.record(note({ note: 'ä'.repeat(2_000) }));
  await recorder.flush();
  const body = transport.requests[0]?.body;
  const text = typeof body === 'object' && body !== null && 'note' in body ? String(body.note) : '';
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1_024);
  expect(text).toMatch(/^ä+…$/);
});

test('close gives up what is not written', async () => {
  const transport = new ScriptedTransport(new UnreachableError('away'));
  const { clock, recorder } = setUp(transport);
  recorder.record(note());
  await setImmediate();
  await recorder.close();
  recorder.record(note());
  expect(clock.pendingTimers).toBe(0);
  expect(recorder.dropped).toBe(2);
});
