import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anAssignment } from '../../test/support/objects.ts';
import { type AuthorityView, canPromote, type RegionFacts } from './authority.ts';

const WAIT_MS = 18_000;
type Facts = Readonly<Record<string, Partial<RegionFacts>>>;

/** A leader of long standing that has not acknowledged the service to anybody. */
function view(history: readonly string[], facts: Facts, more: Partial<AuthorityView> = {}): AuthorityView {
  const regions = new Map(
    ['east', 'west', 'north'].map((region): [string, RegionFacts] => [
      region,
      { standbyEpoch: 0, grantedEpoch: 0, sinceAckMs: undefined, ...facts[region] },
    ]),
  );
  return { assignment: anAssignment(...history), regions, sinceLeadMs: 3_600_000, waitMs: WAIT_MS, ...more };
}

const MOVED = ['1 east>west,north', '2 west>east,north'];

describe('a promotion', () => {
  it('needs the confirmation of every other region', () => {
    const facts = { east: { standbyEpoch: 2 }, north: { standbyEpoch: 2 } };
    expect(canPromote(view(MOVED, facts, { sinceLeadMs: 0 }))).toEqual({ ok: true, by: 'Confirmed' });
  });

  it('waits for the confirmation of a region that answers, however long ago its right ended', () => {
    const facts = { east: { mustConfirm: true }, north: { standbyEpoch: 2 } };
    expect(canPromote(view(MOVED, facts))).toEqual({ ok: false, waitingFor: ['east'], remainingMs: undefined });
    expect(canPromote(view(MOVED, { ...facts, east: { mustConfirm: true, standbyEpoch: 2 } })).ok).toBe(true);
  });

  it('does not take a confirmation of an earlier epoch for one', () => {
    const facts = { east: { standbyEpoch: 1 }, north: { standbyEpoch: 2 } };
    const permission = canPromote(view(MOVED, facts, { sinceLeadMs: 0 }));
    expect(permission).toEqual({ ok: false, waitingFor: ['east'], remainingMs: WAIT_MS });
  });

  it('takes a confirmation of a later epoch for one', () => {
    const facts = { east: { standbyEpoch: 5 }, north: { standbyEpoch: 7 } };
    expect(canPromote(view(MOVED, facts, { sinceLeadMs: 0 })).ok).toBe(true);
  });

  it('asks regions that were never active too, not only the one that was left', () => {
    const facts = { east: { standbyEpoch: 2 } };
    const permission = canPromote(view(MOVED, facts, { sinceLeadMs: 1000 }));
    expect(permission).toEqual({ ok: false, waitingFor: ['north'], remainingMs: WAIT_MS - 1000 });
  });

  it('asks a region that was active two epochs ago, not only the last one', () => {
    const history = ['1 north>east,west', '2 east>west,north', '3 west>east,north'];
    const facts = { east: { standbyEpoch: 3 }, north: { sinceAckMs: 2000 } };
    expect(canPromote(view(history, facts))).toEqual({ ok: false, waitingFor: ['north'], remainingMs: WAIT_MS - 2000 });
  });

  it.each<[string, number | undefined, number, number]>([
    ['the last acknowledgement', 17_999, 3_600_000, 1],
    ['the beginning of the leadership', 3_600_000, 17_999, 1],
    ['the beginning of the leadership, for a region that this leader never acknowledged', undefined, 3_000, 15_000],
  ])('waits out a silent region from %s', (_, sinceAckMs, sinceLeadMs, remainingMs) => {
    const facts = { east: { sinceAckMs }, north: { standbyEpoch: 2 } };
    const permission = canPromote(view(MOVED, facts, { sinceLeadMs }));
    expect(permission).toEqual({ ok: false, waitingFor: ['east'], remainingMs });
  });

  it('goes on when the wait is over', () => {
    const facts = { east: { sinceAckMs: WAIT_MS }, north: { standbyEpoch: 2 } };
    expect(canPromote(view(MOVED, facts, { sinceLeadMs: WAIT_MS }))).toEqual({ ok: true, by: 'WaitedOut' });
  });

  it('tells the longest of several waits', () => {
    const facts = { east: { sinceAckMs: 10_000 }, north: { sinceAckMs: 4_000 } };
    const permission = canPromote(view(MOVED, facts));
    expect(permission).toEqual({ ok: false, waitingFor: ['east', 'north'], remainingMs: 14_000 });
  });
});

describe('a region that is not certain to stop by itself', () => {
  it('is never waited out in favour of one that was not its successor', () => {
    const history = ['1 east>north', '2 west>east,north'];
    const facts = { north: { standbyEpoch: 2 } };
    expect(canPromote(view(history, facts))).toEqual({ ok: false, waitingFor: ['east'], remainingMs: undefined });
  });

  it('is never waited out while it may be at an epoch before its successors changed', () => {
    const history = ['1 east>north', '2 east>west,north', '3 west>east'];
    const facts = { north: { standbyEpoch: 3 } };
    expect(canPromote(view(history, facts)).ok).toBe(false);
  });

  it('is waited out once it has followed the epoch at which the target became its successor', () => {
    const history = ['1 east>north', '2 east>west,north', '3 west>east'];
    const facts = { north: { standbyEpoch: 3 }, east: { grantedEpoch: 2 } };
    expect(canPromote(view(history, facts))).toEqual({ ok: true, by: 'WaitedOut' });
  });

  it('is never waited out where it was ordered to hold on without the hub', () => {
    const history = ['1 east>west,north hold', '2 west>east'];
    const facts = { north: { standbyEpoch: 2 } };
    expect(canPromote(view(history, facts))).toEqual({ ok: false, waitingFor: ['east'], remainingMs: undefined });
    expect(canPromote(view(history, { ...facts, east: { standbyEpoch: 2 } })).ok).toBe(true);
  });

  it('was known to be stopped when a later epoch was granted elsewhere', () => {
    const history = ['1 east>north', '2 north>east,west', '3 west>east,north'];
    const facts = { north: { grantedEpoch: 2, standbyEpoch: 3 } };
    expect(canPromote(view(history, facts))).toEqual({ ok: true, by: 'WaitedOut' });
  });
});

describe('a region that was granted', () => {
  it('is continued by a new leader without a wait', () => {
    const history = ['1 east>west', '2 west>east'];
    const permission = canPromote(view(history, { west: { grantedEpoch: 2 } }, { sinceLeadMs: 0 }));
    expect(permission).toEqual({ ok: true, by: 'Continued' });
  });

  it('is continued at a higher epoch while it stayed the active one', () => {
    const history = ['2 west>east', '3 west>east,north'];
    expect(canPromote(view(history, { west: { grantedEpoch: 2 } }, { sinceLeadMs: 0 })).ok).toBe(true);
  });

  it('is not continued when another region was active in between', () => {
    const history = ['1 west>east', '2 east>west', '3 west>east'];
    expect(canPromote(view(history, { west: { grantedEpoch: 1 } }, { sinceLeadMs: 0 })).ok).toBe(false);
  });
});

describe('a region that ran in the present run beside the one assigned', () => {
  const history = ['1 east>west', '2 west>east', '3 west>east'];
  const ran = { west: { grantedEpoch: 2 }, east: { grantedEpoch: 2 } };

  it('is never waited out, and nobody is continued: another hub decided who was to follow there', () => {
    expect(canPromote(view(history, ran))).toEqual({ ok: false, waitingFor: ['east'], remainingMs: undefined });
  });

  it('is over once the one assigned was granted at a later epoch: what is between may be missing in a history', () => {
    const rebuilt = ['1 west>east', '3 west>east'];
    const facts = { west: { grantedEpoch: 3 }, east: { grantedEpoch: 2 } };
    expect(canPromote(view(rebuilt, facts))).toEqual({ ok: true, by: 'Continued' });
  });

  it('is over once it has confirmed that it stands by', () => {
    const facts = { ...ran, east: { grantedEpoch: 2, standbyEpoch: 3 } };
    expect(canPromote(view(history, facts))).toEqual({ ok: true, by: 'Continued' });
  });
});

it('is never promoted while another region neither confirmed nor was waited out', () => {
  const region = fc.constantFrom('east', 'west', 'north');
  const facts = fc.record({
    standbyEpoch: fc.nat(6),
    grantedEpoch: fc.constant(0),
    sinceAckMs: fc.option(fc.nat(2 * WAIT_MS), { nil: undefined }),
  });
  const history = fc.array(fc.tuple(region, fc.subarray(['east', 'west', 'north']), fc.boolean()), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(
      history,
      fc.record({ east: facts, west: facts, north: facts }),
      fc.nat(2 * WAIT_MS),
      (entries, known, sinceLeadMs) => {
        const told = entries.map(([active, successors, hold], index) => {
          const others = successors.filter((s) => s !== active);
          return `${index + 1} ${active}>${others.join()}${hold ? ' hold' : ''}`;
        });
        const asked = view(told, known, { sinceLeadMs });
        if (!canPromote(asked).ok) return;
        const { activeRegion, epoch } = asked.assignment;
        for (const [name, { sinceAckMs = WAIT_MS, standbyEpoch }] of asked.regions) {
          const isStopped = standbyEpoch >= epoch || Math.min(sinceAckMs, sinceLeadMs) >= WAIT_MS;
          expect(name === activeRegion || isStopped).toBe(true);
        }
      },
    ),
  );
});
