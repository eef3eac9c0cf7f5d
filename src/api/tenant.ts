import { z } from 'zod';
import {
  cel,
  count,
  dnsLabel,
  immutable,
  listAtomic,
  listMap,
  listSet,
  mapAtomic,
  reference,
  regionName,
  shortName,
} from './common.ts';
import { conditions, observedGeneration } from './conditions.ts';
import { type ApiObject, defineKind } from './definition.ts';
import { tenantImpact } from './impact.ts';
import { residency } from './residency.ts';
import { crossRegionMode, standbyMode, tier } from './service-class.ts';
import { tenantDecisions } from './traffic.ts';

export const isolation = z
  .enum(['Shared', 'Dedicated'])
  .describe('`Shared`: one instance for all tenants alike. `Dedicated`: instances of its own, in its own namespace.');
export const telephony = z.enum(['SipCluster', 'BaseSip']).describe('Telephony model.');
export const connectivity = z
  .enum(['Mpls', 'Internet', 'Both'])
  .describe('How its sites are connected. The loss of MPLS is felt only where MPLS is the way in.');

export const failoverOverride = z.object({
  mode: z
    .enum(['Automatic', 'Manual'])
    .describe(
      'In place of `failover.mode` of the group. `Automatic`: services leave a lost region by themselves. `Manual`: a person decides, by a RegionSwitch.',
    ),
});

const spec = z
  .object({
    iuGroupRef: reference('IU group').describe('The group whose regions serve the tenant.'),
    primaryRegion: regionName.describe('Chosen by the customer; runs the full stack.'),
    secondaryRegions: z
      .array(regionName)
      .max(8)
      .meta(listSet)
      .default([])
      .describe('Regions that stand in for the primary one, as far as the tier says.'),
    tier: tier.describe('Redundancy tier. `AdvancedIvr` is deprecated: use `AdvancedAgents`.'),
    telephony: telephony.default('SipCluster'),
    agents: count(60_000, 1).describe('Size of the contact centre.'),
    services: z
      .array(dnsLabel())
      .min(1)
      .max(64)
      .meta(listSet)
      .optional()
      .describe('Service classes that the tenant bought. Absent: all of the catalogue.'),
    isolation: isolation.default('Shared'),
    connectivity: connectivity.default('Both'),
    transitCentre: dnsLabel(20)
      .optional()
      .describe('Its primary transit centre. Absent: the first one of the group that serves its primary region.'),
    failover: failoverOverride
      .optional()
      .describe('What holds for this tenant alone; only with `isolation: Dedicated`. Absent: as the group says.'),
    residency: residency
      .optional()
      .describe(
        'Countries and geographies that may hold anything of this tenant. A hard rule for every region, spare, standby, data store and transit centre.',
      ),
  })
  .meta(
    cel(
      immutable('iuGroupRef', 'a tenant moves to another group by a new Tenant'),
      {
        rule: '!(self.primaryRegion in self.secondaryRegions)',
        message: 'primaryRegion stands among secondaryRegions too: a region cannot stand in for itself',
      },
      {
        rule: "self.tier != 'Advanced' || size(self.secondaryRegions) == 0",
        message:
          'tier Advanced has no secondary region: leave secondaryRegions out, or choose AdvancedAgents or higher',
      },
      {
        rule: "!(self.tier in ['AdvancedIvr', 'AdvancedAgents', 'CrossRegionVoice']) || size(self.secondaryRegions) == 1",
        message:
          'this tier needs exactly one secondary region: name it in secondaryRegions, or choose tier Advanced (none) or Global (several)',
      },
      {
        rule: "!has(self.failover) || self.isolation == 'Dedicated'",
        message:
          'failover is for a tenant with services of its own: set isolation to Dedicated, or leave failover out, and what the IUGroup says holds',
      },
      {
        rule: "self.tier != 'Global' || size(self.secondaryRegions) >= 1",
        message: 'tier Global needs at least one secondary region: name them in secondaryRegions',
      },
    ),
  );

/** A service of the tenant in one region. Where it has no place there is no entry. */
const servedService = z.object({
  service: dnsLabel().describe('The service class.'),
  instance: z.string().max(320).describe('`namespace/name` of the ServiceInstance that serves the tenant now.'),
  movingTo: z
    .string()
    .max(320)
    .optional()
    .describe('The one that serves it as soon as it is available. The other one stays until then.'),
});

const servedRegion = z.object({
  region: regionName.describe('The region.'),
  role: z
    .enum(['Active', 'ActiveLimited', 'Reserve', 'Standby'])
    .describe(
      'What it is there. `ActiveLimited`: it serves, but shows only a part. `Reserve`: it runs, and serves when no region before it does.',
    ),
  standby: standbyMode.optional().describe('How it stands by.'),
});

/** Written by the operator alone, and as a whole: field by field, `managedFields` would be a fifth of each tenant. */
const status = z
  .object({
    observedGeneration,
    conditions: conditions.optional(),
    tier: tier
      .optional()
      .describe('The tier that was accepted last. A tier that the group refuses is not one for new tenants.'),
    balancing: z
      .object({
        voice: z
          .enum(['TransitCentres', 'Regions', 'Geography'])
          .describe(
            'Calls are spread over transit centres only, over regions too, or over the regions of one geography.',
          ),
        agents: z
          .enum(['PrimaryRegion', 'Regions', 'Geography'])
          .describe('Agents log in to the primary region, to any region, or to any region of one geography.'),
      })
      .optional()
      .describe('How the load of the tenant is shared, by its tier.'),
    serviceSets: z
      .array(
        z.object({
          services: z.array(servedService).min(1).max(64).meta(listAtomic).describe('By name.'),
          mode: crossRegionMode,
          activeRegions: z
            .array(regionName)
            .max(9)
            .meta(listAtomic)
            .optional()
            .describe('Where they serve, by the decision.'),
          regions: z
            .array(servedRegion)
            .max(10)
            .meta(listMap('region'))
            .optional()
            .describe('Their role in each region.'),
          sla: z
            .enum(['None', 'OneRegion', 'AllRegions'])
            .optional()
            .describe(
              'What the availability promise covers. `OneRegion`: the service in one region. `AllRegions`: in each region of the tenant. `None`: it is not of class 1.',
            ),
        }),
      )
      .max(64)
      .meta(listAtomic)
      .optional()
      .describe(
        'What serves the tenant, and where: services that are in the same regions in the same roles stand together, which is usually three or four sets.',
      ),
    regions: z
      .array(regionName)
      .max(10)
      .meta(listAtomic)
      .optional()
      .describe('Regions that have a place for the tenant, the primary one first.'),
    decisions: tenantDecisions,
    impact: tenantImpact.optional(),
  })
  .meta(mapAtomic);

export const tenant = defineKind({
  kind: 'Tenant',
  plural: 'tenants',
  singular: 'tenant',
  shortNames: ['tnt'],
  namespaced: true,
  livesIn: 'hub',
  description:
    'A customer of the platform: one contact centre, its size, its regions and the redundancy tier it bought.',
  spec,
  status,
  rules: [shortName(63)],
  columns: [
    { name: 'Tier', type: 'string', jsonPath: '.spec.tier', description: 'Redundancy tier' },
    { name: 'Primary', type: 'string', jsonPath: '.spec.primaryRegion', description: 'Primary region' },
    { name: 'Agents', type: 'integer', jsonPath: '.spec.agents', description: 'Size' },
    {
      name: 'Ready',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: 'As declared',
    },
    {
      name: 'Reason',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
      description: 'Why',
      priority: 1,
    },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Age' },
  ],
});
export type TenantSpec = z.infer<typeof spec>;
export type TenantStatus = z.infer<typeof status>;
export type Tenant = ApiObject<TenantSpec, TenantStatus>;
