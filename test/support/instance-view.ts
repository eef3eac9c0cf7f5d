import type { FailoverPolicy, InstanceView, RegionView } from '../../src/decide/instance-view.ts';
import { anAssignment } from './objects.ts';

export interface ViewChange extends Omit<Partial<InstanceView>, 'policy' | 'regions'> {
  readonly policy?: Partial<InstanceView['policy']>;
  readonly regions?: Readonly<Record<string, Partial<RegionView>>>;
}

export const ABROAD = { ok: false, reason: 'ResidencyViolated', message: 'it lies in CA' } as const;

/** What a group and a class say where nobody says otherwise. */
export const POLICY: FailoverPolicy = {
  failover: 'Automatic',
  switchback: 'Automatic',
  promotion: 'Automatic',
  onHubLoss: 'Fence',
  whenFull: 'Hold',
  coolDownMs: { RegionLost: 60_000, RegionSick: 60_000 },
  stableForMs: 300_000,
  dampingWindowMs: 3_600_000,
  maxStableForMs: 3_600_000,
  windows: undefined,
  maxReturning: undefined,
};

/**
 * A service of east that may move to west and then north, an hour after its last decision; all is well. `well` says
 * more of every region.
 */
export function anInstanceView(change: ViewChange = {}, well: Partial<RegionView> = {}): InstanceView {
  const { policy, regions = {}, ...more } = change;
  const healthy: RegionView = {
    state: 'Healthy',
    healthyForMs: 3_600_000,
    synced: true,
    standbyEpoch: 0,
    grantedEpoch: 0,
    refusal: undefined,
    place: { ok: true, instances: 2 },
    ...well,
  };
  return {
    mode: 'Backup',
    primary: 'east',
    secondaries: ['west', 'north'],
    assignment: anAssignment('1 east>west,north'),
    rebuilt: undefined,
    nowMs: Date.UTC(2026, 0, 1),
    assignedForMs: 3_600_000,
    hubIsolated: false,
    failingOver: new Set(),
    room: new Map(),
    returning: 0,
    restraints: { freezes: [], keptEmpty: [] },
    ...more,
    regions: new Map(['east', 'west', 'north', 'south'].map((name) => [name, { ...healthy, ...regions[name] }])),
    policy: { ...POLICY, ...policy },
  };
}
