import { expect, it } from 'vitest';
import { anInstanceView, type ViewChange } from '../../test/support/instance-view.ts';
import { anAssignment } from '../../test/support/objects.ts';
import { coolDownLeftMs } from './cool-down.ts';

const FAILED_OVER = {
  ...anAssignment('1 east>west', '2 west>east,north', '3 west>north'),
  reason: 'FailedOver',
} as const;

it.each<[string, ViewChange, number]>([
  ['counts from the last failover', {}, 50_000],
  ['is over after its time', { assignedForMs: 60_000 }, 0],
  ['is that of the class', { policy: { coolDownMs: { RegionLost: 30_000, RegionSick: 30_000 } } }, 20_000],
  [
    'holds when the region that is lost ran the service',
    { regions: { west: { state: 'Lost', grantedEpoch: 3 } } },
    50_000,
  ],
  ['holds when it ran it since an earlier epoch', { regions: { west: { state: 'Lost', grantedEpoch: 2 } } }, 50_000],
  [
    'does not hold when it was lost before it ran the service',
    { regions: { west: { state: 'Lost', grantedEpoch: 1 } } },
    0,
  ],
  ['holds while that region may still be promoted', { regions: { west: { state: 'Degraded' } } }, 50_000],
])('the cool-down %s', (_, change, expected) => {
  const view = anInstanceView({ assignedForMs: 10_000, regions: { west: { grantedEpoch: 3 } }, ...change });
  expect(coolDownLeftMs(view, FAILED_OVER, 'RegionLost')).toBe(expected);
});

it('after a move away from a sick region holds another one of its kind, but not away from a region that is lost', () => {
  const assignment = { ...anAssignment('1 east>west', '2 west>east,north'), reason: 'RegionSick' } as const;
  const view = anInstanceView({ assignedForMs: 10_000, regions: { west: { grantedEpoch: 2 } } });
  expect(coolDownLeftMs(view, assignment, 'RegionSick')).toBe(50_000);
  expect(coolDownLeftMs(view, assignment, 'RegionLost')).toBe(0);
});

it('a move that was not a failover has none', () => {
  const assignment = { ...FAILED_OVER, reason: 'Evacuated' } as const;
  expect(coolDownLeftMs(anInstanceView({ assignedForMs: 0 }), assignment, 'RegionLost')).toBe(0);
});
