import type { Condition, ConditionType } from '../../src/api/conditions.ts';
import type { CrossRegionMode, ServiceClass } from '../../src/api/service-class.ts';
import type { ServiceInstance } from '../../src/api/service-instance.ts';
import { keyOf } from '../../src/kube/object.ts';
import type { Picture } from './picture.ts';

/** One service of the demo: the instance, and what its class says. */
export interface DemoService {
  /** `namespace/name`, on the hub and in the regions. */
  readonly key: string;
  readonly name: string;
  readonly mode: CrossRegionMode;
  /** Has a place in more than one region. */
  readonly isCrossRegion: boolean;
  readonly class: ServiceClass;
  readonly instance: ServiceInstance;
}

/** All services as they are declared and reported now, by name. */
export function listServices({ classes, instances }: Picture): readonly DemoService[] {
  return instances.store
    .list()
    .flatMap((instance): DemoService[] => {
      const serviceClass = classes.store.get(instance.spec.serviceClassRef.name);
      if (!serviceClass) return [];
      const isCrossRegion = instance.spec.secondaryRegions.length > 0;
      const mode = isCrossRegion ? serviceClass.spec.crossRegion.mode : 'None';
      return [
        { key: keyOf(instance), name: instance.metadata.name, mode, isCrossRegion, class: serviceClass, instance },
      ];
    })
    .sort((x, y) => (x.name < y.name ? -1 : 1));
}

export const activeRegionOf = ({ instance }: DemoService): string | undefined =>
  instance.status?.assignment?.activeRegion;

export const epochOf = ({ instance }: DemoService): number => instance.status?.assignment?.epoch ?? 0;

interface WithConditions {
  readonly metadata: { readonly generation?: number };
  readonly status?: { readonly observedGeneration: number; readonly conditions?: readonly Condition[] | undefined };
}

/** The condition, unless it was stated for an earlier generation than the present one. */
export function conditionOf(object: WithConditions, type: ConditionType): Condition | undefined {
  const { metadata, status } = object;
  if (status?.observedGeneration !== metadata.generation) return undefined;
  return status?.conditions?.find((condition) => condition.type === type);
}

export const isTrue = (object: WithConditions, type: ConditionType): boolean =>
  conditionOf(object, type)?.status === 'True';

/** The services that carry calls: the loss of a zone has no impact on them. */
export const carriesCalls = ({ class: { spec } }: DemoService): boolean => spec.functionality === 'CallRouting';
