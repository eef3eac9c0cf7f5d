import type { IUGroup } from '../api/iu-group.ts';
import type { Tenant } from '../api/tenant.ts';
import { regionsOf } from '../decide/assignment.ts';
import type { CohortPlan, TenantService } from '../decide/cohort.ts';
import { primaryCentreOf } from '../decide/primary-centre.ts';
import type { Callers } from '../decide/transit/callers.ts';
import { keyOf } from '../kube/object.ts';
import type { HubContext } from './context.ts';

/** Tenants that are alike to the transit centres, whatever the regions are now. */
interface Cohort {
  readonly centre: string;
  tenants: number;
  agents: number;
  readonly primary: string;
  readonly countries: readonly string[] | undefined;
  readonly geographies: readonly string[] | undefined;
  /** The services with which agents work. */
  readonly desks: readonly TenantService[];
}
type Cohorts = ReadonlyMap<string, Cohort>;

interface Remembered {
  readonly generation: number | undefined;
  readonly cohorts: Cohorts;
}

/** Groups the tenants by where their callers come in and where their agents are. Tenants are only counted anew with a new plan. */
export class CallerBook {
  #plan: CohortPlan | undefined;
  readonly #byGroup = new Map<string, Remembered>();

  callersOf(context: HubContext, group: IUGroup, plan: CohortPlan): Callers[] {
    if (plan !== this.#plan) this.#byGroup.clear();
    this.#plan = plan;
    const { generation, name } = group.metadata;
    const known = this.#byGroup.get(name);
    const cohorts = known && known.generation === generation ? known.cohorts : enrol(context, group, plan);
    this.#byGroup.set(name, { generation, cohorts });
    return [...cohorts.values()].map((cohort) => callersIn(context, cohort));
  }
}

function enrol(context: HubContext, group: IUGroup, plan: CohortPlan): Cohorts {
  const cohorts = new Map<string, Cohort>();
  for (const tenant of context.tenants.store.list()) {
    const outcome = plan.tenants.get(keyOf(tenant));
    if (tenant.spec.iuGroupRef.name !== group.metadata.name || !outcome || outcome.regions.length === 0) continue;
    const found = cohortOf(context, group, tenant, outcome.services);
    if (!found) continue;
    const [key, fresh] = found;
    const cohort = cohorts.get(key) ?? fresh;
    cohort.tenants += 1;
    cohort.agents += tenant.spec.agents;
    cohorts.set(key, cohort);
  }
  return cohorts;
}

function cohortOf(
  { classes }: HubContext,
  group: IUGroup,
  { spec }: Tenant,
  services: readonly TenantService[],
): readonly [string, Cohort] | undefined {
  const centre = primaryCentreOf(spec, group.spec.transit?.centres ?? []);
  if (!centre) return undefined;
  const desks = services.filter(({ service }) => classes.store.get(service)?.spec.functionality === 'AgentLogin');
  const countries = spec.residency?.countries?.toSorted();
  const geographies = spec.residency?.geographies?.toSorted();
  const limits = { countries, geographies };
  const key = JSON.stringify([centre.name, spec.primaryRegion, limits, desks.map(({ instance }) => instance)]);
  return [key, { centre: centre.name, tenants: 0, agents: 0, primary: spec.primaryRegion, ...limits, desks }];
}

/** Agents are where the services are that they work with: in all regions of those that run in several, else where they are active. */
function callersIn(context: HubContext, cohort: Cohort): Callers {
  const { agents, centre, countries, geographies, desks, primary, tenants } = cohort;
  const places = new Set([primary]);
  const now = new Set<string>();
  for (const { instance: key, mode } of desks) {
    const instance = context.instances.store.get(key);
    const active = context.assignments.get(key)?.activeRegion ?? primary;
    const regions = instance ? regionsOf(instance) : [primary];
    for (const region of mode === 'None' ? [active] : regions) places.add(region);
    for (const region of mode === 'Active' ? regions : [active]) now.add(region);
  }
  if (desks.length === 0) now.add(primary);
  const regionsNow = [...now].filter((region) => context.diagnoses.get(region)?.state !== 'Lost');
  return { centre, tenants, agents, regions: [...places], regionsNow: regionsNow.sort(), countries, geographies };
}
