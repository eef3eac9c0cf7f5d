import type { Random } from '../../src/runtime/random.ts';

/** FNV-1a: spreads a label over 32 bits, so that forks with similar names do not resemble each other. */
function hashLabel(label: string, seed: number): number {
  let hash = (seed ^ 0x811c9dc5) >>> 0;
  for (let i = 0; i < label.length; i++) hash = Math.imul(hash ^ label.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}

const hex = (word: number): string => word.toString(16).padStart(8, '0');

/**
 * Chris Doty-Humphrey's sfc32 (PractRand): 128 bits of state, a few nanoseconds per number. The same seed gives the
 * same numbers on every machine, which is what makes a simulated history replayable.
 */
export class SeededRandom implements Random {
  readonly #seed: number;
  #a = 0;
  #b = 0x9e3779b9;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#seed = seed >>> 0;
    this.#c = this.#seed;
    for (let i = 0; i < 12; i++) this.word();
  }

  /** Uniform integer in [0, 2^32). */
  word(): number {
    const sum = (this.#a + this.#b + this.#counter++) >>> 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) >>> 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) >>> 0;
    return sum;
  }

  next(): number {
    return this.word() / 4294967296;
  }

  /** A version 4 UUID; unique within a simulation, not beyond it. */
  token(): string {
    const [a, b, c, d] = [hex(this.word()), hex(this.word()), hex(this.word()), hex(this.word())];
    return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-8${c.slice(1, 4)}-${c.slice(4)}${d}`;
  }

  /** Uniform in [from, to). */
  between(from: number, to: number): number {
    return from + (to - from) * this.next();
  }

  /** True with probability `chance`. Draws nothing for a chance of zero, so that unused faults cost nothing. */
  chance(chance: number): boolean {
    return chance > 0 && this.next() < chance;
  }

  /** One item of a list that is not empty. */
  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.next() * items.length)];
    if (item === undefined) throw new Error('pick: the list is empty');
    return item;
  }

  /** An independent stream for one consumer: what one process draws never shifts what another one draws. */
  fork(label: string): SeededRandom {
    return new SeededRandom(hashLabel(label, this.#seed));
  }
}
