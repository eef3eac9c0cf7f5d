import { describe, expect, it } from 'vitest';
import {
  aBackup,
  aClass,
  aGroup,
  anActive,
  anAssignment,
  anInstance,
  anOrder,
  anOrderedComponent,
} from '../../test/support/objects.ts';
import type { RegionalService } from '../api/regional-service.ts';
import { placeInstance } from '../decide/placement.ts';
import { refuse } from '../decide/refusal.ts';
import { type InstanceFacts, instanceConditions, placementsOf } from './instance.ts';

const instance = anInstance('mail', { primaryRegion: 'east', secondaryRegions: ['west'] });
const plan = placeInstance(instance, aClass('voice-mail', aBackup()), aGroup('americas', ['east', 'west']));

/** The order of a region that has followed it at epoch 1. */
function order(role: 'Active' | 'Standby', status: Partial<RegionalService['status']> = {}): RegionalService {
  const made = anOrder('mail', [anOrderedComponent()], { role, activeRegion: 'east' });
  const redundancy = { type: 'RedundancyMet', status: 'True', reason: 'AsDeclared', message: '' } as const;
  const conditions = [{ ...redundancy, lastTransitionTime: '2026-01-01T00:00:00Z' }];
  const followed = {
    observedGeneration: 1,
    phase: role,
    epoch: 1,
    conditions,
    ...(role === 'Standby' ? { standbyEpoch: 1 } : {}),
  };
  return { ...made, metadata: { ...made.metadata, generation: 1 }, status: { ...followed, ...status } };
}

/** What an agent says that has no gate for a service that asks for one. */
const WITHOUT_GATE = {
  conditions: [
    {
      type: 'Stalled' as const,
      status: 'True' as const,
      reason: 'GateNotSet' as const,
      message: 'set it',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ],
};
const withoutGateIn = (region: 'east' | 'west') => ({
  orders: new Map([
    ['east', order('Active', region === 'east' ? { phase: 'Fenced', ...WITHOUT_GATE } : {})],
    ['west', order('Standby', region === 'west' ? WITHOUT_GATE : {})],
  ]),
});

/** Active in east, standing by in west, both healthy. */
const facts = (more: Partial<InstanceFacts> = {}): InstanceFacts => ({
  instance,
  plan,
  assignment: anAssignment('1 east>west'),
  orders: new Map([
    ['east', order('Active')],
    ['west', order('Standby')],
  ]),
  regionStates: new Map([
    ['east', 'Healthy'],
    ['west', 'Healthy'],
  ]),
  capacities: [],
  hold: undefined,
  fencing: 'Agent',
  ...more,
});

const condition = (type: string, more: Partial<InstanceFacts> = {}) =>
  instanceConditions(facts(more)).find((c) => c.type === type);

describe('an instance', () => {
  it('that runs and is protected is ready, and says how it is fenced', () => {
    expect(condition('Ready')).toMatchObject({ status: 'True' });
    expect(condition('Ready')?.message).toContain('fenced by agents only');
    expect(condition('Ready', { fencing: 'Gate' })?.message).toContain('fenced by agents, and by a gate');
    expect(condition('Ready', { fencing: undefined })?.message).not.toContain('fenced');
  });

  it.each<[string, Partial<InstanceFacts>, string, string, string]>([
    [
      'that cannot be placed says why',
      { plan: refuse('IUGroupNotFound', 'no group') },
      'Placed',
      'False',
      'IUGroupNotFound',
    ],
    [
      'that cannot be placed is stalled',
      { plan: refuse('IUGroupNotFound', 'no group') },
      'Stalled',
      'True',
      'IUGroupNotFound',
    ],
    ['without an assignment is not available', { assignment: undefined }, 'Available', 'False', 'Progressing'],
    [
      'whose region does not answer is not known to be available',
      {
        regionStates: new Map([
          ['east', 'Lost'],
          ['west', 'Healthy'],
        ]),
      },
      'Available',
      'Unknown',
      'RegionUnreachable',
    ],
    [
      'whose region has not followed the order yet is not available',
      { assignment: anAssignment('1 east>west', '2 west>east') },
      'Available',
      'False',
      'AwaitingPromotion',
    ],
    [
      'that is starting is not available',
      { orders: new Map([['east', order('Active', { phase: 'Starting' })]]) },
      'Available',
      'False',
      'AwaitingReadiness',
    ],
    [
      'whose order was changed since the region looked is not available',
      { orders: new Map([['east', order('Active', { observedGeneration: 0 })]]) },
      'Available',
      'False',
      'AwaitingPromotion',
    ],
    [
      'whose secondary region has not confirmed is not protected',
      {
        orders: new Map([
          ['east', order('Active')],
          ['west', order('Standby', { standbyEpoch: 0 })],
        ]),
      },
      'Protected',
      'False',
      'StandbyNotConfirmed',
    ],
    [
      'whose secondary region is lost is not protected',
      {
        regionStates: new Map([
          ['east', 'Healthy'],
          ['west', 'Lost'],
        ]),
      },
      'Protected',
      'False',
      'StandbyNotConfirmed',
    ],
    [
      'that is held says what is wanted and why not',
      { hold: { wanted: 'FailedOver', reason: 'CoolingDown', message: 'wait' } },
      'Held',
      'True',
      'CoolingDown',
    ],
  ])('%s', (_, more, type, status, reason) => {
    expect(condition(type, more)).toMatchObject({ status, reason });
  });

  it('whose region lacks the gate that it asks for is not available, and waits for somebody to set it', () => {
    const east = withoutGateIn('east');
    const told = { status: 'False', reason: 'GateNotSet', message: 'region east: set it' };
    expect(condition('Available', east)).toMatchObject(told);
    expect(condition('Ready', east)).toMatchObject(told);
    expect(condition('Stalled', east)).toMatchObject({ ...told, status: 'True' });
    expect(condition('Reconciling', east)).toMatchObject({ status: 'False' });
  });

  it('whose secondary region lacks the gate runs and is not protected: it could not be run there', () => {
    const west = withoutGateIn('west');
    expect(condition('Available', west)).toMatchObject({ status: 'True' });
    expect(condition('Protected', west)).toMatchObject({ status: 'False', reason: 'GateNotSet' });
    expect(condition('Stalled', west)).toMatchObject({ status: 'True', message: 'region west: set it' });
  });

  it('is told nothing by a region that is not seen', () => {
    const unseen = { ...withoutGateIn('east'), regionStates: new Map() };
    expect(condition('Available', unseen)).toMatchObject({ status: 'Unknown', reason: 'RegionUnreachable' });
    expect(condition('Stalled', unseen)).toMatchObject({ status: 'False' });
  });

  it('is not ready while any of it fails, and works on it', () => {
    const more = { orders: new Map([['east', order('Active')]]) };
    expect(condition('Ready', more)).toMatchObject({ status: 'False', reason: 'StandbyNotConfirmed' });
    expect(condition('Reconciling', more)).toMatchObject({ status: 'True' });
    expect(condition('Held', more)).toBeUndefined();
  });
});

describe('the service in each region', () => {
  it('is told with its role and what the region says', () => {
    expect(placementsOf(facts())).toMatchObject([
      { region: 'east', role: 'Active', phase: 'Active', epoch: 1 },
      { region: 'west', role: 'Standby', phase: 'Standby', epoch: 1 },
    ]);
  });

  it('tells apart what is served everywhere and shows only a part', () => {
    const active = placeInstance(instance, aClass('pulse', anActive()), aGroup('americas', ['east', 'west']));
    const rolesOf = (view: 'Full' | 'Limited') =>
      placementsOf(facts({ plan: active, view })).map(({ region, role }) => `${region} ${role}`);
    expect(rolesOf('Limited')).toEqual(['east Active', 'west ActiveLimited']);
    expect(rolesOf('Full')).toEqual(['east Active', 'west Active']);
  });

  it('says how it stands by, and what is ready of it', () => {
    const crossRegion = { mode: 'Backup', fromTier: 'CrossRegionVoice', standby: 'Warm' };
    const warm = aClass('mail', { crossRegion, components: [{ standby: { instances: 2, args: ['--ro'] } }] });
    const planned = placeInstance(instance, warm, aGroup('americas', ['east', 'west']));
    const copy = { mode: 'Warm' as const, components: [{ name: 'main', planned: 2, ready: 1 }] };
    const orders = new Map([
      ['east', order('Active')],
      ['west', order('Standby', { standby: copy })],
    ]);
    const more = { plan: planned, orders, standby: 'Warm' as const };
    const [east, west] = placementsOf(facts(more));
    expect(east).not.toHaveProperty('standby');
    expect(west).toMatchObject({ role: 'Standby', ready: 0, standby: { mode: 'Warm', planned: 2, ready: 1 } });
    const said = { status: 'False', reason: 'StandbyNotReady' };
    expect(condition('PeerReady', more)).toMatchObject(said);
    expect(condition('Ready', more)).toMatchObject(said);
    expect(condition('Protected', more)).toMatchObject({ status: 'True' });
    expect(condition('PeerReady', { standby: 'Cold' })).toBeUndefined();
  });

  it('is unknown where the region is not well: what it said last may be true no longer', () => {
    const lost = placementsOf(facts({ regionStates: new Map([['west', 'Healthy']]) }));
    expect(lost[0]).toMatchObject({ region: 'east', phase: 'Unknown', ready: 0 });
  });
});

describe('a region that was left out of the successors', () => {
  const three = anInstance('mail', { primaryRegion: 'east', secondaryRegions: ['west', 'north'] });
  const stated = (leftOut?: string[]) =>
    instanceConditions(
      facts({ instance: three, assignment: { ...anAssignment('1 east>west'), ...(leftOut && { leftOut }) } }),
    ).find(({ type }) => type === 'SuccessorsComplete');

  it('is told, with what brings it back', () => {
    expect(stated(['north'])).toEqual({
      type: 'SuccessorsComplete',
      status: 'False',
      reason: 'SuccessorLost',
      message:
        'north was lost and may not follow region east before it is back, stable, and has confirmed that it stands by; the successors are west',
    });
  });

  it('is nothing to tell where there is none, or where it has no place any more', () => {
    expect(stated()).toBeUndefined();
    expect(stated(['south'])).toBeUndefined();
  });
});

describe('a service that serves in several regions, without its primary one', () => {
  const lost = (west: 'Active' | 'Starting'): Partial<InstanceFacts> => ({
    plan: plan.ok ? { ...plan, mode: 'Active' } : plan,
    orders: new Map([
      ['east', order('Active')],
      ['west', order('Active', { phase: west })],
    ]),
    regionStates: new Map([
      ['east', 'Lost'],
      ['west', 'Healthy'],
    ]),
  });

  it('is available as long as another one serves, and not as declared', () => {
    expect(condition('Available', lost('Active'))).toMatchObject({ status: 'True', message: 'served in region west' });
    expect(condition('Ready', lost('Active'))?.status).not.toBe('True');
  });

  it('is not, where no other one does', () => {
    expect(condition('Available', lost('Starting'))?.status).toBe('Unknown');
  });
});
