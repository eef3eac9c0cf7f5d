import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { GeneratedFile } from './generated-file.ts';
import { cell, code, table } from './markdown.ts';

const NOTE = '<!-- Generated from src/ by `npm run gen`: do not edit. -->';
const ROOT = join(import.meta.dirname, '../..');

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly keys: readonly string[];
  readonly file: string;
}

/** What keys mean; a key without a meaning here is not written (a test says so). */
export const LOG_KEYS: Readonly<Record<string, string>> = {
  because: 'why, in a sentence for people',
  centre: 'transit centre',
  class: 'ServiceClass',
  drill: 'name of a drill of the calendar',
  epoch: 'epoch of the assignment or order',
  error: 'what went wrong; where it is written whole: `type`, `message`, `stack`, with its causes',
  for: 'what an order waits for',
  from: 'region, transit centre or state before',
  group: 'IUGroup',
  instance: 'ServiceInstance, as `namespace/name`',
  invariant: 'the invariant that would be broken',
  leaseMs: 'how long a right lasts, in milliseconds',
  peer: 'another region, as an agent sees it',
  pod: 'pod that was evicted',
  port: 'port that is listened on',
  probe: 'name of a probe of a transit centre',
  reason: 'one word of the list of reasons, or why a leadership ended',
  region: 'region that the line is about; of every line of an agent: its own',
  role: '`Active` or `Standby`; in the base of each line: `hub` or `agent`',
  service: 'service in a region, as `namespace/name`',
  step: 'step of the shutdown',
  switch: 'RegionSwitch',
  tenant: 'Tenant, as `namespace/name`',
  term: 'number of a leadership',
  to: 'region, transit centre or state after',
  wanted: 'the move that is held',
  zone: 'availability zone',
};

/** The gate has a log of its own, on its own standard error; tests and the tool itself write none. */
const isRead = (file: string): boolean =>
  file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.startsWith('gate/') && !file.startsWith('cli/');

/** Every line that hub and agents may write, as it stands in the sources. */
export function listLogLines(): readonly LogLine[] {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).map((file) =>
    file.replaceAll('\\', '/'),
  );
  return files.filter(isRead).sort().flatMap(linesOf);
}

function linesOf(file: string): readonly LogLine[] {
  const text = readFileSync(join(ROOT, 'src', file), 'utf8');
  const calls = text.matchAll(
    /\blog\(\s*'(?<level>debug|info|warn|error)',\s*'(?<message>[^']+)'(?:,\s*(?<rest>\{))?/g,
  );
  return [...calls].map(({ 0: all, groups = {}, index }) => ({
    level: groups['level'] ?? '',
    message: groups['message'] ?? '',
    keys: groups['rest'] === undefined ? [] : keysOf(text, index + all.length),
    file: posix.join('src', file),
  }));
}

/** Keys of the object literal that was opened right before `from`. */
function keysOf(text: string, from: number): readonly string[] {
  let depth = 1;
  let top = '';
  for (let at = from; depth > 0 && at < text.length; at += 1) {
    const character = text[at] ?? '';
    if ('}])'.includes(character)) depth -= 1;
    if (depth === 1 && !'}])'.includes(character)) top += character;
    if ('{[('.includes(character)) depth += 1;
  }
  return top
    .split(',')
    .map((part) =>
      part
        .trim()
        .replace(/:[\s\S]*$/, '')
        .trim(),
    )
    .filter((key) => /^\w+$/.test(key));
}

export function renderLogs(): readonly GeneratedFile[] {
  const lines = listLogLines();
  const used = [...new Set(lines.flatMap(({ keys }) => keys))].sort();
  const text = [
    NOTE,
    '# Logs',
    'Hub and agents write JSON lines to standard output, from `SWITCHBACK_LOG_LEVEL` on (`debug`, `info`, `warn`, `error`). No log is needed to understand a state: conditions and events tell it. Credentials never stand in a line.',
    '## In every line',
    table(
      ['key', 'meaning'],
      [
        [code('level'), '`debug`, `info`, `warn` or `error`'],
        [code('time'), 'RFC 3339, UTC, with milliseconds'],
        [code('role'), '`hub` or `agent`'],
        [code('region'), 'of an agent: its region'],
        [code('msg'), 'one of the messages below, word for word'],
      ],
    ),
    '## Keys',
    table(
      ['key', 'meaning'],
      used.map((key) => [code(key), cell(LOG_KEYS[key] ?? '')]),
    ),
    '## Messages',
    'What tells of a link to a transit centre has its states too: `voice`, `mpls`.',
    table(
      ['level', 'message', 'keys', 'from'],
      lines.map(({ file, keys, level, message }) => [level, cell(message), keys.map(code).join(', '), code(file)]),
    ),
  ].join('\n\n');
  return [{ path: 'docs/reference/logs.md', text: `${text}\n` }];
}
