import { isoTime } from '../api/common.ts';
import type { IUGroup } from '../api/iu-group.ts';
import { ANNOTATIONS } from '../api/labels.ts';
import type { RegionalService } from '../api/regional-service.ts';
import type { ServiceClass } from '../api/service-class.ts';
import type { Assignment, ServiceInstance } from '../api/service-instance.ts';
import { collides, involvedRegions, type RegionEpochs, rebuildAssignment } from '../decide/assignment.ts';
import { type DataLag, dataLagOf } from '../decide/data-lag.ts';
import { isSilent, type RegionState, stateFor } from '../decide/diagnosis.ts';
import type { RegionSaid } from '../decide/hand-over.ts';
import type { AssignedService, FailoverPolicy, GroupView, InstanceView, RegionView } from '../decide/instance-view.ts';
import type { Ledger } from '../decide/ledger.ts';
import { modeOf } from '../decide/mode-change.ts';
import type { KeyedService } from '../decide/outlook.ts';
import type { Placement } from '../decide/placement.ts';
import { type Refusal, refuse } from '../decide/refusal.ts';
import { computeCapacity } from '../decide/region-capacity.ts';
import { checkRegion, nearestFirst, type RegionQuestion, type RegionRefusal } from '../decide/regions.ts';
import { type Place, roomOf } from '../decide/room.ts';
import { keyOf } from '../kube/object.ts';
import type { HubContext } from './context.ts';
import { regionsOfGroup } from './region-links.ts';

/**
 * What is known of a service, as the decision wants it: the same for the loop that moves services and for the one that
 * says what a move would be. What concerns all services of the group at once is added by the caller.
 */
export function viewOf(
  context: HubContext,
  group: IUGroup,
  serviceClass: ServiceClass,
  instance: ServiceInstance,
): Omit<InstanceView, 'hubIsolated' | 'failingOver' | 'group' | 'restraints' | keyof Ledger> {
  const key = keyOf(instance);
  const assignment = context.assignments.get(key);
  const limits = [{ of: `the tenants of ${instance.metadata.name}`, countries: instance.spec.countries }];
  const plan = context.placements.planFor(instance);
  const orders = ordersIn(context, group, key).map(({ spec }) => spec);
  const regions = new Map<string, RegionView>();
  for (const region of involvedRegions(instance, assignment)) {
    const link = context.links.get(region);
    const seen = context.diagnoses.get(region);
    const epochs = epochsIn(context, key, region);
    // Granted at the present epoch: the region has heard of it, and runs it.
    const runsThere = assignment?.activeRegion === region && epochs.grantedEpoch >= assignment.epoch;
    regions.set(region, {
      state: seen ? stateFor(seen, runsThere) : 'Unknown',
      healthyForMs: link?.healthyForMs ?? 0,
      flapsForMs: seen?.flapsForMs ?? 0,
      isRecovering: seen?.reason === 'Recovering',
      // Of a region that only the hub cannot see it is not said: it may be asked for promises.
      ...(seen?.reason === 'RegionLost' && link?.lostForMs !== undefined && { lostForMs: link.lostForMs }),
      isSick: seen?.reason === 'RegionSick' && hasUnready(context, group, instance, region),
      synced: link?.synced ?? false,
      ...epochs,
      refusal: refusalOf({ group, limits }, region),
      place: placeOf(plan, region, link?.services.store.get(key)),
      lag: lagIn(context, serviceClass, key, region),
      isServing: isServing(seen?.state, link?.services.store.get(key)),
    });
  }
  const now = context.clock.now().wallMs;
  return {
    mode: modeOf(assignment, serviceClass),
    wantedMode: serviceClass.spec.crossRegion.mode,
    unfencedIn: unfencedIn(context, group, key, assignment?.activeRegion),
    primary: instance.spec.primaryRegion,
    secondaries: nearestFirst(group.spec, instance.spec),
    assignment,
    rebuilt: rebuildAssignment(orders, isoTime(now), assignment),
    collides: assignment !== undefined && collides(orders, assignment),
    isVouched: group.metadata.annotations?.[ANNOTATIONS.hubStopped] !== undefined,
    nowMs: now,
    assignedForMs: assignment ? assignedForMs(context, assignment, now) : 0,
    regions,
    isSick: isSick(context, group, instance),
    policy: policyOf(group, serviceClass, instance),
  };
}

function policyOf(
  { spec: { failover, switchback } }: IUGroup,
  { spec }: ServiceClass,
  { spec: { failover: own } }: ServiceInstance,
): FailoverPolicy {
  return {
    failover: own?.mode ?? failover.mode,
    failoverOf: own ? 'tenant' : 'group',
    switchback: switchback.mode,
    promotion: spec.crossRegion.promotion,
    onHubLoss: failover.onHubLoss,
    whenFull: failover.whenFull,
    sick: failover.sick.mode,
    coolDownMs: { RegionLost: failover.coolDownSeconds * 1000, RegionSick: failover.coolDownSeconds * 1000 },
    stableForMs: switchback.stableForSeconds * 1000,
    dampingWindowMs: switchback.damping.windowSeconds * 1000,
    maxStableForMs: switchback.damping.maxStableForSeconds * 1000,
    windows: switchback.windows,
    maxReturning: switchback.maxConcurrentServices,
    objectives: spec.crossRegion.objectives,
    // Once more the threshold by which it was found lost: what was only away for a moment changes nothing.
    leaveOutAfterMs: failover.failureThresholdSeconds * 1000,
  };
}

/**
 * What a service takes in a region. One whose plan is refused as a whole goes on as it was last ordered: somebody has to
 * mend the plan, and no outage shall wait for that.
 */
function placeOf(plan: Placement | Refusal, region: string, order: RegionalService | undefined): Place {
  if (!plan.ok) return order ? { ok: true, instances: instancesOf(order) } : plan;
  const placed = plan.regions.find((entry) => entry.region === region);
  if (placed) return { ok: true, instances: placed.planned };
  const refusal = plan.refusals.find((entry) => entry.region === region);
  return refusal ?? refuse('NoSuccessor', `region ${region} is none of the regions of the service`);
}

const instancesOf = ({ spec }: RegionalService): number => spec.components.reduce((sum, c) => sum + c.instances, 0);

/** The regions of a group as a whole. */
export function groupViewOf({ diagnoses, links }: HubContext, group: IUGroup): GroupView {
  const regions = regionsOfGroup(links, group);
  const isSilentNow = (region: string): boolean => {
    const seen = diagnoses.get(region);
    return seen !== undefined && (stateFor(seen, false) === 'Lost' || isSilent(seen));
  };
  return {
    size: regions.length,
    silent: new Set(regions.filter(isSilentNow)),
    read: regions.filter((region) => links.get(region)?.services.reflector.fresh === true).length,
  };
}

/** What the services of a group share, before anything of it is given away. */
export function ledgerOf(context: HubContext, group: IUGroup): Ledger {
  const isLimited = group.spec.infrastructureUnits.some(({ capacity }) => capacity !== undefined);
  const instances = context.instances.store.byIndex('group', group.metadata.name);
  return {
    room: isLimited ? roomOf(computeCapacity(placedServices(context, group), group)) : new Map(),
    returning:
      group.spec.switchback.maxConcurrentServices === undefined
        ? 0
        : instances.filter((instance) => isReturning(context, instance)).length,
  };
}

/** Whether a service was sent home and is not ready there yet. */
function isReturning({ assignments, links }: HubContext, instance: ServiceInstance): boolean {
  const key = keyOf(instance);
  const assignment = assignments.get(key);
  if (assignment?.reason !== 'SwitchedBack') return false;
  const status = links.get(assignment.activeRegion)?.services.store.get(key)?.status;
  return status?.epoch !== assignment.epoch || status.phase !== 'Active';
}

/** Services of a group that have a plan, and where each is active. */
export function placedServices(context: HubContext, group: IUGroup): KeyedService[] {
  return context.instances.store.byIndex('group', group.metadata.name).flatMap((instance) => {
    const key = keyOf(instance);
    const plan = context.placements.planFor(instance);
    if (!plan.ok) return [];
    const activeRegion = context.assignments.get(key)?.activeRegion ?? instance.spec.primaryRegion;
    return [{ key, placement: plan, activeRegion }];
  });
}

const sickMs = ({ spec }: IUGroup): number => spec.failover.sick.thresholdSeconds * 1000;

/** Whether the service has not been ready for too long where it is active, and most others there neither. */
function isSick(context: HubContext, group: IUGroup, instance: ServiceInstance): boolean {
  const key = keyOf(instance);
  const region = context.assignments.get(key)?.activeRegion ?? '';
  if (context.diagnoses.get(region)?.reason !== 'RegionSick') return false;
  return (context.links.get(region)?.readiness.notReadyForMs(key) ?? 0) >= sickMs(group);
}

/** Whether another service of the same class is one of those that are not ready in a region. */
function hasUnready(context: HubContext, group: IUGroup, { metadata, spec }: ServiceInstance, region: string): boolean {
  const keys = context.links.get(region)?.readiness.notReadyFor(sickMs(group)) ?? [];
  return keys.some((key) => {
    const other = context.instances.store.get(key);
    const isOther = other?.metadata.name !== metadata.name || other.metadata.namespace !== metadata.namespace;
    return isOther && other?.spec.serviceClassRef.name === spec.serviceClassRef.name;
  });
}

/** How far the data of a service is behind in a region, as its agent last told. */
export function lagIn(
  context: Pick<HubContext, 'links'>,
  { spec }: ServiceClass,
  key: string,
  region: string,
): DataLag {
  const telling = (spec.dataStores ?? []).flatMap(({ hooks, name }) => (hooks?.lag ? [name] : []));
  return dataLagOf(saidIn(context, key, region).dataStores, telling);
}

/**
 * A time that is still to come was written by a hub whose clock is ahead of ours: counted by it a cool-down would last
 * until ours is there too. What this leadership has seen of the assignment is certain.
 */
function assignedForMs({ leadership }: HubContext, { since }: Assignment, now: number): number {
  const ms = now - Date.parse(since);
  return ms < 0 ? leadership.sinceMs() : ms;
}

/** Undefined for a service that was never assigned. */
export function assignedService(context: HubContext, instance: ServiceInstance): AssignedService | undefined {
  // It is not started anew anywhere: as a failover under way it would hold all others for ever.
  if (instance.metadata.deletionTimestamp) return undefined;
  const key = keyOf(instance);
  const assignment = context.assignments.get(key);
  return assignment && { assignment, grantedEpoch: epochsIn(context, key, assignment.activeRegion).grantedEpoch };
}

/** Services of a group that are active in one region at a time, and were assigned. */
export const fencedServices = (context: HubContext, { metadata }: IUGroup): AssignedService[] =>
  context.instances.store.byIndex('group', metadata.name).flatMap((instance) => {
    const serviceClass = context.classes.store.get(instance.spec.serviceClassRef.name);
    const isFenced = serviceClass !== undefined && modeOf(instance.status?.assignment, serviceClass) === 'Backup';
    return (isFenced && assignedService(context, instance)) || [];
  });

/** Orders for a service in all regions of its group: the spec may have changed since they were given. */
const ordersIn = (context: HubContext, group: IUGroup, key: string): RegionalService[] =>
  group.spec.infrastructureUnits.flatMap(({ region }) => context.links.get(region)?.services.store.get(key) ?? []);

/** Unknown is not gone: a region that was not read yet may hold any order. */
const unfencedIn = (context: HubContext, group: IUGroup, key: string, active: string | undefined): string[] =>
  group.spec.infrastructureUnits.flatMap(({ region }) => {
    const link = context.links.get(region);
    const mode = link?.services.store.get(key)?.spec.mode;
    const isSafe = link?.synced === true && (mode === undefined || mode === 'Backup');
    return region === active || isSafe ? [] : [region];
  });

/** What a region has said of a service. */
export function epochsIn(context: Pick<HubContext, 'links'>, key: string, region: string): RegionEpochs {
  const status = context.links.get(region)?.services.store.get(key)?.status;
  return { standbyEpoch: status?.standbyEpoch ?? 0, grantedEpoch: status?.grantedEpoch ?? 0 };
}

/** The same, and what became of its data stores there. */
export const saidIn = (context: Pick<HubContext, 'links'>, key: string, region: string): RegionSaid => ({
  region,
  ...epochsIn(context, key, region),
  dataStores: context.links.get(region)?.services.store.get(key)?.status?.dataStores ?? [],
});

function refusalOf(question: RegionQuestion, region: string): RegionRefusal | undefined {
  const answer = checkRegion(question, region);
  return answer.ok ? undefined : answer;
}

/** Whether a region serves a service now, as far as can be seen. */
export const isServing = (state: RegionState | undefined, order: RegionalService | undefined): boolean =>
  state === 'Healthy' && order?.status?.phase === 'Active';
