import { isTrue } from '../api/conditions.ts';
import type { IUGroup } from '../api/iu-group.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import type { CohortPlan } from '../decide/cohort.ts';
import { type RegionState, stateFor } from '../decide/diagnosis.ts';
import type { ServiceFacts } from '../decide/impact/facts.ts';
import { judgeDependencies } from '../decide/loss-dependencies.ts';
import { restraintsOn } from '../decide/manual-switch.ts';
import type { ServiceAtStake } from '../decide/region-loss.ts';
import { computeProtocolTiming, computeRecovery } from '../decide/timing.ts';
import { computeWhatIf, type GroupAtStake, judgeSurvival } from '../decide/what-if.ts';
import { keyOf } from '../kube/object.ts';
import type { GroupFacts } from '../report/group.ts';
import type { HubContext } from './context.ts';
import { colocatedSets, neededInstances } from './dependencies.ts';
import { assignedService, viewOf } from './instance-view.ts';
import { regionsOfGroup } from './region-links.ts';
import { factsOf } from './service-facts.ts';

/**
 * What the loss of each region of a group would do. Undefined while the picture is not whole: a cache that is still
 * empty must not read as "nothing runs there".
 */
export function foresee(context: HubContext, group: IUGroup, plan: CohortPlan | undefined): GroupFacts['losses'] {
  const { assignments, capacities, classes, instances, standings, switches } = context;
  const isWhole = [classes, instances, switches].every(({ reflector }) => reflector.synced) && assignments.loaded;
  const { name } = group.metadata;
  if (!plan || !isWhole || !capacities.has(name) || !standings.has(name)) return undefined;
  const atStake = gather(context, group, plan);
  const whatIf = computeWhatIf(atStake);
  return { whatIf, survival: judgeSurvival(whatIf), dependencies: judgeDependencies(whatIf, atStake.services) };
}

function gather(context: HubContext, group: IUGroup, plan: CohortPlan): GroupAtStake {
  const { name } = group.metadata;
  const instances = context.instances.store.byIndex('group', name);
  const failureThresholdMs = group.spec.failover.failureThresholdSeconds * 1000;
  return {
    regions: regionsOfGroup(context.links, group),
    states: new Map(
      [...context.diagnoses].map(([region, seen]): [string, RegionState] => [region, stateFor(seen, false)]),
    ),
    assigned: instances.flatMap((instance) => assignedService(context, instance) ?? []),
    services: instances.flatMap((instance) => atStake(context, group, instance) ?? []),
    sets: colocatedSets(context, instances),
    audiences: plan.audiences.filter((audience) => audience.group === name),
    capacities: context.capacities.get(name) ?? [],
    facts: new Map(
      instances.flatMap((instance): [string, ServiceFacts][] => {
        const facts = factsOf(context, instance);
        return facts ? [[keyOf(instance), facts]] : [];
      }),
    ),
    recovery: computeRecovery(computeProtocolTiming(group.spec.timings), failureThresholdMs),
    measured: measuredRecoveries(context, name),
  };
}

/** Those that the placement loop decides about. */
function atStake(context: HubContext, group: IUGroup, instance: ServiceInstance): ServiceAtStake | undefined {
  const serviceClass = context.classes.store.get(instance.spec.serviceClassRef.name);
  if (!serviceClass || instance.metadata.deletionTimestamp) return undefined;
  const key = keyOf(instance);
  const standing = context.standings.get(group.metadata.name);
  const plan = context.placements.planFor(instance);
  const places = plan.ok && plan.mode === 'Active' ? plan.regions.map(({ region }) => region) : [];
  const view = viewOf(context, group, serviceClass, instance);
  return {
    key,
    serviceClass: serviceClass.metadata.name,
    slaClass: serviceClass.spec.slaClass,
    // Of the way home nothing is foreseen.
    view: { ...view, returning: 0, restraints: standing && restraintsOn(standing, key) },
    plan,
    servedIn: places.filter((region) => view.regions.get(region)?.isServing === true),
    needs: neededInstances(context, instance, serviceClass),
  };
}

/** By region: the slowest recovery of the last failover from it that is over. */
function measuredRecoveries({ switches }: HubContext, group: string): Map<string, number> {
  const ended = switches.store
    .list()
    .filter(({ spec, status }) => {
      const isOver = isTrue(status?.conditions, 'SwitchedOver');
      return spec.iuGroupRef.name === group && spec.type === 'Failover' && isOver;
    })
    .sort((x, y) => ((x.status?.startTime ?? '') < (y.status?.startTime ?? '') ? -1 : 1));
  return new Map(
    ended.flatMap(({ spec, status }): [string, number][] => {
      const slowest = status?.slowestRecoveryMilliseconds;
      return slowest === undefined || spec.region === undefined ? [] : [[spec.region, slowest]];
    }),
  );
}
