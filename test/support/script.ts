import type { SeededRandom } from './seeded-random.ts';

/**
 * What befalls a history from outside, deed by deed. Each has a name (`cut`, the fourth: `d4`) and chance of its own, so
 * that one of them can be left out while all others stay what they are: shrinking stands on that.
 */
export class Script {
  /** Names of the deeds that were done, in order. */
  readonly done: string[] = [];
  readonly #random: SeededRandom;
  readonly #without: ReadonlySet<string>;
  readonly #counts = new Map<string, number>();

  constructor(random: SeededRandom, without: Iterable<string> = []) {
    this.#random = random;
    this.#without = new Set(without);
  }

  /** Does the next deed of a kind, unless it is to be left out. */
  perform(kind: string, deed: (random: SeededRandom) => void): void {
    const number = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, number);
    this.#once(`${kind}${number}`, deed);
  }

  /** Whether a thing that is there only once, a knob for example, is left in. */
  has(name: string): boolean {
    if (this.#without.has(name)) return false;
    this.done.push(name);
    return true;
  }

  #once(name: string, deed: (random: SeededRandom) => void): void {
    if (this.has(name)) deed(this.#random.fork(name));
  }
}
