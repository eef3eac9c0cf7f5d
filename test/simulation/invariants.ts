import { LABELS } from '../../src/api/labels.ts';
import type { RegionLease } from '../../src/api/region-lease.ts';
import type { RegionSwitch } from '../../src/api/region-switch.ts';
import type { RegionalService } from '../../src/api/regional-service.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import type { ServiceInstance } from '../../src/api/service-instance.ts';
import { regionsOf } from '../../src/decide/assignment.ts';
import { DEPLOYMENT, type Deployment, POD, type Pod, STATEFUL_SET, type StatefulSet } from '../../src/kube/kinds.ts';
import { type KubeObject, keyOf, type Resource } from '../../src/kube/object.ts';
import type { RunningPod } from '../support/cluster/running-pods.ts';
import { BACKUPS, backupKey, COPIED, HUB, READ_ONLY, STORED } from './catalogue.ts';
import type { World } from './world.ts';

export type Invariant =
  | 'OneActiveRegion'
  | 'StartAfterStop'
  | 'ConfirmedStop'
  | 'StandbyWrites'
  | 'PromotedStore'
  | 'DemotedStore'
  | 'OneGrantPerEpoch'
  | 'GrantAsAssigned'
  | 'EpochsNeverFall'
  | 'NoDeletion'
  | 'ReadyAsSeen'
  /** Of a directed history: where its service has to be. */
  | 'StaysOrGoes'
  | 'NoHarm'
  | 'HoldDown'
  | 'NoMove'
  | 'RightOfGate'
  | 'OneCertainLeader'
  | 'DryRunMovesNothing'
  | 'InOrder'
  | 'Together'
  | 'Settles'
  | 'Rests';

export interface Violation {
  readonly invariant: Invariant;
  readonly message: string;
  readonly atMs: number;
}

/**
 * A user takes a region out of a service and puts it back: so long a deletion that was decided on in between may come,
 * behind a lagging cache (25 s), a process that stood still (45 s) and a late second delivery (45 s).
 */
const LATE_DELETION_MS = 120_000;

const LEADERS_EVERY_MS = 500;

/**
 * Watches what really runs and what really stands in the storages, never what a process believes, at each change: the
 * state between two changes is that after the first one. The first violation ends the history.
 */
export class Observer {
  readonly #world: World;
  #violation: Violation | undefined;
  /** Pods that run and may write, by service and region. */
  readonly #running = new Map<string, Map<string, number>>();
  /** Pods that run and write nothing, by service and region. */
  readonly #copies = new Map<string, Map<string, number>>();
  /** Highest value of what must not fall, by name. */
  readonly #highest = new Map<string, number>();
  /** Region that was assigned at an epoch, by `service@epoch`. */
  readonly #assigned = new Map<string, string>();
  /** Region that was granted an epoch, by `service@epoch`. */
  readonly #granted = new Map<string, string>();
  /** When a region was last seen without a place in a service, by `service/region`. */
  readonly #placelessAt = new Map<string, number>();
  /** Epoch of an order by generation: what a status that names the generation may speak of. */
  readonly #epochs = new Map<string, number>();
  /** Regions whose data store takes writes, by what the Jobs there have done; the first one that is active needs none. */
  readonly #promoted = new Set<string>();
  /** Services that may run in several regions: active in all, or until the others have gone. */
  readonly #several = new Set<string>();
  #writes: string[] = [];
  /** Instances that a person deletes, by key. */
  readonly #unwanted = new Set<string>();

  constructor(world: World) {
    this.#world = world;
    for (const [region, { cluster, server }] of world.regions) {
      cluster.onRunningChange((pod, isRunning) => this.#runs(region, pod, isRunning));
      server.storage.onChange((table, { object, type }) => this.#countWrite(region, table.resource, type, object));
      this.#watch(region, DEPLOYMENT, (object, old) => this.#workloadChanged(region, object, old));
      this.#watch(region, STATEFUL_SET, (object, old) => this.#workloadChanged(region, object, old));
      this.#watch(region, RESOURCES.regionLease, (lease) => this.#leaseChanged(region, lease));
      this.#watch(region, POD, (pod, old) => this.#hookChanged(region, pod, old));
      this.#watch(region, RESOURCES.regionalService, (order, old) => this.#orderChanged(region, order, old));
    }
    world.onUnlawful((message) => this.report('RightOfGate', message));
    this.#watchLeaders();
    world.hub.storage.onChange((table, { object, type }) => this.#countWrite(HUB, table.resource, type, object));
    this.#watch(HUB, RESOURCES.serviceInstance, (instance, old) => this.#instanceChanged(instance, old));
  }

  /** The first invariant that broke. */
  get violation(): Violation | undefined {
    return this.#violation;
  }

  /** Writes to any server since the last call, all but lease traffic. */
  takeWrites(): string[] {
    const writes = this.#writes;
    this.#writes = [];
    return writes;
  }

  regionsRunning(service: string): string[] {
    return regionsIn(this.#running, service);
  }

  /** Regions in which a copy runs that writes nothing. */
  regionsCopied(service: string): string[] {
    return regionsIn(this.#copies, service);
  }

  /** From now on an instance, and what was ordered of it, may go: a person deletes it. */
  expectDeletion(key: string): void {
    this.#unwanted.add(key);
  }

  report(invariant: Invariant, message: string): void {
    if (this.#violation) return;
    const atMs = this.#world.time.nowMs;
    this.#violation = { invariant, message, atMs };
    this.#note(`*** ${invariant}: ${message}`);
    this.#world.time.stop();
  }

  #note(what: string): void {
    this.#world.transcript.note('observer', what);
  }

  #watch<T extends KubeObject>(
    server: string,
    resource: Resource<T>,
    look: (object: T, old: T | undefined) => void,
  ): void {
    this.#world.kind(server, resource).onChange(({ object, old, type }) => {
      look(object, old);
      if (type === 'DELETED' || (object.metadata.deletionTimestamp && !old?.metadata.deletionTimestamp)) {
        this.#deleted(server, object);
      }
    });
  }

  /** That a process is certain to lead means that no other one can: two that are certain at one instant are a split brain. */
  #watchLeaders(): void {
    for (const site of [HUB, ...this.#world.otherHubs.keys(), ...this.#world.regions.keys()]) {
      const certain = this.#world.processes.leadersAt(site);
      if (certain.length > 1) this.report('OneCertainLeader', `${certain.join(' and ')} are both certain to lead`);
    }
    this.#world.time.schedule(LEADERS_EVERY_MS, () => this.#watchLeaders());
  }

  #countWrite(server: string, resource: Resource, type: string, object: KubeObject): void {
    if (resource.plural === 'leases' || resource.plural === 'regionleases') return;
    this.#writes.push(`${server}: ${type} ${resource.plural} ${keyOf(object)}`);
  }

  #runs(region: string, pod: RunningPod, isRunning: boolean): void {
    const service = pod.labels[LABELS.standbyOf] ?? pod.labels[LABELS.service] ?? '';
    if (!Object.hasOwn(BACKUPS, service)) return;
    if (isRunning && service === STORED && this.#world.hasStores) this.#startsOnStore(region, pod.labels[LABELS.hook]);
    // By what the process was told when it was started, whatever its labels say.
    const mayWrite = !pod.args.includes(READ_ONLY);
    if (mayWrite && pod.labels[LABELS.standbyOf] !== undefined)
      this.report('StandbyWrites', `${pod.name} stands by in ${region} and may write`);
    const count = countIn(mayWrite ? this.#running : this.#copies, { service, region }, isRunning ? 1 : -1);
    if (!mayWrite) return;
    if (count === (isRunning ? 1 : 0)) this.#note(`${service} ${isRunning ? 'RUNS' : 'has stopped'} in ${region}`);
    this.#checkActive(service);
  }

  #checkActive(service: string): void {
    const active = this.regionsRunning(service);
    if (active.length > 1 && !this.#several.has(service))
      this.report('OneActiveRegion', `${service} runs in ${active.join(' and ')}`);
  }

  #neverFalls(what: string, value: number | undefined): boolean {
    if (value === undefined) return false;
    const before = this.#highest.get(what) ?? -1;
    if (value < before) this.report('EpochsNeverFall', `${what} fell from ${before} to ${value}`);
    this.#highest.set(what, Math.max(before, value));
    return value > before;
  }

  #instanceChanged(instance: ServiceInstance, old: ServiceInstance | undefined): void {
    const key = keyOf(instance);
    const { assignment } = instance.status ?? {};
    this.#notePlaces(old ?? instance);
    if (!assignment || !this.#neverFalls(`epoch of ${key}`, assignment.epoch)) return;
    this.#assigned.set(`${key}@${assignment.epoch}`, assignment.activeRegion);
    if (assignment.mode === 'Active') this.#several.add(instance.metadata.name);
    const { activeRegion, epoch, onHubLoss, reason, regionSwitch, successors } = assignment;
    if (instance.metadata.name === STORED && epoch === 1) this.#promoted.add(activeRegion);
    if (regionSwitch !== undefined) this.#checkSwitch(key, regionSwitch);
    if (BACKUPS[instance.metadata.name]) {
      this.#note(
        `${instance.metadata.name} is assigned to ${activeRegion} at epoch ${epoch}: ${reason}, ` +
          `successors ${successors.join()}, ${onHubLoss}`,
      );
    }
  }

  #notePlaces(instance: ServiceInstance): void {
    const places = placesOf(instance);
    for (const region of this.#world.regions.keys())
      if (!places.includes(region)) this.#placelessAt.set(`${keyOf(instance)}/${region}`, this.#world.time.nowMs);
  }

  /** What a person only wants to see, or wants to keep from moving, moves nothing. */
  #checkSwitch(key: string, name: string): void {
    const spec = this.#world.kind(HUB, RESOURCES.regionSwitch).get(name)?.spec;
    if (spec?.dryRun || spec?.type === 'Freeze' || spec?.drill?.kind === 'Zone') {
      const what = spec.dryRun ? 'dry run' : spec.type;
      this.report('DryRunMovesNothing', `${key} is moved by ${name}, a ${what}`);
    }
    this.#world.count('moved by hand');
  }

  #leaseChanged(region: string, { spec }: RegionLease): void {
    this.#neverFalls(`term in ${region}`, spec.hub?.term);
    for (const [key, epoch] of Object.entries(spec.hub?.grants ?? {})) this.#granting(region, key, epoch);
  }

  /** An acknowledgement arrived: the promotion itself when it is the first one that names the epoch. */
  #granting(region: string, key: string, epoch: number): void {
    const at = `${key}@${epoch}`;
    const holder = this.#granted.get(at);
    if (holder === region) return;
    // Two hubs may give the same epoch to two regions, one after the other; that never both run is what counts.
    const hasOneHub = this.#world.otherHubs.size === 0;
    if (holder && hasOneHub) this.report('OneGrantPerEpoch', `${at} is granted to ${region} and was to ${holder}`);
    this.#granted.set(at, region);
    const assigned = this.#assigned.get(at);
    if (assigned !== region && hasOneHub)
      this.report('GrantAsAssigned', `${at} is granted to ${region}, assigned to ${assigned}`);
    // Only what is active/backup is granted: from the first right on one region runs it, whatever was before.
    const service = key.slice(key.indexOf('/') + 1);
    if (this.#several.delete(service)) this.#checkActive(service);
    // An acknowledgement that comes late, after a newer one has gone elsewhere, answers a nonce that has run out.
    if (!this.#neverFallsQuietly(`grant of ${key}`, epoch)) return;
    this.#note(`${key} is granted to ${region} at epoch ${epoch}`);
  }

  /**
   * The old side may still run with promises when the new side is granted its right; when that is used to start
   * something, it may not.
   */
  #workloadChanged(region: string, object: Deployment | StatefulSet, old: Deployment | StatefulSet | undefined): void {
    const service = object.metadata.labels?.[LABELS.service] ?? '';
    if (!Object.hasOwn(BACKUPS, service) || (object.spec?.replicas ?? 0) === 0 || (old?.spec?.replicas ?? 0) > 0)
      return;
    const others = this.regionsRunning(service).filter((other) => other !== region);
    if (others.length > 0 && !this.#several.has(service))
      this.report('StartAfterStop', `${service} is started in ${region} while it runs in ${others}`);
  }

  /** Whether `value` is the highest so far. */
  #neverFallsQuietly(what: string, value: number): boolean {
    if (value <= (this.#highest.get(what) ?? -1)) return false;
    this.#highest.set(what, value);
    return true;
  }

  #orderChanged(region: string, order: RegionalService, old: RegionalService | undefined): void {
    const name = `${keyOf(order)} in ${region}`;
    const { epoch, role } = order.spec;
    // By uid: an order that was withdrawn and made anew by a write that came late begins anew, and runs nothing.
    if (this.#neverFalls(`order of ${name} (${order.metadata.uid})`, epoch) && BACKUPS[order.metadata.name]) {
      this.#note(`${order.metadata.name} is ordered ${role} in ${region} at epoch ${epoch}`);
    }
    const { grantedEpoch, standbyEpoch } = order.status ?? {};
    if (old && (old.status?.grantedEpoch ?? 0) > (grantedEpoch ?? 0)) {
      this.report('EpochsNeverFall', `grantedEpoch of ${name} fell`);
    }
    if (standbyEpoch !== undefined && standbyEpoch !== old?.status?.standbyEpoch) this.#confirmed(region, order);
    this.#epochs.set(`${order.metadata.uid}#${order.metadata.generation}`, epoch);
    this.#checkReady(name, order);
  }

  /** Nothing that writes starts on a store that is not promoted; its promotion is what makes it so. */
  #startsOnStore(region: string, hook: string | undefined): void {
    if (hook === undefined && !this.#promoted.has(region))
      this.report('PromotedStore', `${STORED} starts in ${region}, and its data store is not promoted there`);
  }

  #hookChanged(region: string, pod: Pod, old: Pod | undefined): void {
    const hook = pod.metadata.labels?.[LABELS.hook];
    if (hook === undefined || pod.status?.phase !== 'Succeeded' || old?.status?.phase === 'Succeeded') return;
    this.#note(`hook ${hook} has succeeded in ${region}`);
    if (hook === 'demote') this.#promoted.delete(region);
    if (hook === 'promote') this.#promoted.add(region);
  }

  /** A region says that nothing is left: then nothing is. What comes late speaks of an epoch that is over. */
  #confirmed(region: string, { metadata, spec, status }: RegionalService): void {
    const { name } = metadata;
    if (!BACKUPS[name]) return;
    this.#note(`${name} is confirmed to stand by in ${region} at epoch ${status?.standbyEpoch}`);
    if (status?.standbyEpoch === spec.epoch && this.regionsRunning(name).includes(region)) {
      this.report('ConfirmedStop', `${region} confirms that ${name} stands by while it runs there`);
    }
    if (
      name === STORED &&
      this.#world.hasStores &&
      status?.standbyEpoch === spec.epoch &&
      spec.role === 'Standby' &&
      this.#promoted.has(region)
    ) {
      this.report('DemotedStore', `${region} confirms that ${name} stands by while its data store takes writes`);
    }
  }

  #checkReady(name: string, { metadata, status }: RegionalService): void {
    const { generation = 0 } = metadata;
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    const seen = ready?.observedGeneration ?? 0;
    if (ready?.status !== 'True') return;
    if (seen > generation) this.report('ReadyAsSeen', `${name} is Ready for generation ${seen} of ${generation}`);
    const said = Number(/epoch (\d+)/.exec(ready.message)?.[1] ?? Number.NaN);
    const meant = this.#epochs.get(`${metadata.uid}#${seen}`);
    if (!Number.isNaN(said) && meant !== undefined && said !== meant) {
      this.report('ReadyAsSeen', `${name} is Ready at epoch ${said} for a generation of epoch ${meant}`);
    }
  }

  #deleted(server: string, object: KubeObject): void {
    if (this.#unwanted.has(keyOf(object))) return;
    if (object.kind === 'ServiceInstance') this.report('NoDeletion', `${keyOf(object)} was deleted by nobody`);
    if (object.kind !== 'RegionalService') return;
    const placelessAt = this.#placelessAt.get(`${keyOf(object)}/${server}`) ?? Number.NEGATIVE_INFINITY;
    const instance = this.#world.kind(HUB, RESOURCES.serviceInstance).get(keyOf(object));
    const isPlaced = instance !== undefined && placesOf(instance).includes(server);
    if (isPlaced && this.#world.time.nowMs - placelessAt > LATE_DELETION_MS) {
      this.report('NoDeletion', `${keyOf(object)} was deleted in ${server}, where it has a place`);
    }
  }
}

/** With mode `None` only the primary region. */
const placesOf = (instance: ServiceInstance): readonly string[] =>
  instance.status?.assignment?.mode === 'None' ? [instance.spec.primaryRegion] : regionsOf(instance);

type Counts = Map<string, Map<string, number>>;

const regionsIn = (counts: Counts, service: string): string[] =>
  [...(counts.get(service) ?? [])].filter(([, count]) => count > 0).map(([region]) => region);

function countIn(counts: Counts, of: { service: string; region: string }, change: 1 | -1): number {
  const regions = counts.get(of.service) ?? new Map<string, number>();
  counts.set(of.service, regions);
  const count = (regions.get(of.region) ?? 0) + change;
  regions.set(of.region, count);
  return count;
}

/** What is not yet as declared, in words; empty when everything has arrived where it belongs. */
export function findUnsettled(world: World, observer: Observer): string[] {
  const services = world.kind(HUB, RESOURCES.serviceInstance).list();
  return [
    ...services.flatMap((instance) => unsettledOf(world, observer, instance)),
    ...world.kind(HUB, RESOURCES.regionSwitch).list().flatMap(unfinishedOf),
  ];
}

/** A switch that was asked for ends, and its record says so. What stands until a person takes it back does not. */
function unfinishedOf({ metadata, spec, status }: RegionSwitch): string[] {
  if ((spec.dryRun || spec.type === 'Freeze') && !spec.abort) return [];
  const isOver = status?.endTime !== undefined && status.observedGeneration === metadata.generation;
  return isOver ? [] : [`RegionSwitch ${metadata.name} (${spec.type}) has not ended`];
}

/** Every region that stands by has its copy, and no other one has. */
function uncopiedOf(observer: Observer, instance: ServiceInstance): string[] {
  const { name } = instance.metadata;
  const { activeRegion } = instance.status?.assignment ?? {};
  const wanted = COPIED.has(name) ? regionsOf(instance).filter((region) => region !== activeRegion) : [];
  const found = observer.regionsCopied(name);
  if (found.toSorted().join() === wanted.toSorted().join()) return [];
  return [`${name} is copied in ${found.join() || 'no region'}, not ${wanted.join() || 'none'}`];
}

function unsettledOf(world: World, observer: Observer, instance: ServiceInstance): string[] {
  const { name } = instance.metadata;
  const open: string[] = [];
  // Of a service with one place only nothing can be protected.
  const expected =
    instance.spec.secondaryRegions.length > 0 ? ['Ready', 'Available', 'Protected'] : ['Ready', 'Available'];
  const bad = instance.status?.conditions?.filter(({ status, type }) => expected.includes(type) && status !== 'True');
  for (const condition of bad ?? []) open.push(`${name} ${condition.type}=${condition.status}: ${condition.message}`);
  if (!instance.status?.conditions) open.push(`${name} has no status`);
  if (!BACKUPS[name]) return open;
  const running = observer.regionsRunning(name);
  const { activeRegion } = instance.status?.assignment ?? {};
  if (activeRegion !== instance.spec.primaryRegion) open.push(`${name} is assigned to ${activeRegion}, not home`);
  if (running.join() !== activeRegion)
    open.push(`${name} runs in ${running.join() || 'no region'}, not ${activeRegion}`);
  open.push(...uncopiedOf(observer, instance));
  for (const region of regionsOf(instance)) {
    const order = world.kind(region, RESOURCES.regionalService).get(backupKey(name));
    const ready = order?.status?.conditions?.find(({ type }) => type === 'Ready');
    if (ready?.status !== 'True') open.push(`${name} is not Ready in ${region}: ${ready?.message}`);
  }
  return open;
}
