import type { QuorumReads } from '../act/quorum-reads.ts';
import type { Region } from '../api/region.ts';
import type { RegionLease } from '../api/region-lease.ts';
import type { RegionalService } from '../api/regional-service.ts';
import type { GateSettings } from '../decide/desired/gate.ts';
import type { Applier } from '../kube/apply.ts';
import type { KubeClient } from '../kube/client.ts';
import type { EventRecorder } from '../kube/event-recorder.ts';
import type { Informer } from '../kube/informer.ts';
import type { Deployment, Node, Pod, PodDisruptionBudget, Service, StatefulSet } from '../kube/kinds.ts';
import type { WorkloadObserver } from '../observe/workloads.ts';
import type { Log } from '../report/log-port.ts';
import type { Clock, Instant } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import type { Authority } from './authority.ts';
import type { AgentLeadership } from './leadership.ts';
import type { OrderBook } from './orders.ts';
import type { TransitProbes } from './probes/transit-probes.ts';
import type { PromiseBook } from './promises.ts';
import type { PeerSightings } from './sightings.ts';
import type { ZoneMemory } from './zone-drill.ts';

export interface AgentCaches {
  readonly orders: Informer<RegionalService>;
  readonly regions: Informer<Region>;
  readonly leases: Informer<RegionLease>;
  readonly deployments: Informer<Deployment>;
  readonly statefulSets: Informer<StatefulSet>;
  readonly services: Informer<Service>;
  readonly budgets: Informer<PodDisruptionBudget>;
  readonly pods: Informer<Pod>;
  readonly nodes: Informer<Node>;
}

/** What the loops of an agent share. */
export interface AgentContext {
  readonly region: string;
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly client: KubeClient;
  readonly reads: QuorumReads;
  readonly log: Log;
  readonly caches: AgentCaches;
  readonly observer: WorkloadObserver;
  readonly leadership: AgentLeadership;
  readonly authority: Authority;
  readonly orders: OrderBook;
  /** What this region has promised its peers. */
  readonly promises: PromiseBook;
  /** What it sees of them. */
  readonly sightings: PeerSightings;
  /** What it sees of the transit centres; undefined: this agent asks none. */
  readonly transit: TransitProbes | undefined;
  readonly applier: Applier;
  readonly events: EventRecorder;
  /** What stands in front of the processes of services that ask for gates; undefined: these are not run here. */
  readonly gate: GateSettings | undefined;
  /** Has the status of a service written a moment later, once for many changes. */
  readonly reportSoon: (key: string) => void;
  /** Services that were fenced and not started since, by key. */
  readonly fenced: Map<string, Fenced>;
  /** Services that ran without a right until their order asked for one, by key: when this leadership saw that. */
  readonly converted: Map<string, Instant>;
  /** What became of zones that are to be empty for a drill, by key of the service. */
  readonly emptiness: Map<string, ZoneMemory>;
  /** Passes that start or keep a service, by key: aborted when its right ends, so that a fence never waits for one. */
  readonly starting: Map<string, AbortController>;
}

export interface Fenced {
  /** Of the leadership that fenced it: only its own fence counts for a leader. */
  readonly token: string;
  /**
   * Unique to this fence, and what it marks the workloads with. A leadership that starts a service, or tries to, and
   * then fences it again must write every workload again: a start of its own may still be under way.
   */
  readonly mark: string;
  readonly at: Instant;
}
