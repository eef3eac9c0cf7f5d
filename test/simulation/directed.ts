import { API_VERSION } from '../../src/api/common.ts';
import { timings } from '../../src/api/iu-group.ts';
import { ANNOTATIONS, LABELS, STANDBY_SERVICE } from '../../src/api/labels.ts';
import { regionSwitch } from '../../src/api/region-switch.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import type { CrossRegionMode } from '../../src/api/service-class.ts';
import { POD } from '../../src/kube/kinds.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import type { Call, DirectedFault, FaultKnobs } from '../support/faults.ts';
import { CALM } from '../support/faults.ts';
import { aClass } from '../support/objects.ts';
import {
  backupKey,
  type Declared,
  declaredObjects,
  type FencedBy,
  GROUP,
  HUB,
  REGIONS,
  type RegionName,
  STORED,
  WITH_LEDGER,
  WITH_SHIFT,
} from './catalogue.ts';
import { type HistoryOptions, type HistoryResult, resultOf, untilSettled } from './history.ts';
import { Observer } from './invariants.ts';
import { World } from './world.ts';
import { ZONE_DRILLS } from './zone-drills.ts';

/**
 * Histories with a plan, for rules that chance rarely tries: each brings the world into the one situation in which its
 * rule decides. `east` is active at first; a history begins when everything has settled. Chance still draws latencies
 * and clock rates, so every seed is another one.
 */
export interface DirectedHistory {
  readonly name: string;
  /** What is arranged, and which rule it is about. */
  readonly what: string;
  /** What stops services that run in one region only; agents when absent. */
  readonly fencing?: FencedBy;
  /** Fields of the group's failover policy. */
  readonly failover?: Readonly<Record<string, unknown>>;
  /** Services with their places; without the one that needs others when absent. */
  readonly services?: Readonly<Record<string, readonly string[]>>;
  /** Other fields of the group. */
  readonly group?: Readonly<Record<string, unknown>>;
  /** Services that are A-B pairs, whatever they are elsewhere. */
  readonly pairs?: readonly string[];
  readonly arrange: (stage: Stage) => void;
}

/** The default timings, and the shortest ones. */
const SHIPPED = timings.parse({});
const QUICK = timings.parse({
  heartbeatSeconds: 1,
  leaseSeconds: 3,
  takeoverSeconds: 1,
  stopBudgetSeconds: 2,
  clockRateErrorPercent: 0,
});
const BEGIN_MS = 20_000;
/** Everything that was arranged has happened; then all is mended. */
const MEND_MS = 110_000;
const SETTLED_BY_MS = 420_000;
/** After that a region that cannot be reached counts as lost by itself. */
const LOST_MS = 6_500;
const AFTER_THAT_MS = 20_000;
/** By then a region that was lost at the beginning is left out of the successors. */
const LEFT_OUT_MS = 20_000;

/** What a directed history has in its hands. Times are milliseconds after its beginning. */
export class Stage {
  readonly world: World;
  readonly observer: Observer;
  readonly #cuts: [string, string][] = [];
  readonly #faults: (() => void)[] = [];

  constructor(world: World, observer: Observer) {
    this.world = world;
    this.observer = observer;
  }

  at(ms: number, act: () => void): void {
    this.world.time.schedule(BEGIN_MS + ms - this.world.time.nowMs, act);
  }

  /** The same, counted from now. */
  after(ms: number, act: () => void): void {
    this.world.time.schedule(ms, act);
  }

  /** Cuts both ways between two sites, or between a process and a server. */
  cut(one: string, other: string): void {
    this.world.transcript.note('stage', `cuts ${one} off from ${other}`);
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      this.world.network.cut(from, to);
      this.#cuts.push([from, to]);
    }
  }

  heal(one: string, other: string): void {
    this.world.transcript.note('stage', `joins ${one} and ${other}`);
    this.world.network.heal(one, other);
    this.world.network.heal(other, one);
  }

  /** Nor can they see it then: with the hub cut off too, it is taken for lost. */
  cutFromPeers(region: RegionName): void {
    for (const site of REGIONS) if (site !== region) this.cut(region, site);
  }

  isolate(region: RegionName): void {
    for (const site of [HUB, ...REGIONS]) if (site !== region) this.cut(region, site);
  }

  /** Another hub, whose processes start later; it is gone when everything is mended. */
  addHub(site: string, from: 'Manifests' | 'Backup'): void {
    this.world.transcript.note('stage', `${site} is made from the ${from}`);
    this.world.addHub(site, from);
  }

  openHub(site: string): void {
    this.world.transcript.note('stage', `${site} starts`);
    this.world.processes.open(site);
  }

  closeHub(site: string): void {
    this.world.transcript.note('stage', `${site} is gone`);
    for (const { site: at, ...slot } of this.world.processes.slots)
      if (at === site) this.world.processes.processIn({ ...slot, site }).crash();
  }

  /** The hub and all that it has; it is back when everything is mended. */
  loseHub(): void {
    for (const slot of this.world.processes.slots.filter(({ site }) => site === HUB))
      this.crash(this.world.processes.processIn(slot).id);
  }

  /** Much is written at a site: what its API server counts versions by goes on beyond those of any other. */
  countOn(site: string): void {
    const groups = this.world.kind(site, RESOURCES.iuGroup);
    for (let count = 0; count < 2000; count += 1) {
      const group = groups.get(GROUP);
      if (!group) return;
      const labels = { ...group.metadata.labels, count: `${count}` };
      groups.update(group, { ...group, metadata: { ...group.metadata, labels } });
    }
  }

  /** A person tells a hub that those which the regions remember now are stopped. */
  confirmStopped(site: string): void {
    const records = REGIONS.flatMap(
      (region) => this.world.kind(region, RESOURCES.regionLease).get(region)?.spec.hub?.record ?? [],
    );
    const groups = this.world.kind(site, RESOURCES.iuGroup);
    const group = groups.get(GROUP);
    if (!group) return;
    this.world.transcript.note('user', `tells ${site} that ${records.join(' and ')} is stopped`);
    const annotations = { ...group.metadata.annotations, [ANNOTATIONS.hubStopped]: records.join() };
    groups.update(group, { ...group, metadata: { ...group.metadata, annotations } });
  }

  /** A violation when the region was last acknowledged by a process of another site. */
  mustAnswer(site: string, region: RegionName, atMs: number): void {
    this.at(atMs, () => {
      const by = this.world.kind(region, RESOURCES.regionLease).get(region)?.spec.hub?.by ?? 'nobody';
      if (!by.startsWith(`${site}.`)) this.observer.report('StaysOrGoes', `${region} is answered by ${by}`);
    });
  }

  mend(): void {
    this.world.transcript.note('stage', 'mends everything');
    for (const site of this.world.otherHubs.keys()) this.closeHub(site);
    for (const [from, to] of this.#cuts) this.world.network.heal(from, to);
    for (const remove of this.#faults) remove();
    this.world.faults.setKnobs(CALM);
  }

  fault(fault: DirectedFault): void {
    this.#faults.push(this.world.faults.direct(fault));
  }

  /** Id of the process that leads at a site, and of the one that does not. */
  leaderAt(site: string): string {
    const slot = this.world.processes.leaderAt(site);
    if (!slot) throw new Error(`nobody leads in ${site}`);
    return this.world.processes.processIn(slot).id;
  }

  followerAt(site: string): string {
    const leader = this.leaderAt(site);
    const slot = this.world.processes.slots.find(
      (other) => other.site === site && this.world.processes.processIn(other).id !== leader,
    );
    if (!slot) throw new Error(`nobody follows in ${site}`);
    return this.world.processes.processIn(slot).id;
  }

  /**
   * The events of one kind do not reach a process before a time; what happened after `onlyFirstMs` comes 20 s after that.
   * Times are counted from the beginning.
   */
  holdEvents(processId: string, tag: string, untilMs: number, onlyFirstMs = Number.POSITIVE_INFINITY): void {
    const { faults, time } = this.world;
    faults.directEvents((call) => {
      const nowMs = time.nowMs - BEGIN_MS;
      const leftMs = untilMs + (nowMs > onlyFirstMs ? AFTER_THAT_MS : 0) - nowMs;
      const isHeld = call.from.id === processId && call.tag === `WATCH ${tag}` && leftMs > 0;
      return isHeld ? { delayMs: leftMs, end: undefined } : undefined;
    });
  }

  /** Somebody writes a label on the order of a service that changes nothing: an event. */
  touchOrder(service: string, region: RegionName): void {
    const kind = this.world.kind(region, RESOURCES.regionalService);
    const order = kind.get(backupKey(service));
    if (!order) return;
    const labels = { ...order.metadata.labels, touched: `${Math.round(this.world.time.nowMs)}` };
    kind.update(order, { ...order, metadata: { ...order.metadata, labels } });
  }

  /** Calls `act` when a region has confirmed for the first time from now on that a service stands by. */
  onceConfirmed(service: string, region: RegionName, act: () => void): void {
    let isDone = false;
    this.world.kind(region, RESOURCES.regionalService).onChange(({ object, old }) => {
      const { standbyEpoch } = object.status ?? {};
      if (isDone || object.metadata.name !== service || standbyEpoch === old?.status?.standbyEpoch) return;
      isDone = true;
      act();
    });
  }

  /** The API server of a region is gone until everything is mended; its nodes live. */
  loseServer(region: RegionName): void {
    this.world.transcript.note('stage', `API server of ${region} is lost`);
    this.world.network.setServer(region, 'refusing');
    this.at(MEND_MS - BEGIN_MS, () => this.world.network.setServer(region, 'up'));
  }

  losePower(region: RegionName, ms: number): void {
    this.world.transcript.note('stage', `${region} is without power for ${Math.round(ms)} ms`);
    this.world.power(region, false);
    this.after(ms, () => this.world.power(region, true));
  }

  agentsOf(region: RegionName | typeof HUB): readonly string[] {
    const slots = this.world.processes.slots.filter(({ site }) => site === region);
    return slots.map((slot) => this.world.processes.processIn(slot).id);
  }

  crash(processId: string): void {
    this.world.transcript.note('stage', `kills ${processId}`);
    this.#process(processId).crash();
    const slot = this.world.processes.slotOf(processId);
    if (slot) this.at(MEND_MS - BEGIN_MS, () => this.world.processes.start(slot));
  }

  pause(processId: string, ms: number): void {
    this.world.transcript.note('stage', `stops ${processId} for ${ms} ms`);
    this.#process(processId).pause(ms);
  }

  setBack(processId: string, ms: number): void {
    this.world.transcript.note('stage', `sets the clock of ${processId} back by ${ms} ms`);
    this.#process(processId).stepWall(-ms);
  }

  /** A person has everything leave a region, whatever the hub makes of it; forgotten when all is mended. */
  failOver(region: RegionName, hub = HUB): void {
    const name = `leave-${region}`;
    const spec = { iuGroupRef: { name: GROUP }, type: 'Failover', region, reason: 'it is not to be trusted' };
    const kind = this.world.kind(hub, RESOURCES.regionSwitch);
    this.world.transcript.note('user', `makes RegionSwitch ${name}`);
    kind.create({
      apiVersion: API_VERSION,
      kind: 'RegionSwitch',
      metadata: { name },
      spec: regionSwitch.spec.parse(spec),
    });
    this.at(MEND_MS - BEGIN_MS, () => {
      const object = kind.get(name);
      if (object) kind.delete(object);
    });
  }

  /** Calls `act` in the very instant in which an assignment of `service` to `region` is recorded. */
  onceAssigned(service: string, region: RegionName, act: () => void): void {
    let isDone = false;
    this.world.kind(HUB, RESOURCES.serviceInstance).onChange(({ object }) => {
      if (isDone || object.metadata.name !== service) return;
      if (object.status?.assignment?.activeRegion !== region) return;
      isDone = true;
      act();
    });
  }

  /** A violation when a service is assigned to another region until `untilMs`: nothing gave a reason for it. */
  neverMoves(service: string, region: RegionName, untilMs: number): void {
    this.world.kind(HUB, RESOURCES.serviceInstance).onChange(({ object }) => {
      const { activeRegion } = object.status?.assignment ?? {};
      const isEarly = this.world.time.nowMs > BEGIN_MS && this.world.time.nowMs < BEGIN_MS + untilMs;
      if (object.metadata.name !== service || activeRegion === undefined || activeRegion === region || !isEarly) return;
      this.observer.report('StaysOrGoes', `${service} is moved to ${activeRegion}`);
    });
  }

  /** A violation when a service does not run in a region, and there alone, at that time. */
  mustRun(service: string, region: RegionName, atMs: number): void {
    this.at(atMs, () => {
      const running = this.observer.regionsRunning(service);
      if (running.join() !== region)
        this.observer.report('StaysOrGoes', `${service} runs in ${running.join() || 'no region'}`);
    });
  }

  /** Calls `act` in the very instant in which a region becomes a successor of a service, or ceases to be one, at a later epoch. */
  onceFollows(service: string, region: RegionName, follows: boolean, act: () => void): void {
    let isDone = false;
    this.world.kind(HUB, RESOURCES.serviceInstance).onChange(({ object, old }) => {
      const [is, was] = [object, old].map((one) => one?.status?.assignment?.successors.includes(region));
      if (isDone || object.metadata.name !== service || was === undefined || is === was || is !== follows) return;
      isDone = true;
      act();
    });
  }

  /** A violation when a region is no successor of a service at any time between two. */
  alwaysFollows(service: string, region: RegionName, fromMs: number, untilMs: number): void {
    this.world.kind(HUB, RESOURCES.serviceInstance).onChange(({ object }) => {
      const successors = object.status?.assignment?.successors;
      const nowMs = this.world.time.nowMs - BEGIN_MS;
      if (object.metadata.name !== service || !successors || nowMs < fromMs || nowMs > untilMs) return;
      if (!successors.includes(region)) this.observer.report('StaysOrGoes', `${region} is left out of ${service}`);
    });
  }

  /** A violation when a service does not run in a region without a break between two times. */
  runsOn(service: string, region: RegionName, fromMs: number, untilMs: number): void {
    for (let atMs = fromMs; atMs <= untilMs; atMs += 250) this.mustRun(service, region, atMs);
  }

  /** Calls `act` in the very instant in which the promotion of `service` at an epoch above the first reaches `region`. */
  oncePromoted(service: string, region: RegionName, act: () => void): void {
    let isDone = false;
    this.world.kind(region, RESOURCES.regionLease).onChange(({ object }) => {
      if (isDone || (object.spec.hub?.grants[backupKey(service)] ?? 0) < 2) return;
      isDone = true;
      act();
    });
  }

  /** Calls `act` in the very instant in which an assignment of `service` with a mode is recorded. */
  onceInMode(service: string, mode: CrossRegionMode, act: () => void): void {
    let isDone = false;
    this.world.kind(HUB, RESOURCES.serviceInstance).onChange(({ object }) => {
      if (isDone || object.metadata.name !== service || object.status?.assignment?.mode !== mode) return;
      isDone = true;
      act();
    });
  }

  /** A violation when a service stops running in a region during that time, or has another mode at its end. */
  neverStops(service: string, region: RegionName, [fromMs, toMs]: readonly [number, number]): void {
    for (let ms = fromMs; ms < toMs; ms += 100)
      this.at(ms, () => {
        if (this.observer.regionsRunning(service).includes(region)) return;
        this.observer.report('StaysOrGoes', `${service} has stopped in ${region}`);
      });
  }

  mustBeInMode(service: string, mode: CrossRegionMode, atMs: number): void {
    this.at(atMs, () => {
      const { assignment } = this.world.kind(HUB, RESOURCES.serviceInstance).get(backupKey(service))?.status ?? {};
      if (assignment?.mode !== mode)
        this.observer.report('StaysOrGoes', `the mode of ${service} is ${assignment?.mode}`);
    });
  }

  /** Where a service is assigned to. */
  regionOf(service: string): string | undefined {
    return this.world.kind(HUB, RESOURCES.serviceInstance).get(backupKey(service))?.status?.assignment?.activeRegion;
  }

  /** A user lets services go home by themselves, or not. */
  editSwitchback(mode: 'Automatic' | 'Manual'): void {
    const kind = this.world.kind(HUB, RESOURCES.iuGroup);
    const [group] = kind.list();
    if (group)
      kind.update(group, { ...group, spec: { ...group.spec, switchback: { ...group.spec.switchback, mode } } });
  }

  /** Calls `act` when the first request of that kind is sent. To be asked for before a fault of the same requests. */
  onceSent(isMeant: (call: Call) => boolean, act: () => void): void {
    let isDone = false;
    this.fault({
      when: (call) => {
        if (!isDone && isMeant(call)) {
          isDone = true;
          act();
        }
        return false;
      },
    });
  }

  /** Other chances of faults from now on; those that are not named are none. */
  weather(knobs: Partial<FaultKnobs>): void {
    this.world.faults.setKnobs({ ...CALM, ...knobs });
  }

  /** True milliseconds from..to, drawn from the seed. */
  between(from: number, to: number): number {
    return this.world.random.between(from, to);
  }

  #process(id: string) {
    const slot = this.world.processes.slotOf(id);
    if (!slot) throw new Error(`there is no process ${id}`);
    return this.world.processes.processIn(slot);
  }
}

const isTo = (call: Call, tag: string, server: string): boolean => call.tag === tag && call.to.id === server;
const fromHub = (call: Call): boolean => call.from.site === HUB;

export const DIRECTED: readonly DirectedHistory[] = [
  ...ZONE_DRILLS,
  {
    name: 'lateAcknowledgements',
    what: 'acknowledgements reach the agent late, then its region is cut off: a right counts from the nonce',
    arrange(stage) {
      stage.at(0, () => stage.weather({ watchLagChance: 1 }));
      stage.fault({ when: (call) => isTo(call, 'PATCH regionleases', 'east') && !fromHub(call), replyMs: 4_500 });
      stage.at(stage.between(15_000, 25_000), () => stage.isolate('east'));
    },
  },
  {
    name: 'pausedHub',
    what: 'the hub stands still right before it acknowledges; another one moves the service meanwhile',
    arrange(stage) {
      stage.at(0, () => {
        const [leader, follower] = [stage.leaderAt(HUB), stage.followerAt(HUB)];
        stage.cut(follower, 'east');
        stage.cutFromPeers('east');
        // What it missed does not reach it when it wakes up either.
        // Nor do other regions tell it that somebody else has acknowledged them since.
        stage.after(2_000, () => {
          for (const site of [HUB, 'west', 'north']) stage.cut(leader, site);
        });
        stage.fault({
          when: (call) => isTo(call, 'GET regionleases', 'east') && call.from.id === leader,
          times: 1,
          pauseMs: stage.between(29_000, 34_000),
        });
      });
    },
  },
  {
    name: 'lostReplies',
    what: 'acknowledgements arrive but their replies do not, then the region is cut off: they count as given',
    arrange(stage) {
      stage.at(0, () =>
        stage.fault({ when: (call) => isTo(call, 'PATCH regionleases', 'east') && fromHub(call), replyMs: 60_000 }),
      );
      stage.at(26_000, () => stage.isolate('east'));
    },
  },
  {
    name: 'lateRenewal',
    what: 'the reply to a renewal of the hub comes when another one leads: certainty counts from the sending',
    arrange(stage) {
      stage.at(0, () => {
        const [leader, follower] = [stage.leaderAt(HUB), stage.followerAt(HUB)];
        stage.cut(follower, 'east');
        stage.cutFromPeers('east');
        stage.fault({
          when: (call) => call.tag === 'PATCH leases' && call.from.id === leader,
          times: 1,
          replyMs: stage.between(19_000, 21_500),
        });
        stage.at(1_300, () => stage.cut(leader, HUB));
      });
    },
  },
  {
    name: 'newHubLeader',
    what: 'a hub acknowledges for the last time and loses its API server; the next one cannot know of it',
    failover: { failureThresholdSeconds: 4 },
    arrange(stage) {
      stage.at(0, () => {
        const [leader, follower] = [stage.leaderAt(HUB), stage.followerAt(HUB)];
        stage.cut(follower, 'east');
        stage.cut(leader, HUB);
        // Without promises it is the wait of the hub alone that keeps the peers from starting.
        stage.cutFromPeers('east');
      });
    },
  },
  {
    name: 'agentDiesAlone',
    what: 'a region is cut off and its leading agent dies right before it fences: the other takes over and fences',
    arrange(stage) {
      stage.at(0, () => {
        stage.isolate('east');
        const leader = stage.leaderAt('east');
        stage.onceSent(
          (call) => call.from.id === leader && call.lane === 'fence',
          () => stage.crash(leader),
        );
      });
    },
  },
  {
    name: 'lostOrders',
    what: 'a region goes on being acknowledged for one service while the order to stop another does not come; then it is cut off',
    arrange(stage) {
      stage.at(0, () => {
        stage.fault({
          when: (call) => isTo(call, 'PATCH regionalservices', 'east') && call.path.endsWith('/trunk'),
          requestMs: undefined,
        });
        stage.world.editService('trunk', { primaryRegion: 'west', secondaryRegions: ['east', 'north'] });
      });
      stage.at(22_000, () => stage.isolate('east'));
    },
  },
  {
    name: 'staleSuccessor',
    what: 'a hub that has not heard of a move takes over, and only it reaches the old region',
    arrange(stage) {
      stage.at(0, () => {
        const leader = stage.leaderAt(HUB);
        stage.onceSent(
          (call) => call.from.id === leader && isIntent(call),
          // The watches die without a word at the event that tells of the move.
          () => stage.weather({ watchSilenceChance: 1 }),
        );
        stage.onceAssigned('trunk', 'west', () => {
          stage.cut(leader, 'east');
          stage.weather({});
        });
        stage.world.editService('trunk', { primaryRegion: 'west', secondaryRegions: ['east', 'north'] });
        stage.at(stage.between(21_000, 24_000), () => stage.crash(leader));
      });
    },
  },
  {
    name: 'twoMoves',
    what: 'a service moves twice while its first region is cut off: that one too must be known to be stopped',
    arrange(stage) {
      stage.at(0, () => {
        stage.onceAssigned('trunk', 'west', () => {
          stage.isolate('east');
          stage.world.editService('trunk', { primaryRegion: 'north', secondaryRegions: ['east'] });
        });
        stage.world.editService('trunk', { primaryRegion: 'west', secondaryRegions: ['east', 'north'] });
      });
    },
  },
  {
    name: 'lateStart',
    what: 'a start is under way when the right ends: the fence makes it fail when it comes',
    arrange(stage) {
      stage.at(0, () => {
        // From zero: the agent starts what a user, or a lost power supply, has stopped.
        stage.world.editService('trunk', { primaryRegion: 'west', secondaryRegions: ['east', 'north'] });
        stage.fault({
          when: (call) =>
            isTo(call, 'PATCH deployments', 'west') &&
            call.lane === 'api' &&
            call.from.site === 'west' &&
            isStart(call.body),
          times: 1,
          requestMs: stage.between(21_000, 40_000),
        });
        stage.onceAssigned('trunk', 'west', () => stage.after(8_000, () => stage.isolate('west')));
      });
    },
  },
  {
    name: 'lateJobStart',
    what: 'the start of a Job that promotes a data store is under way when the right ends: the fence makes it fail',
    arrange(stage) {
      let starts = 0;
      // The first start comes too late for what the Job controller has written meanwhile; the second one is held up.
      const isSecondStart = (call: Call): boolean => {
        if (!isTo(call, 'PATCH jobs', 'west') || call.lane !== 'api' || !isPromotion(call)) return false;
        starts += 1;
        if (starts === 2) stage.isolate('west');
        return starts === 2;
      };
      stage.at(0, () => {
        stage.fault({ when: (call) => isTo(call, 'POST jobs', 'west'), times: 1, replyMs: 500 });
        stage.fault({ when: isSecondStart, requestMs: stage.between(30_000, 44_000) });
        stage.world.editService(STORED, { primaryRegion: 'west', secondaryRegions: ['east'] });
      });
    },
  },
  {
    name: 'hangingStart',
    what: 'a write of the pass that keeps a service is never answered, and meanwhile its right ends',
    arrange(stage) {
      stage.at(0, () => {
        stage.fault({
          when: (call) => isTo(call, 'PATCH services', 'west') && call.lane === 'api',
          requestMs: undefined,
        });
        stage.world.editService('trunk', { primaryRegion: 'west', secondaryRegions: ['east', 'north'] });
      });
      stage.at(stage.between(12_500, 13_500), () => stage.isolate('west'));
    },
  },
  {
    name: 'newSuccessor',
    what: 'a region that was alone with its service, and runs on without the hub, gets a successor while it is cut off',
    arrange(stage) {
      stage.at(0, () => stage.world.editService('trunk', { primaryRegion: 'east', secondaryRegions: [] }));
      stage.at(12_000, () => {
        stage.isolate('east');
        stage.world.editService('trunk', { primaryRegion: 'east', secondaryRegions: ['west'] });
      });
    },
  },
  {
    name: 'lateOrder',
    what: 'the hub loses a region that runs on with promises; the order that ends them comes after the wait of the hub',
    arrange(stage) {
      stage.fault({ when: (call) => isOrderTo(call, 'west'), requestMs: 19_500 });
      stage.at(0, () => stage.cut(HUB, 'east'));
      stage.at(LOST_MS, () => stage.failOver('east'));
    },
  },
  {
    name: 'promiserDies',
    what: 'the same, and the agent that promised dies before the order comes: the next one knows nothing of it',
    arrange(stage) {
      stage.fault({ when: (call) => isOrderTo(call, 'west'), requestMs: 19_500 });
      stage.at(0, () => stage.cut(HUB, 'east'));
      stage.at(LOST_MS, () => stage.failOver('east'));
      stage.at(stage.between(22_500, 24_500), () => stage.crash(stage.leaderAt('west')));
    },
  },
  {
    name: 'promiseForAnother',
    what: 'a region that missed an order runs on with promises: they are for another service, not for that one',
    failover: { mode: 'Manual' },
    arrange(stage) {
      stage.at(0, () => stage.world.editService('trunk', { primaryRegion: 'east', secondaryRegions: ['west'] }));
      stage.at(10_000, () => {
        stage.fault({ when: (call) => isOrderTo(call, 'east') && call.path.endsWith('/trunk'), requestMs: undefined });
        stage.world.editService('trunk', { primaryRegion: 'west', secondaryRegions: ['east'] });
      });
      stage.at(24_000, () => stage.cut(HUB, 'east'));
    },
  },
  {
    name: 'onePromise',
    what: 'of two successors one promises, because it has not heard yet that the other one is to follow',
    arrange(stage) {
      stage.at(0, () =>
        stage.world.editService('trunk', { primaryRegion: 'east', secondaryRegions: ['north', 'west'] }),
      );
      stage.at(12_000, () => {
        stage.fault({ when: (call) => isOrderTo(call, 'west'), requestMs: 19_500 });
        stage.cut(HUB, 'east');
        stage.cut('north', 'east');
      });
      stage.at(12_000 + LOST_MS, () => stage.failOver('east'));
    },
  },
  {
    name: 'placeLost',
    what: 'a region that has no place any more runs on with promises while the next one is granted its right, and is forgotten',
    arrange(stage) {
      const isOrder = (call: Call): boolean => isOrderTo(call, 'west') && call.path.endsWith('/vault');
      stage.at(0, () => stage.cut(HUB, 'east'));
      stage.at(LOST_MS, () => stage.failOver('east'));
      stage.at(500, () => stage.world.editService('vault', { primaryRegion: 'west', secondaryRegions: ['north'] }));
      stage.fault({ when: isOrder, times: 1, requestMs: 19_500 });
    },
  },
  {
    name: 'linkLost',
    what: 'only the link between hub and region is cut, for long: its peers see it live with its rights, and nothing moves',
    arrange(stage) {
      stage.at(0, () => stage.cut(HUB, 'east'));
      stage.neverMoves('trunk', 'east', 85_000);
      stage.mustRun('trunk', 'east', 85_000);
    },
  },
  {
    name: 'linkLostWithoutRight',
    what: 'the same, but the region reads none of its peers, so it gets no promise and fences: they see it beat, and say so',
    arrange(stage) {
      stage.at(0, () => {
        stage.cut(HUB, 'east');
        // Its own look at its peers fails; theirs at it does not.
        stage.fault({
          when: (call) => call.tag === 'GET regionleases' && call.from.site === 'east' && call.to.id !== 'east',
          requestMs: undefined,
        });
      });
      stage.mustRun('trunk', 'west', 60_000);
    },
  },
  {
    name: 'disguisedPod',
    what: 'while a service is stopped a person gives one of its pods the labels of what stands by: it must be gone before the region confirms',
    arrange(stage) {
      stage.at(0, () => {
        stage.onceSent(
          (call) => call.from.site === 'east' && call.lane === 'fence' && call.tag === 'PATCH deployments',
          () => stage.after(stage.between(0, 600), () => disguise(stage, 'draft', 'east')),
        );
        stage.world.editService('draft', { primaryRegion: 'west', secondaryRegions: ['east'] });
      });
    },
  },
  {
    name: 'lateCounter',
    what: 'a new agent leader has not seen the last nonces, and its region is cut off: it comes upon one that was answered long ago',
    arrange(stage) {
      const [leader, follower] = [stage.leaderAt('east'), stage.followerAt('east')];
      stage.at(0, () => stage.holdEvents(follower, 'regionleases', 60_000));
      const cutAt = stage.between(9_000, 12_000);
      stage.at(cutAt, () => stage.isolate('east'));
      stage.at(cutAt + 100, () => stage.crash(leader));
    },
  },
  {
    name: 'lateOldOrder',
    what: 'a new agent leader has read by quorum that it stands by, and confirmed it; then its watch brings an older order',
    arrange(stage) {
      const [leader, follower] = [stage.leaderAt('east'), stage.followerAt('east')];
      stage.at(0, () => stage.holdEvents(follower, 'regionalservices', stage.between(7_000, 9_500), 1_000));
      stage.at(200, () => stage.touchOrder('trunk', 'east'));
      stage.at(1_000, () => stage.crash(leader));
      const isLoad = (call: Call): boolean => call.tag === 'LIST regionalservices' && call.from.id === follower;
      stage.onceSent(isLoad, () =>
        stage.after(600, () =>
          stage.world.editService('trunk', { primaryRegion: 'west', secondaryRegions: ['east', 'north'] }),
        ),
      );
      stage.fault({ when: isLoad, times: 1, requestMs: stage.between(1_500, 2_000) });
    },
  },
  {
    name: 'standbySetBack',
    what: 'the leading agent of a region that the hub does not see stands still, and the clock of the other one is set back while it waits: it takes over in time',
    arrange(stage) {
      stage.at(0, () => {
        const [leader, other] = [stage.leaderAt('east'), stage.followerAt('east')];
        stage.isolate('east');
        stage.pause(leader, 60_000);
        stage.after(stage.between(300, 1_500), () => stage.setBack(other, 20_000));
      });
    },
  },
  {
    name: 'leaderSetBack',
    what: 'the clock of the agent that leads is set back by more than it has led, and then the region is cut off: its services stop in time',
    arrange(stage) {
      stage.at(0, () => stage.setBack(stage.leaderAt('east'), 60_000));
      stage.at(stage.between(500, 2_000), () => stage.isolate('east'));
    },
  },
  {
    name: 'groupMadeAnew',
    what: 'a group is made anew with shorter timings while its regions hold rights by the old ones, and one is cut off: nobody follows it sooner than they end',
    arrange(stage) {
      stage.at(stage.between(0, 2_000), () => stage.world.remakeGroup(QUICK));
      stage.at(stage.between(4_000, 5_000), () => {
        stage.isolate('east');
        // As late as it can be: the next agent has its time to take over, and then the one to stop.
        stage.after(4_500, () => stage.crash(stage.leaderAt('east')));
      });
      stage.at(40_000, () => stage.world.remakeGroup(SHIPPED));
    },
  },
  {
    name: 'oldLeaderReturns',
    what: 'an agent stands still; the next one leads, stops a service, confirms it and dies; the first one leads again and knows nothing of it',
    arrange(stage) {
      stage.at(0, () => {
        const leader = stage.leaderAt('east');
        const next = stage.followerAt('east');
        stage.holdEvents(leader, 'regionalservices', 30_000);
        stage.onceSent(
          (call) => isTo(call, 'PATCH regionleases', 'east') && fromHub(call),
          () => {
            stage.after(250, () => stage.pause(leader, stage.between(2_600, 3_200)));
            stage.after(stage.between(1_000, 2_000), () =>
              stage.world.editService('trunk', { primaryRegion: 'west', secondaryRegions: ['east', 'north'] }),
            );
          },
        );
        // Its orders come late to the one that leads again: the longer it takes, the more it trusts what it has.
        stage.fault({
          when: (call) => call.tag === 'LIST regionalservices' && call.from.id === leader,
          replyMs: 3_000,
        });
        stage.onceConfirmed('trunk', 'east', () => stage.crash(next));
      });
    },
  },
  {
    name: 'pausedPromiser',
    what: 'an agent stands still right before it reads the nonce of a peer; meanwhile the next one starts what it was about to promise',
    arrange(stage) {
      stage.at(0, () => {
        const promiser = stage.leaderAt('west');
        stage.cut(HUB, 'east');
        stage.cut('east', 'north');
        stage.fault({
          when: (call) => isTo(call, 'GET regionleases', 'east') && call.from.id === promiser,
          times: 1,
          pauseMs: stage.between(50_000, 60_000),
        });
      });
    },
  },
  {
    name: 'stalePromiser',
    what: 'an agent begins to lead that has not heard that its region is to start a service: it promises its peer nothing before it has read its orders',
    arrange(stage) {
      stage.at(0, () => {
        const [leader, next] = [stage.leaderAt('west'), stage.followerAt('west')];
        stage.isolate('east');
        stage.holdEvents(next, 'regionalservices', 80_000);
        stage.at(stage.between(45_000, 50_000), () => {
          stage.heal('east', 'west');
          stage.crash(leader);
        });
        stage.fault({ when: (call) => call.tag === 'LIST regionalservices' && call.from.id === next, replyMs: 3_500 });
        // It takes what runs in its own region for a remnant: that its fence is slow leaves time to see what its peer does.
        stage.fault({
          when: (call) => call.from.id === next && call.lane === 'fence' && call.tag.startsWith('PATCH'),
          requestMs: 4_000,
        });
      });
    },
  },
  {
    name: 'readUnderWay',
    what: 'a read of all pods is long under way when a service starts and is to stop again: it says nothing about that service',
    arrange(stage) {
      const isRead = (call: Call): boolean => isTo(call, 'LIST pods', 'west') && call.lane === 'fence';
      const move = (primaryRegion: RegionName, secondaryRegions: RegionName[]): void =>
        stage.world.editService('trunk', { primaryRegion, secondaryRegions });
      const replyMs = 14_000;
      stage.onceSent(isRead, () => {
        move('west', ['east', 'north']);
        stage.after(replyMs - stage.between(1_000, 2_200), () => move('east', ['west', 'north']));
      });
      stage.fault({ when: isRead, times: 1, replyMs });
      // Its cache shows the agent nothing of the pods either: the read by quorum is all that it has.
      stage.holdEvents(stage.leaderAt('west'), 'pods', 60_000);
      stage.at(0, () =>
        stage.world.editService('vault', { primaryRegion: 'east', secondaryRegions: ['west', 'north'] }),
      );
    },
  },
  {
    name: 'powerReturns',
    what: 'a region comes back with power, without its agents and cut off: nothing starts without a right',
    fencing: 'Gate',
    arrange(stage) {
      stage.at(0, () => {
        stage.isolate('east');
        for (const agent of stage.agentsOf('east')) stage.crash(agent);
        stage.losePower('east', stage.between(20_000, 40_000));
      });
    },
  },
  {
    name: 'serverLost',
    what: 'the API server of a region is gone, its nodes live: what runs there stops with its right',
    fencing: 'Gate',
    arrange(stage) {
      stage.at(0, () => stage.loseServer('east'));
    },
  },
  {
    name: 'agentsLost',
    what: 'all agents of a region stop and it is cut off, its nodes live: what runs there stops with its right',
    fencing: 'Gate',
    arrange(stage) {
      stage.at(0, () => {
        stage.isolate('east');
        for (const agent of stage.agentsOf('east')) stage.pause(agent, stage.between(40_000, 80_000));
      });
    },
  },
  {
    name: 'kubeletsDisobey',
    what: 'the kubelets of a region do nothing that they are told, and it is cut off: what runs there stops with its right',
    fencing: 'Gate',
    arrange(stage) {
      stage.at(0, () => {
        stage.world.hazards.setObeys('east', false);
        stage.at(MEND_MS - BEGIN_MS, () => stage.world.hazards.setObeys('east', true));
        stage.isolate('east');
      });
    },
  },
  {
    name: 'machinesThaw',
    what: 'the machines of a region stand still until another one runs the service, and go on',
    fencing: 'Gate',
    arrange(stage) {
      stage.at(0, () => {
        stage.world.hazards.freeze('east', stage.between(35_000, 45_000));
        stage.isolate('east');
      });
    },
  },
  {
    name: 'dependentInOrder',
    what: 'a region is lost with a service and another one that needs it: the other one is promoted when the first is ready',
    services: WITH_LEDGER,
    arrange(stage) {
      stage.at(0, () => stage.isolate('east'));
      stage.oncePromoted('ledger', 'west', () => {
        const order = stage.world.kind('west', RESOURCES.regionalService).get(backupKey('vault'));
        if (order?.status?.phase !== 'Active')
          stage.observer.report('InOrder', `ledger is promoted while vault is ${order?.status?.phase ?? 'unknown'}`);
      });
      stage.at(80_000, () => {
        if (stage.regionOf('ledger') !== 'west') stage.observer.report('InOrder', 'ledger was not moved');
      });
    },
  },
  {
    name: 'dependentTimesOut',
    what: 'the same, and the first cannot start in its new region: the other one is promoted all the same when the time is up',
    services: WITH_LEDGER,
    arrange(stage) {
      let [vaultAt, ledgerAt] = [Number.NaN, Number.NaN];
      stage.fault({
        when: (call) => isTo(call, 'PATCH statefulsets', 'west') && call.lane === 'api',
        requestMs: undefined,
      });
      stage.at(0, () => stage.isolate('east'));
      stage.oncePromoted('vault', 'west', () => {
        vaultAt = stage.world.time.nowMs;
      });
      stage.oncePromoted('ledger', 'west', () => {
        ledgerAt = stage.world.time.nowMs;
      });
      stage.at(80_000, () => {
        const waitedMs = ledgerAt - vaultAt;
        // 30 s on a clock that is fast or slow, and a heartbeat.
        if (!(waitedMs > 25_000 && waitedMs < 37_000))
          stage.observer.report('InOrder', `ledger is promoted ${waitedMs} ms after vault, which does not get ready`);
      });
    },
  },
  {
    name: 'tornSet',
    what: 'a hub dies between the intents of two services that must live together, and the lost region comes back: one follows',
    group: { switchback: { stableForSeconds: 8, mode: 'Manual' } },
    services: WITH_LEDGER,
    arrange(stage) {
      stage.fault({ when: (call) => isIntent(call) && call.path.includes('/ledger/'), times: 1, requestMs: undefined });
      stage.at(0, () => {
        stage.isolate('east');
        stage.onceAssigned('vault', 'west', () => {
          stage.crash(stage.leaderAt(HUB));
          for (const site of [HUB, 'west', 'north']) stage.heal('east', site);
        });
      });
      stage.at(70_000, () => {
        const [vault, ledger] = [stage.regionOf('vault'), stage.regionOf('ledger')];
        if (vault !== ledger) stage.observer.report('Together', `vault is in ${vault}, ledger in ${ledger}`);
        stage.editSwitchback('Automatic');
      });
    },
  },
  {
    name: 'lostSuccessor',
    what: 'a region that stands by is lost, and the hub after it: the active one runs on without the promise of the lost one',
    arrange(stage) {
      stage.at(0, () => stage.isolate('north'));
      stage.at(LEFT_OUT_MS, () => {
        for (const region of REGIONS) stage.cut(HUB, region);
      });
      stage.runsOn('trunk', 'east', 1_000, 80_000);
    },
  },
  {
    name: 'lostAfterFailover',
    what: 'the active region is lost, its services go on elsewhere, and then the hub is lost: they run on there',
    arrange(stage) {
      stage.at(0, () => stage.isolate('east'));
      stage.at(50_000, () => {
        for (const region of REGIONS) stage.cut(HUB, region);
      });
      stage.runsOn('trunk', 'west', 50_000, 85_000);
    },
  },
  {
    name: 'linkLostToSuccessor',
    what: 'only the link between the hub and a region that stands by is cut: others see it live, and it stays a successor',
    arrange(stage) {
      stage.at(0, () => stage.cut(HUB, 'north'));
      stage.alwaysFollows('trunk', 'north', 0, 80_000);
    },
  },
  {
    name: 'backWithoutOrder',
    what: 'a region that was left out is back and stable, but its orders do not reach it, and the hub is lost: it does not follow yet',
    arrange(stage) {
      stage.at(0, () => stage.isolate('north'));
      stage.at(LEFT_OUT_MS, () => {
        stage.fault({ when: isOrderOf('trunk', 'north'), requestMs: undefined });
        for (const site of [HUB, 'east', 'west']) stage.heal('north', site);
      });
      stage.at(LEFT_OUT_MS + 30_000, () => {
        for (const region of REGIONS) stage.cut(HUB, region);
      });
      stage.runsOn('trunk', 'east', 1_000, 85_000);
    },
  },
  {
    name: 'firstOrderUnheard',
    what: 'a region is given a service of which it never had an order, and its watch of the orders is dead: it reads them',
    services: { trunk: ['east', 'west'] },
    arrange(stage) {
      stage.at(0, () => {
        stage.holdEvents(stage.leaderAt('north'), 'regionalservices', 85_000);
        stage.world.editService('trunk', { primaryRegion: 'east', secondaryRegions: ['north'] });
      });
      // By then it is known in east that north follows.
      stage.at(25_000, () => stage.isolate('east'));
      stage.mustRun('trunk', 'north', 60_000);
    },
  },
  {
    name: 'leftOutIsAsked',
    what: 'a region that was left out is back; the active one runs on with the promise of the other one, and persons want both empty',
    arrange(stage) {
      stage.at(0, () => stage.isolate('north'));
      stage.at(LEFT_OUT_MS, () => {
        leaveToPromises(stage);
        for (const site of [HUB, 'east', 'west']) stage.heal('north', site);
      });
      // Nothing but north is left to go to.
      stage.at(LEFT_OUT_MS + 2 * LOST_MS, () => {
        stage.failOver('west');
        stage.failOver('east');
      });
    },
  },
  {
    name: 'backUnheard',
    what: 'a region that was left out is a successor again, which the active one never hears, and the other one is to be empty: it may still run at the epoch before',
    arrange(stage) {
      stage.at(0, () => stage.isolate('north'));
      stage.at(LEFT_OUT_MS, () => {
        stage.failOver('west');
        stage.onceFollows('trunk', 'north', true, () => leaveToPromises(stage));
        for (const site of [HUB, 'east', 'west']) stage.heal('north', site);
      });
    },
  },
  {
    name: 'modeThereAndBack',
    what: 'a service that stays in its region becomes active/backup, then active everywhere, and stays again: it never stops',
    services: WITH_SHIFT,
    arrange(stage) {
      stage.neverStops('shift', 'east', [0, 88_000]);
      stage.at(0, () => stage.world.editMode('shift', 'Backup'));
      stage.mustBeInMode('shift', 'Backup', 15_000);
      stage.mustRun('shift', 'east', 20_000);
      stage.at(20_000, () => stage.world.editMode('shift', 'None'));
      stage.mustBeInMode('shift', 'None', 35_000);
      stage.at(40_000, () => stage.world.editMode('shift', 'Active'));
      stage.mustBeInMode('shift', 'Active', 55_000);
      stage.at(60_000, () => stage.world.editMode('shift', 'Backup'));
      stage.mustBeInMode('shift', 'Backup', 85_000);
      stage.mustRun('shift', 'east', 88_000);
    },
  },
  {
    name: 'modeThenLost',
    what: 'a region is cut off in the instant in which its service becomes active/backup: it runs on there without a right',
    services: WITH_SHIFT,
    arrange(stage) {
      stage.at(0, () => stage.world.editMode('shift', 'Backup'));
      stage.onceInMode('shift', 'Backup', () => stage.isolate('east'));
      stage.neverStops('shift', 'east', [0, 88_000]);
    },
  },
  {
    name: 'modeLateOrder',
    what: 'a region is granted what it runs without a right, and its new order comes when it is cut off: it may stop, not run twice',
    services: WITH_SHIFT,
    arrange(stage) {
      stage.onceInMode('shift', 'Backup', () => {
        stage.fault({
          when: (call) => isOrderTo(call, 'east') && call.path.endsWith('/shift'),
          times: 2,
          requestMs: stage.between(3_000, 12_000),
        });
        stage.at(stage.between(4_000, 9_000), () => stage.isolate('east'));
      });
      stage.at(0, () => stage.world.editMode('shift', 'Backup'));
    },
  },
  {
    name: 'modeNewLeaders',
    what: 'hub and agents get new leaders while a service becomes active/backup, and its region is lost afterwards',
    services: WITH_SHIFT,
    arrange(stage) {
      stage.at(0, () => stage.world.editMode('shift', 'Backup'));
      stage.onceInMode('shift', 'Backup', () => {
        stage.after(stage.between(0, 3_000), () => stage.crash(stage.leaderAt('east')));
        stage.after(stage.between(0, 3_000), () => stage.crash(stage.leaderAt(HUB)));
      });
      stage.at(45_000, () => stage.isolate('east'));
    },
  },
  {
    name: 'modeTooSoon',
    what: 'a class stays in its region again while the region that its service leaves is cut off and runs on: nothing starts before it has stopped',
    services: WITH_SHIFT,
    arrange(stage) {
      stage.at(0, () => stage.world.editMode('shift', 'Backup'));
      stage.onceAssigned('shift', 'west', () => {
        stage.isolate('east');
        stage.world.editMode('shift', 'None');
      });
      stage.at(20_000, () =>
        stage.world.editService('shift', { primaryRegion: 'west', secondaryRegions: ['east', 'north'] }),
      );
      stage.at(89_000, () => stage.world.editMode('shift', 'Backup'));
    },
  },
  {
    name: 'modeUnseen',
    what: 'a service is active everywhere, and a region is cut off that goes on serving: it does not become active/backup before that has ended',
    services: WITH_SHIFT,
    arrange(stage) {
      stage.at(0, () => stage.world.editMode('shift', 'Active'));
      stage.at(20_000, () => {
        stage.isolate('north');
        stage.world.editMode('shift', 'None');
      });
      stage.neverStops('shift', 'east', [0, 88_000]);
      stage.mustBeInMode('shift', 'None', 40_000);
      stage.at(40_000, () => stage.world.editMode('shift', 'Backup'));
      stage.mustBeInMode('shift', 'None', 85_000);
    },
  },
  {
    name: 'modeLostPrimary',
    what: 'a service is active everywhere and loses its primary region, and its class stays there again: the others go on',
    services: WITH_SHIFT,
    arrange(stage) {
      stage.at(0, () => stage.world.editMode('shift', 'Active'));
      stage.at(20_000, () => stage.losePower('east', 200_000));
      stage.at(35_000, () => stage.world.editMode('shift', 'None'));
      stage.neverStops('shift', 'west', [15_000, 88_000]);
      stage.mustBeInMode('shift', 'Active', 85_000);
      stage.at(89_000, () => stage.world.editMode('shift', 'Backup'));
    },
  },
  {
    name: 'hubMadeAnew',
    what: 'the hub is lost after a move and made anew from the manifests: nothing stops, it goes on where the regions are',
    group: { switchback: { stableForSeconds: 8, mode: 'Manual' } },
    arrange(stage) {
      stage.at(0, () => stage.failOver('east'));
      stage.at(25_000, () => stage.loseHub());
      stage.at(26_000, () => {
        stage.addHub('spare', 'Manifests');
        stage.openHub('spare');
      });
      stage.runsOn('trunk', 'west', 24_000, 74_000);
      stage.mustAnswer(HUB, 'east', 40_000);
      stage.mustAnswer('spare', 'east', 74_000);
      // It is a hub like any other then.
      stage.at(75_000, () => stage.failOver('west', 'spare'));
      stage.mustRun('trunk', 'east', 88_000);
      stage.at(89_000, () => stage.editSwitchback('Automatic'));
    },
  },
  {
    name: 'oldHubLives',
    what: 'a second hub is made from the same manifests, by mistake: as long as the first one answers it touches nothing',
    arrange(stage) {
      stage.at(0, () => {
        stage.addHub('spare', 'Manifests');
        stage.openHub('spare');
      });
      stage.at(40_000, () => stage.failOver('east', 'spare'));
      stage.runsOn('trunk', 'east', 1_000, 85_000);
      for (const region of REGIONS) stage.mustAnswer(HUB, region, 85_000);
    },
  },
  {
    name: 'oldHubIsolated',
    what: 'the old hub lives on with the region that is active, out of reach of one that was restored from its backup: that waits for proof',
    arrange(stage) {
      stage.at(0, () => stage.addHub('spare', 'Backup'));
      stage.at(4_000, () => {
        for (const region of ['west', 'north']) stage.cut(HUB, region);
        stage.cutFromPeers('east');
        stage.cut('spare', 'east');
        stage.openHub('spare');
      });
      stage.at(34_000, () => stage.failOver('east', 'spare'));
      stage.runsOn('trunk', 'east', 1_000, 85_000);
    },
  },
  {
    name: 'wronglyConfirmed',
    what: 'the same, and a person says that the old hub is stopped; it still answers a region that the new one sees',
    arrange(stage) {
      stage.at(0, () => stage.addHub('spare', 'Backup'));
      stage.at(4_000, () => {
        stage.cut(HUB, 'west');
        stage.cutFromPeers('east');
        stage.cut('spare', 'east');
        stage.openHub('spare');
      });
      stage.at(19_000, () => {
        stage.confirmStopped('spare');
        stage.failOver('east', 'spare');
      });
      stage.runsOn('trunk', 'east', 1_000, 85_000);
    },
  },
  {
    name: 'oldHubWakes',
    what: 'the old hub stands still until a new one has proved that it is silent; then it wakes beside the one region that the new one has not taken',
    arrange(stage) {
      let seized = false;
      stage.at(0, () => {
        stage.addHub('spare', 'Manifests');
        for (const slot of stage.world.processes.slots.filter(({ site }) => site === HUB))
          stage.pause(stage.world.processes.processIn(slot).id, 70_000);
        stage.openHub('spare');
      });
      // At its first write to any region it loses its way to east, and the old hub wakes to find that one alone.
      stage.onceSent(
        ({ body, from, tag }) =>
          from.site === 'spare' && tag === 'PATCH regionleases' && JSON.stringify(body).includes('"hub"'),
        () => {
          if (seized) return;
          seized = true;
          stage.cut('spare', 'east');
          stage.cutFromPeers('east');
          for (const region of ['west', 'north']) stage.cut(HUB, region);
          for (const slot of stage.world.processes.slots.filter(({ site }) => site === HUB))
            stage.world.processes.processIn(slot).resume();
          stage.failOver('east', 'spare');
        },
      );
    },
  },
  {
    name: 'confirmedAtOnce',
    what: 'the old hub promotes west and is stopped in that instant, when nobody else sees west; the new one is told, and waits out what west was given',
    arrange(stage) {
      stage.fault({ when: isOrderOf('trunk', 'north'), requestMs: undefined });
      stage.at(0, () => {
        stage.cut(HUB, 'east');
        stage.cutFromPeers('east');
        stage.addHub('spare', 'Manifests');
      });
      stage.oncePromoted('trunk', 'west', () => {
        stage.loseHub();
        stage.after(500, () => {
          for (const site of ['spare', 'north']) stage.cut('west', site);
          stage.confirmStopped('spare');
          stage.openHub('spare');
        });
      });
    },
  },
  {
    name: 'restoredAtOnce',
    what: 'the same with a hub that was restored from a backup, whose API server counts beyond the records of the old one',
    arrange(stage) {
      stage.fault({ when: isOrderOf('trunk', 'north'), requestMs: undefined });
      stage.at(0, () => {
        stage.cut(HUB, 'east');
        stage.cutFromPeers('east');
        stage.addHub('spare', 'Backup');
      });
      stage.oncePromoted('trunk', 'west', () => {
        stage.loseHub();
        stage.after(500, () => {
          for (const site of ['spare', 'north']) stage.cut('west', site);
          stage.confirmStopped('spare');
          stage.openHub('spare');
        });
        stage.after(4_000, () => stage.countOn('spare'));
      });
    },
  },
  {
    name: 'restoredTwice',
    what: 'a restored hub whose first leader dies as it begins, and whose API server counts beyond the records of the old one, which lives',
    arrange(stage) {
      stage.fault({ when: isOrderOf('trunk', 'north'), requestMs: undefined });
      stage.at(0, () => stage.addHub('spare', 'Backup'));
      stage.at(3_000, () => {
        stage.cut(HUB, 'east');
        stage.cutFromPeers('east');
        stage.cut('spare', 'west');
      });
      let first: string | undefined;
      stage.onceSent(
        ({ from, tag }) => {
          if (from.site !== 'spare' || tag !== 'PATCH leases') return false;
          first = from.id;
          return true;
        },
        () =>
          stage.after(100, () => {
            stage.countOn('spare');
            if (first !== undefined) stage.crash(first);
          }),
      );
      stage.oncePromoted('trunk', 'west', () => stage.after(8_000, () => stage.openHub('spare')));
    },
  },
  {
    name: 'staleBackup',
    what: 'a hub is restored from a backup from before a failover: it learns of that from the regions, and nothing stops',
    group: { switchback: { stableForSeconds: 8, mode: 'Manual' } },
    arrange(stage) {
      stage.at(0, () => {
        stage.addHub('spare', 'Backup');
        stage.failOver('east');
      });
      stage.at(25_000, () => stage.loseHub());
      stage.at(26_000, () => stage.openHub('spare'));
      stage.runsOn('trunk', 'west', 24_000, 88_000);
      stage.mustAnswer('spare', 'east', 88_000);
      stage.at(89_000, () => stage.editSwitchback('Automatic'));
    },
  },
  {
    name: 'staleBackupBeside',
    what: 'the same, and the old hub lives on with the region that runs the service now; those that the restored one sees know nothing of the failover',
    arrange(stage) {
      stage.fault({ when: isOrderOf('trunk', 'north'), requestMs: undefined });
      stage.at(0, () => stage.addHub('spare', 'Backup'));
      stage.at(3_000, () => {
        stage.cut(HUB, 'east');
        stage.cutFromPeers('east');
        stage.cut('spare', 'west');
      });
      stage.oncePromoted('trunk', 'west', () => stage.after(8_000, () => stage.openHub('spare')));
    },
  },
  {
    name: 'twoNewHubs',
    what: 'two hubs are made anew at once from the same manifests, and persons ask both for other things: one of them at most acts',
    arrange(stage) {
      stage.at(0, () => {
        stage.loseHub();
        for (const site of ['spare', 'twin']) {
          stage.addHub(site, 'Manifests');
          stage.openHub(site);
        }
        stage.cutFromPeers('east');
      });
      stage.at(10_000, () => {
        stage.failOver('east', 'spare');
        stage.failOver('west', 'twin');
      });
    },
  },
  {
    name: 'hubAndRegionLost',
    what: 'the hub is lost together with the region that is active; a person says so, and has its services leave it',
    group: { switchback: { stableForSeconds: 8, mode: 'Manual' } },
    arrange(stage) {
      stage.at(0, () => {
        stage.loseHub();
        stage.isolate('east');
        stage.addHub('spare', 'Manifests');
        stage.cut('spare', 'east');
        stage.openHub('spare');
      });
      stage.at(8_000, () => stage.confirmStopped('spare'));
      stage.at(30_000, () => stage.failOver('east', 'spare'));
      stage.mustRun('trunk', 'west', 85_000);
      stage.at(89_000, () => stage.editSwitchback('Automatic'));
    },
  },
];

/** The hub loses east, where trunk is active, and west hears nothing of what is decided about trunk: it goes on promising. */
function leaveToPromises(stage: Stage): void {
  stage.cut(HUB, 'east');
  stage.fault({ when: isOrderOf('trunk', 'west'), requestMs: undefined });
}

/** Orders for a service, in all regions or in one. */
const isOrderOf =
  (service: string, region?: string) =>
  (call: Call): boolean =>
    fromHub(call) &&
    call.tag === 'PATCH regionalservices' &&
    call.path.endsWith(`/${service}`) &&
    (region === undefined || call.to.id === region);

/** What `kubectl label` does, and its replica set after it, which lets go of what it does not select any more. */
function disguise({ world }: Stage, service: string, region: RegionName): void {
  const pods = world.kind(region, POD);
  const pod = pods.list().find(({ metadata }) => metadata.labels?.[LABELS.service] === service);
  if (!pod) return;
  world.transcript.note('user', `disguises ${pod.metadata.name} in ${region}`);
  const { ownerReferences: _released, ...metadata } = pod.metadata;
  const labels = { ...metadata.labels, [LABELS.service]: STANDBY_SERVICE, [LABELS.standbyOf]: service };
  pods.update(pod, { ...pod, metadata: { ...metadata, labels } });
}

const isOrderTo = (call: Call, region: string): boolean =>
  fromHub(call) && isTo(call, 'PATCH regionalservices', region);

const isStart = (body: unknown): boolean => (JSON.stringify(body) ?? '').includes('"replicas":1');

const isPromotion = ({ body, path }: Call): boolean =>
  path.includes('promote') && (JSON.stringify(body) ?? '').includes('"suspend":false');

/** The write that moves a service. */
const isIntent = ({ body, tag }: Call): boolean =>
  tag === 'PATCH serviceinstances/status' && (JSON.stringify(body) ?? '').includes('"assignment"');

/** The same, with classes of one A-B pair. */
function withPairs(declared: readonly Declared[], names: readonly string[]): Declared[] {
  const { components } = aClass('any', { components: [{ pattern: 'A-B' }] }).spec;
  return declared.map(({ object, resource }) => {
    if (object.kind !== 'ServiceClass' || !names.includes(object.metadata.name)) return { object, resource };
    const spec = 'spec' in object && typeof object.spec === 'object' ? object.spec : {};
    const changed: KubeObject & { readonly spec: object } = { ...object, spec: { ...spec, components } };
    return { resource, object: changed };
  });
}

/** Plays a directed history, then mends everything and lets it settle. */
export async function runDirected(name: string, { seed, trace = false }: HistoryOptions): Promise<HistoryResult> {
  const history = DIRECTED.find((directed) => directed.name === name);
  if (!history) throw new Error(`no directed history is called ${name}`);
  const { failover, fencing = 'Agent', pairs, services } = history;
  const group = { failover: { coolDownSeconds: 0, ...failover }, ...history.group };
  const declared = pairs && withPairs(declaredObjects(group, services, fencing), pairs);
  const world = new World({ seed, fencing, group, ...(services && { services }), ...(declared && { declared }) });
  const observer = new Observer(world);
  const stage = new Stage(world, observer);
  await world.time.run(BEGIN_MS);
  world.transcript.note('stage', `${name}: ${history.what}`);
  history.arrange(stage);
  await world.time.run(MEND_MS);
  if (!observer.violation) {
    stage.mend();
    await untilSettled(world, observer, SETTLED_BY_MS);
  }
  return resultOf(world, observer, trace);
}
