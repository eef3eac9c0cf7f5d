import { LABELS } from '../api/labels.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import { regionsOf } from './assignment.ts';

type Named = Pick<ServiceInstance, 'metadata' | 'spec'>;

/**
 * Instances of one class that serve the same tenants have the same scope: they belong to one group and one primary
 * region, and are shared, or dedicated to the same tenant.
 *
 * It is told from the objects alone and not from the tenants, so that a hub that has just started relates the same
 * services as the one before it.
 */
export function scopeOf(instance: Named, serviceClass: string = instance.spec.serviceClassRef.name): string {
  const { metadata, spec } = instance;
  const { iuGroupRef, isolation, primaryRegion } = spec;
  const tenant = isolation === 'Dedicated' ? metadata.labels?.[LABELS.tenant] : undefined;
  return JSON.stringify([serviceClass, iuGroupRef.name, primaryRegion, isolation, metadata.namespace, tenant ?? '']);
}

const placesOf = (instance: Named): string => regionsOf(instance).sort().join();

/**
 * Of the instances of one class and the scope of `instance`: those that serve its tenants. Tiers part the tenants of a
 * scope by their regions; where none has the same ones, all of the scope are taken.
 */
export function choosePartners<T extends Named>(instance: Named, candidates: readonly T[]): readonly T[] {
  const places = placesOf(instance);
  const same = candidates.filter((candidate) => placesOf(candidate) === places);
  return same.length > 0 ? same : candidates;
}

/** Finds the instances of another class that serve the same tenants. */
export type PartnersOf = (instance: ServiceInstance, serviceClass: string) => readonly ServiceInstance[];

/** @param byScope the instances of a scope, as the cache has them */
export const createPartnersOf =
  (byScope: (scope: string) => readonly ServiceInstance[]): PartnersOf =>
  (instance, serviceClass) =>
    choosePartners(
      instance,
      byScope(scopeOf(instance, serviceClass)).filter(({ metadata }) => !metadata.deletionTimestamp),
    );
