import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anOrder, anOrderedComponent, aPod, nodesIn } from '../../test/support/objects.ts';
import type { RegionalService, RegionalServiceStatus } from '../api/regional-service.ts';
import { computeStandbyStatus, decideStandby, type StandbyAction } from './standby.ts';

const READ = { instances: 2, args: ['--read-only'] };
type Input = Readonly<Record<string, unknown>>;

const order = (spec: Input, status: Partial<RegionalServiceStatus> = {}, isDeleted = false): RegionalService => {
  const made = anOrder('mail', [anOrderedComponent({ standby: READ })], { epoch: 5, standby: 'Warm', ...spec });
  const metadata = { ...made.metadata, ...(isDeleted && { deletionTimestamp: '2026-01-01T00:00:00Z' }) };
  return { ...made, metadata, status: { observedGeneration: 1, ...status } };
};

describe('the copy of a service in its region', () => {
  const role = 'Standby';
  it.each<[string, RegionalService, StandbyAction]>([
    ['runs where the stop is confirmed at this epoch', order({ role }, { standbyEpoch: 5 }), 'Run'],
    ['is not started before that', order({ role }, { standbyEpoch: 4 }), 'Keep'],
    ['is not started in a region that never confirmed', order({ role }), 'Keep'],
    ['goes on where the region is promoted and not ready yet', order({}, { phase: 'Starting', epoch: 5 }), 'Keep'],
    ['goes on where the region has no right', order({}, { phase: 'Fenced', epoch: 5 }), 'Keep'],
    ['goes where the active side carries the load', order({}, { phase: 'Active', epoch: 5 }), 'Remove'],
    ['goes on where that was said of an earlier epoch', order({}, { phase: 'Active', epoch: 4 }), 'Keep'],
    ['goes with the order', order({ role }, { standbyEpoch: 5 }, true), 'Remove'],
    ['goes where nothing is to run any more', order({ role, standby: undefined }, { standbyEpoch: 5 }), 'Remove'],
  ])('%s', (_name, given, expected) => {
    expect(decideStandby(given)).toBe(expected);
  });

  it('is never started but in a region that stands by and has confirmed that nothing else is left', () => {
    const epochs = fc.option(fc.integer({ min: 0, max: 7 }), { nil: undefined });
    const anyOrder = fc
      .record({
        role: fc.constantFrom('Active', 'Standby'),
        standby: fc.constantFrom(undefined, 'Warm', 'ReadOnly'),
        phase: fc.constantFrom(undefined, 'Starting', 'Active', 'Standby', 'Fencing', 'Fenced'),
        standbyEpoch: epochs,
        epoch: epochs,
        isDeleted: fc.boolean(),
      })
      .map(({ isDeleted, role: ordered, standby, ...status }) =>
        order({ role: ordered, standby }, status as Partial<RegionalServiceStatus>, isDeleted),
      );
    fc.assert(
      fc.property(anyOrder, (given) => {
        if (decideStandby(given) !== 'Run') return;
        expect(given.spec.role).toBe('Standby');
        expect(given.status?.standbyEpoch ?? 0).toBeGreaterThanOrEqual(given.spec.epoch);
        expect(given.metadata.deletionTimestamp).toBeUndefined();
      }),
    );
  });
});

describe('what is said of the copy', () => {
  const nodes = nodesIn(['a']);
  const status = (given: RegionalService, ...pods: Parameters<typeof aPod>[1][]) =>
    computeStandbyStatus(
      given,
      pods.map((pod, i) => aPod(`pod-${i}`, pod)),
      nodes,
    );
  const counted = (ready: number) => ({ mode: 'Warm', components: [{ name: 'main', planned: 2, ready }] });

  it('counts the pods that could serve', () => {
    const role = 'Standby';
    expect(status(order({ role }), {}, {})).toEqual(counted(2));
    expect(status(order({ role }), {}, { ready: false })).toEqual(counted(1));
    expect(status(order({ role }), { terminating: true }, { component: 'other' })).toEqual(counted(0));
  });

  it('goes on in a region that is promoted, until none is left', () => {
    expect(status(order({}), {})).toEqual(counted(1));
    expect(status(order({}))).toBeUndefined();
  });

  it('is nothing where nothing of the kind is ordered', () => {
    expect(status(order({ role: 'Standby', standby: undefined }), {})).toBeUndefined();
  });
});
