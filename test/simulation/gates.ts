import type { RightVerdict } from '../../src/agent/rights-server.ts';
import type { Command, Ending } from '../../src/gate/command.ts';
import { Gate, type RightsSource } from '../../src/gate/gate.ts';
import { type GateOptions, readGateOptions } from '../../src/gate/options.ts';
import type { Right } from '../../src/gate/right.ts';
import type { Pod } from '../../src/kube/kinds.ts';
import type { Supervision, Supervisor } from '../support/cluster/kubelet.ts';
import type { Faults } from '../support/faults.ts';
import { isJsonObject } from '../support/json.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import type { VirtualProcess } from '../support/virtual-process.ts';
import type { VirtualTime } from '../support/virtual-time.ts';

/** An agent as a gate sees it: a process that may answer. */
export interface RightsAgent {
  readonly process: VirtualProcess;
  readonly rightOf: (service: string) => RightVerdict;
}

export interface GatesOptions {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly faults: Faults;
  /** Ratio of any two clock rates by which agents divide: to know of an answer what the agent itself holds. */
  readonly clockRatio: number;
  readonly rates: readonly number[];
  readonly agentsOf: (region: string) => readonly RightsAgent[];
  readonly log: (who: string, what: string) => void;
  /** Told of a process that runs although no right that its gate was given lasts. */
  readonly onUnlawful: (message: string) => void;
}

/** Of four processes that are asked to end this share does not: only SIGKILL ends them. */
const DEAF_CHANCE = 0.4;
/** Rounding, and the first moment after a thaw. */
const TOLERANCE_MS = 5;

/**
 * The gates of all pods that have one: the real gate (`src/gate/gate.ts`, with the options that stand in the pod) on a
 * clock of its own, which asks the real handler of each agent of its region (`rightOf`) over the faulty network.
 *
 * What TLS and names add is left to the integration tests.
 */
export class Gates {
  readonly #options: GatesOptions;
  readonly #rates = new Map<string, number>();
  #started = 0;

  constructor(options: GatesOptions) {
    this.#options = options;
  }

  /** The gate of a pod that has just been started on a node; undefined for a pod without one. */
  supervise(region: string, pod: Pod, node: string, on: Supervision): Supervisor | undefined {
    const command = commandOf(pod);
    const at = command.indexOf('gate');
    if (at < 0) return undefined;
    const { random, time } = this.#options;
    const rate = this.#rates.get(node) ?? random.pick(this.#options.rates);
    this.#rates.set(node, rate);
    const process = time.startProcess({
      id: `gate of ${pod.metadata.name} #${++this.#started}`,
      site: region,
      rate,
      offsetMs: random.between(0, 1_000_000),
    });
    return new GateProcess(this.#options, process, readGateOptions(command.slice(at + 1)), on);
  }
}

class GateProcess implements Supervisor {
  readonly #options: GatesOptions;
  readonly #process: VirtualProcess;
  readonly #given: GateOptions;
  readonly #gate: Gate;
  readonly #on: Supervision;
  #command: VirtualCommand | undefined;
  /** True time until which the agents that answered hold the right themselves. */
  #rightUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: GatesOptions, process: VirtualProcess, given: GateOptions, on: Supervision) {
    this.#options = options;
    this.#process = process;
    this.#given = given;
    this.#on = on;
    const source: RightsSource = { ask: (onRight) => this.#ask(onRight) };
    const { timing } = given;
    this.#gate = new Gate({ clock: process, timing, source, start: () => this.#start(), log: () => {} });
    void this.#gate.ended.then(() => {
      if (process.state !== 'crashed') on.exited();
    });
    this.#gate.start();
  }

  stop(): void {
    this.#process.deliver(() => this.#gate.signal('SIGTERM'));
  }

  kill(): void {
    this.#process.crash();
    this.#command?.killGroup();
  }

  freeze(durationMs: number, options: { readonly machineSleeps: boolean }): void {
    this.#process.pause(durationMs, options);
    this.#options.time.schedule(durationMs + TOLERANCE_MS, () => this.#check(this.#graceMs));
  }

  #start(): Command {
    const { random, log } = this.#options;
    log(this.#process.id, `starts ${this.#given.service}`);
    this.#command = new VirtualCommand({
      process: this.#process,
      diesAfterMs: random.chance(DEAF_CHANCE) ? undefined : random.between(0, this.#given.timing.graceMs),
      onEnd: () => {
        log(this.#process.id, `has stopped ${this.#given.service}`);
        this.#on.stopped();
      },
    });
    this.#on.started();
    this.#check(0);
    return this.#command;
  }

  async #ask(onRight: (right: Right) => void): Promise<readonly string[]> {
    const agents = this.#options.agentsOf(this.#process.site);
    const sentAt = this.#process.now();
    const problems = await Promise.all(
      agents.map((agent) => this.#askOne(agent, ({ epoch, forMs }) => onRight({ sentAt, epoch, forMs }))),
    );
    return problems.includes(undefined) ? [] : problems.filter((problem) => problem !== undefined);
  }

  #askOne(agent: RightsAgent, onRight: (answer: RightVerdict & { status: 200 }) => void): Promise<string | undefined> {
    const { clockRatio, faults, time } = this.#options;
    const { service, timing } = this.#given;
    const plan = faults.planRequest({
      tag: 'GET rights',
      method: 'GET',
      path: `/v1/rights/${service}`,
      lane: 'control',
      body: undefined,
      from: this.#process,
      to: agent.process,
    });
    return new Promise((resolve) => {
      let isOver = false;
      const settle = (problem: string | undefined) => {
        isOver = true;
        timer.cancel();
        resolve(problem);
      };
      const timer = this.#process.setTimer(2 * timing.askEveryMs, () => settle('no answer'));
      const answer = () => {
        const verdict = agent.rightOf(service);
        const heldUntilMs = verdict.status === 200 ? time.nowMs + (verdict.forMs * clockRatio) / agent.process.rate : 0;
        if (plan.replyMs === undefined) return;
        time.schedule(plan.replyMs, () => {
          this.#process.deliver(() => {
            if (isOver) return;
            if (verdict.status === 200) {
              this.#note(heldUntilMs);
              onRight(verdict);
            }
            settle(verdict.status === 200 ? undefined : verdict.reason);
          });
        });
      };
      if (plan.requestMs !== undefined) time.schedule(plan.requestMs, () => agent.process.deliver(answer));
    });
  }

  /** What the agent holds ends then on its own clock; what runs under it must be gone a grace period later. */
  #note(heldUntilMs: number): void {
    if (heldUntilMs <= this.#rightUntilMs) return;
    this.#rightUntilMs = heldUntilMs;
    const { time } = this.#options;
    const inMs = heldUntilMs + this.#graceMs + TOLERANCE_MS - time.nowMs;
    time.schedule(inMs, () => this.#check(this.#graceMs));
  }

  /** The grace period of the gate, in true time. */
  get #graceMs(): number {
    return this.#given.timing.graceMs / this.#process.rate;
  }

  /** @param allowedMs how long after the end of the right something may run: none at a start, the grace period later */
  #check(allowedMs: number): void {
    const { onUnlawful, time } = this.#options;
    // While the machine stands still nothing of it runs.
    if (!this.#command?.isRunning || this.#process.state !== 'running') return;
    const lateMs = time.nowMs - this.#rightUntilMs;
    if (lateMs > allowedMs) {
      const what = `${this.#given.service} runs behind ${this.#process.id} in ${this.#process.site}`;
      onUnlawful(`${what}, ${Math.round(lateMs)} ms after the end of the last right`);
    }
  }
}

interface CommandOptions {
  readonly process: VirtualProcess;
  /** From SIGTERM to its end; undefined: it does not listen. */
  readonly diesAfterMs: number | undefined;
  readonly onEnd: () => void;
}

/** The process behind a gate. It lives on the clock of its machine, and ends in its own time or not at all. */
class VirtualCommand implements Command {
  readonly ended: Promise<Ending>;
  readonly #options: CommandOptions;
  readonly #end: (ending: Ending) => void;
  #isRunning = true;

  constructor(options: CommandOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<Ending>();
    this.ended = promise;
    this.#end = resolve;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  signal(): void {
    const { diesAfterMs, process } = this.#options;
    if (diesAfterMs !== undefined) process.setTimer(diesAfterMs, () => this.#stop(143));
  }

  killGroup(): void {
    this.#stop(137);
  }

  #stop(code: number): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.#options.onEnd();
    this.#end({ code });
  }
}

function commandOf(pod: Pod): string[] {
  const containers = pod.spec?.['containers'];
  const commands = (Array.isArray(containers) ? containers : []).filter(isJsonObject).map(({ command }) => command);
  return commands.flatMap((command) => (Array.isArray(command) ? command.map(String) : []));
}
