import { isDeepStrictEqual } from 'node:util';
import { SYSTEM_NAMESPACE } from '../api/common.ts';
import type { IUGroup } from '../api/iu-group.ts';
import { ANNOTATIONS, FIELD_MANAGERS, LABELS } from '../api/labels.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import type { RegionalService } from '../api/regional-service.ts';
import { RESOURCES } from '../api/resources.ts';
import type { ServiceClass } from '../api/service-class.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import type { Tenant } from '../api/tenant.ts';
import { regionsOf } from '../decide/assignment.ts';
import type { HTTPRoute } from '../decide/desired/http-route.ts';
import type { DNSEndpoint } from '../decide/desired/traffic.ts';
import type { Diagnosis } from '../decide/diagnosis.ts';
import { scopeOf } from '../decide/partners.ts';
import { computeProtocolTiming } from '../decide/timing.ts';
import { createApplier } from '../kube/apply.ts';
import type { KubeClient } from '../kube/client.ts';
import { EventRecorder } from '../kube/event-recorder.ts';
import { createInformer } from '../kube/informer.ts';
import { createLeaseLock } from '../kube/lease-lock.ts';
import { keyOf } from '../kube/object.ts';
import { createSharing } from '../kube/share.ts';
import type { Delta } from '../kube/store.ts';
import type { AskNameServer } from '../observe/name-server.ts';
import type { Watched } from '../observe/watched.ts';
import type { ServedTime } from '../report/availability-metrics.ts';
import type { Brakes } from '../report/brake-metrics.ts';
import type { HubPicture } from '../report/hub-picture.ts';
import type { Log } from '../report/log-port.ts';
import type { RecoveryMetrics } from '../report/recovery-metrics.ts';
import type { TraceSwitches } from '../report/traces.ts';
import type { WrittenRecords } from '../report/traffic-metrics.ts';
import type { TransitRecord } from '../report/transit-metrics.ts';
import { type Clock, elapsedAtMost, type Instant } from '../runtime/clock.ts';
import type { Controller, ControllerMetrics } from '../runtime/controller.ts';
import { Elector } from '../runtime/elector.ts';
import type { Random } from '../runtime/random.ts';
import type { Ticker } from '../runtime/ticker.ts';
import { createAcknowledgeLoop } from './acknowledge.ts';
import { AssignmentBook } from './assignments.ts';
import { createAvailabilityLoop } from './availability.ts';
import { createClassLoop } from './class-loop.ts';
import { type CohortLoop, createCohortLoop } from './cohort-loop.ts';
import type { HubContext, OnProved } from './context.ts';
import { SCOPE_INDEX } from './dependencies.ts';
import { DependencyWaits } from './dependency-waits.ts';
import { createDirectoryLoop } from './directory-loop.ts';
import { createDrillLoop } from './drill-loop.ts';
import { GrantBook } from './grants.ts';
import { createGroupLoop } from './group-loop.ts';
import { HTTP_ROUTE } from './http-route.ts';
import { Inheritance } from './inheritance.ts';
import { createInstanceLoop, createInstanceReportLoop } from './instance-loop.ts';
import { KeptEmptyBook } from './kept-empty-book.ts';
import { Leadership } from './leadership.ts';
import { createOrderLoop } from './order-loop.ts';
import { pictureOf, watchesOfHub } from './picture.ts';
import { createPlacementLoop } from './placement-loop.ts';
import { PlacementCache } from './placements.ts';
import type { ProfileOptions } from './profile-credentials.ts';
import { createRecordWatch } from './record-watch.ts';
import type { RegionLink } from './region-link.ts';
import { type ConnectRegion, RegionLinks } from './region-links.ts';
import { createSwitchLoop, type SwitchLoop } from './switch-loop.ts';
import { createTenantLoop } from './tenant-loop.ts';
import { createTenantNamesLoop, type TenantNamesLoop } from './tenant-names-loop.ts';
import { createTenantTelling, type TenantTelling } from './tenant-telling.ts';
import { DNS_ENDPOINT, NAME_INDEX } from './traffic.ts';
import { createTransitLoop } from './transit-loop.ts';

export interface HubOptions {
  readonly client: KubeClient;
  readonly connect: ConnectRegion;
  /** How regions of an inventory are reached; absent: ClusterProfiles are not read. */
  readonly profiles?: ProfileOptions | undefined;
  /** Unique per process start. */
  readonly identity: string;
  /** Election time of the hub in milliseconds; with two heartbeats it must be less than the lease of every group. */
  readonly electionMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics?: ControllerMetrics;
  /** Told when this process begins and ceases to lead. */
  readonly onLeading?: (leads: boolean) => void;
  /** Told when a region is found to be something else than before. */
  readonly onDiagnosed?: (region: string, diagnosis: Diagnosis) => void;
  readonly onProved?: OnProved;
  /** How the name servers of groups are asked; absent: they are not. */
  readonly askNameServer?: AskNameServer;
  /** Told how long services were served, once a second. Absent: nobody reckons it. */
  readonly onServedTime?: (time: ServedTime) => void;
  /** Told of RegionSwitches as they go, while this process leads. */
  readonly recovery?: RecoveryMetrics;
  /** Absent: nobody traces. */
  readonly traceSwitches?: TraceSwitches;
}

/** Bound of the ratio of the clock rates of the hub's own candidates; 20 % as in the default timings. */
const CLOCK_RATE_ERROR = 0.2;
const REPORT_DELAY_MS = 250;
/** Longer behind a backlog, so that a storm of changes is told once: milliseconds for each key that is ready. */
const REPORT_DELAY_PER_KEY_MS = 2;
/** While services are being moved, what is told of them comes after what moves them: so long after the last one moved. */
const MOVE_REPORT_DELAY_MS = 3000;
const GROUP_DELAY_MS = 2500;

export interface Hub {
  start(): void;
  stop(): Promise<void>;
  /** Whether the caches are filled. */
  readonly ready: boolean;
  readonly leading: boolean;
  /** What is held now, for metrics. */
  brakes(): Brakes;
  /** What was last recorded of the transit centres, for metrics. */
  transit(): readonly TransitRecord[];
  /** How far what was written for DNS has come, for metrics. */
  records(): WrittenRecords;
  /** What the caches show, for metrics; undefined while this process does not lead. */
  picture(): HubPicture | undefined;
  /** How fresh the caches are, for metrics. */
  watches(): readonly Watched[];
}

/** The loops of one region, started and stopped with its link. */
interface RegionLoops {
  readonly orders: Controller;
  readonly acknowledge: Ticker;
  readonly directory: Ticker;
}

/** The hub role. Every loop is made here; which of them decides what stands at the head of each file. */
export function createHub(options: HubOptions): Hub {
  const hub = new HubLoops(options);
  return hub;
}

class HubLoops implements Hub {
  readonly #options: HubOptions;
  readonly #context: HubContext;
  readonly #elector: Elector;
  readonly #placement: Ticker;
  readonly #cohorts: CohortLoop;
  readonly #switches: SwitchLoop;
  readonly #drills: Ticker;
  readonly #transit: Ticker;
  readonly #tenantNames: TenantNamesLoop;
  readonly #recordWatch: Ticker | undefined;
  readonly #availability: Ticker | undefined;
  readonly #instances: Controller;
  readonly #instanceReports: Controller;
  readonly #groups: Controller;
  readonly #tenants: Controller;
  readonly #classes: Controller;
  readonly #regions = new Map<string, RegionLoops>();
  readonly #telling: TenantTelling;
  #movedAt: Instant | undefined;
  #isStopped = false;
  /** Regions know a higher term, of a hub that is stopped. */
  #isOutranked = false;
  #isBeginningAnew = false;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#context = this.#createContext();
    const { metrics } = options;
    this.#elector = this.#createElector();
    this.#context.leadership.bind(this.#elector, options.identity);
    this.#placement = createPlacementLoop(this.#context);
    this.#switches = createSwitchLoop(this.#context);
    this.#drills = createDrillLoop(this.#context);
    this.#cohorts = createCohortLoop(this.#context, () => this.#planned());
    this.#tenantNames = createTenantNamesLoop(this.#context, this.#cohorts.plan);
    this.#recordWatch = options.askNameServer && createRecordWatch(this.#context, options.askNameServer);
    this.#instanceReports = createInstanceReportLoop(this.#context, metrics);
    this.#instances = createInstanceLoop(this.#context, this.#instanceReports, metrics);
    this.#groups = createGroupLoop(this.#context, this.#cohorts.plan, metrics);
    this.#tenants = createTenantLoop(this.#context, this.#cohorts.plan, metrics);
    this.#classes = createClassLoop(this.#context, metrics);
    this.#transit = createTransitLoop(this.#context, this.#cohorts.plan);
    this.#availability = options.onServedTime && createAvailabilityLoop(this.#context, options.onServedTime);
    this.#telling = createTenantTelling(this.#context, {
      ofInstance: (key) => {
        for (const tenant of this.#cohorts.tenantsOf(key)) this.#tenants.enqueue(tenant, 'resync');
      },
      ofGroup: (name) => this.#enqueueTenants(({ spec }) => spec.iuGroupRef.name === name),
    });
    this.#connect();
  }

  get ready(): boolean {
    const { groups, classes, tenants, instances, switches } = this.#context;
    return [groups, classes, tenants, instances, switches].every(({ reflector }) => reflector.synced);
  }

  get leading(): boolean {
    return this.#context.leadership.isCertain();
  }

  brakes(): Brakes {
    const { clock, holds, standings } = this.#context;
    const nowMs = clock.now().wallMs;
    if (!this.leading) return { holds: [], freezes: [], nowMs };
    const freezes = [...standings].flatMap(([group, standing]) =>
      standing.freezes.map((freeze) => ({ ...freeze, group })),
    );
    return { holds: holds.values(), freezes, nowMs };
  }

  transit(): readonly TransitRecord[] {
    if (!this.leading) return [];
    return [...this.#context.transit].map(([group, { centres }]) => ({ group, centres }));
  }

  records(): WrittenRecords {
    const { clock, groups, instances } = this.#context;
    const nowMs = clock.now().wallMs;
    if (!this.leading) return { sets: [], nowMs };
    const sets = groups.store.list().flatMap(({ metadata: { name }, spec, status }) => {
      const ofServices = instances.store.byIndex('group', name).map((instance) => instance.status?.traffic);
      const isWatched = spec.traffic?.resolver !== undefined;
      const written = [...ofServices, status?.traffic?.ingress].filter((set) => set !== undefined);
      return written.map((set) => ({ group: name, set, isWatched }));
    });
    return { sets, nowMs };
  }

  picture(): HubPicture | undefined {
    return this.leading ? pictureOf(this.#context) : undefined;
  }

  watches(): readonly Watched[] {
    return watchesOfHub(this.#context);
  }

  start(): void {
    for (const { reflector } of this.#informers()) reflector.start();
    for (const controller of this.#controllers()) controller.start();
    for (const ticker of this.#tickers()) ticker.start();
    this.#elector.start();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const loops = [...this.#regions.values()];
    await Promise.all(
      [...this.#tickers(), ...loops.flatMap(({ acknowledge, directory }) => [acknowledge, directory])].map((ticker) =>
        ticker.stop(),
      ),
    );
    await Promise.all([...this.#controllers(), ...loops.map(({ orders }) => orders)].map((c) => c.stop()));
    // The lease goes after the last write: until then nobody else leads.
    await this.#elector.stop();
    await this.#context.links.stop();
    await this.#context.events.close();
    await Promise.all([...this.#informers(), this.#context.routes].map(({ reflector }) => reflector.stop()));
  }

  #informers() {
    const { classes, endpoints, groups, instances, switches, tenants } = this.#context;
    return [groups, classes, tenants, instances, switches, endpoints];
  }
  #controllers = () => [this.#instances, this.#instanceReports, this.#groups, this.#tenants, this.#classes];
  #tickers = () => [
    this.#placement,
    this.#cohorts.ticker,
    this.#switches.ticker,
    this.#drills,
    this.#transit,
    this.#telling.ticker,
    ...this.#namers(),
    ...(this.#availability ? [this.#availability] : []),
  ];
  #namers = () => [this.#tenantNames.ticker, ...(this.#recordWatch ? [this.#recordWatch] : [])];

  #createContext(): HubContext {
    const { client, clock, connect, identity, log, random } = this.#options;
    const onError = (error: unknown): void => log('debug', 'Watch interrupted', { error: String(error) });
    const base = { client, clock, random, onError };
    const groups = createInformer<IUGroup>({ ...base, resource: RESOURCES.iuGroup });
    const classes = createInformer<ServiceClass>({ ...base, resource: RESOURCES.serviceClass });
    const instanceIndexes = {
      group: ({ spec }: ServiceInstance) => [spec.iuGroupRef.name],
      class: ({ spec }: ServiceInstance) => [spec.serviceClassRef.name],
      [NAME_INDEX]: ({ metadata }: ServiceInstance) => [metadata.name],
      [SCOPE_INDEX]: (instance: ServiceInstance) => [scopeOf(instance)],
      region: (instance: ServiceInstance) => [
        ...new Set([
          ...regionsOf(instance),
          ...(instance.status?.assignment?.history ?? []).map((entry) => entry.region),
        ]),
      ],
    };
    const context: Omit<HubContext, 'inheritance'> = {
      ...this.#options,
      onDiagnosed: this.#options.onDiagnosed ?? (() => undefined),
      applier: createApplier({ client, fieldManager: FIELD_MANAGERS.hub }),
      events: new EventRecorder({ ...base, reportingController: 'switchback.dev/hub', reportingInstance: identity }),
      groups,
      classes,
      tenants: createInformer<Tenant>({ ...base, resource: RESOURCES.tenant, transform: createTenantTransform() }),
      instances: createInformer<ServiceInstance>({
        ...base,
        resource: RESOURCES.serviceInstance,
        indexers: instanceIndexes,
      }),
      switches: createInformer<RegionSwitch>({ ...base, resource: RESOURCES.regionSwitch }),
      endpoints: createInformer<DNSEndpoint>({ ...base, resource: DNS_ENDPOINT }),
      routes: createInformer<HTTPRoute>({ ...base, resource: HTTP_ROUTE }),
      leadership: new Leadership(clock),
      assignments: new AssignmentBook(client),
      grants: new GrantBook(clock),
      dependencyWaits: new DependencyWaits(clock),
      placements: new PlacementCache(groups.store, classes.store),
      links: new RegionLinks({
        hub: client,
        connect,
        clock,
        random,
        onEngaged: (link, group) => this.#engaged(link, group),
        onDisengaged: (link) => this.#disengaged(link),
        onError: (region, error) => log('debug', 'Region link failed', { region, error: String(error) }),
        profiles: this.#options.profiles,
        onCredentials: (region, problem) => {
          if (problem)
            log('warn', 'Credentials not given', { region, reason: problem.reason, because: problem.message });
          else log('info', 'Credentials given again', { region });
          const group = this.#context.links.groupOf(region);
          if (group) this.#groups.enqueue(keyOf(group));
        },
      }),
      outranked: () => void this.#beginAnew(),
      diagnoses: new Map(),
      failures: new Map(),
      troubledRegions: new Set(),
      isolatedAt: new Map(),
      holds: new Map(),
      plans: new Map(),
      standings: new Map(),
      tenantBook: () => this.#cohorts.book(),
      drills: new Map(),
      keptEmpty: new KeptEmptyBook(),
      transit: new Map(),
      // The loop that plans them is made after this.
      cohortPlan: () => this.#cohorts?.plan(),
      capacities: new Map(),
      directories: new Map(),
      traffic: new Map(),
      naming: new Map(),
      seen: new Map(),
      lookAgain: {
        instance: (key) => this.#reportSoon(key),
        region: (region) => this.#regionChanged(region),
        group: (name) => this.#groups.enqueue(name),
        tenants: (group) => this.#telling.groupChanged(group),
      },
      noteMove: (move) => {
        this.#movedAt = clock.now();
        this.#switches.note(move);
        this.#switches.ticker.poke();
      },
    };
    return { ...context, inheritance: new Inheritance(context) };
  }

  #createElector(): Elector {
    const { client, clock, electionMs, identity, log, random } = this.#options;
    const renewEveryMs = electionMs / 3;
    const where = { namespace: SYSTEM_NAMESPACE, name: 'switchback-hub' };
    return new Elector({
      lock: createLeaseLock({
        client,
        clock,
        ...where,
        electionMs,
        timeoutMs: electionMs,
        pastAnnotation: ANNOTATIONS.pastLeaders,
      }),
      identity,
      clock,
      random,
      electionMs,
      renewEveryMs,
      clockRateError: CLOCK_RATE_ERROR,
      // Only over hubs that are known to be stopped: to begin above one that lives would take its regions from it.
      termFloor: () => (this.#isOutranked ? this.#highestTerm() : 0),
      onLead: (term) => {
        log('info', 'Hub leads', { term });
        this.#options.onLeading?.(true);
        this.#beginLeadership();
      },
      onLose: (reason) => {
        log('warn', 'Hub leads no more', { reason });
        this.#options.onLeading?.(false);
        this.#context.leadership.end();
        this.#context.assignments.forget();
      },
      onError: (error) => log('debug', 'Election failed', { error: String(error) }),
    });
  }

  /** Gives leadership up and campaigns again, with a term above every one that a region shows. */
  async #beginAnew(): Promise<void> {
    if (this.#isBeginningAnew) return;
    this.#isBeginningAnew = true;
    this.#isOutranked = true;
    await this.#elector.stop();
    this.#isBeginningAnew = false;
    if (!this.#isStopped) this.#elector.start();
  }

  /** A new term is above every one that a region has ever seen, also when the hub's own record was lost. */
  #highestTerm(): number {
    const terms = this.#context.links.list().map((link) => link.leases.store.get(link.region)?.spec.hub?.term ?? 0);
    return Math.max(0, ...terms);
  }

  /** Nothing that an earlier leadership knew counts: assignments are read again, acknowledgements count from now. */
  #beginLeadership(): void {
    const {
      assignments,
      classes,
      dependencyWaits,
      diagnoses,
      failures,
      grants,
      groups,
      leadership,
      links,
      plans,
      standings,
      switches,
      tenants,
      traffic,
    } = this.#context;
    this.#options.recovery?.known(switches.store.list());
    this.#isOutranked = false;
    this.#context.inheritance.forget();
    assignments.forget();
    grants.forget();
    dependencyWaits.forget();
    this.#cohorts.forgetBook();
    diagnoses.clear();
    failures.clear();
    plans.clear();
    standings.clear();
    traffic.clear();
    this.#tenantNames.forget();
    this.#context.seen.clear();
    links.beginLeadership();
    // A cache may lag behind what the leader before has acted on: a tenant, a freeze. Instances come with the assignments.
    const read = [groups, classes, tenants, switches].map(({ reflector }) => reflector.refresh());
    for (const each of read) void each.then(() => this.#placement.poke());
    leadership.begin();
    this.#placement.poke();
    this.#cohorts.ticker.poke();
    this.#enqueueAll();
  }

  #enqueueAll(): void {
    const { classes, groups, instances } = this.#context;
    for (const serviceClass of classes.store.list()) this.#classes.enqueue(keyOf(serviceClass));
    for (const group of groups.store.list()) this.#groups.enqueue(keyOf(group));
    for (const instance of instances.store.list()) this.#enqueueInstance(keyOf(instance));
  }

  /** Who was changed waits for an answer; what a new plan says to the others comes behind what moves. */
  #planned(): void {
    this.#enqueueTenants(({ metadata, status }) => status?.observedGeneration !== metadata.generation);
    const groups = new Set(this.#context.tenants.store.list().map(({ spec }) => spec.iuGroupRef.name));
    for (const group of groups) this.#telling.groupChanged(group);
    this.#tenantNames.planned();
    for (const { directory } of this.#regions.values()) directory.poke();
  }

  #enqueueTenants(isMeant: (tenant: Tenant) => boolean): void {
    for (const tenant of this.#context.tenants.store.list()) {
      if (isMeant(tenant)) this.#tenants.enqueue(keyOf(tenant), 'resync');
    }
  }

  /** An instance concerns its own status, which may wait a moment, and the orders of every region, which may not. */
  #enqueueInstance(key: string): void {
    this.#reportSoon(key);
    for (const { orders } of this.#regions.values()) orders.enqueue(key, 'failover');
  }

  /** Once for many changes, and behind the intents of a switch. */
  #reportSoon(key: string): void {
    const { queue } = this.#instances;
    const { clock } = this.#options;
    // Weights are traffic: they follow a region at once, and no intent competes with them.
    const isWeighted = this.#context.instances.store.get(key)?.status?.weights !== undefined;
    const isMoving = !isWeighted && this.#movedAt && elapsedAtMost(this.#movedAt, clock.now()) < MOVE_REPORT_DELAY_MS;
    const delayMs = isMoving ? MOVE_REPORT_DELAY_MS : REPORT_DELAY_MS + REPORT_DELAY_PER_KEY_MS * queue.size;
    queue.addAfter(key, delayMs, 'resync');
  }

  #engaged(link: RegionLink, group: IUGroup): void {
    const { heartbeatMs } = computeProtocolTiming(group.spec.timings);
    const loops = {
      orders: createOrderLoop(this.#context, link, this.#options.metrics),
      acknowledge: createAcknowledgeLoop(this.#context, link, heartbeatMs),
      directory: createDirectoryLoop(this.#context, link, this.#cohorts.plan, () => this.#movedAt),
    };
    this.#regions.set(link.region, loops);
    link.services.store.addHandler((delta) => {
      const key = keyOf(delta.object);
      this.#reportSoon(key);
      this.#servesNow(delta);
      if (isReport(delta)) return;
      // What one region has confirmed, the order of another one may have to tell.
      for (const { orders } of this.#regions.values()) orders.enqueue(key);
      this.#switches.ticker.poke();
      // A confirmation may be all that the new side has been waiting for.
      for (const { acknowledge } of this.#regions.values()) acknowledge.poke();
    });
    link.regions.store.addHandler(() => this.#groups.enqueue(group.metadata.name));
    void link.services.reflector.whenSynced().then(() => {
      this.#placement.poke();
      this.#groups.enqueue(group.metadata.name);
      this.#enqueueAll();
    });
    void link.regions.reflector.whenSynced().then(() => this.#groups.enqueue(group.metadata.name));
    loops.orders.start();
    loops.acknowledge.start();
    loops.directory.start();
  }

  /** What got ready may be all that a promotion has been waiting for; and what needs it is told of it. */
  #servesNow(delta: Delta<RegionalService>): void {
    const { classes, dependencyWaits, instances } = this.#context;
    if (delta.type === 'updated' && delta.old.status?.phase === delta.object.status?.phase) return;
    if (dependencyWaits.size > 0) for (const { acknowledge } of this.#regions.values()) acknowledge.poke();
    const instance = instances.store.get(keyOf(delta.object));
    const serviceClass = instance?.spec.serviceClassRef.name;
    for (const { metadata, spec } of classes.store.list()) {
      if (!instance || !spec.requires?.some((required) => required.serviceClass === serviceClass)) continue;
      const dependents = instances.store.byIndex(SCOPE_INDEX, scopeOf(instance, metadata.name));
      for (const dependent of dependents) this.#reportSoon(keyOf(dependent));
    }
  }

  #disengaged(link: RegionLink): void {
    const loops = this.#regions.get(link.region);
    this.#regions.delete(link.region);
    void loops?.acknowledge.stop();
    void loops?.directory.stop();
    void loops?.orders.stop();
  }

  /** Every change enqueues what it concerns. */
  #connect(): void {
    const { classes, endpoints, groups, instances, links, placements, switches, tenants, assignments } = this.#context;
    groups.store.addHandler((delta) => {
      const { object } = delta;
      this.#groups.enqueue(keyOf(object));
      if (isOwnStatus(delta)) return;
      links.follow(groups.store.list());
      if (object.spec.traffic?.gateway && !this.#isStopped) this.#context.routes.reflector.start();
      this.#cohorts.ticker.poke();
      this.#placement.poke();
      for (const instance of instances.store.byIndex('group', object.metadata.name))
        this.#enqueueInstance(keyOf(instance));
    });
    classes.store.addHandler((delta) => {
      const { object } = delta;
      if (isOwnStatus(delta)) return;
      this.#cohorts.ticker.poke();
      // What a class requires can be had or not, as the others are.
      for (const each of classes.store.list()) this.#classes.enqueue(keyOf(each));
      for (const instance of instances.store.byIndex('class', object.metadata.name))
        this.#enqueueInstance(keyOf(instance));
    });
    tenants.store.addHandler((delta) => {
      if (!isOwnStatus(delta)) this.#cohorts.ticker.poke();
      else this.#tenants.enqueue(keyOf(delta.object), 'resync');
    });
    instances.store.addHandler((delta) => {
      const key = keyOf(delta.object);
      if (delta.type === 'deleted') {
        assignments.delete(key);
        this.#context.dependencyWaits.end(key);
        placements.forget(key);
        this.#context.traffic.delete(key);
        return;
      }
      if (assignments.loaded) assignments.take(delta.object);
      // Also after a report: one that came late may have overwritten a newer one.
      if (isReport(delta)) this.#reportSoon(key);
      else {
        this.#enqueueInstance(key);
        this.#placement.poke();
      }
      this.#groups.queue.addAfter(delta.object.spec.iuGroupRef.name, GROUP_DELAY_MS);
      this.#telling.instanceChanged(key);
    });
    switches.store.addHandler((delta) => {
      this.#measure(delta);
      if (isOwnStatus(delta)) return;
      this.#placement.poke();
      this.#switches.ticker.poke();
    });
    endpoints.store.addHandler(({ object, type }) => {
      const { labels } = object.metadata;
      const group = labels?.[LABELS.records] && labels[LABELS.iuGroup];
      if (group) this.#groups.queue.addAfter(group, GROUP_DELAY_MS);
      else this.#reportSoon(keyOf(object));
      if (type === 'deleted') this.#context.seen.delete(keyOf(object));
    });
    this.#context.routes.store.addHandler(({ object }) => this.#reportSoon(keyOf(object)));
    void this.#context.routes.reflector.whenSynced().then(() => {
      for (const instance of instances.store.list()) this.#reportSoon(keyOf(instance));
    });
    // ExternalDNS may be installed later than we are: its kind is there now, and nothing else would tell.
    void endpoints.reflector.whenSynced().then(() => {
      for (const instance of instances.store.list()) this.#reportSoon(keyOf(instance));
      for (const group of groups.store.list()) this.#groups.enqueue(keyOf(group));
      this.#tenantNames.ticker.poke();
    });
  }

  /** For metrics. What stood there before this leadership, the leader before has measured. */
  #measure({ object, type }: Delta<RegionSwitch>): void {
    const { recovery } = this.#options;
    if (type === 'deleted') recovery?.gone(object.metadata.name);
    else if (this.leading) recovery?.seen(object);
  }

  #regionChanged(region: string): void {
    for (const instance of this.#context.instances.store.byIndex('region', region)) {
      const key = keyOf(instance);
      for (const { orders } of this.#regions.values()) orders.enqueue(key, 'failover');
      if (instance.status?.weights) this.#reportSoon(key);
      else this.#instances.queue.addAfter(key, MOVE_REPORT_DELAY_MS, 'resync');
    }
    const group = this.#context.links.groupOf(region);
    if (group) this.#groups.enqueue(keyOf(group));
  }
}

/** Tenants are many and alike: they share what they say, and keep no annotation, because we read none. */
function createTenantTransform(): (tenant: Tenant) => Tenant {
  const share = createSharing();
  return ({ metadata: { annotations, ...metadata }, spec, status, ...tenant }) => {
    const serviceSets = share(status?.serviceSets);
    const conditions = status?.conditions?.map((condition) => share(condition));
    const impact = share(status?.impact);
    return {
      ...tenant,
      metadata,
      spec: share(spec),
      ...(status && {
        status: {
          ...status,
          ...(serviceSets && { serviceSets }),
          ...(conditions && { conditions }),
          ...(impact && { impact }),
        },
      }),
    };
  };
}

/** Whether an update says nothing that is acted on: no new spec, no epoch, no end; conditions and counts at most. */
const isReport = (delta: Delta<ServiceInstance> | Delta<RegionalService>): boolean =>
  delta.type === 'updated' && isDeepStrictEqual(actedOn(delta.old), actedOn(delta.object));

const actedOn = ({ metadata, status }: ServiceInstance | RegionalService) => [
  metadata.uid,
  metadata.generation,
  metadata.deletionTimestamp,
  metadata.finalizers,
  status && 'assignment' in status ? status.assignment?.epoch : undefined,
  status && 'standbyEpoch' in status ? status.standbyEpoch : undefined,
  status && 'grantedEpoch' in status ? status.grantedEpoch : undefined,
];

/** Of these kinds the status is written by the hub alone: nothing else follows from it. */
const isOwnStatus = (delta: Delta<IUGroup> | Delta<RegionSwitch> | Delta<ServiceClass> | Delta<Tenant>): boolean =>
  delta.type === 'updated' &&
  delta.old.metadata.generation === delta.object.metadata.generation &&
  delta.object.metadata.deletionTimestamp === undefined;
