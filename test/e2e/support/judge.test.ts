import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ack, findClashes, findLost, longestGap } from './judge.ts';

const ack = (by: string, epoch: number, atMs: number, slot = atMs): Ack => ({
  id: `${by}-${atMs}`,
  slot,
  epoch,
  by,
  region: by,
  node: by,
  atMs,
});

describe('writes accepted by two at once', () => {
  it.each<[string, readonly Ack[], readonly [string, string][]]>([
    ['are none while one follows the other', [ack('east', 1, 1), ack('east', 1, 2), ack('west', 2, 3)], []],
    ['are none when a process is restarted at its epoch', [ack('east', 1, 1), ack('east2', 1, 2)], []],
    ['are found whatever the order in which they were heard of', [ack('west', 2, 3), ack('east', 1, 1)], []],
    [
      'are those of who goes on after the next one began',
      [ack('east', 1, 1), ack('west', 2, 2), ack('east', 1, 3), ack('west', 2, 4)],
      [
        ['west-2', 'east-3'],
        ['east-3', 'west-4'],
      ],
    ],
    [
      'are those of who begins at an epoch that is over',
      [ack('west', 2, 1), ack('east', 1, 2)],
      [['west-1', 'east-2']],
    ],
    ['are those of two at one epoch', [ack('a', 1, 1), ack('b', 1, 2), ack('a', 1, 3)], [['b-2', 'a-3']]],
  ])('%s', (_what, acks, clashes) => {
    expect(findClashes(acks).map(({ earlier, later }) => [earlier.id, later.id])).toEqual(clashes);
  });

  it('are found wherever a write of a process falls among those of its follower', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.integer({ min: 1, max: 20 }), (before, after) => {
        const east = Array.from({ length: before + 1 }, (_, index) => ack('east', 1, index));
        const west = Array.from({ length: after }, (_, index) => ack('west', 2, 100 + 2 * index));
        expect(findClashes([...west, ...east])).toEqual([]);
        expect(findClashes([...west, ...east, ack('east', 1, 101)])).not.toEqual([]);
      }),
    );
  });
});

describe('writes that were lost', () => {
  it('are those whose slot holds another one, or nothing', () => {
    const acks = [ack('east', 1, 1, 0), ack('east', 1, 2, 1), ack('east', 1, 3, 2)];
    expect(findLost(acks, ['east-1', 'west-2']).map(({ id }) => id)).toEqual(['east-2', 'east-3']);
  });
});

describe('the longest time without an answer', () => {
  it.each<[string, readonly number[], number, number]>([
    ['is between two answers', [10, 20, 70, 80], 20, 50],
    ['is the whole when there was none', [], 0, 100],
    ['may be at the beginning', [60, 90], 0, 60],
    ['may be at the end', [10, 20], 20, 80],
    ['does not look beyond', [-5, 50, 200], 0, 50],
  ])('%s', (_what, answered, fromMs, lengthMs) => {
    expect(longestGap(answered, 0, 100)).toEqual({ fromMs, lengthMs });
  });
});
