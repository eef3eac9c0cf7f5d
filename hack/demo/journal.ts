import type { Screen } from './screen.ts';

/** Something that was expected of a step, and whether it came true. */
export interface Expectation {
  readonly what: string;
  readonly met: boolean;
  /** What was seen instead, or the figures. */
  readonly detail: string;
}

/** Something that happened in a step. */
export interface Milestone {
  readonly what: string;
  /** Milliseconds since the step began. */
  readonly afterMs: number;
}

export interface StepRecord {
  readonly name: string;
  readonly title: string;
  /** Milliseconds since the demo began. */
  readonly startMs: number;
  readonly tookMs: number;
  readonly milestones: readonly Milestone[];
  readonly expectations: readonly Expectation[];
}

/** Writes down what happens, step by step, and says it. */
export class Journal {
  readonly #screen: Screen;
  readonly #startMs: number;
  readonly #steps: StepRecord[] = [];

  constructor(screen: Screen, startMs: number) {
    this.#screen = screen;
    this.#startMs = startMs;
  }

  get steps(): readonly StepRecord[] {
    return this.#steps;
  }

  /** Whether every expectation so far was met. */
  get isGood(): boolean {
    return this.#steps.every(({ expectations }) => expectations.every(({ met }) => met));
  }

  /**
   * Carries out one step. An error is an expectation that was not met; it is thrown again, because what follows stands
   * on this step.
   */
  async step<T>(name: string, title: string, run: (step: Step) => Promise<T>): Promise<T> {
    this.#screen.say('');
    this.#screen.say(this.#screen.paint('bold', `${this.#steps.length + 1}. ${title}`));
    const step = new Step(this.#screen);
    try {
      return await run(step);
    } catch (error) {
      step.expect('the step goes through', false, error instanceof Error ? error.message : String(error));
      throw error;
    } finally {
      const startMs = step.startMs - this.#startMs;
      const { expectations, milestones } = step;
      this.#steps.push({ name, title, startMs, tookMs: step.elapsedMs, milestones, expectations });
    }
  }
}

/** One step while it goes on. */
export class Step {
  readonly startMs = performance.now();
  readonly milestones: Milestone[] = [];
  readonly expectations: Expectation[] = [];
  readonly #screen: Screen;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  get elapsedMs(): number {
    return performance.now() - this.startMs;
  }

  /** Something that is worth knowing. */
  say(text: string): void {
    this.#screen.say(`   ${text}`);
  }

  /** Something that has just happened. */
  reached(what: string): void {
    this.milestones.push({ what, afterMs: this.elapsedMs });
    this.say(this.#screen.paint('cyan', what));
  }

  expect(what: string, met: boolean, detail = ''): void {
    this.expectations.push({ what, met, detail });
    const mark = met ? this.#screen.paint('green', 'yes') : this.#screen.paint('red', 'NO ');
    this.say(`${mark} ${what}${detail === '' ? '' : `: ${detail}`}`);
  }
}

/** For people: `17.9 s`. */
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
