import { expect, test } from 'vitest';
import { holds, project } from './drift.ts';

test.each<[string, unknown, unknown]>([
  ['defaults of the server', { a: 1 }, { a: 1, b: 2 }],
  ['an empty annotation map that is left out', { metadata: { annotations: {} } }, { metadata: {} }],
  ['a false and a zero that are left out', { a: false, b: 0, c: '', d: [] }, {}],
  ['a list of the server’s order, with an element of another manager', named('b', 'a'), named('a', 'injected', 'b')],
  ['defaults within list elements', { ports: [{ port: 80 }] }, { ports: [{ port: 80, protocol: 'TCP', nodePort: 3 }] }],
  ['a canonical amount of cores', { cpu: '1000m' }, { cpu: '1' }],
  ['a fraction of a core', { cpu: '0.5' }, { cpu: '500m' }],
  ['a canonical amount of memory', { memory: '1024Mi' }, { memory: '1Gi' }],
  ['a number that is kept as text', { cpu: 1 }, { cpu: '1' }],
  ['an exponent', { memory: '1e3' }, { memory: '1k' }],
])('%s is no drift', (_name, desired, actual) => {
  expect(holds(desired, actual)).toBe(true);
});

test.each<[string, unknown, unknown]>([
  ['another value', { a: 1 }, { a: 2 }],
  ['a missing value', { a: 1 }, {}],
  ['another type', { a: { b: 1 } }, { a: [1] }],
  ['a list that became text', { a: ['x'] }, { a: 'x' }],
  ['a missing element', named('a', 'b'), named('a')],
  ['a changed element', { ports: [{ port: 80, name: 'x' }] }, { ports: [{ port: 81, name: 'x' }] }],
  ['other arguments', { args: ['a', 'b'] }, { args: ['b', 'a'] }],
  ['more arguments', { args: ['a'] }, { args: ['a', 'b'] }],
  ['another amount', { memory: '1Gi' }, { memory: '1G' }],
  ['a text that only looks like a number', { a: '1x' }, { a: '1' }],
  ['a selector that was narrowed', { selector: { app: 'x' } }, { selector: { app: 'x', slot: 'fenced' } }],
  [
    'a label selector that was narrowed',
    { selector: { matchLabels: { app: 'x' } } },
    { selector: { matchLabels: { app: 'x', slot: 'a' } } },
  ],
])('%s is drift', (_name, desired, actual) => {
  expect(holds(desired, actual)).toBe(false);
});

test('the projection is our part of an object as the server wrote it', () => {
  expect(project({ a: 1, b: { c: 2 } }, { a: 9, b: { c: 8, d: 7 }, e: 6 })).toEqual({ a: 9, b: { c: 8 } });
});

function named(...names: string[]) {
  return { containers: names.map((name) => ({ name })) };
}
