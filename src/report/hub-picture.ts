import type { IUGroup } from '../api/iu-group.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import type { Tenant } from '../api/tenant.ts';
import type { RegionCapacity } from '../decide/region-capacity.ts';

/** How far a data store of a service is behind where the service stands by. */
export interface DataLag {
  readonly group: string;
  readonly serviceClass: string;
  readonly region: string;
  readonly seconds: number;
  /** Absent: its class asks for nothing. */
  readonly objectiveSeconds?: number | undefined;
}

/** What the leader of the hub shows in metrics: its caches, as they are. Nothing is read for it. */
export interface HubPicture {
  readonly groups: readonly IUGroup[];
  readonly services: readonly ServiceInstance[];
  readonly switches: readonly RegionSwitch[];
  readonly tenants: readonly Tenant[];
  /** By group. */
  readonly capacities: ReadonlyMap<string, readonly RegionCapacity[]>;
  readonly lags: Iterable<DataLag>;
}
