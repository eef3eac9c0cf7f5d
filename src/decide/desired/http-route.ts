import { ANNOTATIONS, LABELS, MANAGED_BY } from '../../api/labels.ts';
import type { Assignment, ServiceInstance } from '../../api/service-instance.ts';
import type { GatewayPolicy } from '../../api/traffic.ts';
import { joinName } from '../name.ts';
import type { RegionWeight } from '../weights.ts';
import { serviceHost } from './traffic.ts';

/** The part of a Gateway API route that we write: https://gateway-api.sigs.k8s.io (kind `HTTPRoute`). */
export interface HTTPRoute {
  readonly apiVersion: 'gateway.networking.k8s.io/v1';
  readonly kind: 'HTTPRoute';
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly parentRefs: readonly {
      readonly name: string;
      readonly namespace?: string;
      readonly sectionName?: string;
    }[];
    readonly hostnames: readonly string[];
    readonly rules: readonly { readonly backendRefs: readonly BackendRef[] }[];
  };
}

interface BackendRef {
  readonly group: string;
  readonly kind: GatewayPolicy['backend']['kind'];
  readonly name: string;
  readonly port: number;
  readonly weight: number;
}

const MAX_SERVICE_NAME = 63;
const GROUPS: Readonly<Record<GatewayPolicy['backend']['kind'], string>> = {
  Service: '',
  ServiceImport: 'multicluster.x-k8s.io',
};

/** What stands on the hub for a service in one region. */
export const backendName = (instance: string, region: string): string => joinName([instance, region], MAX_SERVICE_NAME);

/** The same shares as the record set, for a gateway that reaches every region: without weights all goes where it is active. */
export function computeHttpRoute(
  { metadata: { name, namespace } }: Pick<ServiceInstance, 'metadata'>,
  { activeRegion, epoch }: Assignment,
  weights: readonly RegionWeight[] = [{ region: activeRegion, weight: 100 }],
  { domain, gateway }: { readonly domain: string; readonly gateway: GatewayPolicy },
): HTTPRoute {
  const { backend, name: parent, namespace: parentNamespace, sectionName } = gateway;
  const parentRef = {
    name: parent,
    ...(parentNamespace !== undefined && { namespace: parentNamespace }),
    ...(sectionName !== undefined && { sectionName }),
  };
  const backendRefs = weights.map(({ region, weight }) => ({
    group: GROUPS[backend.kind],
    kind: backend.kind,
    name: backendName(name, region),
    port: backend.port,
    weight,
  }));
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { [LABELS.managedBy]: MANAGED_BY },
      annotations: { [ANNOTATIONS.epoch]: `${epoch}` },
    },
    spec: { parentRefs: [parentRef], hostnames: [serviceHost(name, domain)], rules: [{ backendRefs }] },
  };
}
