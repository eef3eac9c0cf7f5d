import { keyOf } from '../kube/object.ts';
import { type Watched, watched } from '../observe/watched.ts';
import type { DataLag, HubPicture } from '../report/hub-picture.ts';
import type { HubContext } from './context.ts';
import { listOf, type RegionLink } from './region-link.ts';

/** What metrics see: the caches of the hub and of its regions, as they are. */
export function pictureOf(context: HubContext): HubPicture {
  const { capacities, groups, instances, switches, tenants } = context;
  return {
    groups: groups.store.list(),
    services: instances.store.list(),
    switches: switches.store.list(),
    tenants: tenants.store.list(),
    capacities,
    lags: lagsOf(context),
  };
}

/** Of regions that do not answer now the last word is shown: `switchback_watch_last_contact_timestamp_seconds` tells its age. */
function* lagsOf({ assignments, instances, links }: HubContext): Iterable<DataLag> {
  for (const { region, services } of links.list()) {
    for (const order of services.store.list()) {
      const key = keyOf(order);
      const instance = instances.store.get(key);
      if (!instance || assignments.get(key)?.activeRegion === region) continue;
      for (const { lagSeconds, name } of listOf(order.status?.dataStores)) {
        if (typeof lagSeconds !== 'number') continue;
        yield {
          group: instance.spec.iuGroupRef.name,
          serviceClass: instance.spec.serviceClassRef.name,
          region,
          seconds: lagSeconds,
          objectiveSeconds: order.spec.dataStores?.find((store) => store.name === name)?.lossObjectiveSeconds,
        };
      }
    }
  }
}

export function watchesOfHub({
  classes,
  endpoints,
  groups,
  instances,
  links,
  switches,
  tenants,
}: HubContext): Watched[] {
  return [
    watched('hub', 'IUGroup', groups.reflector),
    watched('hub', 'ServiceClass', classes.reflector),
    watched('hub', 'Tenant', tenants.reflector),
    watched('hub', 'ServiceInstance', instances.reflector),
    watched('hub', 'RegionSwitch', switches.reflector),
    watched('hub', 'DNSEndpoint', endpoints.reflector),
    ...links.list().flatMap(watchesOfLink),
  ];
}

const watchesOfLink = ({ directory, leases, region, regions, services }: RegionLink): Watched[] => [
  watched(region, 'RegionalService', services.reflector),
  watched(region, 'Region', regions.reflector),
  watched(region, 'RegionLease', leases.reflector),
  watched(region, 'TenantDirectory', directory.reflector),
];
