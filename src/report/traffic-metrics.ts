import { Gauge, type Registry } from 'prom-client';
import type { RecordSet } from '../api/traffic.ts';

/** Record sets as the statuses tell of them; nothing of a process that does not lead. */
export interface WrittenRecords {
  readonly sets: Iterable<{
    readonly group: string;
    readonly set: RecordSet;
    /** Whether the group has a name server that is asked. */
    readonly isWatched: boolean;
  }>;
  readonly nowMs: number;
}

type Stage = 'accepted' | 'seen';

/** Since when a record set waits; undefined: it does not. */
function waitingSince(
  set: RecordSet,
  isWatched: boolean,
): { readonly stage: Stage; readonly since: string } | undefined {
  if (set.acceptedTime === undefined) return { stage: 'accepted', since: set.writtenTime };
  return isWatched && set.seenTime === undefined ? { stage: 'seen', since: set.acceptedTime } : undefined;
}

/** How long callers may have been led by records that are not true any more. All is read when it is asked for. */
export function createTrafficMetrics(registry: Registry, records: () => WrittenRecords): void {
  const labelNames = ['iu_group', 'stage'] as const;
  new Gauge({
    name: 'switchback_record_sets_waiting',
    help: 'Record sets that are written, and not accepted by ExternalDNS or not seen by the name server of the group yet.',
    labelNames,
    registers: [registry],
    collect() {
      this.reset();
      age.reset();
      const { nowMs, sets } = records();
      const oldest = new Map<string, number>();
      for (const { group, isWatched, set } of sets) {
        const wait = waitingSince(set, isWatched);
        if (!wait) continue;
        const labels = { iu_group: group, stage: wait.stage };
        this.inc(labels);
        const key = JSON.stringify(labels);
        const seconds = Math.max(0, (nowMs - Date.parse(wait.since)) / 1000, oldest.get(key) ?? 0);
        oldest.set(key, seconds);
        age.set(labels, seconds);
      }
    },
  });
  const age = new Gauge({
    name: 'switchback_record_set_age_seconds',
    help: 'How long the oldest of these has been waiting.',
    labelNames,
    registers: [registry],
  });
}
