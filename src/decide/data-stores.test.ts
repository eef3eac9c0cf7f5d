import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anOrder, anOrderedComponent, IMAGE } from '../../test/support/objects.ts';
import type { DataStoreOrder, DataStoreStatus } from '../api/data-store.ts';
import type { RegionalService } from '../api/regional-service.ts';
import {
  arePromoted,
  mustStopFirst,
  needForActive,
  needForStandby,
  type Progress,
  recordAfter,
  retryAfterSeconds,
  type StoreNeed,
} from './data-stores.ts';

const NOW = '2026-01-01T00:00:00Z';
const TIMES = { now: NOW, after: (seconds: number) => `in ${seconds} s`, isOverdue: false };
const hook = { image: IMAGE, deadlineSeconds: 60 };
const HOOK: DataStoreOrder = { name: 'ledger', driver: 'Hook', hooks: { promote: hook, promoteOnFirst: false } };
const CNPG: DataStoreOrder = { name: 'ledger', driver: 'CloudNativePG' };

interface Situation {
  readonly store?: DataStoreOrder;
  readonly record?: Partial<DataStoreStatus>;
  readonly spec?: Partial<RegionalService['spec']>;
  readonly grantedEpoch?: number;
  readonly isWanted?: boolean;
}

/** West is told its role at epoch 5; its run began at 4. */
function orderOf(role: 'Active' | 'Standby', { grantedEpoch, record, spec, store = HOOK }: Situation) {
  const more = { role, epoch: 5, activeSinceEpoch: 4, cameFrom: 'east', handOver: 'Confirmed', ...spec };
  const order = anOrder('mail', [anOrderedComponent()], { ...more, dataStores: [store] });
  const known = record && { name: store.name, state: 'Standby' as const, run: 0, ...record };
  const status = { observedGeneration: 1, ...(known ? { dataStores: [known] } : {}) };
  return { ...order, status: grantedEpoch === undefined ? status : { ...status, grantedEpoch } };
}

const active = (situation: Situation): StoreNeed =>
  needForActive(orderOf('Active', situation), situation.store ?? HOOK, {
    isWanted: situation.isWanted ?? false,
    now: NOW,
  });
const standby = (situation: Situation): StoreNeed =>
  needForStandby(orderOf('Standby', situation), situation.store ?? HOOK, { region: 'west', now: NOW });

const told = (need: StoreNeed): string => {
  if (need.kind === 'Record') return `Record ${need.record.state} ${need.record.run}`;
  return need.kind === 'Advance' ? `${need.action} ${need.record.run}` : need.kind;
};

describe('a region with the right to run the service', () => {
  it.each<[string, Situation, string]>([
    ['records a promotion before its first step', {}, 'Record Promoting 4'],
    ['takes up one that was begun, whoever began it', { record: { state: 'Promoting', run: 4 } }, 'Promote 4'],
    ['has nothing to do when it is promoted for this run', { record: { state: 'Promoted', run: 4 } }, 'Nothing'],
    [
      'promotes anew when another region was active since',
      { record: { state: 'Promoted', run: 2 } },
      'Record Promoting 4',
    ],
    ['promotes what was demoted', { record: { state: 'Demoted', run: 2 } }, 'Record Promoting 4'],
    ['promotes what was being demoted', { record: { state: 'Demoting', run: 2 } }, 'Record Promoting 4'],
    ['promotes a copy that only told its lag so far', { record: { lagSeconds: 3 } }, 'Record Promoting 4'],
    ['begins anew what belongs to an earlier run', { record: { state: 'Promoting', run: 2 } }, 'Record Promoting 4'],
    ['waits for the word how it came by its right', { spec: { handOver: undefined } }, 'Await'],
    [
      'does not wait for it when it has begun',
      { spec: { handOver: undefined }, record: { state: 'Promoting', run: 4 } },
      'Promote 4',
    ],
    ['takes nothing over the first time', { spec: { activeSinceEpoch: 1 } }, 'Record Promoted 1'],
    [
      'runs the hook the first time where the class says so',
      { spec: { activeSinceEpoch: 1 }, store: { ...HOOK, hooks: { promote: hook, promoteOnFirst: true } } },
      'Record Promoting 1',
    ],
    ['looks at a Cluster the first time too', { spec: { activeSinceEpoch: 1 }, store: CNPG }, 'Record Promoting 1'],
    ['takes what runs with its grant for promoted', { isWanted: true, grantedEpoch: 4 }, 'Record Promoted 4'],
    ['does not where the grant is of an earlier run', { isWanted: true, grantedEpoch: 3 }, 'Record Promoting 4'],
    ['does not where nothing runs', { grantedEpoch: 5 }, 'Record Promoting 4'],
    ['never promotes what is to be rebuilt', { record: { state: 'RebuildNeeded', run: 2 } }, 'Stuck'],
  ])('%s', (_, situation, expected) => expect(told(active(situation))).toBe(expected));

  it('stops what runs on a store that is not promoted, and leaves alone what was in use before', () => {
    const order = orderOf('Active', { record: { state: 'Promoted', run: 2 }, grantedEpoch: 4 });
    expect(mustStopFirst(order, { isWanted: true, now: NOW })).toBe(true);
    expect(mustStopFirst(order, { isWanted: false, now: NOW })).toBe(false);
    expect(mustStopFirst(orderOf('Active', { grantedEpoch: 4 }), { isWanted: true, now: NOW })).toBe(false);
  });
});

describe('a region that stands by', () => {
  it.each<[string, Situation, string]>([
    ['has nothing to demote where nothing was ever promoted', {}, 'Nothing'],
    ['demotes what was promoted', { record: { state: 'Promoted', run: 2 } }, 'Record Demoting 2'],
    ['demotes what was being promoted', { record: { state: 'Promoting', run: 2 } }, 'Record Demoting 2'],
    ['takes up a demotion', { record: { state: 'Demoting', run: 2 } }, 'Demote 2'],
    ['demotes once', { record: { state: 'Demoted', run: 2 } }, 'Nothing'],
    [
      'demotes where the service began, though it never started there',
      { spec: { beganIn: 'west' } },
      'Record Demoting 1',
    ],
    ['and not where another region began', { spec: { beganIn: 'east' } }, 'Nothing'],
    [
      'demotes by a hook also after a failover',
      { spec: { handOver: 'Forced' }, record: { state: 'Promoted', run: 2 } },
      'Record Demoting 2',
    ],
    [
      'does not touch a Cluster that was passed over',
      { store: CNPG, spec: { handOver: 'Forced' }, record: { state: 'Promoted', run: 2 } },
      'Record RebuildNeeded 2',
    ],
    [
      'nor one whose demotion came too late',
      { store: CNPG, spec: { handOver: 'Forced' }, record: { state: 'Demoted', run: 2, handedTo: 4 } },
      'Record RebuildNeeded 2',
    ],
    [
      'but keeps a replica of an earlier hand-over',
      { store: CNPG, spec: { handOver: 'Forced' }, record: { state: 'Demoted', run: 1, handedTo: 2 } },
      'Nothing',
    ],
  ])('%s', (_, situation, expected) => expect(told(standby(situation))).toBe(expected));
});

describe('what is recorded', () => {
  const promoting: DataStoreStatus = { name: 'ledger', state: 'Promoting', run: 4, beganTime: NOW };
  const failed = (job: string): Progress => ({ kind: 'Failed', job, message: 'hook promote failed' });

  it('of an attempt that failed: once, with the time of the next', () => {
    const first = recordAfter(promoting, 'Promote', failed('a'), TIMES);
    expect(first).toMatchObject({ failing: true, attempts: 1, retryTime: 'in 10 s', failedJob: 'a' });
    expect(recordAfter(first, 'Promote', failed('a'), TIMES)).toBe(first);
    expect(recordAfter(first, 'Promote', failed('b'), TIMES)).toMatchObject({ attempts: 2, retryTime: 'in 20 s' });
  });

  it('of what is overdue: that it fails, until it is done', () => {
    const waiting: Progress = { kind: 'Waiting', message: 'Job x runs' };
    const late = recordAfter(promoting, 'Promote', waiting, { ...TIMES, isOverdue: true });
    expect(late).toEqual({ ...promoting, failing: true, message: 'Job x runs' });
    expect(recordAfter(late, 'Promote', { kind: 'Done' }, TIMES)).toEqual({
      name: 'ledger',
      state: 'Promoted',
      run: 4,
    });
  });

  it('of a demotion: the token, and for which run it is', () => {
    const demoting: DataStoreStatus = { name: 'ledger', state: 'Demoting', run: 2, handedTo: 4, beganTime: NOW };
    const done: Progress = { kind: 'Done', token: 'abc', cluster: 'uid' };
    const expected = { name: 'ledger', state: 'Demoted', run: 2, handedTo: 4, token: 'abc', cluster: 'uid' };
    expect(recordAfter(demoting, 'Demote', done, TIMES)).toEqual(expected);
  });

  it('the time until the next attempt grows to five minutes and no further', () => {
    expect([1, 2, 3, 5, 6, 1000].map(retryAfterSeconds)).toEqual([10, 20, 40, 160, 300, 300]);
  });
});

type Event = 'order' | 'crash' | 'done' | 'wait' | 'fail' | 'look';

/**
 * One region, driven by any events in any order: orders that make it active or not, looks with any progress of the
 * driver, writes that are lost with their process. What the store itself is in changes only by what a driver did.
 */
class Region {
  readonly #store: DataStoreOrder;
  role: 'Active' | 'Standby' = 'Standby';
  run = 1;
  epoch = 1;
  records: DataStoreStatus[] = [];
  /** What the store is: `half` while a promotion or demotion is under way. */
  truth: 'copy' | 'half' | 'writable' = 'copy';

  constructor(store: DataStoreOrder) {
    this.#store = store;
  }

  get order(): RegionalService {
    const { epoch, role, run } = this;
    const spec = { role, epoch, activeSinceEpoch: run, handOver: 'Confirmed', dataStores: [this.#store] };
    const order = anOrder('mail', [anOrderedComponent()], spec);
    return { ...order, status: { observedGeneration: 1, dataStores: this.records } };
  }

  need(): StoreNeed {
    if (this.role === 'Active') return needForActive(this.order, this.#store, { isWanted: false, now: NOW });
    return needForStandby(this.order, this.#store, { region: 'west', now: NOW });
  }

  step(event: Event): void {
    if (event === 'order') {
      this.epoch += 1;
      this.run = this.epoch;
      this.role = this.role === 'Active' ? 'Standby' : 'Active';
      return;
    }
    const need = this.need();
    // A crash before the write: nothing but what the cluster shows is left.
    if (need.kind === 'Record' && event !== 'crash') this.records = [need.record];
    if (need.kind !== 'Advance') return;
    const isDone = event === 'done' || event === 'crash';
    this.truth = !isDone ? 'half' : need.action === 'Promote' ? 'writable' : 'copy';
    if (event === 'crash') return;
    const progress: Progress = isDone
      ? { kind: 'Done' }
      : event === 'fail'
        ? { kind: 'Failed', job: `${this.epoch}`, message: 'no' }
        : { kind: 'Waiting', message: 'on its way' };
    this.records = [recordAfter(need.record, need.action, progress, TIMES)];
  }

  /** Whether the region would start the service, or confirm that it stands by. */
  get mayStart(): boolean {
    return this.role === 'Active' && arePromoted(this.order);
  }
  get mayConfirm(): boolean {
    return this.role === 'Standby' && this.need().kind === 'Nothing';
  }
}

describe('whatever happens, in any order', () => {
  const store = { ...HOOK, hooks: { promote: hook, demote: hook, promoteOnFirst: true } };
  const events = fc.array(fc.constantFrom<Event>('order', 'crash', 'done', 'wait', 'fail', 'look'), { maxLength: 40 });

  it('a service starts on a store that takes writes only, and a region confirms only when its store is a copy', () => {
    fc.assert(
      fc.property(events, (list) => {
        const region = new Region(store);
        for (const event of list) {
          region.step(event);
          if (region.mayStart) expect(region.truth).toBe('writable');
          if (region.mayConfirm) expect(region.truth).toBe('copy');
        }
      }),
    );
  });

  it('when the hooks succeed at last, the region arrives where it was ordered to be', () => {
    fc.assert(
      fc.property(events, (list) => {
        const region = new Region(store);
        for (const event of list) region.step(event);
        for (let look = 0; look < 4; look++) region.step('done');
        expect(region.role === 'Active' ? region.mayStart : region.mayConfirm).toBe(true);
        expect(region.need().kind).toBe('Nothing');
      }),
    );
  });
});
