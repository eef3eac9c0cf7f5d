import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fixedRandom, ManualClock } from '../../test/support/manual-clock.ts';
import type { Clock } from './clock.ts';
import { type ElectionLock, type ElectionRecord, Elector, type ElectorOptions, type NextRecord } from './elector.ts';

/** The record in memory, with faults. */
class SharedLock implements ElectionLock {
  record: ElectionRecord | undefined;
  /** Runs before an operation; may reject or wait. */
  before: (operation: 'read' | 'write') => Promise<void> = async () => undefined;
  /** Runs after a write has been carried out: its answer may be lost or late. */
  afterWrite: () => Promise<void> = async () => undefined;
  writes = 0;
  #version = 0;

  async read(): Promise<ElectionRecord | undefined> {
    await this.before('read');
    return this.record;
  }

  async write(next: NextRecord, previous: ElectionRecord | undefined): Promise<ElectionRecord | undefined> {
    await this.before('write');
    if (this.record?.version !== previous?.version) return undefined;
    this.#version += 1;
    this.writes += 1;
    const written = { past: previous?.past ?? [], ...next, version: `${this.#version}` };
    this.record = written;
    await this.afterWrite();
    return written;
  }
}

function candidate(name: string, clock: Clock, lock: ElectionLock, over: Partial<ElectorOptions> = {}) {
  const log: string[] = [];
  const errors: unknown[] = [];
  const elector = new Elector({
    lock,
    identity: name,
    clock,
    random: fixedRandom(),
    electionMs: 4_000,
    renewEveryMs: 1_000,
    clockRateError: 0.25,
    onLead: (term) => log.push(`lead ${term}`),
    onLose: (reason) => log.push(`lose ${reason}`),
    onError: (error) => errors.push(error),
    ...over,
  });
  return { elector, log, errors };
}

test('leads at once where there is no record, and renews', async () => {
  const clock = new ManualClock();
  const lock = new SharedLock();
  const { elector, log } = candidate('a', clock, lock);
  elector.start();
  await clock.advance(0);
  expect(log).toEqual(['lead 1']);
  expect(elector.isCertain()).toBe(true);
  await clock.advance(60_000);
  expect(elector.isCertain()).toBe(true);
  expect(lock.writes).toBe(61);
  expect(log).toEqual(['lead 1']);
});

test('a record names who led before, and how far each had come', async () => {
  const clock = new ManualClock();
  const lock = new SharedLock();
  lock.record = { holder: 'dead', term: 7, version: 'v' };
  const first = candidate('a', clock, lock).elector;
  first.start();
  await clock.advance(10_000);
  expect(first.record).toEqual(lock.record);
  expect(first.record?.past).toEqual([{ holder: 'dead', term: 7, version: 'v' }]);
  const left = lock.record.version;
  await first.stop();
  expect(first.record).toBeUndefined();
  const second = candidate('b', clock, lock).elector;
  second.start();
  await clock.advance(10_000);
  // One that gave the record up is named once, by what it was before that.
  expect(second.record?.past).toEqual([
    { holder: 'dead', term: 7, version: 'v' },
    { holder: 'a', term: 8, version: left },
  ]);
  await second.stop();
});

test('a record names the last of those who led before', async () => {
  const clock = new ManualClock();
  const lock = new SharedLock();
  const past = Array.from({ length: 32 }, (_, term) => ({ holder: 'h', term, version: `v${term}` }));
  lock.record = { holder: 'dead', term: 32, version: 'v', past };
  const { elector } = candidate('a', clock, lock);
  elector.start();
  await clock.advance(10_000);
  expect(elector.record?.past?.map(({ term }) => term)).toEqual(Array.from({ length: 32 }, (_, i) => i + 1));
  await elector.stop();
});

test('a record is taken over only after it was seen unchanged for the election time', async () => {
  const clock = new ManualClock();
  const lock = new SharedLock();
  lock.record = { holder: 'dead', term: 7, version: 'v' };
  const { elector, log } = candidate('a', clock, lock);
  elector.start();
  await clock.advance(3_999);
  expect(log).toEqual([]);
  expect(elector.holder).toBe('dead');
  await clock.advance(1_001);
  expect(log).toEqual(['lead 8']);
});

test('a record that changes keeps the candidate waiting', async () => {
  const clock = new ManualClock();
  const lock = new SharedLock();
  const { elector, log } = candidate('a', clock, lock);
  elector.start();
  for (let i = 0; i < 30; i++) {
    lock.record = { holder: 'alive', term: 1, version: `v${i}` };
    await clock.advance(3_000);
  }
  expect(log).toEqual([]);
});

test('a wall clock that jumps ahead does not shorten the wait, and ends certainty', async () => {
  const clock = new ManualClock();
  const lock = new SharedLock();
  lock.record = { holder: 'dead', term: 7, version: 'v' };
  const { elector, log } = candidate('a', clock, lock);
  elector.start();
  await clock.advance(1_000);
  clock.wallOffsetMs += 3_600_000;
  await clock.advance(2_000);
  expect(log).toEqual([]);
  await clock.advance(2_000);
  expect(log).toEqual(['lead 8']);
  clock.wallOffsetMs += 3_600_000;
  expect(elector.isCertain()).toBe(false);
});

test.each([16_000, 3_600_000])(
  'a candidate whose wall clock is set back by %i ms takes over hardly later',
  async (backMs) => {
    const clock = new ManualClock();
    const lock = new SharedLock();
    lock.record = { holder: 'gone', term: 7, version: '1' };
    const { elector, log } = candidate('a', clock, lock);
    elector.start();
    await clock.advance(1_000);
    clock.wallOffsetMs -= backMs;
    await clock.advance(2_000);
    expect(log).toEqual([]);
    await clock.advance(3_000);
    expect(log).toEqual(['lead 8']);
  },
);

test('certainty is counted from the sending of the renewal, not from its answer', async () => {
  const clock = new ManualClock();
  const lock = new SharedLock();
  const { elector } = candidate('a', clock, lock);
  let release = (): void => undefined;
  lock.afterWrite = () => new Promise((resolve) => (release = resolve));
  elector.start();
  await clock.advance(3_000);
  release();
  await setImmediate();
  expect(elector.isCertain()).toBe(true);
  await clock.advance(199);
  expect(elector.isCertain()).toBe(true);
  await clock.advance(1);
  expect(elector.isCertain()).toBe(false);
  expect(elector.term).toBe(1);
});

test('a slow renewal does not put off the next one, whatever the wall clock does meanwhile', async () => {
  const clock = new ManualClock();
  const lock = new SharedLock();
  const { elector } = candidate('a', clock, lock);
  elector.start();
  await clock.advance(0);
  let release = (): void => undefined;
  lock.afterWrite = () => new Promise((resolve) => (release = resolve));
  await clock.advance(1_600);
  expect(lock.writes).toBe(2);
  clock.wallOffsetMs -= 3_600_000;
  lock.afterWrite = async () => undefined;
  release();
  await clock.advance(400);
  expect(lock.writes).toBe(3);
});

test('a leader that cannot renew is uncertain, and goes on in the same term when nobody took over meanwhile', async () => {
  const clock = new ManualClock();
  const lock = new SharedLock();
  const { elector, log, errors } = candidate('a', clock, lock);
  elector.start();
  await clock.advance(0);
  lock.before = () => Promise.reject(new Error('unreachable'));
  await clock.advance(3_199);
  expect(elector.isCertain()).toBe(true);
  await clock.advance(1);
  expect(elector.isCertain()).toBe(false);
  expect(log).toEqual(['lead 1']);
  await clock.advance(60_000);
  expect(errors.length).toBeGreaterThan(0);
  lock.before = async () => undefined;
  await clock.advance(1_500);
  expect(elector.isCertain()).toBe(true);
  expect(log).toEqual(['lead 1']);
});

test('leadership that is uncertain becomes certain again with the next renewal, in the same term', async () => {
  const clock = new ManualClock();
  const lock = new SharedLock();
  const { elector, log } = candidate('a', clock, lock, { renewEveryMs: 300 });
  elector.start();
  await clock.advance(0);
  lock.before = () => Promise.reject(new Error('unreachable'));
  await clock.advance(3_500);
  expect(elector.isCertain()).toBe(false);
  lock.before = async () => undefined;
  await clock.advance(300);
  expect(elector.isCertain()).toBe(true);
  expect(log).toEqual(['lead 1']);
});

test('a late answer of a renewal adds nothing to the certainty that its sending gave', async () => {
  const clock = new ManualClock();
  const lock = new SharedLock();
  const { elector } = candidate('a', clock, lock);
  elector.start();
  await clock.advance(999);
  lock.afterWrite = () => new Promise((resolve) => void clock.setTimer(2_900, resolve));
  await clock.advance(1);
  lock.before = () => Promise.reject(new Error('unreachable'));
  await clock.advance(3_199);
  expect(elector.isCertain()).toBe(true);
  await clock.advance(1);
  expect(elector.isCertain()).toBe(false);
});

test('the late answer of a renewal that hung proves nothing: certainty counts from its sending', async () => {
  const clock = new ManualClock();
  const lock = new SharedLock();
  const { elector, log } = candidate('a', clock, lock);
  elector.start();
  await clock.advance(0);
  let release = (): void => undefined;
  lock.afterWrite = () => new Promise((resolve) => (release = resolve));
  await clock.advance(9_000);
  expect(elector.isCertain()).toBe(false);
  lock.afterWrite = async () => undefined;
  release();
  await setImmediate();
  expect(elector.isCertain()).toBe(false);
  await clock.advance(1_500);
  expect(elector.isCertain()).toBe(true);
  expect(log).toEqual(['lead 1']);
});

test('a renewal that was carried out without an answer does not end leadership', async () => {
  const clock = new ManualClock();
  const lock = new SharedLock();
  const { elector, log } = candidate('a', clock, lock);
  elector.start();
  await clock.advance(0);
  lock.afterWrite = () => Promise.reject(new Error('the answer was lost'));
  await clock.advance(1_000);
  lock.afterWrite = async () => undefined;
  await clock.advance(10_000);
  expect(log).toEqual(['lead 1']);
  expect(elector.isCertain()).toBe(true);
});

test('a leader that sees another holder has lost', async () => {
  const clock = new ManualClock();
  const lock = new SharedLock();
  const { elector, log } = candidate('a', clock, lock);
  elector.start();
  await clock.advance(0);
  lock.record = { holder: 'b', term: 2, version: 'other' };
  await clock.advance(1_000);
  expect(log).toEqual(['lead 1', 'lose taken']);
  expect(elector.isCertain()).toBe(false);
  expect(elector.holder).toBe('b');
});

test('stop releases the record, so that the next leads without a wait, with a higher term', async () => {
  const clock = new ManualClock();
  const lock = new SharedLock();
  const first = candidate('a', clock, lock);
  const second = candidate('b', clock, lock);
  first.elector.start();
  await clock.advance(0);
  second.elector.start();
  await clock.advance(100);
  await first.elector.stop();
  expect(first.log).toEqual(['lead 1', 'lose stopped']);
  // Of the second one: its next attempt, and its watch on the record.
  expect(clock.pendingTimers).toBe(2);
  await clock.advance(1_500);
  expect(second.log).toEqual(['lead 2']);
});

test('a leadership that is won while stopping is released unheard', async () => {
  const clock = new ManualClock();
  const lock = new SharedLock();
  const { elector, log } = candidate('a', clock, lock);
  let release = (): void => undefined;
  lock.afterWrite = () => new Promise((resolve) => (release = resolve));
  elector.start();
  await clock.advance(0);
  const stopping = elector.stop();
  lock.afterWrite = async () => undefined;
  release();
  await stopping;
  expect(log).toEqual([]);
  expect(lock.record?.holder).toBe('');
});

test('the term is above the floor', async () => {
  const clock = new ManualClock();
  const { elector, log } = candidate('a', clock, new SharedLock(), { termFloor: () => 41 });
  elector.start();
  await clock.advance(0);
  expect(log).toEqual(['lead 42']);
});

test('a callback that throws does not end the election', async () => {
  const clock = new ManualClock();
  const { elector, errors } = candidate('a', clock, new SharedLock(), {
    onLead: () => {
      throw new Error('broken');
    },
  });
  elector.start();
  await clock.advance(5_000);
  expect(errors).toHaveLength(1);
  expect(elector.isCertain()).toBe(true);
});

/** A view of true time through a clock that runs at another rate. */
const clockAtRate = (clock: ManualClock, rate: number): Clock => ({
  now: () => ({ monoMs: clock.now().monoMs * rate, wallMs: clock.now().wallMs * rate }),
  setTimer: (delayMs, fn) => clock.setTimer(delayMs / rate, fn),
});

interface Fault {
  readonly operation: 'ok' | 'lost-before' | 'lost-after' | 'late-before' | 'late-after';
  readonly ms: number;
}

/** Applies the faults one after another, over and over, to whatever is done with the record. */
function injectFaults(lock: SharedLock, clock: ManualClock, faults: readonly Fault[]): void {
  let step = 0;
  const inject = async (where: 'before' | 'after'): Promise<void> => {
    const fault = faults[step++ % faults.length];
    if (fault?.operation === `late-${where}`) await new Promise<void>((resolve) => clock.setTimer(fault.ms, resolve));
    if (fault?.operation === `lost-${where}`) throw new Error('lost');
  };
  lock.before = () => inject('before');
  lock.afterWrite = () => inject('after');
}

const termsOf = (logs: readonly string[][]): string[] => logs.flat().filter((line) => line.startsWith('lead'));

test('two processes are never certain together, whatever is delayed, lost or paused', async () => {
  const fault: fc.Arbitrary<Fault> = fc.record({
    operation: fc.constantFrom('ok', 'lost-before', 'lost-after', 'late-before', 'late-after'),
    ms: fc.integer({ min: 1, max: 9_000 }),
  });
  // The ratio of the rates is at most 1.25, the bound that the electors are given.
  const rate = fc.double({ min: 1, max: 1.25, noNaN: true });
  const run = fc.record({
    faults: fc.array(fault, { minLength: 1, maxLength: 60 }),
    pauses: fc.array(fc.integer({ min: 0, max: 6_000 }), { minLength: 1, maxLength: 10 }),
    rates: fc.tuple(rate, rate),
  });
  await fc.assert(
    fc.asyncProperty(run, async ({ faults, pauses, rates }) => {
      const clock = new ManualClock();
      const lock = new SharedLock();
      injectFaults(lock, clock, faults);
      const both = rates.map((ratio, i) => candidate(`p${i}`, clockAtRate(clock, ratio), lock));
      const certain = () => both.filter(({ elector }) => elector.isCertain()).length;
      for (const { elector } of both) elector.start();
      for (let i = 0; i < 120; i++) {
        if (i % 9 === 0) clock.pause(pauses[i % pauses.length] ?? 0);
        expect(certain()).toBeLessThanOrEqual(1);
        await clock.advance(250);
        expect(certain()).toBeLessThanOrEqual(1);
      }
      const terms = termsOf(both.map(({ log }) => log));
      expect(new Set(terms).size).toBe(terms.length);
    }),
    { numRuns: 40, interruptAfterTimeLimit: 20_000 },
  );
}, 30_000);
