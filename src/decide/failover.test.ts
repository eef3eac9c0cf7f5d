import { describe, expect, it } from 'vitest';
import { ABROAD, anInstanceView, type ViewChange } from '../../test/support/instance-view.ts';
import { anAssignment } from '../../test/support/objects.ts';
import { decideInstance } from './failover.ts';
import { type RegionView, type Restraint, type Restraints, regionsBeingLeft } from './instance-view.ts';
import { chooseTarget } from './target.ts';

const LOST: Partial<RegionView> = { state: 'Lost', healthyForMs: 0 };

const FREE: Restraints = { freezes: [], keptEmpty: [] };
const restraint = (region?: string): Restraint => ({ name: 'big-day', region, until: '2026-01-01T01:00:00Z' });

const away = anAssignment('1 east>west,north', '2 west>east,north');

const FOLLOWS = { reason: 'PredecessorUnproved', message: 'another hub', endsWhen: 'it is stopped' } as const;

describe('a service whose active region is lost', () => {
  it('moves to the first healthy secondary region', () => {
    const decision = decideInstance(anInstanceView({ regions: { east: LOST } }));
    expect(decision).toEqual({
      kind: 'Assign',
      intent: {
        activeRegion: 'west',
        successors: ['east', 'north'],
        mode: 'Backup',
        onHubLoss: 'Fence',
        reason: 'FailedOver',
        homeLosses: 1,
      },
      message: 'region east is lost: moves to west',
    });
  });

  it.each<[string, Partial<RegionView>]>([
    ['is lost too', LOST],
    ['is degraded', { state: 'Degraded' }],
    ['was never seen', { state: 'Unknown' }],
    ['lies where a tenant does not allow', { refusal: ABROAD }],
    ['was not read yet', { synced: false }],
  ])('passes over a region that %s', (_, west) => {
    const decision = decideInstance(anInstanceView({ regions: { east: LOST, west } }));
    expect(decision).toMatchObject({ kind: 'Assign', intent: { activeRegion: 'north' } });
  });

  it.each<[string, Partial<Restraints>]>([
    ['to be empty', { keptEmpty: [restraint('west')] }],
    ['frozen', { freezes: [restraint('west')] }],
  ])('prefers a region that is not %s', (_, restraints) => {
    const lost = anInstanceView({ regions: { east: LOST }, restraints: { ...FREE, ...restraints } });
    expect(decideInstance(lost)).toMatchObject({ kind: 'Assign', intent: { activeRegion: 'north' } });
  });

  it('goes to a region that is to be empty when there is no other: it is healthy, and better than none', () => {
    const restraints = { ...FREE, keptEmpty: [restraint('west')] };
    const lost = anInstanceView({ regions: { east: LOST, north: LOST }, restraints });
    expect(decideInstance(lost)).toMatchObject({ kind: 'Assign', intent: { activeRegion: 'west' } });
  });

  it('prefers a region that need not wait for the word of the lost one', () => {
    const lost = anInstanceView({ assignment: anAssignment('1 east>north'), regions: { east: LOST } });
    expect(chooseTarget(lost, anAssignment('1 east>north'))).toBe('north');
  });

  it.each<[string, ViewChange, string]>([
    ['the hub follows another one', { follows: FOLLOWS }, 'PredecessorUnproved'],
    ['the hub suspects itself', { hubIsolated: true }, 'HubIsolated'],
    ['automation is off', { policy: { failover: 'Manual' } }, 'AutomationOff'],
    ['no region can take over', { regions: { west: LOST, north: LOST } }, 'TargetUnhealthy'],
    [
      'no tenant allows another region',
      { regions: { west: { refusal: ABROAD }, north: { refusal: ABROAD } } },
      'ResidencyViolated',
    ],
    ['there is no secondary region', { secondaries: [] }, 'NoSuccessor'],
    ['the class asks for an approval', { policy: { promotion: 'Approval' } }, 'ApprovalRequired'],
    [
      'the lost region may hold on without the hub',
      { assignment: anAssignment('1 east>west,north hold') },
      'HubLossPolicyHolds',
    ],
    [
      'it may not have heard yet that it is to hold on no more',
      { assignment: anAssignment('1 east>west,north hold', '2 east>west,north') },
      'HubLossPolicyHolds',
    ],
    ['it may run since an epoch without that successor', { assignment: anAssignment('1 east>') }, 'NoSuccessor'],
    ['a person has frozen the group', { restraints: { ...FREE, freezes: [restraint()] } }, 'Frozen'],
    ['a person has frozen the lost region', { restraints: { ...FREE, freezes: [restraint('east')] } }, 'Frozen'],
    ['nobody knows what persons want', { restraints: undefined }, 'NotObserved'],
    ['another region is being left', { failingOver: new Set(['south']) }, 'SwitchInProgress'],
    [
      'it was failed over a moment ago',
      {
        assignment: { ...anAssignment('1 east>west,north'), reason: 'FailedOver' },
        assignedForMs: 1000,
        regions: { east: { ...LOST, grantedEpoch: 1 } },
      },
      'CoolingDown',
    ],
    [
      'too many earlier epochs are open',
      {
        assignment: anAssignment(
          ...Array.from({ length: 12 }, (_, i) => `${i + 1} ${i % 2 ? 'east' : 'south'}>west,north,east,south`),
        ),
      },
      'StandbyNotConfirmed',
    ],
  ])('is held while %s', (_, change, reason) => {
    const decision = decideInstance(anInstanceView({ ...change, regions: { east: LOST, ...change.regions } }));
    expect(decision).toMatchObject({ kind: 'Hold', wanted: 'FailedOver', reason });
  });

  it('is held with the first objection of the list, and the time of the next look', () => {
    const policy = { failover: 'Manual', promotion: 'Approval' } as const;
    const assignment = { ...anAssignment('1 east>west,north'), reason: 'FailedOver' } as const;
    const regions = { east: { ...LOST, grantedEpoch: 1 } };
    const all: ViewChange = { assignment, assignedForMs: 1000, regions, policy };
    const reasonOf = (change: ViewChange) => decideInstance(anInstanceView({ ...all, ...change }));
    expect(reasonOf({ hubIsolated: true })).toMatchObject({ reason: 'HubIsolated' });
    expect(reasonOf({})).toMatchObject({ reason: 'AutomationOff' });
    expect(reasonOf({ policy: { promotion: 'Approval' } })).toMatchObject({ reason: 'ApprovalRequired' });
    expect(reasonOf({ policy: {} })).toMatchObject({ reason: 'CoolingDown', recheckAfterMs: 59_000 });
  });

  it('may leave a region that others are leaving too', () => {
    const decision = decideInstance(anInstanceView({ regions: { east: LOST }, failingOver: new Set(['east']) }));
    expect(decision.kind).toBe('Assign');
  });

  it('moves on when the target is lost in its turn, after the cool-down', () => {
    const assignment = { ...away, reason: 'FailedOver' } as const;
    const decision = decideInstance(anInstanceView({ assignment, regions: { east: LOST, west: LOST } }));
    expect(decision).toMatchObject({ kind: 'Assign', intent: { activeRegion: 'north' } });
  });
});

describe('a service that is away from its primary region', () => {
  const home: NonNullable<ViewChange['regions']> = {
    east: { standbyEpoch: 2 },
    west: { grantedEpoch: 2 },
    north: { standbyEpoch: 2 },
  };

  it('goes home when the primary region has stood by and been healthy for long enough', () => {
    const decision = decideInstance(anInstanceView({ assignment: away, regions: home }));
    expect(decision).toMatchObject({ kind: 'Assign', intent: { activeRegion: 'east', reason: 'SwitchedBack' } });
  });

  it.each<[string, ViewChange, string]>([
    ['the hub suspects itself', { hubIsolated: true }, 'HubIsolated'],
    ['switchback is manual', { policy: { switchback: 'Manual' } }, 'AutomationOff'],
    [
      'the primary region is degraded',
      { regions: { east: { state: 'Degraded', standbyEpoch: 2 } } },
      'TargetUnhealthy',
    ],
    ['the active region does not answer', { regions: { ...home, west: { state: 'Degraded' } } }, 'TargetUnhealthy'],
    ['the primary region has not confirmed', { regions: { east: { standbyEpoch: 1 } } }, 'StandbyNotConfirmed'],
    ['the class asks for an approval', { policy: { promotion: 'Approval' } }, 'ApprovalRequired'],
    [
      'the primary region is well for a short time',
      { regions: { east: { standbyEpoch: 2, healthyForMs: 1 } } },
      'NotStableYet',
    ],
    [
      'it was failed over a moment ago, so that it is not lost at home again sooner',
      { assignment: { ...away, reason: 'FailedOver' }, assignedForMs: 1000 },
      'CoolingDown',
    ],
    ['another region cannot confirm', { regions: { ...home, north: { state: 'Degraded' } } }, 'StandbyNotConfirmed'],
    ['the switch before is not over', { regions: { east: { standbyEpoch: 2 } } }, 'SwitchInProgress'],
    [
      'the switch before is not protected: a standby that answers has not confirmed',
      { regions: { ...home, north: { standbyEpoch: 1 } } },
      'StandbyNotConfirmed',
    ],
    ['its primary region is not allowed', { regions: { east: { refusal: ABROAD } } }, 'ResidencyViolated'],
    ['a person has frozen the group', { restraints: { ...FREE, freezes: [restraint()] } }, 'Frozen'],
    ['a person has frozen the way home', { restraints: { ...FREE, freezes: [restraint('east')] } }, 'Frozen'],
    [
      'a person wants its primary region empty',
      { restraints: { ...FREE, keptEmpty: [restraint('east')] } },
      'Evacuated',
    ],
    ['nobody knows what persons want', { restraints: undefined }, 'NotObserved'],
  ])('stays while %s', (_, change, reason) => {
    const decision = decideInstance(anInstanceView({ assignment: away, regions: home, ...change }));
    expect(decision).toMatchObject({ kind: 'Hold', wanted: 'SwitchedBack', reason });
  });

  it('does not wait for the switch before where that may never end', () => {
    const assignment = anAssignment('1 south>east', '2 west>east,north');
    const regions: NonNullable<ViewChange['regions']> = { east: { standbyEpoch: 2 }, south: {} };
    expect(decideInstance(anInstanceView({ assignment, regions }))).toMatchObject({
      kind: 'Assign',
      intent: { activeRegion: 'east' },
    });
  });

  it('goes home under a freeze of another region, and when another one is to be empty', () => {
    const restraints = { freezes: [restraint('north')], keptEmpty: [restraint('west')] };
    expect(decideInstance(anInstanceView({ assignment: away, regions: home, restraints })).kind).toBe('Assign');
  });

  it('has its successors kept right while it stays', () => {
    const assignment = anAssignment('1 east>west', '2 west>east');
    const decision = decideInstance(anInstanceView({ assignment, regions: { east: LOST } }));
    expect(decision).toMatchObject({
      kind: 'Assign',
      intent: { activeRegion: 'west', successors: ['east', 'north'], reason: 'Assigned' },
    });
  });

  it('moves without the stable time when its primary region was changed', () => {
    const moved = anInstanceView({ primary: 'north', secondaries: ['west'], regions: { north: { healthyForMs: 1 } } });
    expect(decideInstance(moved)).toMatchObject({ kind: 'Assign', intent: { activeRegion: 'north', reason: 'Moved' } });
  });
});

describe('a primary region that was changed', () => {
  const away = anAssignment('1 west>');
  const recovering: ViewChange = { regions: { east: { isRecovering: true } } };
  const cases: [string, ViewChange, string][] = [
    ['is lost', { regions: { east: LOST } }, 'TargetUnhealthy'],
    ['was lost and has only just come back', recovering, 'Recovering'],
    ['is forbidden by residency', { regions: { east: { refusal: ABROAD } } }, 'ResidencyViolated'],
    ['is full', { room: new Map([['east', { planned: 9, capacity: 10 }]]) }, 'CapacityExceeded'],
  ];
  it.each(cases)('keeps a service that stays in one region where it is while it %s', (_, change, reason) => {
    const decision = decideInstance(anInstanceView({ mode: 'None', assignment: away, ...change }));
    expect(decision).toMatchObject({ kind: 'Hold', wanted: 'Moved', reason });
  });

  it.each(cases)('keeps an active/backup service where it has no place any more while it %s', (_, change, reason) => {
    const at = { assignment: anAssignment('1 south>east,west,north'), ...change };
    const regions = { ...change.regions, south: { grantedEpoch: 1 } };
    const standing = { west: { standbyEpoch: 1 }, north: { standbyEpoch: 1 } };
    const east = { standbyEpoch: 1, ...change.regions?.['east'] };
    const decision = decideInstance(anInstanceView({ ...at, regions: { ...regions, ...standing, east } }));
    expect(decision).toMatchObject({ kind: 'Hold', wanted: 'Moved', reason });
  });

  it('does not wait where every region serves', () => {
    const decision = decideInstance(anInstanceView({ mode: 'Active', assignment: away, ...recovering }));
    expect(decision).toMatchObject({ kind: 'Assign', intent: { activeRegion: 'east' } });
  });
});

describe('a service at home', () => {
  it('is left alone', () => {
    expect(decideInstance(anInstanceView())).toEqual({ kind: 'Keep' });
  });

  it.each<[string, ViewChange]>([
    ['its successors changed', { secondaries: ['north'] }],
    ['the policy for the loss of the hub changed', { policy: { onHubLoss: 'Hold' } }],
    [
      'a region without a place is known to have stopped',
      { assignment: anAssignment('1 south>east', '2 east>west,north'), regions: { east: { grantedEpoch: 2 } } },
    ],
  ])('gets a new epoch in place when %s', (_, change) => {
    const decision = decideInstance(anInstanceView(change));
    expect(decision).toMatchObject({ kind: 'Assign', intent: { activeRegion: 'east', reason: 'Assigned' } });
  });

  it('gets none while its region does not answer', () => {
    const change: ViewChange = { secondaries: ['north'], regions: { east: { state: 'Degraded' } } };
    expect(decideInstance(anInstanceView(change))).toEqual({ kind: 'Keep' });
  });

  it('is not decided about again after its order was carried out', () => {
    const decision = decideInstance(
      anInstanceView({ regions: { east: { grantedEpoch: 1 }, west: { standbyEpoch: 1 } } }),
    );
    expect(decision.kind).toBe('Keep');
  });
});

describe('a service without an assignment', () => {
  it('begins in its primary region when every region was read', () => {
    const decision = decideInstance(anInstanceView({ assignment: undefined }));
    expect(decision).toMatchObject({ kind: 'Assign', intent: { activeRegion: 'east', reason: 'Assigned' } });
  });

  it('waits for a region that was not read yet: something may run there', () => {
    const decision = decideInstance(anInstanceView({ assignment: undefined, regions: { north: { synced: false } } }));
    expect(decision).toMatchObject({ kind: 'Hold', wanted: 'Assigned', reason: 'WaitingForRegions' });
  });

  it('is adopted where a region holds an order', () => {
    const rebuilt = anAssignment('4 west>east');
    expect(decideInstance(anInstanceView({ assignment: undefined, rebuilt }))).toEqual({
      kind: 'Adopt',
      assignment: rebuilt,
    });
  });
});

describe('a hub that follows another one', () => {
  const rebuilt = anAssignment('4 west>east');
  const decided = (change: ViewChange) => decideInstance(anInstanceView({ follows: FOLLOWS, ...change }));

  it('assigns nothing for the first time', () => {
    expect(decided({ assignment: undefined })).toMatchObject({ kind: 'Hold', wanted: 'Assigned', ...FOLLOWS });
  });

  it('learns all the same what the regions know', () => {
    expect(decided({ assignment: undefined, rebuilt }).kind).toBe('Adopt');
    expect(decided({ rebuilt }).kind).toBe('Adopt');
  });

  it.each<[string, ViewChange]>([
    ['successors', { secondaries: ['west'] }],
    ['the policy', { policy: { onHubLoss: 'Hold' } }],
    ['the mode', { wantedMode: 'None' }],
    ['where a service that needs no right lives', { mode: 'Active', primary: 'west' }],
  ])('changes nothing of %s', (_, change) => {
    expect(decideInstance(anInstanceView(change)).kind).not.toBe('Keep');
    expect(decided(change).kind).toBe('Keep');
  });
});

describe('a region that was lost together with the hub', () => {
  const vouched = {
    assignment: undefined,
    rebuilt: anAssignment('4 east>west,north'),
    isVouched: true,
    group: { size: 3, silent: new Set<string>(), read: 2 },
    regions: { east: { synced: false } },
  } as const satisfies ViewChange;

  it('is not waited for when a person says that the hub is stopped', () => {
    expect(decideInstance(anInstanceView(vouched))).toEqual({ kind: 'Adopt', assignment: vouched.rebuilt });
  });

  it.each<[string, ViewChange]>([
    ['nobody says so', { isVouched: false }],
    ['this hub still follows the other one', { follows: FOLLOWS }],
    ['less than half of the group is read', { group: { ...vouched.group, read: 1 } }],
    ['regions hold on without a hub', { policy: { onHubLoss: 'Hold' } }],
    ['they were told to', { rebuilt: anAssignment('4 east>west,north hold') }],
    ['no other region knows the service', { rebuilt: undefined }],
  ])('is waited for when %s', (_, change) => {
    const decision = decideInstance(anInstanceView({ ...vouched, ...change }));
    expect(decision).toMatchObject({ kind: 'Hold', reason: 'WaitingForRegions' });
  });
});

it('an epoch at which another hub has decided something else is left', () => {
  const collided = decideInstance(anInstanceView({ collides: true }));
  expect(collided).toMatchObject({ kind: 'Assign', intent: { activeRegion: 'east', reason: 'Assigned' } });
});

it('a service of which the regions know a later epoch than a restored hub is adopted, whatever else is wanted', () => {
  const rebuilt = anAssignment('4 west>east');
  expect(decideInstance(anInstanceView({ rebuilt, regions: { east: LOST } }))).toEqual({
    kind: 'Adopt',
    assignment: rebuilt,
  });
  expect(decideInstance(anInstanceView({ rebuilt: anAssignment('1 west>east') })).kind).toBe('Keep');
});

describe('a service that needs no right', () => {
  it.each(['Active', 'None'] as const)(
    'of mode %s follows its primary region at once and is failed over never',
    (mode) => {
      expect(decideInstance(anInstanceView({ mode, regions: { east: LOST } })).kind).toBe('Keep');
      const moved = anInstanceView({ mode, assignment: anAssignment('1 west>') });
      expect(decideInstance(moved)).toMatchObject({ kind: 'Assign', intent: { activeRegion: 'east', successors: [] } });
    },
  );
});

describe('a region is being left', () => {
  const moved = { ...away, reason: 'FailedOver' } as const;
  it.each([
    ['until the other one was granted the service', moved, 1, 'Healthy', ['east']],
    ['no more when it was', moved, 2, 'Healthy', []],
    ['no more when the other one is lost in its turn', moved, 1, 'Lost', []],
    ['only by a failover', away, 1, 'Healthy', []],
  ] as const)('%s', (_, assignment, grantedEpoch, state, left) => {
    expect([...regionsBeingLeft([{ assignment, grantedEpoch }], () => state)]).toEqual(left);
  });
});
