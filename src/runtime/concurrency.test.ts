import { describe, expect, it } from 'vitest';
import { forEachConcurrently } from './concurrency.ts';

/** Work that ends when the test says so. */
function heldWork() {
  const started: number[] = [];
  const ends = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  const work = (item: number): Promise<void> =>
    new Promise((resolve, reject) => {
      started.push(item);
      ends.set(item, { resolve, reject });
    });
  return {
    started,
    work,
    end: (item: number) => ends.get(item)?.resolve(),
    fail: (item: number) => ends.get(item)?.reject(new Error(`${item}`)),
  };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('work over many items', () => {
  it('is done in order, so many at a time', async () => {
    const { end, started, work } = heldWork();
    const all = forEachConcurrently([1, 2, 3], 2, work);
    expect(started).toEqual([1, 2]);
    end(2);
    await turn();
    expect(started).toEqual([1, 2, 3]);
    end(1);
    end(3);
    await all;
  });

  it('takes no further item after the first error, and rejects with it', async () => {
    const { end, fail, started, work } = heldWork();
    const all = forEachConcurrently([1, 2, 3], 2, work);
    const failed = expect(all).rejects.toThrow('1');
    fail(1);
    await turn();
    end(2);
    await failed;
    expect(started).toEqual([1, 2]);
  });

  it('is over at once without items', async () => {
    await forEachConcurrently([], 4, () => Promise.reject(new Error('never')));
  });
});
