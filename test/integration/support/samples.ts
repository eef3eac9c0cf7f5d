import { API_VERSION } from '../../../src/api/common.ts';
import type { Component, ServiceClassSpec } from '../../../src/api/service-class.ts';
import type { KubeObject } from '../../../src/kube/object.ts';

/** What the tests apply, small on purpose: one service of each kind of pattern and mode. */

export interface Manifest extends KubeObject {
  readonly spec: unknown;
}

/**
 * The protocol as fast as two busy cores allow: what is to happen within these times is done by processes that wait for
 * each other. `wait` is (6 + 3 + 3) x 1.2 = 14.4 s.
 */
export const FAST_TIMINGS = {
  heartbeatSeconds: 1,
  leaseSeconds: 6,
  takeoverSeconds: 3,
  stopBudgetSeconds: 3,
  clockRateErrorPercent: 20,
} as const;
export const FAST_WAIT_MS = 14_400;
/** With two heartbeats less than the lease. */
export const FAST_HUB_ELECTION_MS = 2000;

export interface SampleRegion {
  readonly name: string;
  readonly zones: readonly string[];
  readonly country?: string;
  readonly geography?: string;
  /** It comes from this ClusterProfile, `namespace/name`, and not from a Secret of its name. */
  readonly clusterProfile?: string;
}

export const EAST: SampleRegion = { name: 'us-east', zones: ['us-east-a', 'us-east-b'] };
export const WEST: SampleRegion = { name: 'us-west', zones: ['us-west-a', 'us-west-b'] };

export interface GroupOptions {
  readonly name?: string;
  readonly regions: readonly SampleRegion[];
  /** Default: `FAST_TIMINGS`. */
  readonly timings?: Readonly<Record<string, unknown>>;
  readonly failover?: Readonly<Record<string, unknown>>;
  readonly switchback?: Readonly<Record<string, unknown>>;
  readonly traffic?: Readonly<Record<string, unknown>>;
  readonly digitalRegion?: string;
}

export const GROUP = 'americas';

export function iuGroup({
  name = GROUP,
  regions,
  timings = FAST_TIMINGS,
  failover,
  switchback,
  traffic,
  digitalRegion,
}: GroupOptions): Manifest {
  return {
    apiVersion: API_VERSION,
    kind: 'IUGroup',
    metadata: { name },
    spec: {
      infrastructureUnits: regions.map((region) => ({
        name: `iu-${region.name}`,
        region: region.name,
        geography: region.geography ?? 'US',
        country: region.country ?? 'US',
        zones: region.zones,
        credentials: credentialsOf(region),
      })),
      timings,
      // With heartbeats so fast, a region that has to wait for its processor comes and goes: seven times hold it for minutes.
      failover: { failureThresholdSeconds: 4, coolDownSeconds: 1, flapping: { changes: 100 }, ...failover },
      switchback: { stableForSeconds: 600, ...switchback },
      ...(traffic && { traffic }),
      ...(digitalRegion !== undefined && { digitalRegion }),
    },
  };
}

function credentialsOf({ clusterProfile, name }: SampleRegion) {
  const [namespace, profile] = clusterProfile?.split('/') ?? [];
  return clusterProfile === undefined ? { secretName: name } : { clusterProfileRef: { name: profile, namespace } };
}

const IMAGE = `placeholder@sha256:${'0'.repeat(64)}`;

export function component(
  name: string,
  more: Partial<Component> & Pick<Component, 'pattern'>,
  workload = 'Deployment',
) {
  const template = { workload, image: IMAGE, ports: [{ name: 'http', port: 80 }], terminationGracePeriodSeconds: 1 };
  return { name, template, ...more };
}

export function serviceClass(
  name: string,
  crossRegion: Partial<ServiceClassSpec['crossRegion']>,
  components: readonly ReturnType<typeof component>[],
): Manifest {
  const spec = { displayName: name, functionality: 'CallRouting', fencing: 'Agent', crossRegion, components };
  return { apiVersion: API_VERSION, kind: 'ServiceClass', metadata: { name }, spec };
}

/** Active in one region: two A-B pairs and a spare one. */
export const MAIL = serviceClass('mail', { mode: 'Backup', fromTier: 'CrossRegionVoice' }, [
  component('box', { pattern: 'N+1', of: 'A-B', minInstances: 2 }),
]);
/** Active in one region: an A-B pair with stable names, and a single instance. */
export const CAPTURE = serviceClass('capture', { mode: 'Backup', fromTier: 'CrossRegionVoice' }, [
  component('store', { pattern: 'A-B' }, 'StatefulSet'),
  component('upload', { pattern: 'A' }),
]);
/** Serves in both regions at once. */
export const VOICE = serviceClass('voice', { mode: 'Active', fromTier: 'AdvancedIvr' }, [
  component('sbc', { pattern: 'A-A' }),
]);
/** In the primary region only: a pool that survives a zone. */
export const POOL = serviceClass('pool', { mode: 'None' }, [component('web', { pattern: 'N+1', minInstances: 3 })]);
export const CATALOGUE = [MAIL, CAPTURE, VOICE, POOL];
/** Classes of the catalogue whose services are active in one region at a time. */
export const BACKUP_CLASSES = ['mail', 'capture'];

export const CUSTOMERS = 'customers';

export function tenant(name: string, spec: Readonly<Record<string, unknown>> = {}): Manifest {
  const home = { primaryRegion: EAST.name, secondaryRegions: [WEST.name], tier: 'CrossRegionVoice', agents: 100 };
  return {
    apiVersion: API_VERSION,
    kind: 'Tenant',
    metadata: { name, namespace: CUSTOMERS },
    spec: { iuGroupRef: { name: GROUP }, ...home, ...spec },
  };
}
