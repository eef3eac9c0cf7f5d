import { expect, test } from 'vitest';
import { isServedNowhere, longestMs, runsTwice, type Sight, Timeline, totalMs } from './timeline.ts';

const sight = (running: readonly string[], serving: readonly string[] = running): Sight => ({ running, serving });

/** Served in east, then nowhere (still running, then gone), then in west. */
function failover(): Timeline {
  const timeline = new Timeline();
  timeline.note(0, sight(['east']));
  timeline.note(10, sight(['east'], []));
  timeline.note(14, sight([]));
  timeline.note(30, sight(['west'], []));
  timeline.note(35, sight(['west']));
  return timeline;
}

test('a look that shows nothing new leaves no trace', () => {
  const timeline = new Timeline();
  for (const atMs of [0, 5, 9]) timeline.note(atMs, sight(['east']));
  expect(timeline.between(0, 20)).toEqual([{ fromMs: 0, toMs: 20, running: ['east'], serving: ['east'] }]);
});

test('time without service is counted over all that changes meanwhile', () => {
  expect(longestMs(failover().between(0, 50), isServedNowhere)).toBe(25);
});

test('only what lies between the bounds is counted', () => {
  expect(longestMs(failover().between(20, 32), isServedNowhere)).toBe(12);
  expect(failover().between(40, 45)).toEqual([{ fromMs: 40, toMs: 45, running: ['west'], serving: ['west'] }]);
});

test('the longest time is that of one break, the total that of all', () => {
  const timeline = new Timeline();
  const states = [['a'], [], ['a'], [], ['a']];
  for (const [index, regions] of states.entries()) timeline.note([0, 1, 3, 5, 10][index] ?? 0, sight(regions));
  expect(longestMs(timeline.between(0, 20), isServedNowhere)).toBe(5);
  expect(totalMs(timeline.between(0, 20), isServedNowhere)).toBe(7);
});

test('two active sides are pods in two regions, whether they serve or not', () => {
  const timeline = new Timeline();
  timeline.note(0, sight(['east']));
  timeline.note(10, sight(['east', 'west'], ['east']));
  timeline.note(13, sight(['west']));
  expect(totalMs(timeline.between(0, 20), runsTwice)).toBe(3);
});

test('a service that was never seen has no history', () => {
  expect(new Timeline().between(0, 10)).toEqual([]);
});
