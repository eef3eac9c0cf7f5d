import { describe, expect, it } from 'vitest';
import { anInstanceView, type ViewChange } from '../../test/support/instance-view.ts';
import { anAssignment } from '../../test/support/objects.ts';
import type { Assignment } from '../api/service-instance.ts';
import { decideInstance } from './failover.ts';
import type { InstanceView } from './instance-view.ts';

const STANDS_BY = { standbyEpoch: 1 };
const assigned = (reason: Assignment['reason'], ...entries: string[]): Assignment => ({
  ...anAssignment(...entries),
  reason,
});

/** Granted in east, which is sick; the others stand by. */
const aSick = ({ policy, regions, ...more }: ViewChange = {}): InstanceView =>
  anInstanceView({
    isSick: true,
    policy: { sick: 'Automatic', ...policy },
    ...more,
    regions: { east: { grantedEpoch: 1 }, west: STANDS_BY, north: STANDS_BY, ...regions },
  });

describe('a service that is not ready in a sick region', () => {
  it('stays, unless the group asks for more', () => {
    expect(decideInstance(aSick({ policy: { sick: 'Manual' } }))).toEqual({ kind: 'Keep' });
  });

  it('leaves when the group asks for it', () => {
    expect(decideInstance(aSick())).toMatchObject({
      kind: 'Assign',
      intent: { activeRegion: 'west', reason: 'RegionSick' },
    });
  });

  it.each<[string, NonNullable<ViewChange['regions']>]>([
    ['is sick of the same', { west: { ...STANDS_BY, isSick: true } }],
    ['has only just come back', { west: { ...STANDS_BY, isRecovering: true } }],
    ['comes and goes', { west: { ...STANDS_BY, flapsForMs: 1 } }],
    ['does not stand by', { west: { standbyEpoch: 0 } }],
  ])('passes over a region that %s', (_, regions) => {
    expect(decideInstance(aSick({ regions }))).toMatchObject({ kind: 'Assign', intent: { activeRegion: 'north' } });
  });

  it.each<[string, ViewChange, string]>([
    [
      'every other region is sick too',
      { regions: { west: { isSick: true }, north: { isSick: true } } },
      'TargetUnhealthy',
    ],
    [
      'no other region stands by',
      { regions: { west: { standbyEpoch: 0 }, north: { standbyEpoch: 0 } } },
      'StandbyNotConfirmed',
    ],
    ['a region would have to be waited for', { regions: { north: { state: 'Degraded' } } }, 'StandbyNotConfirmed'],
    ['it was moved for that before', { assignment: assigned('RegionSick', '1 east>west,north') }, 'RegionSick'],
    [
      'it was failed over just now',
      { assignment: assigned('FailedOver', '1 east>west,north'), assignedForMs: 1 },
      'CoolingDown',
    ],
    ['failover is not automatic', { policy: { failover: 'Manual' } }, 'AutomationOff'],
    ['the class asks for an approval', { policy: { promotion: 'Approval' } }, 'ApprovalRequired'],
    ['another region is being left', { failingOver: new Set(['south']) }, 'SwitchInProgress'],
    ['the hub suspects itself', { hubIsolated: true }, 'HubIsolated'],
    ['nobody knows what persons want', { restraints: undefined }, 'NotObserved'],
  ])('is held when %s', (_, change, reason) => {
    expect(decideInstance(aSick(change))).toMatchObject({ kind: 'Hold', wanted: 'FailedOver', reason });
  });

  it('is failed over like every other when the region is lost', () => {
    const regions = { east: { state: 'Lost' as const } };
    expect(decideInstance(aSick({ regions }))).toMatchObject({ intent: { reason: 'FailedOver' } });
  });
});

describe('a service that left its primary region because that was sick', () => {
  const AWAY = { grantedEpoch: 2, standbyEpoch: 2 };
  const away = (change: ViewChange = {}): InstanceView =>
    anInstanceView({
      assignment: assigned('RegionSick', '1 east>west,north', '2 west>east,north'),
      ...change,
      regions: { east: { standbyEpoch: 2 }, west: AWAY, north: { standbyEpoch: 2 }, ...change.regions },
    });

  it('does not go home by itself', () => {
    expect(decideInstance(away())).toMatchObject({ kind: 'Hold', wanted: 'SwitchedBack', reason: 'RegionSick' });
  });

  it('does so when it was another region that it left', () => {
    const assignment = assigned('RegionSick', '1 north>east,west', '2 west>east,north');
    expect(decideInstance(away({ assignment }))).toMatchObject({ intent: { activeRegion: 'east' } });
  });

  it('may go back there when its new region is lost', () => {
    const regions = { west: { ...AWAY, state: 'Lost' as const }, north: { state: 'Lost' as const } };
    expect(decideInstance(away({ regions }))).toMatchObject({ intent: { activeRegion: 'east', reason: 'FailedOver' } });
  });
});

describe('a region that flaps', () => {
  const FLAPS = { flapsForMs: 60_000 };

  it('is not gone home to', () => {
    const assignment = anAssignment('1 east>west,north', '2 west>east,north');
    const regions = { east: { ...FLAPS, standbyEpoch: 2 }, west: { grantedEpoch: 2 } };
    expect(decideInstance(anInstanceView({ assignment, regions }))).toMatchObject({
      kind: 'Hold',
      reason: 'Flapping',
      recheckAfterMs: 60_000,
    });
  });

  it.each<[string, NonNullable<ViewChange['regions']>, string]>([
    ['is passed over for a steady one', { west: FLAPS }, 'north'],
    ['is better than none', { west: FLAPS, north: { state: 'Lost' } }, 'west'],
  ])('%s', (_, regions, to) => {
    const lost = anInstanceView({ regions: { east: { state: 'Lost' }, ...regions } });
    expect(decideInstance(lost)).toMatchObject({ intent: { activeRegion: to } });
  });
});

it('nothing goes by itself to a region that was lost and has only just come back', () => {
  const lost = (regions: NonNullable<ViewChange['regions']>) =>
    anInstanceView({ regions: { east: { state: 'Lost' }, ...regions } });
  const west = { isRecovering: true };
  expect(decideInstance(lost({ west }))).toMatchObject({ intent: { activeRegion: 'north' } });
  expect(decideInstance(lost({ west, north: { state: 'Lost' } }))).toMatchObject({
    kind: 'Hold',
    reason: 'TargetUnhealthy',
    message: 'no region can take over: west was lost and has only just come back, north is Lost',
  });
});
