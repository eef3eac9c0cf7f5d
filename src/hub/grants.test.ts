import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { GrantBook } from './grants.ts';

describe('the time since an acknowledgement', () => {
  it('is unknown for what was never acknowledged', () => {
    const book = new GrantBook(new ManualClock());
    book.note('east', ['ns/mail']);
    expect(book.sinceMs('east', 'ns/chat')).toBeUndefined();
    expect(book.sinceMs('west', 'ns/mail')).toBeUndefined();
  });

  it('counts from the last one, for each region and service', async () => {
    const clock = new ManualClock();
    const book = new GrantBook(clock);
    book.note('east', ['ns/mail', 'ns/chat']);
    await clock.advance(1000);
    book.note('east', ['ns/mail']);
    await clock.advance(500);
    expect(book.sinceMs('east', 'ns/mail')).toBe(500);
    expect(book.sinceMs('east', 'ns/chat')).toBe(1500);
  });

  it('is the least that can have passed: a clock that jumps ahead shortens no wait', async () => {
    const clock = new ManualClock();
    const book = new GrantBook(clock);
    book.note('east', ['ns/mail']);
    clock.wallOffsetMs += 60_000;
    await clock.advance(1000);
    expect(book.sinceMs('east', 'ns/mail')).toBe(1000);
    clock.wallOffsetMs -= 120_000;
    expect(book.sinceMs('east', 'ns/mail')).toBeLessThan(0);
  });

  it('is forgotten with the leadership', () => {
    const book = new GrantBook(new ManualClock());
    book.note('east', ['ns/mail']);
    book.forget();
    expect(book.sinceMs('east', 'ns/mail')).toBeUndefined();
  });
});
