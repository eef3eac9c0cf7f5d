import { z } from 'zod';
import { cel, count, country, dnsLabel, geography, listMap, listSet, zoneName } from './common.ts';
import { conditions, observedGeneration } from './conditions.ts';
import { type ApiObject, defineKind } from './definition.ts';
import { timings } from './iu-group.ts';
import { peerSighting } from './region-lease.ts';
import { transitOrders, transitSighting } from './transit-link.ts';

const spec = z
  .object({
    iuGroup: dnsLabel().describe('The IU group that the region belongs to.'),
    infrastructureUnit: dnsLabel().describe('Its infrastructure unit in that group.'),
    geography,
    country,
    zones: z
      .array(zoneName)
      .min(1)
      .max(8)
      .meta(listSet)
      .describe('Values of the node label `topology.kubernetes.io/zone`.'),
    timings,
    transit: transitOrders.optional(),
  })
  .meta(
    cel(
      {
        rule: 'self.timings == oldSelf.timings',
        message: 'timings cannot be changed: rights that are already given depend on them',
      },
      { rule: 'self.iuGroup == oldSelf.iuGroup', message: 'iuGroup cannot be changed: a region belongs to one group' },
    ),
  );

const status = z.object({
  observedGeneration,
  agentVersion: z.string().max(64).optional().describe('Version of the agent that leads.'),
  zones: z
    .array(
      z.object({
        zone: zoneName.describe('The zone.'),
        nodes: count(100_000).describe('Nodes that the zone has.'),
        readyNodes: count(100_000).describe('Nodes that are ready.'),
        state: z.enum(['Healthy', 'Lost', 'Empty']).describe('`Lost`: it has nodes and none is ready.'),
      }),
    )
    .max(8)
    .meta(listMap('zone'))
    .optional()
    .describe('How each zone looks.'),
  peers: z
    .array(peerSighting)
    .max(15)
    .meta(listMap('region'))
    .optional()
    .describe('What the agent sees of the regions that it shares active/backup services with.'),
  transitCentres: z
    .array(transitSighting)
    .max(32)
    .meta(listMap('name'))
    .optional()
    .describe('What the agent sees of the transit centres of the group; written when it changes.'),
  conditions: conditions.optional(),
});

export const region = defineKind({
  kind: 'Region',
  plural: 'regions',
  singular: 'region',
  shortNames: ['rgn'],
  namespaced: false,
  livesIn: 'region',
  description: 'This cluster as a region: its zones and timings (written by the hub), and what the agent sees of it.',
  spec,
  status,
  columns: [
    { name: 'Group', type: 'string', jsonPath: '.spec.iuGroup', description: 'IU group' },
    {
      name: 'Ready',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: 'Every zone has ready nodes',
    },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Age' },
  ],
});
export type RegionSpec = z.infer<typeof spec>;
export type RegionStatus = z.infer<typeof status>;
export type Region = ApiObject<RegionSpec, RegionStatus>;
