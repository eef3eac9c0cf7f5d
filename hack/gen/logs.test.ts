import { expect, it } from 'vitest';
import { LOG_KEYS, listLogLines } from './logs.ts';

it('every key of a log line has a meaning that the page tells, and no meaning is left over', () => {
  const keys = new Set(listLogLines().flatMap((line) => line.keys));
  expect([...keys].sort()).toEqual(Object.keys(LOG_KEYS).sort());
});

it('the lines are found with their keys', () => {
  expect(listLogLines()).toContainEqual({
    level: 'info',
    message: 'Standby is confirmed',
    keys: ['service', 'epoch'],
    file: 'src/agent/service-loop.ts',
  });
});
