import type { Effect, ImpactRow } from '../../api/impact.ts';
import { EFFECT_FACTS, rankOf } from './effects.ts';
import type { Cells, ImpactTable, TableRow } from './facts.ts';
import { AUDIENCES } from './facts.ts';

/** Cells that say something, as they stand in a status. */
export function saidIn(cells: Cells): Partial<Record<keyof Cells, Effect[]>> {
  const said = AUDIENCES.filter((audience) => cells[audience].length > 0);
  return Object.fromEntries(said.map((audience) => [audience, [...cells[audience]]]));
}

export const isFelt = (cells: Cells): boolean => AUDIENCES.some((audience) => cells[audience].length > 0);

/**
 * The rows that say something.
 *
 * @param isSettled what moves has moved: only what lasts is still felt
 */
export function feltRows({ rows }: ImpactTable, isSettled: boolean): ImpactRow[] {
  const isStillFelt = ({ code }: Effect): boolean => !isSettled || EFFECT_FACTS[code].lasts === 'Failure';
  return rows.flatMap((row): ImpactRow[] => {
    const cells: Cells = {
      operations: row.operations.filter(isStillFelt),
      representative: row.representative.filter(isStillFelt),
      customer: row.customer.filter(isStillFelt),
    };
    return isFelt(cells) ? [{ functionality: row.functionality, ...saidIn(cells) }] : [];
  });
}

/** The worst of a row. */
export const rankOfRow = (row: TableRow | ImpactRow): number =>
  Math.max(...AUDIENCES.map((audience) => rankOf(row[audience] ?? [])));
