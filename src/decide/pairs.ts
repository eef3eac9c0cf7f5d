/** The zones of the two slots of a pair; `a` is the slot that serves first. */
export interface PairZones {
  readonly a: string;
  readonly b: string;
}

/** Slots, and slots that serve first, that stand in each zone so far. */
interface Tally {
  readonly slots: Map<string, number>;
  readonly active: Map<string, number>;
}

const add = (counts: Map<string, number>, zone: string) => counts.set(zone, (counts.get(zone) ?? 0) + 1);

/** How full the zones of a pair are already: an active slot weighs as much as two that stand by. */
const crowding = ({ slots, active }: Tally, pair: PairZones): number =>
  (slots.get(pair.a) ?? 0) + (slots.get(pair.b) ?? 0) + (active.get(pair.a) ?? 0);

/** The pairs after one more zone has joined: pair by pair, it takes over a slot where that leaves less crowding. */
function admit(pairs: readonly PairZones[], zone: string): PairZones[] {
  const tally: Tally = { slots: new Map(), active: new Map() };
  return pairs.map((pair) => {
    const choices = [
      { a: zone, b: pair.b },
      { a: pair.a, b: zone },
    ];
    const chosen = choices.reduce((best, c) => (crowding(tally, c) < crowding(tally, best) ? c : best), pair);
    add(tally.slots, chosen.a);
    add(tally.slots, chosen.b);
    add(tally.active, chosen.a);
    return chosen;
  });
}

/**
 * Zones for the pairs of a pool; none with fewer than two zones. Both slots of a pair never stand in one zone; slots and
 * active slots are balanced over the zones (a difference of at most 1 and 2 in three zones, 3 and 4 in eight).
 *
 * Steady both ways. A pair depends only on those before it, so more pairs move none of the old ones. Zones are admitted
 * one by one in the order given and slots move only to the one admitted, so a zone appended at the end moves its own
 * share of the slots, 2 × pairs / zones and at most one or two more.
 */
export function computePairs(pairCount: number, zones: readonly string[]): PairZones[] {
  const [first, second, ...rest] = zones;
  if (first === undefined || second === undefined) return [];
  const alternating = Array.from({ length: pairCount }, (_, index) =>
    index % 2 === 0 ? { a: first, b: second } : { a: second, b: first },
  );
  return rest.reduce<PairZones[]>(admit, alternating);
}
