import { ENDPOINT_SLICE, type EndpointSlice, POD, type Pod, SERVICE, type Service } from '../../../src/kube/kinds.ts';
import { keyOf } from '../../../src/kube/object.ts';
import { hasLabels } from '../selector.ts';
import { isReady } from './conditions.ts';
import type { ControlPlane } from './control-plane.ts';
import { KindIndex } from './kind.ts';
import type { ClusterTimings } from './timings.ts';

/**
 * Keeps one EndpointSlice per Service that has a selector. A Service without one keeps the slice it has: taking the
 * selector away takes nobody out of traffic, as in the real controller.
 */
export function startEndpointSlices(
  plane: ControlPlane,
  timings: ClusterTimings,
  zoneOf: (node: string) => string | undefined,
): void {
  const services = plane.kind(SERVICE);
  const pods = plane.kind(POD);
  const slices = plane.kind(ENDPOINT_SLICE);
  const servicesIn = new KindIndex(services, (service) => [service.metadata.namespace ?? '']);
  const podsIn = new KindIndex(pods, (pod) => [pod.metadata.namespace ?? '']);
  const loop = plane.loop(timings.controllerMs, (key) => {
    const service = services.get(key);
    if (!service || selectorOf(service) === undefined || service.metadata.deletionTimestamp) return;
    const selected = podsIn.get(service.metadata.namespace ?? '').filter((pod) => isSelected(service, pod));
    const slice = sliceFor(service, selected, zoneOf);
    const old = slices.get(keyOf(slice));
    if (!old) slices.create(slice);
    else slices.update(old, { ...old, ...slice, metadata: { ...old.metadata, labels: slice.metadata.labels ?? {} } });
  });
  services.onChange(({ type, object }) => {
    if (type !== 'DELETED') loop.mark(keyOf(object));
  });
  pods.onChange(({ object, old }) => {
    for (const service of servicesIn.get(object.metadata.namespace ?? '')) {
      if (isSelected(service, object) || (old && isSelected(service, old))) loop.mark(keyOf(service));
    }
  });
}

/** An empty selector counts as none. */
function selectorOf(service: Service): Readonly<Record<string, string>> | undefined {
  const selector = service.spec?.selector;
  return selector && Object.keys(selector).length > 0 ? selector : undefined;
}

function isSelected(service: Service, pod: Pod): boolean {
  const selector = selectorOf(service);
  return selector !== undefined && hasLabels(pod.metadata.labels ?? {}, selector);
}

function sliceFor(service: Service, pods: readonly Pod[], zoneOf: (node: string) => string | undefined): EndpointSlice {
  const { name, namespace, uid = '' } = service.metadata;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-1`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...service.metadata.labels, 'kubernetes.io/service-name': name },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name, uid, controller: true }],
    },
    addressType: 'IPv4',
    endpoints: pods
      .filter((pod) => pod.status?.podIP !== undefined)
      .map((pod) => endpointOf(pod, zoneOf))
      .sort((a, b) => (a.targetRef.name < b.targetRef.name ? -1 : 1)),
  };
}

function endpointOf(pod: Pod, zoneOf: (node: string) => string | undefined) {
  const { name, namespace, deletionTimestamp } = pod.metadata;
  const serving = isReady(pod);
  const nodeName = pod.spec?.nodeName ?? '';
  const zone = zoneOf(nodeName);
  return {
    addresses: [pod.status?.podIP ?? ''],
    conditions: { ready: serving && !deletionTimestamp, serving, terminating: deletionTimestamp !== undefined },
    nodeName,
    ...(zone === undefined ? {} : { zone }),
    targetRef: { kind: 'Pod', name, ...(namespace === undefined ? {} : { namespace }) },
  };
}
