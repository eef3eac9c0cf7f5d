import { expect, it } from 'vitest';
import { isReplaced } from './leaving.ts';

const serving = { isHealthy: true, isServing: true };
const starting = { isHealthy: true, isServing: false };
const dark = { isHealthy: false, isServing: false };

it.each([
  ['there is no region with a place', [], false],
  ['one of them does not serve yet', [serving, starting], false],
  ['all of them serve', [serving, serving], true],
  ['all that can be seen serve', [serving, dark], true],
  ['none can be seen', [dark, dark], false],
])('a region without a place may go when %s: %s', (_name, places, expected) => {
  expect(isReplaced(places)).toBe(expected);
});
