import type { IUGroup } from '../../src/api/iu-group.ts';
import type { RegionSwitch } from '../../src/api/region-switch.ts';
import type { RegionalService } from '../../src/api/regional-service.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import type { ServiceClass } from '../../src/api/service-class.ts';
import type { ServiceInstance } from '../../src/api/service-instance.ts';
import type { Tenant } from '../../src/api/tenant.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { createInformer, type Informer } from '../../src/kube/informer.ts';
import type { KubeObject, Resource } from '../../src/kube/object.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { systemRandom } from '../../src/runtime/random.ts';

/** What the operator says: its objects on the hub and in the regions, as any user could watch them. */
export interface Picture {
  readonly groups: Informer<IUGroup>;
  readonly classes: Informer<ServiceClass>;
  readonly tenants: Informer<Tenant>;
  readonly instances: Informer<ServiceInstance>;
  readonly switches: Informer<RegionSwitch>;
  /** By region. Of a region that does not answer: what it last said. */
  readonly orders: ReadonlyMap<string, Informer<RegionalService>>;
}

export function createPicture(hub: KubeClient, regions: ReadonlyMap<string, KubeClient>): Picture {
  return {
    groups: watch<IUGroup>(hub, RESOURCES.iuGroup),
    classes: watch<ServiceClass>(hub, RESOURCES.serviceClass),
    tenants: watch<Tenant>(hub, RESOURCES.tenant),
    instances: watch<ServiceInstance>(hub, RESOURCES.serviceInstance),
    switches: watch<RegionSwitch>(hub, RESOURCES.regionSwitch),
    orders: new Map(
      [...regions].map(([name, client]) => [name, watch<RegionalService>(client, RESOURCES.regionalService)]),
    ),
  };
}

/** Resolves when everything has been read once. */
export async function startPicture(picture: Picture): Promise<void> {
  const reflectors = reflectorsOf(picture);
  for (const reflector of reflectors) reflector.start();
  await Promise.all(reflectors.map((reflector) => reflector.whenSynced()));
}

export async function stopPicture(picture: Picture): Promise<void> {
  await Promise.all(reflectorsOf(picture).map((reflector) => reflector.stop()));
}

/** Calls `handler` at every change of what is shown of services and regions. */
export function onPictureChange({ groups, instances, orders }: Picture, handler: () => void): void {
  for (const { store } of [groups, instances, ...orders.values()]) store.addHandler(handler);
}

const reflectorsOf = ({ classes, groups, instances, orders, switches, tenants }: Picture) =>
  [groups, classes, tenants, instances, switches, ...orders.values()].map(({ reflector }) => reflector);

function watch<T extends KubeObject>(client: KubeClient, resource: Resource<T>): Informer<T> {
  const backoff = { minMs: 50, maxMs: 1000 };
  return createInformer<T>({ client, resource, clock: systemClock, random: systemRandom, backoff });
}
