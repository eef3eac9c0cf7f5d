import { expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { ReadinessBook } from './readiness.ts';

it('counts from when a service was first seen not ready, and begins anew after it was ready', async () => {
  const clock = new ManualClock();
  const book = new ReadinessBook(clock);
  const note = (mail: boolean) =>
    book.note(
      new Map([
        ['mail', mail],
        ['chat', true],
      ]),
    );
  note(false);
  await clock.advance(5000);
  note(false);
  expect([book.active, book.notReadyForMs('mail'), book.notReadyForMs('chat')]).toEqual([2, 5000, 0]);
  expect([book.notReadyFor(5000), book.notReadyFor(5001)]).toEqual([['mail'], []]);
  note(true);
  note(false);
  expect(book.notReadyForMs('mail')).toBe(0);
  await clock.advance(5000);
  book.note(new Map());
  expect([book.active, book.notReadyForMs('mail')]).toEqual([0, 0]);
});
