import { RESOURCES } from '../api/resources.ts';
import type { Assignment, ServiceInstance } from '../api/service-instance.ts';
import { involvedRegions, regionsOf } from '../decide/assignment.ts';
import { computeOrder, type RegionalOrder } from '../decide/desired/order.ts';
import { isReplaced } from '../decide/leaving.ts';
import { checkRegion } from '../decide/regions.ts';
import { ConflictError, ifPresent, NotFoundError } from '../kube/errors.ts';
import { NAMESPACE } from '../kube/kinds.ts';
import { keyOf } from '../kube/object.ts';
import { Controller, type ControllerMetrics, type ReconcileResult } from '../runtime/controller.ts';
import type { HubContext } from './context.ts';
import { isReachable } from './diagnose.ts';
import { epochsIn, isServing, saidIn } from './instance-view.ts';
import { Linger, lingerMs } from './linger.ts';
import type { RegionLink } from './region-link.ts';

/** While a region does not answer, its orders are not even tried: they follow when it is back. */
const RETRY_UNREACHABLE_MS = 1000;
/** How often it is looked whether the region that a service left has let go of it. */
const RECHECK_ELSEWHERE_MS = 500;
/** How often it is looked whether a region that serves without a place is still needed. */
const RECHECK_LEAVING_MS = 1000;

/**
 * One controller per region, so that one region can never slow another. It makes the orders in the region those of the
 * assignments. An order goes out with the intent; the right to run does not.
 */
export function createOrderLoop(context: HubContext, link: RegionLink, metrics?: ControllerMetrics): Controller {
  const linger = new Linger(context.clock);
  return new Controller({
    name: `orders-${link.region}`,
    clock: context.clock,
    random: context.random,
    concurrency: 16,
    backoff: { minMs: 50, maxMs: 5000 },
    ...(metrics ? { metrics } : {}),
    reconcile: (key, { signal }) => reconcileOrder({ context, link, linger }, key, signal),
    onFailure: ({ key, error, willRetry }) =>
      context.log(willRetry ? 'debug' : 'warn', 'Order not written', {
        region: link.region,
        service: key,
        error: String(error),
      }),
  });
}

interface Scope {
  readonly context: HubContext;
  readonly link: RegionLink;
  readonly linger: Linger;
}

async function reconcileOrder(scope: Scope, key: string, signal: AbortSignal): Promise<ReconcileResult> {
  const { context, link } = scope;
  if (!context.leadership.isCertain() || !context.assignments.loaded) return { requeueAfterMs: RETRY_UNREACHABLE_MS };
  if (!context.inheritance.mayWriteTo(link.region)) return { requeueAfterMs: RETRY_UNREACHABLE_MS };
  if (!link.synced || !isReachable(context, link)) return { requeueAfterMs: RETRY_UNREACHABLE_MS };
  const instance = context.instances.store.get(key);
  if (!instance) return undefined;
  const order = orderFor(scope, instance, key);
  switch (order.kind) {
    case 'None':
      return undefined;
    case 'Keep':
      return { requeueAfterMs: RECHECK_LEAVING_MS };
    case 'Wait':
      context.log('debug', 'Order waits', { region: link.region, service: key, for: order.for });
      return { requeueAfterMs: RECHECK_ELSEWHERE_MS };
    case 'Delete':
      return remove(context, link, instance, signal);
    case 'Apply':
      await write(link, order, signal);
      return undefined;
  }
}

function orderFor({ context, link, linger }: Scope, instance: ServiceInstance, key: string): RegionalOrder {
  const present = link.services.store.get(key);
  if (instance.metadata.deletionTimestamp) return present ? { kind: 'Delete' } : { kind: 'None' };
  const assignment = context.assignments.get(key);
  const serviceClass = context.classes.store.get(instance.spec.serviceClassRef.name);
  if (!assignment || !serviceClass) return { kind: 'None' };
  // A region without a place is only ever told to stand by, and to confirm it: what is not started may be planned for
  // the zones of another region.
  const { placements } = context;
  const components =
    placements.componentsFor(instance, link.region) ??
    present?.spec.components ??
    placements.componentsFor(instance, assignment.activeRegion);
  const elsewhere = regionsWithOrder(context, instance, assignment).filter((region) => region !== link.region);
  const othersStandBy = doOthersStandBy(context, link.region, instance, assignment);
  const { region } = link;
  const placeless = isPlaceless(context, instance, region);
  const said = involvedRegions(instance, assignment).map((name) => saidIn(context, key, name));
  const hasRight = link.leases.store.get(region)?.spec.hub?.grants[key] === assignment.epoch;
  const isLeaving = present !== undefined && placeless;
  if (!isLeaving) linger.end(key);
  const isStillServing = isLeaving && isNeeded({ context, link, linger }, instance, key);
  const places = { components, present, elsewhere, placeless, isStillServing, othersStandBy, said, hasRight };
  // What nobody in this leadership has looked at yet stays as it is: it ends by itself.
  const kept = context.keptEmpty.known(context.leadership.term);
  const keptEmpty = kept ? kept.get(region)?.get(key) : present?.spec.keptEmpty;
  return computeOrder({ instance, serviceClass, assignment, region, keptEmpty, ...places });
}

/**
 * Whether a region that has no place any more goes on serving: until the regions that have one do, no traffic is led to
 * it, and every name that led to it is forgotten.
 */
function isNeeded({ context, link, linger }: Scope, instance: ServiceInstance, key: string): boolean {
  const { region } = link;
  const plan = context.placements.planFor(instance);
  const places = !plan.ok || plan.mode !== 'Active' ? [] : plan.regions;
  const areThere = isReplaced(
    places.map((placed) => {
      const state = context.diagnoses.get(placed.region)?.state;
      const order = context.links.get(placed.region)?.services.store.get(key);
      return { isHealthy: state === 'Healthy', isServing: isServing(state, order) };
    }),
  );
  const hasTraffic = (instance.status?.weights ?? []).some((share) => share.region === region && share.weight > 0);
  if (areThere && !hasTraffic) {
    return linger.leftMs(key, lingerMs(context.groups.store.get(instance.spec.iuGroupRef.name))) > 0;
  }
  linger.end(key);
  return true;
}

/** A plan that is refused as a whole leaves what stands there as it is, as far as the tenants allow the region. */
function isPlaceless(context: HubContext, instance: ServiceInstance, region: string): boolean {
  const plan = context.placements.planFor(instance);
  if (plan.ok) return plan.regions.every((placed) => placed.region !== region);
  const group = context.groups.store.get(instance.spec.iuGroupRef.name);
  const limits = [{ of: `the tenants of ${instance.metadata.name}`, countries: instance.spec.countries }];
  return !group || !regionsOf(instance).includes(region) || !checkRegion({ group, limits }, region).ok;
}

function doOthersStandBy(context: HubContext, region: string, instance: ServiceInstance, assignment: Assignment) {
  const others = involvedRegions(instance, assignment).filter((other) => other !== region);
  return others.every((other) => epochsIn(context, keyOf(instance), other).standbyEpoch >= assignment.epoch);
}

/**
 * Regions of the group that hold an order for the service, or that were active and cannot be seen: unknown is not gone.
 * A region that was taken out of the group was given up by a person.
 */
function regionsWithOrder(context: HubContext, instance: ServiceInstance, { history }: Assignment): string[] {
  const units = context.groups.store.get(instance.spec.iuGroupRef.name)?.spec.infrastructureUnits ?? [];
  const mayHold = (region: string): boolean => {
    const link = context.links.get(region);
    if (!link?.synced) return history.some((entry) => entry.region === region);
    return link.services.store.get(keyOf(instance)) !== undefined;
  };
  return units.map(({ region }) => region).filter(mayHold);
}

async function write(
  link: RegionLink,
  order: Extract<RegionalOrder, { kind: 'Apply' }>,
  signal: AbortSignal,
): Promise<void> {
  const ensure = () => link.applier.ensure(RESOURCES.regionalService, order.object, link.services.store, { signal });
  try {
    await ensure();
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    await ensureNamespace(link, order.object.metadata.namespace ?? '', signal);
    await ensure();
  }
}

/** Made, and never changed: so the hub needs no right to write the namespaces of others. */
async function ensureNamespace(link: RegionLink, name: string, signal: AbortSignal): Promise<void> {
  const labels = { 'switchback.dev/managed': 'true' };
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
  try {
    await link.client.create(NAMESPACE, namespace, { signal });
  } catch (error) {
    // It is there: something else was not found, which the next write tells.
    if (!(error instanceof ConflictError)) throw error;
  }
}

async function remove(
  context: HubContext,
  link: RegionLink,
  instance: ServiceInstance,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  const { name, namespace = '' } = instance.metadata;
  const present = link.services.store.get(`${namespace}/${name}`);
  if (!present || present.metadata.deletionTimestamp) return undefined;
  const { resourceVersion, uid } = present.metadata;
  // Exactly what was seen: a delete that comes late must not hit an order that was given a new role meanwhile.
  const preconditions = { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) };
  await ifPresent(link.client.delete(RESOURCES.regionalService, { name, namespace }, { signal, preconditions }));
  context.log('info', 'Order withdrawn', { region: link.region, service: `${namespace}/${name}` });
  return undefined;
}
