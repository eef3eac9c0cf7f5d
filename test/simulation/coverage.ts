/** What is worth knowing of a kind of fault over many histories. */
interface Seen {
  readonly kind: string;
  /** Histories that had it. */
  readonly histories: number;
  /** Times in all. */
  readonly times: number;
}

interface Counted {
  readonly coverage: Readonly<Record<string, number>>;
}

export function sumUp(results: readonly Counted[]): Seen[] {
  const seen = new Map<string, Seen>();
  for (const { coverage } of results) {
    for (const [kind, times] of Object.entries(coverage)) {
      const before = seen.get(kind) ?? { kind, histories: 0, times: 0 };
      seen.set(kind, { kind, histories: before.histories + 1, times: before.times + times });
    }
  }
  return [...seen.values()].toSorted((a, b) => b.histories - a.histories || b.times - a.times);
}

/** A table: in how many of the histories each kind of fault struck, and how often in all. */
export function coverageTable(results: readonly Counted[]): string[] {
  const share = (histories: number): string => `${((100 * histories) / results.length).toFixed(0)} %`;
  return [
    `${'in histories'.padStart(12)}${'times'.padStart(10)}  of ${results.length}`,
    ...sumUp(results).map(
      ({ histories, kind, times }) => `${share(histories).padStart(12)}${String(times).padStart(10)}  ${kind}`,
    ),
  ];
}
