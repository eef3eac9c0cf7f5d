import type { Clock, Timer } from '../runtime/clock.ts';
import { type Command, codeOfSignal } from './command.ts';
import type { LineLog } from './line-log.ts';
import { decideGate, type GateAction, type GateTiming, INITIAL_STATE, type Right, takeRight } from './right.ts';

/** Exit code of a gate whose right has ended: kubelet starts the container again, and the new gate waits (EX_TEMPFAIL). */
export const RIGHT_ENDED_CODE = 75;

export interface RightsSource {
  /**
   * Asks for the right, of all agents at once. Calls may overlap.
   * @param onRight called with each right, as soon as it is there
   * @returns when all have answered or failed: why there is no right, one sentence for each agent; empty when there is
   */
  ask(onRight: (right: Right) => void): Promise<readonly string[]>;
}

export interface GateDeps {
  readonly clock: Clock;
  readonly timing: GateTiming;
  readonly source: RightsSource;
  /** Starts the command under a right at this epoch; called once at most. */
  readonly start: (epoch: number) => Command;
  readonly log: LineLog['log'];
}

/** Agents that do not answer must not pile up requests. */
const MOST_ROUNDS = 3;

/**
 * Starts a command once it has the right, and stops it when the right ends: SIGTERM then, SIGKILL to its process group
 * after the grace period. For that it needs nothing but its own clock: no agent, no API server, no file, no log.
 *
 * `ended` resolves with the exit code: that of the command (128 + n when a signal ended it), or `RIGHT_ENDED_CODE` when
 * it was stopped because the right had ended.
 */
export class Gate {
  readonly #deps: GateDeps;
  readonly #ended = Promise.withResolvers<number>();
  #state = INITIAL_STATE;
  #command: Command | undefined;
  #timer: Timer | undefined;
  #rounds = 0;
  #problem = '';
  #isOver = false;

  constructor(deps: GateDeps) {
    this.#deps = deps;
  }

  get ended(): Promise<number> {
    return this.#ended.promise;
  }

  start(): void {
    this.#step();
  }

  /** Hands a signal on to the command. One that would end the gate before there is a command ends it. */
  signal(name: NodeJS.Signals): void {
    if (this.#command) this.#command.signal(name);
    else this.#end(codeOfSignal(name));
  }

  /** Kills what runs, without waiting: for a gate that has to end at once. */
  abandon(): void {
    this.#command?.killGroup();
  }

  #step(): void {
    this.#timer?.cancel();
    if (this.#isOver) return;
    const { clock, timing } = this.#deps;
    const { actions, lookAgainMs, state } = decideGate(this.#state, clock.now(), timing);
    this.#state = state;
    if (Number.isFinite(lookAgainMs)) this.#timer = clock.setTimer(lookAgainMs, () => this.#step());
    for (const action of actions) this.#perform(action);
    // To start a process takes time, in which the right may have ended.
    if (actions.includes('Start')) this.#step();
  }

  #perform(action: GateAction): void {
    switch (action) {
      case 'Ask':
        void this.#ask();
        break;
      case 'Start':
        this.#start();
        break;
      case 'Stop':
        this.#command?.signal('SIGTERM');
        this.#deps.log('warn', 'The right has ended: SIGTERM', { epoch: this.#state.right?.epoch });
        break;
      case 'Kill':
        this.#command?.killGroup();
        this.#deps.log('warn', 'The right has ended: SIGKILL', { epoch: this.#state.right?.epoch });
        break;
    }
  }

  async #ask(): Promise<void> {
    if (this.#rounds >= MOST_ROUNDS) return;
    this.#rounds += 1;
    try {
      const problems = await this.#deps.source.ask((right) => this.#take(right));
      this.#report(problems.join('; '));
    } catch (error) {
      this.#report(String(error));
    } finally {
      this.#rounds -= 1;
    }
  }

  #take(right: Right): void {
    this.#state = takeRight(this.#state, right, this.#deps.clock.now());
    this.#step();
  }

  /** Says it once, not with every request. */
  #report(problem: string): void {
    if (this.#isOver || problem === this.#problem) return;
    this.#problem = problem;
    if (problem !== '') this.#deps.log('warn', 'No right', { phase: this.#state.phase, because: problem });
    else if (this.#command) this.#deps.log('info', 'The right is renewed', { epoch: this.#state.right?.epoch });
  }

  #start(): void {
    const epoch = this.#state.right?.epoch ?? 0;
    const command = this.#deps.start(epoch);
    this.#command = command;
    this.#deps.log('info', 'Command starts', { epoch });
    void command.ended.then(({ code, problem }) => {
      if (problem !== undefined) this.#deps.log('error', 'Command cannot be started', { because: problem });
      const { phase } = this.#state;
      this.#end(phase === 'Running' ? code : RIGHT_ENDED_CODE);
    });
  }

  #end(code: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#deps.log('info', 'Gate ends', { code });
    this.#ended.resolve(code);
  }
}
