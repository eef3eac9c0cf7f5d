import { LABELS } from '../../src/api/labels.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import type { ServiceInstanceSpec } from '../../src/api/service-instance.ts';
import { DNS_ENDPOINT } from '../../src/hub/traffic.ts';
import { DEPLOYMENT, JOB, POD, REPLICA_SET, STATEFUL_SET } from '../../src/kube/kinds.ts';
import type { KubeObject, Resource } from '../../src/kube/object.ts';
import { serveBuiltInKinds } from '../support/built-in-kinds.ts';
import { Kind } from '../support/cluster/kind.ts';
import { scheduleDisasters } from '../support/disasters.ts';
import { FakeApiServer } from '../support/fake-api-server.ts';
import { closedAfterPowerLoss, FakeCluster } from '../support/fake-cluster-controllers.ts';
import { FakeNetwork } from '../support/fake-network.ts';
import { CALM, type Call, type FaultKnobs, Faults } from '../support/faults.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { VirtualTime } from '../support/virtual-time.ts';
import { BACKUPS, backupKey, declaredObjects, GROUP, HUB, REGIONS } from './catalogue.ts';
import { Processes } from './processes.ts';
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
  /** Processes for each role and site; two when absent. */
  readonly candidates?: number;
}

interface RegionWorld {
  readonly server: FakeApiServer;
  readonly cluster: FakeCluster;
}

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
  readonly regions = new Map<string, RegionWorld>();
  readonly processes: Processes;
  readonly transcript: Transcript;

  constructor({ seed, knobs = CALM, group = {}, services, candidates }: WorldOptions) {
    this.random = new SeededRandom(seed);
    this.transcript = new Transcript(() => this.time.nowMs);
    this.faults = new Faults({
      random: this.random.fork('faults'),
      knobs,
      isSafe,
      mayPause: (call) => this.#mayPause(call),
    });
    this.network = new FakeNetwork({ time: this.time, faults: this.faults });
    this.hub = this.#addServer(HUB, 'hub');
    for (const region of REGIONS) this.regions.set(region, this.#addRegion(region));
    for (const { resource, object } of declaredObjects(group, services)) this.kind(HUB, resource).create(object);
    this.processes = new Processes({
      time: this.time,
      random: this.random.fork('processes'),
      network: this.network,
      regions: REGIONS,
      ...(candidates === undefined ? {} : { candidates }),
      log: (who, what, fields) => this.transcript.note(who, what, fields),
    });
  }

  /** Objects of one kind in the storage of one server: what a user with `kubectl` sees and changes at once. */
  kind<T extends KubeObject>(server: string, resource: Resource<T>): Kind<T> {
    const at = server === HUB ? this.hub : this.#region(server).server;
    return new Kind(at.storage, this.time, resource);
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

  /** Lets disasters strike between two times, in milliseconds; each of them ends by itself within 70 s. */
  scheduleDisasters(fromMs: number, untilMs: number): void {
    scheduleDisasters({
      time: this.time,
      random: this.random.fork('disasters'),
      network: this.network,
      fleet: this.processes,
      hubs: [HUB],
      regions: REGIONS,
      fromMs,
      untilMs,
      onPower: (region, isOn) => this.#power(region, isOn),
      log: (what) => this.transcript.note('world', what),
    });
  }

  #power(region: string, isOn: boolean): void {
    const { cluster } = this.#region(region);
    if (isOn) {
      this.#closeGates(region);
      cluster.restorePower();
    } else cluster.losePower();
  }

  /**
   * What the gate of write-bearing pods will do (a later issue): with the power nothing of a `Backup` service comes
   * back by itself; it is as if it stood at zero, until an agent with a right starts it again.
   */
  #closeGates(region: string): void {
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
      gate: (pod, reason) => !isBackup(pod) || closedAfterPowerLoss(pod, reason),
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
