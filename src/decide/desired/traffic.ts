import { ANNOTATIONS, LABELS, MANAGED_BY } from '../../api/labels.ts';
import type { Assignment, ServiceInstance } from '../../api/service-instance.ts';
import type { RegionWeight } from '../weights.ts';

/** An ExternalDNS endpoint set: https://kubernetes-sigs.github.io/external-dns (kind `DNSEndpoint`). */
export interface DNSEndpoint {
  readonly apiVersion: 'externaldns.k8s.io/v1alpha1';
  readonly kind: 'DNSEndpoint';
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly endpoints: readonly DNSRecord[] };
  /** Written by ExternalDNS, once it has read that generation. */
  readonly status?: { readonly observedGeneration?: number };
}

export interface DNSRecord {
  readonly dnsName: string;
  readonly recordTTL: number;
  readonly recordType: 'A' | 'AAAA' | 'CNAME' | 'NAPTR' | 'SRV';
  readonly targets: readonly string[];
  readonly setIdentifier?: string;
  readonly providerSpecific?: readonly { readonly name: string; readonly value: string }[];
}

/** What ExternalDNS calls the weight of a record; its provider maps it. */
const WEIGHT = 'aws/weight';

/** `<service>.<domain>`: what clients use. */
export const serviceHost = (name: string, domain: string): string => `${name}.${domain}`;
/** `<service>.<region>.regions.<domain>`: the entry of one region, kept by that region. */
export const regionHost = (name: string, region: string, domain: string): string =>
  `${name}.${region}.regions.${domain}`;
/**
 * `<service>.ro.<domain>`: what readers use, where a class stands by read-only. Below a label of its own, so that no
 * service can have that name.
 */
export const readerHost = (name: string, domain: string): string => `${name}.ro.${domain}`;
/** `<service>.<region>.ro.<domain>`: the entry of the copy in one region, kept by that region. */
export const regionReaderHost = (name: string, region: string, domain: string): string =>
  `${name}.${region}.ro.${domain}`;

/** Who takes which share of the traffic. */
export interface Shares {
  /** Of an `Active` service; undefined for every other one. */
  readonly weights: readonly RegionWeight[] | undefined;
  /** Regions with a copy that serves reads and is ready; undefined where the class wants none. */
  readonly readers: readonly RegionWeight[] | undefined;
}

interface Zone {
  readonly domain: string;
  readonly ttlSeconds: number;
}

const weighted = (record: DNSRecord, region: string, weight: number): DNSRecord => ({
  ...record,
  setIdentifier: region,
  providerSpecific: [{ name: WEIGHT, value: `${weight}` }],
});

/** While no copy is ready the active side answers the readers too. */
function recordsForReaders(
  name: string,
  { activeRegion }: Assignment,
  readers: readonly RegionWeight[],
  { domain, ttlSeconds }: Zone,
): DNSRecord[] {
  const record = (region: string, target: string, weight: number): DNSRecord =>
    weighted(
      { dnsName: readerHost(name, domain), recordTTL: ttlSeconds, recordType: 'CNAME', targets: [target] },
      region,
      weight,
    );
  return readers.length === 0
    ? [record(activeRegion, regionHost(name, activeRegion, domain), 100)]
    : readers.map(({ region, weight }) => record(region, regionReaderHost(name, region, domain), weight));
}

/**
 * The record set of a service: for an `Active` one a weighted record for each region, for the others one record that
 * points to the active region. Never empty. The epoch that it was made from stands on it, so that an older plan is
 * known for what it is.
 */
export function computeTraffic(
  instance: Pick<ServiceInstance, 'metadata'>,
  assignment: Assignment,
  { weights, readers }: Shares,
  { domain, ttlSeconds }: Zone,
): DNSEndpoint {
  const { name, namespace } = instance.metadata;
  const record = (region: string): DNSRecord => ({
    dnsName: serviceHost(name, domain),
    recordTTL: ttlSeconds,
    recordType: 'CNAME',
    targets: [regionHost(name, region, domain)],
  });
  const endpoints = weights
    ? weights.map(({ region, weight }) => weighted(record(region), region, weight))
    : [record(assignment.activeRegion)];
  const readerRecords = readers ? recordsForReaders(name, assignment, readers, { domain, ttlSeconds }) : [];
  return {
    apiVersion: 'externaldns.k8s.io/v1alpha1',
    kind: 'DNSEndpoint',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { [LABELS.managedBy]: MANAGED_BY },
      annotations: { [ANNOTATIONS.epoch]: `${assignment.epoch}` },
    },
    spec: { endpoints: [...endpoints, ...readerRecords] },
  };
}
