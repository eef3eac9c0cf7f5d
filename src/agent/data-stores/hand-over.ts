import { isoTime } from '../../api/common.ts';
import type { DataStoreOrder, DataStoreStatus } from '../../api/data-store.ts';
import type { RegionalService } from '../../api/regional-service.ts';
import { RESOURCES } from '../../api/resources.ts';
import {
  needForActive,
  needForStandby,
  type PromotionFacts,
  recordAfter,
  recordOf,
  type StoreNeed,
  storesOf,
} from '../../decide/data-stores.ts';
import type { AgentContext } from '../context.ts';
import { cloudNativePg } from './cloud-native-pg.ts';
import type { StoreDriver } from './driver.ts';
import { deleteJobs, hookDriver, jobFact, listHookJobs } from './hook.ts';

const DRIVERS: Readonly<Record<DataStoreOrder['driver'], StoreDriver>> = {
  Hook: hookDriver,
  CloudNativePG: cloudNativePg,
};

/** How often it is looked at a step that is under way: Jobs and Clusters are read when they are needed, never watched. */
const LOOK_AGAIN_MS = 500;
/** What a person has to put right, and what waits for another attempt, is looked at less often. */
const LOOK_LATER_MS = 5000;
/** Longer than that, and it is said. Jobs have deadlines of their own. */
const OVERDUE_MS = 300_000;

export interface HandOverPass {
  readonly order: RegionalService;
  /** The last look before each write. */
  readonly mayAct: () => boolean;
  readonly signal: AbortSignal;
}

/** `Done`: nothing is left to do, by what is recorded. */
export type HandOverResult = { readonly kind: 'Done' } | { readonly kind: 'Wait'; readonly afterMs: number };

/** Promotes what is not promoted for the present run. Call it only under the right to run the service. */
export const promoteStores = (
  context: AgentContext,
  pass: HandOverPass,
  facts: PromotionFacts,
): Promise<HandOverResult> => handOver(context, pass, (store) => needForActive(pass.order, store, facts));

/** Demotes what was promoted here. Call it only when the region is fenced and nothing of the service is left. */
export function demoteStores(context: AgentContext, pass: HandOverPass): Promise<HandOverResult> {
  const now = isoTime(context.clock.now().wallMs);
  return handOver(context, pass, (store) => needForStandby(pass.order, store, { region: context.region, now }));
}

async function handOver(
  context: AgentContext,
  pass: HandOverPass,
  needOf: (store: DataStoreOrder) => StoreNeed,
): Promise<HandOverResult> {
  const stores = storesOf(pass.order);
  const needs = stores.map((store) => ({ store, need: needOf(store) }));
  const open = needs.filter(({ need }) => need.kind !== 'Nothing');
  if (open.length === 0) return { kind: 'Done' };
  // Of several stores none waits for another, and what one has done is recorded although another one failed.
  const results = await Promise.allSettled(open.map(({ need, store }) => advance(context, pass, store, need)));
  const next = results.flatMap((result) => (result.status === 'fulfilled' && result.value ? [result.value] : []));
  const changed = next.filter((record) => record !== recordOf(pass.order, record.name));
  if (changed.length > 0) await writeRecords(context, pass.order, changed);
  for (const { store } of open) {
    const record = changed.find(({ name }) => name === store.name);
    if (record?.state === 'Promoted' || record?.state === 'Demoted') await cleanUp(context, pass, store);
  }
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return { kind: 'Wait', afterMs: changed.length > 0 ? 0 : waitMs(needs.map(({ need }) => need)) };
}

const waitMs = (needs: readonly StoreNeed[]): number => {
  const isBusy = needs.some(({ kind }) => kind === 'Advance' || kind === 'Await');
  const isFailing = needs.every((need) => need.kind !== 'Advance' || need.record.failing);
  return isBusy && !isFailing ? LOOK_AGAIN_MS : isBusy ? 2 * LOOK_AGAIN_MS : LOOK_LATER_MS;
};

/** What is to be recorded of one store; undefined: nothing. */
async function advance(
  context: AgentContext,
  { mayAct, order, signal }: HandOverPass,
  store: DataStoreOrder,
  need: StoreNeed,
): Promise<DataStoreStatus | undefined> {
  if (need.kind === 'Record') return need.record;
  if (need.kind !== 'Advance') return undefined;
  const { action, record } = need;
  const { wallMs } = context.clock.now();
  const mayRetry = record.retryTime === undefined || wallMs >= Date.parse(record.retryTime);
  const progress = await DRIVERS[store.driver].advance(action, {
    context,
    order,
    store,
    record,
    mayAct,
    mayRetry,
    signal,
  });
  const next = recordAfter(record, action, progress, {
    now: isoTime(wallMs),
    after: (seconds) => isoTime(wallMs + seconds * 1000),
    isOverdue: record.beganTime !== undefined && wallMs - Date.parse(record.beganTime) > OVERDUE_MS,
  });
  return isSame(record, next) ? undefined : next;
}

const isSame = (one: DataStoreStatus, other: DataStoreStatus): boolean => JSON.stringify(one) === JSON.stringify(other);

/**
 * Writes the records of some stores, by a compare-and-swap on the order that the decision was made from: a leader that
 * was overtaken records nothing.
 */
export async function writeRecords(
  context: Pick<AgentContext, 'caches' | 'client' | 'orders'>,
  order: RegionalService,
  changed: readonly DataStoreStatus[],
): Promise<void> {
  const { name, namespace = '', resourceVersion, uid } = order.metadata;
  const names = new Set(storesOf(order).map((store) => store.name));
  const kept = (order.status?.dataStores ?? []).filter(
    (record) => names.has(record.name) && !changed.some((other) => other.name === record.name),
  );
  const dataStores = [...kept, ...changed].sort((x, y) => (x.name < y.name ? -1 : 1));
  const patch = { metadata: { resourceVersion, ...(uid ? { uid } : {}) }, status: { dataStores } };
  const call = { subresource: 'status', lane: 'fence', timeoutMs: 3000 } as const;
  const written = await context.client.mergePatch(RESOURCES.regionalService, { name, namespace }, patch, call);
  context.caches.orders.store.apply(written);
  context.orders.take(written);
}

/** What has ended well is recorded, and its Jobs go: a pod of theirs would count as one of the service. */
async function cleanUp(context: AgentContext, { order, signal }: HandOverPass, store: DataStoreOrder): Promise<void> {
  if (!store.hooks) return;
  const jobs = await listHookJobs({ context, order, signal, store });
  await deleteJobs({ context, order, signal, store }, jobs.map(jobFact));
}
