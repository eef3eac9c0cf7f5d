import type { IUGroup } from '../api/iu-group.ts';
import type { ComponentOrder } from '../api/regional-service.ts';
import type { ServiceClass } from '../api/service-class.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import { inForce, modeOf } from '../decide/mode-change.ts';
import { type Placement, placeInstance } from '../decide/placement.ts';
import { type Refusal, refuse } from '../decide/refusal.ts';
import { keyOf } from '../kube/object.ts';
import type { StoreReader } from '../kube/store.ts';

interface Entry {
  /** Generations of everything that the plan was made from. */
  readonly madeFrom: string;
  readonly plan: Placement | Refusal;
}

/** Plans by instance, made again only when something that they depend on has changed. */
export class PlacementCache {
  readonly #groups: StoreReader<IUGroup>;
  readonly #classes: StoreReader<ServiceClass>;
  readonly #entries = new Map<string, Entry>();

  constructor(groups: StoreReader<IUGroup>, classes: StoreReader<ServiceClass>) {
    this.#groups = groups;
    this.#classes = classes;
  }

  planFor(instance: ServiceInstance): Placement | Refusal {
    const { iuGroupRef, serviceClassRef } = instance.spec;
    const group = this.#groups.get(iuGroupRef.name);
    if (!group) return refuse('IUGroupNotFound', `IU group ${iuGroupRef.name} does not exist`);
    const serviceClass = this.#classes.get(serviceClassRef.name);
    if (!serviceClass) return refuse('ServiceClassNotFound', `service class ${serviceClassRef.name} does not exist`);
    const madeFrom = [instance, group, serviceClass]
      .map(({ metadata }) => `${metadata.uid}/${metadata.generation}`)
      .concat(modeOf(instance.status?.assignment, serviceClass))
      .join();
    const key = keyOf(instance);
    const known = this.#entries.get(key);
    if (known?.madeFrom === madeFrom) return known.plan;
    const plan = placeInstance(instance, inForce(serviceClass, instance.status?.assignment), group);
    this.#entries.set(key, { madeFrom, plan });
    return plan;
  }

  /** Undefined when the plan refuses the instance, or has no place for it in the region. */
  componentsFor(instance: ServiceInstance, region: string): readonly ComponentOrder[] | undefined {
    const plan = this.planFor(instance);
    return plan.ok ? plan.regions.find((placed) => placed.region === region)?.components : undefined;
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }
}
