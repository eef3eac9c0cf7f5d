import type { ConditionState } from '../api/conditions.ts';
import type { DrillEntry } from '../api/drill-schedule.ts';
import type { IUGroup } from '../api/iu-group.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import type { ServiceClass } from '../api/service-class.ts';
import type { HoldStatus, ServiceInstance } from '../api/service-instance.ts';
import type { Tenant } from '../api/tenant.ts';
import type { CohortPlan } from '../decide/cohort.ts';
import type { HTTPRoute } from '../decide/desired/http-route.ts';
import type { DNSEndpoint } from '../decide/desired/traffic.ts';
import type { Diagnosis } from '../decide/diagnosis.ts';
import type { PresentState } from '../decide/impact/present.ts';
import type { Standing } from '../decide/manual-switch.ts';
import type { Outlook } from '../decide/outlook.ts';
import type { RegionCapacity } from '../decide/region-capacity.ts';
import type { TenantBook } from '../decide/tenant-scope.ts';
import type { Applier } from '../kube/apply.ts';
import type { KubeClient } from '../kube/client.ts';
import type { EventRecorder } from '../kube/event-recorder.ts';
import type { Informer } from '../kube/informer.ts';
import type { Log } from '../report/log-port.ts';
import type { TraceSwitches } from '../report/traces.ts';
import type { Clock, Instant } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import type { AssignmentBook } from './assignments.ts';
import type { DependencyWaits } from './dependency-waits.ts';
import type { GrantBook } from './grants.ts';
import type { Inheritance } from './inheritance.ts';
import type { KeptEmptyBook } from './kept-empty-book.ts';
import type { Leadership } from './leadership.ts';
import type { PlacementCache } from './placements.ts';
import type { RegionLinks } from './region-links.ts';
import type { Move } from './switch-progress.ts';
import type { Naming } from './tenant-names-loop.ts';
import type { TransitNews } from './transit-loop.ts';

/** When a switch away from a region was last proved, in seconds since 1970; 0: never. Undefined: the region is gone. */
export type OnProved = (group: string, region: string, seconds: number | undefined) => void;

/** What the loops of the hub share. Each part has one writer: the loop that it is named after. */
export interface HubContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly client: KubeClient;
  readonly applier: Applier;
  readonly events: EventRecorder;
  readonly log: Log;
  /** How long a hub election takes; it must fit into every group's lease. */
  readonly electionMs: number;
  /** For metrics. */
  readonly onProved?: OnProved;
  /** For traces: told of all RegionSwitches by the loop that keeps their records. */
  readonly traceSwitches?: TraceSwitches;
  readonly groups: Informer<IUGroup>;
  readonly classes: Informer<ServiceClass>;
  readonly tenants: Informer<Tenant>;
  readonly instances: Informer<ServiceInstance>;
  readonly switches: Informer<RegionSwitch>;
  readonly leadership: Leadership;
  readonly assignments: AssignmentBook;
  readonly grants: GrantBook;
  /** Promotions that wait for other services; written by the loops that acknowledge. */
  readonly dependencyWaits: DependencyWaits;
  readonly links: RegionLinks;
  readonly placements: PlacementCache;
  readonly endpoints: Informer<DNSEndpoint>;
  /** Started only once a group asks for routes. */
  readonly routes: Informer<HTTPRoute>;
  /** What the tenants need, as last planned. */
  readonly cohortPlan: () => CohortPlan | undefined;
  /** By group; written by the group loop. */
  readonly capacities: Map<string, readonly RegionCapacity[]>;
  /** By region: how its tenant directory was written; written by the directory loops. */
  readonly directories: Map<string, ConditionState>;
  /** Has an instance, everything in a region, or the tenants of a group looked at again. */
  readonly lookAgain: {
    instance(key: string): void;
    region(region: string): void;
    group(name: string): void;
    /** These behind what is under way. */
    tenants(group: string): void;
  };
  /** Tells the switch loop of a move that was just recorded. */
  readonly noteMove: (move: Move) => void;
  /** Whether this hub may act for a group, or follows another one. */
  readonly inheritance: Inheritance;
  /** Regions know a hub of a higher term than ours, which is stopped: a new leadership begins above it. */
  readonly outranked: () => void;
  /** Told when a region is found to be something else than before. */
  readonly onDiagnosed: (region: string, diagnosis: Diagnosis) => void;
  /** By group: what has failed; written by the group loop once it has looked. */
  readonly failures: Map<string, PresentState>;
  /** By region; written by the placement loop. */
  readonly diagnoses: Map<string, Diagnosis>;
  /** Regions of which something bad was told, and that have not been well since; written by the placement loop. */
  readonly troubledRegions: Set<string>;
  /** By group: when most of its regions last looked dead at once. */
  readonly isolatedAt: Map<string, Instant>;
  /** By `namespace/name` of a ServiceInstance: how its record set and route were written; written by the instance loop. */
  readonly traffic: Map<string, { readonly records: ConditionState; readonly route: ConditionState | undefined }>;
  /** By group: what became of the names of its tenants; written by the loop of these names. */
  readonly naming: Map<string, Naming>;
  /** By `namespace/name` of a DNSEndpoint: the generation that a name server has shown; written by the watch of records. */
  readonly seen: Map<string, number>;
  /** By `namespace/name` of a ServiceInstance; written by the placement loop. */
  readonly holds: Map<string, HoldStatus>;
  /** By uid of a RegionSwitch that a person made and that may still begin something; written by the placement loop. */
  readonly plans: Map<string, Outlook>;
  /** By group: what persons ask for and forbid; written by the placement loop once the RegionSwitches are read. */
  readonly standings: Map<string, Standing>;
  /** Whom each instance serves, as the cohort loop has planned it; undefined before it has in this leadership. */
  readonly tenantBook: () => TenantBook | undefined;
  /** By group: what became of the drills of its calendar; written by the drill loop. */
  readonly drills: Map<string, readonly DrillEntry[]>;
  /** By region and service: the zones that drills keep empty; written by the loop that keeps the records of switches. */
  readonly keptEmpty: KeptEmptyBook;
  /** By group: what its transit centres are, and through which ones callers come in; written by the transit loop. */
  readonly transit: Map<string, TransitNews>;
}
