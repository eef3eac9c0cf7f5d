import { describe, expect, it } from 'vitest';
import { anAssignment, anOrder, anOrderedComponent } from '../../test/support/objects.ts';
import { computeHandOver, type RegionSaid } from './hand-over.ts';

/** West is active since epoch 2 and came from east. */
const ASSIGNMENT = { ...anAssignment('1 east>west', '2 west>east'), activeSinceEpoch: 2, cameFrom: 'east' };
const said = (east: Partial<RegionSaid>, west: Partial<RegionSaid> = {}): RegionSaid[] =>
  Object.entries({ east, west }).map(([region, more]) => ({
    region,
    standbyEpoch: 0,
    grantedEpoch: 0,
    dataStores: [],
    ...more,
  }));
const demoted = { name: 'pg', state: 'Demoted', run: 1, handedTo: 2, token: 'T' } as const;
const judge = (region: string, list: readonly RegionSaid[]) => computeHandOver(region, ASSIGNMENT, list, undefined);

describe('how the active region came by its right', () => {
  it.each<[string, RegionSaid[], string | undefined, string | undefined]>([
    ['is not told before it is known', said({}), undefined, undefined],
    ['is told when the others have confirmed', said({ standbyEpoch: 2 }), 'Confirmed', 'Confirmed'],
    ['is told when it runs without that', said({}, { grantedEpoch: 2 }), 'Forced', 'Forced'],
    ['counts no confirmation of an earlier run', said({ standbyEpoch: 1 }, { grantedEpoch: 2 }), 'Forced', 'Forced'],
    ['counts no grant of an earlier run', said({}, { grantedEpoch: 1 }), undefined, undefined],
  ])('%s', (_, list, west, east) => {
    expect([judge('west', list).handOver, judge('east', list).handOver]).toEqual([west, east]);
  });

  it('tells each region that stands by of itself: one that confirmed was not passed over', () => {
    const north: RegionSaid = { region: 'north', standbyEpoch: 2, grantedEpoch: 0, dataStores: [] };
    const list = [...said({}, { grantedEpoch: 2 }), north];
    expect(['west', 'east', 'north'].map((region) => judge(region, list).handOver)).toEqual([
      'Forced',
      'Forced',
      'Confirmed',
    ]);
  });

  it('stays told for the run, and is judged anew for the next', () => {
    const spec = { activeSinceEpoch: 2, handOver: 'Forced', epoch: 2 };
    const present = anOrder('mail', [anOrderedComponent()], spec);
    const confirmed = said({ standbyEpoch: 2 }, { grantedEpoch: 2 });
    expect(computeHandOver('east', ASSIGNMENT, confirmed, present).handOver).toBe('Forced');
    const back = { ...ASSIGNMENT, activeRegion: 'east', activeSinceEpoch: 3 };
    expect(computeHandOver('east', back, said({}, { standbyEpoch: 3 }), present).handOver).toBe('Confirmed');
  });
});

describe('the token of a demoted store', () => {
  it('goes to the active region, from one that has confirmed', () => {
    const list = said({ standbyEpoch: 2, dataStores: [demoted] });
    expect([...judge('west', list).tokens]).toEqual([['pg', 'T']]);
    expect([...judge('east', list).tokens]).toEqual([]);
  });

  it('is not taken from an earlier hand-over, nor before the region has confirmed', () => {
    const old = { ...demoted, handedTo: 1 };
    expect([...judge('west', said({ standbyEpoch: 2, dataStores: [old] })).tokens]).toEqual([]);
    const early = said({ standbyEpoch: 1, dataStores: [demoted] }, { grantedEpoch: 2 });
    expect([...judge('west', early).tokens]).toEqual([]);
  });

  it('is kept as it was told', () => {
    const stores = [{ name: 'pg', driver: 'CloudNativePG', promotionToken: 'T' }];
    const spec = { activeSinceEpoch: 2, handOver: 'Confirmed', epoch: 2, dataStores: stores };
    const present = anOrder('mail', [anOrderedComponent()], spec);
    expect([...computeHandOver('west', ASSIGNMENT, said({}), present).tokens]).toEqual([['pg', 'T']]);
  });
});
