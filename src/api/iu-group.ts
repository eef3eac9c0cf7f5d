import { z } from 'zod';
import {
  cel,
  count,
  country,
  dnsLabel,
  dnsSubdomain,
  geography,
  listMap,
  listSet,
  regionName,
  seconds,
  shortName,
  timestamp,
  zoneName,
} from './common.ts';
import { conditions, observedGeneration, reason } from './conditions.ts';
import { type ApiObject, defineKind } from './definition.ts';
import { drillEntry, rehearsal, scheduledDrill, zoneRehearsal } from './drill-schedule.ts';
import { groupImpact } from './impact.ts';
import { residency } from './residency.ts';
import { tier } from './service-class.ts';
import { switchbackPolicy } from './switchback-policy.ts';
import { groupDecisions, groupTraffic, trafficPolicy } from './traffic.ts';
import { transitCentre, transitCentreStatus, transitPolicy } from './transit-centre.ts';

/**
 * The timings of the authority protocol. They are part of every region's right to run, so they never change under a
 * living group.
 */
export const timings = z
  .object({
    heartbeatSeconds: seconds(1, 60).default(2).describe('How often an agent asks for its right to run.'),
    leaseSeconds: seconds(3, 600).default(7).describe('How long a right to run lasts, from the asking.'),
    takeoverSeconds: seconds(1, 300)
      .default(4)
      .describe('How long another agent of the region may need to take over from one that failed.'),
    stopBudgetSeconds: seconds(2, 300)
      .default(4)
      .describe('How long an agent may need to stop what has no right to run; pods get two seconds less.'),
    clockRateErrorPercent: count(50)
      .default(20)
      .describe('Bound of the ratio of any two clock rates: 20 for clocks that are off by up to 9 % each.'),
  })
  .describe('The timings of the authority protocol: how long a right to run lasts and what a take-over has to wait.')
  .meta(
    cel({
      rule: '2 * self.heartbeatSeconds < self.leaseSeconds',
      message:
        'leaseSeconds must be more than two heartbeats, or one lost heartbeat stops every service: raise leaseSeconds',
    }),
  );
export type Timings = z.infer<typeof timings>;

const infrastructureUnit = z.object({
  name: dnsLabel().describe('Name of the infrastructure unit.'),
  region: regionName.describe('The region it is in: one Kubernetes cluster.'),
  geography,
  country,
  zones: z
    .array(zoneName)
    .min(1)
    .max(8)
    .meta(listSet)
    .describe('Values of the node label `topology.kubernetes.io/zone`.'),
  credentials: z
    .object({
      secretName: dnsLabel(253).optional().describe("A Secret in the operator's namespace on the hub."),
      key: z
        .string()
        .min(1)
        .max(253)
        .default('kubeconfig')
        .describe('The key that holds a kubeconfig; without a Secret it means nothing.'),
      clusterProfileRef: z
        .object({
          name: dnsSubdomain.describe('Name of the ClusterProfile.'),
          namespace: dnsLabel().describe('Its namespace on the hub.'),
        })
        .optional()
        .describe(
          'A ClusterProfile (multicluster.x-k8s.io/v1alpha1): says where the region is; a plugin that whoever installed the hub has allowed gives the credential.',
        ),
    })
    .describe('How the hub reaches the region: by a Secret, or by a ClusterProfile.')
    .meta(
      cel({
        rule: 'has(self.secretName) != has(self.clusterProfileRef)',
        message: 'credentials must name exactly one of secretName and clusterProfileRef: leave out the other one',
      }),
    ),
  capacity: z
    .object({ instances: count(100_000, 1).describe('Most service instances that may be planned here.') })
    .optional()
    .describe('Absent: not limited.'),
});
export type InfrastructureUnit = z.infer<typeof infrastructureUnit>;

export const onHubLoss = z
  .enum(['Fence', 'Hold'])
  .describe(
    '`Fence`: a region that loses the hub runs its active/backup services on with the promises of all their successors, and stops them when these end. `Hold`: it runs on, and no other region is promoted until it has confirmed that it stopped.',
  );

const flapping = z
  .object({
    changes: count(100, 1)
      .default(6)
      .describe('How often a region may change between well and not well within the window.'),
    windowSeconds: seconds(1, 86_400).default(600).describe('How far back changes are counted.'),
  })
  .describe('A region that changes more often flaps: nothing goes home to it, and it is the last choice as a target.');

const sick = z
  .object({
    mode: z
      .enum(['Automatic', 'Manual'])
      .default('Manual')
      .describe('Whether services that are not ready leave a region that is sick by themselves.'),
    thresholdSeconds: seconds(10, 86_400)
      .default(180)
      .describe('How long a service must not be ready where it is active before it counts.'),
  })
  .describe('A region is sick when it answers, but most active/backup services that are active there are not ready.');

const failoverPolicy = z.object({
  mode: z
    .enum(['Automatic', 'Manual'])
    .default('Automatic')
    .describe('Whether services move by themselves when their region is lost.'),
  failureThresholdSeconds: seconds(1, 3600)
    .default(6)
    .describe('How long a region must look lost before anything moves.'),
  recoveryThresholdSeconds: seconds(0, 3600)
    .default(10)
    .describe(
      'How long a region that was lost must be well before it counts as healthy again; at most as long as `switchback.stableForSeconds`.',
    ),
  flapping: flapping.prefault({}),
  sick: sick.prefault({}),
  coolDownSeconds: seconds(0, 86_400).default(60).describe('Least time between two automatic failovers of a service.'),
  onHubLoss: onHubLoss.default('Fence'),
  whenFull: z
    .enum(['Hold', 'Overcommit'])
    .default('Hold')
    .describe(
      'Services of a lost region for which no region has room by its declared capacity. `Hold`: the most important ones move, the others wait for room, and what runs there is not hurt. `Overcommit`: they move all the same.',
    ),
});

/** CEL: what `x` says of its country and geography is allowed by the residency of the group. */
const allowedBy = (x: string): string =>
  `(has(self.residency.countries) && ${x}.country in self.residency.countries) || (has(self.residency.geographies) && ${x}.geography in self.residency.geographies)`;

const spec = z
  .object({
    infrastructureUnits: z
      .array(infrastructureUnit)
      .min(1)
      .max(16)
      .meta(listMap('name'))
      .describe('The units that stand in for each other, each in a region of its own.'),
    failover: failoverPolicy.prefault({}).describe('When services leave a region that is lost.'),
    switchback: switchbackPolicy.prefault({}).describe('When services go home again.'),
    timings: timings.prefault({}),
    traffic: trafficPolicy.optional().describe('How traffic is led to the active region. Absent: not by Switchback.'),
    transit: z
      .object({
        centres: z
          .array(transitCentre)
          .min(1)
          .max(32)
          .meta(listMap('name'))
          .describe('The transit centres of the group.'),
        policy: transitPolicy.prefault({}).describe('When voice ingress moves from one centre to another.'),
      })
      .meta(
        cel(
          {
            rule: 'self.centres.all(c, self.centres.filter(d, d.pair == c.pair).size() <= 2)',
            message: 'a pair has more than two transit centres: give the others a pair of their own',
          },
          {
            rule: 'self.centres.all(c, self.centres.all(d, d.pair != c.pair || d.geography == c.geography))',
            message:
              'the transit centres of a pair lie in different geographies: a pair stands in for itself, in one geography',
          },
        ),
      )
      .optional()
      .describe('Where carriers and private networks come in. Absent: not by Switchback.'),
    residency: residency
      .optional()
      .describe(
        'Countries and geographies that may hold anything of tenants of this group. A hard rule. Absent: those of its regions.',
      ),
    digitalRegion: regionName
      .optional()
      .describe(
        'The one region for the services of class `placement: DigitalRegion` of tenants of tier Global. Absent: their primary region.',
      ),
    tiers: z
      .object({
        refused: z.array(tier).min(1).max(5).meta(listSet).describe('Tiers that no new tenant of the group may have.'),
      })
      .optional()
      .describe('Which tiers the group takes. Tenants that have one of the refused tiers already go on.'),
    drills: z
      .array(scheduledDrill)
      .max(16)
      .meta(listMap('name'))
      .default([])
      .describe('Drills of the calendar. The operator makes a RegionSwitch for each of their times.'),
    rehearsal: z
      .object({
        maxAgeDays: count(3650, 1).describe('For so long a switch away from a region counts as proved.'),
      })
      .optional()
      .describe('What is asked of the readiness of the regions. Absent: nothing.'),
  })
  .meta(
    cel(
      {
        rule: 'self.infrastructureUnits.all(u, self.infrastructureUnits.exists_one(v, v.region == u.region))',
        message: 'a region stands in two infrastructure units: a region is one cluster and holds one unit of a group',
      },
      {
        rule: `!has(self.residency) || self.infrastructureUnits.all(u, ${allowedBy('u')})`,
        message: 'an infrastructure unit lies in a country and a geography that residency does not allow',
      },
      {
        rule: `!has(self.residency) || !has(self.transit) || self.transit.centres.all(c, ${allowedBy('c')})`,
        message: 'a transit centre lies in a country and a geography that residency does not allow',
      },
      {
        rule: '!has(self.digitalRegion) || self.infrastructureUnits.exists(u, u.region == self.digitalRegion)',
        message: 'digitalRegion is in none of the infrastructure units of the group: name the region of one of them',
      },
      {
        rule: 'self.timings == oldSelf.timings',
        message:
          'timings cannot be changed: rights that are already given depend on them; make a new group and move the tenants',
      },
      {
        rule: 'self.infrastructureUnits.all(u, oldSelf.infrastructureUnits.all(o, o.name != u.name || o.region == u.region))',
        message: 'the region of an infrastructure unit cannot be changed: add a unit with another name',
      },
      {
        rule: 'self.drills.all(d, self.infrastructureUnits.exists(u, u.region == d.region))',
        message: 'the region of a drill is in none of the infrastructure units of the group',
      },
      {
        rule: 'self.drills.all(d, !has(d.zone) || self.infrastructureUnits.all(u, u.region != d.region || d.zone in u.zones))',
        message: 'the zone of a drill is none of the zones of its region: name one of the infrastructure unit',
      },
      {
        rule: '!has(self.transit) || self.transit.centres.all(c, c.regions.all(r, self.infrastructureUnits.exists(u, u.region == r)))',
        message: 'a transit centre serves a region that is in none of the infrastructure units of the group',
      },
    ),
  );

/** Tenants as a number only: there may be 10,000 of them. One with services of several kinds counts in each. */
const affected = {
  services: count(1_000_000).describe('How many services.'),
  tenants: count(2_000_000_000).describe('How many tenants have at least one of them.'),
};

const destination = z.object({
  region: regionName.describe('Where they would go.'),
  ...affected,
  instances: count(2_000_000_000).describe('Instances that would come.'),
  fits: z.boolean().describe('Whether the region has a place and room for them, beside what runs there.'),
  reason: reason.optional().describe('Why not.'),
  message: z.string().max(512).describe('The numbers.'),
});

const outage = z.object({
  serviceClass: dnsLabel().describe('Which services.'),
  reason,
  ...affected,
  message: z.string().max(512).describe('Of one of them: what keeps it from going on, in words.'),
});

const unmetDependency = z.object({
  serviceClass: dnsLabel().describe('Which services would go on.'),
  needs: dnsLabel().describe('The class that they need, and would not have.'),
  reason,
  ...affected,
  message: z.string().max(512).describe('Of one of them, in words.'),
});

const whatIf = z.object({
  region: regionName.describe('The region that would be lost.'),
  survives: z
    .boolean()
    .describe('Whether all goes on by itself that may run elsewhere and needs no approval, and fits where it goes.'),
  message: z.string().max(512).describe('The answer in a sentence.'),
  running: z.object(affected).describe('What runs here now. It would move, go on elsewhere, or stop.'),
  moving: z.object(affected).describe('What would be started in another region.'),
  destinations: z.array(destination).max(16).meta(listMap('region')).describe('Where that would go.'),
  continuing: z.object(affected).describe('What other regions serve already, and would go on serving.'),
  stopping: z.object(affected).describe('What would stop, until the region is back or somebody does something.'),
  reasons: z
    .array(z.object({ reason, ...affected }))
    .max(32)
    .meta(listMap('reason'))
    .describe('What would stop, by reason; complete.'),
  outages: z
    .array(outage)
    .max(20)
    .meta(listMap('serviceClass', 'reason'))
    .describe('What would stop, by service class; the first 20, `stopping` counts all.'),
  dependencies: z
    .array(unmetDependency)
    .max(20)
    .meta(listMap('serviceClass', 'needs', 'reason'))
    .optional()
    .describe('What would go on without something that it needs; the first 20. Absent without any.'),
  recovery: z
    .object({
      detectionSeconds: count(1_000_000).describe('How long the region must look lost before anything is decided.'),
      waitSeconds: count(1_000_000).describe('How long until its rights to run have ended; at the same time.'),
      promotedWithinSeconds: count(1_000_000).describe(
        'From the last sign of life until another region may start what moves: the longer of both, and a heartbeat. What the start takes comes on top.',
      ),
      measuredMilliseconds: count(2_000_000_000)
        .optional()
        .describe('The slowest service of the last failover from this region, its start included.'),
    })
    .describe('How long what moves would be away.'),
  leftOut: count(1_000_000, 1)
    .optional()
    .describe(
      'Services of other regions that this one may not take over: it was lost, and is no successor of theirs again yet. Absent: none.',
    ),
  dataLoss: z
    .enum(['None', 'Unknown'])
    .describe('`None`: nothing runs here. `Unknown`: nothing tells yet how far the copies of the data are behind.'),
  impact: groupImpact.optional(),
});
export type WhatIf = z.infer<typeof whatIf>;

/** Requests by annotation that are remembered, so that none is carried out twice. */
export const MOST_REQUESTS = 50;
const requestEntry = z.object({
  nonce: dnsLabel(40).describe('The nonce of the request.'),
  regionSwitch: z
    .string()
    .max(253)
    .describe('The RegionSwitch that was made, or changed: of several the first, empty where there was none.'),
  change: z
    .enum(['Approve', 'Abort', 'Resume'])
    .optional()
    .describe('What was done to a RegionSwitch that was there. Absent: it was made.'),
  time: timestamp.describe('When.'),
  expiresAt: timestamp.describe('When the request expires.'),
});
export type RequestEntry = z.infer<typeof requestEntry>;

const status = z.object({
  observedGeneration,
  conditions: conditions.optional(),
  regions: z
    .array(
      z.object({
        region: regionName.describe('The region.'),
        state: z
          .enum(['Healthy', 'Degraded', 'Lost', 'Unknown'])
          .describe(
            'What it looks like; the reason says why. `Lost` makes services move; so does `RegionSick`, if the group asks for it.',
          ),
        reason: reason.optional(),
        message: z.string().max(512).describe('What the diagnosis means, in a sentence for people.'),
        everHealthy: z
          .boolean()
          .optional()
          .describe('Whether it was ever seen healthy. A region that was not is never taken for lost.'),
        activeServices: count(1_000_000).optional().describe('How many services are active here.'),
      }),
    )
    .max(16)
    .meta(listMap('region'))
    .optional()
    .describe('How each region looks.'),
  whatIf: z
    .array(whatIf)
    .max(16)
    .meta(listMap('region'))
    .optional()
    .describe('What would happen if a region were lost now, decided as it would be then.'),
  switchback: z
    .object({
      held: count(1_000_000).describe('Services that are away from home and would go there, were they not held.'),
      awaitingApproval: count(1_000_000).describe('Those of them that only the yes of a person is missing for.'),
      nextTime: timestamp.optional().describe('When the first of those may go home that only time holds.'),
    })
    .optional()
    .describe('The way home. Absent: nothing is away that would go home.'),
  drills: z
    .array(drillEntry)
    .max(16)
    .meta(listMap('name'))
    .optional()
    .describe('What became of the drills of the calendar.'),
  rehearsals: z
    .array(rehearsal)
    .max(240)
    .meta(listMap('from', 'to'))
    .optional()
    .describe('When each switch from one region to another was last proved, by a drill or in earnest.'),
  zoneRehearsals: z
    .array(zoneRehearsal)
    .max(128)
    .meta(listMap('region', 'zone'))
    .optional()
    .describe('When each zone was last proved to be dispensable, by a drill.'),
  requests: z
    .array(requestEntry)
    .max(MOST_REQUESTS)
    .meta(listMap('nonce'))
    .optional()
    .describe('Requests of the annotation `switchback.dev/request` that were carried out.'),
  transitCentres: z
    .array(transitCentreStatus)
    .max(32)
    .meta(listMap('name'))
    .optional()
    .describe('How each transit centre looks, and through which one its callers come in.'),
  traffic: groupTraffic.optional().describe('What was written of names that belong to no single service.'),
  decisions: groupDecisions,
  summary: z.string().max(256).optional().describe('For the printer column: regions healthy of all.'),
});

export const iuGroup = defineKind({
  kind: 'IUGroup',
  plural: 'iugroups',
  singular: 'iugroup',
  shortNames: ['iug'],
  namespaced: false,
  livesIn: 'hub',
  description: 'Inter-connected infrastructure units: the regions that stand in for each other, and by which rules.',
  spec,
  status,
  rules: [shortName(63)],
  columns: [
    { name: 'Regions', type: 'string', jsonPath: '.status.summary', description: 'Regions that are healthy' },
    {
      name: 'Ready',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: 'As declared',
    },
    {
      name: 'SurvivesLoss',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="SurvivesRegionLoss")].status',
      description: 'Any one region may be lost now',
    },
    {
      name: 'Protected',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Protected")].status',
      description: 'Every standby is confirmed',
      priority: 1,
    },
    {
      name: 'NextSwitchback',
      type: 'string',
      jsonPath: '.status.switchback.nextTime',
      description: 'When the first service may go home',
    },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Age' },
  ],
});
export type IUGroupSpec = z.infer<typeof spec>;
export type IUGroupStatus = z.infer<typeof status>;
export type IUGroup = ApiObject<IUGroupSpec, IUGroupStatus>;
