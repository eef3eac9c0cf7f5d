import { z } from 'zod';
import {
  cel,
  count,
  dnsDomain,
  dnsLabel,
  ipEndpoint,
  listAtomic,
  listMap,
  listSet,
  regionName,
  seconds,
  timestamp,
} from './common.ts';
import { reason } from './conditions.ts';

const tenantNames = z
  .object({
    frontDoor: dnsLabel()
      .optional()
      .describe('The service class that answers `<tenant>.tenants.<domain>`. Absent: that name is not written.'),
    services: z
      .array(dnsLabel())
      .max(8)
      .meta(listSet)
      .default([])
      .describe('Service classes that have a name for each tenant: `<class>.<tenant>.tenants.<domain>`.'),
  })
  .meta(
    cel({
      rule: "!('sip' in self.services)",
      message: "services names 'sip', which is the name of a tenant's way in for calls: give the class another name",
    }),
  );

const gateway = z.object({
  name: dnsLabel().describe('The Gateway that the routes attach to.'),
  namespace: dnsLabel().optional().describe('Where it is. Absent: in the namespace of each service.'),
  sectionName: dnsLabel().optional().describe('Its listener. Absent: every one that fits.'),
  classes: z.array(dnsLabel()).min(1).max(64).meta(listSet).describe('The service classes that speak HTTP.'),
  backend: z
    .object({
      kind: z
        .enum(['Service', 'ServiceImport'])
        .default('Service')
        .describe('What stands for a service in one region on the hub; its name is `<service>-<region>`.'),
      port: count(65_535, 1).describe('The port of it.'),
    })
    .describe('What a route sends requests to; made by you, one for each service and region.'),
});
export type GatewayPolicy = z.infer<typeof gateway>;

export const trafficPolicy = z.object({
  domain: dnsDomain(150).describe('DNS domain under which the names of services are written.'),
  ttlSeconds: seconds(1, 3600)
    .default(15)
    .describe('How long resolvers may keep the name of a service: an alias, which a failover moves.'),
  ingressTtlSeconds: seconds(1, 3600)
    .default(30)
    .describe('The same of the names of transit centres, which move with their ingress.'),
  tenantTtlSeconds: seconds(1, 86_400)
    .default(300)
    .describe('The same of the names of tenants, and of addresses: no failover changes them.'),
  tenantNames: tenantNames.optional().describe('Names for tenants. Absent: none are written.'),
  rampSteps: count(20, 1)
    .default(1)
    .describe('In how many steps a region gets its share of an `Active` service back. 1: at once.'),
  rampSeconds: seconds(1, 86_400).default(120).describe('How long all these steps take.'),
  resolver: ipEndpoint
    .optional()
    .describe('A name server that is asked whether it shows what was written. Absent: none is asked.'),
  gateway: gateway.optional().describe('Gateway API: HTTPRoutes with the same shares. Absent: none are written.'),
});
export type TrafficPolicy = z.infer<typeof trafficPolicy>;

export const recordSet = z.object({
  name: z.string().max(253).describe('The DNSEndpoint.'),
  revision: z.int().min(0).describe('The epoch of the service, or the number of the change, that it was made from.'),
  generation: z.int().min(0).describe('The generation of the DNSEndpoint that says so.'),
  state: z
    .enum(['Written', 'Accepted', 'Seen'])
    .describe('`Accepted`: ExternalDNS has read that generation. `Seen`: the name server of the group shows it.'),
  writtenTime: timestamp.describe('When that generation was first found written.'),
  acceptedTime: timestamp.optional().describe('When ExternalDNS was first found to have read it.'),
  seenTime: timestamp.optional().describe('When the name server first showed it.'),
});
export type RecordSet = z.infer<typeof recordSet>;

export const groupTraffic = z.object({
  ingress: recordSet.optional().describe('The names of the transit centres. Absent: none.'),
  tenants: z
    .object({
      names: count(2_000_000_000).describe('Names that are written.'),
      shards: count(1_000_000).describe('DNSEndpoints that hold them.'),
      accepted: count(1_000_000).describe('Of those, how many ExternalDNS has read as they are now.'),
      refused: count(1_000_000).describe('Tenants that have no names because somebody else has theirs.'),
    })
    .optional()
    .describe('The names of tenants. Absent: none.'),
});
export type GroupTraffic = z.infer<typeof groupTraffic>;

/** Written when a region begins to serve again: every step follows from this time alone. */
export const ramped = z.object({
  region: regionName.describe('The region that serves again.'),
  startTime: timestamp.describe('When it got its first step.'),
  steps: count(20, 2).describe('In how many steps it gets its share back.'),
  seconds: seconds(1, 86_400).describe('How long all of them take.'),
});
export type Ramped = z.infer<typeof ramped>;
export const ramps = z.array(ramped).max(9).meta(listMap('region'));

/** By the API server, also for what was written before: the generator fails on an object that has a status without the list. */
const emptyList = { default: [] };
const decision = {
  clusterName: regionName.describe('The region, which is to be the name of the cluster in Argo CD too.'),
  reason,
};
export const tenantDecisions = z
  .array(z.object({ ...decision, tenant: z.string().max(63).describe('The tenant: a parameter for templates.') }))
  .max(1)
  .meta({ ...listAtomic, ...emptyList })
  .optional()
  .describe('Where the tenant is active now, as generators of Argo CD read it. Empty: nowhere yet.');
export const groupDecisions = z
  .array(z.object(decision))
  .max(16)
  .meta({ ...listAtomic, ...emptyList })
  .optional()
  .describe('The regions that are in service, in the form that generators of Argo CD read.');
