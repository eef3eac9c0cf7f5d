import type { Sample } from './gauges.ts';

type Labels = Sample['labels'];

/** Adds up samples with the same labels. */
export class Tally {
  readonly #samples = new Map<string, Sample>();

  add(labels: Labels, by = 1): void {
    const key = Object.values(labels).join('\u0000');
    this.#samples.set(key, { labels, value: (this.#samples.get(key)?.value ?? 0) + by });
  }

  /** Keeps the largest one. */
  most(labels: Labels, value: number): void {
    const key = Object.values(labels).join('\u0000');
    const before = this.#samples.get(key);
    if (before === undefined || before.value < value) this.#samples.set(key, { labels, value });
  }

  list(): Iterable<Sample> {
    return this.#samples.values();
  }
}
