import { z } from 'zod';
import { cel, count, epoch, listAtomic, listMap, reference, regionName, timestamp } from './common.ts';
import { conditions, observedGeneration } from './conditions.ts';
import { type ApiObject, defineKind } from './definition.ts';

export const switchType = z
  .enum(['Failover', 'Switchback'])
  .describe('`Failover`: away from a lost region. `Switchback`: home to the primary region.');

const spec = z
  .object({
    iuGroupRef: reference('IU group').describe('The group that is switched.'),
    type: switchType,
    region: regionName.describe('Failover: the region that was lost. Switchback: the region that things go home to.'),
    cause: z.string().max(1024).describe('What was seen, in words.'),
    trigger: z.enum(['Automatic']).default('Automatic').describe('Who started it.'),
  })
  .meta(cel({ rule: 'self == oldSelf', message: 'a RegionSwitch is a record of one switch: it cannot be changed' }));

const stepName = z
  .enum(['RecordIntent', 'Fence', 'Promote', 'Verify', 'MoveTraffic', 'Protect'])
  .describe('What is done, in this order.');
const step = z.object({
  name: stepName,
  state: z.enum(['Pending', 'Running', 'Done', 'Aborted']).describe('How far it is.'),
  done: count(100_000).describe('Services that have passed the step.'),
  total: count(100_000).describe('Services that have to pass it.'),
  startTime: timestamp.optional().describe('When the first service began it.'),
  endTime: timestamp.optional().describe('When the last service had passed it.'),
});
export type SwitchStep = z.infer<typeof step>;

const movedService = z.object({
  name: z.string().max(320).describe('`namespace/name` of the ServiceInstance.'),
  from: regionName.describe('Where it was active.'),
  to: regionName.describe('Where it goes.'),
  epoch,
  lastSignTime: timestamp
    .optional()
    .describe('Last sign of life of the region that it left. Absent for a planned switch, and when there was none.'),
  decidedTime: timestamp.describe('When the new assignment was recorded.'),
  promotedTime: timestamp.optional().describe('When the new region was given the right to run it.'),
  readyTime: timestamp.optional().describe('When it was ready there.'),
  recoveryMilliseconds: count(2_000_000_000)
    .optional()
    .describe('From the last sign of life of the old side to ready at the new one.'),
  superseded: z.boolean().optional().describe('A later switch moved it again before it was ready.'),
});
export type MovedService = z.infer<typeof movedService>;

const status = z.object({
  observedGeneration,
  startTime: timestamp.optional().describe('When the switch was decided.'),
  endTime: timestamp.optional().describe('When all that moves could move again.'),
  steps: z.array(step).max(8).meta(listMap('name')).optional().describe('What was done, and when.'),
  services: z
    .array(movedService)
    .max(200)
    .meta(listAtomic)
    .optional()
    .describe('The first 200; `servicesTotal` counts all.'),
  servicesTotal: count(100_000).optional().describe('How many services move.'),
  slowestRecoveryMilliseconds: count(2_000_000_000).optional().describe('The longest recovery among them.'),
  conditions: conditions.optional(),
});

export const regionSwitch = defineKind({
  kind: 'RegionSwitch',
  plural: 'regionswitches',
  singular: 'regionswitch',
  shortNames: ['rsw'],
  namespaced: false,
  livesIn: 'hub',
  description: 'The record of one failover or switchback: its steps, its services and the times they took.',
  spec,
  status,
  columns: [
    { name: 'Type', type: 'string', jsonPath: '.spec.type', description: 'Failover or switchback' },
    {
      name: 'Region',
      type: 'string',
      jsonPath: '.spec.region',
      description: 'Lost region, or the one that things go home to',
    },
    { name: 'Services', type: 'integer', jsonPath: '.status.servicesTotal', description: 'Services that move' },
    {
      name: 'SwitchedOver',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="SwitchedOver")].status',
      description: 'All active and ready',
    },
    {
      name: 'Protected',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Protected")].status',
      description: 'All could move again',
    },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Age' },
  ],
});
export type RegionSwitchSpec = z.infer<typeof spec>;
export type RegionSwitchStatus = z.infer<typeof status>;
export type RegionSwitch = ApiObject<RegionSwitchSpec, RegionSwitchStatus>;
