import { describe, expect, it } from 'vitest';
import { composePatches, mergePatch } from './merge-patch.ts';

/** The examples of RFC 7386, appendix A, for objects. */
describe('mergePatch', () => {
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j is %j', (target, patch, expected) => {
    expect(mergePatch(target, patch)).toEqual(expected);
  });

  it('gives an object no other prototype', () => {
    const patch = JSON.parse('{"__proto__": {"polluted": true}}');
    expect(Reflect.get(mergePatch({}, patch), 'polluted')).toBeUndefined();
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });
});

describe('composePatches', () => {
  it.each([
    ['sets what either sets', { a: 1 }, { b: 2 }],
    ['lets the second win', { a: 1 }, { a: 2 }],
    ['merges objects', { a: { x: 1, y: 1 } }, { a: { y: 2, z: 3 } }],
    ['replaces lists', { a: [1] }, { a: [2] }],
    ['goes on removing', { old: null }, { a: { gone: null } }],
    ['sets again what was removed', { old: null }, { old: 7 }],
  ])('%s', (_name, first, second) => {
    const target = { old: 0, a: { x: 0, gone: 1 } };
    expect(mergePatch(target, composePatches(first, second))).toEqual(mergePatch(mergePatch(target, first), second));
  });
});
