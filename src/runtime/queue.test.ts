import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { DelayHeap } from './delay-heap.ts';
import { type QueueLane, WorkQueue, type WorkQueueOptions } from './queue.ts';

function setUp(options: Partial<WorkQueueOptions> = {}) {
  const clock = new ManualClock();
  return { clock, queue: new WorkQueue({ name: 'test', clock, ...options }) };
}

async function takeAll(queue: WorkQueue): Promise<string[]> {
  const keys: string[] = [];
  while (queue.size > 0) {
    const item = await queue.take();
    if (!item) break;
    keys.push(item.key);
    queue.done(item.key);
  }
  return keys;
}

test('a key waits at most once', async () => {
  const { queue } = setUp();
  for (const key of ['a', 'b', 'a', 'a']) queue.add(key);
  expect(await takeAll(queue)).toEqual(['a', 'b']);
});

test('a key that is added while it is worked on comes again afterwards, once, and never in parallel', async () => {
  const { queue } = setUp();
  queue.add('a');
  await queue.take();
  queue.add('a');
  queue.add('a');
  expect(queue.size).toBe(0);
  queue.done('a');
  expect(await takeAll(queue)).toEqual(['a']);
});

test('a million additions of a hundred hot keys are a hundred visits', async () => {
  const { queue } = setUp();
  for (let i = 0; i < 1_000_000; i++) queue.add(`key-${i % 100}`);
  expect(await takeAll(queue)).toHaveLength(100);
});

test('whoever waits for a key gets the next one; aborting ends the wait', async () => {
  const { queue } = setUp();
  const abort = new AbortController();
  const aborted = queue.take(abort.signal);
  const waiting = queue.take();
  abort.abort();
  expect(await aborted).toBeUndefined();
  queue.add('a', 'failover');
  expect(await waiting).toEqual({ key: 'a', lane: 'failover' });
});

test('urgent lanes come first, and a queued key moves up but never down', async () => {
  const { queue } = setUp();
  queue.add('late', 'resync');
  queue.add('middle', 'change');
  queue.add('first', 'failover');
  queue.add('late', 'failover');
  queue.add('first', 'resync');
  expect(await takeAll(queue)).toEqual(['first', 'late', 'middle']);
});

test.each<[QueueLane, QueueLane]>([
  ['resync', 'change'],
  ['resync', 'failover'],
  ['change', 'failover'],
])('%s gets at least every tenth turn under a steady flood of %s', async (low, high) => {
  const { queue } = setUp();
  for (let i = 0; i < 10; i++) queue.add(`low-${i}`, low);
  let turns = 0;
  for (let i = 0; queue.depth(low) > 0; i++) {
    queue.add(`high-${i}`, high);
    queue.add(`high-again-${i}`, high);
    const item = await queue.take();
    if (item) queue.done(item.key);
    turns += 1;
  }
  expect(turns).toBeLessThanOrEqual(100);
});

test('of several delays the one that ends first counts', async () => {
  const { clock, queue } = setUp();
  queue.addAfter('a', 500);
  queue.addAfter('a', 200);
  queue.addAfter('a', 900);
  queue.addAfter('b', 300);
  expect(clock.pendingTimers).toBe(1);
  await clock.advance(199);
  expect(queue.size).toBe(0);
  await clock.advance(1);
  expect(await takeAll(queue)).toEqual(['a']);
  await clock.advance(1_000);
  expect(await takeAll(queue)).toEqual(['b']);
});

test('a delayed key keeps its most urgent lane', async () => {
  const { clock, queue } = setUp();
  queue.addAfter('a', 100, 'resync');
  queue.addAfter('a', 200, 'failover');
  await clock.advance(100);
  expect(await queue.take()).toEqual({ key: 'a', lane: 'failover' });
});

test('back-off doubles per key to its ceiling and ends with forget', () => {
  const { queue } = setUp({ backoff: { minMs: 5, maxMs: 60 } });
  const delays = () => Array.from({ length: 6 }, () => queue.addRateLimited('a'));
  expect(delays()).toEqual([5, 10, 20, 40, 60, 60]);
  expect(queue.addRateLimited('b')).toBe(5);
  queue.forget('a');
  expect(queue.addRateLimited('a')).toBe(5);
});

test('close drops what waits, ends takers, and resolves when the last key in work is done', async () => {
  const { clock, queue } = setUp();
  queue.add('a');
  await queue.take();
  queue.add('b');
  queue.addAfter('c', 10);
  const taker = setUp().queue.take();
  let closed = false;
  const closing = queue.close().then(() => {
    closed = true;
  });
  queue.add('d');
  await clock.advance(100);
  expect(closed).toBe(false);
  expect(clock.pendingTimers).toBe(0);
  expect(await queue.take()).toBeUndefined();
  queue.done('a');
  await closing;
  expect(queue.size).toBe(0);
  expect(taker).toBeInstanceOf(Promise);
});

test('the heap gives entries in order of time', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000)), (times) => {
      const heap = new DelayHeap();
      times.forEach((readyAtMs, i) => {
        heap.push({ key: `${i}`, readyAtMs });
      });
      const popped = times.map(() => heap.pop()?.readyAtMs);
      expect(popped).toEqual([...times].sort((a, b) => a - b));
      expect(heap.pop()).toBeUndefined();
    }),
  );
});

/** A user of the queue that checks it: every key that was added must be taken later, and never twice at a time. */
class Model {
  readonly clock = new ManualClock();
  readonly queue = new WorkQueue({ name: 'test', clock: this.clock });
  readonly inWork = new Set<string>();
  readonly owed = new Set<string>();

  add(key: string): void {
    this.owed.add(key);
    this.queue.add(key);
  }

  addLater(key: string, ms: number): void {
    this.owed.add(key);
    this.queue.addAfter(key, ms);
  }

  async take(): Promise<void> {
    const item = this.queue.size > 0 ? await this.queue.take() : undefined;
    if (!item) return;
    expect(this.inWork.has(item.key)).toBe(false);
    this.inWork.add(item.key);
    this.owed.delete(item.key);
  }

  done(key: string): void {
    if (this.inWork.delete(key)) this.queue.done(key);
  }

  async finish(): Promise<void> {
    await this.clock.advance(1_000);
    while (this.queue.size > 0 || this.inWork.size > 0) {
      await this.take();
      for (const key of this.inWork) this.done(key);
    }
  }
}

test('whatever happens, no key is lost and none is in work twice', async () => {
  const key = fc.constantFrom('a', 'b', 'c');
  const command = fc.oneof(
    key.map((name) => async (model: Model) => model.add(name)),
    fc.tuple(key, fc.nat(50)).map(
      ([name, ms]) =>
        async (model: Model) =>
          model.addLater(name, ms),
    ),
    fc.constant((model: Model) => model.take()),
    key.map((name) => async (model: Model) => model.done(name)),
    fc.nat(60).map((ms) => (model: Model) => model.clock.advance(ms)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 40 }), async (commands) => {
      const model = new Model();
      for (const run of commands) await run(model);
      await model.finish();
      expect([...model.owed]).toEqual([]);
    }),
  );
});
