import type { IUGroup } from '../../api/iu-group.ts';
import type { Outside, ServiceClass } from '../../api/service-class.ts';
import type { TenantSpec } from '../../api/tenant.ts';
import { primaryCentreOf } from '../primary-centre.ts';
import { allowsPlace } from '../residency.ts';
import type { PlannedService, TenantPlan } from '../tenant-plan.ts';
import type { CentreFacts, ComponentFacts, ServiceFacts, TenantFacts, TransitFacts } from './facts.ts';

/** Facts from what was declared: everything is at home, and nothing has failed. */

type ClassSpec = ServiceClass['spec'];

/** What a class does where it does not say so. */
function outsideOf({ functionality, outside }: ClassSpec): readonly Outside[] {
  if (outside) return outside;
  if (functionality === 'Outbound') return ['DialsOut'];
  return functionality === 'Digital' ? ['CustomerChannel'] : [];
}

function shapeOf({ of, pattern }: ClassSpec['components'][number]): ComponentFacts['shape'] {
  if (pattern === 'A') return 'One';
  return pattern === 'A-B' || of === 'A-B' ? 'OneOfTwo' : 'Many';
}

/** A store counts as kept when each region has a copy; a cache that is made anew is to be declared so too. */
function dataOf({ dataStores = [] }: ClassSpec): ServiceFacts['data'] {
  if (dataStores.length === 0) return 'None';
  return dataStores.every(({ crossRegion }) => crossRegion) ? 'Follows' : 'Behind';
}

/** A service as it is meant to be. */
export function serviceFacts(
  { metadata, spec }: Pick<ServiceClass, 'metadata' | 'spec'>,
  { mode, secondaries }: Pick<PlannedService, 'mode' | 'secondaries'>,
  home: string,
): ServiceFacts {
  return {
    serviceClass: metadata.name,
    functionality: spec.functionality,
    mode,
    servesIn: mode === 'Active' ? [home, ...secondaries] : [home],
    standsByIn: mode === 'Backup' ? secondaries : [],
    standby: spec.crossRegion.standby,
    view: spec.crossRegion.view,
    needsApproval: spec.crossRegion.promotion === 'Approval',
    data: dataOf(spec),
    outside: outsideOf(spec),
    components: spec.components.map((component) => ({ shape: shapeOf(component) })),
  };
}

export interface LostPaths {
  readonly voice: boolean;
  readonly mpls: boolean;
}

/**
 * The transit centres that a tenant may use: they are in service, lie where its residency allows, serve one of its
 * regions, and are for all or named by it.
 *
 * @param regions those of the tenant, the primary one first
 * @param lost what is lost already, by centre
 */
export function transitFacts(
  { spec: { transit } }: Pick<IUGroup, 'spec'>,
  tenant: Pick<TenantSpec, 'connectivity' | 'transitCentre' | 'primaryRegion' | 'residency'>,
  regions: readonly string[],
  lost: ReadonlyMap<string, LostPaths> = new Map(),
): TransitFacts {
  const { connectivity, residency = {}, transitCentre } = tenant;
  const primary = primaryCentreOf(tenant, transit?.centres ?? [])?.name;
  const centres = (transit?.centres ?? [])
    .filter((centre) => centre.state === 'Active' && allowsPlace(residency, centre))
    .filter((centre) => centre.use === 'General' || centre.name === transitCentre)
    .filter((centre) => centre.regions.some((region) => regions.includes(region)))
    .map(({ geography, mpls, name, pair, regions: served, voice }): CentreFacts => {
      const gone = lost.get(name);
      return {
        name,
        pair,
        geography,
        regions: served,
        voice: voice !== undefined && !gone?.voice,
        mpls: mpls && !gone?.mpls,
      };
    });
  const acrossPairs = transit?.policy.acrossPairs ?? false;
  return { connectivity, centres, acrossPairs, ...(primary === undefined ? {} : { primary }) };
}

/** A tenant as it was planned. */
export function plannedFacts(
  group: Pick<IUGroup, 'spec'>,
  classes: ReadonlyMap<string, Pick<ServiceClass, 'metadata' | 'spec'>>,
  tenant: TenantSpec,
  plan: TenantPlan,
): TenantFacts {
  const services = plan.services.flatMap((service) => {
    const serviceClass = classes.get(service.serviceClass);
    return serviceClass ? [serviceFacts(serviceClass, service, plan.primary)] : [];
  });
  return { home: plan.primary, services, transit: transitFacts(group, tenant, plan.regions) };
}
