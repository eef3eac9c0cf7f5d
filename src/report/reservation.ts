import type { ConditionState } from '../api/conditions.ts';
import type { Tenant } from '../api/tenant.ts';
import type { RegionCapacity } from '../decide/region-capacity.ts';

/**
 * Whether the regions of a tenant can hold what the loss of one of them brings. It is stated only while they cannot, and
 * without the numbers, which stand at the group: tenants are many, and every one would be written whenever they change.
 *
 * @param capacities undefined while they are not known: then what was said last stands
 */
export function reservation(
  tenant: Pick<Tenant, 'spec' | 'status'>,
  regions: readonly string[],
  capacities: readonly RegionCapacity[] | undefined,
): ConditionState[] {
  const type = 'CapacityReserved';
  if (!capacities) return tenant.status?.conditions?.filter((condition) => condition.type === type) ?? [];
  const full = capacities.find(({ fits, region }) => !fits && regions.includes(region));
  if (!full) return [];
  const what = full.reservedFor
    ? `its own and what region ${full.reservedFor} would bring`
    : 'all that is planned in it';
  const message = `region ${full.region} cannot hold ${what}: IU group ${tenant.spec.iuGroupRef.name} says the numbers`;
  return [{ type, status: 'False', reason: 'CapacityExceeded', message }];
}
