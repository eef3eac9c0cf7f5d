import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anInstanceView, type ViewChange } from '../../test/support/instance-view.ts';
import { aBackup, aClass, anAssignment } from '../../test/support/objects.ts';
import type { CrossRegionMode } from '../api/service-class.ts';
import { nextAssignment } from './assignment.ts';
import { decideInstance } from './failover.ts';
import { checkIntent } from './invariants.ts';
import { decideModeChange, inForce, isConverting, modeOf, stepTowards } from './mode-change.ts';

const NOW = '2026-01-01T00:00:00Z';
const HERE = anAssignment('1 east>west,north');
/** What stays in its region follows nobody there, and nobody follows it. */
const ALONE = anAssignment('1 east>');
const AWAY = anAssignment('1 east>west,north', '2 west>east,north');

type Change = `${CrossRegionMode} to ${CrossRegionMode}`;

function view(change: Change, more: ViewChange = {}) {
  const [mode = 'None', wantedMode = 'None'] = change.split(' to ') as [CrossRegionMode, CrossRegionMode];
  const assignment = mode === 'Backup' ? HERE : ALONE;
  return anInstanceView({ mode, wantedMode, assignment, unfencedIn: [], ...more }, { isServing: true });
}
const decide = (change: Change, more: ViewChange = {}) => {
  const asked = view(change, more);
  return asked.assignment && decideModeChange(asked, asked.assignment);
};

describe('the mode that is in force', () => {
  it.each([
    ['that of the assignment', 'None', 'None'],
    ['that of the class where the assignment says nothing', undefined, 'Backup'],
  ] as const)('is %s', (_, mode, expected) => {
    const serviceClass = aClass('mail', aBackup());
    const assignment = mode === undefined ? HERE : { ...HERE, mode };
    expect(modeOf(assignment, serviceClass)).toBe(expected);
    expect(inForce(serviceClass, assignment).spec.crossRegion.mode).toBe(expected);
  });

  it('leaves a class that it does not change as it is, so that what is made from it is not made anew', () => {
    const serviceClass = aClass('mail', aBackup());
    expect(inForce(serviceClass, { mode: 'Backup' })).toBe(serviceClass);
  });
});

describe('a change of the mode', () => {
  it.each<[Change, CrossRegionMode]>([
    ['None to Active', 'Active'],
    ['Active to None', 'None'],
    ['None to Backup', 'Backup'],
    ['Backup to None', 'None'],
    ['Active to Backup', 'None'],
    ['Backup to Active', 'None'],
  ])('%s is an epoch of its own in the same region, with mode %s', (change, mode) => {
    const decision = decide(change);
    expect(decision).toMatchObject({ kind: 'Assign', intent: { activeRegion: 'east', mode } });
    const successors = mode === 'Backup' ? ['west', 'north'] : [];
    expect(decision).toMatchObject({ intent: { successors } });
  });

  it('is nothing while the class wants what is in force', () => {
    expect(decide('Backup to Backup')).toBeUndefined();
    expect(decideInstance(view('None to None'))).toEqual({ kind: 'Keep' });
  });

  it.each<[string, Change, ViewChange, string]>([
    [
      'away from home',
      'Backup to None',
      { assignment: AWAY },
      'it is active in west, and its mode changes only in its primary region east',
    ],
    ['in a region that is lost', 'Backup to None', { regions: { east: { state: 'Lost' } } }, 'region east is Lost'],
    [
      'in a region that is degraded',
      'None to Backup',
      { regions: { east: { state: 'Degraded' } } },
      'region east is Degraded',
    ],
    [
      'while another region may be running it',
      'Backup to None',
      { assignment: anAssignment('2 west>east', '3 east>west') },
      'region west may still be running it since epoch 2',
    ],
    [
      'while the primary region does not serve',
      'Active to None',
      { regions: { east: { isServing: false } } },
      'region east does not serve it, and the regions that do would stop',
    ],
    [
      'while another region may run it without a right',
      'None to Backup',
      { unfencedIn: ['south'] },
      'region south may be running it without a right',
    ],
    [
      'while a region cannot confirm',
      'None to Backup',
      { regions: { west: { state: 'Lost' } } },
      'region west is Lost, and has to confirm that it stands by',
    ],
    [
      'while the hub suspects itself',
      'None to Active',
      { hubIsolated: true },
      'the hub suspects itself of being isolated',
    ],
  ])('is held %s', (_, change, more, because) => {
    const decision = decide(change, more);
    expect(decision).toMatchObject({ kind: 'Hold', wanted: 'ModeChanged', reason: 'ModeChangeUnsafe' });
    expect(decision).toMatchObject({ message: expect.stringContaining(because), endsWhen: expect.stringMatching(/./) });
  });

  it.each<Change>(['None to Active', 'None to Backup'])('%s is nothing while it has no other place', (change) => {
    expect(decide(change, { secondaries: [] })).toBeUndefined();
  });

  it('to None is made where the other places are gone already', () => {
    expect(decide('Backup to None', { secondaries: [] })).toMatchObject({ kind: 'Assign', intent: { mode: 'None' } });
  });

  it('to Active waits for no region: others begin to serve what the lost one does not', () => {
    expect(decide('None to Active', { regions: { east: { state: 'Lost', isServing: false } } })).toMatchObject({
      kind: 'Assign',
    });
  });

  it('to None may be taken back before the first right was given', () => {
    const assignment = anAssignment('1 east>', '2 east>west,north');
    expect(decide('Backup to None', { assignment })).toMatchObject({ kind: 'Assign', intent: { mode: 'None' } });
  });

  it('that is held keeps nothing else from happening: a lost region is left by the mode that is in force', () => {
    const lost = view('Backup to None', { regions: { east: { state: 'Lost' } } });
    expect(decideInstance(lost)).toMatchObject({ kind: 'Assign', intent: { activeRegion: 'west', mode: 'Backup' } });
    const away = view('Active to None', { regions: { east: { isServing: false } } });
    expect(decideInstance(away)).toMatchObject({ kind: 'Hold', wanted: 'ModeChanged' });
  });
});

describe('what runs without a right', () => {
  const none = nextAssignment(undefined, { ...intent('None'), successors: [] }, () => NOTHING, NOW);
  const backup = none && nextAssignment(none, { ...intent('Backup'), successors: ['west'] }, () => NOTHING, NOW);

  it('is in the history, in favour of nobody, until its region has recorded a right', () => {
    expect(backup?.history).toEqual([
      { epoch: 1, region: 'east', successors: [], onHubLoss: 'Fence', mode: 'None' },
      { epoch: 2, region: 'east', successors: ['west'], onHubLoss: 'Fence', mode: 'Backup' },
    ]);
    expect(isConverting(backup?.history ?? [])).toBe(true);
  });

  it('is no reason to move a service that nobody could be promoted for', () => {
    const lost = anInstanceView({ assignment: backup, secondaries: ['west'], regions: { east: { state: 'Lost' } } });
    expect(decideInstance(lost)).toMatchObject({ kind: 'Hold', wanted: 'FailedOver', reason: 'NoSuccessor' });
  });
});

const NOTHING = { standbyEpoch: 0, grantedEpoch: 0 };
function intent(mode: CrossRegionMode) {
  return { activeRegion: 'east', onHubLoss: 'Fence', reason: 'Assigned', mode } as const;
}

describe('any chain of changes', () => {
  const modes = fc.constantFrom<CrossRegionMode>('None', 'Active', 'Backup');

  it('arrives in two steps at most, and never goes between Active and Backup at once', () => {
    fc.assert(
      fc.property(modes, modes, (now, wanted) => {
        const first = stepTowards(now, wanted);
        expect(stepTowards(first, wanted)).toBe(wanted);
        expect(new Set([now, first])).not.toEqual(new Set(['Active', 'Backup']));
      }),
    );
  });

  it('is refused where it would do that, or move the service: a bug in a rule must not become a split brain', () => {
    fc.assert(
      fc.property(modes, modes, fc.constantFrom('east', 'west'), (now, next, activeRegion) => {
        const current = nextAssignment(undefined, { ...intent(now), successors: [] }, () => NOTHING, NOW);
        const wanted =
          current && nextAssignment(current, { ...intent(next), activeRegion, successors: [] }, () => NOTHING, NOW);
        if (!current || !wanted) throw new Error('the history has room');
        const isSafe = now === next || (activeRegion === 'east' && (now === 'None' || next === 'None'));
        expect(checkIntent(current, wanted, ['east', 'west']) === undefined).toBe(isSafe);
      }),
    );
  });
});
