import { SYSTEM_NAMESPACE } from '../api/common.ts';
import type { ConditionState } from '../api/conditions.ts';
import type { IUGroup } from '../api/iu-group.ts';
import { LABELS, MANAGED_BY } from '../api/labels.ts';
import type { CrossRegionMode, ServiceClass } from '../api/service-class.ts';
import type { ServiceInstanceSpec } from '../api/service-instance.ts';
import type { Tenant } from '../api/tenant.ts';
import { quantiseLoad } from './capacity.ts';
import { type Claim, type KnownInstance, nameInstances } from './kept-instances.ts';
import { labelValue } from './name.ts';
import { type Catalogue, isTierRefused, planTenant, signatureOf, type TenantPlan } from './tenant-plan.ts';
import { createServicesLeft, toldRows } from './tenant-services.ts';
import type { TenantBalancing } from './tiers.ts';

export interface CohortInput {
  readonly groups: readonly Pick<IUGroup, 'metadata' | 'spec'>[];
  readonly classes: readonly Pick<ServiceClass, 'metadata' | 'spec'>[];
  /** The status tells what serves a tenant now, and which tier it was accepted with. */
  readonly tenants: readonly (Pick<Tenant, 'metadata' | 'spec'> & Partial<Pick<Tenant, 'status'>>)[];
  /** What there is already: a cohort goes on in the instance that it has. Absent: nothing. */
  readonly existing?: readonly KnownInstance[];
}

/** A ServiceInstance as it should be: what the hub applies. */
export interface DesiredInstance {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly spec: ServiceInstanceSpec;
}

export interface TenantService {
  readonly service: string;
  /** `namespace/name` of the ServiceInstance. */
  readonly instance: string;
  readonly mode: CrossRegionMode;
}

export interface TenantOutcome {
  readonly services: readonly TenantService[];
  /** Regions with a place for the tenant, the primary one first. Empty when it cannot be placed. */
  readonly regions: readonly string[];
  /** How its load is shared, by its tier. */
  readonly balancing: TenantBalancing;
  /**
   * What the plan says. `Ready: True` means that the plan is whole; whether the instances really serve is not known
   * here, so the caller may only weaken it.
   */
  readonly conditions: readonly ConditionState[];
}

/** Tenants that have exactly the same instances: how many, so that they can be counted without being looked at. */
export interface Audience {
  readonly group: string;
  readonly tenants: number;
  /** `namespace/name` of the ServiceInstances. */
  readonly instances: readonly string[];
}

export interface CohortPlan {
  /** Sorted by namespace and name; names are unique within a namespace. */
  readonly instances: readonly DesiredInstance[];
  /** By `namespace/name` of the tenant. */
  readonly tenants: ReadonlyMap<string, TenantOutcome>;
  /** All tenants of `tenants`, each in one of them. */
  readonly audiences: readonly Audience[];
}

/** Tenants that share one instance, or a single one with an instance of its own. */
interface Cohort {
  readonly namespace: string;
  /** What the name is made of. */
  readonly parts: readonly string[];
  readonly plan: TenantPlan;
  readonly service: TenantPlan['services'][number];
  readonly isolation: ServiceInstanceSpec['isolation'];
  /** Name of the tenant that it serves alone. */
  readonly tenant: string | undefined;
  /** What that tenant wants otherwise than its group. */
  readonly failover: Tenant['spec']['failover'];
  agents: number;
  countries: ReadonlySet<string> | undefined;
}
type Cohorts = Map<string, Cohort>;

const byName = <T extends { readonly metadata: { readonly name: string } }>(items: readonly T[]): Map<string, T> =>
  new Map(items.map((item): [string, T] => [item.metadata.name, item]).sort(([x], [y]) => compare(x, y)));

const compare = (x: string, y: string): number => (x < y ? -1 : x > y ? 1 : 0);
const keyOf = ({ metadata }: Pick<Tenant, 'metadata'>): string => `${metadata.namespace ?? ''}/${metadata.name}`;
/** Class names become parts of labels and of names: only DNS labels are classes of the catalogue. */
const isUsable = ({ metadata }: Pick<ServiceClass, 'metadata'>): boolean =>
  metadata.name.length <= 63 && !metadata.name.includes('.');

function intersect(x: ReadonlySet<string> | undefined, y: readonly string[] | undefined) {
  if (!x || !y) return x ?? (y && new Set(y));
  return new Set(y.filter((country) => x.has(country)));
}

/**
 * Adds tenants to the cohort of each of their services. The cohort is told by group, class, regions and, where regions
 * share traffic in another way than evenly, by that: residency
 * has already taken out the regions that a tenant does not allow, so every region of a cohort is allowed by each of its
 * tenants, and merging those of different residency breaks none.
 */
function join(
  cohorts: Cohorts,
  plan: TenantPlan,
  tenants: { agents: number; alone: CohortInput['tenants'][number] | undefined },
) {
  const { agents } = tenants;
  const { metadata: alone, spec: { failover } = {} } = tenants.alone ?? {};
  return plan.services.map((service): string => {
    const { primary, serviceClass, secondaries } = service;
    const parts = [serviceClass, ...(alone ? [alone.name] : [primary, ...secondaries, ...SUFFIX[service.balancing]])];
    const namespace = alone ? (alone.namespace ?? '') : SYSTEM_NAMESPACE;
    const isolation = alone ? 'Dedicated' : 'Shared';
    const key = JSON.stringify([namespace, isolation, plan.group, ...parts]);
    const cohort = cohorts.get(key);
    if (cohort) {
      cohort.agents += agents;
      cohort.countries = intersect(cohort.countries, plan.countries);
    } else {
      const countries = plan.countries && new Set(plan.countries);
      const tenant = alone?.name;
      cohorts.set(key, { namespace, parts, plan, service, isolation, tenant, failover, agents, countries });
    }
    return key;
  });
}

/** Of the name of a shared instance. One of a single tenant keeps its name for life, whatever its tier becomes. */
const SUFFIX: Readonly<Record<TenantPlan['services'][number]['balancing'], readonly string[]>> = {
  Regions: [],
  Geography: ['geo'],
  TransitCentres: ['gtn'],
};

function buildInstance({ cohort, name, secondaries }: Named): DesiredInstance {
  const { namespace, plan, service, isolation, tenant, failover, agents, countries } = cohort;
  return {
    metadata: {
      name,
      namespace,
      labels: {
        [LABELS.managedBy]: MANAGED_BY,
        [LABELS.partOf]: MANAGED_BY,
        [LABELS.iuGroup]: labelValue(plan.group),
        [LABELS.serviceClass]: labelValue(service.serviceClass),
        ...(tenant === undefined ? {} : { [LABELS.tenant]: labelValue(tenant) }),
      },
    },
    spec: {
      iuGroupRef: { name: plan.group },
      serviceClassRef: { name: service.serviceClass },
      primaryRegion: service.primary,
      secondaryRegions: [...secondaries],
      balancing: service.balancing,
      isolation,
      agents: quantiseLoad(agents),
      ...(countries && { countries: [...countries].sort() }),
      ...(failover && { failover }),
    },
  };
}

interface Named {
  readonly cohort: Cohort;
  readonly namespace: string;
  readonly name: string;
  readonly secondaries: readonly string[];
}

const claimOf = ({ agents, namespace, parts, plan, service, tenant }: Cohort, modes: ModeOf): Claim => ({
  namespace,
  parts,
  group: plan.group,
  serviceClass: service.serviceClass,
  tenant: tenant === undefined ? undefined : labelValue(tenant),
  primary: service.primary,
  secondaries: service.secondaries,
  mode: modes(service.serviceClass),
  balancing: service.balancing,
  agents,
});

/** The mode that a class wants. */
type ModeOf = (serviceClass: string) => CrossRegionMode;

/** By cohort key, in the order of the keys. */
function nameCohorts(cohorts: Cohorts, modes: ModeOf, existing: readonly KnownInstance[]): Map<string, Named> {
  const sorted = [...cohorts].sort(([x], [y]) => compare(x, y));
  const named = nameInstances(new Map(sorted.map(([key, cohort]) => [key, claimOf(cohort, modes)])), existing);
  return new Map(
    sorted.flatMap(([key, cohort]): [string, Named][] => {
      const known = named.get(key);
      return known ? [[key, { cohort, namespace: cohort.namespace, ...known }]] : [];
    }),
  );
}

/** Tenants with one plan: those that share, with their load, and those that have instances of their own. */
interface Signature {
  readonly plan: TenantPlan;
  sharedAgents: number;
  readonly shared: string[];
  readonly dedicated: CohortInput['tenants'][number][];
}

function sign(tenants: CohortInput['tenants'], catalogue: Catalogue): Signature[] {
  const signatures = new Map<string, Signature>();
  for (const tenant of tenants) {
    const isRefused = isTierRefused(tenant, catalogue.groups.get(tenant.spec.iuGroupRef.name));
    const key = `${signatureOf(tenant.spec)}${isRefused ? ' refused' : ''}`;
    const plan = signatures.get(key)?.plan ?? planTenant(tenant.spec, catalogue, isRefused);
    const signature = signatures.get(key) ?? { plan, sharedAgents: 0, shared: [], dedicated: [] };
    signatures.set(key, signature);
    if (tenant.spec.isolation === 'Dedicated') {
      signature.dedicated.push(tenant);
    } else {
      signature.sharedAgents += tenant.spec.agents;
      signature.shared.push(keyOf(tenant));
    }
  }
  return [...signatures.values()];
}

/** A tenant (or all that share a plan) and the keys of the cohorts of its services, in the order of the plan's services. */
interface Membership {
  readonly tenants: readonly string[];
  readonly plan: TenantPlan;
  readonly cohorts: readonly string[];
}

function enrol(signatures: readonly Signature[], cohorts: Cohorts): Membership[] {
  return signatures.flatMap(({ plan, sharedAgents, shared, dedicated }) => [
    ...(shared.length > 0
      ? [{ tenants: shared, plan, cohorts: join(cohorts, plan, { agents: sharedAgents, alone: undefined }) }]
      : []),
    ...dedicated.map((tenant) => {
      const { agents } = tenant.spec;
      return { tenants: [keyOf(tenant)], plan, cohorts: join(cohorts, plan, { agents, alone: tenant }) };
    }),
  ]);
}

function outcomeOf({ plan, cohorts }: Membership, names: ReadonlyMap<string, Named>): TenantOutcome {
  const services = plan.services.map(({ serviceClass, mode }, index) => {
    const instance = names.get(cohorts[index] ?? '');
    return { service: serviceClass, instance: `${instance?.namespace}/${instance?.name}`, mode };
  });
  return { services, regions: plan.regions, balancing: plan.balancing, conditions: plan.conditions };
}

/** Tenants on their way to another instance count where they are too: that serves them until the next one is available. */
function addLeaving(
  tenants: CohortInput['tenants'],
  outcomes: ReadonlyMap<string, TenantOutcome>,
  names: Iterable<Named>,
): void {
  const byKey = new Map([...names].map(({ cohort, name, namespace }) => [`${namespace}/${name}`, cohort]));
  const servicesLeft = createServicesLeft();
  for (const tenant of tenants) {
    const outcome = outcomes.get(keyOf(tenant));
    if (!outcome) continue;
    for (const { instance } of servicesLeft(outcome, toldRows(tenant.status))) {
      const cohort = byKey.get(instance);
      if (cohort) cohort.agents += tenant.spec.agents;
    }
  }
}

function sortByName(instances: readonly DesiredInstance[]): DesiredInstance[] {
  return instances
    .map((instance) => ({ instance, key: `${instance.metadata.namespace}/${instance.metadata.name}` }))
    .sort((x, y) => compare(x.key, y.key))
    .map(({ instance }) => instance);
}

/**
 * The instances that all tenants need, and what to tell each tenant. A shared instance serves all tenants of a group
 * with the same primary region and the same secondary regions with a place for its class; a dedicated tenant has
 * instances of its own in its own namespace. The order of the inputs does not matter.
 *
 * Cost: one pass over the tenants, then work by signature (`signatureOf`), of which there are few.
 */
export function computeCohorts({ groups, classes, tenants, existing = [] }: CohortInput): CohortPlan {
  const catalogue = { groups: byName(groups), classes: byName(classes.filter(isUsable)) };
  const cohorts: Cohorts = new Map();
  const memberships = enrol(sign(tenants, catalogue), cohorts);
  const modes = (name: string): CrossRegionMode => catalogue.classes.get(name)?.spec.crossRegion.mode ?? 'None';
  const names = nameCohorts(cohorts, modes, existing);
  const outcomes = new Map<string, TenantOutcome>();
  const audiences = memberships.map((membership): Audience => {
    const outcome = outcomeOf(membership, names);
    for (const tenant of membership.tenants) outcomes.set(tenant, outcome);
    const keys = outcome.services.map(({ instance }) => instance);
    return { group: membership.plan.group, tenants: membership.tenants.length, instances: keys };
  });
  addLeaving(tenants, outcomes, names.values());
  const instances = [...names.values()].map(buildInstance);
  return { instances: sortByName(instances), tenants: outcomes, audiences };
}
