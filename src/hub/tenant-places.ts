import type { IUGroup } from '../api/iu-group.ts';
import type { ServiceClass, Tier } from '../api/service-class.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import { inForce } from '../decide/mode-change.ts';
import { placesOfService, type ServiceRow } from '../decide/tenant-services.ts';
import type { HubContext } from './context.ts';

type Places = Pick<ServiceRow, 'activeRegions' | 'regions' | 'sla'>;

interface Entry {
  readonly serviceClass: ServiceClass;
  readonly units: IUGroup['spec']['infrastructureUnits'];
  readonly byTier: Map<Tier, Places>;
}

/**
 * Where a service is, for tenants of a tier: made once for each version of its instance, whatever the number of tenants
 * that share it.
 */
export function createTenantPlaces(context: Pick<HubContext, 'classes' | 'groups' | 'instances'>) {
  const entries = new WeakMap<ServiceInstance, Entry>();

  function entryFor(instance: ServiceInstance): Entry | undefined {
    const serviceClass = context.classes.store.get(instance.spec.serviceClassRef.name);
    const units = context.groups.store.get(instance.spec.iuGroupRef.name)?.spec.infrastructureUnits;
    if (!serviceClass || !units) return undefined;
    const known = entries.get(instance);
    if (known?.serviceClass === serviceClass && known.units === units) return known;
    const entry: Entry = { serviceClass, units, byTier: new Map() };
    entries.set(instance, entry);
    return entry;
  }

  return (key: string, tier: Tier): Places => {
    const instance = context.instances.store.get(key);
    const entry = instance && entryFor(instance);
    if (!instance || !entry) return {};
    const known = entry.byTier.get(tier);
    if (known) return known;
    const geographyOf = (region: string) => entry.units.find((unit) => unit.region === region)?.geography;
    const serviceClass = inForce(entry.serviceClass, instance.status?.assignment);
    const places = placesOfService(instance, serviceClass, tier, geographyOf);
    entry.byTier.set(tier, places);
    return places;
  };
}
