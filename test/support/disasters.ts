import type { FakeNetwork } from './fake-network.ts';
import type { Range } from './faults.ts';
import { Script } from './script.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { VirtualProcess } from './virtual-process.ts';
import type { VirtualTime } from './virtual-time.ts';

/** A place for a process: the same through all its restarts. */
export interface Slot {
  readonly name: string;
  /** Site, and name of the API server, that it belongs to. */
  readonly site: string;
}

/** The processes of a simulation, as disasters see them. */
export interface Fleet {
  readonly slots: readonly Slot[];
  /** The process that runs in a slot, or the last one that did. */
  processIn(slot: Slot): VirtualProcess;
  /** Starts a new process in a slot whose last one has crashed. */
  start(slot: Slot): void;
  /** Whether the fault model lets this process stand still or crash now. */
  mayStop(slot: Slot): boolean;
  /** Whether it believes that it leads. */
  leads(slot: Slot): boolean;
}

/** What only a gate withstands: nothing in the region is left that would stop a process, or what asks for it is not heard. */
export interface Hazards {
  /** Kubelets of a region do no more what the API asks for, or do again. */
  readonly setObeys: (region: string, obeys: boolean) => void;
  /** Machines of a region stand still, with all that runs on them, and go on. */
  readonly freeze: (region: string, durationMs: number) => void;
}

export interface DisasterOptions {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly network: FakeNetwork;
  readonly fleet: Fleet;
  readonly hubs: readonly string[];
  readonly regions: readonly string[];
  /** Called with a region whose power goes or comes, after its API server and processes: for its nodes. */
  readonly onPower: (region: string, isOn: boolean) => void;
  /** Forgets the history of an API server, as etcd does: what asks for an older version is answered with 410. */
  readonly compact?: (server: string) => void;
  /** Absent: the fault model for services without a gate is kept to. */
  readonly hazards?: Hazards;
  /** Told each disaster and its end, for the trace of a history. */
  readonly log?: (what: string) => void;
  /** Told the kind of each disaster that struck. */
  readonly count?: (kind: string) => void;
  /** Each disaster is a deed `d1`, `d2`… of it. */
  readonly script?: Script;
  /** No disaster begins before, and none after; milliseconds of true time. All of them end by themselves. */
  readonly fromMs: number;
  readonly untilMs: number;
}

const PAUSE_MS: Range = [3_000, 45_000];
const RESTART_MS: Range = [500, 20_000];
const HOUR_MS = 3_600_000;
/** One history is quiet, another one violent: the mean time between two disasters. */
const MEAN_GAPS_MS = [3_000, 6_000, 12_000];
/** Of one direction, on top of the ordinary latency. */
const SLOW_MS: readonly Range[] = [
  [100, 600],
  [800, 1_500],
  [1_500, 6_000],
];

/**
 * Lets big things break at random, in the shares of the protocol's model checker: ways between sites are cut, leaders
 * fail together with their ways, processes stand still or crash, regions lose their power, hubs their API server. Beyond
 * the model: slow ways, wall clocks that are set, API servers that forget their history.
 *
 * @returns when, in true time, the last disaster that has struck so far ends
 */
export function scheduleDisasters(options: DisasterOptions): () => number {
  const { random, time, fromMs, untilMs } = options;
  const script = options.script ?? new Script(random);
  const disasters = new Disasters(options);
  const next = () => {
    if (time.nowMs > untilMs) return;
    script.perform('d', (own) => disasters.strike(own));
    time.schedule(-Math.log(1 - random.next()) * random.pick(MEAN_GAPS_MS), next);
  };
  time.schedule(fromMs - time.nowMs, next);
  return () => disasters.overAtMs;
}

type Strike = (random: SeededRandom) => void;

class Disasters {
  readonly #options: DisasterOptions;
  readonly #sites: readonly string[];
  readonly #powerless = new Set<string>();
  readonly #shares: readonly (readonly [share: number, kind: string, strike: Strike])[];
  /** Processes whose monotonic clock has stood still for a while, and those whose wall clock was set back. */
  readonly #slept = new Set<VirtualProcess>();
  readonly #setBack = new Set<VirtualProcess>();
  #overAtMs = 0;

  constructor(options: DisasterOptions) {
    this.#options = options;
    this.#sites = [...options.hubs, ...options.regions];
    this.#shares = [
      [45, 'way cut', (random) => this.#cutWay(random)],
      [10, 'region isolated', (random) => this.#isolateRegion(random)],
      [10, 'way to the hub cut, leader fails', (random) => this.#cutHubAndFailLeader(random)],
      [3, 'hub process cut off', (random) => this.#cutHubProcess(random)],
      [9, 'process stands still', (random) => this.#pause(this.#anySlot(random), random)],
      [15, 'process crashes', (random) => this.#crash(this.#anySlot(random), random)],
      [4, 'region loses its power', (random) => this.#losePower(random.pick(options.regions), random)],
      [4, 'hub loses its API server', (random) => this.#loseHubServer(random)],
      [5, 'slow way', (random) => this.#slowWay(random)],
      [3, 'wall clock set', (random) => this.#stepWall(random)],
      [3, 'history forgotten (410)', (random) => this.#compact(random)],
      ...(options.hazards ? this.#hazardShares(options.hazards) : []),
    ];
  }

  /** True time at which everything that has struck so far is over. */
  get overAtMs(): number {
    return this.#overAtMs;
  }

  strike(random: SeededRandom): void {
    let at = random.between(
      0,
      this.#shares.reduce((sum, [share]) => sum + share, 0),
    );
    for (const [share, kind, strike] of this.#shares) {
      at -= share;
      if (at >= 0) continue;
      this.#options.count?.(kind);
      strike(random);
      return;
    }
  }

  #hazardShares(hazards: Hazards): readonly (readonly [number, string, Strike])[] {
    const { regions } = this.#options;
    return [
      [12, 'kubelets disobey', (random) => this.#disobey(random.pick(regions), hazards, random)],
      [12, 'API server and agents of a region lost', (random) => this.#loseControl(random.pick(regions), random)],
      [12, 'machines stand still and go on', (random) => this.#freeze(random.pick(regions), hazards, random)],
    ];
  }

  #cutWay(random: SeededRandom): void {
    const [from, to] = [random.pick(this.#sites), random.pick(this.#sites)];
    if (from === to) return;
    const isOneWay = random.chance(0.5);
    if (isOneWay) this.#options.count?.('one-way cut');
    this.#cut(isOneWay ? [[from, to]] : bothWays(from, [to]), [3_000, 60_000], random);
  }

  #isolateRegion(random: SeededRandom): void {
    const region = random.pick(this.#options.regions);
    const others = this.#sites.filter((site) => site !== region);
    this.#cut(bothWays(region, others), [10_000, 60_000], random);
  }

  /** The compound that breaks protocols: a way is cut, and then the leader at one of its ends stops or dies. */
  #cutHubAndFailLeader(random: SeededRandom): void {
    const { fleet, hubs, regions, time } = this.#options;
    const [region, hub] = [random.pick(regions), random.pick(hubs)];
    this.#cut(bothWays(region, [hub]), [20_000, 70_000], random);
    const site = random.chance(0.5) ? region : hub;
    time.schedule(random.chance(0.3) ? 0 : random.between(0, 14_000), () => {
      const leader = fleet.slots.find((slot) => slot.site === site && this.#isRunning(slot) && fleet.leads(slot));
      if (!leader) return;
      if (random.chance(0.5)) this.#pause(leader, random);
      else this.#crash(leader, random);
    });
  }

  #cutHubProcess(random: SeededRandom): void {
    const { fleet, hubs } = this.#options;
    const slot = random.pick(fleet.slots.filter(({ site }) => hubs.includes(site)));
    this.#cut([[fleet.processIn(slot).id, slot.site]], [5_000, 40_000], random);
  }

  #cut(ways: readonly Way[], durationMs: Range, random: SeededRandom): void {
    const { network } = this.#options;
    const names = ways.map(([from, to]) => `${from}>${to}`).join(' ');
    for (const [from, to] of ways) network.cut(from, to);
    this.#during(`cut ${names}`, random.between(...durationMs), () => {
      for (const [from, to] of ways) network.heal(from, to);
    });
  }

  #slowWay(random: SeededRandom): void {
    const { network } = this.#options;
    const [from, to] = [random.pick(this.#sites), random.pick(this.#sites)];
    if (from === to) return;
    const ways = random.chance(0.5) ? bothWays(from, [to]) : [[from, to] as const];
    const extraMs = random.pick(SLOW_MS);
    for (const [a, b] of ways) network.slow(a, b, extraMs);
    const names = ways.map(([a, b]) => `${a}>${b}`).join(' ');
    this.#during(`slow ${names} (${extraMs.join(' to ')} ms more)`, random.between(5_000, 60_000), () => {
      for (const [a, b] of ways) network.slow(a, b, undefined);
    });
  }

  /**
   * Somebody, or NTP, sets the clock of a machine: by seconds either way, or an hour ahead. Not an hour back: a wait counts
   * the smaller of both clocks, so it would last an hour longer, and by design. Not back where the machine has slept: one
   * of both clocks must count the time that passes.
   */
  #stepWall(random: SeededRandom): void {
    const process = this.#options.fleet.processIn(this.#anySlot(random));
    const someMs = random.between(500, 20_000);
    const byMs = random.pick([someMs, -someMs, HOUR_MS]);
    if (byMs < 0 && this.#slept.has(process)) return;
    if (byMs < 0) this.#setBack.add(process);
    process.stepWall(byMs);
    this.#options.log?.(`clock of ${process.id} set by ${Math.round(byMs / 1000)} s`);
  }

  #compact(random: SeededRandom): void {
    const server = random.pick(this.#sites);
    this.#options.compact?.(server);
    this.#options.log?.(`API server ${server} forgets its history`);
  }

  #pause(slot: Slot, random: SeededRandom): void {
    const { fleet } = this.#options;
    const process = fleet.processIn(slot);
    if (process.state !== 'running' || !fleet.mayStop(slot)) return;
    this.#stop(process, random.between(...PAUSE_MS), random.chance(0.2));
  }

  #stop(process: VirtualProcess, ms: number, mayItsMachineSleep: boolean): void {
    const machineSleeps = mayItsMachineSleep && !this.#setBack.has(process);
    if (machineSleeps) this.#slept.add(process);
    this.#during(`pause ${process.id}`, ms, () => {});
    process.pause(ms, { machineSleeps });
  }

  #crash(slot: Slot, random: SeededRandom): void {
    const { fleet } = this.#options;
    if (fleet.processIn(slot).state === 'crashed' || !fleet.mayStop(slot)) return;
    this.#kill(slot, random.between(...RESTART_MS));
  }

  #kill(slot: Slot, restartMs: number): void {
    const process = this.#options.fleet.processIn(slot);
    process.crash();
    this.#during(`crash ${process.id}`, restartMs, () => this.#restart(slot));
  }

  /** A process without power starts when the power is back. */
  #restart(slot: Slot): void {
    const { fleet } = this.#options;
    if (fleet.processIn(slot).state === 'crashed' && !this.#powerless.has(slot.site)) fleet.start(slot);
  }

  #losePower(region: string, random: SeededRandom): void {
    const { fleet, network, onPower, time } = this.#options;
    if (this.#powerless.has(region)) return;
    this.#powerless.add(region);
    const slots = this.#slotsAt(region);
    network.setServer(region, 'dark');
    for (const slot of slots) fleet.processIn(slot).crash();
    onPower(region, false);
    this.#during(`power lost in ${region}`, random.between(15_000, 60_000), () => {
      this.#powerless.delete(region);
      network.setServer(region, 'up');
      onPower(region, true);
      for (const slot of slots) time.schedule(random.between(1_000, 4_000), () => this.#restart(slot));
    });
  }

  #loseHubServer(random: SeededRandom): void {
    const { hubs } = this.#options;
    this.#loseServer(random.pick(hubs), random.between(5_000, 30_000), random);
  }

  #loseServer(name: string, durationMs: number, random: SeededRandom): void {
    const { network } = this.#options;
    if (network.stateOf(name) !== 'up') return;
    const state = random.pick(['refusing', 'hung', 'dark'] as const);
    network.setServer(name, state);
    this.#during(`API server ${name} ${state}`, durationMs, () => {
      // The power may have gone meanwhile: then it is not this that brings the server back.
      if (network.stateOf(name) === state && !this.#powerless.has(name)) network.setServer(name, 'up');
    });
  }

  #disobey(region: string, { setObeys }: Hazards, random: SeededRandom): void {
    setObeys(region, false);
    this.#during(`kubelets of ${region} disobey`, random.between(10_000, 60_000), () => setObeys(region, true));
  }

  #freeze(region: string, { freeze }: Hazards, random: SeededRandom): void {
    const ms = random.between(3_000, 45_000);
    // With running clocks, as under a hypervisor that has no time for it. A machine that sleeps is another matter: timers
    // do not count that, so a gate notices it with its next look only, up to 100 ms after the others have gone on.
    freeze(region, ms);
    this.#during(`machines of ${region} stand still`, ms, () => {});
  }

  /** Nobody is left to fence: the API server of a region and all its agents are gone, its nodes live. Or only the agents. */
  #loseControl(region: string, random: SeededRandom): void {
    if (this.#powerless.has(region)) return;
    const ms = random.between(15_000, 60_000);
    if (random.chance(0.7)) this.#loseServer(region, ms, random);
    for (const slot of this.#slotsAt(region)) {
      const process = this.#options.fleet.processIn(slot);
      if (process.state === 'crashed') continue;
      const awayMs = random.between(0.5 * ms, ms);
      if (random.chance(0.5)) this.#kill(slot, awayMs);
      else this.#stop(process, awayMs, random.chance(0.2));
    }
  }

  /** Logs begin and end and runs `end` after `ms`. */
  #during(what: string, ms: number, end: () => void): void {
    const { log = () => {}, time } = this.#options;
    this.#overAtMs = Math.max(this.#overAtMs, time.nowMs + ms);
    log(`${what} for ${Math.round(ms / 1000)} s`);
    time.schedule(ms, () => {
      log(`end of ${what}`);
      end();
    });
  }

  #anySlot(random: SeededRandom): Slot {
    return random.pick(this.#options.fleet.slots);
  }

  #slotsAt(site: string): readonly Slot[] {
    return this.#options.fleet.slots.filter((slot) => slot.site === site);
  }

  #isRunning(slot: Slot): boolean {
    return this.#options.fleet.processIn(slot).state === 'running';
  }
}

type Way = readonly [from: string, to: string];

const bothWays = (site: string, others: readonly string[]): Way[] =>
  others.flatMap((other): Way[] => [
    [site, other],
    [other, site],
  ]);
