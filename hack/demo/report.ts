import type { StepRecord } from './journal.ts';
import type { Move } from './moves.ts';
import { listServices } from './services.ts';
import type { Stage } from './stage.ts';
import { type Interval, isServedNowhere, longestMs, runsTwice, totalMs } from './timeline.ts';

/** A move, with what the operator itself recorded of it. */
export interface RecordedMove extends Omit<Move, 'service'> {
  /** `status.services[].recoveryMilliseconds` of the RegionSwitch. */
  readonly recordedRecoveryMs: number | undefined;
  /** Name of the RegionSwitch. */
  readonly regionSwitch: string | undefined;
}

export interface ServiceRecord {
  /** `namespace/name` of the ServiceInstance. */
  readonly service: string;
  readonly mode: string;
  readonly primaryRegion: string;
  readonly secondaryRegions: readonly string[];
  readonly failover: RecordedMove | undefined;
  readonly switchback: RecordedMove | undefined;
  /** Longest time in which no region served it. */
  readonly longestWithoutActiveMs: number;
  /** Time in which it ran in two regions; of an `Active` service that is as it should be, and not counted. */
  readonly twoActiveMs: number;
  /** Where it ran and served, and when: milliseconds on the observer's clock. */
  readonly seen: readonly Interval[];
}

/** What `--report` writes. All times in milliseconds. */
export interface Report {
  readonly ok: boolean;
  readonly loss: string;
  readonly tookMs: number;
  readonly longestRecoveryMs: number;
  readonly twoActiveMs: number;
  readonly steps: readonly StepRecord[];
  readonly services: readonly ServiceRecord[];
}

export interface Told {
  readonly stage: Stage;
  readonly loss: string;
  readonly tookMs: number;
  readonly steps: readonly StepRecord[];
  /** Whether every expectation of the steps was met. */
  readonly isGood: boolean;
  /** When everything was ready for the first time, on the observer's clock. */
  readonly readyMs: number;
  readonly failover: readonly Move[];
  readonly switchback: readonly Move[];
}

export function buildReport({ stage, loss, tookMs, steps, isGood, readyMs, failover, switchback }: Told): Report {
  const services = listServices(stage.picture).map(({ instance, key, mode }): ServiceRecord => {
    const seen = stage.observer.since(readyMs, key);
    return {
      service: key,
      mode,
      primaryRegion: instance.spec.primaryRegion,
      secondaryRegions: instance.spec.secondaryRegions,
      failover: recordOf(stage, failover, key),
      switchback: recordOf(stage, switchback, key),
      longestWithoutActiveMs: Math.round(longestMs(seen, isServedNowhere)),
      // From the very first look on: two active sides are wrong before everything is ready, too.
      twoActiveMs: mode === 'Active' ? 0 : Math.round(totalMs(stage.observer.since(0, key), runsTwice)),
      seen,
    };
  });
  const twoActiveMs = services.reduce((sum, service) => sum + service.twoActiveMs, 0);
  const longestRecoveryMs = Math.max(0, ...failover.map(({ recoveryMs }) => recoveryMs));
  return { ok: isGood && twoActiveMs === 0, loss, tookMs, longestRecoveryMs, twoActiveMs, steps, services };
}

function recordOf({ picture }: Stage, moves: readonly Move[], key: string): RecordedMove | undefined {
  const move = moves.find(({ service }) => service === key);
  if (!move) return undefined;
  const { service: _key, ...rest } = move;
  const records = picture.switches.store
    .list()
    .flatMap(({ metadata, status }) =>
      (status?.services ?? [])
        .filter(({ epoch, name }) => name === key && epoch === move.epoch)
        .map((entry) => ({ recordedRecoveryMs: entry.recoveryMilliseconds, regionSwitch: metadata.name })),
    );
  return { ...rest, ...(records[0] ?? { recordedRecoveryMs: undefined, regionSwitch: undefined }) };
}

/** JSON with times in whole milliseconds. */
export function serialise(report: Report): string {
  const rounded = (_key: string, value: unknown): unknown => (typeof value === 'number' ? Math.round(value) : value);
  return `${JSON.stringify(report, rounded, 2)}\n`;
}
