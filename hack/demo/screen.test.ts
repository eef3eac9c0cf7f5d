import { expect, test } from 'vitest';
import { createPlainScreen } from './screen.ts';

function setUp() {
  const written: string[] = [];
  const screen = createPlainScreen((text) => written.push(text.replace(/^ *[\d.]+ s {2}/, '')), performance.now());
  return { screen, written };
}

test('without a terminal only rows that have changed are printed', () => {
  const { screen, written } = setUp();
  screen.show([line('a', '1'), line('b', '1')]);
  screen.show([line('a', '1'), line('b', '2')]);
  screen.show([line('a', '1'), line('b', '2')]);
  expect(written).toEqual(['| 1\n', '| 1\n', '| 2\n']);
});

test('without a terminal there are no colours', () => {
  expect(setUp().screen.paint('red', 'text')).toBe('text');
});

test('a muted screen says nothing any more', () => {
  const { screen, written } = setUp();
  screen.mute();
  screen.say('a');
  screen.show([line('a', '1')]);
  expect(written).toEqual([]);
});

const line = (key: string, text: string) => ({ key, text });
