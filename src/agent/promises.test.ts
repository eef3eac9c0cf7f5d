import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { anOrder, anOrderedComponent } from '../../test/support/objects.ts';
import { PromiseBook } from './promises.ts';

const WAIT_MS = 18_000;
const SINCE_LONG_MS = 3_600_000;
let clock: ManualClock;
let sinceLeadMs: number;
let book: PromiseBook;

const order = (more: Readonly<Record<string, unknown>> = {}) =>
  anOrder('mail', [anOrderedComponent()], { mode: 'Backup', role: 'Active', epoch: 3, ...more });

beforeEach(() => {
  clock = new ManualClock();
  sinceLeadMs = SINCE_LONG_MS;
  book = new PromiseBook({ clock, leadership: { sinceMs: () => sinceLeadMs }, waitMs: WAIT_MS });
});

describe('a start', () => {
  it('waits for nothing when nothing was promised for long', () => {
    expect(book.holdMs(order())).toBe(0);
  });

  it('waits until the last promise has ended', async () => {
    book.note(['switchback-system/mail']);
    await clock.advance(10_000);
    book.note(['switchback-system/chat']);
    expect(book.holdMs(order())).toBe(8_000);
    book.note(['switchback-system/mail']);
    expect(book.holdMs(order())).toBe(WAIT_MS);
    await clock.advance(WAIT_MS);
    expect(book.holdMs(order())).toBe(0);
  });

  it('waits for what an agent before this one may have promised', () => {
    sinceLeadMs = 5_000;
    expect(book.holdMs(order())).toBe(13_000);
  });

  it('waits for nothing when every other region has confirmed at this epoch, and not at an earlier one', () => {
    book.note(['switchback-system/mail']);
    expect(book.holdMs(order({ othersStandbyEpoch: 3 }))).toBe(0);
    expect(book.holdMs(order({ othersStandbyEpoch: 2 }))).toBe(WAIT_MS);
  });

  it('of a service that is active everywhere waits for nothing', () => {
    sinceLeadMs = 0;
    expect(book.holdMs(order({ mode: 'Active' }))).toBe(0);
  });
});
