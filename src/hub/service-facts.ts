import type { ServiceInstance } from '../api/service-instance.ts';
import type { ServiceFacts } from '../decide/impact/facts.ts';
import { serviceFacts } from '../decide/impact/facts-of.ts';
import { modeOf } from '../decide/mode-change.ts';
import { keyOf } from '../kube/object.ts';
import type { HubContext } from './context.ts';

/** A service as it stands now: where it is active, where it stands by, and whether a guard holds it. */
export function factsOf(context: HubContext, instance: ServiceInstance): ServiceFacts | undefined {
  const serviceClass = context.classes.store.get(instance.spec.serviceClassRef.name);
  if (!serviceClass) return undefined;
  const key = keyOf(instance);
  const assignment = context.assignments.get(key);
  const { primaryRegion, secondaryRegions } = instance.spec;
  const mode = secondaryRegions.length > 0 ? modeOf(assignment, serviceClass) : 'None';
  const planned = serviceFacts(serviceClass, { mode, secondaries: secondaryRegions }, primaryRegion);
  const active = assignment?.activeRegion ?? primaryRegion;
  const held = context.holds.get(key)?.wanted === 'FailedOver';
  if (mode !== 'Backup' || active === primaryRegion) return { ...planned, held };
  const standsByIn = [primaryRegion, ...secondaryRegions].filter((region) => region !== active);
  return { ...planned, servesIn: [active], standsByIn, held };
}
