export interface Delayed {
  readonly key: string;
  readonly readyAtMs: number;
}

/** A binary min-heap by `readyAtMs`. It knows nothing of duplicates: the queue discards what is no longer current. */
export class DelayHeap {
  readonly #entries: Delayed[] = [];

  get first(): Delayed | undefined {
    return this.#entries[0];
  }

  push(entry: Delayed): void {
    const entries = this.#entries;
    let at = entries.length;
    entries.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#readyAt(parent) <= entry.readyAtMs) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  pop(): Delayed | undefined {
    const entries = this.#entries;
    const [first] = entries;
    const last = entries.pop();
    if (last && first && entries.length > 0) {
      entries[0] = last;
      this.#sink();
    }
    return first;
  }

  #sink(): void {
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const smaller = this.#readyAt(left + 1) < this.#readyAt(left) ? left + 1 : left;
      if (this.#readyAt(smaller) >= this.#readyAt(at)) return;
      this.#swap(at, smaller);
      at = smaller;
    }
  }

  #readyAt(index: number): number {
    return this.#entries[index]?.readyAtMs ?? Number.POSITIVE_INFINITY;
  }

  #swap(a: number, b: number): void {
    const entries = this.#entries;
    const x = entries[a];
    const y = entries[b];
    if (x && y) {
      entries[a] = y;
      entries[b] = x;
    }
  }
}
