import type { PlannedService, RegionSwitch } from '../api/region-switch.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import { regionsOf } from '../decide/assignment.ts';
import { namesTenants } from '../decide/manual-switch.ts';
import { NO_TENANTS, scopeOfTenants, type TenantScope } from '../decide/tenant-scope.ts';
import { keyOf } from '../kube/object.ts';
import type { HubContext } from './context.ts';

type Resolve = (tenants: readonly string[]) => TenantScope;

/**
 * Tells what the tenants of a RegionSwitch are served by. Undefined while one names tenants and they are not known: it
 * may be a freeze, and nobody can say of what.
 */
export function tenantResolver(
  context: HubContext,
  group: string,
  switches: readonly RegionSwitch[],
): Resolve | undefined {
  const now = context.clock.now().wallMs;
  const isAsked = switches.some((object) => object.spec.iuGroupRef.name === group && namesTenants(object, now));
  if (!isAsked) return () => NO_TENANTS;
  const book = context.tenantBook();
  const instances = context.instances.store.byIndex('group', group);
  return book && ((tenants) => scopeOfTenants(tenants, { book, group, instances }));
}

/** Of a freeze there is no plan: it concerns what may leave or enter its region. */
function leftUnfrozen(
  { region, services }: RegionSwitch['spec'],
  { missing, shared }: TenantScope,
  instances: readonly ServiceInstance[],
): PlannedService[] {
  const isConcerned = (instance: ServiceInstance): boolean =>
    services?.includes(keyOf(instance)) !== false && (region === undefined || regionsOf(instance).includes(region));
  return [
    ...instances.filter(isConcerned).flatMap((instance): PlannedService[] => {
      const sharedWith = shared.get(keyOf(instance));
      if (sharedWith === undefined) return [];
      return [{ name: keyOf(instance), verdict: 'Stays', reason: 'SharedWithOthers', sharedWith }];
    }),
    ...[...missing].map(
      ([name, message]): PlannedService => ({ name, verdict: 'Stays', reason: 'TenantNotFound', message }),
    ),
  ];
}

const LEFT_OUT: readonly (string | undefined)[] = ['SharedWithOthers', 'NotOfTenant', 'TenantNotFound'];

/** What is not in the scope of a RegionSwitch though it serves tenants that it names; undefined: nobody knows now. */
export function leftOutBy(
  { instances, standings }: Pick<HubContext, 'instances' | 'standings'>,
  { metadata, spec }: RegionSwitch,
  plan: readonly PlannedService[] | undefined,
): readonly PlannedService[] | undefined {
  if (spec.type !== 'Freeze') return plan?.filter(({ reason }) => LEFT_OUT.includes(reason));
  const scope = standings.get(spec.iuGroupRef.name)?.scopes?.get(metadata.name);
  return scope && leftUnfrozen(spec, scope, instances.store.byIndex('group', spec.iuGroupRef.name));
}
