import { endPods, type FenceTarget, fence, findLeftovers, isFenceSeen } from '../act/fence.ts';
import { isoTime } from '../api/common.ts';
import { FENCE_FINALIZER } from '../api/labels.ts';
import type { RegionalService } from '../api/regional-service.ts';
import { RESOURCES } from '../api/resources.ts';
import { arePromoted, mustStopFirst } from '../decide/data-stores.ts';
import { lacksGate } from '../decide/desired/gate.ts';
import { standbyPodsOf } from '../decide/desired/standby.ts';
import { decideRegional, mayRun, type RegionalAction } from '../decide/regional.ts';
import { RIGHT_PROOF_MS } from '../decide/timing.ts';
import { observeService, type ServicePicture } from '../observe/service-picture.ts';
import { isStandbyEmpty, observeStandby } from '../observe/standby-picture.ts';
import { fenced } from '../report/events.ts';
import { elapsedAtLeast } from '../runtime/clock.ts';
import { Controller, type ControllerMetrics, type ReconcileResult } from '../runtime/controller.ts';
import type { AgentContext, Fenced } from './context.ts';
import { converge, prepareAtZero } from './converge.ts';
import { demoteStores, promoteStores } from './data-stores/hand-over.ts';
import { factsOf, isPictureWhole } from './facts.ts';

const RECHECK_STOP_MS = 250;
const RETRY_COLD_MS = 50;
const LEAST_AWAIT_MS = 50;
/** The controllers of the cluster get so long to end the pods of a fenced workload before the agent does it itself. */
const END_PODS_AFTER_MS = 1000;

/** One order of the region at a time: fence, confirm or run. Each pass looks at everything again and never waits. */
export function createServiceLoop(context: AgentContext, metrics?: ControllerMetrics): Controller {
  return new Controller({
    name: 'regional-service',
    clock: context.clock,
    random: context.random,
    concurrency: 32,
    backoff: { minMs: 50, maxMs: 2000 },
    ...(metrics ? { metrics } : {}),
    reconcile: (key, { signal }) => reconcileService(context, key, signal),
    onFailure: ({ key, error, willRetry }) =>
      context.log(willRetry ? 'warn' : 'error', 'Service not converged', { service: key, error: String(error) }),
  });
}

async function reconcileService(context: AgentContext, key: string, signal: AbortSignal): Promise<ReconcileResult> {
  const order = context.orders.get(key);
  if (!order || !context.leadership.hasDuty) return undefined;
  const picture = observeService(context.caches, context.observer, order);
  const action = decideRegional(order, factsOf(context, key, order, picture.isStarted));
  // From a cold cache a running service looks as if it had to be made anew, at zero: it is neither run nor reported.
  if (!isPictureWhole(context) && (action === 'Run' || action === 'Rest')) return { requeueAfterMs: RETRY_COLD_MS };
  try {
    return await act(context, { key, order, picture, action, signal });
  } finally {
    context.reportSoon(key);
  }
}

interface Pass {
  readonly key: string;
  readonly order: RegionalService;
  readonly picture: ServicePicture;
  readonly action: RegionalAction;
  readonly signal: AbortSignal;
}

async function act(context: AgentContext, pass: Pass): Promise<ReconcileResult> {
  switch (pass.action) {
    case 'Run':
      return run(context, pass);
    case 'Fence':
      return stop(context, pass);
    case 'Confirm':
      return confirm(context, pass);
    case 'Release':
      return release(context, pass);
    case 'AwaitRight':
      return { requeueAfterMs: Math.max(LEAST_AWAIT_MS, RIGHT_PROOF_MS - context.leadership.sinceAtMostMs()) };
    case 'Rest':
      if (mayPrepare(context, pass.order)) await prepareAtZero(context, pass.order, pass.signal);
      return resumeWhenCertain(context);
  }
}

/** A lapse of certainty ends without any event: what was not done for it is looked at again. */
const resumeWhenCertain = ({ leadership, orders }: AgentContext): ReconcileResult =>
  leadership.isCertain() && orders.sure ? undefined : { requeueAfterMs: RECHECK_STOP_MS };

const mayPrepare = ({ leadership, orders }: AgentContext, { metadata, spec }: RegionalService): boolean =>
  spec.role === 'Standby' && leadership.isCertain() && orders.sure && metadata.deletionTimestamp === undefined;

/** The fence that stands, if this leadership has put one up and not taken it down; else a new one. */
function targetOf(context: AgentContext, { key, order }: Pass): FenceTarget {
  const standing = context.fenced.get(key);
  return {
    client: context.client,
    reads: context.reads,
    namespace: order.metadata.namespace ?? '',
    service: order.metadata.name,
    token: standing?.token === context.leadership.token ? standing.mark : context.random.token(),
    deployments: context.caches.deployments.store,
    statefulSets: context.caches.statefulSets.store,
    ...(mayHaveStandby(context, order) && { isOnStandby: standbyPodsOf(order) }),
    // Also of stores that the order names no more: their Jobs may still be there.
    hasJobs: [order.spec.dataStores, order.status?.dataStores].some((stores) => (stores?.length ?? 0) > 0),
  };
}

const mayHaveStandby = ({ caches }: AgentContext, order: RegionalService): boolean =>
  order.spec.standby !== undefined || !isStandbyEmpty(observeStandby(caches, order));

const isWanted = ({ deployments, statefulSets }: ServicePicture): boolean =>
  [...deployments, ...statefulSets].some(({ spec }) => (spec?.replicas ?? 0) > 0);

async function run(context: AgentContext, pass: Pass): Promise<ReconcileResult> {
  const { key, order, picture, signal } = pass;
  // The cache may still name an order that the agent before has let go.
  if (!context.leadership.isCertain() || !context.orders.sure) return { requeueAfterMs: RECHECK_STOP_MS };
  const holdMs = isWanted(picture) ? 0 : context.promises.holdMs(order);
  if (holdMs > 0) return { requeueAfterMs: Math.max(LEAST_AWAIT_MS, holdMs) };
  context.fenced.delete(key);
  // Asked again right before each write that starts something: rights end, orders change, leaders stall.
  const mayStart = (): boolean => {
    const current = context.orders.get(key);
    if (!current || current.spec.epoch !== order.spec.epoch || !context.leadership.isCertain()) return false;
    return mayRun(current, factsOf(context, key, current, picture.isStarted));
  };
  const starting = new AbortController();
  context.starting.set(key, starting);
  try {
    const either = AbortSignal.any([signal, starting.signal]);
    if (!arePromoted(order)) return await handOver(context, { ...pass, signal: either }, mayStart);
    const mayConverge = (): boolean => mayStart() && arePromoted(context.orders.get(key) ?? order);
    return await converge({ context, order, picture, mayStart: mayConverge, signal: either });
  } catch (error) {
    if (!starting.signal.aborted || signal.aborted) throw error;
    return { requeueAfterMs: 0 };
  } finally {
    context.starting.delete(key);
  }
}

/**
 * Data stores come before the pods that write to them, under the same right. What still runs here from before another
 * region was chosen and given up again is stopped first: nothing runs on a store that is not promoted for this run.
 */
async function handOver(context: AgentContext, pass: Pass, mayStart: () => boolean): Promise<ReconcileResult> {
  const { order, picture, signal } = pass;
  const facts = { isWanted: isWanted(picture), now: isoTime(context.clock.now().wallMs) };
  if (mustStopFirst(order, facts)) {
    await fence(targetOf(context, pass));
    return { requeueAfterMs: RECHECK_STOP_MS };
  }
  // As for the start of a workload: a promise of this region may still let another one run on.
  const mayAct = (): boolean => mayStart() && context.promises.holdMs(order) === 0;
  const result = await promoteStores(context, { order, mayAct, signal }, facts);
  if (result.kind === 'Done') return { requeueAfterMs: 0 };
  return { requeueAfterMs: result.afterMs };
}

async function stop(context: AgentContext, pass: Pass): Promise<ReconcileResult> {
  const { key, order, picture } = pass;
  const target = targetOf(context, pass);
  const { token } = context.leadership;
  const before = context.fenced.get(key);
  if (before?.token === token && isFenceSeen(picture, before.mark)) return awaitEnd(context, pass, target, before);
  await fence(target);
  // The leadership may have changed while the fence was under way: then the next one fences anew.
  if (context.leadership.token !== token) return { requeueAfterMs: 0 };
  if (before?.token !== token) {
    context.fenced.set(key, { token, mark: target.token, at: context.clock.now() });
    context.events.record(fenced(order, lacksGate(order, context.gate)));
    context.log('info', 'Service is fenced', { service: key, epoch: order.spec.epoch, role: order.spec.role });
  }
  return { requeueAfterMs: RECHECK_STOP_MS };
}

/**
 * The fence stands, so there is nothing to write: what is left ends by itself, and each end is an event. To fence again
 * at each look would be four reads by quorum for every service of a region that is late because it is overloaded.
 */
async function awaitEnd(
  context: AgentContext,
  { action, picture }: Pass,
  target: FenceTarget,
  { at }: Fenced,
): Promise<ReconcileResult> {
  const isOverdue = elapsedAtLeast(at, context.clock.now()) >= END_PODS_AFTER_MS;
  if (isOverdue && picture.pods.some(({ terminating }) => !terminating)) await endPods(target);
  return { requeueAfterMs: action === 'Confirm' ? RECHECK_STOP_MS : END_PODS_AFTER_MS };
}

/** Says that the region stands by, after one more look by quorum that nothing is left. */
async function confirm(context: AgentContext, pass: Pass): Promise<ReconcileResult> {
  const { key, order } = pass;
  const target = targetOf(context, pass);
  const { token } = context.leadership;
  const leftover = await findLeftovers(target);
  if (leftover !== undefined) {
    context.log('debug', 'Not yet stopped', { service: key, because: leftover });
    return stop(context, pass);
  }
  const mayConfirm = (): boolean => {
    const isStillFenced = context.fenced.get(key)?.mark === target.token && context.leadership.token === token;
    const isCurrent = context.orders.get(key)?.spec.epoch === order.spec.epoch;
    return isStillFenced && isCurrent && context.leadership.isCertain() && context.orders.sure;
  };
  if (!mayConfirm()) return { requeueAfterMs: 0 };
  // Nothing of the service is left that could write. A service that is deleted everywhere is handed over to nobody.
  if (order.spec.role === 'Standby') {
    const handed = await demoteStores(context, { order, mayAct: mayConfirm, signal: pass.signal });
    if (handed.kind === 'Wait') return { requeueAfterMs: handed.afterMs };
  }
  await recordEpoch(context, order, { standbyEpoch: order.spec.epoch });
  context.log('info', 'Standby is confirmed', { service: key, epoch: order.spec.epoch });
  return { requeueAfterMs: 0 };
}

/** Epochs in the status only rise: the API server refuses a lower one. */
export async function recordEpoch(
  context: AgentContext,
  order: RegionalService,
  epochs: { readonly standbyEpoch: number } | { readonly grantedEpoch: number },
): Promise<void> {
  const { name, namespace = '', uid } = order.metadata;
  const patch = { metadata: { ...(uid ? { uid } : {}) }, status: epochs };
  const call = { subresource: 'status', lane: 'fence', timeoutMs: 3000 } as const;
  const written = await context.client.mergePatch(RESOURCES.regionalService, { name, namespace }, patch, call);
  context.caches.orders.store.apply(written);
  context.orders.take(written);
}

/** Lets the order go. What belongs to it goes with it, by owner reference. */
async function release(context: AgentContext, { key, order, signal }: Pass): Promise<ReconcileResult> {
  if (!context.leadership.isCertain() || !context.orders.sure) return { requeueAfterMs: RECHECK_STOP_MS };
  const { name, namespace = '', resourceVersion, finalizers = [] } = order.metadata;
  const patch = { metadata: { resourceVersion, finalizers: finalizers.filter((f) => f !== FENCE_FINALIZER) } };
  await context.client.mergePatch(RESOURCES.regionalService, { name, namespace }, patch, { signal });
  context.log('info', 'Order is released', { service: key });
  return undefined;
}
