import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sleep } from '../../src/runtime/clock.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { VirtualTime } from '../support/virtual-time.ts';

describe('VirtualTime', () => {
  it('runs events by time, then by order of scheduling', async () => {
    const time = new VirtualTime();
    const seen: string[] = [];
    time.schedule(20, () => seen.push('c'));
    time.schedule(10, () => seen.push('a'));
    time.schedule(10, () => seen.push('b'));
    time.schedule(30, () => seen.push('too late'));
    await time.run(20);
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(time.nowMs).toBe(20);
  });

  it('keeps the order of scheduling among many events of one time', async () => {
    const time = new VirtualTime();
    const seen: number[] = [];
    for (let i = 0; i < 200; i++) time.schedule(i % 2, () => seen.push(i));
    await time.run(10);
    const evenThenOdd = Array.from({ length: 200 }, (_, i) => (i < 100 ? 2 * i : 2 * i - 199));
    expect(seen).toEqual(evenThenOdd);
  });

  it('lets all promises settle before the next event and before the step is checked', async () => {
    const time = new VirtualTime();
    const seen: string[] = [];
    const deep = async (depth: number): Promise<void> => {
      if (depth > 0) await deep(depth - 1);
      else seen.push(`deep at ${time.nowMs}`);
    };
    time.schedule(1, () => void deep(50));
    time.schedule(1, () => seen.push('next'));
    await time.run(10, () => seen.push('checked'));
    expect(seen).toEqual(['deep at 1', 'checked', 'next', 'checked']);
  });

  it('does not run what was cancelled', async () => {
    const time = new VirtualTime();
    let ran = false;
    time
      .schedule(1, () => {
        ran = true;
      })
      .cancel();
    await time.run(10);
    expect(ran).toBe(false);
    expect(time.steps).toBe(0);
  });

  it('rejects with what an event throws, and with what the check throws', async () => {
    const time = new VirtualTime();
    time.schedule(1, () => {
      throw new Error('event');
    });
    await expect(time.run(10)).rejects.toThrow('event');
    time.schedule(1, () => {});
    const check = () => {
      throw new Error('invariant');
    };
    await expect(time.run(20, check)).rejects.toThrow('invariant');
  });

  it('stops where it is told to and can go on', async () => {
    const time = new VirtualTime();
    const seen: number[] = [];
    for (const at of [1, 2, 3]) time.schedule(at, () => seen.push(at));
    await time.run(10, () => {
      if (seen.length === 2) time.stop();
    });
    expect([seen, time.nowMs]).toEqual([[1, 2], 2]);
    await time.run(10);
    expect([seen, time.nowMs]).toEqual([[1, 2, 3], 10]);
  });
});

describe('VirtualProcess', () => {
  it('has clocks and timers at its own rate and offset', async () => {
    const time = new VirtualTime();
    const fast = time.startProcess({ id: 'p', site: 's', rate: 1.25, offsetMs: 500 });
    const from = fast.now();
    let firedAtMs = 0;
    fast.setTimer(100, () => {
      firedAtMs = time.nowMs;
    });
    await time.run(1000);
    expect(firedAtMs).toBeCloseTo(80);
    expect(fast.now().monoMs - from.monoMs).toBeCloseTo(1250);
    expect(fast.now().wallMs - from.wallMs).toBeCloseTo(1250);
    expect(from.monoMs).toBe(500);
  });

  it('gets timers and answers of a pause at the resume, in order, while its clocks went on', async () => {
    const time = new VirtualTime();
    const process = time.startProcess({ id: 'p', site: 's' });
    const seen: string[] = [];
    process.setTimer(20, () => seen.push(`timer at ${process.now().monoMs}`));
    time.schedule(10, () => process.pause(100));
    time.schedule(15, () => process.deliver(() => seen.push('answer')));
    await time.run(109);
    expect(seen).toEqual([]);
    await time.run(200);
    expect(seen).toEqual(['answer', 'timer at 110']);
  });

  it('counts no monotonic time while its machine sleeps, and fires timers that much later', async () => {
    const time = new VirtualTime();
    const process = time.startProcess({ id: 'p', site: 's' });
    let firedAtMs = 0;
    process.setTimer(50, () => {
      firedAtMs = time.nowMs;
    });
    time.schedule(10, () => process.pause(100, { machineSleeps: true }));
    await time.run(300);
    expect(firedAtMs).toBe(150);
    expect(process.now().monoMs).toBe(200);
    expect(process.now().wallMs).toBe(time.wallMs);
  });

  it('shows a step of the wall clock on the wall clock only', () => {
    const process = new VirtualTime().startProcess({ id: 'p', site: 's' });
    const before = process.now();
    process.stepWall(-5_000);
    expect(process.now()).toEqual({ monoMs: before.monoMs, wallMs: before.wallMs - 5_000 });
  });

  it('takes the longer of two pauses', async () => {
    const time = new VirtualTime();
    const process = time.startProcess({ id: 'p', site: 's' });
    process.pause(100);
    process.pause(10);
    await time.run(50);
    expect(process.state).toBe('paused');
    await time.run(100);
    expect(process.state).toBe('running');
  });

  it('hears nothing any more after a crash, paused or not', async () => {
    const time = new VirtualTime();
    const process = time.startProcess({ id: 'p', site: 's' });
    const seen: string[] = [];
    process.setTimer(50, () => seen.push('timer'));
    process.pause(20);
    process.deliver(() => seen.push('answer'));
    process.crash();
    await time.run(100);
    expect([seen, process.state]).toEqual([[], 'crashed']);
  });
});

/** A little world of processes that sleep, draw and disturb each other; returns a hash of all that happened. */
async function historyOf(seed: number): Promise<string> {
  const time = new VirtualTime();
  const random = new SeededRandom(seed);
  const hash = createHash('sha256');
  const processes = ['a', 'b', 'c'].map((id) => time.startProcess({ id, site: id, rate: random.between(0.9, 1.1) }));
  for (const process of processes) {
    const own = random.fork(process.id);
    const live = async () => {
      for (;;) {
        await sleep(process, own.between(1, 50));
        hash.update(`${process.id} ${time.nowMs} ${process.now().monoMs}\n`);
        if (own.chance(0.1)) own.pick(processes).pause(own.between(1, 500));
      }
    };
    void live();
  }
  await time.run(20_000);
  return hash.digest('hex');
}

describe('a simulated history', () => {
  it('is the same for the same seed and another one for another seed', async () => {
    const first = await historyOf(1);
    expect(await historyOf(1)).toBe(first);
    expect(await historyOf(2)).not.toBe(first);
  });
});

describe('SeededRandom', () => {
  it('is uniform enough, repeatable, and forks into independent streams', () => {
    const random = new SeededRandom(7);
    const numbers = Array.from({ length: 10_000 }, () => random.next());
    expect(numbers.reduce((sum, number) => sum + number, 0) / 10_000).toBeCloseTo(0.5, 1);
    expect(new SeededRandom(7).next()).toBe(numbers[0]);
    expect(new SeededRandom(7).fork('x').next()).not.toBe(new SeededRandom(7).fork('y').next());
    expect(
      Array.from({ length: 1000 }, (_, seed) => new SeededRandom(seed).next()).toSorted((a, b) => a - b)[0],
    ).toBeLessThan(0.01);
  });

  it('makes tokens that look like UUIDs and do not repeat', () => {
    const random = new SeededRandom(1);
    const tokens = Array.from({ length: 1000 }, () => random.token());
    expect(new Set(tokens).size).toBe(1000);
    expect(tokens[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
