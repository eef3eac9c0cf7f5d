import { z } from 'zod';
import {
  cel,
  count,
  epoch,
  listAtomic,
  listMap,
  objectKeys,
  reference,
  regionName,
  seconds,
  timestamp,
  zoneName,
} from './common.ts';
import { conditions, observedGeneration, reason } from './conditions.ts';
import { type ApiObject, defineKind } from './definition.ts';
import { groupImpact } from './impact.ts';

export const switchType = z
  .enum(['Failover', 'Switchback', 'Evacuate', 'Freeze', 'Drill'])
  .describe(
    '`Failover`: away from a region that is lost or not to be trusted. `Switchback`: home to the primary region. `Evacuate`: away from a healthy region, as a planned switch. `Freeze`: nothing moves by itself until `expiresAt`. `Drill`: a rehearsal, as `drill` says.',
  );

const approved = z.object({
  by: z.string().min(1).max(256).describe('Who said yes.'),
  at: timestamp.describe('When.'),
});

const laterApproval = z.object({
  ...approved.shape,
  comment: z.string().min(1).max(512).optional().describe('What they want to have on record.'),
  expiresAt: timestamp.optional().describe('What has not begun by then needs another approval.'),
  services: objectKeys(50)
    .optional()
    .describe('Only these ServiceInstances, each as `namespace/name`. Absent: all of the switch.'),
});
/** Tenants that one switch may name. */
export const MOST_TENANTS = 100;
const MOST_APPROVALS = 10;
/** Of those that were there each stands where it stood. */
const onlyAppends = Array.from(
  { length: MOST_APPROVALS },
  (_, i) => `(size(oldSelf.approvals) <= ${i} || self.approvals[${i}] == oldSelf.approvals[${i}])`,
).join(' && ');

/** What a drill is made of; the group says the same of those that it has made at a time of the calendar. */
export const drillFields = {
  kind: z
    .enum(['Region', 'Plan', 'Zone'])
    .describe(
      '`Region`: the services that are at home in the region move away, stay, and go home again, as planned switches. `Plan`: nothing moves; it is proved that all could. `Zone`: what runs in one zone of the region stops, the other zones carry the load, and the zone fills again.',
    ),
  zone: zoneName
    .optional()
    .describe('Zone: the zone that is kept empty. No node is cordoned, and nothing else that runs there is touched.'),
  staySeconds: seconds(0, 604_800)
    .default(300)
    .describe(
      'Region: how long all services run in the other regions before they go home. Zone: how long the zone stays empty.',
    ),
  abortAfterSeconds: seconds(10, 86_400)
    .default(300)
    .describe(
      'Region: when a service has not begun to move by then, or is not ready there so long after it did, all go home. Plan: how long a guard may hold a service before the drill has failed. Zone: when a service is held, is not out of the zone, or does not serve for so long, the zone fills again.',
    ),
  objectiveSeconds: seconds(1, 86_400)
    .optional()
    .describe(
      'Region: longest time that a service may be away, on the way there and on the way back. Zone: longest time that a part of a service may serve nobody.',
    ),
} as const;
/** Of everything that has these fields. */
export const zoneOfDrill = {
  rule: "(self.kind == 'Zone') == has(self.zone)",
  message: 'zone belongs to kind Zone, and a drill of that kind needs it: name the zone that is to be empty',
} as const;
const drill = z.object(drillFields).meta(cel(zoneOfDrill));
/** How the traffic of services that run in several regions at once is led away from a region, and back. */
export const drain = z
  .object({
    stepPercent: count(100, 1)
      .default(25)
      .describe('What is taken from the share of the region in each step, and given back.'),
    everySeconds: seconds(1, 3600).default(30).describe('Time between two steps. The first one is taken at once.'),
    deadlineSeconds: seconds(0, 86_400)
      .default(600)
      .describe('The share is 0 after so long, however many steps are left. 0: at once.'),
  })
  .describe(
    'How the traffic of services that run in several regions at once is led away from the region, and back again.',
  );
export type Drain = z.infer<typeof drain>;

/** Fields of the spec that are fixed for ever, by whether they may be absent. */
const FIXED = ['iuGroupRef', 'type', 'trigger', 'dryRun'];
const FIXED_OPTIONAL = ['region', 'services', 'tenants', 'cause', 'reason', 'approved', 'drain', 'expiresAt', 'drill'];
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
      .enum(['Automatic', 'Manual', 'Schedule'])
      .default('Manual')
      .describe(
        '`Manual`: asked for by a person. `Automatic`: a record that the operator keeps of what it did by itself. `Schedule`: a drill of the calendar of the group, made by the operator.',
      ),
    region: regionName
      .optional()
      .describe(
        'Failover, Evacuate, Drill: the region to leave. Switchback: the region to go home to. Freeze: only moves out of it and into it; absent: of the whole group.',
      ),
    services: objectKeys(200)
      .optional()
      .describe('Only these ServiceInstances, each as `namespace/name`. Absent: all that the region concerns.'),
    tenants: objectKeys(MOST_TENANTS)
      .optional()
      .describe(
        'Only services that serve none but these Tenants, each as `namespace/name`: their dedicated ones, and shared ones of which all tenants are named. Condition `Covered` says what is left out. Absent: whomever a service serves.',
      ),
    dryRun: z
      .boolean()
      .default(false)
      .describe('Only say in `status.plan` what would be done. To do it, make another RegionSwitch.'),
    reason: z.string().min(1).max(1024).optional().describe('Why, in the words of the person who asks for it.'),
    cause: z.string().max(1024).optional().describe('What the operator saw, in words, when it began by itself.'),
    approved: approved
      .optional()
      .describe('Counts as the approval of services whose class has `promotion: Approval`, for this switch only.'),
    approvals: z
      .array(laterApproval)
      .max(MOST_APPROVALS)
      .meta(listAtomic)
      .optional()
      .describe('Approvals that were given later, to a switch that waits for them. Append only.'),
    drain: drain
      .optional()
      .describe(
        'Of an Evacuate, or of a Failover. Absent: an Evacuate drains by the defaults, a Failover leaves services of mode Active as they are.',
      ),
    expiresAt: timestamp
      .optional()
      .describe(
        'A freeze ends then. A switch begins nothing more then, and keeps no service away from its region. The services of a drill go home then.',
      ),
    drill: drill.optional().describe('What the drill is made of.'),
    abort: z
      .boolean()
      .default(false)
      .describe(
        'May be set at any time: begin nothing more, and end a freeze. What is under way is completed. The services of a drill go home.',
      ),
    undo: z
      .boolean()
      .default(false)
      .describe(
        'May be set with `abort`, or later, until the switch has ended: what it moved away goes home, as a planned switch.',
      ),
    pause: z
      .boolean()
      .default(false)
      .describe(
        'May be changed at any time: while it is true nothing more is begun. What is under way is completed, and the region stays empty.',
      ),
  })
  .meta(
    cel(
      {
        rule: isFixed,
        message:
          'only abort, undo, pause and approvals can be changed: a RegionSwitch stands for one switch; make another one',
      },
      { rule: '!oldSelf.abort || self.abort', message: 'abort cannot be taken back: make another RegionSwitch' },
      {
        rule: `!has(oldSelf.approvals) || (has(self.approvals) && size(self.approvals) >= size(oldSelf.approvals) && ${onlyAppends})`,
        message: 'approvals can only be appended to: what was said stays on record',
      },
      {
        rule: "!has(self.approvals) || self.type in ['Failover', 'Evacuate', 'Switchback']",
        message: 'approvals are for a Failover, an Evacuate or a Switchback: a Drill has approved from the beginning',
      },
      { rule: '!oldSelf.undo || self.undo', message: 'undo cannot be taken back: make another RegionSwitch' },
      {
        rule: "!self.undo || (self.abort && self.type in ['Failover', 'Evacuate'] && !self.dryRun)",
        message: 'undo brings home what a Failover or an Evacuate has moved: set abort with it, or leave undo out',
      },
      {
        rule: "!self.pause || (self.type in ['Failover', 'Evacuate', 'Switchback'] && !self.dryRun)",
        message: 'only a Failover, an Evacuate or a Switchback can be paused: abort it instead',
      },
      {
        rule: "self.trigger != 'Automatic' || (self.type in ['Failover', 'Switchback'] && has(self.cause) && !has(self.reason) && !has(self.services) && !has(self.tenants) && !has(self.approved) && !has(self.expiresAt) && !self.dryRun && !self.abort && !self.pause)",
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
        message:
          'region is missing: name the region to leave (Failover, Evacuate, Drill) or to go home to (Switchback)',
      },
      {
        rule: "!has(self.drain) || (self.trigger == 'Manual' && self.type in ['Evacuate', 'Failover'])",
        message:
          'drain leads traffic away from the region that is left: leave it out, or set type to Evacuate or Failover',
      },
      {
        rule: "self.type != 'Freeze' || has(self.expiresAt)",
        message: 'expiresAt is missing: a Freeze says until when, so that it cannot be forgotten',
      },
      {
        rule: "self.type != 'Freeze' || (!self.dryRun && !has(self.approved))",
        message: 'a Freeze moves nothing: leave dryRun and approved out',
      },
      {
        rule: "self.trigger != 'Schedule' || self.type == 'Drill'",
        message: 'trigger Schedule marks the drills of the calendar of a group: leave trigger out',
      },
      {
        rule: "(self.type == 'Drill') == has(self.drill)",
        message: 'drill belongs to type Drill, and a Drill needs it: say in drill.kind what it is made of',
      },
      {
        rule: "self.type != 'Drill' || !self.dryRun",
        message: 'a Drill is no dry run: to move nothing, set drill.kind to Plan and leave dryRun out',
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

const recovery = count(2_000_000_000);
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
  recoveryMilliseconds: recovery
    .optional()
    .describe('From the last sign of life of the old side to ready at the new one.'),
  dataLagSeconds: count(2_000_000_000)
    .optional()
    .describe(
      'How far the data was behind where it went, as known when it was decided: the most that an unplanned switch lost. Absent: unknown, or nothing is handed over.',
    ),
  dataLossObjectiveSeconds: count(86_400).optional().describe('The most that its class allows to be lost.'),
  superseded: z.boolean().optional().describe('A later switch moved it again before it was ready.'),
});
export type MovedService = z.infer<typeof movedService>;

const plannedService = z.object({
  name: z
    .string()
    .max(320)
    .describe('`namespace/name` of the ServiceInstance, or of a Tenant that is named and is not there.'),
  verdict: z
    .enum(['Moves', 'Drains', 'Empties', 'Held', 'Stays'])
    .describe(
      '`Moves`: nothing is in the way. `Drains`: it runs elsewhere too, and its traffic is led there. `Empties`: it leaves the zone. `Held`: a guard holds it, and is asked again. `Stays`: it can never move.',
    ),
  from: regionName.optional().describe('Where it is active.'),
  to: regionName.optional().describe('Where it goes.'),
  wave: count(100_000, 1)
    .optional()
    .describe(
      'Order of promotion: what it needs has a lower number. Absent where nothing that moves needs anything that moves.',
    ),
  reason: z.string().max(64).optional().describe('Why it does not move, as one word of the list of reasons.'),
  message: z.string().max(512).optional().describe('Why it does not move, in a sentence for people.'),
  sharedWith: count(1_000_000, 1)
    .optional()
    .describe('SharedWithOthers: how many tenants it serves that `spec.tenants` does not name.'),
});
export type PlannedService = z.infer<typeof plannedService>;

const plannedRegion = z.object({
  region: regionName.describe('The region.'),
  before: count(2_000_000_000).describe('Instances that are planned there now.'),
  after: count(2_000_000_000).describe('Instances that are planned there once all that `Moves` has moved.'),
  capacity: count(2_000_000_000).optional().describe('Most instances that may be planned there. Absent: not limited.'),
  fits: z.boolean().describe('Whether what is planned there after the move is within its capacity.'),
});
export type PlannedRegion = z.infer<typeof plannedRegion>;

const plan = z.object({
  moves: count(100_000).describe('Services that nothing is in the way of.'),
  held: count(100_000).describe('Services that a guard holds now.'),
  stays: count(100_000).describe('Services that can never move.'),
  drains: count(100_000).optional().describe('Services whose traffic is led to other regions; absent without any.'),
  empties: count(100_000).optional().describe('Services that leave the zone; absent without any.'),
  services: z
    .array(plannedService)
    .max(200)
    .meta(listAtomic)
    .describe('The first 200, what does not move first, then by wave.'),
  regions: z
    .array(plannedRegion)
    .max(16)
    .meta(listMap('region'))
    .optional()
    .describe('Regions that would hold more or fewer instances than now. Absent: nothing moves.'),
  impact: groupImpact.optional(),
});
export type SwitchPlan = z.infer<typeof plan>;

const evidence = z.object({
  source: regionName.describe('`hub`, or the region whose agent reported it.'),
  saw: z.string().max(256).describe('What it saw when the first service was moved.'),
});
const wayBack = z.object({
  steps: z.array(step).max(8).meta(listMap('name')).describe('What was done on the way home, and when.'),
  services: z.array(movedService).max(200).meta(listAtomic).describe('The first 200; `servicesTotal` counts all.'),
  servicesTotal: count(100_000).describe('How many services go home.'),
  slowestRecoveryMilliseconds: recovery.optional().describe('The longest time that one was away.'),
});

const drillStatus = z.object({
  phase: z
    .enum(['Away', 'Staying', 'Home', 'Ended'])
    .describe(
      '`Away`: services move away, or out of the zone. `Staying`: all run elsewhere. `Home`: they go home, or the zone fills again. `Ended`: there is a result.',
    ),
  stayUntil: timestamp.optional().describe('When the services go home.'),
  homeTime: timestamp.optional().describe('Zone: when it began to fill again.'),
  cause: z
    .object({
      result: z.enum(['Failed', 'Aborted']).describe('What the drill has come to by it.'),
      reason,
      message: z.string().max(512).describe('In a sentence for people.'),
    })
    .optional()
    .describe('Why the services go home before their time. Absent: nothing went wrong.'),
  homeFailed: z
    .boolean()
    .optional()
    .describe('The region that was left has not been well since: services go home when it has been stable again.'),
  result: z.enum(['Passed', 'Failed', 'Aborted']).optional().describe('Set once, at the end.'),
  message: z.string().max(512).optional().describe('The result in a sentence.'),
});
export type DrillStatus = z.infer<typeof drillStatus>;

const emptiedService = z.object({
  name: z.string().max(320).describe('`namespace/name` of the ServiceInstance.'),
  beganTime: timestamp.describe('When its region was told to leave the zone.'),
  emptyTime: timestamp.optional().describe('When nothing of it was left in the zone, and it served.'),
  filledTime: timestamp.optional().describe('When it stood in the zone again as it should, or was not there any more.'),
  notServingMilliseconds: recovery
    .optional()
    .describe('The longest time that a part of it served nobody, as the agent of the region saw it.'),
});
export type EmptiedService = z.infer<typeof emptiedService>;

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
  traceID: z
    .string()
    .max(32)
    .regex(/^[0-9a-f]{32}$/)
    .optional()
    .describe(
      'The trace that tells of this switch, where traces are on: its uid without the dashes. Steps come when all services are where they shall be, the root when it has ended.',
    ),
  steps: z.array(step).max(8).meta(listMap('name')).optional().describe('What was done, and when.'),
  services: z
    .array(movedService)
    .max(200)
    .meta(listAtomic)
    .optional()
    .describe('The first 200; `servicesTotal` counts all.'),
  servicesTotal: count(100_000).optional().describe('How many services move.'),
  plan: plan.optional().describe('Manual switches: what is not begun yet, and why. Dry run: all that would be done.'),
  slowestRecoveryMilliseconds: recovery.optional().describe('The longest recovery among them.'),
  approval: z
    .object({
      requestedTime: timestamp.describe('When a service was first held for want of an approval.'),
      grantedTime: timestamp.optional().describe('When none was held for that any more.'),
      waitedSeconds: count(2_000_000_000).optional().describe('From the one to the other: how long people took.'),
    })
    .optional()
    .describe('The wait for people. Absent: there was none.'),
  back: wayBack.optional().describe('Drill, or undo: the way home.'),
  drill: drillStatus.optional().describe('How far a drill is, and what came of it.'),
  emptied: z
    .array(emptiedService)
    .max(200)
    .meta(listAtomic)
    .optional()
    .describe('Drill of a zone: the first 200 services that left it; `servicesTotal` counts all.'),
  drain: z
    .object({
      services: count(100_000).describe('Services of mode Active in scope that have a place in the region.'),
      sharePercent: count(100).describe('What the region still gets of its usual share of their traffic.'),
      onlyHere: count(100_000).describe('Services that go on here, because no other region serves them now.'),
      nextStepTime: timestamp.optional().describe('When the share goes down again. Absent: it is 0.'),
    })
    .optional()
    .describe('How far the traffic has been led away. Absent where nothing is drained.'),
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
    'One failover, switchback, evacuation or drill: its steps, its services and the times they took. Asked for by a person, or the record of what the operator did by itself. Also a freeze of what moves by itself.',
  spec,
  status,
  rules: [
    {
      rule: '!has(oldSelf.status) || !has(oldSelf.status.endTime) || (self.spec.undo == oldSelf.spec.undo && self.spec.pause == oldSelf.spec.pause && has(self.spec.approvals) == has(oldSelf.spec.approvals) && (!has(self.spec.approvals) || size(self.spec.approvals) == size(oldSelf.spec.approvals)))',
      message:
        'the switch has ended, and undo, pause and approvals are fixed: to bring services home make a Switchback',
    },
    {
      rule: '!has(oldSelf.status) || !has(oldSelf.status.endTime) || (has(self.status) && has(self.status.endTime) && self.status.endTime == oldSelf.status.endTime)',
      message: 'the switch has ended: its endTime stays on record',
    },
    {
      // A leader of the past, whose write comes late, must not send away again what has gone home.
      rule: "!has(oldSelf.status) || !has(oldSelf.status.drill) || oldSelf.status.drill.phase == 'Away' || (has(self.status) && has(self.status.drill) && (self.status.drill.phase == oldSelf.status.drill.phase || self.status.drill.phase == 'Ended' || (self.status.drill.phase == 'Home' && oldSelf.status.drill.phase == 'Staying')))",
      message: 'status.drill.phase never goes back: this write comes from an older look at the drill',
    },
  ],
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
    { name: 'Result', type: 'string', jsonPath: '.status.drill.result', description: 'What came of a drill' },
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
/** As somebody writes it: what has a default need not be said. */
export type RegionSwitchInput = z.input<typeof spec>;
export type RegionSwitchStatus = z.infer<typeof status>;
export type RegionSwitch = ApiObject<RegionSwitchSpec, RegionSwitchStatus>;
