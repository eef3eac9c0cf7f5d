import { expect, test } from 'vitest';
import { createLog } from './log.ts';

function recorded(level: 'debug' | 'info') {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  return { lines, log: createLog({ level, base: { role: 'hub' }, wallMs: () => 0, destination }) };
}

test('writes one JSON line with stable keys, and nothing below the level', () => {
  const { lines, log } = recorded('info');
  log('debug', 'unseen', {});
  log('info', 'promoted', { region: 'us-east', epoch: 3 });
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { level: 'info', time: '1970-01-01T00:00:00.000Z', role: 'hub', region: 'us-east', epoch: 3, msg: 'promoted' },
  ]);
});

test('writes an error with its cause and hides credentials', () => {
  const { lines, log } = recorded('info');
  const error = new Error('outer', { cause: new Error('inner') });
  log('error', 'failed', { error, headers: { authorization: 'Bearer secret' }, secret: { data: { key: 'value' } } });
  const [line = ''] = lines;
  expect(JSON.parse(line)).toMatchObject({ error: { type: 'Error', cause: { message: 'inner' } } });
  expect(line).not.toMatch(/Bearer|value/);
});
