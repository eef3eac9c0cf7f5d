import { describe, expect, it } from 'vitest';
import { isCompatible } from './contracts.ts';

describe('a contract version', () => {
  it.each([
    ['the same one', '2.1', '2.1', true],
    ['a later minor one', '2.10', '2.9', true],
    ['an earlier minor one', '2.9', '2.10', false],
    ['a later major one', '3.0', '2.1', false],
    ['an earlier major one', '1.9', '2.1', false],
    ['no version', 'latest', '2.1', false],
  ])('%s: %s for at least %s is %s', (_, provided, atLeast, expected) => {
    expect(isCompatible(provided, atLeast)).toBe(expected);
  });
});
