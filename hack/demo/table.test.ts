import { expect, test } from 'vitest';
import type { Row } from './rows.ts';
import { formatRow, formatTable, type Paint } from './table.ts';

const plain: Paint = (_style, text) => text;
const marked: Paint = (style, text) => (text.trim() === '' ? text : `<${style}>${text}`);

const REGIONS = [
  { name: 'east', zones: ['east-a', 'east-b'], state: 'Healthy' },
  { name: 'west', zones: ['west-a'], state: 'Lost' },
];

const row = (changes: Partial<Row> = {}): Row => ({
  key: 'n/voice-mail',
  title: 'voice-mail-east-west',
  mode: 'Backup',
  epoch: '1',
  state: 'Ready',
  note: '',
  cells: [
    {
      phase: 'Active',
      zones: [
        { ready: 2, planned: 2 },
        { ready: 1, planned: 1 },
      ],
    },
    { phase: 'Standby', zones: [] },
  ],
  ...changes,
});

test('shows regions with their diagnosis, zones, and instances ready of those planned', () => {
  const lines = formatTable([row()], REGIONS, plain).map(({ text }) => text);
  expect(`\n${lines.join('\n')}`).toBe(`
                                                   east Healthy           west Lost
SERVICE                               MODE   EPOCH is       zone a zone b is       zone a
voice-mail-east-west                  Backup 1     Active   2/2    1/1    Standby`);
});

test('why a service is not ready stands last', () => {
  const text = formatRow(row({ state: 'Held', note: 'ApprovalRequired' }), REGIONS, plain);
  expect(text.endsWith(' Standby         ApprovalRequired')).toBe(true);
});

test('a name that is too long is cut, the columns stay', () => {
  const text = formatRow(row({ title: 'x'.repeat(60) }), REGIONS, plain);
  expect(text.slice(30, 45)).toBe(`${'x'.repeat(6)}… Backup `);
});

test('missing instances are red, one that stands in another zone than planned is not', () => {
  const cell = (a: number, b: number) => ({
    phase: 'Active',
    zones: [
      { ready: a, planned: 1 },
      { ready: b, planned: 1 },
    ],
  });
  expect(formatRow(row({ cells: [cell(0, 1)] }), REGIONS, marked)).toContain('<red>0/1');
  expect(formatRow(row({ cells: [cell(0, 2)] }), REGIONS, marked)).not.toContain('<red>');
});

test('each row keeps its key, so that a change can be told from another row', () => {
  expect(formatTable([row()], REGIONS, plain).map(({ key }) => key)).toEqual([
    'head/regions',
    'head/columns',
    'n/voice-mail',
  ]);
});
