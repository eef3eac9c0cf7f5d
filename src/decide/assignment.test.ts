import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anAssignment, anInstance } from '../../test/support/objects.ts';
import {
  HISTORY_LIMIT,
  type Intent,
  involvedRegions,
  nextAssignment,
  openEntries,
  type RegionEpochs,
  rebuildAssignment,
  regionLeft,
} from './assignment.ts';

type Known = Readonly<Record<string, Partial<RegionEpochs>>>;
const from =
  (known: Known) =>
  (region: string): RegionEpochs => ({ standbyEpoch: 0, grantedEpoch: 0, ...known[region] });
const NOW = '2026-03-01T00:00:00Z';
const to = (activeRegion: string, ...successors: string[]): Intent => ({
  activeRegion,
  successors,
  onHubLoss: 'Fence',
  reason: 'FailedOver',
});
const regionsAt = (entries: readonly { epoch: number; region: string }[]): string[] =>
  entries.map(({ epoch, region }) => `${epoch} ${region}`);

describe('entries at which a region may still run', () => {
  it.each<[string, string[], Known, string[]]>([
    ['of nobody anything is known: all of them', ['1 east>west', '2 west>east'], {}, ['1 east', '2 west']],
    [
      'a region that confirmed a later epoch is done with its earlier ones',
      ['1 east>west', '2 west>east'],
      { east: { standbyEpoch: 2 } },
      ['2 west'],
    ],
    [
      'a region that confirmed only the epoch itself is not',
      ['1 east>west', '2 west>east'],
      { east: { standbyEpoch: 1 } },
      ['1 east', '2 west'],
    ],
    [
      'a grant ends everything before it, in every region',
      ['1 east>west', '2 west>east', '3 north>east'],
      { north: { grantedEpoch: 3 } },
      ['3 north'],
    ],
    [
      'a grant at the epoch before leaves that epoch open',
      ['1 east>west', '2 east>west,north', '3 west>east'],
      { east: { grantedEpoch: 2 } },
      ['2 east', '3 west'],
    ],
    [
      'a grant of a region says nothing of an epoch at which another one was active',
      ['1 east>west', '2 west>east'],
      { east: { grantedEpoch: 1 } },
      ['1 east', '2 west'],
    ],
  ])('%s', (_, history, known, open) => {
    expect(regionsAt(openEntries(anAssignment(...history).history, from(known)))).toEqual(open);
  });
});

describe('the next assignment', () => {
  it('begins at epoch 1', () => {
    const next = nextAssignment(undefined, to('east', 'west'), from({}), NOW);
    expect(next).toMatchObject({ epoch: 1, activeRegion: 'east', since: NOW });
    expect(regionsAt(next?.history ?? [])).toEqual(['1 east']);
  });

  it('raises the epoch by one and keeps what may still run', () => {
    const next = nextAssignment(anAssignment('1 east>west'), to('west', 'east'), from({}), NOW);
    expect(next).toMatchObject({ epoch: 2, activeRegion: 'west', successors: ['east'], reason: 'FailedOver' });
    expect(regionsAt(next?.history ?? [])).toEqual(['1 east', '2 west']);
  });

  it('keeps the time of the decision while the region stays active', () => {
    const current = anAssignment('1 east>west');
    expect(nextAssignment(current, to('east', 'west', 'north'), from({}), NOW)?.since).toBe(current.since);
    expect(nextAssignment(current, to('west', 'east'), from({}), NOW)?.since).toBe(NOW);
  });

  it('is refused while the history is full', () => {
    const full = Array.from({ length: HISTORY_LIMIT }, (_, i) => `${i + 1} ${i % 2 ? 'west>east' : 'east>west'}`);
    expect(nextAssignment(anAssignment(...full), to('east', 'west'), from({}), NOW)).toBeUndefined();
    const confirmed = from({ east: { standbyEpoch: HISTORY_LIMIT } });
    expect(nextAssignment(anAssignment(...full), to('east', 'west'), confirmed, NOW)?.epoch).toBe(HISTORY_LIMIT + 1);
  });

  it('never runs out of room for a service that only changes its successors where it runs', () => {
    let assignment = anAssignment('1 east>west');
    for (let change = 0; change < 3 * HISTORY_LIMIT; change++) {
      const epochsOf = from({ east: { grantedEpoch: assignment.epoch } });
      const successors = change % 2 ? ['west'] : ['west', 'north'];
      const next = nextAssignment(assignment, to('east', ...successors), epochsOf, NOW);
      expect(next).toBeDefined();
      assignment = next ?? assignment;
    }
    expect(assignment.history).toHaveLength(2);
  });

  it('has a history that rises, is bounded and ends with itself, whatever is known of the regions', () => {
    const region = fc.constantFrom('east', 'west', 'north');
    const known = fc.record({ standbyEpoch: fc.nat(30), grantedEpoch: fc.nat(30) });
    const step = fc.tuple(region, fc.dictionary(region, known));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let current = anAssignment('1 east>west,north');
        for (const [target, epochs] of steps) {
          const next = nextAssignment(current, to(target), from(epochs), NOW);
          if (!next) continue;
          const epochsInOrder = next.history.map(({ epoch }) => epoch);
          expect(epochsInOrder).toEqual([...new Set(epochsInOrder)].toSorted((x, y) => x - y));
          expect(next.history.length).toBeLessThanOrEqual(HISTORY_LIMIT);
          expect(next.history.at(-1)).toMatchObject({ epoch: current.epoch + 1, region: target });
          current = next;
        }
      }),
    );
  });
});

describe('an assignment rebuilt from the regions', () => {
  const order = (epoch: number, activeRegion: string, ...successors: string[]) => ({
    epoch,
    activeRegion,
    successors,
    onHubLoss: 'Fence' as const,
  });

  it('is none where no region holds an order', () => {
    expect(rebuildAssignment([], NOW)).toBeUndefined();
  });

  it('is that of the highest epoch, and remembers the lower ones', () => {
    const rebuilt = rebuildAssignment(
      [order(3, 'west', 'east'), order(1, 'east', 'west'), order(3, 'west', 'east')],
      NOW,
    );
    expect(rebuilt).toMatchObject({ epoch: 3, activeRegion: 'west', successors: ['east'], reason: 'Assigned' });
    expect(regionsAt(rebuilt?.history ?? [])).toEqual(['1 east', '3 west']);
  });

  it('is none where the hub knows as much itself', () => {
    expect(rebuildAssignment([order(2, 'west')], NOW, anAssignment('1 east>west', '2 west>east'))).toBeUndefined();
  });

  it('joins what an older copy of the hub knew', () => {
    const rebuilt = rebuildAssignment([order(4, 'north')], NOW, anAssignment('1 east>west', '2 west>east'));
    expect(regionsAt(rebuilt?.history ?? [])).toEqual(['1 east', '2 west', '4 north']);
  });

  it.each<[string, readonly string[], string[] | undefined]>([
    ['stays left out while nothing says otherwise', ['east'], ['south']],
    ['is no more left out when it follows', ['south'], undefined],
    ['is no more left out when nobody follows', [], undefined],
  ])('a region %s', (_, successors, leftOut) => {
    const known = { ...anAssignment('1 west>east'), leftOut: ['south'] };
    expect(rebuildAssignment([order(2, 'west', ...successors)], NOW, known)?.leftOut).toEqual(leftOut);
  });
});

describe('regions of a service', () => {
  it('that are involved are those of its spec and those of its history', () => {
    const instance = anInstance('mail', { primaryRegion: 'east', secondaryRegions: ['west'] });
    expect(involvedRegions(instance, anAssignment('1 north>east', '2 east>west'))).toEqual(['east', 'west', 'north']);
  });

  it('that it left last is told by the history', () => {
    expect(regionLeft(anAssignment('1 north>east', '2 east>west', '3 west>east'))).toBe('east');
    expect(regionLeft(anAssignment('3 west>east', '4 west>east'))).toBeUndefined();
  });
});

describe('the run of a region', () => {
  const step = (current: ReturnType<typeof nextAssignment>, region: string) =>
    nextAssignment(current, to(region, 'south'), from({ [region]: { grantedEpoch: (current?.epoch ?? 0) + 1 } }), NOW);
  const told = (assignment: ReturnType<typeof nextAssignment>) =>
    assignment && [assignment.epoch, assignment.activeSinceEpoch, assignment.cameFrom, assignment.beganIn];

  it('begins when it becomes active, and outlives the history that forgets it', () => {
    let current = step(undefined, 'east');
    expect(told(current)).toEqual([1, 1, undefined, 'east']);
    for (let epoch = 2; epoch < 6; epoch++) current = step(current, 'east');
    expect(told(current)).toEqual([5, 1, undefined, 'east']);
    current = step(step(current, 'west'), 'west');
    expect(told(current)).toEqual([7, 6, 'east', 'east']);
  });

  it('is read from the history where it was not kept yet', () => {
    const current = anAssignment('3 east>west', '4 west>east', '5 west>east,north');
    expect(told(step(current, 'west'))).toEqual([6, 4, undefined, undefined]);
  });

  it('is rebuilt from what the regions were told', () => {
    const order = { epoch: 7, activeRegion: 'west', successors: [], onHubLoss: 'Fence' as const };
    const more = { activeSinceEpoch: 6, cameFrom: 'east', beganIn: 'east' };
    expect(rebuildAssignment([{ ...order, ...more }], NOW)).toMatchObject(more);
  });
});
