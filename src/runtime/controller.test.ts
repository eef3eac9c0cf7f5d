import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { ConflictError, TerminalError, TransientError } from '../kube/errors.ts';
import {
  Controller,
  type ControllerMetrics,
  type ControllerOptions,
  type EndedReconcile,
  type ReconcileFailure,
  type ReconcileOutcome,
  type ReconcileResult,
} from './controller.ts';

const NO_METRICS: ControllerMetrics = {
  register: () => undefined,
  added: () => undefined,
  retried: () => undefined,
  waited: () => undefined,
  worked: () => undefined,
  reconcileStarted: () => undefined,
  reconcileEnded: () => undefined,
};

function setUp(reconcile: ControllerOptions['reconcile'], over: Partial<ControllerOptions> = {}) {
  const clock = new ManualClock();
  const failures: ReconcileFailure[] = [];
  const outcomes: ReconcileOutcome[] = [];
  const controller = new Controller({
    name: 'test',
    reconcile,
    clock,
    onFailure: (failure) => failures.push(failure),
    metrics: { ...NO_METRICS, reconcileEnded: (_name, outcome) => outcomes.push(outcome) },
    ...over,
  });
  onTestFinished(() => controller.stop());
  return { clock, controller, failures, outcomes };
}

test('every reconcile is told to a tracer, with what was thrown', async () => {
  const told: EndedReconcile[] = [];
  const conflict = new ConflictError('changed meanwhile');
  const refused = new TerminalError('refused');
  const endings: Readonly<Record<string, () => Promise<ReconcileResult>>> = {
    a: async () => undefined,
    b: async () => ({ requeueAfterMs: 60_000 }),
    c: () => Promise.reject(conflict),
    d: () => Promise.reject(refused),
  };
  const { clock, controller } = setUp((key) => endings[key]?.() ?? Promise.reject(new Error(key)), {
    metrics: { ...NO_METRICS, tracer: { reconciled: (one) => told.push(one) } },
  });
  const { monoMs } = clock.now();
  controller.start();
  for (const key of ['a', 'b', 'c', 'd']) controller.enqueue(key, key === 'b' ? 'failover' : 'change');
  await setImmediate();
  expect(told.slice(0, 4).toSorted((x, y) => (x.key < y.key ? -1 : 1))).toMatchObject([
    { controller: 'test', key: 'a', lane: 'change', outcome: 'success', startedAt: { monoMs }, endedAt: { monoMs } },
    { key: 'b', lane: 'failover', outcome: 'requeue_after' },
    { key: 'c', outcome: 'requeue', error: conflict },
    { key: 'd', outcome: 'terminal', error: refused },
  ]);
  expect(told.filter((one) => 'error' in one).map(({ key }) => key)).not.toContain('a');
});

test('works on as many keys at a time as it may, and on each key once at a time', async () => {
  const releases: (() => void)[] = [];
  const started: string[] = [];
  const { controller } = setUp(
    (key) => {
      started.push(key);
      return new Promise((resolve) => releases.push(() => resolve()));
    },
    { concurrency: 2 },
  );
  controller.start();
  for (const key of ['a', 'b', 'c', 'a']) controller.enqueue(key);
  await setImmediate();
  expect(started).toEqual(['a', 'b']);
  releases.shift()?.();
  await setImmediate();
  expect(started).toEqual(['a', 'b', 'c']);
  while (releases.length > 0) {
    releases.shift()?.();
    await setImmediate();
  }
});

test('keys that come before the start wait for it', async () => {
  const seen: string[] = [];
  const { controller } = setUp(async (key) => void seen.push(key));
  controller.enqueue('a');
  await setImmediate();
  expect(seen).toEqual([]);
  controller.start();
  await setImmediate();
  expect(seen).toEqual(['a']);
});

test('looks again after the time that the reconcile names, in the same lane', async () => {
  const lanes: string[] = [];
  const { clock, controller } = setUp(async (_key, { lane }) => {
    lanes.push(lane);
    return { requeueAfterMs: 1_000 };
  });
  controller.start();
  controller.enqueue('a', 'failover');
  await clock.advance(999);
  expect(lanes).toEqual(['failover']);
  await clock.advance(1);
  expect(lanes).toEqual(['failover', 'failover']);
});

test('a transient error backs off, is told, and success ends the back-off', async () => {
  let visits = 0;
  const { clock, controller, failures, outcomes } = setUp(
    async () => {
      visits += 1;
      if (visits < 4) throw new TransientError('busy');
    },
    { backoff: { minMs: 100, maxMs: 1_000 } },
  );
  controller.start();
  controller.enqueue('a');
  await clock.advance(100 + 200 + 399);
  expect(visits).toBe(3);
  await clock.advance(1);
  expect(outcomes).toEqual(['error', 'error', 'error', 'success']);
  expect(failures.map(({ willRetry }) => willRetry)).toEqual([true, true, true]);
  expect(controller.queue.failures('a')).toBe(0);
});

test('an error that names a time is tried again then', async () => {
  let visits = 0;
  const { clock, controller } = setUp(async () => {
    visits += 1;
    throw new TransientError('busy', { retryAfterMs: 3_000 });
  });
  controller.start();
  controller.enqueue('a');
  await clock.advance(2_999);
  expect(visits).toBe(1);
  await clock.advance(1);
  expect(visits).toBe(2);
});

test('conflicts are tried again at once and silently, but not for ever', async () => {
  const { clock, controller, failures, outcomes } = setUp(async () => {
    throw new ConflictError('changed meanwhile');
  });
  controller.start();
  controller.enqueue('a');
  await clock.advance(5 + 10 + 20);
  expect(outcomes).toEqual(['requeue', 'requeue', 'requeue', 'error']);
  expect(failures).toHaveLength(1);
});

test('what is refused is told and tried again ever more seldom, and at once when the key comes anew', async () => {
  let visits = 0;
  const { clock, controller, failures, outcomes } = setUp(async () => {
    visits += 1;
    throw new TerminalError('refused');
  });
  controller.start();
  controller.enqueue('a');
  await clock.advance(999);
  expect(visits).toBe(1);
  expect(outcomes).toEqual(['terminal']);
  expect(failures[0]).toMatchObject({ controller: 'test', key: 'a', willRetry: false });
  await clock.advance(1 + 2000 + 4000);
  expect(visits).toBe(4);
  await clock.advance(600_000);
  // After 8, 16 and 32 s, and then once a minute.
  expect(visits).toBe(4 + 3 + 9);
  controller.enqueue('a');
  await setImmediate();
  expect(visits).toBe(17);
});

test('a refusal waits by the refusals before it, whatever else has failed', async () => {
  let error: Error = new TransientError('busy');
  const { clock, controller, outcomes } = setUp(async () => {
    throw error;
  });
  controller.start();
  controller.enqueue('a');
  // 5 ms, doubled eleven times: the next failure of that kind would wait 20 s.
  await clock.advance(5 * (2 ** 11 - 1));
  error = new TerminalError('refused');
  await clock.advance(5 * 2 ** 11);
  expect(outcomes.at(-1)).toBe('terminal');
  const visits = outcomes.length;
  await clock.advance(999);
  expect(outcomes).toHaveLength(visits);
  await clock.advance(1);
  expect(outcomes).toHaveLength(visits + 1);
});

test.each([
  ['an unknown error', () => Promise.reject(new TypeError('a bug'))],
  [
    'a synchronous throw',
    () => {
      throw new Error('a bug');
    },
  ],
  ['a thrown undefined', () => Promise.reject(undefined)],
])('%s backs off and does not end the worker, even when the reporter throws too', async (_name, reconcile) => {
  const seen: string[] = [];
  const { clock, controller } = setUp(
    (key) => {
      seen.push(key);
      return key === 'bad' ? reconcile() : Promise.resolve();
    },
    {
      onFailure: () => {
        throw new Error('the reporter is broken');
      },
    },
  );
  controller.start();
  controller.enqueue('bad');
  controller.enqueue('good');
  await clock.advance(5);
  expect(seen).toEqual(['bad', 'good', 'bad']);
});

test('stop drains what runs, then aborts it, and takes nothing more', async () => {
  const seen: string[] = [];
  const { clock, controller } = setUp(
    (key, { signal }) =>
      new Promise((_resolve, reject) => {
        seen.push(key);
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
  );
  controller.start();
  controller.enqueue('a');
  controller.enqueue('b');
  await setImmediate();
  let stopped = false;
  const stopping = controller.stop(25_000).then(() => {
    stopped = true;
  });
  await clock.advance(24_999);
  expect(stopped).toBe(false);
  await clock.advance(1);
  await stopping;
  expect(seen).toEqual(['a']);
});

test('after a stop it can be started again, and the interrupted key is not lost', async () => {
  const seen: string[] = [];
  const { controller, failures } = setUp((key, { signal }) => {
    seen.push(key);
    if (seen.length > 1) return Promise.resolve();
    return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  });
  controller.start();
  controller.enqueue('a');
  await setImmediate();
  await controller.stop();
  expect(failures).toEqual([]);
  controller.start();
  await setImmediate();
  expect(seen).toEqual(['a', 'a']);
});
