import type { Condition } from '../../../src/api/conditions.ts';
import { RESOURCES } from '../../../src/api/resources.ts';
import type { ServiceInstance } from '../../../src/api/service-instance.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import { keyOf } from '../../../src/kube/object.ts';

/** What the hub says of regions that are not well and of services that are not as declared: for whoever waited in vain. */
export async function describePicture(hub: KubeClient): Promise<string> {
  const groups = await hub.list(RESOURCES.iuGroup);
  const services = await hub.list(RESOURCES.serviceInstance);
  const regions = groups.items.flatMap(({ status }) => status?.regions ?? []);
  return [
    ...regions
      .filter(({ state }) => state !== 'Healthy')
      .map(({ message, region, state }) => `${region} is ${state}: ${message}`),
    ...services.items.map(describeService),
  ].join('\n');
}

function describeService(service: ServiceInstance): string {
  const { assignment, conditions = [], hold } = service.status ?? {};
  const ready = conditions.find(({ type }: Condition) => type === 'Ready');
  const place = assignment ? `${assignment.activeRegion} at epoch ${assignment.epoch}` : 'nowhere';
  const held = hold ? [`held by ${hold.reason}: ${hold.message}`] : [];
  const waits = ready?.status === 'True' ? [] : [ready?.message ?? 'no status'];
  return [`${keyOf(service)} in ${place}`, ...held, ...waits].join('; ');
}
