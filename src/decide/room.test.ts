import { describe, expect, it } from 'vitest';
import { anInstanceView, type ViewChange } from '../../test/support/instance-view.ts';
import { anAssignment } from '../../test/support/objects.ts';
import { decideInstance } from './failover.ts';
import { afterDecision, type Ledger, turnsOf } from './ledger.ts';
import { chooseSuccessor, chooseTarget } from './target.ts';

const ASSIGNMENT = anAssignment('1 east>west,north');
const NOWHERE = { ok: false, reason: 'NotEnoughZones', message: 'too few zones' } as const;
/** By region: what is planned, of ten. */
const filled = (planned: Readonly<Record<string, number>>) =>
  new Map(Object.entries(planned).map(([region, count]) => [region, { planned: count, capacity: 10 }] as const));
const restraint = (region: string) => ({ name: 'by-hand', region, until: undefined });

describe('where a service goes', () => {
  it.each<[string, ViewChange, string]>([
    ['the first region with room', { room: filled({ west: 9 }) }, 'north'],
    ['the first region when it fits exactly', { room: filled({ west: 8 }) }, 'west'],
    ['the first region when none has room', { room: filled({ west: 9, north: 9 }) }, 'west'],
    ['a region with a place', { regions: { west: { place: NOWHERE } } }, 'north'],
    [
      'a full region rather than one without a place',
      { room: filled({ north: 10 }), regions: { west: { place: NOWHERE } } },
      'north',
    ],
    [
      'a region that a person wants empty rather than a full one',
      { room: filled({ north: 10 }), restraints: { freezes: [], keptEmpty: [restraint('west')] } },
      'west',
    ],
    [
      'a full region rather than a frozen one, to which nothing moves at all',
      { room: filled({ north: 10 }), restraints: { freezes: [restraint('west')], keptEmpty: [] } },
      'north',
    ],
  ])('by itself: %s', (_, change, expected) => {
    expect(chooseTarget(anInstanceView(change), ASSIGNMENT)).toBe(expected);
  });

  it.each<[string, ViewChange, string]>([
    ['the region that stands by', { regions: { north: { standbyEpoch: 1 } } }, 'north'],
    [
      'a region with room rather than one that stands by',
      { room: filled({ north: 9 }), regions: { north: { standbyEpoch: 1 } } },
      'west',
    ],
  ])('by hand: %s', (_, change, expected) => {
    expect(chooseSuccessor(anInstanceView(change), ASSIGNMENT)).toBe(expected);
  });
});

describe('services of one pass', () => {
  it('are decided about by SLA class, then by name', () => {
    const turns = [
      { slaClass: 2, key: 'ns/a' },
      { slaClass: 1, key: 'ns/c' },
      { slaClass: 1, key: 'ns/b' },
    ];
    const inTurn = (...sets: string[][]) => turnsOf(turns, sets).map((turn) => turn.map(({ key }) => key).join());
    expect(inTurn()).toEqual(['ns/b', 'ns/c', 'ns/a']);
    // With the most important one of its set, and after it; one that is gone is nobody.
    expect(inTurn(['ns/a', 'ns/b'])).toEqual(['ns/b,ns/a', 'ns/c']);
    expect(inTurn(['ns/a', 'ns/c', 'ns/gone'])).toEqual(['ns/b', 'ns/c,ns/a']);
  });

  it('leave to the next one what they do not take, and nothing of a region that is not limited is counted', () => {
    const start: Ledger = { room: filled({ west: 5 }), returning: 0 };
    const decide = (ledger: Ledger) => {
      const view = anInstanceView({ ...ledger, regions: { east: { state: 'Lost' } } });
      return { view, decision: decideInstance(view) };
    };
    let ledger = start;
    const targets: string[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      const { decision, view } = decide(ledger);
      targets.push(decision.kind === 'Assign' ? decision.intent.activeRegion : decision.kind);
      ledger = afterDecision(ledger, view, decision);
    }
    expect(targets).toEqual(['west', 'west', 'north', 'north']);
    expect(ledger.room).toEqual(filled({ west: 9 }));
    expect(start.room).toEqual(filled({ west: 5 }));
  });

  it('count as on their way home from the moment that they are sent there', () => {
    const assignment = anAssignment('1 east>west,north', '2 west>east,north');
    const regions = { east: { standbyEpoch: 2 }, west: { grantedEpoch: 2 }, north: { standbyEpoch: 2 } };
    const view = anInstanceView({ assignment, regions, policy: { maxReturning: 1 } });
    const decision = decideInstance(view);
    const ledger = afterDecision({ room: new Map(), returning: 0 }, view, decision);
    expect(ledger.returning).toBe(1);
    expect(decideInstance({ ...view, ...ledger })).toMatchObject({ kind: 'Hold', reason: 'ConcurrencyLimit' });
  });

  it.each(['None', 'Active'] as const)(
    'of mode %s take nothing: they are counted wherever they have a place',
    (mode) => {
      const view = anInstanceView({ mode, primary: 'west', secondaries: [], room: filled({ west: 5 }) });
      const ledger = { room: view.room, returning: 0 };
      expect(afterDecision(ledger, view, decideInstance(view))).toBe(ledger);
    },
  );
});
