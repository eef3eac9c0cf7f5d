import { LABELS } from '../api/labels.ts';
import type { RegionalService } from '../api/regional-service.ts';
import type { Deployment, Pod, Service, StatefulSet } from '../kube/kinds.ts';
import { indexKeyOf, type PictureCaches } from './service-picture.ts';

/** Index of what runs while a region stands by: `namespace/name` of its service. */
export const STANDBY_INDEX = 'standby';
export const byStandbyLabel = (object: {
  metadata: { namespace?: string; labels?: Readonly<Record<string, string>> };
}): string[] => {
  const service = object.metadata.labels?.[LABELS.standbyOf];
  return service === undefined ? [] : [`${object.metadata.namespace ?? ''}/${service}`];
};

/** What carries the label of the copy of one service that runs while the region stands by, as the caches know it. */
export interface StandbyPicture {
  readonly deployments: readonly Deployment[];
  readonly statefulSets: readonly StatefulSet[];
  readonly services: readonly Service[];
  readonly pods: readonly Pod[];
}

export function observeStandby(caches: PictureCaches, order: Pick<RegionalService, 'metadata'>): StandbyPicture {
  const key = indexKeyOf(order);
  return {
    deployments: caches.deployments.store.byIndex(STANDBY_INDEX, key),
    statefulSets: caches.statefulSets.store.byIndex(STANDBY_INDEX, key),
    services: caches.services.store.byIndex(STANDBY_INDEX, key),
    pods: caches.pods.store.byIndex(STANDBY_INDEX, key),
  };
}

export const isStandbyEmpty = ({ deployments, pods, services, statefulSets }: StandbyPicture): boolean =>
  deployments.length + statefulSets.length + services.length + pods.length === 0;
