import { z } from 'zod';
import {
  cel,
  contractVersion,
  count,
  dnsLabel,
  imageByDigest,
  listMap,
  listSet,
  quantity,
  seconds,
  shortName,
} from './common.ts';
import { conditions, observedGeneration } from './conditions.ts';
import { dataStore, objectives } from './data-store.ts';
import { type ApiObject, defineKind } from './definition.ts';

/** Functionality that agents, operations and callers know; one class belongs to one of them. */
export const functionality = z
  .enum([
    'AgentLogin',
    'Callback',
    'HistoricalDataFeed',
    'Designer',
    'CallRouting',
    'Provisioning',
    'Reporting',
    'RecordingPlayback',
    'WorkforceManagement',
    'Voicemail',
    'Digital',
    'Outbound',
  ])
  .describe('What users know the service as.');
export type Functionality = z.infer<typeof functionality>;

/** Tiers in rising order; see `tenant.ts`. */
export const tier = z
  .enum(['Advanced', 'AdvancedIvr', 'AdvancedAgents', 'CrossRegionVoice', 'Global'])
  .describe('Redundancy tier.');
export type Tier = z.infer<typeof tier>;

export const crossRegionMode = z
  .enum(['None', 'Active', 'Backup'])
  .describe(
    '`None`: only in the primary region. `Active`: serves in all regions at once. `Backup`: active in one region at a time.',
  );
export type CrossRegionMode = z.infer<typeof crossRegionMode>;
export const fencing = z
  .enum(['Agent', 'Gate'])
  .describe(
    'What stops a side that may no longer be active; needed where one of two may be. `Agent`: the agents of the region do; the owner accepts that nodes which outlive both their API server and their agents are not stopped. `Gate`: the agents do, and a gate in front of each process that writes, which starts it under a right and stops it without one, also where no API server and no agent are left. Every region needs the settings of the gate first.',
  );
export type Fencing = z.infer<typeof fencing>;
export const pattern = z
  .enum(['A', 'A-A', 'A-B', 'N+1'])
  .describe(
    'How instances back each other up inside a region. `A`: one, restarted elsewhere. `A-A`: two, both serve. `A-B`: two, one serves. `N+1`: a pool with a spare.',
  );
export const standbyMode = z
  .enum(['Cold', 'Warm', 'ReadOnly'])
  .describe(
    '`Cold`: nothing runs in the secondary; its capacity is reserved. `Warm`: a small copy runs there and is reached by nobody. `ReadOnly`: a small copy serves reads there, under a name of its own. No copy ever writes: what writes is started by a promotion alone, and the copy goes when that is ready.',
  );
export type StandbyMode = z.infer<typeof standbyMode>;
export const view = z
  .enum(['Full', 'Limited'])
  .describe('What users see of the service in a region. Told to the pods as `SWITCHBACK_VIEW`.');
export type View = z.infer<typeof view>;
/** What a class does with the world outside the platform: what people feel of a failure follows from it. */
export const outside = z
  .enum(['DialsOut', 'CustomerMail', 'CustomerChannel'])
  .describe(
    '`DialsOut`: begins calls itself, through the primary transit centre. `CustomerMail`: uses the mail server of the tenant, in its private network. `CustomerChannel`: customers use it without a call, as chat.',
  );
export type Outside = z.infer<typeof outside>;
export const balance = z
  .enum(['Even', 'PrimaryFirst'])
  .describe(
    'How the regions of an `Active` service share the traffic. `Even`: in equal shares. `PrimaryFirst`: the primary region gets all of it while it serves, and the others take over at once when it does not.',
  );
export type Balance = z.infer<typeof balance>;
export const member = z.enum(['Instance', 'A-A', 'A-B']);
export const survives = z.enum(['Zone', 'Instance']);

const quantities = z.object({
  cpu: quantity.optional().describe('Processor time, in cores.'),
  memory: quantity.optional().describe('Memory, in bytes.'),
});

const withinLimit = (resource: 'cpu' | 'memory') => ({
  rule: `!has(self.requests) || !has(self.limits) || !has(self.requests.${resource}) || !has(self.limits.${resource}) || quantity(self.requests.${resource}).compareTo(quantity(self.limits.${resource})) <= 0`,
  message: `requests.${resource} is more than limits.${resource}: lower the request or raise the limit`,
});

/** The typed part of a pod; everything else stands under `overrides`. */
export const podTemplate = z.object({
  workload: z
    .enum(['Deployment', 'StatefulSet'])
    .default('Deployment')
    .describe('What keeps the instances; a StatefulSet gives them stable names.'),
  image: imageByDigest.describe('Image by digest (`name@sha256:…`): what was tested is what runs.'),
  command: z
    .array(z.string().max(1024))
    .max(32)
    .optional()
    .describe('Entry point. Absent: that of the image. With `fencing: Gate` every write-bearing component has one.'),
  args: z.array(z.string().max(1024)).max(64).optional().describe('Arguments of the entry point.'),
  ports: z
    .array(
      z.object({
        name: dnsLabel(15).describe('Name of the port, also in the Service.'),
        port: count(65_535, 1).describe('The port that the container listens on.'),
        protocol: z.enum(['TCP', 'UDP']).default('TCP').describe('Transport protocol.'),
      }),
    )
    .max(16)
    .meta({
      ...listMap('name'),
      ...cel({
        rule: 'self.all(p, self.exists_one(q, q.port == p.port && q.protocol == p.protocol))',
        message: 'two ports have the same number and protocol: give each port a number of its own',
      }),
    })
    .optional()
    .describe('Ports that the Service leads to.'),
  env: z
    .array(
      z.object({
        name: z.string().min(1).max(128).describe('Name of the variable.'),
        value: z.string().max(4096).describe('Its value.'),
      }),
    )
    .max(64)
    .meta(listMap('name'))
    .optional()
    .describe('Never a secret: use `overrides` with a reference.'),
  resources: z
    .object({
      requests: quantities.optional().describe('What the scheduler sets aside.'),
      limits: quantities.optional().describe('What is never exceeded.'),
    })
    .meta(cel(withinLimit('cpu'), withinLimit('memory')))
    .optional()
    .describe('What one instance needs.'),
  terminationGracePeriodSeconds: seconds(1, 600)
    .default(2)
    .describe(
      'How long an instance may take to stop. For a write-bearing component at most `stopBudgetSeconds - 2` of the group.',
    ),
  overrides: z
    .looseObject({})
    .optional()
    .describe(
      'Fields of the pod spec that are merged over what the operator makes (JSON merge patch). They cannot take away a gate: it stands in front of the container that is named after the component.',
    ),
});
export type PodTemplate = z.infer<typeof podTemplate>;

/** How a component runs while its region stands by. Used by the class and by the orders made from it. */
export const standbySection = z.object({
  instances: count(1000)
    .default(1)
    .describe('How many run, at most as many as would be active. 0: this component stays cold.'),
  command: podTemplate.shape.command.describe(
    'Entry point instead of that of the template, whose args are not for it.',
  ),
  args: podTemplate.shape.args.describe('Arguments instead of those of the template.'),
  env: podTemplate.shape.env.describe('Variables over those of the template, by name.'),
  resources: podTemplate.shape.resources.describe('What one instance needs on standby. Absent: as the template says.'),
  overrides: podTemplate.shape.overrides.describe(
    'Fields of the pod spec, merged over those of the template. Of a write-bearing component containers and initContainers of the template are left out: say here which of them do not write. command, args and env of this section stand above all of it.',
  ),
});
export type StandbySection = z.infer<typeof standbySection>;

/** CEL: the section `s` says how the component runs without writing. */
export const saysHowNotToWrite = (s: string): string =>
  ['command', 'args', 'env'].map((field) => `(has(${s}.${field}) && size(${s}.${field}) > 0)`).join(' || ');

const patternRules = cel(
  {
    rule: "self.of == 'Instance' || self.pattern == 'N+1'",
    message: "of is for pools only: set pattern to 'N+1', or leave of out",
  },
  {
    rule: "!has(self.agentsPerInstance) || self.pattern == 'N+1'",
    message:
      "agentsPerInstance is for pools only: each instance of another pattern carries the whole load; set pattern to 'N+1'",
  },
  {
    rule: "self.minInstances == 1 || self.pattern == 'N+1'",
    message: "minInstances is for pools only: set pattern to 'N+1', or leave minInstances out",
  },
  {
    rule: "self.survives == 'Zone' || self.pattern == 'N+1'",
    message: "survives is for pools only: set pattern to 'N+1', or leave survives out",
  },
);

const component = z
  .object({
    name: dnsLabel(20).describe('Name of the component, part of the names of its workloads.'),
    pattern,
    of: member.default('Instance').describe('What a pool (`N+1`) is made of.'),
    survives: survives
      .default('Zone')
      .describe(
        'What a pool survives without loss of load: `Zone` keeps N instances in the other zones, `Instance` has one spare.',
      ),
    minInstances: count(1000, 1).default(1).describe('Least N.'),
    agentsPerInstance: count(1_000_000, 1)
      .optional()
      .describe('Load of one instance, in agents. Absent: N is minInstances.'),
    writeBearing: z.boolean().default(true).describe('Whether two of it at once could write the same data twice.'),
    template: podTemplate.describe('What an instance is.'),
    standby: standbySection
      .optional()
      .describe(
        'How it runs where the service stands by, with `crossRegion.standby: Warm` or `ReadOnly`. Absent: one instance of the template; a write-bearing component has to say how it runs without writing.',
      ),
  })
  .meta(patternRules);
export type Component = z.infer<typeof component>;

const crossRegion = z
  .object({
    mode: crossRegionMode.default('None'),
    fromTier: z
      .enum(['AdvancedIvr', 'AdvancedAgents', 'CrossRegionVoice', 'Global'])
      .optional()
      .describe('The lowest tier whose secondary regions have a place for this service.'),
    standby: standbyMode.default('Cold'),
    view: view
      .default('Full')
      .describe(
        'What users get in a secondary region: of an `Active` service that is served there, of a `Backup` service while it is active there. `Limited`: only a part; the pods there know by `SWITCHBACK_VIEW`, those of the primary region are told nothing.',
      ),
    balance: balance.default('Even'),
    promotion: z
      .enum(['Automatic', 'Approval'])
      .default('Automatic')
      .describe('`Approval`: a person has to say yes before the secondary becomes active.'),
    objectives: objectives.optional().describe('For mode Backup, with data stores that tell their lag.'),
  })
  .meta(
    cel(
      {
        rule: "(self.mode == 'None') == !has(self.fromTier)",
        message:
          'fromTier says which tiers have the service in a secondary region: set it for mode Active and Backup, leave it out for None',
      },
      {
        rule: "self.promotion == 'Automatic' || self.mode == 'Backup'",
        message: 'promotion: Approval is for mode Backup only: nothing else is ever promoted',
      },
      {
        rule: "self.standby == 'Cold' || self.mode == 'Backup'",
        message:
          'standby: Warm and ReadOnly are for mode Backup only: nothing else stands by; set mode to Backup, or leave standby out',
      },
      {
        rule: "self.view == 'Full' || self.mode != 'None'",
        message:
          'view: Limited is for mode Active and Backup: with None no secondary region has anything to show; set mode, or leave view out',
      },
      {
        rule: "self.balance == 'Even' || self.mode == 'Active'",
        message:
          'balance: PrimaryFirst is for mode Active only: everything else is served in one region anyway; set mode to Active, or leave balance out',
      },
      {
        rule: "!has(self.objectives) || self.mode == 'Backup'",
        message: 'objectives are for mode Backup only: no other service is ever moved',
      },
    ),
  );

const provided = z.object({
  contract: dnsLabel().describe('Name of the contract.'),
  version: contractVersion.describe(
    'The version that it is served in. Several versions of one contract are several entries.',
  ),
});

const requirement = z
  .object({
    serviceClass: dnsLabel().describe('The class of the service that is needed, for the same tenants.'),
    contract: z
      .object({
        name: dnsLabel().describe('Name of the contract, as the other class lists it under `provides`.'),
        atLeast: contractVersion.describe(
          'Any version of the same major number, and at least this minor one, will do.',
        ),
      })
      .optional()
      .describe('Absent: any version will do.'),
    colocated: z
      .boolean()
      .default(false)
      .describe('The two live in one region: they move together or not at all. For two classes of mode Backup.'),
    optional: z
      .boolean()
      .default(false)
      .describe('Only told: no promotion waits for it, and nothing is reported when it is away.'),
  })
  .meta(
    cel({
      rule: '!(self.colocated && self.optional)',
      message: 'what must live in the same region is not optional: leave colocated or optional out',
    }),
  );
export type Requirement = z.infer<typeof requirement>;

const spec = z
  .object({
    displayName: z.string().min(1).max(80).describe('Name for people.'),
    functionality,
    slaClass: count(3, 1).default(1).describe('Class 1 is covered by the availability promise.'),
    crossRegion: crossRegion.prefault({}).describe('What the secondary regions have of it.'),
    placement: z
      .enum(['PrimaryRegion', 'DigitalRegion'])
      .default('PrimaryRegion')
      .describe(
        '`DigitalRegion`: of tenants of tier Global it stands in the digital region of the group only, if the group names one. Else where the primary region of the tenant is.',
      ),
    fencing: fencing.optional(),
    components: z.array(component).min(1).max(8).meta(listMap('name')).describe('What the service is made of.'),
    dataStores: z.array(dataStore).max(8).meta(listMap('name')).optional().describe('What keeps its data.'),
    provides: z
      .array(provided)
      .max(16)
      .meta(listMap('contract', 'version'))
      .optional()
      .describe('The contracts that it serves, for others to require.'),
    requires: z
      .array(requirement)
      .max(16)
      .meta(listMap('serviceClass'))
      .optional()
      .describe('The services that it needs. It is promoted after those that come up in the same region.'),
    dependencyTimeoutSeconds: seconds(0, 600)
      .default(30)
      .describe(
        'How long a promotion waits for what it needs, from when nothing else is in its way. Then it goes on without, and says so. 0: not at all.',
      ),
    outside: z
      .array(outside)
      .max(3)
      .meta(listSet)
      .optional()
      .describe(
        'What it does with the world outside the platform, to tell what people feel of a failure. Absent: `DialsOut` for functionality Outbound, `CustomerChannel` for Digital, else nothing.',
      ),
  })
  .meta(
    cel(
      {
        rule: "self.crossRegion.mode != 'Backup' || has(self.fencing)",
        message:
          'a Backup service needs fencing: set fencing to Agent to accept that nodes which outlive both their API server and their agents are not stopped, or to Gate to have gates stop them',
      },
      {
        rule: "has(self.fencing) || self.components.all(c, c.pattern != 'A-B' && c.of != 'A-B')",
        message:
          'an A-B pair needs fencing: set fencing to Agent to accept that a node which nothing reaches any more is not stopped',
      },
      {
        rule: "!has(self.fencing) || self.fencing != 'Gate' || self.crossRegion.mode == 'Backup'",
        message:
          'fencing: Gate is for mode Backup only, because nothing else needs a right to run: leave fencing out, or set it to Agent where there is an A-B pair',
      },
      {
        rule: "!has(self.fencing) || self.fencing != 'Gate' || self.components.all(c, c.pattern != 'A-B' && c.of != 'A-B')",
        message:
          'an A-B pair cannot have gates yet, because a right is for a service and not for a slot: set fencing to Agent',
      },
      {
        rule: "!has(self.fencing) || self.fencing != 'Gate' || self.components.all(c, !c.writeBearing || (has(c.template.command) && size(c.template.command) > 0))",
        message:
          'a gate starts the command of a write-bearing component, and does not know the entry point of an image: set template.command, or writeBearing to false where two at once could do no harm',
      },
      {
        rule: `self.crossRegion.standby == 'Cold' || self.components.all(c, !c.writeBearing || (has(c.standby) && (c.standby.instances == 0 || ${saysHowNotToWrite('c.standby')})))`,
        message:
          'a write-bearing component may run on standby only if it writes nothing there: say in its standby section by command, args or env how (--read-only, say), or set standby.instances to 0 to keep it cold',
      },
      {
        rule: "self.crossRegion.standby != 'ReadOnly' || self.components.exists(c, has(c.template.ports) && size(c.template.ports) > 0 && (!has(c.standby) || c.standby.instances > 0))",
        message:
          'standby: ReadOnly serves reads, but no component that has ports runs on standby: give one ports and standby.instances, or set standby to Warm',
      },
      {
        rule: "self.crossRegion.mode != 'None' || !has(self.dataStores) || self.dataStores.all(d, !d.crossRegion)",
        message:
          'a data store crosses regions but its service does not: set crossRegion.mode to Active or Backup, or crossRegion of the data store to false',
      },
      {
        rule: "self.crossRegion.mode == 'Backup' || !has(self.dataStores) || self.dataStores.all(d, d.driver == 'None')",
        message:
          'a data store is handed over where one of several regions is active at a time: set crossRegion.mode to Backup, or driver to None',
      },
      {
        rule: '!has(self.crossRegion.objectives) || (has(self.dataStores) && self.dataStores.exists(d, has(d.hooks) && has(d.hooks.lag)))',
        message:
          'crossRegion.objectives needs a data store that tells its lag: give one of them hooks.lag, or leave objectives out',
      },
      {
        rule: "self.crossRegion.mode == 'Backup' || !has(self.requires) || self.requires.all(r, !r.colocated)",
        message:
          'only a service of mode Backup moves: leave colocated out of requires, because this one runs where it has a place anyway',
      },
      {
        rule: "self.crossRegion.mode == oldSelf.crossRegion.mode || self.crossRegion.mode == 'None' || oldSelf.crossRegion.mode == 'None'",
        message:
          'crossRegion.mode cannot go from Active to Backup or back under living services: set it to None first, and to what you want when status.assignment.mode of its ServiceInstances is None',
      },
      {
        rule: "self.crossRegion.mode == oldSelf.crossRegion.mode || [self, oldSelf].all(s, !has(s.fencing) || s.fencing != 'Gate')",
        message:
          'crossRegion.mode cannot be changed together with gates, because what runs has to go on meanwhile: set fencing to Agent first, and to Gate afterwards',
      },
      {
        rule: "self.crossRegion.mode == oldSelf.crossRegion.mode || [self, oldSelf].all(s, !has(s.dataStores) || s.dataStores.all(d, d.driver == 'None'))",
        message:
          'crossRegion.mode cannot be changed together with the hand-over of data stores: change it with driver None, and set driver before or afterwards',
      },
    ),
  );

const status = z.object({ observedGeneration, conditions: conditions.optional() });

export const serviceClass = defineKind({
  kind: 'ServiceClass',
  plural: 'serviceclasses',
  singular: 'serviceclass',
  shortNames: ['svcclass'],
  namespaced: false,
  livesIn: 'hub',
  description:
    'One service of the catalogue: its components, how they back each other up in a region and across regions.',
  spec,
  status,
  rules: [
    shortName(63),
    {
      rule: '!has(self.spec.requires) || self.spec.requires.all(r, r.serviceClass != self.metadata.name)',
      message: 'spec.requires names the class itself: take it out, a service has itself',
    },
  ],
  columns: [
    { name: 'Functionality', type: 'string', jsonPath: '.spec.functionality', description: 'What users call it' },
    { name: 'Mode', type: 'string', jsonPath: '.spec.crossRegion.mode', description: 'Across regions' },
    {
      name: 'From',
      type: 'string',
      jsonPath: '.spec.crossRegion.fromTier',
      description: 'Lowest tier with a secondary',
    },
    {
      name: 'Promotion',
      type: 'string',
      jsonPath: '.spec.crossRegion.promotion',
      description: 'Automatic or by approval',
      priority: 1,
    },
    {
      name: 'Standby',
      type: 'string',
      jsonPath: '.spec.crossRegion.standby',
      description: 'What runs in the secondary',
      priority: 1,
    },
    { name: 'Fencing', type: 'string', jsonPath: '.spec.fencing', description: 'What stops the old side', priority: 1 },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Age' },
  ],
});
export type ServiceClassSpec = z.infer<typeof spec>;
export type ServiceClassStatus = z.infer<typeof status>;
export type ServiceClass = ApiObject<ServiceClassSpec, ServiceClassStatus>;
