import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { MovedService, RegionSwitch } from '../api/region-switch.ts';
import { secondsOf } from './gauges.ts';
import type { HubPicture } from './hub-picture.ts';
import { isMove, kindOf } from './switch-metrics.ts';

/** Around what a failover takes by the default timings: 6 s to look lost, 18 s to wait, and the start. */
const RECOVERY_BUCKETS = [1, 2, 5, 10, 15, 20, 25, 30, 40, 50, 60, 90, 120, 180, 300, 600, 1800, 3600];
const WAIT_BUCKETS = [10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];
const LOSS_BUCKETS = [0, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];
const STEP_BUCKETS = [1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 300, 600, 1800, 3600, 14_400, 86_400];
const TYPES = ['Failover', 'Switchback', 'Evacuate', 'Drill'] as const;

/** Measures switches as they go. */
export interface RecoveryMetrics {
  /** A RegionSwitch as it is now; what was measured of it before is not measured again. */
  readonly seen: (one: RegionSwitch) => void;
  /** What there was before this leadership began is not measured: the leader before has. */
  readonly known: (switches: readonly RegionSwitch[]) => void;
  readonly gone: (name: string) => void;
}

/** Seconds that people took while the service was away. */
export function humanWait(
  { approval }: Pick<NonNullable<RegionSwitch['status']>, 'approval'>,
  { decidedTime, lastSignTime, readyTime }: MovedService,
): number {
  const asked = secondsOf(approval?.requestedTime);
  const given = secondsOf(approval?.grantedTime);
  const away = secondsOf(lastSignTime ?? decidedTime);
  const ready = secondsOf(readyTime);
  if (asked === undefined || given === undefined || away === undefined || ready === undefined) return 0;
  return Math.max(0, Math.min(given, ready) - Math.max(asked, away));
}

/** @param objectiveSeconds longest time that a service may be away; a drill may say otherwise */
export function createRecoveryMetrics(
  registry: Registry,
  picture: () => HubPicture | undefined,
  objectiveSeconds: number,
): RecoveryMetrics {
  const metrics = createSeries(registry, picture, objectiveSeconds);
  /** By name of the RegionSwitch: what of it is measured. */
  const measured = new Map<string, Set<string>>();
  const walk = (one: RegionSwitch, isMeasured: boolean): void => {
    if (!isMove(one) || !one.status) return;
    const { name } = one.metadata;
    const marks = measured.get(name) ?? new Set();
    measured.set(name, marks);
    for (const { mark, take } of metrics.of(one)) {
      if (marks.has(mark)) continue;
      marks.add(mark);
      if (isMeasured) take();
    }
  };
  return {
    seen: (one) => walk(one, true),
    known(switches) {
      measured.clear();
      for (const one of switches) walk(one, false);
    },
    gone: (name) => measured.delete(name),
  };
}

interface Measurement {
  readonly mark: string;
  readonly take: () => void;
}

function createSeries(registry: Registry, picture: () => HubPicture | undefined, objectiveSeconds: number) {
  const registers = [registry];
  const labelNames = ['iu_group', 'type'];
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name, help, buckets, labelNames, registers });
  new Gauge({
    name: 'switchback_recovery_objective_seconds',
    help: 'Longest time that a service may be away, the wait for persons not counted (SWITCHBACK_RECOVERY_OBJECTIVE_SECONDS).',
    registers,
  }).set(objectiveSeconds);
  const recovery = histogram(
    'switchback_recovery_seconds',
    'How long each service was away: from the last sign of life of the old side, or from the decision when it was planned, to ready at the new one.',
    RECOVERY_BUCKETS,
  );
  const active = histogram(
    'switchback_recovery_active_seconds',
    'How long each service was away, without the time that persons took to say yes.',
    RECOVERY_BUCKETS,
  );
  const waits = histogram(
    'switchback_switch_human_wait_seconds',
    'How long switches waited for persons; of each that did.',
    WAIT_BUCKETS,
  );
  const losses = histogram(
    'switchback_data_loss_seconds',
    'How far the data of each service was behind where it went, as known when it was decided: the most that was lost.',
    LOSS_BUCKETS,
  );
  const steps = new Histogram({
    name: 'switchback_switch_step_duration_seconds',
    help: 'How long each step of a switch took, from its first service to its last one. Of whole seconds.',
    buckets: STEP_BUCKETS,
    labelNames: [...labelNames, 'step'],
    registers,
  });
  const counter = (name: string, help: string) =>
    new Counter({
      name,
      help,
      labelNames: [...labelNames, 'within_objective'],
      registers,
      /** They are rare, and a counter that appears with its first event hides that event from `increase`. */
      collect() {
        for (const { metadata } of picture()?.groups ?? []) {
          for (const type of TYPES) {
            for (const within of ['true', 'false'])
              this.inc({ iu_group: metadata.name, type, within_objective: within }, 0);
          }
        }
      },
    });
  const recoveries = counter(
    'switchback_recoveries_total',
    'Services that were moved, by whether they were away no longer than the objective allows.',
  );
  const lossCounts = counter(
    'switchback_data_losses_total',
    'Services with an objective for lost data that were moved and of which the loss is known, by whether it was within.',
  );

  const ofService = (one: RegionSwitch, service: MovedService, way: string): Measurement[] => {
    const { recoveryMilliseconds: ms } = service;
    if (ms === undefined) return [];
    const labels = kindOf(one);
    const take = (): void => {
      const seconds = ms / 1000;
      const alone = Math.max(0, seconds - humanWait(one.status ?? {}, service));
      recovery.observe({ ...labels }, seconds);
      active.observe({ ...labels }, alone);
      const isWithin = alone <= (one.spec.drill?.objectiveSeconds ?? objectiveSeconds);
      recoveries.inc({ ...labels, within_objective: String(isWithin) });
      const { dataLagSeconds: lag, dataLossObjectiveSeconds: most } = service;
      if (lag === undefined) return;
      losses.observe({ ...labels }, lag);
      if (most !== undefined) lossCounts.inc({ ...labels, within_objective: String(lag <= most) });
    };
    return [{ mark: `${way}/${service.name}/${service.epoch}`, take }];
  };

  const ofSteps = (one: RegionSwitch): Measurement[] =>
    (one.status?.steps ?? []).flatMap(({ endTime, name, startTime, state }) => {
      const start = secondsOf(startTime);
      const end = secondsOf(endTime);
      if (state !== 'Done' || start === undefined || end === undefined) return [];
      const take = (): void => steps.observe({ ...kindOf(one), step: name }, Math.max(0, end - start));
      return [{ mark: `step/${name}`, take }];
    });

  const ofWait = (one: RegionSwitch): Measurement[] => {
    const waited = one.status?.approval?.waitedSeconds;
    return waited === undefined ? [] : [{ mark: 'wait', take: () => waits.observe({ ...kindOf(one) }, waited) }];
  };

  return {
    of: (one: RegionSwitch): Measurement[] => [
      ...(one.status?.services ?? []).flatMap((service) => ofService(one, service, 'away')),
      ...(one.status?.back?.services ?? []).flatMap((service) => ofService(one, service, 'back')),
      ...ofSteps(one),
      ...ofWait(one),
    ],
  };
}
