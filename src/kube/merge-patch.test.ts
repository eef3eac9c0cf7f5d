import { describe, expect, it } from 'vitest';
import { mergePatch } from '../../test/support/json.ts';
import { replacing } from './merge-patch.ts';

describe('what a merge patch says of a value that replaces another one', () => {
  it.each<[string, unknown, unknown, unknown]>([
    ['what is new', {}, { a: 1 }, { a: 1 }],
    ['null for what is gone', { a: 1, b: 2 }, { b: 2 }, { a: null, b: 2 }],
    ['null for what is gone within', { a: { b: 1, c: 2 } }, { a: { c: 2 } }, { a: { b: null, c: 2 } }],
    ['null for what is there and undefined', { a: 1 }, { a: undefined }, { a: null }],
    ['lists as they are', { a: [{ b: 1 }] }, { a: [{ c: 1 }] }, { a: [{ c: 1 }] }],
    ['another kind of value', { a: { b: 1 } }, { a: 'text' }, { a: 'text' }],
    ['what was nothing', undefined, { a: 1 }, { a: 1 }],
  ])('%s', (_, old, next, patch) => {
    const sent: unknown = JSON.parse(JSON.stringify(replacing(old, next)));
    expect(sent).toEqual(patch);
    expect(mergePatch(old ?? {}, sent)).toEqual(JSON.parse(JSON.stringify(next)));
  });
});
