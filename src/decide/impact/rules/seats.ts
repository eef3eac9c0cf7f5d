import type { Functionality } from '../../../api/service-class.ts';
import type { ComponentFacts, ServiceFacts } from '../facts.ts';
import type { ZoneWorld } from '../worlds.ts';

export const shapedAs =
  (shape: ComponentFacts['shape']) =>
  (component: ComponentFacts): boolean =>
    component.shape === shape;

export interface Seated {
  readonly services: readonly string[];
  /** It is not known where they sat. */
  readonly assumed?: true;
}

/**
 * Services with a component of a kind that sat in the zone. Where nobody knows the seats it is assumed that it did: what
 * could be felt is said rather than kept back.
 */
export function seatedIn(
  { runningOf, zone }: ZoneWorld,
  functionality: Functionality,
  isKind: (component: ComponentFacts) => boolean,
): Seated {
  const seats = (service: ServiceFacts): readonly ComponentFacts[] =>
    service.components.filter((each) => isKind(each) && (each.zones?.includes(zone) ?? true));
  const found = runningOf(functionality).filter((service) => seats(service).length > 0);
  const services = found.map(({ serviceClass }) => serviceClass).sort();
  const isAssumed = found.some((service) => seats(service).some(({ zones }) => zones === undefined));
  return isAssumed ? { services, assumed: true } : { services };
}
