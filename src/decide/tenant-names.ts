import type { Reason } from '../api/conditions.ts';
import type { IUGroup } from '../api/iu-group.ts';
import type { Tenant } from '../api/tenant.ts';
import type { TrafficPolicy } from '../api/traffic.ts';
import type { TenantOutcome } from './cohort.ts';
import { computeTenantRecords, tenantHost } from './desired/tenant-records.ts';
import type { DNSRecord } from './desired/traffic.ts';
import { holdersOf } from './name-claims.ts';
import { primaryCentreOf } from './primary-centre.ts';
import { isWhole } from './tenant-services.ts';

/** Longest name of DNS. */
const MAX_HOST = 253;
/** What one shard holds: with some names for each tenant, some hundred tenants. */
export const MOST_RECORDS = 1000;

type NamedGroup = Pick<IUGroup, 'metadata' | 'spec'>;
type NamedTenant = Pick<Tenant, 'metadata' | 'spec'>;

export interface NameRefusal {
  readonly reason: Reason;
  readonly message: string;
}

/** The names of the tenants of one group. */
export interface TenantNames {
  /** By `namespace/name` of the tenant. */
  readonly records: ReadonlyMap<string, readonly DNSRecord[]>;
  /** Tenants that have none, and why. */
  readonly refused: ReadonlyMap<string, NameRefusal>;
}

const keyOf = ({ metadata }: NamedTenant): string => `${metadata.namespace ?? ''}/${metadata.name}`;
const policyOf = (group: NamedGroup | undefined): TrafficPolicy | undefined =>
  group?.spec.traffic?.tenantNames ? group.spec.traffic : undefined;

/** Records that are there, by the tenant that they are of. */
function recordsByTenant(present: readonly DNSRecord[], domain: string): ReadonlyMap<string, readonly DNSRecord[]> {
  const suffix = `.${tenantHost('', domain).slice(1)}`;
  const found = new Map<string, DNSRecord[]>();
  for (const record of present) {
    if (!record.dnsName.endsWith(suffix)) continue;
    const tenant = record.dnsName.slice(0, -suffix.length).split('.').at(-1) ?? '';
    found.set(tenant, [...(found.get(tenant) ?? []), record]);
  }
  return found;
}

function centreOf(tenant: NamedTenant, { spec }: NamedGroup): string | undefined {
  const centre = primaryCentreOf(tenant.spec, spec.transit?.centres ?? []);
  return centre?.voice && centre.state === 'Active' ? centre.name : undefined;
}

/**
 * The names of all tenants of a group. Two groups may share a domain, so who has a name is told from the tenants of all of
 * them. A tenant that cannot be planned as it stands keeps the names that it has: somebody will put that right.
 *
 * @param present what the shards of the group hold now
 */
export function planTenantNames(
  group: NamedGroup,
  known: {
    readonly groups: readonly NamedGroup[];
    readonly tenants: readonly NamedTenant[];
    readonly outcomes: ReadonlyMap<string, TenantOutcome>;
    readonly present: readonly DNSRecord[];
  },
): TenantNames {
  const policy = policyOf(group);
  const records = new Map<string, readonly DNSRecord[]>();
  const refused = new Map<string, NameRefusal>();
  if (!policy) return { records, refused };
  const { domain } = policy;
  const rivals = new Set(
    known.groups.filter((other) => policyOf(other)?.domain === domain).map(({ metadata }) => metadata.name),
  );
  const claims = known.tenants
    .filter(({ spec }) => rivals.has(spec.iuGroupRef.name))
    .map((tenant) => ({
      name: tenant.metadata.name,
      holder: keyOf(tenant),
      since: tenant.metadata.creationTimestamp,
    }));
  const holders = holdersOf(claims);
  const had = recordsByTenant(known.present, domain);
  for (const tenant of known.tenants) {
    if (tenant.spec.iuGroupRef.name !== group.metadata.name) continue;
    const key = keyOf(tenant);
    const { name } = tenant.metadata;
    const holder = holders.get(name);
    const outcome = known.outcomes.get(key);
    if (holder !== key) {
      const message = `${tenantHost(name, domain)} is the name of tenant ${holder}, which is older: give this one another name`;
      refused.set(key, { reason: 'NameTaken', message });
    } else if (!outcome || !isWhole(outcome)) {
      records.set(key, had.get(name) ?? []);
    } else {
      const wanted = computeTenantRecords(name, outcome.services, centreOf(tenant, group), policy);
      const long = wanted.find(({ dnsName }) => dnsName.length > MAX_HOST);
      if (long) refused.set(key, { reason: 'InvalidSpec', message: tooLong(long.dnsName) });
      else records.set(key, wanted);
    }
  }
  return { records, refused };
}

const tooLong = (host: string): string =>
  `${host} has ${host.length} characters, and a DNS name has at most ${MAX_HOST}: shorten the tenant, the class or the domain`;
