import { describe, expect, it } from 'vitest';
import { anOrder, anOrderedComponent, IMAGE } from '../../test/support/objects.ts';
import type { DataStoreStatus } from '../api/data-store.ts';
import { dataStoreConditions } from './data-stores.ts';

const hook = { image: IMAGE, deadlineSeconds: 60 };
const STORE = { name: 'ledger', driver: 'Hook', lossObjectiveSeconds: 10 };
const LAG = { ...STORE, hooks: { demote: hook, lag: { ...hook, everySeconds: 60 } } };

function tell(role: 'Active' | 'Standby', record: Partial<DataStoreStatus> | undefined, store: object = STORE) {
  const order = anOrder('mail', [anOrderedComponent()], { role, epoch: 5, activeSinceEpoch: 4, dataStores: [store] });
  const known = record && { name: 'ledger', state: 'Standby' as const, run: 0, ...record };
  const status = { observedGeneration: 1, ...(known ? { dataStores: [known] } : {}) };
  const [condition] = dataStoreConditions({ ...order, status });
  return condition && `${condition.status} ${condition.reason}: ${condition.message}`;
}

describe('what a region says of its data stores', () => {
  it.each<['Active' | 'Standby', Partial<DataStoreStatus> | undefined, object, string]>([
    ['Active', { state: 'Promoted', run: 4 }, STORE, 'True AsDeclared: promoted'],
    ['Active', undefined, STORE, 'False DataStoreHandOver: data store ledger is not promoted here yet'],
    [
      'Active',
      { state: 'Promoted', run: 3 },
      STORE,
      'False DataStoreHandOver: data store ledger is not promoted here yet',
    ],
    ['Active', { state: 'Promoting', run: 4 }, STORE, 'False DataStoreHandOver: data store ledger: Promoting'],
    [
      'Active',
      { state: 'Promoting', run: 4, failing: true, message: 'no' },
      STORE,
      'False DataStoreNotPromoted: data store ledger: no',
    ],
    [
      'Standby',
      { state: 'Demoting', run: 3, failing: true, message: 'no' },
      STORE,
      'False DataStoreNotDemoted: data store ledger: no',
    ],
    ['Standby', { state: 'Demoted', run: 3 }, STORE, 'True AsDeclared: standing by'],
    [
      'Standby',
      { state: 'RebuildNeeded', run: 3, message: 'no' },
      STORE,
      'False DataStoreRebuildNeeded: data store ledger: no',
    ],
    ['Standby', undefined, LAG, 'Unknown DataLagUnknown: data store ledger: its lag is not known'],
    [
      'Standby',
      { lagSeconds: 11 },
      LAG,
      'False DataLagTooHigh: data store ledger is 11 s behind, and the objective is 10 s',
    ],
    ['Standby', { lagSeconds: 9 }, LAG, 'True AsDeclared: standing by, ledger about 9 s behind'],
  ])('%s with %j', (role, record, store, expected) => expect(tell(role, record, store)).toBe(expected));

  it('nothing where it has none', () => {
    expect(dataStoreConditions(anOrder('mail', [anOrderedComponent()]))).toEqual([]);
  });
});
