import type { Registry } from 'prom-client';
import type { ConditionType } from '../api/conditions.ts';
import type { Tenant } from '../api/tenant.ts';
import { conditionSeries } from './condition-series.ts';
import { registerGauges } from './gauges.ts';
import type { HubPicture } from './hub-picture.ts';
import { firstByName, type SeriesLimits } from './series-limits.ts';

const TYPES: readonly ConditionType[] = ['Ready', 'Available'];

const of = ({ metadata }: Tenant): Readonly<Record<string, string>> => ({
  tenant: `${metadata.namespace ?? ''}/${metadata.name}`,
});

/** Series of single tenants: off unless somebody asks for them, because there may be 10,000 tenants. */
export function createTenantMetrics(
  registry: Registry,
  picture: () => HubPicture | undefined,
  limits: SeriesLimits,
): void {
  const each = ({ tenants }: HubPicture): readonly Tenant[] => firstByName(tenants, limits.tenants);
  registerGauges(registry, picture, [
    {
      name: 'switchback_tenant_info',
      help: 'A Tenant (`namespace/name`), its group, tier and primary region. Off unless SWITCHBACK_TENANT_METRICS is set.',
      labels: ['tenant', 'iu_group', 'tier', 'primary_region'],
      *samples(seen) {
        for (const tenant of each(seen)) {
          const { iuGroupRef, primaryRegion, tier } = tenant.spec;
          yield { labels: { ...of(tenant), iu_group: iuGroupRef.name, tier, primary_region: primaryRegion }, value: 1 };
        }
      },
    },
    {
      name: 'switchback_tenant_condition',
      help: 'Conditions of a tenant (Ready, Available): 1 for the present status. Off unless SWITCHBACK_TENANT_METRICS is set.',
      labels: ['tenant', 'type', 'status'],
      *samples(seen) {
        for (const tenant of each(seen)) yield* conditionSeries(of(tenant), tenant.status?.conditions, TYPES);
      },
    },
    {
      name: 'switchback_series_left_out',
      help: 'Objects without series of their own although these are on, because there are more than SWITCHBACK_SERVICE_METRICS or SWITCHBACK_TENANT_METRICS allows.',
      labels: ['of'],
      samples: ({ services, tenants }) => [
        { labels: { of: 'services' }, value: leftOut(services.length, limits.services) },
        { labels: { of: 'tenants' }, value: leftOut(tenants.length, limits.tenants) },
      ],
    },
  ]);
}

const leftOut = (count: number, most: number): number => (most === 0 ? 0 : Math.max(0, count - most));
