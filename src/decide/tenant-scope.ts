import { LABELS } from '../api/labels.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import { labelValue } from './name.ts';

/** Which tenants there are, and whom each instance serves, by the plan of all tenants. Keys are `namespace/name`. */
export interface TenantBook {
  /** Undefined: there is no such tenant. */
  readonly groupOf: (tenant: string) => string | undefined;
  readonly instancesOf: (tenant: string) => readonly string[];
  /** How many tenants an instance serves. */
  readonly sizeOf: (instance: string) => number;
}

/** What a RegionSwitch that names tenants is about. An instance moves as a whole: nobody is moved who is not named. */
export interface TenantScope {
  /** Instances that serve none but the tenants that are named. */
  readonly whole: ReadonlySet<string>;
  /** Instances that serve others too, and how many. */
  readonly shared: ReadonlyMap<string, number>;
  /** Tenants that are named and are not there, with a sentence for people. */
  readonly missing: ReadonlyMap<string, string>;
}

export const NO_TENANTS: TenantScope = { whole: new Set(), shared: new Map(), missing: new Map() };

type Named = Pick<ServiceInstance, 'metadata' | 'spec'>;
const keyOf = ({ metadata }: Named): string => `${metadata.namespace ?? ''}/${metadata.name}`;

/** The tenant that an instance is dedicated to, as its labels tell: also when the tenant is planned no more. */
const ownerOf = ({ metadata, spec }: Named): string | undefined =>
  spec.isolation === 'Dedicated' ? `${metadata.namespace ?? ''}/${metadata.labels?.[LABELS.tenant] ?? ''}` : undefined;

const asLabelled = (tenant: string): string => {
  const [namespace = '', name = ''] = tenant.split('/');
  return `${namespace}/${labelValue(name)}`;
};

function whyMissing(tenant: string, group: string, book: TenantBook): string | undefined {
  const other = book.groupOf(tenant);
  if (other === group) return undefined;
  return other === undefined
    ? `there is no Tenant ${tenant}`
    : `Tenant ${tenant} belongs to IU group ${other}, and not to ${group}`;
}

/** Which instances serve tenants that are named, and how many of these each. */
function countNamed(tenants: readonly string[], book: TenantBook): ReadonlyMap<string, number> {
  const named = new Map<string, number>();
  for (const key of tenants.flatMap(book.instancesOf)) named.set(key, (named.get(key) ?? 0) + 1);
  return named;
}

/**
 * @param tenants those that are named
 * @param instances those of the group
 */
export function scopeOfTenants(
  tenants: readonly string[],
  {
    book,
    group,
    instances,
  }: { readonly book: TenantBook; readonly group: string; readonly instances: readonly Named[] },
): TenantScope {
  const missing = tenants.flatMap((tenant): [string, string][] => {
    const why = whyMissing(tenant, group, book);
    return why === undefined ? [] : [[tenant, why]];
  });
  const named = countNamed(tenants, book);
  const owners = new Set(tenants.map(asLabelled));
  const othersOf = (key: string): number => Math.max(0, book.sizeOf(key) - (named.get(key) ?? 0));
  const isWhole = (instance: Named): boolean => {
    const owner = ownerOf(instance);
    if (owner !== undefined && owners.has(owner)) return true;
    return named.has(keyOf(instance)) && othersOf(keyOf(instance)) === 0;
  };
  const [whole, rest] = [instances.filter(isWhole), instances.filter((instance) => !isWhole(instance))];
  const shared = rest.map(keyOf).filter((key) => named.has(key));
  return {
    whole: new Set(whole.map(keyOf)),
    shared: new Map(shared.map((key) => [key, othersOf(key)])),
    missing: new Map(missing),
  };
}
