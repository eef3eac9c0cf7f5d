import type { ConditionState, Reason } from '../api/conditions.ts';
import type { PlannedService, RegionSwitch } from '../api/region-switch.ts';
import type { StatusReport } from './status.ts';

/** Services that a message names; it counts all. */
const NAMED = 5;

const others = (n: number): string => `${n} other${n === 1 ? '' : 's'}`;
const tell = ({ message = '', name, reason, sharedWith = 1 }: PlannedService): string => {
  if (reason === 'SharedWithOthers') return `${name} (with ${others(sharedWith)})`;
  return reason === 'TenantNotFound' ? message : `${name}: ${message}`;
};
const listed = (services: readonly PlannedService[], glue: string): string => {
  const rest = services.length > NAMED ? [`${services.length - NAMED} more`] : [];
  return [...services.slice(0, NAMED).map(tell), ...rest].join(glue);
};

/**
 * What a RegionSwitch that names tenants leaves out: told of it as a whole, because an instance is moved and frozen for
 * all whom it serves or for none.
 *
 * @param leftOut undefined while nobody knows: then what was said last stands
 */
export function coverage(
  { spec, status }: Pick<RegionSwitch, 'spec' | 'status'>,
  leftOut: readonly PlannedService[] | undefined,
): ConditionState[] {
  const type = 'Covered';
  if (!spec.tenants) return [];
  if (!leftOut) return status?.conditions?.filter((condition) => condition.type === type) ?? [];
  const sorted = leftOut.toSorted((x, y) => (x.name < y.name ? -1 : 1));
  const shared = sorted.filter(({ reason }) => reason === 'SharedWithOthers');
  const rest = sorted.filter(({ reason }) => reason !== 'SharedWithOthers');
  const [first] = [...shared, ...rest];
  if (!first) return [{ type, status: 'True', reason: 'AsDeclared', message: 'no service of the tenants is left out' }];
  const verb = spec.type === 'Freeze' ? 'not held' : 'not moved';
  const what = `${shared.length} services are ${verb}, because they also serve tenants that are not named`;
  const parts = [...(shared.length > 0 ? [`${what}: ${listed(shared, ', ')}`] : []), listed(rest, '; ')];
  const message = parts.filter((part) => part !== '').join('; ');
  return [{ type, status: 'False', reason: (first.reason ?? 'SharedWithOthers') as Reason, message }];
}

/**
 * A report with what is left out. One that has ended says what was said before.
 *
 * @param leftOut see `coverage`; asked only where it is told
 */
export function withCoverage(
  report: StatusReport,
  object: RegionSwitch,
  leftOut: () => readonly PlannedService[] | undefined,
): StatusReport {
  if (report.conditions.some(({ type }) => type === 'Covered')) return report;
  return { ...report, conditions: [...report.conditions, ...coverage(object, leftOut())] };
}

/** What is to be told of it as an event: once for as long as something is left out. The condition goes on saying what. */
export function newlyLeftOut({ status }: RegionSwitch, { conditions }: StatusReport): ConditionState | undefined {
  const before = status?.conditions?.find(({ type }) => type === 'Covered');
  const covered = conditions.find(({ type }) => type === 'Covered');
  return covered?.status === 'False' && before?.status !== 'False' ? covered : undefined;
}
