import type { Timings } from '../../src/api/iu-group.ts';
import { LABELS } from '../../src/api/labels.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import type { CrossRegionMode } from '../../src/api/service-class.ts';
import type { ServiceInstanceSpec } from '../../src/api/service-instance.ts';
import type { GateSource } from '../../src/decide/desired/gate.ts';
import { DNS_ENDPOINT } from '../../src/hub/traffic.ts';
import { DEPLOYMENT, JOB, POD, REPLICA_SET, STATEFUL_SET } from '../../src/kube/kinds.ts';
import type { KubeObject, Resource } from '../../src/kube/object.ts';
import { AccessLog } from '../support/authorized-transport.ts';
import { serveBuiltInKinds } from '../support/built-in-kinds.ts';
import { Kind } from '../support/cluster/kind.ts';
import { type Hazards, scheduleDisasters } from '../support/disasters.ts';
import { FakeApiServer } from '../support/fake-api-server.ts';
import { closedAfterPowerLoss, FakeCluster } from '../support/fake-cluster-controllers.ts';
import { FakeNetwork } from '../support/fake-network.ts';
import { CALM, type Call, type FaultKnobs, Faults } from '../support/faults.ts';
import { IMAGE } from '../support/objects.ts';
import { Script } from '../support/script.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { VirtualTime } from '../support/virtual-time.ts';
import {
  BACKUPS,
  backupKey,
  type Declared,
  declaredObjects,
  type FencedBy,
  GROUP,
  HUB,
  hasStores,
  REGIONS,
} from './catalogue.ts';
import { Gates } from './gates.ts';
import { type Meters, Processes, RATES } from './processes.ts';
import { serveOurKinds } from './rules.ts';
import { Transcript } from './transcript.ts';

export interface WorldOptions {
  readonly seed: number;
  /** Faults of the network from the start; none when absent. */
  readonly knobs?: FaultKnobs;
  /** Fields of the group's spec: policies. The timings are the defaults that are shipped. */
  readonly group?: Readonly<Record<string, unknown>>;
  /** Places of each service, the primary region first; those of the catalogue when absent. */
  readonly services?: Readonly<Record<string, readonly string[]>>;
  /** What users have declared instead of all that. */
  readonly declared?: readonly Declared[];
  /** Processes for each role and site; two when absent. */
  readonly candidates?: number;
  /** What stops services that run in one region only; agents when absent. */
  readonly fencing?: FencedBy;
  /** How the processes are measured; not at all when absent. */
  readonly meters?: Meters;
  /** Names of deeds that are left out; see `Script`. */
  readonly without?: readonly string[];
}

interface RegionWorld {
  readonly server: FakeApiServer;
  readonly cluster: FakeCluster;
}

/** Of the group: `clockRateErrorPercent: 20`. */
const CLOCK_RATIO = 1.2;
const GATE: GateSource = { image: IMAGE, delivery: 'ImageVolume', agents: ['https://agents:8443'] };

/** Zones and nodes of each region. */
const nodesOf = (region: string) => ({ [`${region}-a`]: 1, [`${region}-b`]: 1 });

/** Changes that a server keeps; enough for the oldest cache that the faults serve. */
const WINDOW = 500;

/**
 * A hub and three regions on virtual time: fake API servers, clusters that really run pods, and the real hub and agent
 * loops as processes. Everything that happens is a function of the seed.
 */
export class World {
  readonly time = new VirtualTime();
  readonly random: SeededRandom;
  readonly faults: Faults;
  readonly network: FakeNetwork;
  readonly hub: FakeApiServer;
  /** Other hubs: made anew from the manifests, or restored from a backup of the first one. */
  readonly otherHubs = new Map<string, FakeApiServer>();
  readonly regions = new Map<string, RegionWorld>();
  readonly processes: Processes;
  readonly transcript: Transcript;
  readonly script: Script;
  /** How often what befell this history, by kind. */
  readonly coverage = new Map<string, number>();
  /** What the processes used of the roles of the chart; they have no other rights. */
  readonly access = new AccessLog((line) => this.#onUnlawful(`asked for what no role grants: ${line}`));
  readonly #fencing: FencedBy;
  readonly #declared: readonly Declared[];
  readonly #gates: Gates;
  #onUnlawful: (message: string) => void = () => {};

  constructor(options: WorldOptions) {
    const { seed, knobs = CALM, group = {}, services, candidates, fencing = 'Agent', meters, without = [] } = options;
    this.random = new SeededRandom(seed);
    this.script = new Script(this.random.fork('script'), without);
    this.#fencing = fencing;
    this.transcript = new Transcript(() => this.time.nowMs);
    this.faults = new Faults({
      random: this.random.fork('faults'),
      knobs,
      isSafe,
      mayPause: (call) => this.#mayPause(call),
      count: (kind) => this.count(kind),
    });
    this.#gates = new Gates({
      time: this.time,
      random: this.random.fork('gates'),
      faults: this.faults,
      clockRatio: CLOCK_RATIO,
      rates: RATES,
      agentsOf: (region) => this.processes.agentsOf(region),
      log: (who, what) => this.transcript.note(who, what),
      onUnlawful: (message) => this.#onUnlawful(message),
    });
    this.network = new FakeNetwork({ time: this.time, faults: this.faults });
    this.hub = this.#addServer(HUB, 'hub');
    for (const region of REGIONS) this.regions.set(region, this.#addRegion(region));
    this.#declared = options.declared ?? declaredObjects(group, services, fencing);
    for (const { resource, object } of this.#declared) this.kind(HUB, resource).create(object);
    this.processes = new Processes({
      time: this.time,
      random: this.random.fork('processes'),
      network: this.network,
      regions: REGIONS,
      access: this.access,
      ...(candidates === undefined ? {} : { candidates }),
      ...(fencing === 'Gate' ? { gate: GATE, mayAllStop: true } : {}),
      ...(meters ? { meters } : {}),
      log: (who, what, fields) => this.transcript.note(who, what, fields),
      onSecondHub: () => this.count('two hubs at once'),
    });
  }

  /** The API server of another hub, with what the manifests in Git say, or with what the first hub holds now. */
  addHub(site: string, from: 'Manifests' | 'Backup'): void {
    const server = this.#addServer(site, 'hub');
    this.otherHubs.set(site, server);
    if (from === 'Backup') server.storage.restore(this.hub.storage);
    else for (const { resource, object } of this.#declared) this.kind(site, resource).create(object);
  }

  get hasStores(): boolean {
    return hasStores(this.#fencing);
  }

  /** Notes that something of a kind befell this history. */
  count(kind: string): void {
    this.coverage.set(kind, (this.coverage.get(kind) ?? 0) + 1);
  }

  /** Told when a process behind a gate runs without a right, and when one asks for what its role does not grant. */
  onUnlawful(listener: (message: string) => void): void {
    this.#onUnlawful = listener;
  }

  /** Objects of one kind in the storage of one server: what a user with `kubectl` sees and changes at once. */
  kind<T extends KubeObject>(server: string, resource: Resource<T>): Kind<T> {
    return new Kind(this.#server(server).storage, this.time, resource);
  }

  /** A user edits the spec of a service. */
  editService(name: string, change: Partial<ServiceInstanceSpec>): void {
    const kind = this.kind(HUB, RESOURCES.serviceInstance);
    const object = kind.get(backupKey(name));
    if (!object) return;
    this.transcript.note('user', `edits ${name}`, change);
    kind.update(object, { ...object, spec: { ...object.spec, ...change } });
  }

  /** A user changes what regions do when they lose the hub. */
  editOnHubLoss(onHubLoss: 'Fence' | 'Hold'): void {
    const kind = this.kind(HUB, RESOURCES.iuGroup);
    const object = kind.get(GROUP);
    if (!object) return;
    this.transcript.note('user', `sets onHubLoss to ${onHubLoss}`);
    kind.update(object, { ...object, spec: { ...object.spec, failover: { ...object.spec.failover, onHubLoss } } });
  }

  /** A user deletes the group and makes it anew with other timings, which no API server can refuse. */
  remakeGroup(timings: Timings): void {
    const kind = this.kind(HUB, RESOURCES.iuGroup);
    const object = kind.get(GROUP);
    if (!object) return;
    this.transcript.note('user', 'deletes the group and makes it anew', timings);
    kind.delete(object);
    const { labels, name } = object.metadata;
    kind.create({ ...object, metadata: { name, ...(labels && { labels }) }, spec: { ...object.spec, timings } });
  }

  /** A user applies another catalogue: the class has another mode. */
  editMode(name: string, mode: CrossRegionMode): void {
    const kind = this.kind(HUB, RESOURCES.serviceClass);
    const object = kind.get(name);
    if (!object) return;
    this.transcript.note('user', `sets crossRegion.mode of ${name} to ${mode}`);
    const { fromTier: _from, ...crossRegion } = object.spec.crossRegion;
    const changed = { ...crossRegion, mode, ...(mode === 'None' ? {} : { fromTier: 'CrossRegionVoice' as const }) };
    kind.update(object, { ...object, spec: { ...object.spec, crossRegion: changed } });
  }

  /** A user lets a class be promoted with an approval only, or without. */
  editPromotion(name: string, promotion: 'Automatic' | 'Approval'): void {
    const kind = this.kind(HUB, RESOURCES.serviceClass);
    const object = kind.get(name);
    if (!object || object.spec.crossRegion.promotion === promotion) return;
    this.transcript.note('user', `sets promotion of ${name} to ${promotion}`);
    kind.update(object, {
      ...object,
      spec: { ...object.spec, crossRegion: { ...object.spec.crossRegion, promotion } },
    });
  }

  /**
   * Lets disasters strike between two times, in milliseconds; each of them ends by itself within 70 s. Those that only
   * gates withstand come where services have gates.
   *
   * @returns when the last one that has struck so far is over
   */
  scheduleDisasters(fromMs: number, untilMs: number): () => number {
    return scheduleDisasters({
      time: this.time,
      random: this.random.fork('disasters'),
      network: this.network,
      fleet: this.processes,
      hubs: [HUB],
      regions: REGIONS,
      fromMs,
      untilMs,
      onPower: (region, isOn) => this.power(region, isOn),
      compact: (name) => this.#server(name).compact(),
      count: (kind) => this.count(kind),
      script: this.script,
      ...(this.#fencing === 'Gate' ? { hazards: this.hazards } : {}),
      log: (what) => this.transcript.note('world', what),
    });
  }

  /** What only services with gates withstand. */
  readonly hazards: Hazards = {
    setObeys: (region, obeys) => this.#region(region).cluster.setObeys(obeys),
    freeze: (region, ms) => this.#region(region).cluster.freeze(ms),
  };

  #server(name: string): FakeApiServer {
    return name === HUB ? this.hub : (this.otherHubs.get(name) ?? this.#region(name).server);
  }

  /** The power of the nodes of a region goes or comes. */
  power(region: string, isOn: boolean): void {
    const { cluster } = this.#region(region);
    if (isOn) {
      if (this.#fencing === 'Agent') this.#stayAtZero(region);
      cluster.restorePower();
    } else cluster.losePower();
  }

  /**
   * Fault model of services without gates: with the power nothing of a `Backup` service comes back by itself; it is as
   * if it stood at zero, until an agent with a right starts it again.
   */
  #stayAtZero(region: string): void {
    for (const resource of [DEPLOYMENT, STATEFUL_SET, REPLICA_SET]) {
      const kind = this.kind<KubeObject & { readonly spec?: object }>(region, resource);
      for (const object of kind.list().filter(isBackup)) {
        kind.update(object, { ...object, spec: { ...object.spec, replicas: 0 } });
      }
    }
    const jobs = this.kind(region, JOB);
    for (const job of jobs.list().filter(isBackup)) {
      if (job.spec) jobs.update(job, { ...job, spec: { ...job.spec, suspend: true } });
    }
    const pods = this.kind(region, POD);
    for (const pod of pods.list().filter(isBackup)) pods.delete(pod, 0);
  }

  #region(name: string): RegionWorld {
    const region = this.regions.get(name);
    if (!region) throw new Error(`there is no region ${name}`);
    return region;
  }

  #addServer(name: string, role: 'hub' | 'region'): FakeApiServer {
    const server = new FakeApiServer({ name, time: this.time, random: this.random.fork(name), window: WINDOW });
    serveBuiltInKinds(server);
    serveOurKinds(server, role);
    if (role === 'hub') server.serve(DNS_ENDPOINT);
    this.network.addServer(server);
    return server;
  }

  #addRegion(name: string): RegionWorld {
    const server = this.#addServer(name, 'region');
    const cluster = new FakeCluster({
      server,
      time: this.time,
      random: this.random.fork(`${name} cluster`),
      zones: nodesOf(name),
      gate: (pod, reason) => !isBackup(pod) || this.#fencing === 'Gate' || closedAfterPowerLoss(pod, reason),
      supervise: (pod, node, on) => this.#gates.supervise(name, pod, node, on),
    });
    return { server, cluster };
  }

  #mayPause(call: Call): boolean {
    const slot = this.processes.slotOf(call.from.id);
    return slot !== undefined && this.processes.mayStop(slot);
  }
}

const isBackup = ({ metadata }: KubeObject): boolean => Object.hasOwn(BACKUPS, metadata.labels?.[LABELS.service] ?? '');

/**
 * What the fault model takes for granted: in a region with a live API server an agent can hold an election, read its
 * orders and fence. A confirmation is none of these.
 */
function isSafe({ from, lane, tag, to }: Call): boolean {
  if (from.site === HUB || from.site !== to.site) return false;
  if (tag.endsWith(' leases') || tag === 'LIST regionalservices') return true;
  return lane === 'fence' && tag !== 'PATCH regionalservices/status';
}
