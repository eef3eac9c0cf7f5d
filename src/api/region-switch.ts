import { z } from 'zod';
import {
  cel,
  count,
  epoch,
  listAtomic,
  listMap,
  listSet,
  objectKey,
  reference,
  regionName,
  timestamp,
} from './common.ts';
import { conditions, observedGeneration } from './conditions.ts';
import { type ApiObject, defineKind } from './definition.ts';

export const switchType = z
  .enum(['Failover', 'Switchback', 'Evacuate', 'Freeze'])
  .describe(
    '`Failover`: away from a region that is lost or not to be trusted. `Switchback`: home to the primary region. `Evacuate`: away from a healthy region, as a planned switch. `Freeze`: nothing moves by itself until `expiresAt`.',
  );

const approved = z.object({
  by: z.string().min(1).max(256).describe('Who said yes.'),
  at: timestamp.describe('When.'),
});

/** Fields of the spec that are fixed for ever, by whether they may be absent. */
const FIXED = ['iuGroupRef', 'type', 'trigger', 'dryRun'];
const FIXED_OPTIONAL = ['region', 'services', 'cause', 'reason', 'approved', 'expiresAt'];
const isFixed = [
  ...FIXED.map((field) => `self.${field} == oldSelf.${field}`),
  ...FIXED_OPTIONAL.map(
    (field) =>
      `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
  ),
].join(' && ');

const spec = z
  .object({
    iuGroupRef: reference('IU group').describe('The group that is switched.'),
    type: switchType,
    trigger: z
      .enum(['Automatic', 'Manual'])
      .default('Manual')
      .describe(
        '`Manual`: asked for by a person. `Automatic`: a record that the operator keeps of what it did by itself.',
      ),
    region: regionName
      .optional()
      .describe(
        'Failover, Evacuate: the region to leave. Switchback: the region to go home to. Freeze: only moves out of it and into it; absent: of the whole group.',
      ),
    services: z
      .array(objectKey)
      .min(1)
      .max(200)
      .meta(listSet)
      .optional()
      .describe('Only these ServiceInstances, each as `namespace/name`. Absent: all that the region concerns.'),
    dryRun: z
      .boolean()
      .default(false)
      .describe('Only say in `status.plan` what would be done. To do it, make another RegionSwitch.'),
    reason: z.string().min(1).max(1024).optional().describe('Why, in the words of the person who asks for it.'),
    cause: z.string().max(1024).optional().describe('What the operator saw, in words, when it began by itself.'),
    approved: approved
      .optional()
      .describe('Counts as the approval of services whose class has `promotion: Approval`, for this switch only.'),
    expiresAt: timestamp
      .optional()
      .describe('A freeze ends then. A switch begins nothing more then, and keeps no service away from its region.'),
    abort: z
      .boolean()
      .default(false)
      .describe(
        'The one field that may be changed: begin nothing more, and end a freeze. What is under way is completed.',
      ),
  })
  .meta(
    cel(
      {
        rule: isFixed,
        message: 'only spec.abort can be changed: a RegionSwitch stands for one switch; make another one',
      },
      { rule: '!oldSelf.abort || self.abort', message: 'abort cannot be taken back: make another RegionSwitch' },
      {
        rule: "self.trigger == 'Manual' || (self.type in ['Failover', 'Switchback'] && has(self.cause) && !has(self.reason) && !has(self.services) && !has(self.approved) && !has(self.expiresAt) && !self.dryRun && !self.abort)",
        message: 'trigger Automatic marks the records of the operator: leave trigger out',
      },
      {
        rule: "self.trigger == 'Automatic' || has(self.reason)",
        message: 'reason is missing: say in a few words why you do this; it stays on record',
      },
      {
        rule: "self.trigger == 'Automatic' || !has(self.cause)",
        message: 'cause is for the records of the operator: say in reason why you do this',
      },
      {
        rule: "self.type == 'Freeze' || has(self.region)",
        message: 'region is missing: name the region to leave (Failover, Evacuate) or to go home to (Switchback)',
      },
      {
        rule: "self.type != 'Freeze' || has(self.expiresAt)",
        message: 'expiresAt is missing: a Freeze says until when, so that it cannot be forgotten',
      },
      {
        rule: "self.type != 'Freeze' || (!self.dryRun && !has(self.approved))",
        message: 'a Freeze moves nothing: leave dryRun and approved out',
      },
    ),
  );

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

const plannedService = z.object({
  name: z.string().max(320).describe('`namespace/name` of the ServiceInstance.'),
  verdict: z
    .enum(['Moves', 'Held', 'Stays'])
    .describe(
      '`Moves`: nothing is in the way. `Held`: a guard holds it, and is asked again. `Stays`: it can never move.',
    ),
  from: regionName.optional().describe('Where it is active.'),
  to: regionName.optional().describe('Where it goes.'),
  reason: z.string().max(64).optional().describe('Why it does not move, as one word of the list of reasons.'),
  message: z.string().max(512).optional().describe('Why it does not move, in a sentence for people.'),
});
export type PlannedService = z.infer<typeof plannedService>;

const plan = z.object({
  moves: count(100_000).describe('Services that nothing is in the way of.'),
  held: count(100_000).describe('Services that a guard holds now.'),
  stays: count(100_000).describe('Services that can never move.'),
  services: z.array(plannedService).max(200).meta(listAtomic).describe('The first 200, what does not move first.'),
});
export type SwitchPlan = z.infer<typeof plan>;

const evidence = z.object({
  source: regionName.describe('`hub`, or the region whose agent reported it.'),
  saw: z.string().max(256).describe('What it saw when the first service was moved.'),
});

const status = z.object({
  observedGeneration,
  evidence: z
    .array(evidence)
    .max(17)
    .meta(listAtomic)
    .optional()
    .describe('What was known of the region that was left, by vantage point. Only of what the operator did by itself.'),
  startTime: timestamp.optional().describe('When the switch was decided, or taken up.'),
  endTime: timestamp.optional().describe('When all that moves could move again, or nothing more was to be done.'),
  steps: z.array(step).max(8).meta(listMap('name')).optional().describe('What was done, and when.'),
  services: z
    .array(movedService)
    .max(200)
    .meta(listAtomic)
    .optional()
    .describe('The first 200; `servicesTotal` counts all.'),
  servicesTotal: count(100_000).optional().describe('How many services move.'),
  plan: plan.optional().describe('Manual switches: what is not begun yet, and why. Dry run: all that would be done.'),
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
  description:
    'One failover, switchback or evacuation: its steps, its services and the times they took. Asked for by a person, or the record of what the operator did by itself. Also a freeze of what moves by itself.',
  spec,
  status,
  columns: [
    { name: 'Type', type: 'string', jsonPath: '.spec.type', description: 'What is done' },
    {
      name: 'Region',
      type: 'string',
      jsonPath: '.spec.region',
      description: 'The region to leave, or the one to go home to',
    },
    { name: 'Trigger', type: 'string', jsonPath: '.spec.trigger', description: 'A person or the operator' },
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
    {
      name: 'Message',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].message',
      description: 'Where it stands',
      priority: 1,
    },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Age' },
  ],
});
export type RegionSwitchSpec = z.infer<typeof spec>;
export type RegionSwitchStatus = z.infer<typeof status>;
export type RegionSwitch = ApiObject<RegionSwitchSpec, RegionSwitchStatus>;
