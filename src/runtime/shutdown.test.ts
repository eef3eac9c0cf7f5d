import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { onTermination, Shutdown } from './shutdown.ts';

test('steps run one after another, and a failing or hanging one does not keep the others from running', async () => {
  const clock = new ManualClock();
  const log: string[] = [];
  const shutdown = new Shutdown({
    clock,
    onFailure: (step, error) => log.push(`${step} failed: ${String(error)}`),
    steps: [
      { name: 'readiness', timeoutMs: 1_000, run: () => log.push('readiness') },
      { name: 'drain', timeoutMs: 25_000, run: () => new Promise(() => undefined) },
      {
        name: 'release',
        timeoutMs: 1_000,
        run: () => {
          throw new Error('refused');
        },
      },
      { name: 'close', timeoutMs: 1_000, run: async () => log.push('close') },
    ],
  });
  const first = shutdown.run();
  expect(shutdown.begun).toBe(true);
  expect(shutdown.run()).toBe(first);
  await clock.advance(24_999);
  expect(log).toEqual(['readiness']);
  await clock.advance(1);
  await first;
  expect(log).toEqual([
    'readiness',
    'drain failed: Error: drain took longer than 25000 ms',
    'release failed: Error: refused',
    'close',
  ]);
  expect(clock.pendingTimers).toBe(0);
});

test('the first signal stops, the second forces', () => {
  const source = new EventEmitter();
  const log: string[] = [];
  const forget = onTermination(
    source,
    () => log.push('stop'),
    () => log.push('force'),
  );
  source.emit('SIGTERM');
  source.emit('SIGINT');
  forget();
  source.emit('SIGTERM');
  expect(log).toEqual(['stop', 'force']);
});
