import { pruneChildren } from '../act/prune.ts';
import type { RegionalService } from '../api/regional-service.ts';
import { computeStandby, type StandbyChildren, standbyPodsOf } from '../decide/desired/standby.ts';
import { decideStandby, type StandbyAction } from '../decide/standby.ts';
import { ifPresent, TransientError } from '../kube/errors.ts';
import { POD, SERVICE } from '../kube/kinds.ts';
import { keyOf } from '../kube/object.ts';
import { isStandbyEmpty, observeStandby, type StandbyPicture } from '../observe/standby-picture.ts';
import { Controller, type ControllerMetrics, type ReconcileResult } from '../runtime/controller.ts';
import type { AgentContext } from './context.ts';
import { ensureWorkload } from './converge.ts';
import { isPictureWhole } from './facts.ts';

const RETRY_UNCERTAIN_MS = 500;
/** Few at a time: nothing waits for it, and it must not stand in the way of what stops and starts. */
const CONCURRENCY = 4;
const NOTHING: StandbyChildren = { workloads: [], services: [] };

/**
 * Keeps the copies that run while the region stands by. It has no part in the authority protocol: it asks for no right,
 * touches nothing that carries the label of a service, and no fence, start or confirmation ever waits for a write of it.
 */
export function createStandbyLoop(context: AgentContext, metrics?: ControllerMetrics): Controller {
  return new Controller({
    name: 'regional-service-standby',
    clock: context.clock,
    random: context.random,
    concurrency: CONCURRENCY,
    ...(metrics ? { metrics } : {}),
    reconcile: (key, { signal }) => reconcileStandby(context, key, signal),
    onFailure: ({ key, error, willRetry }) =>
      context.log(willRetry ? 'debug' : 'warn', 'Standby not converged', { service: key, error: String(error) }),
  });
}

async function reconcileStandby(context: AgentContext, key: string, signal: AbortSignal): Promise<ReconcileResult> {
  const order = context.orders.get(key);
  if (!order || !context.leadership.hasDuty) return undefined;
  if (!order.spec.standby && isStandbyEmpty(observeStandby(context.caches, order))) return undefined;
  const { leadership, orders } = context;
  if (!leadership.isCertain() || !orders.sure || !isPictureWhole(context))
    return { requeueAfterMs: RETRY_UNCERTAIN_MS };
  const picture = observeStandby(context.caches, order);
  const action = decideStandby(order);
  try {
    if (action === 'Run') await ensureStandby(context, order, signal);
    await removeOthers(context, { order, picture, action }, signal);
  } finally {
    context.reportSoon(key);
  }
  return undefined;
}

async function ensureStandby(context: AgentContext, order: RegionalService, signal: AbortSignal): Promise<void> {
  const { applier, caches, leadership, orders } = context;
  const { services, workloads } = computeStandby(order);
  const beforeWrite = (): void => {
    const current = orders.get(keyOf(order));
    if (current && leadership.isCertain() && decideStandby(current) === 'Run') return;
    throw new TransientError('the region does not stand by any more');
  };
  await Promise.all([
    ...workloads.map((workload) => ensureWorkload(context, workload, { signal, beforeWrite })),
    ...services.map((service) => {
      const { resourceVersion } = caches.services.store.get(keyOf(service))?.metadata ?? {};
      return applier.ensure(SERVICE, service, caches.services.store, { signal, resourceVersion, beforeWrite });
    }),
  ]);
}

interface Present {
  readonly order: RegionalService;
  readonly picture: StandbyPicture;
  readonly action: StandbyAction;
}

/** What the order does not name goes: while it is there the region cannot say that nothing of the active side is left. */
async function removeOthers(context: AgentContext, present: Present, signal: AbortSignal): Promise<void> {
  const { action, order, picture } = present;
  const wanted = action === 'Remove' ? NOTHING : computeStandby(order);
  await pruneChildren(context.client, picture, wanted, signal);
  const names = new Set(wanted.workloads.map(({ kind, metadata }) => `${kind}/${metadata.name}`));
  const isNamed = ({ kind, metadata }: { kind: string; metadata: { name: string } }): boolean =>
    names.has(`${kind}/${metadata.name}`);
  // Pods of a workload that goes are ended with it; ended before it, they would come back.
  if (![...picture.deployments, ...picture.statefulSets].every(isNamed)) return;
  const isOnStandby = standbyPodsOf(order);
  const strays = picture.pods.filter((pod) => !isOnStandby(pod) && !pod.metadata.deletionTimestamp);
  await Promise.all(
    strays.map(({ metadata: { name, namespace = '', uid } }) =>
      ifPresent(
        context.client.delete(POD, { name, namespace }, { signal, ...(uid ? { preconditions: { uid } } : {}) }),
      ),
    ),
  );
}
