import { expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { createLineLog } from './line-log.ts';

const setUp = () => {
  const written: string[] = [];
  const gates: (() => void)[] = [];
  const write = (text: string): Promise<void> => {
    written.push(text);
    return new Promise((resolve) => gates.push(resolve));
  };
  const lines = createLineLog({ clock: new ManualClock(), base: { role: 'gate' }, write });
  return { lines, written, gates };
};

it('writes one JSON line for each call, with the keys of the other logs', () => {
  const { lines, written } = setUp();
  lines.log('warn', 'No right', { because: 'stands\nby' });
  expect(written).toEqual([
    '{"level":"warn","time":"2026-01-01T00:00:01.000Z","role":"gate","because":"stands\\nby","msg":"No right"}\n',
  ]);
});

it('keeps lines while a write hangs, up to a bound, and writes them together', async () => {
  const { gates, lines, written } = setUp();
  for (let n = 0; n <= 2000; n += 1) lines.log('info', String(n), {});
  expect(written.length).toBe(1);
  const flushed = lines.flush();
  gates.shift()?.();
  await Promise.resolve();
  gates.shift()?.();
  await flushed;
  expect(written.length).toBe(2);
  expect(written[1]?.split('\n').length).toBe(1001);
});
