import type { Role as AccessRole } from '../../hack/rbac/roles.ts';
import { createAgent } from '../../src/agent/agent.ts';
import type { RightVerdict } from '../../src/agent/rights-server.ts';
import type { GateSource } from '../../src/decide/desired/gate.ts';
import { createHub, type Hub, type HubOptions } from '../../src/hub/hub.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { createKubeClient } from '../../src/kube/rest-client.ts';
import type { LeaseMetrics } from '../../src/report/lease-metrics.ts';
import type { Log } from '../../src/report/log-port.ts';
import { type AccessLog, withRole } from '../support/authorized-transport.ts';
import type { Fleet, Slot } from '../support/disasters.ts';
import type { FakeNetwork } from '../support/fake-network.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import type { VirtualProcess } from '../support/virtual-process.ts';
import type { VirtualTime } from '../support/virtual-time.ts';
import { HUB } from './catalogue.ts';

/** Two hub candidates and two agents in each region. */
const CANDIDATES = 2;
/** With two heartbeats of 2 s it must be less than the lease of 7 s. */
export const HUB_ELECTION_MS = 2_500;
/** Clock rates at the edge of what `clockRateErrorPercent: 20` allows: any two differ by a factor of 1.2 at most. */
export const RATES = [1 / Math.sqrt(1.2), 1, Math.sqrt(1.2)];
/** A process counts as one that can take over when it has been well for so long. */
const SETTLED_MS = 1_000;
const WATCH_EVERY_MS = 500;

interface Role {
  start(): void;
  readonly ready: boolean;
  readonly leading: boolean;
  rightOf?(service: string): RightVerdict;
}

interface Running {
  readonly process: VirtualProcess;
  readonly role: Role;
  /** When it was last seen standing still, or started; true milliseconds. */
  unwellAtMs: number;
}

/** What a test sees of the metrics of the processes. */
export interface Meters {
  readonly hub: Pick<HubOptions, 'metrics' | 'onServedTime' | 'recovery' | 'traceSwitches'>;
  readonly lease: LeaseMetrics;
  readonly onHub: (hub: Hub) => void;
}

export interface ProcessesOptions {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly network: FakeNetwork;
  readonly regions: readonly string[];
  /** Processes for each role and site; two when absent. */
  readonly candidates?: number;
  /** Whether all agents of a region may stop at once; else one always lives. */
  readonly mayAllStop?: boolean;
  /** What agents put in front of services that ask for gates; absent: they have no settings for them. */
  readonly gate?: GateSource;
  /** What the processes use of their roles, and what they ask for beyond them. */
  readonly access: AccessLog;
  readonly meters?: Meters;
  readonly log: (who: string, message: string, fields: Readonly<Record<string, unknown>>) => void;
  /** Called when a hub begins to lead while another one, which has not heard of it, still acts as if it did. */
  readonly onSecondHub?: () => void;
}

/** The real hub and agent loops as processes that can stand still, die and come back as new ones. */
export class Processes implements Fleet {
  readonly #slots: Slot[] = [];
  readonly #options: ProcessesOptions;
  readonly #running = new Map<string, Running>();
  #started = 0;
  /** Hubs that have begun to lead and have not heard of another one. */
  readonly #leadingHubs = new Set<VirtualProcess>();

  constructor(options: ProcessesOptions) {
    this.#options = options;
    for (const site of [HUB, ...options.regions]) this.open(site);
    this.#watchHealth();
  }

  get slots(): readonly Slot[] {
    return this.#slots;
  }

  /** The processes of a site: those of a hub, unless it is a region. */
  open(site: string): void {
    const count = this.#options.candidates ?? CANDIDATES;
    const slots = Array.from({ length: count }, (_, index) => ({ name: `${site}.${index + 1}`, site }));
    this.#slots.push(...slots);
    for (const slot of slots) this.start(slot);
  }

  #isHub = (site: string): boolean => !this.#options.regions.includes(site);

  processIn(slot: Slot): VirtualProcess {
    return this.#at(slot).process;
  }

  /** A new process: fresh caches, a fresh identity, another clock. */
  start(slot: Slot): void {
    const { random, time } = this.#options;
    const id = `${slot.name}#${++this.#started}`;
    const own = random.fork(id);
    const process = time.startProcess({
      id,
      site: slot.site,
      rate: own.pick(RATES),
      offsetMs: own.between(0, 1_000_000),
    });
    const role = this.#isHub(slot.site) ? this.#createHub(process, own) : this.#createAgent(process, own, slot.site);
    this.#running.set(slot.name, { process, role, unwellAtMs: time.nowMs });
    this.#options.log(id, 'starts', { rate: process.rate.toFixed(3) });
    role.start();
  }

  leads(slot: Slot): boolean {
    return this.#at(slot).role.leading;
  }

  /** The process at a site that leads, if one does. */
  leaderAt(site: string): Slot | undefined {
    return this.slots.find(
      (slot) => slot.site === site && this.processIn(slot).state === 'running' && this.leads(slot),
    );
  }

  /**
   * Fault model of services without gates: hubs may all fail; of the agents of a region one lives, is warm and takes
   * part in the election, or nobody would fence.
   */
  mayStop(slot: Slot): boolean {
    if (this.#isHub(slot.site) || this.#options.mayAllStop) return true;
    return this.slots.some((other) => other.site === slot.site && other.name !== slot.name && this.#isSettled(other));
  }

  /** The agents of a region as the gates there see them: processes that hold rights, or do not. */
  agentsOf(
    region: string,
  ): { readonly process: VirtualProcess; readonly rightOf: (service: string) => RightVerdict }[] {
    return this.slots
      .filter(({ site }) => site === region)
      .map((slot) => this.#at(slot))
      .map(({ process, role }) => ({
        process,
        rightOf: (service) => role.rightOf?.(service) ?? { status: 404, reason: 'no agent' },
      }));
  }

  /** Ids of the processes at a site that are certain at this instant that they lead. One at most may be. */
  leadersAt(site: string): readonly string[] {
    const certain = this.slots.filter((slot) => slot.site === site && this.leads(slot));
    return certain.map((slot) => this.processIn(slot)).flatMap(({ id, state }) => (state === 'crashed' ? [] : [id]));
  }

  /** The slot that a process, by its id, runs in. */
  slotOf(processId: string): Slot | undefined {
    return this.slots.find((slot) => this.processIn(slot).id === processId);
  }

  #isSettled(slot: Slot): boolean {
    const { process, role, unwellAtMs } = this.#at(slot);
    return process.state === 'running' && role.ready && this.#options.time.nowMs - unwellAtMs > SETTLED_MS;
  }

  #at(slot: Slot): Running {
    const running = this.#running.get(slot.name);
    if (!running) throw new Error(`nothing was started in ${slot.name}`);
    return running;
  }

  #watchHealth(): void {
    const { time } = this.#options;
    for (const running of this.#running.values()) {
      if (running.process.state !== 'running' || !running.role.ready) running.unwellAtMs = time.nowMs;
    }
    time.schedule(WATCH_EVERY_MS, () => this.#watchHealth());
  }

  #client(process: VirtualProcess, server: string): KubeClient {
    const { access, network } = this.#options;
    const transport = network.connect({ process, server });
    return createKubeClient(withRole(transport, this.#roleAt(process.site, server), access), server);
  }

  #log(process: VirtualProcess): Log {
    return (level, message, fields) => {
      if (message === 'Hub leads') this.#beginsToLead(process);
      if (message === 'Hub leads no more') this.#leadingHubs.delete(process);
      if (level !== 'debug') this.#options.log(process.id, message, fields);
    };
  }

  #beginsToLead(process: VirtualProcess): void {
    for (const other of this.#leadingHubs) if (other.state === 'crashed') this.#leadingHubs.delete(other);
    if (this.#leadingHubs.size > 0) this.#options.onSecondHub?.();
    this.#leadingHubs.add(process);
  }

  #createHub(process: VirtualProcess, random: SeededRandom): Role {
    const { meters } = this.#options;
    const hub = createHub({
      ...meters?.hub,
      client: this.#client(process, process.site),
      // The "kubeconfig" of a region is its name.
      connect: async (_region, kubeconfig) => this.#client(process, kubeconfig),
      identity: process.id,
      electionMs: HUB_ELECTION_MS,
      clock: process,
      random,
      log: this.#log(process),
    });
    meters?.onHub(hub);
    return hub;
  }

  #createAgent(process: VirtualProcess, random: SeededRandom, region: string): Role {
    return createAgent({
      region,
      version: 'simulated',
      ...(this.#options.gate ? { gate: this.#options.gate } : {}),
      ...(this.#options.meters ? { leaseMetrics: this.#options.meters.lease } : {}),
      client: this.#client(process, region),
      connectPeer: async (peer) => this.#client(process, peer),
      identity: process.id,
      clock: process,
      random,
      log: this.#log(process),
    });
  }

  /** Whose credential a process at a site uses at a server: nobody has more than the chart grants. */
  #roleAt(site: string, server: string): AccessRole {
    if (this.#isHub(site)) return site === server ? 'hub' : 'hub-in-region';
    return site === server ? 'agent' : 'peer';
  }
}
