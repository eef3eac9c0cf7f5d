import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bondOf,
  type InheritanceFacts,
  isBehind,
  judgeInheritance,
  type Mark,
  type OwnRecord,
  type RegionMark,
} from './inheritance.ts';

/** This leadership: the sixth of hub `new`. It took over from `one-of-us` at version 50 of their election record. */
const OWN: OwnRecord = {
  term: 6,
  by: 'me',
  record: 'new/1000',
  past: [
    { term: 3, by: 'first', record: 'new/20' },
    { term: 5, by: 'one-of-us', record: 'new/50' },
  ],
};
const mark = (term: number, by: string, record: string): Mark => ({ term, by, record });
const OURS = { ...mark(6, 'me', 'new/55'), seized: false };
const BEFORE = mark(5, 'one-of-us', 'new/49');
const OLD = mark(4, 'old', 'old/900');
const SEIZED = { ...mark(6, 'me', 'old/900'), seized: true };

describe('a mark in a region', () => {
  it.each<[string, Mark | undefined, string]>([
    ['that is not there says nothing', undefined, 'None'],
    ['of this leadership is ours', OURS, 'Ours'],
    ['of this leadership, above the record of another hub, is seized', SEIZED, 'Seized'],
    [
      'is seized also when the record of the other hub could be one of ours: the API server of a restored hub counts on',
      { ...SEIZED, record: 'new/900' },
      'Seized',
    ],
    ['that an earlier leader had only seized is foreign', { ...BEFORE, seized: true }, 'Foreign'],
    ['of an earlier leader than the last is ours', mark(3, 'first', 'new/19'), 'Ours'],
    ['of a leader that this hub never had is foreign, however early its record', mark(4, 'old', 'new/30'), 'Foreign'],
    ['of a leader of ours at a term that it never had here is foreign', mark(4, 'one-of-us', 'new/30'), 'Foreign'],
    ['of an earlier leader of this hub is ours', BEFORE, 'Ours'],
    ['of an earlier leader, at the very record that was taken over, is ours', mark(5, 'one-of-us', 'new/50'), 'Ours'],
    [
      'of a later record than the one taken over shows that this hub was restored',
      mark(5, 'one-of-us', 'new/51'),
      'Foreign',
    ],
    ['with more digits is later', mark(5, 'one-of-us', 'new/100'), 'Foreign'],
    ['of another hub is foreign, however low its term', mark(1, 'old', 'old/3'), 'Foreign'],
    ['of another process at our term is foreign, also of our own record', mark(6, 'twin', 'new/49'), 'Foreign'],
    ['of a higher term is foreign, also of our own record', mark(7, 'twin', 'new/49'), 'Foreign'],
    ['that does not say by whom is foreign', { term: 5 }, 'Foreign'],
    ['of this leadership that does not say whether it was acknowledged is seized', mark(6, 'me', 'new/55'), 'Seized'],
  ])('%s', (_, given, bond) => {
    expect(bondOf(given, OWN)).toBe(bond);
  });

  it('is foreign to a hub that had no leader before, whatever it is', () => {
    const made = { ...OWN, past: [] };
    expect([BEFORE, OLD, { term: 1 }, { term: 6 }].map((each) => bondOf(each, made))).toEqual(Array(4).fill('Foreign'));
  });
});

const region = (name: string, given: Mark | undefined, more: Partial<RegionMark> = {}): RegionMark => ({
  region: name,
  mark: given,
  isRead: true,
  other: 'Unknown',
  ...more,
});
const silent = { other: 'Silent' } as const;
const unread = { isRead: false } as const;
const judged = (regions: readonly RegionMark[], more: Partial<InheritanceFacts> = {}) => {
  const verdict = judgeInheritance({ own: OWN, regions, stopped: [], ...more });
  if (verdict.kind === 'Wait') return verdict.reason;
  return verdict.kind === 'Seize' ? `Seize ${verdict.regions.join()}` : verdict.kind;
};

describe('whether a hub may act for a group', () => {
  const stopped = ['old/900'];
  it.each<[string, readonly RegionMark[], Partial<InheritanceFacts>, string]>([
    ['in which nobody was before', [region('east', undefined), region('west', undefined, unread)], {}, 'Own'],
    ['that it led before, regions unread or not', [region('east', BEFORE), region('west', BEFORE, unread)], {}, 'Own'],
    [
      'that another hub led: not before that is silent',
      [region('east', OLD), region('west', OLD, silent)],
      {},
      'PredecessorUnproved',
    ],
    [
      'nor while a region cannot be read',
      [region('east', OLD, silent), region('west', OLD, unread)],
      {},
      'PredecessorUnproved',
    ],
    [
      'nor while one that was never answered cannot be read',
      [region('east', OLD, silent), region('west', undefined, unread)],
      {},
      'PredecessorUnproved',
    ],
    [
      'once it is silent everywhere: its term goes out first',
      [region('east', OLD, silent), region('west', OLD, silent)],
      {},
      'Seize east,west',
    ],
    [
      'half of which has its term: the rest follows',
      [region('east', SEIZED), region('west', OLD, silent)],
      {},
      'Seize west',
    ],
    [
      'all of which has its term: no other can acknowledge any more',
      [region('east', SEIZED), region('west', SEIZED)],
      {},
      'Seized',
    ],
    ['some of which cannot be read since', [region('east', SEIZED), region('west', SEIZED, unread)], {}, 'Seized'],
    ['once the first acknowledgement was given', [region('east', OURS), region('west', SEIZED)], {}, 'Own'],
    [
      'that an earlier leader had begun to inherit',
      [region('east', { ...mark(5, 'one-of-us', 'old/900'), seized: true }, silent), region('west', OLD, silent)],
      {},
      'Seize east,west',
    ],
    [
      'when a person says that the other hub is stopped',
      [region('east', OLD), region('west', OLD, unread)],
      { stopped },
      'Seize east',
    ],
    [
      'and says so of a region that nobody reads',
      [region('east', SEIZED), region('west', OLD, unread)],
      { stopped },
      'Seized',
    ],
    [
      'when a person is mistaken: it was seen to answer',
      [region('east', OLD, { other: 'Answers' }), region('west', OLD)],
      { stopped },
      'PredecessorAnswers',
    ],
    [
      'when a person has said so of an earlier state of it',
      [region('east', mark(4, 'old', 'old/901'))],
      { stopped },
      'PredecessorUnproved',
    ],
    [
      'when a person has said so of another one',
      [region('east', OLD)],
      { stopped: ['older/900'] },
      'PredecessorUnproved',
    ],
    ['at a term that is not above', [region('east', mark(6, 'old', 'old/900'), silent)], {}, 'Outrank'],
    [
      'beside another new hub that has taken the same term',
      [region('east', SEIZED), region('west', mark(6, 'twin', 'old/900'))],
      {},
      'PredecessorUnproved',
    ],
    [
      'of which another new hub has acknowledged a part',
      [region('east', OURS), region('west', mark(6, 'twin', 'twin/8'))],
      {},
      'PredecessorUnproved',
    ],
    [
      'that another hub has taken from it',
      [region('east', BEFORE), region('west', mark(7, 'next', 'next/8'), { other: 'Answers' })],
      {},
      'PredecessorAnswers',
    ],
    [
      'when a region comes back that knows the hub before, below our term',
      [region('east', OURS), region('west', OLD)],
      {},
      'Own',
    ],
    [
      'when a region comes back that knows it at our term',
      [region('east', BEFORE), region('west', mark(5, 'old', 'old/901'))],
      {},
      'PredecessorUnproved',
    ],
  ])('%s', (_, regions, more, verdict) => {
    expect(judged(regions, more)).toBe(verdict);
  });

  it('names the hub that is followed as a person has to name it', () => {
    const verdict = judgeInheritance({
      own: OWN,
      regions: [region('east', OLD), region('west', mark(3, 'old', 'old/7'))],
      stopped: [],
    });
    expect(verdict).toMatchObject({ message: expect.stringContaining('another hub old/900, and') });
  });
});

const aMark = fc.option(
  fc.record({
    term: fc.integer({ min: 0, max: 9 }),
    by: fc.constantFrom('me', 'twin', 'old', 'one-of-us'),
    record: fc
      .tuple(fc.constantFrom('new', 'old', 'twin'), fc.integer({ min: 1, max: 99 }))
      .map(([uid, n]) => `${uid}/${n}`),
  }),
  { nil: undefined },
);
const aRegion = fc.record({
  region: fc.constantFrom('east', 'west', 'north'),
  mark: aMark,
  isRead: fc.boolean(),
  other: fc.constantFrom('Answers' as const, 'Silent' as const, 'Unknown' as const),
});
const someRegions = fc.uniqueArray(aRegion, { minLength: 1, selector: (each) => each.region });

describe('in any world', () => {
  it('a hub never acts beside a foreign mark at its term or above', () => {
    fc.assert(
      fc.property(someRegions, (regions) => {
        const verdict = judgeInheritance({ own: OWN, regions, stopped: ['old/99', 'twin/99'] });
        const highest = Math.max(
          0,
          ...regions.flatMap((each) => (bondOf(each.mark, OWN) === 'Foreign' ? [each.mark?.term ?? 0] : [])),
        );
        if (verdict.kind === 'Own' && highest > 0) expect(highest).toBeLessThan(OWN.term);
        if (verdict.kind === 'Seized') expect(highest).toBeLessThan(OWN.term);
      }),
    );
  });

  it('a mark is only written over where its hub is silent or said to be stopped, and nobody is seen to answer', () => {
    fc.assert(
      fc.property(someRegions, fc.subarray(['old/50', 'twin/99']), (regions, stopped) => {
        const verdict = judgeInheritance({ own: OWN, regions, stopped });
        if (verdict.kind !== 'Seize') return;
        expect(regions.some((each) => each.other === 'Answers')).toBe(false);
        for (const each of regions.filter(({ mark: given }) => bondOf(given, OWN) === 'Foreign')) {
          const isSaid = stopped.some((record) => isBehind(each.mark?.record ?? '', record));
          expect(isSaid || (each.other === 'Silent' && each.isRead)).toBe(true);
        }
      }),
    );
  });

  it('one record is behind another in one direction only, but for itself', () => {
    const aRecord = fc
      .tuple(fc.constantFrom('a', 'b'), fc.integer({ min: 0, max: 2000 }))
      .map(([uid, n]) => `${uid}/${n}`);
    fc.assert(
      fc.property(aRecord, aRecord, (x, y) => {
        expect(isBehind(x, y) && isBehind(y, x)).toBe(x === y);
      }),
    );
  });
});
