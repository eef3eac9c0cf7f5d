import type { FakeNetwork } from './fake-network.ts';
import type { Range } from './faults.ts';
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

export interface DisasterOptions {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly network: FakeNetwork;
  readonly fleet: Fleet;
  readonly hubs: readonly string[];
  readonly regions: readonly string[];
  /** Called with a region whose power goes or comes, after its API server and processes: for its nodes. */
  readonly onPower: (region: string, isOn: boolean) => void;
  /** Told each disaster and its end, for the trace of a history. */
  readonly log?: (what: string) => void;
  /** No disaster begins before, and none after; milliseconds of true time. All of them end by themselves. */
  readonly fromMs: number;
  readonly untilMs: number;
}

const PAUSE_MS: Range = [3_000, 45_000];
const RESTART_MS: Range = [500, 20_000];
/** One history is quiet, another one violent: the mean time between two disasters. */
const MEAN_GAPS_MS = [3_000, 6_000, 12_000];

/**
 * Lets big things break at random, in the shares of the protocol's model checker: ways between sites are cut, leaders
 * fail together with their ways, processes stand still or crash, regions lose their power, hubs their API server.
 */
export function scheduleDisasters(options: DisasterOptions): void {
  const { time, random, fromMs, untilMs } = options;
  const disasters = new Disasters(options);
  const next = () => {
    if (time.nowMs > untilMs) return;
    disasters.strike();
    time.schedule(-Math.log(1 - random.next()) * random.pick(MEAN_GAPS_MS), next);
  };
  time.schedule(fromMs - time.nowMs, next);
}

class Disasters {
  readonly #options: DisasterOptions;
  readonly #sites: readonly string[];
  readonly #powerless = new Set<string>();

  constructor(options: DisasterOptions) {
    this.#options = options;
    this.#sites = [...options.hubs, ...options.regions];
  }

  /** One disaster; the numbers are shares of a hundred. */
  strike(): void {
    const table: readonly (readonly [share: number, strike: () => void])[] = [
      [45, () => this.#cutWay()],
      [10, () => this.#isolateRegion()],
      [10, () => this.#cutHubAndFailLeader()],
      [3, () => this.#cutHubProcess()],
      [9, () => this.#pause(this.#anySlot())],
      [15, () => this.#crash(this.#anySlot())],
      [4, () => this.#losePower(this.#options.random.pick(this.#options.regions))],
      [4, () => this.#loseHubServer()],
    ];
    let at = this.#options.random.between(0, 100);
    for (const [share, strike] of table) {
      at -= share;
      if (at >= 0) continue;
      strike();
      return;
    }
  }

  #cutWay(): void {
    const { random } = this.#options;
    const [from, to] = [random.pick(this.#sites), random.pick(this.#sites)];
    if (from === to) return;
    this.#cut(random.chance(0.5) ? [[from, to]] : bothWays(from, [to]), [3_000, 60_000]);
  }

  #isolateRegion(): void {
    const region = this.#options.random.pick(this.#options.regions);
    const others = this.#sites.filter((site) => site !== region);
    this.#cut(bothWays(region, others), [10_000, 60_000]);
  }

  /** The compound that breaks protocols: a way is cut, and then the leader at one of its ends stops or dies. */
  #cutHubAndFailLeader(): void {
    const { fleet, hubs, random, regions, time } = this.#options;
    const [region, hub] = [random.pick(regions), random.pick(hubs)];
    this.#cut(bothWays(region, [hub]), [20_000, 70_000]);
    const site = random.chance(0.5) ? region : hub;
    time.schedule(random.chance(0.3) ? 0 : random.between(0, 14_000), () => {
      const leader = fleet.slots.find((slot) => slot.site === site && this.#isRunning(slot) && fleet.leads(slot));
      if (!leader) return;
      if (random.chance(0.5)) this.#pause(leader);
      else this.#crash(leader);
    });
  }

  #cutHubProcess(): void {
    const { fleet, hubs, random } = this.#options;
    const slot = random.pick(fleet.slots.filter(({ site }) => hubs.includes(site)));
    this.#cut([[fleet.processIn(slot).id, slot.site]], [5_000, 40_000]);
  }

  #cut(ways: readonly Way[], durationMs: Range): void {
    const { network } = this.#options;
    const names = ways.map(([from, to]) => `${from}>${to}`).join(' ');
    for (const [from, to] of ways) network.cut(from, to);
    this.#during(`cut ${names}`, durationMs, () => {
      for (const [from, to] of ways) network.heal(from, to);
    });
  }

  #pause(slot: Slot): void {
    const { fleet, random } = this.#options;
    const process = fleet.processIn(slot);
    if (process.state !== 'running' || !fleet.mayStop(slot)) return;
    const machineSleeps = random.chance(0.2);
    process.pause(
      this.#during(`pause ${process.id}`, PAUSE_MS, () => {}),
      { machineSleeps },
    );
  }

  #crash(slot: Slot): void {
    const { fleet } = this.#options;
    const process = fleet.processIn(slot);
    if (process.state === 'crashed' || !fleet.mayStop(slot)) return;
    process.crash();
    this.#during(`crash ${process.id}`, RESTART_MS, () => this.#restart(slot));
  }

  /** A process without power starts when the power is back. */
  #restart(slot: Slot): void {
    const { fleet } = this.#options;
    if (fleet.processIn(slot).state === 'crashed' && !this.#powerless.has(slot.site)) fleet.start(slot);
  }

  #losePower(region: string): void {
    const { fleet, network, onPower, random, time } = this.#options;
    if (this.#powerless.has(region)) return;
    this.#powerless.add(region);
    const slots = fleet.slots.filter(({ site }) => site === region);
    network.setServer(region, 'dark');
    for (const slot of slots) fleet.processIn(slot).crash();
    onPower(region, false);
    this.#during(`power lost in ${region}`, [15_000, 60_000], () => {
      this.#powerless.delete(region);
      network.setServer(region, 'up');
      onPower(region, true);
      for (const slot of slots) time.schedule(random.between(1_000, 4_000), () => this.#restart(slot));
    });
  }

  #loseHubServer(): void {
    const { hubs, network, random } = this.#options;
    const hub = random.pick(hubs);
    if (network.stateOf(hub) !== 'up') return;
    const state = random.pick(['refusing', 'hung', 'dark'] as const);
    network.setServer(hub, state);
    this.#during(`API server ${hub} ${state}`, [5_000, 30_000], () => network.setServer(hub, 'up'));
  }

  /** Logs begin and end and runs `end` after a time drawn from `durationMs`, which it returns. */
  #during(what: string, durationMs: Range, end: () => void): number {
    const { log = () => {}, random, time } = this.#options;
    const ms = random.between(...durationMs);
    log(`${what} for ${Math.round(ms / 1000)} s`);
    time.schedule(ms, () => {
      log(`end of ${what}`);
      end();
    });
    return ms;
  }

  #anySlot(): Slot {
    return this.#options.random.pick(this.#options.fleet.slots);
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
