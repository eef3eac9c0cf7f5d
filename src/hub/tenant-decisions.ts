import type { Tenant, TenantStatus } from '../api/tenant.ts';
import type { TenantOutcome } from '../decide/cohort.ts';
import { type DecisiveService, decideTenantRegion } from '../decide/decisions.ts';
import type { HubContext } from './context.ts';

/**
 * Where a tenant is active, for generators of Argo CD. What was said stands while it is not known: a list that is empty
 * for a moment would make them delete what they made.
 */
export function tenantDecisionsOf(
  context: Pick<HubContext, 'assignments' | 'classes' | 'instances'>,
  tenant: Tenant,
  { regions, services }: TenantOutcome,
): NonNullable<TenantStatus['decisions']> {
  const before = tenant.status?.decisions ?? [];
  if (!context.assignments.loaded) return before;
  const decision = decideTenantRegion(
    services.flatMap(({ instance, mode, service }): DecisiveService[] => {
      const assignment = context.assignments.get(instance);
      const slaClass = context.classes.store.get(service)?.spec.slaClass;
      if (!assignment || slaClass === undefined) return [];
      const { activeRegion, reason } = assignment;
      const weights = context.instances.store.get(instance)?.status?.weights;
      return [{ activeRegion, mode, reason, slaClass, weights }];
    }),
    regions,
  );
  if (!decision) return before;
  return [{ clusterName: decision.region, reason: decision.reason, tenant: tenant.metadata.name }];
}
