import { isDeepStrictEqual } from 'node:util';
import { QuorumReads } from '../act/quorum-reads.ts';
import { SYSTEM_NAMESPACE } from '../api/common.ts';
import type { Timings } from '../api/iu-group.ts';
import { FIELD_MANAGERS, LABELS, STANDBY_SERVICE } from '../api/labels.ts';
import type { Region } from '../api/region.ts';
import type { RegionLease } from '../api/region-lease.ts';
import type { RegionalService } from '../api/regional-service.ts';
import { RESOURCES } from '../api/resources.ts';
import type { GateSource } from '../decide/desired/gate.ts';
import { mayRun } from '../decide/regional.ts';
import {
  computeAgentElection,
  computeGateAskMs,
  computeProtocolTiming,
  type ProtocolTiming,
} from '../decide/timing.ts';
import { createApplier } from '../kube/apply.ts';
import type { KubeClient } from '../kube/client.ts';
import { EventRecorder } from '../kube/event-recorder.ts';
import { createInformer } from '../kube/informer.ts';
import {
  DEPLOYMENT,
  type Deployment,
  NODE,
  type Node,
  POD,
  POD_DISRUPTION_BUDGET,
  type Pod,
  type PodDisruptionBudget,
  SERVICE,
  type Service,
  STATEFUL_SET,
  type StatefulSet,
} from '../kube/kinds.ts';
import { createLeaseLock } from '../kube/lease-lock.ts';
import { keyOf } from '../kube/object.ts';
import { byServiceLabel, isStarted, SERVICE_INDEX } from '../observe/service-picture.ts';
import { byStandbyLabel, STANDBY_INDEX } from '../observe/standby-picture.ts';
import { type Watched, watched } from '../observe/watched.ts';
import { WorkloadObserver } from '../observe/workloads.ts';
import type { LeaseMetrics } from '../report/lease-metrics.ts';
import type { Log } from '../report/log-port.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Controller, ControllerMetrics } from '../runtime/controller.ts';
import { Elector } from '../runtime/elector.ts';
import type { Random } from '../runtime/random.ts';
import { Ticker } from '../runtime/ticker.ts';
import { Authority } from './authority.ts';
import { createCatchUp } from './catch-up.ts';
import type { AgentCaches, AgentContext } from './context.ts';
import { createLagLoop } from './data-stores/lag-loop.ts';
import { factsOf } from './facts.ts';
import { createHeartbeat } from './heartbeat.ts';
import { AgentLeadership } from './leadership.ts';
import { OrderBook } from './orders.ts';
import { type ConnectPeer, createPeerLoop } from './peers.ts';
import type { Ask } from './probes/ask.ts';
import { type ProbeMetrics, TransitProbes } from './probes/transit-probes.ts';
import { PromiseBook } from './promises.ts';
import { createRegionLoop } from './region-loop.ts';
import { type RightVerdict, rightOf } from './rights-server.ts';
import { createServiceLoop } from './service-loop.ts';
import { createReportLoop } from './service-report.ts';
import { PeerSightings } from './sightings.ts';
import { createStandbyLoop } from './standby-loop.ts';

export interface AgentOptions {
  readonly region: string;
  readonly version: string;
  /** Unique per process start. */
  readonly identity: string;
  readonly client: KubeClient;
  /** Opens a connection to another region. Absent, or undefined for a region: no promises are had from there. */
  readonly connectPeer?: ConnectPeer;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics?: ControllerMetrics;
  /** Told when this process begins and ceases to lead. */
  readonly onLeading?: (leads: boolean) => void;
  /** Told when the Region was made anew with other timings: this process counts by the old ones, and must end. */
  readonly onOtherTimings?: () => void;
  /** Told how close rights came to their end when they were renewed. */
  readonly leaseMetrics?: LeaseMetrics;
  /** Absent: services that ask for gates are not run in this region. */
  readonly gate?: GateSource;
  /** How transit centres are asked. Absent: they are not. */
  readonly probes?: { readonly ask: Ask; readonly metrics?: ProbeMetrics };
}

/** How often every active/backup service is held against its right. It is part of the stop budget. */
const GUARD_EVERY_MS = 200;
const REPORT_DELAY_MS = 150;

export interface Agent {
  start(): void;
  stop(): Promise<void>;
  /** Whether the caches are filled. */
  readonly ready: boolean;
  readonly leading: boolean;
  /** How fresh the caches are, for metrics. */
  watches(): readonly Watched[];
  /** What a gate of the region may run of `service` (`namespace/name`) at this instant. */
  rightOf(service: string): RightVerdict;
  /** Whether SIP questions from this address are those of a transit centre, which are answered. */
  knowsCentre(address: string): boolean;
  /** Such a question has arrived. */
  heardCentre(address: string): void;
}

/** The agent role: one region. It waits for the Region object, which tells it the timings, before it does anything. */
export function createAgent(options: AgentOptions): Agent {
  const caches = createCaches(options);
  let running: Running | undefined;
  let timings: Timings | undefined;
  const begin = ({ spec }: Region): void => {
    if (timings !== undefined && !isDeepStrictEqual(timings, spec.timings)) options.onOtherTimings?.();
    timings ??= spec.timings;
    running ??= startRunning(options, caches, computeProtocolTiming(timings));
  };
  caches.regions.store.addHandler((delta) => {
    if (delta.type !== 'deleted' && delta.object.metadata.name === options.region) begin(delta.object);
  });
  return {
    start: () => {
      for (const { reflector } of Object.values(caches)) reflector.start();
    },
    async stop() {
      await running?.stop();
      await Promise.all(Object.values(caches).map(({ reflector }) => reflector.stop()));
    },
    get ready() {
      return Object.values(caches).every(({ reflector }) => reflector.synced);
    },
    get leading() {
      return running?.context.leadership.isCertain() ?? false;
    },
    watches: () => watchesOf(options.region, caches),
    rightOf: (service) =>
      running
        ? rightOf(running.context, running.timing, service)
        : { status: 503, reason: 'the agent waits for its Region object' },
    knowsCentre: (address) => running?.context.transit?.knows(address) ?? false,
    heardCentre: (address) => running?.context.transit?.heard(address),
  };
}

function createCaches(options: AgentOptions): AgentCaches {
  const onError = (error: unknown): void => options.log('debug', 'Watch interrupted', { error: String(error) });
  const base = { client: options.client, clock: options.clock, random: options.random, onError };
  const indexers = { [SERVICE_INDEX]: byServiceLabel, [STANDBY_INDEX]: byStandbyLabel };
  const ours = { ...base, labelSelector: LABELS.service, indexers };
  const only = { fieldSelector: `metadata.name=${options.region}`, lane: 'control' } as const;
  return {
    orders: createInformer<RegionalService>({ ...base, resource: RESOURCES.regionalService, lane: 'control' }),
    regions: createInformer<Region>({ ...base, resource: RESOURCES.region, ...only }),
    leases: createInformer<RegionLease>({ ...base, resource: RESOURCES.regionLease, ...only }),
    deployments: createInformer<Deployment>({ ...ours, resource: DEPLOYMENT }),
    statefulSets: createInformer<StatefulSet>({ ...ours, resource: STATEFUL_SET }),
    services: createInformer<Service>({ ...ours, resource: SERVICE }),
    budgets: createInformer<PodDisruptionBudget>({ ...ours, resource: POD_DISRUPTION_BUDGET }),
    pods: createInformer<Pod>({ ...ours, resource: POD }),
    nodes: createInformer<Node>({ ...base, resource: NODE }),
  };
}

function watchesOf(region: string, caches: AgentCaches): Watched[] {
  return [
    watched(region, 'RegionalService', caches.orders.reflector),
    watched(region, 'Region', caches.regions.reflector),
    watched(region, 'RegionLease', caches.leases.reflector),
    watched(region, 'Deployment', caches.deployments.reflector),
    watched(region, 'StatefulSet', caches.statefulSets.reflector),
    watched(region, 'Service', caches.services.reflector),
    watched(region, 'PodDisruptionBudget', caches.budgets.reflector),
    watched(region, 'Pod', caches.pods.reflector),
    watched(region, 'Node', caches.nodes.reflector),
  ];
}

interface Running {
  readonly context: AgentContext;
  readonly timing: ProtocolTiming;
  stop(): Promise<void>;
}

function startRunning(options: AgentOptions, caches: AgentCaches, timing: ProtocolTiming): Running {
  const { client, clock, gate, random, region } = options;
  const leadership = new AgentLeadership(clock, random);
  const context: AgentContext = {
    ...options,
    caches,
    leadership,
    gate: gate && { ...gate, askEveryMs: computeGateAskMs(timing) },
    reads: new QuorumReads(client, clock),
    applier: createApplier({ client, fieldManager: FIELD_MANAGERS.agent }),
    events: new EventRecorder({
      client,
      clock,
      random,
      reportingController: 'switchback.dev/agent',
      reportingInstance: options.identity,
    }),
    observer: new WorkloadObserver(clock),
    authority: new Authority({
      clock,
      random,
      leaseMs: timing.leaseMs,
      onRenewed: (marginMs) => options.leaseMetrics?.renewed(marginMs, timing.leaseMs),
    }),
    orders: new OrderBook(client),
    promises: new PromiseBook({ clock, leadership, waitMs: timing.waitMs }),
    sightings: new PeerSightings({ clock, timing }),
    transit: options.probes && createTransitProbes(options, options.probes, () => regions.poke()),
    fenced: new Map(),
    converted: new Map(),
    emptiness: new Map(),
    starting: new Map(),
    reportSoon: (key) => reports.queue.addAfter(key, REPORT_DELAY_MS, 'resync'),
  };
  const reports = createReportLoop(context, options.metrics);
  const services = createServiceLoop(context, options.metrics);
  const standbys = createStandbyLoop(context, options.metrics);
  const heartbeat = createHeartbeat(context, timing.heartbeatMs);
  const regions = createRegionLoop(context);
  const guard = createGuard(context, services);
  const peers = createPeerLoop(context, {
    connectPeer: options.connectPeer ?? (async () => undefined),
    heartbeatMs: timing.heartbeatMs,
    onPromised: (keys) => {
      for (const key of keys) services.enqueue(key, 'failover');
    },
    onSighting: () => {
      // The hub may be waiting for just this.
      heartbeat.poke();
      regions.poke();
    },
  });
  const elector = createElector(context, options.identity, timing, {
    onLead: () => {
      options.onLeading?.(true);
      beginLeadership(context, [services, standbys], heartbeat, regions);
    },
    onEnd: () => {
      options.onLeading?.(false);
      context.transit?.endLeadership();
    },
  });
  leadership.bind(elector);
  connect(context, { services, standbys }, regions);
  context.transit?.configure(caches.regions.store.get(region)?.spec.transit);
  const tickers = [heartbeat, regions, guard, createCatchUp(context, services), peers, createLagLoop(context)];
  options.log('info', 'Agent starts', { region, leaseMs: timing.leaseMs });
  services.start();
  standbys.start();
  reports.start();
  for (const ticker of tickers) ticker.start();
  elector.start();
  return {
    context,
    timing,
    async stop() {
      // The lease goes last: until then nobody else may act.
      await Promise.all([...tickers.map((ticker) => ticker.stop()), context.transit?.stop()]);
      await Promise.all([services.stop(), standbys.stop(), reports.stop()]);
      await elector.stop();
      await context.events.close();
    },
  };
}

const createTransitProbes = (
  { clock, log, random }: AgentOptions,
  probes: NonNullable<AgentOptions['probes']>,
  onNews: () => void,
): TransitProbes => new TransitProbes({ clock, log, random, onNews, ...probes });

function createElector(
  context: AgentContext,
  identity: string,
  timing: ProtocolTiming,
  { onLead, onEnd }: { readonly onLead: () => void; readonly onEnd: () => void },
): Elector {
  const { clock, client, leadership, log, random, region } = context;
  const election = computeAgentElection(timing);
  const lock = createLeaseLock({
    client,
    clock,
    namespace: SYSTEM_NAMESPACE,
    name: 'switchback-agent',
    electionMs: election.electionMs,
    // An answer that is later than that is of no use; one that is slower than a renewal still is.
    timeoutMs: election.electionMs,
  });
  return new Elector({
    ...election,
    lock,
    identity,
    clock,
    random,
    clockRateError: timing.clockRatio - 1,
    onLead: (term) => {
      log('info', 'Agent leads', { region, term });
      leadership.begin();
      onLead();
    },
    onLose: (reason) => {
      log('warn', 'Agent leads no more', { region, reason });
      leadership.end();
      onEnd();
    },
    onError: (error) => log('debug', 'Election failed', { region, error: String(error) }),
  });
}

/** A new leadership proves everything anew: no nonce, right or fence of an earlier one counts. */
function beginLeadership(
  context: AgentContext,
  loops: readonly Controller[],
  heartbeat: Ticker,
  regions: Ticker,
): void {
  context.authority.beginLeadership();
  context.orders.beginLeadership();
  context.sightings.beginLeadership();
  context.transit?.beginLeadership();
  context.fenced.clear();
  context.converted.clear();
  context.emptiness.clear();
  heartbeat.poke();
  regions.poke();
  for (const key of context.orders.keys()) for (const loop of loops) loop.enqueue(key);
}

/**
 * Holds every active/backup service against its right, several times a second, and reads the orders by quorum as long
 * as this leadership has not. It writes nothing itself.
 */
function createGuard(context: AgentContext, services: Controller): Ticker {
  return new Ticker({
    clock: context.clock,
    everyMs: GUARD_EVERY_MS,
    onError: (error) => context.log('warn', 'Orders not read', { error: String(error) }),
    async run() {
      if (!context.leadership.hasDuty) return;
      for (const order of context.orders.values())
        if (order.spec.mode === 'Backup') checkRight(context, services, order);
      if (context.orders.sure || !context.leadership.isCertain()) return;
      await context.orders.load();
      noteConfirmed(context);
      for (const key of context.orders.keys()) services.enqueue(key);
    },
  });
}

/**
 * A service that was confirmed to stand by before this leadership began needs no fence of its own: the confirmation came
 * after a fence that made every earlier start fail, and nothing could be started at that epoch since.
 */
function noteConfirmed({ clock, fenced, leadership, orders, random }: AgentContext): void {
  if (!orders.sure) return;
  for (const order of orders.values()) {
    const isConfirmed = order.spec.role === 'Standby' && (order.status?.standbyEpoch ?? 0) >= order.spec.epoch;
    if (isConfirmed) fenced.set(keyOf(order), { token: leadership.token, mark: random.token(), at: clock.now() });
  }
}

function checkRight(context: AgentContext, services: Controller, order: RegionalService): void {
  const key = keyOf(order);
  const started = isStarted(context.caches, order);
  if (mayRun(order, factsOf(context, key, order, started))) return;
  // Of a key one pass runs at a time: a write of it that is not answered would hold up the fence until its deadline.
  context.starting.get(key)?.abort(new Error('the right to run has ended'));
  if (started) services.enqueue(key, 'failover');
}

/** Every change enqueues the key of the service that it concerns; what an acknowledgement newly allows goes first. */
function connect(
  context: AgentContext,
  { services, standbys }: { readonly services: Controller; readonly standbys: Controller },
  regions: Ticker,
): void {
  const { caches, observer, orders } = context;
  const enqueueOwner = ({
    object,
  }: {
    object: { metadata: { namespace?: string; labels?: Readonly<Record<string, string>> } };
  }): void => {
    const [standby] = byStandbyLabel(object);
    if (standby !== undefined) standbys.enqueue(standby);
    const name = object.metadata.labels?.[LABELS.service];
    if (name !== undefined && name !== STANDBY_SERVICE) services.enqueue(`${object.metadata.namespace ?? ''}/${name}`);
  };
  caches.orders.store.addHandler((delta) => {
    if (delta.type === 'deleted') {
      context.promises.forget(keyOf(delta.object));
      context.converted.delete(keyOf(delta.object));
      context.emptiness.delete(keyOf(delta.object));
      return orders.drop(delta.object);
    }
    const known = orders.get(keyOf(delta.object));
    noteConverted(context, known, delta.object);
    orders.take(delta.object);
    const isNews =
      known?.metadata.generation !== delta.object.metadata.generation || delta.object.metadata.deletionTimestamp;
    services.enqueue(keyOf(delta.object), isNews ? 'failover' : 'change');
    standbys.enqueue(keyOf(delta.object));
  });
  caches.leases.store.addHandler((delta) => {
    if (delta.type === 'deleted') return;
    for (const key of context.authority.take(delta.object)) services.enqueue(key, 'failover');
  });
  caches.pods.store.addHandler((delta) => {
    observer.pod(delta.object, delta.type === 'deleted');
    enqueueOwner(delta);
  });
  caches.nodes.store.addHandler((delta) => {
    const was = delta.type === 'updated' ? isReadyNode(delta.old) : undefined;
    observer.node(delta.object, delta.type === 'deleted');
    if (delta.type === 'updated' && was === isReadyNode(delta.object)) return;
    regions.poke();
    for (const key of orders.keys()) services.enqueue(key);
  });
  for (const { store } of [caches.deployments, caches.statefulSets, caches.services, caches.budgets])
    store.addHandler(enqueueOwner);
  caches.regions.store.addHandler(() => {
    context.transit?.configure(caches.regions.store.get(context.region)?.spec.transit);
    regions.poke();
  });
  void caches.pods.reflector.whenSynced().then(() => observer.warm());
}

/**
 * Only what a leader that was sure knew as `None`: then nobody has led since who could have recorded a right, and while
 * none is recorded nobody else is promoted.
 */
function noteConverted(context: AgentContext, known: RegionalService | undefined, order: RegionalService): void {
  const { clock, converted, leadership, orders } = context;
  const isConverted = known?.spec.mode === 'None' && order.spec.mode === 'Backup';
  if (isConverted && orders.sure && leadership.isCertain()) converted.set(keyOf(order), clock.now());
}

const isReadyNode = (node: Node): boolean =>
  node.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;
