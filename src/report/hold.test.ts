import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HoldStatus } from '../api/service-instance.ts';
import { serviceInstance } from '../api/service-instance.ts';
import type { InstanceDecision } from '../decide/instance-view.ts';
import { describeHold, holdStatus, summarizeReturns } from './hold.ts';

type Held = Extract<InstanceDecision, { kind: 'Hold' }>;
const NOW = Date.UTC(2026, 0, 1);
const aHold = (more: Partial<Held> = {}): Held => ({
  kind: 'Hold',
  wanted: 'SwitchedBack',
  reason: 'NotStableYet',
  message: 'region east must have been healthy for 300 s',
  recheckAfterMs: 300_000,
  ...more,
});
const told = (more: Partial<HoldStatus> = {}): HoldStatus => ({
  wanted: 'SwitchedBack',
  reason: 'NotStableYet',
  message: 'wait',
  until: '2026-01-01T00:05:00Z',
  ...more,
});

describe('a hold that only time ends', () => {
  it('is told as a moment, which is never too early', () => {
    expect(holdStatus(aHold(), undefined, NOW).until).toBe('2026-01-01T00:05:00Z');
    expect(holdStatus(aHold({ recheckAfterMs: 300_001 }), undefined, NOW).until).toBe('2026-01-01T00:05:01Z');
  });

  it('is told once: as time passes nothing is written anew, however the clocks of one machine drift apart', () => {
    const passing = fc.integer({ min: 0, max: 300_000 });
    const drift = fc.integer({ min: -90, max: 90 });
    fc.assert(
      fc.property(passing, drift, (passedMs, perMille) => {
        const first = holdStatus(aHold(), undefined, NOW);
        const leftMs = Math.round((300_000 - passedMs) * (1 + perMille / 1000));
        const later = holdStatus(aHold({ recheckAfterMs: leftMs }), first, NOW + passedMs);
        expect(later).toEqual(first);
      }),
    );
  });

  it.each<[string, Partial<Held>, Partial<HoldStatus>]>([
    ['it begins anew', { recheckAfterMs: 350_000 }, {}],
    ['it is held for another reason', { reason: 'OutsideWindow', recheckAfterMs: 301_000 }, {}],
    ['something else is wanted', { wanted: 'FailedOver', recheckAfterMs: 301_000 }, {}],
  ])('is told anew when %s', (_, change, before) => {
    expect(holdStatus(aHold(change), told(before), NOW).until).not.toBe('2026-01-01T00:05:00Z');
  });

  it('is what the API allows', () => {
    const hold = holdStatus(aHold({ message: 'x'.repeat(5000) }), undefined, NOW);
    expect(serviceInstance.status?.parse({ hold })).toMatchObject({ hold });
  });
});

it('a hold that something else ends names that, and no time', () => {
  const hold = holdStatus(aHold({ recheckAfterMs: undefined, endsWhen: 'a person says yes' }), told(), NOW);
  expect(hold).toMatchObject({ endsWhen: 'a person says yes' });
  expect(hold.until).toBeUndefined();
});

describe('in a sentence', () => {
  it.each([
    [{ message: 'wait', until: '2026-01-01T00:05:00Z' }, 'wait; until 2026-01-01T00:05:00Z'],
    [{ message: 'wait', endsWhen: 'a person says yes' }, 'wait; ends when a person says yes'],
    [{ message: 'wait' }, 'wait'],
    [
      { message: 'frozen until 2026-01-01T00:05:00.000Z', until: '2026-01-01T00:05:00Z' },
      'frozen until 2026-01-01T00:05:00.000Z',
    ],
  ])('%o', (hold, sentence) => {
    expect(describeHold(hold)).toBe(sentence);
  });
});

describe('of a group', () => {
  it('the holds on the way home are counted, and the first of the times is told', () => {
    const holds = [
      told({ until: '2026-01-01T00:07:00Z' }),
      told({ until: '2026-01-01T00:06:00Z' }),
      { wanted: 'SwitchedBack', reason: 'ReadyToSwitchBack', message: 'ready' } as const,
      told({ wanted: 'FailedOver', until: '2026-01-01T00:01:00Z' }),
    ];
    expect(summarizeReturns(holds)).toEqual({ held: 3, awaitingApproval: 1, nextTime: '2026-01-01T00:06:00Z' });
  });

  it('nothing is said when nothing is held', () => {
    expect(summarizeReturns([told({ wanted: 'FailedOver' })])).toBeUndefined();
  });
});
