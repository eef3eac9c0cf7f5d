import { Gauge, type Registry } from 'prom-client';
import type { HoldStatus } from '../api/service-instance.ts';

/** A freeze that is in force. */
interface Freeze {
  /** Name of the RegionSwitch. */
  readonly name: string;
  readonly group: string;
  /** RFC 3339. */
  readonly until: string | undefined;
}

/** What is held, and by which freezes; nothing of a process that does not lead. */
export interface Brakes {
  readonly holds: Iterable<Pick<HoldStatus, 'reason' | 'wanted'>>;
  readonly freezes: Iterable<Freeze>;
  readonly nowMs: number;
}

/**
 * Brakes that are on: an alert says so before somebody wonders why nothing moves, and before a freeze that was forgotten
 * ends by itself. All is read when it is asked for.
 */
export function createBrakeMetrics(registry: Registry, brakes: () => Brakes): void {
  const registers = [registry];
  new Gauge({
    name: 'switchback_holds',
    help: 'Services for which a switch is wanted and held, by what is wanted and why it is held.',
    labelNames: ['reason', 'wanted'],
    registers,
    collect() {
      this.reset();
      for (const { reason, wanted } of brakes().holds) this.inc({ reason, wanted });
    },
  });
  new Gauge({
    name: 'switchback_freezes',
    help: 'Freezes in force, by IU group.',
    labelNames: ['iu_group'],
    registers,
    collect() {
      this.reset();
      for (const { group } of brakes().freezes) this.inc({ iu_group: group });
    },
  });
  new Gauge({
    name: 'switchback_freeze_remaining_seconds',
    help: 'Seconds until a freeze ends, by IU group and RegionSwitch.',
    labelNames: ['iu_group', 'name'],
    registers,
    collect() {
      this.reset();
      const { freezes, nowMs } = brakes();
      for (const { group, name, until } of freezes) {
        if (until === undefined) continue;
        this.set({ iu_group: group, name }, Math.max(0, (Date.parse(until) - nowMs) / 1000));
      }
    },
  });
}
