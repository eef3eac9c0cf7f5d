import { type InstanceDecision, type InstanceView, regionIn } from './instance-view.ts';
import { occupy, type RoomBook } from './room.ts';

/** What the services of a group share, as far as it is not given away yet in this pass. */
export interface Ledger {
  readonly room: RoomBook;
  /** Services of the group that are on their way home. */
  readonly returning: number;
}

interface Ranked {
  /** 1 is the most important one. */
  readonly slaClass: number;
  /** `namespace/name`. */
  readonly key: string;
}

/** The order in which the services of a group are decided about: what is short goes to the most important ones. */
const byImportance = (x: Ranked, y: Ranked): number =>
  x.slaClass - y.slaClass || (x.key < y.key ? -1 : x.key > y.key ? 1 : 0);

/**
 * Whose turn it is when. What must live in one region has its turn together, with the most important one of them, and
 * within that one after the other; every other service is a turn of its own.
 *
 * @param sets services that must live in one region, by key
 */
export function turnsOf<T extends Ranked>(
  services: readonly T[],
  sets: readonly (readonly string[])[],
): readonly (readonly T[])[] {
  const headOf = new Map(sets.flatMap((keys) => keys.map((key): [string, string] => [key, keys[0] ?? key])));
  const turns = new Map<string, T[]>();
  for (const service of services.toSorted(byImportance)) {
    const head = headOf.get(service.key) ?? service.key;
    const turn = turns.get(head);
    if (turn) turn.push(service);
    else turns.set(head, [service]);
  }
  return [...turns.values()];
}

type Decided = InstanceDecision | { readonly kind: 'Stay' | 'Drain' };

/** What is left after a decision about one service. What it takes is gone at once; what it leaves is free in the next pass. */
export function afterDecision(ledger: Ledger, view: InstanceView, decision: Decided): Ledger {
  const from = view.assignment?.activeRegion;
  // All but active/backup services are counted wherever they have a place, and so is what was never assigned.
  if (decision.kind !== 'Assign' || view.mode !== 'Backup' || from === undefined) return ledger;
  const { activeRegion, reason } = decision.intent;
  if (activeRegion === from) return ledger;
  const { place } = regionIn(view, activeRegion);
  return {
    room: place.ok ? occupy(ledger.room, activeRegion, place.instances) : ledger.room,
    returning: ledger.returning + (reason === 'SwitchedBack' ? 1 : 0),
  };
}
