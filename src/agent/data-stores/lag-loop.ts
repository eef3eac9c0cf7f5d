import type { DataStoreOrder, DataStoreStatus } from '../../api/data-store.ts';
import { LABELS } from '../../api/labels.ts';
import type { RegionalService } from '../../api/regional-service.ts';
import { lagToTell, parseLag } from '../../decide/data-lag.ts';
import { recordOf, storesOf } from '../../decide/data-stores.ts';
import { hookJobName } from '../../decide/desired/hook-job.ts';
import { nextHookStep } from '../../decide/hook-jobs.ts';
import { keyOf } from '../../kube/object.ts';
import { elapsedAtLeast, type Instant } from '../../runtime/clock.ts';
import { Ticker } from '../../runtime/ticker.ts';
import type { AgentContext } from '../context.ts';
import { patchReplica, primaryOf, readCluster } from './cloud-native-pg.ts';
import type { StoreCall } from './driver.ts';
import { writeRecords } from './hand-over.ts';
import { advanceHooks, deleteJobs, jobFact, listHookJobs, readTermination } from './hook.ts';

const LOOK_EVERY_MS = 5000;
/** How often a replica cluster is looked at, and how often a store without a period of its own. */
const FOLLOW_EVERY_MS = 30_000;

/**
 * The copies in a region that stands by: how far they are behind, and whom they follow. It runs beside the hand-over and
 * never while one is under way: only of services that this region has confirmed to stand by.
 */
export function createLagLoop(context: AgentContext): Ticker {
  const lookedAt = new Map<string, Instant>();
  return new Ticker({
    clock: context.clock,
    everyMs: LOOK_EVERY_MS,
    onError: (error) => context.log('debug', 'Copies not looked at', { error: String(error) }),
    async run(signal) {
      for (const order of context.orders.values()) {
        for (const store of storesOf(order)) {
          if (!isConfirmedStandby(context, order)) continue;
          await look(context, { order, store, signal }, lookedAt).catch((error: unknown) =>
            context.log('debug', 'Copy not looked at', { service: keyOf(order), error: String(error) }),
          );
        }
      }
    },
  });
}

const isConfirmedStandby = ({ leadership, orders }: AgentContext, known: RegionalService): boolean => {
  const order = orders.get(keyOf(known));
  if (!order || !leadership.isCertain() || !orders.sure || order.metadata.deletionTimestamp) return false;
  const { spec, status } = order;
  return spec.epoch === known.spec.epoch && spec.role === 'Standby' && (status?.standbyEpoch ?? 0) >= spec.epoch;
};

interface Look {
  readonly order: RegionalService;
  readonly store: DataStoreOrder;
  readonly signal: AbortSignal;
}

async function look(context: AgentContext, at: Look, lookedAt: Map<string, Instant>): Promise<void> {
  const { order, store } = at;
  const key = `${keyOf(order)}/${store.name}`;
  const now = context.clock.now();
  const since = lookedAt.get(key);
  const everyMs = store.hooks?.lag ? store.hooks.lag.everySeconds * 1000 : FOLLOW_EVERY_MS;
  if (since && elapsedAtLeast(since, now) < everyMs) return;
  const call = callFor(context, at);
  const followed = store.driver === 'CloudNativePG' ? await follow(context, call) : undefined;
  const measured = await measure(call);
  if (measured !== 'Running') lookedAt.set(key, now);
  await tell(context, call, followed, measured);
}

const NO_RECORD = { state: 'Standby', run: 0 } as const;

const callFor = (context: AgentContext, { order, signal, store }: Look): StoreCall => ({
  context,
  order,
  store,
  signal,
  record: { name: store.name, ...NO_RECORD },
  mayAct: () => isConfirmedStandby(context, order),
  mayRetry: true,
});

/** The lag in seconds; undefined: nobody can tell it; `Running`: the Job is on its way. */
async function measure(call: StoreCall): Promise<number | undefined | 'Running'> {
  const { order, store } = call;
  if (!store.hooks?.lag) return undefined;
  const name = hookJobName(order.metadata.name, store.name, 'lag', 0);
  const jobs = (await listHookJobs(call)).filter(({ metadata }) => metadata.labels?.[LABELS.hook] === 'lag');
  const facts = jobs.map(jobFact);
  const step = nextHookStep([{ action: 'lag', name }], facts, { failedJob: undefined, mayRetry: false });
  if (step.kind === 'Create' || step.kind === 'Start') {
    await advanceHooks(['lag'], call);
    return 'Running';
  }
  if (step.kind === 'Wait' || step.kind === 'Delete') return 'Running';
  const lag = step.kind === 'Done' ? parseLag(await readTermination(call, name)) : undefined;
  await deleteJobs(call, facts);
  return lag;
}

/**
 * A copy follows the region that is active now, once that has been told to be. What was rebuilt is another object that
 * follows it: then it is a copy again.
 */
async function follow(context: AgentContext, call: StoreCall): Promise<Partial<DataStoreStatus>> {
  const { order, store } = call;
  const record = recordOf(order, store.name);
  const cluster = await readCluster(call);
  if (typeof cluster === 'string') return { message: cluster };
  const { activeRegion, handOver } = order.spec;
  const primary = primaryOf(cluster);
  if (record?.state === 'RebuildNeeded') {
    // From before its uid was kept: this is the one that is to be made anew.
    if (record.cluster === undefined) return { cluster: cluster.metadata.uid ?? '' };
    const isAnother = cluster.metadata.uid !== record.cluster;
    return isAnother && primary === activeRegion ? { state: 'Standby', run: 0, cluster: '', message: '' } : {};
  }
  if (primary === context.region)
    return { message: `Cluster ${cluster.metadata.name} is primary here, and region ${activeRegion} is active` };
  if (primary !== activeRegion && handOver !== undefined)
    await patchReplica(call, cluster, { primary: activeRegion, source: activeRegion });
  return record?.message?.startsWith('Cluster ') || record?.message?.startsWith('there is no ') ? { message: '' } : {};
}

/** Written only when it says something new. */
async function tell(
  context: AgentContext,
  { mayAct, order, store }: StoreCall,
  followed: Partial<DataStoreStatus> = {},
  measured: number | undefined | 'Running' = undefined,
): Promise<void> {
  const current = context.orders.get(keyOf(order));
  if (!current || !mayAct()) return;
  const before = recordOf(current, store.name);
  const { cluster, lagSeconds, message, ...rest } = before ?? { name: store.name, ...NO_RECORD };
  const lag = measured === 'Running' ? lagSeconds : lagToTell(lagSeconds, measured, store.lossObjectiveSeconds);
  const uid = followed.cluster ?? cluster;
  const text = followed.message ?? message;
  const next: DataStoreStatus = {
    ...rest,
    ...(followed.state === undefined ? {} : { state: followed.state, run: 0 }),
    ...(uid ? { cluster: uid } : {}),
    ...(text ? { message: text } : {}),
    ...(lag === undefined ? {} : { lagSeconds: lag }),
  };
  const isSame = before && Object.keys({ ...before, ...next }).every((k) => isEqualAt(before, next, k));
  if (isSame || (!before && lag === undefined && !text)) return;
  await writeRecords(context, current, [next]);
}

const isEqualAt = (one: object, other: object, key: string): boolean =>
  Reflect.get(one, key) === Reflect.get(other, key);
