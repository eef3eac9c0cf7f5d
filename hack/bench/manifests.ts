import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { API_VERSION } from '../../src/api/common.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { readManifests } from '../operator/operator.ts';

/** Where services are active while all is well, and the region that stands in for it. */
export const HOME = 'us-east';
export const PEER = 'us-west';
export const ZONES: Readonly<Record<string, readonly string[]>> = {
  [HOME]: ['us-east-a', 'us-east-b'],
  [PEER]: ['us-west-a', 'us-west-b'],
};
export const GROUP = 'americas';
export const TENANT_NAMESPACE = 'customers';
export const STORM_NAMESPACE = 'storm';
export const STORM_CLASS = 'storm';
/** Of all tenants together: how many there are must not decide how many pods the cluster has to start. */
const ALL_AGENTS = 1000;

const CATALOGUE = join(import.meta.dirname, '../../charts/switchback/catalogue/today');
const IMAGE = `switchback-placeholder@sha256:${'0'.repeat(64)}`;

export interface GroupSettings {
  readonly timings?: Readonly<Record<string, number>>;
  readonly failover?: Readonly<Record<string, unknown>>;
  readonly switchback?: Readonly<Record<string, unknown>>;
}

const object = (kind: string, metadata: KubeObject['metadata'], spec: object): KubeObject & { spec: object } => ({
  apiVersion: API_VERSION,
  kind,
  metadata,
  spec,
});

/** The IU group of both regions; timings and policies are the defaults of the API where none are given. */
export function groupOf(settings: GroupSettings = {}): KubeObject {
  const infrastructureUnits = [HOME, PEER].map((region) => ({
    name: `iu-${region}`,
    region,
    geography: 'US',
    country: 'US',
    zones: ZONES[region],
    credentials: { secretName: region },
  }));
  return object(
    'IUGroup',
    { name: GROUP },
    { infrastructureUnits, traffic: { domain: 'contact.example' }, ...settings },
  );
}

/** The shipped service classes. */
export function readCatalogue(): readonly KubeObject[] {
  return readdirSync(CATALOGUE)
    .filter((file) => file.endsWith('.yaml'))
    .flatMap((file) => readManifests(readFileSync(join(CATALOGUE, file), 'utf8')));
}

/**
 * The shipped service classes, but none stays behind when a region is lost: those without a place in a second region
 * become `Backup` ones, and none waits for an approval.
 */
export function readMobileCatalogue(): readonly KubeObject[] {
  return readCatalogue().map((serviceClass) => {
    const spec = specOf(serviceClass);
    const isActive = 'crossRegion' in spec && JSON.stringify(spec.crossRegion).includes('"Active"');
    const mobile = { crossRegion: { mode: 'Backup', fromTier: 'CrossRegionVoice' }, fencing: 'Agent' };
    return isActive ? serviceClass : { ...serviceClass, spec: { ...spec, ...mobile } };
  });
}

/** The shipped service classes without a second region: a hub that is away makes nothing stop. */
export function readStationaryCatalogue(): readonly KubeObject[] {
  return readCatalogue().map((serviceClass) => {
    const spec: object & { crossRegion?: unknown; dataStores?: unknown } = { ...specOf(serviceClass) };
    delete spec.crossRegion;
    delete spec.dataStores;
    return { ...serviceClass, spec };
  });
}

function specOf(serviceClass: KubeObject): object {
  const spec = 'spec' in serviceClass ? serviceClass.spec : undefined;
  if (typeof spec !== 'object' || spec === null) throw new Error(`${serviceClass.metadata.name} has no spec`);
  return spec;
}

/**
 * Tenants that are all alike, so that they share one instance of each service: at home in one region, at the other in need.
 *
 * @param agents of each tenant. Default: so that all of them together have a thousand.
 */
export function tenantsOf(
  count: number,
  from = 0,
  agents = Math.max(1, Math.round(ALL_AGENTS / count)),
): readonly KubeObject[] {
  const spec = {
    iuGroupRef: { name: GROUP },
    primaryRegion: HOME,
    secondaryRegions: [PEER],
    tier: 'CrossRegionVoice',
    agents,
  };
  return Array.from({ length: count }, (_, index) =>
    object('Tenant', { name: `tenant-${String(from + index).padStart(5, '0')}`, namespace: TENANT_NAMESPACE }, spec),
  );
}

/**
 * A `Backup` service of one component with one instance. It does not write: the shortest stop budget that the API takes
 * leaves a component that writes no time to end. One that writes needs `stopBudgetSeconds: 3`, a second more.
 */
export function stormClass(): KubeObject {
  const template = {
    terminationGracePeriodSeconds: 1,
    image: IMAGE,
    ports: [{ name: 'http', port: 8080 }],
    resources: { requests: { cpu: '10m', memory: '16Mi' } },
  };
  return object(
    'ServiceClass',
    { name: STORM_CLASS },
    {
      displayName: 'Storm',
      functionality: 'Voicemail',
      crossRegion: { mode: 'Backup', fromTier: 'CrossRegionVoice' },
      fencing: 'Agent',
      components: [{ name: 'main', pattern: 'A', writeBearing: false, template }],
    },
  );
}

export function stormInstances(count: number): readonly KubeObject[] {
  const spec = {
    iuGroupRef: { name: GROUP },
    serviceClassRef: { name: STORM_CLASS },
    primaryRegion: HOME,
    secondaryRegions: [PEER],
    agents: 10,
  };
  return Array.from({ length: count }, (_, index) =>
    object('ServiceInstance', { name: `service-${String(index).padStart(4, '0')}`, namespace: STORM_NAMESPACE }, spec),
  );
}
