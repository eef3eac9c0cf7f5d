import type { Node, Pattern, Way } from './partition-patterns.ts';

/** When the cut begins. */
export const PHASES = ['steady', 'renewed', 'intended', 'fenced', 'promoted'] as const;
export type Phase = (typeof PHASES)[number];

/**
 * What the hub does with a region that it alone cannot see, while a peer that it sees does and the region has the promises
 * of all others: `Moves` takes it for lost, `Stays` leaves the service where it is. One word, so that a change of the
 * diagnosis is one change here.
 */
export type OnlyHubCannotSee = 'Moves' | 'Stays';
export const WHEN_ONLY_HUB_CANNOT_SEE: OnlyHubCannotSee = 'Stays';

/** How a cell stands when the cut has lasted long enough. */
export interface Outcome {
  readonly assigned: Node;
  /** Where it runs; undefined: nowhere. */
  readonly runs: Node | undefined;
}

const REGIONS = ['A', 'B', 'C'] as const;

/** What follows from the cuts alone, in a few lines that share nothing with the code that is tested. */
export function expectedOf({ cuts }: Pattern, phase: Phase, onlyHubCannotSee: OnlyHubCannotSee): Outcome {
  const ways = new Set<Way>(cuts);
  const hears = (from: Node, to: Node): boolean => !ways.has(`${from}>${to}`);
  const linked = (one: Node, other: Node): boolean => hears(one, other) && hears(other, one);
  const lost = REGIONS.filter((region) => !linked('H', region));
  const isHubSuspect = lost.length * 2 > REGIONS.length;
  const isMoving = phase === 'intended' || phase === 'fenced';
  const active = isMoving ? 'B' : 'A';
  if (!lost.includes(active)) return { assigned: active, runs: active };
  const isSeenByPeers = REGIONS.some((peer) => peer !== active && linked('H', peer) && linked(peer, active));
  // A region of which the hub has not heard that it was granted the service counts as lost.
  const isHeardOf = !isMoving && (phase !== 'promoted' || hears('A', 'H'));
  const isWell = isSeenByPeers && isHeardOf && linked('A', 'B') && linked('A', 'C');
  const moves = !isHubSuspect && !(isWell && onlyHubCannotSee === 'Stays');
  if (moves) return isMoving ? { assigned: 'A', runs: 'A' } : { assigned: 'B', runs: 'B' };
  // Without the hub A runs on as long as both others promise, which they do while none has heard of the move.
  const isTold = isMoving && (phase === 'fenced' || REGIONS.some((region) => hears('H', region)));
  const runsOn = linked('A', 'B') && linked('A', 'C') && !isTold;
  return { assigned: active, runs: runsOn ? 'A' : undefined };
}
