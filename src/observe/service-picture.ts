import { FENCED, LABELS } from '../api/labels.ts';
import type { RegionalService } from '../api/regional-service.ts';
import type { NodeFacts, PodFact } from '../decide/facts.ts';
import type { Slot } from '../decide/slot.ts';
import type { Informer } from '../kube/informer.ts';
import type { Deployment, Pod, Service, StatefulSet } from '../kube/kinds.ts';
import type { WorkloadObserver } from './workloads.ts';

/** Index of the children of a service: `namespace/label value`. */
export const SERVICE_INDEX = 'service';
export const byServiceLabel = (object: {
  metadata: { namespace?: string; labels?: Readonly<Record<string, string>> };
}): string[] => {
  const service = object.metadata.labels?.[LABELS.service];
  return service === undefined ? [] : [`${object.metadata.namespace ?? ''}/${service}`];
};

export interface PictureCaches {
  readonly deployments: Informer<Deployment>;
  readonly statefulSets: Informer<StatefulSet>;
  readonly services: Informer<Service>;
  readonly pods: Informer<Pod>;
}

/** What is there of one service in the region, as the caches know it. */
export interface ServicePicture {
  readonly deployments: readonly Deployment[];
  readonly statefulSets: readonly StatefulSet[];
  readonly services: readonly Service[];
  readonly pods: readonly PodFact[];
  readonly nodes: NodeFacts;
  /** Whether something of it is wanted or exists: a workload above zero, or a pod, terminating ones included. */
  readonly isStarted: boolean;
}

export const indexKeyOf = (order: Pick<RegionalService, 'metadata'>): string =>
  `${order.metadata.namespace ?? ''}/${order.metadata.name}`;

/** Cheap enough to be asked of every service several times a second. */
export function isStarted(caches: PictureCaches, order: RegionalService): boolean {
  const key = indexKeyOf(order);
  const { deployments, statefulSets } = workloadsOf(caches, key);
  return (
    caches.pods.store.byIndex(SERVICE_INDEX, key).length > 0 || [...deployments, ...statefulSets].some(isAboveZero)
  );
}

const isAboveZero = ({ spec, status }: Deployment | StatefulSet): boolean =>
  (spec?.replicas ?? 0) > 0 || (status?.replicas ?? 0) > 0;

const workloadsOf = (caches: PictureCaches, key: string) => ({
  deployments: caches.deployments.store.byIndex(SERVICE_INDEX, key),
  statefulSets: caches.statefulSets.store.byIndex(SERVICE_INDEX, key),
});

export function observeService(
  caches: PictureCaches,
  observer: WorkloadObserver,
  order: RegionalService,
): ServicePicture {
  const key = indexKeyOf(order);
  return {
    ...workloadsOf(caches, key),
    services: caches.services.store.byIndex(SERVICE_INDEX, key),
    pods: caches.pods.store.byIndex(SERVICE_INDEX, key).map((pod) => observer.podFact(pod)),
    nodes: observer.nodeFacts(),
    isStarted: isStarted(caches, order),
  };
}

/** The slot that the Service of a pair selects now; undefined while it selects nothing. */
export function selectedSlot(picture: ServicePicture, component: string, pair: number): Slot | undefined {
  const service = picture.services.find(
    ({ metadata }) => metadata.labels?.[LABELS.component] === component && metadata.labels[LABELS.pair] === `${pair}`,
  );
  const slot = service?.spec?.selector?.[LABELS.slot];
  return slot === undefined || slot === FENCED ? undefined : slot === 'b' ? 'b' : 'a';
}
