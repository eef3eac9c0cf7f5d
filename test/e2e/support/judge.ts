/** What the callers saw, and what follows from that alone. */

/** A write that was acknowledged. */
export interface Ack {
  readonly id: string;
  /** Where on the disk it stands. */
  readonly slot: number;
  readonly epoch: number;
  /** The process that accepted it. */
  readonly by: string;
  readonly region: string;
  readonly node: string;
  /** When it was accepted, on the clock that all share, in milliseconds. */
  readonly atMs: number;
}

/** A write that was accepted although somebody who began later had accepted one before. */
export interface Clash {
  readonly earlier: Ack;
  readonly later: Ack;
}

/**
 * Writes accepted by two at once. Whoever accepts writes must have been the only one since its first: ordered by time, the
 * writes of each process stand together, and epochs never fall.
 */
export function findClashes(acks: readonly Ack[]): readonly Clash[] {
  const ended = new Set<string>();
  const clashes: Clash[] = [];
  let last: Ack | undefined;
  for (const ack of [...acks].sort((x, y) => x.atMs - y.atMs)) {
    if (last && (ended.has(ack.by) || ack.epoch < last.epoch)) clashes.push({ earlier: last, later: ack });
    if (last && last.by !== ack.by) ended.add(last.by);
    last = ack;
  }
  return clashes;
}

/** Writes that were acknowledged and that the disk does not have. @param disk the id in each slot */
export function findLost(acks: readonly Ack[], disk: readonly (string | undefined)[]): readonly Ack[] {
  return acks.filter(({ id, slot }) => disk[slot] !== id);
}

export interface Gap {
  readonly fromMs: number;
  readonly lengthMs: number;
}

/** The longest time without an answer between two moments; both count as answers, so nothing is hidden at the edges. */
export function longestGap(answeredMs: readonly number[], fromMs: number, toMs: number): Gap {
  const inside = answeredMs.filter((atMs) => atMs > fromMs && atMs < toMs).sort((x, y) => x - y);
  const moments = [fromMs, ...inside, toMs];
  const gaps = moments.slice(1).map((atMs, index) => ({ fromMs: moments[index] ?? atMs, atMs }));
  return gaps
    .map(({ atMs, fromMs: startMs }) => ({ fromMs: startMs, lengthMs: atMs - startMs }))
    .reduce((longest, gap) => (gap.lengthMs > longest.lengthMs ? gap : longest), { fromMs, lengthMs: 0 });
}
