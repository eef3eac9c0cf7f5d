import fc from 'fast-check';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { aGroup, aSwitch } from '../../test/support/objects.ts';
import { picture, series } from '../../test/support/series.ts';
import type { MovedService, RegionSwitch } from '../api/region-switch.ts';
import { createRecoveryMetrics, humanWait } from './recovery-metrics.ts';

const at = (second: number): string => new Date(second * 1000).toISOString();
const moved = (name: string, recovery?: number, more: Partial<MovedService> = {}): MovedService => ({
  name,
  from: 'east',
  to: 'west',
  epoch: 2,
  decidedTime: at(100),
  ...(recovery === undefined ? {} : { readyTime: at(100 + recovery), recoveryMilliseconds: recovery * 1000 }),
  ...more,
});

function measure(objective = 60) {
  const registry = new Registry();
  const seen = picture({ groups: [aGroup('americas', ['east', 'west'])] });
  const metrics = createRecoveryMetrics(registry, () => seen, objective);
  const told = async (start: string): Promise<readonly string[]> =>
    (await series(registry)).filter((line) => line.startsWith(start) && !line.endsWith(' 0'));
  return { metrics, told };
}
const evacuation = (
  status: Omit<NonNullable<RegionSwitch['status']>, 'observedGeneration'>,
  more = {},
): RegionSwitch => ({ ...aSwitch('one', more), status: { observedGeneration: 1, ...status } });
const OF = 'iu_group="americas",type="Evacuate"';

describe('a switch is measured as it goes', () => {
  it('each service once, when it is ready, however often the record is written', async () => {
    const { metrics, told } = measure();
    metrics.seen(evacuation({ services: [moved('ns/a', 20), moved('ns/b')] }));
    metrics.seen(evacuation({ services: [moved('ns/a', 20), moved('ns/b')] }));
    metrics.seen(evacuation({ services: [moved('ns/a', 20), moved('ns/b', 90)] }));
    expect(await told('switchback_recovery_seconds')).toEqual([
      `switchback_recovery_seconds_sum{${OF}} 110`,
      `switchback_recovery_seconds_count{${OF}} 2`,
    ]);
    expect(await told('switchback_recoveries_total')).toEqual([
      `switchback_recoveries_total{${OF},within_objective="true"} 1`,
      `switchback_recoveries_total{${OF},within_objective="false"} 1`,
    ]);
  });

  it('the way home of a drill too, against the objective of the drill', async () => {
    const { metrics, told } = measure();
    const drill = evacuation(
      {
        services: [moved('ns/a', 20)],
        back: { steps: [], services: [moved('ns/a', 9)], servicesTotal: 1 },
      },
      { type: 'Drill', drill: { kind: 'Region', objectiveSeconds: 10 } },
    );
    metrics.seen(drill);
    expect(await told('switchback_recoveries_total')).toEqual([
      'switchback_recoveries_total{iu_group="americas",type="Drill",within_objective="false"} 1',
      'switchback_recoveries_total{iu_group="americas",type="Drill",within_objective="true"} 1',
    ]);
  });

  it('without the time that persons took, which is told apart', async () => {
    const { metrics, told } = measure();
    const approval = { requestedTime: at(110), grantedTime: at(190), waitedSeconds: 80 };
    metrics.seen(evacuation({ approval, services: [moved('ns/a', 100)] }));
    expect(await told('switchback_recovery_active_seconds_sum')).toEqual([
      `switchback_recovery_active_seconds_sum{${OF}} 20`,
    ]);
    expect(await told('switchback_switch_human_wait_seconds')).toEqual([
      `switchback_switch_human_wait_seconds_sum{${OF}} 80`,
      `switchback_switch_human_wait_seconds_count{${OF}} 1`,
    ]);
    expect(await told('switchback_recoveries_total')).toEqual([
      `switchback_recoveries_total{${OF},within_objective="true"} 1`,
    ]);
  });

  it('each step when it is done', async () => {
    const { metrics, told } = measure();
    const step = { name: 'Fence', done: 1, total: 1, startTime: at(100) } as const;
    metrics.seen(evacuation({ steps: [{ ...step, state: 'Running' }] }));
    expect(await told('switchback_switch_step')).toEqual([]);
    for (let i = 0; i < 2; i += 1) metrics.seen(evacuation({ steps: [{ ...step, state: 'Done', endTime: at(118) }] }));
    expect(await told('switchback_switch_step')).toEqual([
      `switchback_switch_step_duration_seconds_sum{${OF},step="Fence"} 18`,
      `switchback_switch_step_duration_seconds_count{${OF},step="Fence"} 1`,
    ]);
  });

  it('what it lost, and whether that was allowed; nothing where nobody knows', async () => {
    const { metrics, told } = measure();
    const services = [
      moved('ns/a', 9, { dataLagSeconds: 3, dataLossObjectiveSeconds: 5 }),
      moved('ns/b', 9, { dataLagSeconds: 30, dataLossObjectiveSeconds: 5 }),
      moved('ns/c', 9, { dataLagSeconds: 7 }),
      moved('ns/d', 9),
    ];
    metrics.seen(evacuation({ services }));
    expect(await told('switchback_data_loss')).toEqual([
      `switchback_data_loss_seconds_sum{${OF}} 40`,
      `switchback_data_loss_seconds_count{${OF}} 3`,
      `switchback_data_losses_total{${OF},within_objective="true"} 1`,
      `switchback_data_losses_total{${OF},within_objective="false"} 1`,
    ]);
  });

  it('what another leader has measured is not measured again, and what is gone is forgotten', async () => {
    const { metrics, told } = measure();
    metrics.known([evacuation({ services: [moved('ns/a', 20)] })]);
    metrics.seen(evacuation({ services: [moved('ns/a', 20), moved('ns/b', 30)] }));
    expect(await told('switchback_recovery_seconds_sum')).toEqual([`switchback_recovery_seconds_sum{${OF}} 30`]);
    metrics.gone('one');
    metrics.seen(evacuation({ services: [moved('ns/a', 20)] }));
    expect(await told('switchback_recovery_seconds_sum')).toEqual([`switchback_recovery_seconds_sum{${OF}} 50`]);
  });

  it('counters stand at 0 in every group before anything happens, so that the first event shows', async () => {
    const registry = new Registry();
    createRecoveryMetrics(registry, () => picture({ groups: [aGroup('am', ['east'])] }), 60);
    const counters = (await series(registry)).filter((line) => line.includes('_total{'));
    expect(counters).toHaveLength(16);
    expect(counters).toContain('switchback_recoveries_total{iu_group="am",type="Failover",within_objective="false"} 0');
  });
});

it('persons never take longer than the service was away, nor less than nothing', () => {
  const second = fc.integer({ min: 0, max: 1000 });
  fc.assert(
    fc.property(second, second, second, second, (asked, given, away, back) => {
      const service = moved('ns/a', undefined, { lastSignTime: at(away), readyTime: at(away + back) });
      const wait = humanWait({ approval: { requestedTime: at(asked), grantedTime: at(given) } }, service);
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThanOrEqual(back);
      if (asked >= away && given >= asked && given <= away + back) expect(wait).toBe(given - asked);
    }),
  );
});
