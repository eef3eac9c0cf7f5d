import { API_VERSION } from '../api/common.ts';
import { LABELS, MANAGED_BY } from '../api/labels.ts';
import type { Tenant } from '../api/tenant.ts';
import { type DirectoryEntry, MOST_TENANTS, type ServicePlan, type TenantDirectory } from '../api/tenant-directory.ts';
import type { TenantOutcome } from './cohort.ts';
import { digest, labelValue } from './name.ts';
import { divide } from './shards.ts';

/** A tenant, and what is planned for it. */
export interface DirectoryTenant {
  /** `namespace/name`. */
  readonly key: string;
  readonly spec: Tenant['spec'];
  readonly outcome: Pick<TenantOutcome, 'regions' | 'services'>;
}

/** A shard of half as many as may be in it at the most: what comes between two looks still fits. */
const MOST_WANTED = MOST_TENANTS / 2;

function entryOf({ key, spec }: DirectoryTenant, plan: string): DirectoryEntry {
  const { tier, isolation, agents, telephony, connectivity, transitCentre, residency } = spec;
  return {
    name: key,
    plan,
    tier,
    isolation,
    agents,
    telephony,
    connectivity,
    ...(transitCentre === undefined ? {} : { transitCentre }),
    ...(residency?.countries && { countries: residency.countries.toSorted() }),
  };
}

const planOf = ({ outcome: { regions, services } }: DirectoryTenant): Omit<ServicePlan, 'id'> => ({
  regions: [...regions],
  services: services.map(({ service, instance, mode }) => ({ service, instance, mode })),
});

/** Plans by the outcome, which tenants of one plan share: what is said of them is written out once for each. */
function createPlanNamer(): (tenant: DirectoryTenant) => ServicePlan {
  const known = new Map<unknown, ServicePlan>();
  return (tenant) => {
    const found = known.get(tenant.outcome);
    if (found) return found;
    const plan = planOf(tenant);
    const named = { id: digest([JSON.stringify(plan)]), ...plan };
    known.set(tenant.outcome, named);
    return named;
  };
}

const compare = (x: string, y: string): number => (x < y ? -1 : x > y ? 1 : 0);

function buildShard(
  group: string,
  shard: string,
  tenants: readonly DirectoryTenant[],
  name: (tenant: DirectoryTenant) => ServicePlan,
) {
  const plans = new Map<string, ServicePlan>();
  const entries = tenants.map((tenant) => {
    const plan = name(tenant);
    plans.set(plan.id, plan);
    return entryOf(tenant, plan.id);
  });
  const directory: TenantDirectory = {
    apiVersion: API_VERSION,
    kind: 'TenantDirectory',
    metadata: {
      name: shard === '' ? group : `${group}-${shard}`,
      labels: { [LABELS.managedBy]: MANAGED_BY, [LABELS.partOf]: MANAGED_BY, [LABELS.iuGroup]: labelValue(group) },
    },
    spec: {
      iuGroup: group,
      shard,
      plans: [...plans.values()].sort((x, y) => compare(x.id, y.id)),
      tenants: entries,
    },
  };
  return directory;
}

/**
 * The tenant directory of a region: its tenants in shards, told apart by the first digits of a hash of their names. A
 * tenant that comes, changes or goes changes one shard, or splits it in two; nothing in it says where a service is active,
 * so a failover changes none. A function of the tenants and of which shards there are, not of the order of either.
 *
 * @param tenants those with a place in the region
 * @param present the shards that the region has now
 */
export function computeDirectory(
  group: string,
  tenants: readonly DirectoryTenant[],
  present: readonly string[],
): TenantDirectory[] {
  const name = createPlanNamer();
  const members = tenants.map((tenant) => ({ key: tenant.key, size: 1, tenant }));
  return divide(members, present, MOST_WANTED).map((shard) =>
    buildShard(
      group,
      shard.prefix,
      shard.members.map(({ tenant }) => tenant),
      name,
    ),
  );
}
