import { z } from 'zod';
import {
  cel,
  count,
  country,
  epoch,
  immutable,
  listAtomic,
  listMap,
  listSet,
  reference,
  regionName,
  shortName,
  timestamp,
} from './common.ts';
import { conditions, observedGeneration, reason } from './conditions.ts';
import { type ApiObject, defineKind } from './definition.ts';
import { onHubLoss } from './iu-group.ts';
import { drain } from './region-switch.ts';
import { crossRegionMode, standbyMode } from './service-class.ts';
import { failoverOverride, isolation } from './tenant.ts';
import { ramps, recordSet } from './traffic.ts';

const spec = z
  .object({
    iuGroupRef: reference('IU group').describe('The group whose regions serve it.'),
    serviceClassRef: reference('service class').describe('What runs.'),
    primaryRegion: regionName.describe('Where it is active while all is well.'),
    secondaryRegions: z
      .array(regionName)
      .max(8)
      .meta(listSet)
      .default([])
      .describe('Regions with a place for this service.'),
    isolation: isolation.default('Shared'),
    balancing: z
      .enum(['Regions', 'Geography', 'TransitCentres'])
      .default('Regions')
      .describe(
        'How regions share the traffic of an `Active` service. `Regions`: all alike. `Geography`: those of the geography of the primary region, the others only when none of these serves. `TransitCentres`: the primary region, the others only when it does not serve.',
      ),
    agents: count(2_000_000_000)
      .default(0)
      .describe('Load: the agents of its tenants, rounded up so that one tenant more rarely changes it.'),
    countries: z
      .array(country)
      .max(32)
      .meta(listSet)
      .optional()
      .describe('Countries that every tenant of it allows. Absent: no limit.'),
    failover: failoverOverride
      .optional()
      .describe('What its tenant wants otherwise than its group. Absent: as the group.'),
  })
  .meta(
    cel(
      immutable('iuGroupRef', 'an instance belongs to one group for life'),
      immutable('serviceClassRef', 'an instance belongs to one class for life'),
      {
        rule: '!(self.primaryRegion in self.secondaryRegions)',
        message: 'primaryRegion stands among secondaryRegions too: a region cannot stand in for itself',
      },
    ),
  );

const successors = z
  .array(regionName)
  .max(8)
  .meta(listAtomic)
  .describe('The only regions that may follow the active one.');

const assignmentEntry = z.object({
  epoch,
  region: regionName.describe('The region that was active at that epoch.'),
  successors,
  onHubLoss,
  mode: crossRegionMode.optional().describe('The mode at that epoch. With `None` a region runs it without a right.'),
});
export type AssignmentEntry = z.infer<typeof assignmentEntry>;

/**
 * Who may be active. The only record of the decision: each change is one compare-and-swap that raises the epoch by
 * one, written before anything else happens (design: "intent first").
 */
const assignment = z
  .object({
    epoch,
    activeRegion: regionName.describe('The region that may run the service, once it has the right.'),
    successors,
    onHubLoss,
    mode: crossRegionMode
      .optional()
      .describe(
        'How it is active across regions at this epoch. Where its class wants another mode, that is a decision of its own, made when it is safe. Absent: as the class says.',
      ),
    reason: z
      .enum(['Assigned', 'FailedOver', 'SwitchedBack', 'Moved', 'Evacuated', 'RegionSick'])
      .describe('Why it was decided so.'),
    regionSwitch: z
      .string()
      .max(253)
      .optional()
      .describe('The RegionSwitch of a person by which it came to its region. Absent: the operator decided it.'),
    homeLosses: count(1000, 1)
      .optional()
      .describe('Failovers from its primary region in a row, each soon after it had come home; absent: none.'),
    since: timestamp.describe('When it was decided.'),
    activeSinceEpoch: epoch
      .optional()
      .describe('The epoch at which the region became active: it does not rise while the region stays the same.'),
    cameFrom: regionName.optional().describe('The region that was active before.'),
    beganIn: regionName.optional().describe('The region of the first assignment: where the data was at first.'),
    leftOut: z
      .array(regionName)
      .max(8)
      .meta(listAtomic)
      .optional()
      .describe(
        'Regions with a place that were lost, and may not follow before they are successors again. Absent: none.',
      ),
    history: z
      .array(assignmentEntry)
      .min(1)
      .max(12)
      .meta(listAtomic)
      .describe('Epochs at which some region may still run, oldest first; the last one is the present one.'),
  })
  .meta(
    cel(
      {
        rule: '!(self.activeRegion in self.successors)',
        message: 'activeRegion stands among successors too: a region cannot follow itself',
      },
      {
        rule: '!has(self.leftOut) || !self.leftOut.exists(r, r == self.activeRegion || r in self.successors)',
        message: 'leftOut names the active region or a successor: a region that is left out is neither',
      },
    ),
  );
export type Assignment = z.infer<typeof assignment>;

const placement = z.object({
  region: regionName.describe('The region.'),
  role: z
    .enum(['Active', 'ActiveLimited', 'Standby'])
    .describe('What it is to be there. `ActiveLimited`: it is served too, but shows only a part.'),
  phase: z
    .enum(['Unknown', 'Starting', 'Active', 'Standby', 'Fencing', 'Fenced'])
    .describe('What the region says that it is.'),
  epoch: epoch.describe('The epoch that the region has seen.'),
  planned: count(100_000).describe('Instances planned if it is active here.'),
  ready: count(100_000).describe('Instances that are ready.'),
  standby: z
    .object({
      mode: standbyMode,
      planned: count(100_000).describe('Instances that should run on standby.'),
      ready: count(100_000).describe('Of those, how many are ready.'),
    })
    .optional()
    .describe('How it stands by there. Absent: it does not.'),
});
export type Placement = z.infer<typeof placement>;

const hold = z.object({
  wanted: z
    .enum(['Assigned', 'FailedOver', 'SwitchedBack', 'Moved', 'Evacuated', 'ModeChanged'])
    .describe('What would be done.'),
  reason,
  message: z.string().max(1024).describe('What is in the way, in a sentence for people.'),
  endsWhen: z.string().max(256).optional().describe('What ends it. Absent: only time does.'),
  until: timestamp.optional().describe('When that time is over. Said once: it is not counted down.'),
});
export type HoldStatus = z.infer<typeof hold>;
/** Written when it begins and when it is released: every step follows from these times alone. */
const drained = drain.extend({
  region: regionName.describe('The region that a person wants empty.'),
  regionSwitch: z.string().max(253).describe('The RegionSwitch that asks for it.'),
  startTime: timestamp.describe('When the first step down was due.'),
  fromPercent: count(100).describe('The share that the region had then, in percent of its usual one.'),
  releasedTime: timestamp.optional().describe('When the RegionSwitch ceased to ask for it: the steps lead up since.'),
});
export type Drained = z.infer<typeof drained>;

const status = z.object({
  observedGeneration,
  assignment: assignment
    .optional()
    .describe('Who may be active: the decision, written by the placement loop of the hub alone.'),
  placements: z.array(placement).max(9).meta(listMap('region')).optional().describe('The service in each region.'),
  hold: hold.optional().describe('A switch that is wanted and that a guard keeps from happening.'),
  weights: z
    .array(
      z.object({ region: regionName.describe('The region.'), weight: count(100).describe('Its share, in percent.') }),
    )
    .max(9)
    .meta(listMap('region'))
    .optional()
    .describe('Share of the traffic by region, in percent.'),
  drains: z
    .array(drained)
    .max(9)
    .meta(listMap('region'))
    .optional()
    .describe('Regions that get less than their usual share, because a person wants them empty, or did until lately.'),
  ramps: ramps.optional().describe('Regions that serve again and get their share back in steps.'),
  traffic: recordSet.optional().describe('What was written of its names, and how far that has come.'),
  conditions: conditions.optional(),
});

/** CEL: there is an assignment, there was one, a field of it is as it was. */
const has = 'has(self.status) && has(self.status.assignment)';
const had = 'has(oldSelf.status) && has(oldSelf.status.assignment)';
const same = (field: keyof Assignment) => `self.status.assignment.${field} == oldSelf.status.assignment.${field}`;

export const serviceInstance = defineKind({
  kind: 'ServiceInstance',
  plural: 'serviceinstances',
  singular: 'serviceinstance',
  shortNames: ['sinst'],
  namespaced: true,
  livesIn: 'hub',
  description: 'One service for one cohort of tenants, or for one tenant: the unit of failover.',
  spec,
  status,
  rules: [
    shortName(63),
    {
      rule: `!(${had}) || (${has} && self.status.assignment.epoch >= oldSelf.status.assignment.epoch)`,
      message: 'status.assignment.epoch never falls: this write comes from an older decision',
    },
    {
      rule: `!(${had}) || !(${has}) || self.status.assignment.epoch > oldSelf.status.assignment.epoch || (${same('activeRegion')} && ${same('successors')} && ${same('onHubLoss')})`,
      message: 'status.assignment: activeRegion, successors and onHubLoss change only with a higher epoch',
    },
    {
      rule: `!(${had}) || !(${has}) || self.status.assignment.epoch > oldSelf.status.assignment.epoch || !has(oldSelf.status.assignment.mode) || (has(self.status.assignment.mode) && ${same('mode')})`,
      message: 'status.assignment: mode changes only with a higher epoch',
    },
  ],
  columns: [
    { name: 'Class', type: 'string', jsonPath: '.spec.serviceClassRef.name', description: 'Service class' },
    { name: 'Primary', type: 'string', jsonPath: '.spec.primaryRegion', description: 'Primary region' },
    { name: 'Active', type: 'string', jsonPath: '.status.assignment.activeRegion', description: 'Where it is active' },
    { name: 'Epoch', type: 'integer', jsonPath: '.status.assignment.epoch', description: 'Epoch of the assignment' },
    {
      name: 'Ready',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: 'As declared',
    },
    {
      name: 'Protected',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Protected")].status',
      description: 'Its region may be lost now',
      priority: 1,
    },
    { name: 'Held', type: 'string', jsonPath: '.status.hold.reason', description: 'Why a wanted switch is held' },
    {
      name: 'Until',
      type: 'string',
      jsonPath: '.status.hold.until',
      description: 'When only time holds it: until when',
    },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Age', priority: 1 },
  ],
});
export type ServiceInstanceSpec = z.infer<typeof spec>;
export type ServiceInstanceStatus = z.infer<typeof status>;
export type ServiceInstance = ApiObject<ServiceInstanceSpec, ServiceInstanceStatus>;
