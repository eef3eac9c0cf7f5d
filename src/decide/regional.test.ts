import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anOrder, anOrderedComponent } from '../../test/support/objects.ts';
import type { RegionalService } from '../api/regional-service.ts';
import { decideRegional, type RegionalAction, type RegionalFacts } from './regional.ts';

interface Situation {
  readonly mode: 'None' | 'Active' | 'Backup';
  readonly role: 'Active' | 'Standby';
  readonly onHubLoss: 'Fence' | 'Hold';
  readonly successors: readonly string[];
  readonly grantedEpoch: number;
  readonly standbyEpoch: number;
  readonly isDeleted: boolean;
}

const BASE: Situation = {
  mode: 'Backup',
  role: 'Active',
  onHubLoss: 'Fence',
  successors: ['west'],
  grantedEpoch: 0,
  standbyEpoch: 0,
  isDeleted: false,
};
/** A certain leader of some standing, of a service that does not run. */
const FACTS: RegionalFacts = {
  hasRight: false,
  hasEarlierRight: false,
  isCertain: true,
  isSure: true,
  sinceLeadMs: 60_000,
  isStarted: false,
  isFenced: true,
  lacksGate: false,
};

/** An order at epoch 5. */
function orderOf(change: Partial<Situation>): RegionalService {
  const { grantedEpoch, isDeleted, standbyEpoch, ...spec } = { ...BASE, ...change };
  const order = anOrder('mail', [anOrderedComponent()], { epoch: 5, ...spec });
  const metadata = { ...order.metadata, ...(isDeleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) };
  return { ...order, metadata, status: { observedGeneration: 1, grantedEpoch, standbyEpoch } };
}

const decide = (situation: Partial<Situation>, facts: Partial<RegionalFacts>): RegionalAction =>
  decideRegional(orderOf(situation), { ...FACTS, ...facts });

/** The order asks for gates that the agent has no settings for. */
const LACKING = { lacksGate: true };

type Case = readonly [string, Partial<Situation>, Partial<RegionalFacts>, RegionalAction];

describe('an active region', () => {
  it.each<Case>([
    ['runs under its right', {}, { hasRight: true }, 'Run'],
    ['stops what runs without one', {}, { isStarted: true, isFenced: false }, 'Fence'],
    ['goes on fencing until nothing is left', {}, { isStarted: true }, 'Fence'],
    ['fences what may be started by a write that is under way', {}, { isFenced: false }, 'Fence'],
    ['rests when it is stopped and waits for its right', {}, {}, 'Rest'],
    [
      'lets a new leader prove its right for a second',
      {},
      { isStarted: true, isFenced: false, sinceLeadMs: 999 },
      'AwaitRight',
    ],
    [
      'goes on for a moment where it needed no right until now',
      {},
      { isStarted: true, isFenced: false, isJustConverted: true },
      'AwaitRight',
    ],
    ['starts nothing because of that', {}, { isFenced: false, isJustConverted: true }, 'Fence'],
    ['goes on fencing what was fenced since', {}, { isStarted: true, isJustConverted: true }, 'Fence'],
    ['lets it no longer', {}, { isStarted: true, isFenced: false, sinceLeadMs: 1000 }, 'Fence'],
    [
      'goes on under its right of the epoch before until the new one is acknowledged',
      {},
      { isStarted: true, isFenced: false, hasEarlierRight: true },
      'AwaitRight',
    ],
    ['starts nothing under a right of the epoch before', {}, { hasEarlierRight: true }, 'Rest'],
    ['does not take a fence back for it', {}, { isStarted: true, hasEarlierRight: true }, 'Fence'],
    ['that was granted runs on alone where it is to hold', { onHubLoss: 'Hold', grantedEpoch: 5 }, {}, 'Run'],
    ['that has no successor runs on alone', { successors: [], grantedEpoch: 5 }, {}, 'Run'],
    ['does not hold an epoch that it was not granted', { onHubLoss: 'Hold', grantedEpoch: 4 }, {}, 'Rest'],
    [
      'does not hold on before it has read its orders',
      { onHubLoss: 'Hold', grantedEpoch: 5 },
      { isSure: false },
      'Rest',
    ],
    ['does not run without the gate that it asks for, right or not', {}, { ...LACKING, hasRight: true }, 'Rest'],
    ['does not hold on without it', { onHubLoss: 'Hold', grantedEpoch: 5 }, LACKING, 'Rest'],
    [
      'stops what runs of it, also under a new leader',
      {},
      { ...LACKING, hasRight: true, isStarted: true, isFenced: false, sinceLeadMs: 0 },
      'Fence',
    ],
    ['does not hold on without the policy', { grantedEpoch: 5 }, { isStarted: true, isFenced: false }, 'Fence'],
  ])('%s', (_, situation, facts, action) => {
    expect(decide(situation, facts)).toBe(action);
  });
});

describe('a standby region', () => {
  const role = 'Standby';
  it.each<Case>([
    ['stops what runs, right or not', { role }, { isStarted: true, hasRight: true, isFenced: false }, 'Fence'],
    ['does so at once under a new leader', { role }, { isStarted: true, isFenced: false, sinceLeadMs: 0 }, 'Fence'],
    ['fences once before it confirms', { role }, { isFenced: false }, 'Fence'],
    ['confirms when nothing is left', { role }, {}, 'Confirm'],
    ['confirms only as a certain leader', { role }, { isCertain: false }, 'Rest'],
    ['confirms only orders that were read by quorum', { role }, { isSure: false }, 'Rest'],
    ['confirms each epoch anew', { role, standbyEpoch: 4 }, {}, 'Confirm'],
    ['rests when it has confirmed', { role, standbyEpoch: 5 }, {}, 'Rest'],
    ['stops without gates as with them', { role }, { ...LACKING, isStarted: true, isFenced: false }, 'Fence'],
    ['confirms without gates as with them', { role }, LACKING, 'Confirm'],
    ['fences what appears after it has confirmed', { role, standbyEpoch: 5 }, { isStarted: true }, 'Fence'],
  ])('%s', (_, situation, facts, action) => {
    expect(decide(situation, facts)).toBe(action);
  });
});

describe('an order that is being deleted', () => {
  const isDeleted = true;
  it.each<Case>([
    ['stops the service, right or not', { isDeleted }, { hasRight: true, isStarted: true, isFenced: false }, 'Fence'],
    ['is confirmed before it is let go', { isDeleted }, {}, 'Confirm'],
    ['is confirmed without gates too', { isDeleted }, LACKING, 'Confirm'],
    ['is let go when it is confirmed', { isDeleted, standbyEpoch: 5 }, {}, 'Release'],
    ['of a service in one region only is stopped first too', { isDeleted, mode: 'None' }, { isStarted: true }, 'Fence'],
    [
      'of a service in one region only is let go when it has stopped',
      { isDeleted, mode: 'None', standbyEpoch: 5 },
      {},
      'Release',
    ],
    [
      'of a service that serves elsewhere too is let go at once',
      { isDeleted, mode: 'Active' },
      { isStarted: true },
      'Release',
    ],
  ])('%s', (_, situation, facts, action) => {
    expect(decide(situation, facts)).toBe(action);
  });
});

it('services that need no right run as ordered', () => {
  expect(decide({ mode: 'Active' }, { isCertain: false })).toBe('Run');
  expect(decide({ mode: 'None' }, {})).toBe('Run');
  expect(decide({ mode: 'None' }, LACKING)).toBe('Rest');
});

it('runs an active/backup service only where it is ordered, and under a right or alone, in every situation', () => {
  const situations = fc.record({
    mode: fc.constant('Backup' as const),
    role: fc.constantFrom('Active' as const, 'Standby' as const),
    onHubLoss: fc.constantFrom('Fence' as const, 'Hold' as const),
    successors: fc.constantFrom([], ['west']),
    grantedEpoch: fc.nat(5),
    standbyEpoch: fc.nat(5),
    isDeleted: fc.boolean(),
  });
  const facts = fc.record({
    hasRight: fc.boolean(),
    hasEarlierRight: fc.boolean(),
    isCertain: fc.boolean(),
    isSure: fc.boolean(),
    sinceLeadMs: fc.nat(3000),
    isStarted: fc.boolean(),
    isFenced: fc.boolean(),
    lacksGate: fc.boolean(),
  });
  fc.assert(
    fc.property(situations, facts, (situation, known) => {
      const action = decideRegional(orderOf(situation), known);
      const isAlone =
        known.isSure &&
        situation.grantedEpoch === 5 &&
        (situation.onHubLoss === 'Hold' || situation.successors.length === 0);
      const isOrdered = situation.role === 'Active' && !situation.isDeleted;
      const mayRun = isOrdered && !known.lacksGate && (known.hasRight || isAlone);
      expect(action === 'Run').toBe(mayRun);
      if (action === 'Confirm')
        expect(known).toMatchObject({ isStarted: false, isFenced: true, isCertain: true, isSure: true });
      if (action === 'Release') expect([known.isStarted, situation.standbyEpoch]).toEqual([false, 5]);
      if (action === 'AwaitRight') expect([situation.role, known.isStarted]).toEqual(['Active', true]);
    }),
    { numRuns: 2000 },
  );
});
