import { describe, expect, it } from 'vitest';
import { aTenant } from '../../test/support/objects.ts';
import type { RegionCapacity } from '../decide/region-capacity.ts';
import { reservation } from './reservation.ts';

const acme = aTenant('customers/acme');
const capacity = (region: string, fits: boolean, reservedFor?: string): RegionCapacity => ({
  region,
  planned: 5,
  reserved: 3,
  ...(reservedFor && { reservedFor }),
  capacity: 7,
  fits,
  message: '',
});

describe('a tenant', () => {
  it('is told nothing while the loss of a region fits', () => {
    expect(reservation(acme, ['us-east', 'us-west'], [capacity('us-west', true, 'us-east')])).toEqual([]);
  });

  it('is told of a region of its own that is too small, without numbers that change', () => {
    const told = reservation(acme, ['us-east', 'us-west'], [capacity('us-west', false, 'us-east')]);
    const message =
      'region us-west cannot hold its own and what region us-east would bring: IU group americas says the numbers';
    expect(told).toEqual([{ type: 'CapacityReserved', status: 'False', reason: 'CapacityExceeded', message }]);
  });

  it('is told when a region is too small with nothing lost', () => {
    const [told] = reservation(acme, ['us-east'], [capacity('us-east', false)]);
    expect(told?.message).toMatch(/^region us-east cannot hold all that is planned in it/);
  });

  it('is told nothing of the regions of others', () => {
    expect(reservation(acme, ['us-east'], [capacity('us-west', false, 'us-east')])).toEqual([]);
  });

  it('keeps what it was told by a hub that knew, until this one knows', () => {
    const time = { lastTransitionTime: '2026-01-01T00:00:00Z' };
    const full = { type: 'CapacityReserved', status: 'False', reason: 'CapacityExceeded', message: 'full' } as const;
    const ready = { type: 'Ready', status: 'True', reason: 'AsDeclared', message: '' } as const;
    const status = { observedGeneration: 1, conditions: [ready, full].map((condition) => ({ ...condition, ...time })) };
    expect(reservation({ ...acme, status }, ['us-east'], undefined)).toMatchObject([full]);
    expect(reservation({ ...acme, status }, ['us-east'], [])).toEqual([]);
  });
});
