import { isoTime } from '../api/common.ts';
import type { RegionalService } from '../api/regional-service.ts';
import { RESOURCES } from '../api/resources.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import { involvedRegions } from '../decide/assignment.ts';
import type { RegionState } from '../decide/diagnosis.ts';
import { modeOf } from '../decide/mode-change.ts';
import { dependenciesMet } from '../decide/needs.ts';
import { computeWeights, type RegionWeight } from '../decide/weights.ts';
import { ifPresent } from '../kube/errors.ts';
import { keyOf } from '../kube/object.ts';
import { type InstanceFacts, instanceConditions, placementsOf, regionsSeen } from '../report/instance.ts';
import { readersIn } from '../report/peer.ts';
import { reportStatus } from '../report/status.ts';
import { Controller, type ControllerMetrics, type ReconcileResult } from '../runtime/controller.ts';
import { INSTANCE_FINALIZER } from './cohort-loop.ts';
import type { HubContext } from './context.ts';
import { needsOf } from './dependencies.ts';
import { ensureRoute } from './http-route.ts';
import { isServing } from './instance-view.ts';
import { whileSettling } from './settling.ts';
import { ensureTraffic, recordSetOf } from './traffic.ts';
import { trafficSharesOf } from './traffic-shares.ts';

/** A deleted instance is looked at again so often, until every region has let go of it. */
const CLEANUP_EVERY_MS = 1000;

/**
 * One instance at a time: its traffic, and in the end its clean-up. It chooses nothing, and leaves it to `reports` to say
 * what came of it.
 */
export function createInstanceLoop(context: HubContext, reports: Controller, metrics?: ControllerMetrics): Controller {
  return new Controller({
    name: 'service-instance',
    clock: context.clock,
    random: context.random,
    concurrency: 8,
    ...(metrics ? { metrics } : {}),
    reconcile: async (key, { signal }) => {
      const result = await reconcileInstance(context, key, signal);
      reports.enqueue(key, 'resync');
      return result;
    },
    onFailure: ({ key, error }) =>
      context.log('warn', 'Instance not converged', { instance: key, error: String(error) }),
  });
}

async function reconcileInstance(context: HubContext, key: string, signal: AbortSignal): Promise<ReconcileResult> {
  const instance = context.instances.store.get(key);
  if (!instance) return undefined;
  if (!context.leadership.isCertain() || !context.assignments.loaded) return context.leadership.whenUncertain();
  if (instance.metadata.deletionTimestamp) return cleanUp(context, instance, signal);
  if (!instance.metadata.finalizers?.includes(INSTANCE_FINALIZER)) return addFinalizer(context, instance, signal);
  const settling = whileSettling(context, context.groups.store.get(instance.spec.iuGroupRef.name), instance);
  if (settling) return settling;
  const facts = gatherFacts(context, instance, key);
  const shares = trafficSharesOf(context, facts, policyOf(context, instance));
  const split = { weights: shares?.weights, readers: readersOf(facts) };
  const traffic = await ensureTraffic(context, instance, facts.assignment, split, signal);
  const route = await ensureRoute(context, instance, facts.assignment, shares?.weights, signal);
  context.traffic.set(key, { records: traffic, route });
  return shares?.nextInMs === undefined ? undefined : { requeueAfterMs: shares.nextInMs };
}

/**
 * Says in the status what the regions report, one instance at a time. Few at a time: the slower the API server answers,
 * the less often it is told, and the more each report tells.
 */
export function createInstanceReportLoop(context: HubContext, metrics?: ControllerMetrics): Controller {
  return new Controller({
    name: 'service-instance-status',
    clock: context.clock,
    random: context.random,
    concurrency: 12,
    ...(metrics ? { metrics } : {}),
    reconcile: (key, { signal }) => reportInstance(context, key, signal),
    onFailure: ({ key, error }) =>
      context.log('debug', 'Instance not reported', { instance: key, error: String(error) }),
  });
}

async function reportInstance(context: HubContext, key: string, signal: AbortSignal): Promise<ReconcileResult> {
  const instance = context.instances.store.get(key);
  const traffic = context.traffic.get(key);
  if (!instance || !traffic) return undefined;
  if (!context.leadership.isCertain() || !context.assignments.loaded) return context.leadership.whenUncertain();
  const facts = gatherFacts(context, instance, key);
  const options = {
    client: context.client,
    resource: RESOURCES.serviceInstance,
    store: context.instances.store,
    now: isoTime(context.clock.now().wallMs),
    signal,
  };
  const shares = trafficSharesOf(context, facts, policyOf(context, instance));
  await reportStatus(options, instance, {
    conditions: [...instanceConditions(facts), traffic.records, ...(traffic.route ? [traffic.route] : [])],
    fields: {
      placements: placementsOf(facts),
      weights: shares?.weights ?? null,
      drains: shares?.drains ?? null,
      ramps: shares?.ramps ?? null,
      traffic: recordSetOf(context, instance, traffic.records, options.now),
      hold: facts.hold ?? null,
    },
  });
  return undefined;
}

const policyOf = ({ groups }: HubContext, { spec }: ServiceInstance) =>
  groups.store.get(spec.iuGroupRef.name)?.spec.traffic;

function gatherFacts(context: HubContext, instance: ServiceInstance, key: string): InstanceFacts {
  const assignment = context.assignments.get(key);
  const orders = new Map<string, RegionalService>();
  const regionStates = new Map<string, RegionState>();
  for (const region of involvedRegions(instance, assignment)) {
    const order = context.links.get(region)?.services.store.get(key);
    if (order) orders.set(region, order);
    regionStates.set(region, context.diagnoses.get(region)?.state ?? 'Unknown');
  }
  const serviceClass = context.classes.store.get(instance.spec.serviceClassRef.name);
  const { standby, view } = serviceClass?.spec.crossRegion ?? {};
  const mode = serviceClass && modeOf(assignment, serviceClass);
  return {
    instance,
    plan: context.placements.planFor(instance),
    assignment,
    orders,
    regionStates,
    leaving: leavingOf(context, instance, key),
    capacities: context.capacities.get(instance.spec.iuGroupRef.name) ?? [],
    hold: context.holds.get(key),
    ...(assignment &&
      serviceClass && {
        dependencies: dependenciesMet(
          needsOf(context, instance, serviceClass, assignment.activeRegion),
          assignment.activeRegion,
          context.dependencyWaits.of(key, assignment.epoch),
        ),
      }),
    fencing: mode === 'Backup' ? serviceClass?.spec.fencing : undefined,
    standby: mode === 'Backup' ? standby : undefined,
    view: mode === 'None' ? undefined : view,
  };
}

/** Of the regions of the group, in the order of the group: at most as many as it has. */
function leavingOf(context: HubContext, instance: ServiceInstance, key: string): readonly string[] {
  const plan = context.placements.planFor(instance);
  if (!plan.ok || plan.mode !== 'Active') return [];
  const units = context.groups.store.get(instance.spec.iuGroupRef.name)?.spec.infrastructureUnits ?? [];
  return units
    .map(({ region }) => region)
    .filter((region) => {
      const order = context.links.get(region)?.services.store.get(key);
      const isPlaced = plan.regions.some((placed) => placed.region === region);
      const isGoing = order?.metadata.deletionTimestamp !== undefined;
      return !isPlaced && !isGoing && isServing(context.diagnoses.get(region)?.state, order);
    });
}

/** Shares of the readers over the regions that stand by read-only and are ready; undefined where nobody serves reads apart. */
function readersOf(facts: InstanceFacts): RegionWeight[] | undefined {
  if (facts.standby !== 'ReadOnly') return undefined;
  const regions = readersIn(regionsSeen(facts));
  return regions.length === 0 ? [] : computeWeights(regions, new Set(regions));
}

async function addFinalizer(
  context: HubContext,
  instance: ServiceInstance,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  const { name, namespace = '', resourceVersion, finalizers = [] } = instance.metadata;
  const patch = { metadata: { resourceVersion, finalizers: [...finalizers, INSTANCE_FINALIZER] } };
  const written = await context.client.mergePatch(RESOURCES.serviceInstance, { name, namespace }, patch, { signal });
  context.instances.store.apply(written);
  return { requeueAfterMs: 0 };
}

/**
 * An instance goes only when every region that it was ever active in was read, and none holds an order for it any more.
 * What the caches say is read again by quorum: nobody would ever ask again for an order that is forgotten here.
 */
async function cleanUp(context: HubContext, instance: ServiceInstance, signal: AbortSignal): Promise<ReconcileResult> {
  const key = keyOf(instance);
  const { name, namespace = '', resourceVersion, finalizers = [] } = instance.metadata;
  if (!finalizers.includes(INSTANCE_FINALIZER)) return undefined;
  const isRead = involvedRegions(instance, context.assignments.get(key)).every(
    (region) => context.links.get(region)?.synced === true,
  );
  // Of all regions: one that lost its place while it could not be reached may have kept its order.
  const isGone = isRead && context.links.list().every(({ services }) => services.store.get(key) === undefined);
  if (!isGone || (await isOrderedAnywhere(context, instance, signal))) return { requeueAfterMs: CLEANUP_EVERY_MS };
  if (!context.leadership.isCertain()) return context.leadership.whenUncertain();
  const patch = { metadata: { resourceVersion, finalizers: finalizers.filter((f) => f !== INSTANCE_FINALIZER) } };
  await context.client.mergePatch(RESOURCES.serviceInstance, { name, namespace }, patch, { signal });
  context.placements.forget(key);
  context.traffic.delete(key);
  context.log('info', 'Instance is gone from all regions', { instance: key });
  return undefined;
}

/** Of regions that do not answer, and that it never had a place in, nothing better than the cache can be had. */
async function isOrderedAnywhere(
  context: HubContext,
  instance: ServiceInstance,
  signal: AbortSignal,
): Promise<boolean> {
  const { name, namespace = '' } = instance.metadata;
  const involved = involvedRegions(instance, context.assignments.get(keyOf(instance)));
  const asked = context.links
    .list()
    .filter(({ region }) => involved.includes(region) || context.diagnoses.get(region)?.state === 'Healthy');
  const orders = await Promise.all(
    asked.map(({ client }) => ifPresent(client.read(RESOURCES.regionalService, { name, namespace }, { signal }))),
  );
  return orders.some((order) => order !== undefined);
}
