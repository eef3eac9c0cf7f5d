import { describe, expect, it } from 'vitest';
import { aBackup, aClass, anActive, anAssignment, anInstance } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import type { CrossRegionMode } from '../api/service-class.ts';
import { scopeOf } from '../decide/partners.ts';
import { Store } from '../kube/cache.ts';
import type { HubContext } from './context.ts';
import { colocatedSets, SCOPE_INDEX } from './dependencies.ts';

const MODES = { Backup: aBackup(), Active: anActive(), None: {} };

/** The sets of two services, the first of which must live where the second one does; of each what is wanted, and is in force. */
function setsOf(
  first: readonly [CrossRegionMode, CrossRegionMode],
  second: readonly [CrossRegionMode, CrossRegionMode],
) {
  const requires = [{ serviceClass: 'store', colocated: true }];
  const placed = { primaryRegion: 'east', secondaryRegions: ['west'] };
  const all = [
    anInstance('front', { ...placed, serviceClassRef: { name: 'front' } }),
    anInstance('store', { ...placed, serviceClassRef: { name: 'store' } }),
  ];
  const instances = new Store<(typeof all)[number]>({ indexers: { [SCOPE_INDEX]: (each) => [scopeOf(each)] } });
  instances.replace(all, '1');
  const classes = new Store<ReturnType<typeof aClass>>();
  classes.replace([aClass('front', { ...MODES[first[0]], requires }), aClass('store', MODES[second[0]])], '1');
  const inForce: Record<string, CrossRegionMode> = { front: first[1], store: second[1] };
  const context = partOf<HubContext>('context', {
    assignments: {
      get: (key: string) => ({ ...anAssignment('1 east>west'), mode: inForce[key.split('/')[1] ?? ''] }),
    },
    classes: { store: classes },
    instances: { store: instances },
  });
  return colocatedSets(context, all).map((set) => set.toSorted());
}

describe('services that must live in one region', () => {
  const both = [['switchback-system/front', 'switchback-system/store']];
  it.each<[string, readonly [CrossRegionMode, CrossRegionMode], readonly [CrossRegionMode, CrossRegionMode], unknown]>([
    ['are one set', ['Backup', 'Backup'], ['Backup', 'Backup'], both],
    ['are one until another mode is in force', ['None', 'Backup'], ['Backup', 'Backup'], both],
    ['are none once it is', ['None', 'None'], ['Backup', 'Backup'], []],
    ['are none while the one that is needed serves everywhere', ['Backup', 'Backup'], ['Backup', 'Active'], []],
    ['are one as soon as it does not', ['Backup', 'Backup'], ['Active', 'Backup'], both],
  ])('%s', (_name, first, second, expected) => {
    expect(setsOf(first, second)).toEqual(expected);
  });
});
