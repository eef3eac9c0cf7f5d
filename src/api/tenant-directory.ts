import { z } from 'zod';
import { count, listAtomic, listSet } from './common.ts';
import { type ApiObject, defineKind } from './definition.ts';
import { crossRegionMode, tier } from './service-class.ts';
import { connectivity, isolation, telephony } from './tenant.ts';

/** Most tenants of one shard, so that an object stays far below what etcd takes (1.5 MiB). */
export const MOST_TENANTS = 512;

/** Written by the hub alone, from objects whose names were checked: rules for 512 entries would cost more than they may. */
const name = (max: number) => z.string().min(1).max(max);

const servedService = z.object({
  service: name(63).describe('The service class.'),
  instance: name(127).describe('`namespace/name` of the instance that serves it; of its RegionalService too.'),
  mode: crossRegionMode,
});

const servicePlan = z.object({
  id: name(12).describe('Name of the plan within the shard.'),
  regions: z.array(name(40)).min(1).max(9).meta(listAtomic).describe('Regions with a place, the primary one first.'),
  services: z.array(servedService).max(64).meta(listAtomic).describe('Which instance serves which service.'),
});
export type ServicePlan = z.infer<typeof servicePlan>;

const entry = z.object({
  name: name(127).describe('`namespace/name` of the Tenant.'),
  plan: name(12).describe('Which of the plans it has.'),
  tier,
  isolation,
  agents: count(60_000, 1).describe('Size of the contact centre.'),
  telephony,
  connectivity,
  transitCentre: name(20).optional().describe('Its primary transit centre, where the tenant names one.'),
  countries: z.array(name(2)).max(32).meta(listSet).optional().describe('Its residency. Absent: not limited.'),
});
export type DirectoryEntry = z.infer<typeof entry>;

const spec = z.object({
  iuGroup: name(63).describe('The group of the tenants.'),
  shard: z
    .string()
    .max(32)
    .describe('First binary digits of the hash of the names that are in this shard; empty: all are.'),
  plans: z
    .array(servicePlan)
    .max(MOST_TENANTS)
    .meta(listAtomic)
    .describe('What tenants have in common, so that it is not said for each of them.'),
  tenants: z.array(entry).max(MOST_TENANTS).meta(listAtomic).describe('The tenants, in the order of their names.'),
});

export const tenantDirectory = defineKind({
  kind: 'TenantDirectory',
  plural: 'tenantdirectories',
  singular: 'tenantdirectory',
  shortNames: ['tdir'],
  namespaced: false,
  livesIn: 'region',
  description:
    'A shard of the tenants that have a place in this region, with what services need to know of them. Written by the hub; says nothing of where a service is active.',
  spec,
  columns: [
    { name: 'Group', type: 'string', jsonPath: '.spec.iuGroup', description: 'IU group' },
    { name: 'Shard', type: 'string', jsonPath: '.spec.shard', description: 'Digits of the hash' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Age' },
  ],
});
export type TenantDirectorySpec = z.infer<typeof spec>;
export type TenantDirectory = ApiObject<TenantDirectorySpec, never>;
