import type { TrafficPolicy } from '../../api/traffic.ts';
import type { TenantService } from '../cohort.ts';
import { centreHost, SIP_SERVICES } from './ingress-records.ts';
import { type DNSRecord, serviceHost } from './traffic.ts';

/** `<tenant>.tenants.<domain>`: below a label of its own, so that no service can have that name. */
export const tenantHost = (tenant: string, domain: string): string => `${tenant}.tenants.${domain}`;

const nameOf = (instance: string): string => instance.slice(instance.indexOf('/') + 1);

/**
 * The names of one tenant. Each points to an alias: the name of the service that its cohort shares, or of its transit
 * centre. A failover moves those and never a name of a tenant.
 */
export function computeTenantRecords(
  tenant: string,
  services: readonly Pick<TenantService, 'instance' | 'service'>[],
  centre: string | undefined,
  { domain, tenantNames, tenantTtlSeconds }: TrafficPolicy,
): DNSRecord[] {
  const host = tenantHost(tenant, domain);
  const alias = (dnsName: string, target: string): DNSRecord => ({
    dnsName,
    recordTTL: tenantTtlSeconds,
    recordType: 'CNAME',
    targets: [target],
  });
  const { frontDoor, services: named = [] } = tenantNames ?? {};
  const ofServices = services.flatMap(({ instance, service }) => {
    const target = serviceHost(nameOf(instance), domain);
    return [
      ...(service === frontDoor ? [alias(host, target)] : []),
      ...(named.includes(service) ? [alias(`${service}.${host}`, target)] : []),
    ];
  });
  if (centre === undefined) return ofServices;
  const sip = `sip.${host}`;
  const way = centreHost(centre, domain);
  return [
    ...ofServices,
    alias(sip, way),
    // For clients that ask for SRV at once, without NAPTR before.
    ...SIP_SERVICES.map(({ label }) => alias(`${label}.${sip}`, `${label}.${way}`)),
  ];
}
