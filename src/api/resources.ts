import type { IUGroup } from './iu-group.ts';
import { iuGroup } from './iu-group.ts';
import type { Region } from './region.ts';
import { region } from './region.ts';
import type { RegionLease } from './region-lease.ts';
import { regionLease } from './region-lease.ts';
import type { RegionSwitch } from './region-switch.ts';
import { regionSwitch } from './region-switch.ts';
import type { RegionalService } from './regional-service.ts';
import { regionalService } from './regional-service.ts';
import type { ServiceClass } from './service-class.ts';
import { serviceClass } from './service-class.ts';
import type { ServiceInstance } from './service-instance.ts';
import { serviceInstance } from './service-instance.ts';
import type { Tenant } from './tenant.ts';
import { tenant } from './tenant.ts';
import type { TenantDirectory } from './tenant-directory.ts';
import { tenantDirectory } from './tenant-directory.ts';

/** Where the API server keeps a kind, with the type of its objects: what the client verbs take. */
export interface ApiResource<T> {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Only a carrier of the type; never set. */
  readonly __type?: T;
}

const resourceOf = <T>({ group, version, kind, plural, namespaced }: ApiResource<unknown>): ApiResource<T> => ({
  group,
  version,
  kind,
  plural,
  namespaced,
});

export const RESOURCES = {
  iuGroup: resourceOf<IUGroup>(iuGroup),
  serviceClass: resourceOf<ServiceClass>(serviceClass),
  tenant: resourceOf<Tenant>(tenant),
  serviceInstance: resourceOf<ServiceInstance>(serviceInstance),
  regionSwitch: resourceOf<RegionSwitch>(regionSwitch),
  region: resourceOf<Region>(region),
  regionLease: resourceOf<RegionLease>(regionLease),
  regionalService: resourceOf<RegionalService>(regionalService),
  tenantDirectory: resourceOf<TenantDirectory>(tenantDirectory),
} as const;
