import type { GroupImpactRow } from '../api/impact.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import type { Failure, ServiceFacts, ServiceFate } from '../decide/impact/facts.ts';
import { computeGroupImpact } from '../decide/impact/group.ts';
import { keyOf } from '../kube/object.ts';
import type { HubContext } from './context.ts';
import { factsOf } from './service-facts.ts';

const UNTOUCHED: ServiceFate = { kind: 'Untouched' };

/** Of a service that goes home, and of every other one, in a switchback. */
function fateOnTheWayHome({ spec }: ServiceInstance, { mode, servesIn }: ServiceFacts, home: string): ServiceFate {
  const goesHome = mode === 'Backup' && spec.primaryRegion === home && !servesIn.includes(home);
  return goesHome ? { kind: 'Moves', regions: [home] } : UNTOUCHED;
}

/** A service as the switch sees it: what it does not ask for it leaves alone. */
function inScope({ spec }: RegionSwitch, instance: ServiceInstance, facts: ServiceFacts, region: string): ServiceFacts {
  const isMeant = spec.services?.includes(keyOf(instance)) ?? true;
  if (!isMeant) return { ...facts, fate: UNTOUCHED };
  if (spec.type === 'Switchback') return { ...facts, fate: fateOnTheWayHome(instance, facts, region) };
  // A drill leads no traffic of services away that run in several regions.
  if (spec.drill?.kind === 'Region' && facts.mode === 'Active') return { ...facts, fate: UNTOUCHED };
  return spec.approved ? { ...facts, needsApproval: false } : facts;
}

/**
 * What tenants feel of a switch that a person asks for, when all of it is carried out. A planned one loses no call, and
 * stops nothing that has no other place; a failover leaves a region that is lost or not to be trusted, so it is felt as its
 * loss. Undefined while the tenants are not planned.
 */
export function impactOfSwitch(context: HubContext, object: RegionSwitch): readonly GroupImpactRow[] | undefined {
  const { iuGroupRef, region, type } = object.spec;
  const plan = context.cohortPlan();
  if (!plan || region === undefined || type === 'Freeze') return undefined;
  const failure: Failure = type === 'Failover' ? { kind: 'Region', region } : { kind: 'PlannedSwitch', region };
  const known = new Map(
    context.instances.store.byIndex('group', iuGroupRef.name).flatMap((instance): [string, ServiceFacts][] => {
      const facts = factsOf(context, instance);
      return facts ? [[keyOf(instance), inScope(object, instance, facts, region)]] : [];
    }),
  );
  const alike = plan.audiences
    .filter(({ group }) => group === iuGroupRef.name)
    .map(({ instances, tenants }) => ({
      home: context.instances.store.get(instances[0] ?? '')?.spec.primaryRegion ?? region,
      tenants,
      services: instances.flatMap((key) => known.get(key) ?? []),
    }));
  return computeGroupImpact(alike, failure);
}
