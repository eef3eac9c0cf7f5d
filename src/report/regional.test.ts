import { describe, expect, it } from 'vitest';
import { anOrder, anOrderedComponent } from '../../test/support/objects.ts';
import type { RegionalService } from '../api/regional-service.ts';
import { type RegionalReport, regionalConditions } from './regional.ts';

/** An order at epoch 1, and the epoch at which the region confirmed that it stands by. */
function orderOf(role: 'Active' | 'Standby', standbyEpoch = 0): RegionalService {
  const order = anOrder('mail', [anOrderedComponent()], { role });
  return { ...order, status: { observedGeneration: 1, standbyEpoch } };
}

const missing = {
  name: 'main',
  met: false,
  planned: 2,
  ready: 1,
  zones: [],
  reason: 'InstancesMissing',
  message: '1 of 2',
} as const;

const condition = (type: string, phase: RegionalReport['phase'], more: Partial<RegionalReport> = {}) =>
  regionalConditions({ order: orderOf('Active'), phase, redundancies: [], lacksGate: false, ...more }).find(
    (c) => c.type === type,
  );

describe('a service in its region', () => {
  it.each<[string, RegionalReport['phase'], Partial<RegionalReport>, string, string, string]>([
    ['that is active is ready', 'Active', {}, 'True', 'ActiveHere', 'False'],
    ['that lacks an instance is not', 'Active', { redundancies: [missing] }, 'False', 'InstancesMissing', 'True'],
    ['that starts is not', 'Starting', {}, 'False', 'AwaitingReadiness', 'True'],
    ['that is stopped is not', 'Fencing', {}, 'False', 'Progressing', 'True'],
    ['that has no right is not', 'Fenced', {}, 'False', 'NoRight', 'True'],
    ['that stands by is', 'Standby', { order: orderOf('Standby', 1) }, 'True', 'StandingBy', 'False'],
    [
      'that has not confirmed that it stands by is not',
      'Standby',
      { order: orderOf('Standby') },
      'False',
      'StandbyNotConfirmed',
      'True',
    ],
  ])('%s', (_, phase, more, status, reason, working) => {
    expect(condition('Ready', phase, more)).toMatchObject({ status, reason });
    expect(condition('Reconciling', phase, more)).toMatchObject({ status: working });
    expect(condition('Stalled', phase, more)).toMatchObject({ status: 'False' });
  });

  it('that stands by is ready only with what should run on standby, and says the numbers', () => {
    const standby = (ready: number) => ({ mode: 'Warm' as const, components: [{ name: 'main', planned: 2, ready }] });
    const order = orderOf('Standby', 1);
    expect(condition('Ready', 'Standby', { order, standby: standby(2) })).toMatchObject({
      status: 'True',
      message: 'stands by at epoch 1, Warm',
    });
    expect(condition('Ready', 'Standby', { order, standby: standby(1) })).toMatchObject({
      status: 'False',
      reason: 'StandbyNotReady',
      message: 'stands by at epoch 1, but main: instances ready on standby: 1, planned: 2',
    });
    const unconfirmed = condition('Ready', 'Standby', { order: orderOf('Standby'), standby: standby(2) });
    expect(unconfirmed).toMatchObject({ status: 'False', reason: 'StandbyNotConfirmed' });
  });

  it.each<[string, RegionalReport['phase'], Partial<RegionalReport>, string]>([
    ['that waits for its gate is stalled, and nothing is under way', 'Fenced', {}, 'False'],
    ['that is stopped for want of a gate is stalled too', 'Fencing', {}, 'True'],
    ['that stands by says so as well', 'Standby', { order: orderOf('Standby', 1) }, 'False'],
    ['that is being made sure to stand by goes on with it', 'Standby', { order: orderOf('Standby') }, 'True'],
  ])('%s', (_, phase, more, working) => {
    const facts = { ...more, lacksGate: true };
    const told = { reason: 'GateNotSet', message: expect.stringContaining('set SWITCHBACK_GATE_IMAGE') };
    expect(condition('Ready', phase, facts)).toMatchObject({ status: 'False', ...told });
    expect(condition('Stalled', phase, facts)).toMatchObject({ status: 'True', ...told });
    expect(condition('Reconciling', phase, facts)).toMatchObject({ status: working });
  });

  it('tells what a drill has taken away as that, and is ready all the same, as long as the rest carries the load', () => {
    const emptied = { zone: 'us-east-a', seconds: 60, until: '2026-01-01T00:01:00Z', regionSwitch: 'd' };
    const facts = { redundancies: [missing], emptied };
    expect(condition('RedundancyMet', 'Active', facts)).toMatchObject({
      status: 'False',
      reason: 'ZoneDrill',
      message: 'RegionSwitch d keeps zone us-east-a empty until 2026-01-01T00:01:00Z at the latest',
    });
    expect(condition('Ready', 'Active', facts)).toMatchObject({ status: 'True' });
    expect(condition('RedundancyMet', 'Starting', facts)).toMatchObject({ reason: 'InstancesMissing' });
    expect(condition('RedundancyMet', 'Standby', facts)).toMatchObject({ reason: 'StandingBy' });
  });

  it('says whether its redundancy is met only where it runs', () => {
    expect(condition('RedundancyMet', 'Active')).toMatchObject({ status: 'True' });
    expect(condition('RedundancyMet', 'Starting', { redundancies: [missing] })).toMatchObject({ status: 'False' });
    expect(condition('RedundancyMet', 'Standby')).toMatchObject({ status: 'Unknown', reason: 'StandingBy' });
  });
});
