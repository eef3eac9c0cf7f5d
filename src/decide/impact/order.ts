import type { Effect } from '../../api/impact.ts';
import { EFFECT_FACTS, rankOf } from './effects.ts';

/** From here on something is not there. */
export const MISSING_FROM = 5;

/** Services that are missing by the worst effects of a cell. What only takes a moment counts as one, for however many. */
function missingIn(effects: readonly Effect[]): ReadonlySet<string> {
  const rank = rankOf(effects);
  if (rank < MISSING_FROM) return new Set();
  const worst = effects.filter(({ code }) => EFFECT_FACTS[code].rank === rank);
  return new Set(worst.flatMap(({ services = [] }) => services));
}

/** The order of cells: the worst effect counts, and where that is as bad, how many services are missing. */
export function compareCells(x: readonly Effect[], y: readonly Effect[]): number {
  return rankOf(x) - rankOf(y) || missingIn(x).size - missingIn(y).size;
}
