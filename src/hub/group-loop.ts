import { isoTime, SYSTEM_NAMESPACE } from '../api/common.ts';
import { isTrue } from '../api/conditions.ts';
import type { InfrastructureUnit, IUGroup } from '../api/iu-group.ts';
import type { Region } from '../api/region.ts';
import { RESOURCES } from '../api/resources.ts';
import type { CohortPlan } from '../decide/cohort.ts';
import { computeRegion } from '../decide/desired/region.ts';
import { stateFor } from '../decide/diagnosis.ts';
import { computeCapacity, type RegionCapacity } from '../decide/region-capacity.ts';
import { unknownZones } from '../decide/switchback-windows.ts';
import { computeProtocolTiming, fitsElection } from '../decide/timing.ts';
import { keyOf } from '../kube/object.ts';
import { type GroupFacts, groupReport, type RegionSummary } from '../report/group.ts';
import { summarizeReturns } from '../report/hold.ts';
import { reportStatus } from '../report/status.ts';
import { knownConditions } from '../report/transit.ts';
import { Controller, type ControllerMetrics, type ReconcileResult } from '../runtime/controller.ts';
import type { HubContext } from './context.ts';
import { isHubSuspect } from './diagnose.ts';
import { type IngressReport, reportIngress } from './ingress-records.ts';
import { placedServices } from './instance-view.ts';
import { noteFailures } from './present-state.ts';
import { toldOtherTimings } from './region-links.ts';
import { rehearse } from './rehearsals.ts';
import { answerRequest, type RequestFacts } from './requests.ts';
import { whileSettling } from './settling.ts';
import { describeNaming } from './tenant-names-loop.ts';
import { foresee } from './what-if.ts';

const LOOK_EVERY_MS = 10_000;

/** One IU group: tells each of its regions what it is, sums up capacity and health. */
export function createGroupLoop(
  context: HubContext,
  plan: () => CohortPlan | undefined,
  metrics?: ControllerMetrics,
): Controller {
  return new Controller({
    name: 'iu-group',
    clock: context.clock,
    random: context.random,
    concurrency: 4,
    ...(metrics ? { metrics } : {}),
    reconcile: (key, { signal }) => reconcileGroup(context, plan(), key, signal),
    onFailure: ({ key, error }) => context.log('warn', 'Group not converged', { group: key, error: String(error) }),
  });
}

async function reconcileGroup(
  context: HubContext,
  plan: CohortPlan | undefined,
  key: string,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  const group = context.groups.store.get(key);
  if (!group) return undefined;
  if (!context.leadership.isCertain()) return context.leadership.whenUncertain();
  await Promise.all(group.spec.infrastructureUnits.map(({ region }) => ensureRegion(context, group, region, signal)));
  noteCapacity(context, group);
  const now = isoTime(context.clock.now().wallMs);
  const ingress = await reportIngress(context, group, now, signal);
  const settling = whileSettling(context, group, group);
  if (settling) return settling;
  noteFailures(context, group);
  const options = {
    client: context.client,
    resource: RESOURCES.iuGroup,
    store: context.groups.store,
    now,
    signal,
  };
  const present = context.groups.store.get(key) ?? group;
  const requests = await answerRequest(context, present, signal);
  await reportStatus(
    options,
    present,
    groupReport({ ...gather(context, present, plan), ...requests, traffic: trafficOf(context, key, ingress) }),
  );
  return { requeueAfterMs: LOOK_EVERY_MS };
}

/** What belongs to no single service: the names of transit centres and of tenants. The first problem counts. */
function trafficOf(context: HubContext, group: string, { condition, set }: IngressReport): GroupFacts['traffic'] {
  const tenants = describeNaming(context, group);
  const stated = [condition, context.naming.get(group)?.condition].filter((each) => each !== undefined);
  return {
    fields: set || tenants ? { ...(set && { ingress: set }), ...(tenants && { tenants }) } : null,
    condition: stated.find(({ status }) => status !== 'True') ?? stated[0],
  };
}

/** Reckoned only from a picture that is whole. Tenants are told when a region gets full, and when it has room again. */
function noteCapacity(context: HubContext, group: IUGroup): void {
  const { assignments, capacities, classes, instances } = context;
  if (!assignments.loaded || !classes.reflector.synced || !instances.reflector.synced) return;
  const { name } = group.metadata;
  const next = computeCapacity(placedServices(context, group), group);
  const before = capacities.get(name);
  capacities.set(name, next);
  if (before === undefined || fullRegions(before) !== fullRegions(next)) context.lookAgain.tenants(name);
}

const fullRegions = (capacities: readonly RegionCapacity[]): string =>
  capacities.flatMap(({ fits, region, reservedFor = '' }) => (fits ? [] : [`${region}<${reservedFor}`])).join();

/** A region that does not answer learns of it later: nothing waits for it, and no other region is slowed. */
async function ensureRegion(context: HubContext, group: IUGroup, region: string, signal: AbortSignal): Promise<void> {
  const link = context.links.get(region);
  const isOurs = context.links.groupOf(region)?.metadata.name === group.metadata.name;
  const diagnosis = context.diagnoses.get(region);
  const isSilent = diagnosis !== undefined && stateFor(diagnosis, false) === 'Lost';
  if (!isOurs || !context.inheritance.mayWriteTo(region) || !link?.regions.reflector.synced || isSilent) return;
  const desired: Region | undefined = computeRegion(group, region);
  if (!desired) return;
  try {
    await link.applier.ensure(RESOURCES.region, desired, link.regions.store, { signal, timeoutMs: 5000 });
  } catch (error) {
    link.failed(error);
    context.log('warn', 'Region not told', { region, error: String(error) });
  }
}

function sourceOf(
  { clusterProfileRef: ref, key, secretName }: InfrastructureUnit['credentials'],
  problem: RegionSummary['credentialsProblem'],
): Pick<RegionSummary, 'byProfile' | 'credentialsProblem' | 'source'> {
  if (!ref) return { source: `Secret ${SYSTEM_NAMESPACE}/${secretName} with key ${key}` };
  const source = `ClusterProfile ${ref.namespace}/${ref.name}`;
  return { source, byProfile: true, ...(problem && { credentialsProblem: problem }) };
}

function gather(
  context: HubContext,
  group: IUGroup,
  plan: CohortPlan | undefined,
): Omit<GroupFacts, keyof RequestFacts | 'traffic'> {
  const instances = context.instances.store.byIndex('group', group.metadata.name);
  const active = new Map<string, number>();
  for (const instance of instances) {
    const region = context.assignments.get(keyOf(instance))?.activeRegion;
    if (region !== undefined) active.set(region, (active.get(region) ?? 0) + 1);
  }
  const otherwise = new Set(toldOtherTimings(context, group));
  const regions = group.spec.infrastructureUnits.map(({ credentials, region }): RegionSummary => {
    const owner = context.links.groupOf(region)?.metadata.name;
    const diagnosis = context.diagnoses.get(region);
    const before = group.status?.regions?.find((entry) => entry.region === region);
    return {
      region,
      diagnosis,
      everHealthy: before?.everHealthy === true || diagnosis?.state === 'Healthy',
      credentials: context.links.credentialsOf(region),
      ...sourceOf(credentials, context.links.problemOf(region)),
      activeServices: active.get(region) ?? 0,
      ...(owner !== undefined && owner !== group.metadata.name ? { takenBy: owner } : {}),
      ...(otherwise.has(region) ? { hasOtherTimings: true } : {}),
    };
  });
  const mobile = instances.filter((instance) => instance.spec.secondaryRegions.length > 0);
  return {
    regions,
    capacities: context.capacities.get(group.metadata.name) ?? [],
    electionFits: fitsElection(context.electionMs, computeProtocolTiming(group.spec.timings)),
    electionMs: context.electionMs,
    unprotected: mobile.filter((i) => !isTrue(i.status?.conditions, 'Protected')).map(keyOf),
    losses: foresee(context, group, plan),
    unknownZones: unknownZones(group.spec.switchback.windows ?? []),
    switchback: summarizeReturns(instances.flatMap((instance) => context.holds.get(keyOf(instance)) ?? [])),
    directories: group.spec.infrastructureUnits.flatMap(({ region }) => context.directories.get(region) ?? []),
    before: group.status,
    isIsolated: isHubSuspect(context, group),
    inherited: context.inheritance.condition(group),
    ...rehearse(context, group),
    drills: context.drills.get(group.metadata.name),
    ...(group.spec.transit && {
      transit: context.transit.get(group.metadata.name)?.conditions ?? knownConditions(group.status?.conditions),
    }),
  };
}
