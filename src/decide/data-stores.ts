import type { DataStoreOrder, DataStoreStatus } from '../api/data-store.ts';
import type { RegionalService } from '../api/regional-service.ts';

/**
 * The hand-over of data stores inside one region: what is to be done next, from the order and from what is recorded.
 *
 * - A promotion belongs to one *run*: the epochs from the one at which a region became active (`activeSinceEpoch`) to the
 *   one at which another region does. So an epoch that only changes successors promotes nothing again.
 * - A step is recorded before it begins. Who finds no record knows that nothing of the kind was ever begun here; who finds
 *   one takes it up, whichever process began it.
 * - A service starts only where every store is recorded as promoted for the present run, and a region confirms that it
 *   stands by only where none is promoted, or on the way to or from it.
 */
export type StoreNeed =
  | { readonly kind: 'Nothing' }
  /** Only to be recorded: either the record that must stand before a first step, or one that needs no step. */
  | { readonly kind: 'Record'; readonly record: DataStoreStatus }
  | { readonly kind: 'Advance'; readonly action: StoreAction; readonly record: DataStoreStatus }
  /** Nothing can be done before the hub has said more. */
  | { readonly kind: 'Await'; readonly message: string }
  /** Nothing can be done before a person has done something. */
  | { readonly kind: 'Stuck'; readonly message: string };

export type StoreAction = 'Promote' | 'Demote';

/** How far a driver has come with an action. */
export type Progress =
  | { readonly kind: 'Done'; readonly token?: string; readonly cluster?: string }
  | { readonly kind: 'Waiting'; readonly message: string }
  /** An attempt of its own is over and has failed: another one is made after a while. */
  | { readonly kind: 'Failed'; readonly job: string; readonly message: string };

type Order = Pick<RegionalService, 'spec' | 'status'>;

const NOTHING: StoreNeed = { kind: 'Nothing' };
/** The first epoch of every service: no region was active before. */
const FIRST_EPOCH = 1;

export const storesOf = ({ spec }: Pick<RegionalService, 'spec'>): readonly DataStoreOrder[] =>
  spec.mode === 'Backup' ? (spec.dataStores ?? []) : [];

export const recordOf = ({ status }: Pick<RegionalService, 'status'>, name: string): DataStoreStatus | undefined =>
  status?.dataStores?.find((record) => record.name === name);

/** The epoch at which the active region became so. */
export const runOf = ({ spec }: Pick<RegionalService, 'spec'>): number => spec.activeSinceEpoch ?? spec.epoch;

const isPromoted = (order: Order, { name }: DataStoreOrder): boolean => {
  const record = recordOf(order, name);
  return record?.state === 'Promoted' && record.run >= runOf(order);
};

/** Whether the service may start here as far as its data stores go. */
export const arePromoted = (order: Order): boolean => storesOf(order).every((store) => isPromoted(order, store));

/** A record without what belongs to the step before. The lag is that of a copy: what is promoted has none. */
const recordFor = (
  { name }: DataStoreOrder,
  state: DataStoreStatus['state'],
  run: number,
  more: Partial<DataStoreStatus> = {},
): DataStoreStatus => ({ name, state, run, ...more });

export interface PromotionFacts {
  /** Whether workloads of the service are wanted here already. */
  readonly isWanted: boolean;
  /** RFC 3339. */
  readonly now: string;
}

/** What a region that has the right to run the service does about one store before it starts anything. */
export function needForActive(order: Order, store: DataStoreOrder, facts: PromotionFacts): StoreNeed {
  const run = runOf(order);
  const known = recordOf(order, store.name);
  // A copy that only stood by so far: nothing was ever begun with it.
  const record = known?.state === 'Standby' ? undefined : known;
  if (isPromoted(order, store)) return NOTHING;
  if (!record && isInUse(order, facts)) {
    const message = 'it was in use here before Switchback handed it over';
    return { kind: 'Record', record: recordFor(store, 'Promoted', run, { message }) };
  }
  if (record?.state === 'RebuildNeeded')
    return { kind: 'Stuck', message: record.message ?? 'it must be rebuilt first' };
  const isFirst = !record && run <= FIRST_EPOCH;
  if (isFirst && store.driver === 'Hook' && !store.hooks?.promoteOnFirst) {
    const message = 'the service was assigned for the first time: there was nothing to take over';
    return { kind: 'Record', record: recordFor(store, 'Promoted', run, { message }) };
  }
  // How the right came about tells a switchover from a failover, which are two commands of most data stores.
  if (!isFirst && order.spec.handOver === undefined && !isBegun(record, run)) {
    return { kind: 'Await', message: 'the hub has not said yet whether every other region has confirmed' };
  }
  if (record && isBegun(record, run)) return { kind: 'Advance', action: 'Promote', record };
  return { kind: 'Record', record: recordFor(store, 'Promoting', run, { beganTime: facts.now }) };
}

/** Whether something runs here that has to stop before its data store is promoted: only what is in use already goes on. */
export const mustStopFirst = (order: Order, facts: PromotionFacts): boolean =>
  facts.isWanted &&
  storesOf(order).some((store) => {
    const need = needForActive(order, store, facts);
    return need.kind !== 'Nothing' && !(need.kind === 'Record' && need.record.state === 'Promoted');
  });

const isBegun = (record: DataStoreStatus | undefined, run: number): boolean =>
  record?.state === 'Promoting' && record.run === run;

/**
 * A service that runs here with its grant, and of which nothing is recorded, was started by an agent or for a class that
 * knew of no hand-over: one that does records `Promoting` before anything else.
 */
const isInUse = (order: Order, { isWanted }: PromotionFacts): boolean =>
  isWanted && (order.status?.grantedEpoch ?? 0) >= runOf(order);

export interface StandbyFacts {
  readonly region: string;
  /** RFC 3339. */
  readonly now: string;
}

/**
 * Where a service is assigned for the first time its data stores take writes from the beginning, as they were set up. So
 * there they are demoted although the service never started, and nothing was ever recorded.
 */
const recordFromSetUp = (order: Order, store: DataStoreOrder, region: string): DataStoreStatus | undefined =>
  order.spec.beganIn === region && runOf(order) > FIRST_EPOCH ? recordFor(store, 'Promoted', FIRST_EPOCH) : undefined;

/** What a region that stands by, and of which nothing runs any more, does about one store before it confirms. */
export function needForStandby(order: Order, store: DataStoreOrder, { now, region }: StandbyFacts): StoreNeed {
  const record = recordOf(order, store.name) ?? recordFromSetUp(order, store, region);
  if (!record || record.state === 'Standby' || record.state === 'RebuildNeeded') return NOTHING;
  if (store.driver === 'CloudNativePG' && order.spec.handOver === 'Forced') {
    const isOfThisRun = record.state !== 'Demoted' || record.handedTo === runOf(order);
    if (isOfThisRun) return { kind: 'Record', record: rebuildOf(order, store, record) };
  }
  if (record.state === 'Demoted') return NOTHING;
  if (record.state === 'Demoting') return { kind: 'Advance', action: 'Demote', record };
  const { cluster, run } = record;
  const begun = { beganTime: now, handedTo: runOf(order), ...(cluster === undefined ? {} : { cluster }) };
  return { kind: 'Record', record: recordFor(store, 'Demoting', run, begun) };
}

/** It is not touched: what was written here last stands nowhere else. */
function rebuildOf({ spec }: Order, store: DataStoreOrder, { cluster, run }: DataStoreStatus): DataStoreStatus {
  const message = `region ${spec.activeRegion} was promoted without it: save what you need of it, then make it anew as a replica of ${spec.activeRegion}`;
  return recordFor(store, 'RebuildNeeded', run, { message, ...(cluster === undefined ? {} : { cluster }) });
}

const LEAST_RETRY_SECONDS = 10;
const MOST_RETRY_SECONDS = 300;

/** After the first failure 10 s, then twice as long each time, 5 minutes at most. */
export const retryAfterSeconds = (attempts: number): number =>
  Math.min(MOST_RETRY_SECONDS, LEAST_RETRY_SECONDS * 2 ** Math.max(0, Math.min(attempts, 30) - 1));

export interface Times {
  readonly now: string;
  /** RFC 3339 of `now` and so many seconds. */
  readonly after: (seconds: number) => string;
  readonly isOverdue: boolean;
}

/** What is recorded of the progress of an action. Equal to `record` when there is nothing new to say. */
export function recordAfter(
  record: DataStoreStatus,
  action: StoreAction,
  progress: Progress,
  times: Times,
): DataStoreStatus {
  const { name, run, handedTo, cluster } = record;
  switch (progress.kind) {
    case 'Done': {
      const { token } = progress;
      const uid = progress.cluster ?? cluster;
      const base = { name, run, ...(uid === undefined ? {} : { cluster: uid }) };
      if (action === 'Promote') return { ...base, state: 'Promoted' };
      const to = handedTo === undefined ? {} : { handedTo };
      return { ...base, state: 'Demoted', ...to, ...(token === undefined ? {} : { token }) };
    }
    case 'Waiting': {
      const late = times.isOverdue ? { failing: true } : {};
      return { ...record, ...late, message: progress.message.slice(0, 512) };
    }
    case 'Failed': {
      if (record.failedJob === progress.job) return record;
      const attempts = (record.attempts ?? 0) + 1;
      const retryTime = times.after(retryAfterSeconds(attempts));
      const message = `${progress.message.slice(0, 400)}; tried again at ${retryTime}`;
      return { ...record, failing: true, attempts, retryTime, failedJob: progress.job, message };
    }
  }
}
