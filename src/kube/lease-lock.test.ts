import { expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { answer, ScriptedTransport } from '../../test/support/scripted-transport.ts';
import { UnreachableError } from './errors.ts';
import { createLeaseLock } from './lease-lock.ts';
import { microTime } from './micro-time.ts';
import { createKubeClient } from './rest-client.ts';

const lease = (resourceVersion: string, spec: object = {}) => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { namespace: 'n', name: 'hub', uid: 'u', resourceVersion },
  spec,
});

const PAST = 'switchback.dev/past-leaders';

function setUp(...answers: ConstructorParameters<typeof ScriptedTransport>) {
  const transport = new ScriptedTransport(...answers);
  const client = createKubeClient(transport, 'hub');
  const place = { namespace: 'n', name: 'hub', electionMs: 4_000, timeoutMs: 2_000 };
  const options = { client, clock: new ManualClock(), ...place };
  const keeping = createLeaseLock({ ...options, pastAnnotation: PAST });
  return { transport, lock: createLeaseLock(options), keeping };
}

test('reads holder, term and version; a lease that is not there is no record', async () => {
  const { lock } = setUp(answer(lease('9', { holderIdentity: 'a', leaseTransitions: 3 })), answer({}, 404));
  expect(await lock.read()).toEqual({ holder: 'a', term: 3, version: 'u/9' });
  expect(await lock.read()).toBeUndefined();
});

test('creates on the control lane with six digits of a second', async () => {
  const { lock, transport } = setUp(answer(lease('1', { holderIdentity: 'a', leaseTransitions: 1 }), 201));
  expect(await lock.write({ holder: 'a', term: 1 }, undefined)).toEqual({ holder: 'a', term: 1, version: 'u/1' });
  expect(transport.requests[0]).toMatchObject({
    method: 'POST',
    lane: 'control',
    timeoutMs: 2_000,
    body: { spec: { holderIdentity: 'a', leaseDurationSeconds: 4, renewTime: '2026-01-01T00:00:01.000000Z' } },
  });
});

test('renews by compare-and-swap and keeps the time of acquisition', async () => {
  const { lock, transport } = setUp(answer(lease('10', { holderIdentity: 'a', leaseTransitions: 3 })));
  await lock.write({ holder: 'a', term: 3 }, { holder: 'a', term: 3, version: 'u/9' });
  expect(transport.requests[0]?.body).toMatchObject({ metadata: { resourceVersion: '9' } });
  expect(transport.requests[0]?.body).not.toHaveProperty('spec.acquireTime');
});

test('a new term has a new time of acquisition; a release has no holder', async () => {
  const { lock, transport } = setUp(answer(lease('10')));
  await lock.write({ holder: 'a', term: 4 }, { holder: 'b', term: 3, version: 'u/9' });
  await lock.write({ holder: '', term: 4 }, { holder: 'a', term: 4, version: 'u/10' });
  expect(transport.requests[0]?.body).toHaveProperty('spec.acquireTime');
  expect(transport.requests[1]?.body).toHaveProperty('spec.holderIdentity', null);
});

const past = [{ holder: 'a', term: 3, version: 'u/9' }];

test('writes who led before where it is told to keep them, and reads them again', async () => {
  const kept = lease('10', { holderIdentity: 'b', leaseTransitions: 4 });
  const annotated = { ...kept, metadata: { ...kept.metadata, annotations: { [PAST]: JSON.stringify(past) } } };
  const { keeping, lock, transport } = setUp(
    answer(annotated),
    answer(annotated),
    answer(annotated),
    answer(annotated),
  );
  const next = { holder: 'b', term: 4, past };
  const written = await keeping.write(next, { holder: 'a', term: 3, version: 'u/9' });
  expect(written).toEqual({ holder: 'b', term: 4, version: 'u/10', past });
  expect(transport.requests[0]?.body).toHaveProperty(['metadata', 'annotations', PAST], JSON.stringify(past));
  await keeping.write({ holder: 'b', term: 4 }, { holder: 'b', term: 4, version: 'u/10', past });
  expect(transport.requests[1]?.body).not.toHaveProperty('metadata.annotations');
  await lock.write(next, undefined);
  expect(transport.requests[2]?.body).not.toHaveProperty('metadata.annotations');
  expect(await lock.read()).not.toHaveProperty('past');
});

test.each(['not JSON', '{}', '[{"holder":1}]'])('reads nobody who led before from %s', async (text) => {
  const kept = lease('10');
  const { keeping } = setUp(answer({ ...kept, metadata: { ...kept.metadata, annotations: { [PAST]: text } } }));
  expect((await keeping.read())?.past).toEqual([]);
});

test.each([409, 404])('a write that meets %i was overtaken', async (status) => {
  const { lock } = setUp(answer({}, status));
  expect(await lock.write({ holder: 'a', term: 3 }, { holder: 'a', term: 3, version: 'u/9' })).toBeUndefined();
});

test('a write without an answer is neither done nor not done', async () => {
  const { lock } = setUp(new UnreachableError('silent'));
  await expect(lock.write({ holder: 'a', term: 1 }, undefined)).rejects.toThrow(UnreachableError);
});

test('times have exactly six digits', () => {
  expect(microTime(0)).toBe('1970-01-01T00:00:00.000000Z');
  expect(microTime(1_234_567)).toBe('1970-01-01T00:20:34.567000Z');
});
