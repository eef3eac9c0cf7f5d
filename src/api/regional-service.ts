import { z } from 'zod';
import {
  cel,
  count,
  dnsLabel,
  epoch,
  immutable,
  listAtomic,
  listMap,
  regionName,
  seconds,
  shortName,
  timestamp,
  zoneName,
} from './common.ts';
import { conditions, observedGeneration } from './conditions.ts';
import { dataStoreOrder, dataStoreStatus, handOver } from './data-store.ts';
import { type ApiObject, defineKind } from './definition.ts';
import { onHubLoss } from './iu-group.ts';
import {
  crossRegionMode,
  fencing,
  pattern,
  podTemplate,
  saysHowNotToWrite,
  standbyMode,
  standbySection,
  view,
} from './service-class.ts';

/** Of an order: `Cold` is said by leaving it out. */
const runningStandby = standbyMode.exclude(['Cold']).describe('What runs in a region that stands by.');

const componentOrder = z
  .object({
    name: dnsLabel(20).describe('The component of the service class.'),
    pattern,
    layout: z
      .enum(['PerZone', 'Spread', 'Pairs'])
      .describe(
        '`PerZone`: fixed counts per zone. `Spread`: one workload, spread evenly, may move. `Pairs`: two slots per pair, one selected.',
      ),
    needed: count(10_000).describe('N: instances (or pairs) that carry the load.'),
    instances: count(10_000).describe('All instances, spares included.'),
    zones: z
      .array(
        z.object({
          zone: zoneName.describe('The zone.'),
          instances: count(10_000).describe('Instances planned in it.'),
        }),
      )
      .max(8)
      .meta(listMap('zone'))
      .describe('Where the instances stand.'),
    pairs: z
      .array(
        z.object({ a: zoneName.describe('Zone of slot a.'), b: zoneName.describe('Zone of slot b.') }).meta(
          cel({
            rule: 'self.a != self.b',
            message: 'a pair stands in one zone: the loss of that zone would take both slots; name two zones',
          }),
        ),
      )
      .max(1000)
      .meta(listAtomic)
      .optional()
      .describe('For `Pairs`: the zones of the two slots of each pair.'),
    writeBearing: z.boolean().describe('Whether two of it at once could write the same data twice.'),
    template: podTemplate.describe('What an instance is.'),
    standby: standbySection.optional().describe('How it runs while the region stands by. Absent: not at all.'),
  })
  .meta(
    cel(
      {
        rule: "self.layout != 'Pairs' || has(self.pairs)",
        message: 'layout Pairs needs pairs: name the zones of both slots of each pair',
      },
      {
        rule: `!self.writeBearing || !has(self.standby) || self.standby.instances == 0 || ${saysHowNotToWrite('self.standby')}`,
        message:
          'a write-bearing component runs on standby only without writing: standby must say by command, args or env how',
      },
    ),
  );
export type ComponentOrder = z.infer<typeof componentOrder>;

/** Of a drill of a zone. It is no part of the authority protocol: it says where nothing stands, not who may run. */
const keptEmpty = z.object({
  zone: zoneName.describe('The zone in which nothing of the service is to stand.'),
  seconds: seconds(1, 1_000_000).describe(
    'So long after its region has first seen this it stands there again, also when nobody says so. The region counts it.',
  ),
  until: timestamp.describe('The same as a time, for people: by the clock of the hub.'),
  regionSwitch: z.string().max(253).describe('The RegionSwitch that asks for it.'),
});
export type KeptEmpty = z.infer<typeof keptEmpty>;

const spec = z
  .object({
    serviceClass: dnsLabel().describe('What runs.'),
    mode: crossRegionMode,
    role: z
      .enum(['Active', 'Standby'])
      .describe(
        'What this region is to be. `Active` is no right to run a `Backup` service: that is acknowledged apart.',
      ),
    epoch,
    activeRegion: regionName.describe('The region that may run the service at this epoch.'),
    successors: z.array(regionName).max(8).meta(listAtomic).describe('The only regions that may follow it.'),
    onHubLoss,
    othersStandbyEpoch: epoch
      .optional()
      .describe(
        'The highest epoch at which every other region of the service had confirmed that it stands by: a start at it waits for no promise that was given.',
      ),
    fencing: fencing.optional(),
    standby: runningStandby
      .optional()
      .describe('What runs here while the region stands by, apart from all that needs a right. Absent: nothing.'),
    view: view.optional().describe('What users get of the service here. Absent: no pod is told anything.'),
    components: z
      .array(componentOrder)
      .min(1)
      .max(8)
      .meta(listMap('name'))
      .describe('What to run, and in which zones.'),
    keptEmpty: keptEmpty
      .optional()
      .describe(
        'A rehearsal of the loss of a zone: while it lasts nothing of the service stands there, as far as the rest carries its load.',
      ),
    activeSinceEpoch: epoch
      .optional()
      .describe('The epoch at which the active region became so. Data stores are handed over once for each.'),
    cameFrom: regionName.optional().describe('The region that the service was active in before.'),
    beganIn: regionName
      .optional()
      .describe('The region of the first assignment: its data stores take writes from the beginning.'),
    handOver: handOver.optional(),
    dataStores: z
      .array(dataStoreOrder)
      .max(8)
      .meta(listMap('name'))
      .optional()
      .describe('Data stores that are handed over with the service.'),
  })
  .meta(
    cel(
      { rule: 'self.epoch >= oldSelf.epoch', message: 'epoch never falls: this order comes from an older decision' },
      {
        rule: 'self.epoch > oldSelf.epoch || (self.role == oldSelf.role && self.activeRegion == oldSelf.activeRegion && self.onHubLoss == oldSelf.onHubLoss && self.successors == oldSelf.successors)',
        message: 'role, activeRegion, successors and onHubLoss change only with a higher epoch',
      },
      {
        rule: '!has(self.othersStandbyEpoch) || self.othersStandbyEpoch <= self.epoch',
        message: 'othersStandbyEpoch is ahead of epoch: nobody can have confirmed what was not decided yet',
      },
      {
        rule: '!has(oldSelf.othersStandbyEpoch) || (has(self.othersStandbyEpoch) && self.othersStandbyEpoch >= oldSelf.othersStandbyEpoch)',
        message: 'othersStandbyEpoch never falls: what was confirmed at an epoch stays confirmed',
      },
      {
        rule: "!has(self.standby) || self.mode == 'Backup'",
        message: 'standby is for mode Backup only: nothing else stands by',
      },
      {
        rule: "!has(self.view) || self.mode != 'None'",
        message: 'view is for mode Active and Backup: with None no secondary region has anything to show',
      },
      {
        rule: "!has(self.keptEmpty) || self.role == 'Active'",
        message: 'keptEmpty is for a region that runs the service: where it stands by there is nothing to stop',
      },
      {
        rule: '!has(self.activeSinceEpoch) || self.activeSinceEpoch <= self.epoch',
        message: 'activeSinceEpoch is ahead of epoch: nobody can be active since what was not decided yet',
      },
      {
        rule: '!has(oldSelf.handOver) || self.epoch > oldSelf.epoch || (has(self.handOver) && self.handOver == oldSelf.handOver)',
        message: 'handOver is told once: what was done by it cannot be undone at the same epoch',
      },
      {
        rule: "self.mode == oldSelf.mode || (self.epoch > oldSelf.epoch && (self.mode == 'None' || oldSelf.mode == 'None'))",
        message:
          'mode changes only with a higher epoch, and between Active and Backup not at all: what needs a right to run and what needs none is never the same order',
      },
      immutable('serviceClass', 'an instance belongs to one class for life'),
      {
        rule: '!(self.activeRegion in self.successors)',
        message: 'activeRegion stands among successors too: a region cannot follow itself',
      },
    ),
  );

const componentStatus = z.object({
  name: dnsLabel(20).describe('The component.'),
  planned: count(10_000).describe('Instances that should run.'),
  ready: count(10_000).describe('Instances that are ready.'),
  zones: z
    .array(z.object({ zone: zoneName.describe('The zone.'), ready: count(10_000).describe('Instances ready in it.') }))
    .max(8)
    .meta(listMap('zone'))
    .describe('Where they are ready.'),
  selected: z
    .array(z.enum(['a', 'b']))
    .max(1000)
    .meta(listAtomic)
    .optional()
    .describe('For `Pairs`: the slot that serves, by pair.'),
});

const standbyStatus = z.object({
  mode: runningStandby,
  components: z
    .array(
      z.object({
        name: dnsLabel(20).describe('The component.'),
        planned: count(10_000).describe('Instances that should run on standby.'),
        ready: count(10_000).describe('Of those, how many are ready.'),
      }),
    )
    .max(8)
    .meta(listMap('name'))
    .describe('What runs on standby.'),
});
export type StandbyStatus = z.infer<typeof standbyStatus>;

const emptiness = z.object({
  regionSwitch: z.string().max(253).describe('The RegionSwitch that asks for it.'),
  zone: zoneName.describe('The zone.'),
  state: z
    .enum(['Waiting', 'Emptying', 'Empty', 'Filled'])
    .describe(
      '`Waiting`: not begun, because the rest would not carry the load. `Emptying`: instances stop. `Empty`: none is left there, and all parts serve. `Filled`: the zone was given back, and stays so.',
    ),
  message: z.string().max(512).describe('In a sentence for people.'),
  sinceTime: timestamp.describe('When the region first saw it, by its own clock.'),
  notServingMilliseconds: count(2_000_000_000).describe('The longest time that a part of the service served nobody.'),
});
export type Emptiness = z.infer<typeof emptiness>;

const status = z.object({
  observedGeneration,
  phase: z
    .enum(['Starting', 'Active', 'Standby', 'Fencing', 'Fenced'])
    .optional()
    .describe('What the service does here.'),
  epoch: epoch.optional().describe('The epoch of the order that was last followed.'),
  grantedEpoch: epoch.optional().describe('The highest epoch for which this region was ever given the right to run.'),
  standbyEpoch: epoch
    .optional()
    .describe(
      'The highest epoch at which this region confirmed that it stands by: nothing runs that could write, nothing is selected.',
    ),
  components: z.array(componentStatus).max(8).meta(listMap('name')).optional().describe('What runs.'),
  standby: standbyStatus.optional().describe('What runs while the region stands by. Absent: nothing should.'),
  dataStores: z
    .array(dataStoreStatus)
    .max(8)
    .meta(listMap('name'))
    .optional()
    .describe('What became of its data stores here.'),
  keptEmpty: emptiness.optional().describe('What became of `spec.keptEmpty`. Absent: nothing is to be empty.'),
  conditions: conditions.optional(),
});

const neverFalls = (field: string) => ({
  rule: `!has(oldSelf.status) || !has(oldSelf.status.${field}) || (has(self.status) && has(self.status.${field}) && self.status.${field} >= oldSelf.status.${field})`,
  message: `status.${field} never falls: this write comes from an agent that saw less`,
});

/** An agent follows orders: it cannot have followed one that was never given. */
const notAhead = (field: string) => ({
  rule: `!has(self.status) || !has(self.status.${field}) || self.status.${field} <= self.spec.epoch`,
  message: `status.${field} is ahead of spec.epoch: an agent can only speak of orders that it was given`,
});

export const regionalService = defineKind({
  kind: 'RegionalService',
  plural: 'regionalservices',
  singular: 'regionalservice',
  shortNames: ['rsvc'],
  namespaced: true,
  livesIn: 'region',
  description:
    'The order for one service in this region (written by the hub), and what runs of it (written by the agent).',
  spec,
  status,
  rules: [
    shortName(63),
    neverFalls('grantedEpoch'),
    neverFalls('standbyEpoch'),
    notAhead('grantedEpoch'),
    notAhead('standbyEpoch'),
  ],
  columns: [
    { name: 'Role', type: 'string', jsonPath: '.spec.role', description: 'Ordered role' },
    { name: 'Epoch', type: 'integer', jsonPath: '.spec.epoch', description: 'Epoch of the order' },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'What it does' },
    {
      name: 'Ready',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: 'As ordered',
    },
    {
      name: 'Redundancy',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="RedundancyMet")].status',
      description: 'Redundancy met',
    },
    { name: 'Active', type: 'string', jsonPath: '.spec.activeRegion', description: 'Where it is active', priority: 1 },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Age', priority: 1 },
  ],
});
export type RegionalServiceSpec = z.infer<typeof spec>;
export type RegionalServiceStatus = z.infer<typeof status>;
export type RegionalService = ApiObject<RegionalServiceSpec, RegionalServiceStatus>;
