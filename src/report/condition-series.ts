import type { Condition, ConditionType } from '../api/conditions.ts';
import { flag, type Sample } from './gauges.ts';

/** As kube-state-metrics writes them: in small letters. */
export const STATUSES = ['true', 'false', 'unknown'] as const;

/** A state set: one series for each status, 1 for the present one. Nothing is said of what nobody has stated. */
export function* conditionSeries(
  labels: Readonly<Record<string, string>>,
  conditions: readonly Condition[] | undefined,
  types: readonly ConditionType[],
): Iterable<Sample> {
  for (const { status, type } of conditions ?? []) {
    if (!types.includes(type)) continue;
    for (const one of STATUSES) {
      yield { labels: { ...labels, type, status: one }, value: flag(status.toLowerCase() === one) };
    }
  }
}
