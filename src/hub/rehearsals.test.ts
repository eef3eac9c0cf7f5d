import { expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { aBackup, aClass, aGroup, anInstance, aSwitch } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import type { IUGroup } from '../api/iu-group.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import { Store } from '../kube/cache.ts';
import type { KubeObject } from '../kube/object.ts';
import type { HubContext } from './context.ts';
import { rehearse } from './rehearsals.ts';

const proved: RegionSwitch = {
  ...aSwitch('drill', { type: 'Drill', drill: { kind: 'Region' } }),
  status: {
    observedGeneration: 1,
    endTime: '2025-12-31T00:00:00Z',
    services: [{ name: 'ns/mail', from: 'east', to: 'west', epoch: 2, decidedTime: '2025-12-30T23:00:00Z' }],
    drill: { phase: 'Ended', result: 'Passed' },
  },
};

function hubWith(switches: readonly RegionSwitch[], synced = true) {
  const told: string[] = [];
  const informer = <T extends KubeObject>(objects: readonly T[]) => {
    const store = new Store<T>({ indexers: { group: () => ['americas'] } });
    store.replace([...objects], '1');
    return { store, reflector: { synced } };
  };
  const backup = { primaryRegion: 'east', secondaryRegions: ['west'] };
  const context = partOf<HubContext>('context', {
    clock: new ManualClock(),
    switches: informer(switches),
    classes: informer([aClass('voice-mail', aBackup()), aClass('local')]),
    instances: informer([
      anInstance('mail', backup),
      anInstance('alone', { primaryRegion: 'west', secondaryRegions: [] }),
      anInstance('local', { primaryRegion: 'north', secondaryRegions: ['west'], serviceClassRef: { name: 'local' } }),
    ]),
    onProved: (group: string, region: string, seconds: number | undefined) =>
      told.push(`${group} ${region} ${seconds}`),
  });
  return { context, told };
}
const group = (maxAgeDays?: number, status?: IUGroup['status']): IUGroup => ({
  ...aGroup('americas', ['east', 'west', 'north'], maxAgeDays === undefined ? {} : { rehearsal: { maxAgeDays } }),
  ...(status && { status }),
});

it('only a region that something would have to leave has to be proved, and the metric says when it was', () => {
  const { context, told } = hubWith([proved]);
  expect(rehearse(context, group(90))).toMatchObject({
    rehearsals: [{ from: 'east', to: 'west', lastResult: 'Passed', provedBy: 'drill' }],
    rehearsed: { status: 'True' },
  });
  expect(told).toEqual(['americas east 1767139200', 'americas west undefined', 'americas north undefined']);
});

it('a region that was never proved is told, as a condition when the group asks for it', () => {
  const { context, told } = hubWith([]);
  expect(rehearse(context, group(90)).rehearsed).toMatchObject({ status: 'False', reason: 'RehearsalTooOld' });
  expect(rehearse(context, group())).toEqual({ rehearsals: [], rehearsed: undefined, zoneRehearsals: [] });
  expect(told[0]).toBe('americas east 0');
});

it('a hub that has not read the RegionSwitches takes nothing back', () => {
  const { context, told } = hubWith([], false);
  const said = {
    type: 'Rehearsed' as const,
    status: 'True' as const,
    reason: 'AsDeclared' as const,
    message: 'fine',
    lastTransitionTime: '2025-12-31T00:00:00Z',
  };
  const before = group(90, { observedGeneration: 1, conditions: [said] });
  expect(rehearse(context, before)).toEqual({ rehearsals: undefined, rehearsed: said });
  expect(told).toEqual([]);
});
