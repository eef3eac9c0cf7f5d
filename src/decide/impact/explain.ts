import type { IUGroup } from '../../api/iu-group.ts';
import type { ServiceClass } from '../../api/service-class.ts';
import type { Tenant } from '../../api/tenant.ts';
import { planTenant } from '../tenant-plan.ts';
import { describeCell, describeFailure } from './effects.ts';
import type { Cells, Failure, ImpactTable, TableRow } from './facts.ts';
import { plannedFacts } from './facts-of.ts';
import { computeImpact } from './impact.ts';

type Plain<T extends { metadata: unknown; spec: unknown }> = Pick<T, 'metadata' | 'spec'>;

export interface ImpactQuestion {
  readonly group: Plain<IUGroup>;
  readonly classes: readonly Plain<ServiceClass>[];
  readonly tenant: Plain<Tenant>;
  readonly failure: Failure;
}

export interface ImpactAnswer {
  readonly table: ImpactTable;
  /** What failed. */
  readonly title: string;
  /** The same table in words; `-` for no impact. */
  readonly sentences: readonly (Pick<TableRow, 'functionality'> & Readonly<Record<keyof Cells, string>>)[];
}

/**
 * What a failure would mean for a tenant, from what was declared: codes and sentences. The one entry for who has objects
 * and wants to know, as a command line.
 */
export function explainImpact({ classes, failure, group, tenant }: ImpactQuestion): ImpactAnswer {
  const byName = new Map(
    [...classes]
      .sort((x, y) => (x.metadata.name < y.metadata.name ? -1 : 1))
      .map((each): [string, Plain<ServiceClass>] => [each.metadata.name, each]),
  );
  const plan = planTenant(tenant.spec, { groups: new Map([[group.metadata.name, group]]), classes: byName });
  const table = computeImpact(plannedFacts(group, byName, tenant.spec, plan), failure);
  const sentences = table.rows.map((row) => ({
    functionality: row.functionality,
    operations: describeCell(row.operations, failure),
    representative: describeCell(row.representative, failure),
    customer: describeCell(row.customer, failure),
  }));
  return { table, title: describeFailure(failure), sentences };
}
