import { describe, expect, it } from 'vitest';
import {
  aBackup,
  aClass,
  anActive,
  anAssignment,
  anInstance,
  anOrder,
  anOrderedComponent,
  IMAGE,
} from '../../../test/support/objects.ts';
import type { RegionalService } from '../../api/regional-service.ts';
import { computeOrder, type OrderInput } from './order.ts';

const COMPONENT = anOrderedComponent();

const present = (standbyEpoch: number, epoch = 1): RegionalService => ({
  ...anOrder('mail', [COMPONENT], { epoch }),
  status: { observedGeneration: 1, standbyEpoch },
});

/** A service of class `voice-mail` in east and west. */
const order = (region: string, more: Partial<OrderInput> = {}) =>
  computeOrder({
    instance: anInstance('mail', { primaryRegion: 'east', secondaryRegions: ['west'] }),
    serviceClass: aClass('voice-mail', aBackup()),
    assignment: anAssignment('1 east>west'),
    region,
    components: [COMPONENT],
    present: undefined,
    elsewhere: [],
    othersStandBy: false,
    said: [],
    ...more,
  });

describe('the order for an active/backup service', () => {
  it('tells each region its role, the epoch and who may follow', () => {
    const spec = { epoch: 1, activeRegion: 'east', successors: ['west'], onHubLoss: 'Fence' };
    expect(order('east')).toMatchObject({ kind: 'Apply', object: { spec: { ...spec, role: 'Active' } } });
    expect(order('west')).toMatchObject({ kind: 'Apply', object: { spec: { ...spec, role: 'Standby' } } });
  });

  it('tells the active region when all others have confirmed that they stand by, and does not take it back', () => {
    const toldIn = (region: string, more: Partial<OrderInput>) => {
      const answer = order(region, more);
      return answer.kind === 'Apply' ? answer.object.spec.othersStandbyEpoch : answer.kind;
    };
    expect(toldIn('east', {})).toBeUndefined();
    expect(toldIn('east', { othersStandBy: true })).toBe(1);
    expect(toldIn('west', { othersStandBy: true })).toBeUndefined();
    const told = anOrder('mail', [COMPONENT], { epoch: 1, othersStandbyEpoch: 1 });
    const moved = { assignment: anAssignment('1 east>west', '2 west>east'), present: told };
    expect([toldIn('east', moved), toldIn('west', { ...moved, othersStandBy: true })]).toEqual([1, 2]);
  });

  it('names a zone that a drill keeps empty where it runs, beside everything else as it was', () => {
    const keptEmpty = { zone: 'a', seconds: 60, until: '2026-01-01T00:01:00Z', regionSwitch: 'd' };
    const specIn = (region: string, more: Partial<OrderInput> = {}) => {
      const answer = order(region, more);
      return answer.kind === 'Apply' ? answer.object.spec : undefined;
    };
    expect(specIn('east', { keptEmpty })).toEqual({ ...specIn('east'), keptEmpty });
    expect(specIn('west', { keptEmpty })).toEqual(specIn('west'));
  });

  it('says what stops it, as its class does', () => {
    const template = { command: ['/bin/store'] };
    const gated = aClass('voice-mail', { ...aBackup(), fencing: 'Gate', components: [{ template }] });
    expect(order('east')).toMatchObject({ object: { spec: { fencing: 'Agent' } } });
    expect(order('east', { serviceClass: gated })).toMatchObject({ object: { spec: { fencing: 'Gate' } } });
  });

  it('says what runs on standby, as its class does, but not where the plan has no place for it', () => {
    const standbyOf = (more: Partial<OrderInput>) => {
      const answer = order('west', more);
      return answer.kind === 'Apply' ? answer.object.spec.standby : answer.kind;
    };
    const crossRegion = { ...(aBackup()['crossRegion'] as object), standby: 'Warm' };
    const components = [{ standby: { args: ['--read-only'] } }];
    const serviceClass = aClass('voice-mail', { crossRegion, components });
    expect(standbyOf({})).toBeUndefined();
    expect(standbyOf({ serviceClass })).toBe('Warm');
    expect(standbyOf({ serviceClass, placeless: true })).toBeUndefined();
  });

  it('never stands without the finalizer that keeps it until the region has stopped', () => {
    const apply = order('east');
    expect(apply.kind === 'Apply' && apply.object.metadata.finalizers).toEqual(['switchback.dev/fence']);
  });

  it('goes to the active region although it has no place any more', () => {
    const assignment = anAssignment('1 south>east');
    expect(order('south', { assignment, present: present(0) })).toMatchObject({
      kind: 'Apply',
      object: { spec: { role: 'Active' } },
    });
  });

  it('leaves what was planned where the plan is refused now', () => {
    expect(order('east', { components: undefined, present: present(0) })).toMatchObject({ kind: 'Apply' });
    expect(order('east', { components: undefined })).toEqual({ kind: 'None' });
  });

  const left = anAssignment('1 south>east,west', '2 east>west');
  it('tells a region without a place to stand by until it has confirmed', () => {
    const answer = order('south', { assignment: left, present: present(0) });
    expect(answer).toMatchObject({ kind: 'Apply', object: { spec: { role: 'Standby', epoch: 2 } } });
  });

  it('stays where the history still asks for the confirmation that would go with it', () => {
    expect(order('south', { assignment: left, present: present(2, 2) })).toMatchObject({ kind: 'Apply' });
  });

  it('is withdrawn when the history has forgotten the region', () => {
    const assignment = anAssignment('2 east>west', '3 east>west');
    expect(order('south', { assignment, present: present(3, 3) })).toEqual({ kind: 'Delete' });
    expect(order('south', { assignment })).toEqual({ kind: 'None' });
  });
});

describe('the order for a service that serves in several regions', () => {
  const serviceClass = aClass('voice-routing', anActive());
  it('stays where it has no place any more until it is replaced', () => {
    const gone = { serviceClass, present: present(0) };
    expect(order('south', { ...gone, isStillServing: true })).toEqual({ kind: 'Keep' });
    expect(order('south', { ...gone, isStillServing: false })).toEqual({ kind: 'Delete' });
    expect(order('south', { serviceClass, isStillServing: true })).toEqual({ kind: 'None' });
  });

  it('is active in each of them', () => {
    expect(order('west', { serviceClass })).toMatchObject({ kind: 'Apply', object: { spec: { role: 'Active' } } });
  });

  it('says what each region shows, where the class says that its secondary regions show less', () => {
    const viewOf = (region: string, view?: string) => {
      const limited = aClass('pulse', { crossRegion: { mode: 'Active', fromTier: 'CrossRegionVoice', view } });
      const answer = order(region, { serviceClass: limited });
      return answer.kind === 'Apply' ? answer.object.spec.view : answer.kind;
    };
    expect([viewOf('east', 'Limited'), viewOf('west', 'Limited')]).toEqual([undefined, 'Limited']);
    expect([viewOf('east'), viewOf('west')]).toEqual([undefined, undefined]);
  });

  it('is withdrawn at once from a region without a place', () => {
    expect(order('south', { serviceClass, present: present(0) })).toEqual({ kind: 'Delete' });
  });
});

describe('the order for a service that is active in one region only', () => {
  const serviceClass = aClass('designer');
  const moved = { serviceClass, assignment: anAssignment('1 west>', '2 east>') };

  it('goes to the primary region', () => {
    expect(order('east', moved)).toMatchObject({ kind: 'Apply', object: { spec: { role: 'Active', mode: 'None' } } });
  });

  it('stays where it was decided to be, although its primary region was changed', () => {
    const staying = { serviceClass, assignment: anAssignment('1 west>') };
    expect(order('west', { ...staying, present: present(0) })).toMatchObject({ kind: 'Apply' });
    expect(order('east', staying)).toEqual({ kind: 'None' });
  });

  it('is withdrawn from the region that was the primary one', () => {
    expect(order('west', { ...moved, present: present(0) })).toEqual({ kind: 'Delete' });
  });

  it('waits until no other region holds one: nothing else keeps both from running at once', () => {
    expect(order('east', { ...moved, elsewhere: ['west'] })).toEqual({ kind: 'Wait', for: ['west'] });
  });

  it('is kept up to date where it stands already', () => {
    expect(order('east', { ...moved, elsewhere: ['west'], present: present(0) })).toMatchObject({ kind: 'Apply' });
  });
});

describe('the data stores in an order', () => {
  const hook = { image: IMAGE };
  const stores = (driver: string, hooks?: object) => ({
    ...aBackup(),
    dataStores: [
      { name: 'ledger', pattern: 'A-B', crossRegion: true, driver, ...(hooks ? { hooks } : {}) },
      { name: 'cache', pattern: 'A-B' },
    ],
  });
  const specOf = (more: Partial<OrderInput>, region = 'west') => {
    const assignment = { ...anAssignment('1 east>west', '2 west>east'), activeSinceEpoch: 2, cameFrom: 'east' };
    const answer = order(region, { assignment, ...more });
    return answer.kind === 'Apply' ? answer.object.spec : undefined;
  };

  it('are those with a driver, with what the hand-over needs', () => {
    const serviceClass = aClass('voice-mail', stores('Hook', { promote: hook }));
    const spec = specOf({ serviceClass });
    expect(spec).toMatchObject({ activeSinceEpoch: 2, cameFrom: 'east', handOver: 'Confirmed' });
    expect(spec?.dataStores?.map(({ name }) => name)).toEqual(['ledger']);
  });

  it('say nothing where no store is handed over by us', () => {
    const spec = specOf({ serviceClass: aClass('voice-mail', stores('None')) });
    expect([spec?.dataStores, spec?.activeSinceEpoch, spec?.handOver]).toEqual([undefined, undefined, undefined]);
  });

  it('carry the token of the region that was left to the one that is active', () => {
    const record = { name: 'ledger', state: 'Demoted', run: 1, handedTo: 2, token: 'T' } as const;
    const said = [{ region: 'east', standbyEpoch: 2, grantedEpoch: 1, dataStores: [record] }];
    const serviceClass = aClass('voice-mail', stores('CloudNativePG'));
    expect(specOf({ serviceClass, said })?.dataStores?.[0]?.promotionToken).toBe('T');
    expect(specOf({ serviceClass, said }, 'east')?.dataStores?.[0]?.promotionToken).toBeUndefined();
  });
});

describe('the order for a service whose class wants another mode', () => {
  const NONE = { ...anAssignment('1 east>'), mode: 'None' } as const;
  const BACKUP = { ...anAssignment('1 east>', '2 east>west'), mode: 'Backup' } as const;
  const inMode = (mode: RegionalService['spec']['mode'], more: object = {}) =>
    anOrder('mail', [COMPONENT], { mode, activeRegion: 'east', successors: [], ...more });

  it('follows the mode that is in force, not the one that is wanted', () => {
    expect(order('east', { assignment: NONE })).toMatchObject({ kind: 'Apply', object: { spec: { mode: 'None' } } });
    expect(order('west', { assignment: NONE })).toEqual({ kind: 'None' });
  });

  it('asks for a right only where the region has it; meanwhile the others stand by', () => {
    const running = { assignment: BACKUP, present: inMode('None') };
    expect(order('east', running)).toEqual({ kind: 'Wait', for: ['the right of east at epoch 2'] });
    const backup = { kind: 'Apply', object: { spec: { mode: 'Backup', epoch: 2 } } };
    expect(order('east', { ...running, hasRight: true })).toMatchObject(backup);
    expect(order('west', { assignment: BACKUP })).toMatchObject(backup);
  });

  it('asks at once where nothing runs without a right: no order was ever given, or it is to stop', () => {
    expect(order('east', { assignment: BACKUP })).toMatchObject({
      kind: 'Apply',
      object: { spec: { mode: 'Backup' } },
    });
    const left = { assignment: { ...anAssignment('1 west>', '2 east>west'), mode: 'Backup' as const } };
    const stop = { kind: 'Apply', object: { spec: { mode: 'Backup', role: 'Standby' } } };
    expect(order('west', { ...left, present: inMode('None') })).toMatchObject(stop);
  });

  it('is withdrawn first where it was one of the other protocol', () => {
    expect(order('west', { assignment: BACKUP, present: inMode('Active') })).toEqual({ kind: 'Delete' });
    const everywhere = { ...anAssignment('3 east>'), mode: 'Active' as const };
    expect(order('west', { assignment: everywhere, present: inMode('Backup') })).toEqual({ kind: 'Delete' });
  });

  it('is left alone where it is newer than all that is known: the hub was restored, and its class says something else', () => {
    const active = anOrder('mail', [COMPONENT], { epoch: 7, activeRegion: 'west', successors: ['east'] });
    const restored = { assignment: { ...anAssignment('1 east>'), mode: 'None' as const }, present: active };
    expect(order('west', restored)).toMatchObject({ kind: 'Wait' });
  });

  it('is withdrawn where the service stays in another region again, and keeps what was confirmed where it runs', () => {
    const told = inMode('Backup', { epoch: 2, othersStandbyEpoch: 2 });
    const alone = { ...anAssignment('2 east>west', '3 east>'), mode: 'None' as const };
    expect(order('west', { assignment: alone, present: told })).toEqual({ kind: 'Delete' });
    const kept = { mode: 'None', epoch: 3, othersStandbyEpoch: 2 };
    expect(order('east', { assignment: alone, present: told })).toMatchObject({ object: { spec: kept } });
  });
});
