import type { Dashboard } from './dashboard.ts';

const of = 'iu_group=~"$iu_group"';
const slowest = (metric: string): string =>
  `histogram_quantile(0.95, sum by (type, le) (increase(${metric}{${of}}[7d])))`;

export const FAILOVER_TIMELINE: Dashboard = {
  uid: 'switchback-failover-timeline',
  title: 'Switchback / Failover timeline',
  description:
    'What is being switched, how far it is, what holds it, and how long switches took, the wait for persons apart.',
  variables: [{ name: 'iu_group', metric: 'switchback_group_condition' }],
  panels: [
    {
      title: 'Under way',
      description: 'Time since the switch was begun. A record stays open until what was moved could move again.',
      kind: 'table',
      unit: 's',
      width: 12,
      targets: [{ expr: `time() - switchback_switch_start_timestamp_seconds{${of}}`, legend: '' }],
    },
    {
      title: 'Services not ready yet',
      description: 'Of switches under way.',
      kind: 'timeseries',
      width: 12,
      targets: [{ expr: `switchback_switch_services_left{${of}}`, legend: '{{region_switch}}' }],
    },
    {
      title: 'Steps',
      description: 'Share of the services that have passed each step.',
      kind: 'timeseries',
      unit: 'percentunit',
      width: 24,
      targets: [{ expr: `switchback_switch_step_done_ratio{${of}}`, legend: '{{region_switch}} {{step}}' }],
    },
    {
      title: 'Held',
      description: 'Services that should move and are held, by reason.',
      kind: 'timeseries',
      width: 12,
      targets: [{ expr: 'switchback_holds', legend: '{{wanted}}: {{reason}}' }],
    },
    {
      title: 'Waiting for a yes',
      description: 'Services and RegionSwitches that only an approval is missing for.',
      kind: 'timeseries',
      width: 12,
      targets: [{ expr: `switchback_approvals_waiting{${of}}`, legend: '{{iu_group}} {{kind}}' }],
    },
    {
      title: 'Last recovery',
      description: 'The slowest service of the last switch of each kind, and the objective.',
      kind: 'bargauge',
      unit: 's',
      width: 12,
      targets: [
        { expr: `switchback_last_switch_recovery_seconds{${of}}`, legend: '{{type}} {{region}}' },
        { expr: 'max(switchback_recovery_objective_seconds)', legend: 'objective' },
      ],
    },
    {
      title: 'Last loss of data',
      description: 'The most that a service of the last switch may have lost.',
      kind: 'bargauge',
      unit: 's',
      width: 12,
      targets: [{ expr: `switchback_last_switch_data_loss_seconds{${of}}`, legend: '{{type}} {{region}}' }],
    },
    {
      title: 'Recovery, 7 days',
      description: '95 of 100 services were away no longer: in all, and without the wait for persons.',
      kind: 'timeseries',
      unit: 's',
      width: 12,
      targets: [
        { expr: slowest('switchback_recovery_seconds_bucket'), legend: '{{type}}' },
        { expr: slowest('switchback_recovery_active_seconds_bucket'), legend: '{{type}} without persons' },
      ],
    },
    {
      title: 'Steps, 7 days',
      description: '95 of 100 took no longer, from the first service to the last one.',
      kind: 'timeseries',
      unit: 's',
      width: 12,
      targets: [
        {
          expr: `histogram_quantile(0.95, sum by (step, le) (increase(switchback_switch_step_duration_seconds_bucket{${of}, type="Failover"}[7d])))`,
          legend: '{{step}}',
        },
      ],
    },
    {
      title: 'Wait for persons',
      description: 'Of the last switch of each kind that waited.',
      kind: 'bargauge',
      unit: 's',
      width: 12,
      targets: [{ expr: `switchback_last_switch_human_wait_seconds{${of}}`, legend: '{{type}} {{region}}' }],
    },
    {
      title: 'Later than the objective',
      description: 'Share of the services that were moved. Allowed: 1 %.',
      kind: 'timeseries',
      unit: 'percentunit',
      width: 12,
      targets: ['1h', '1d', '3d'].map((window) => ({
        expr: `switchback:recovery_late:ratio_rate${window}{${of}}`,
        legend: `{{iu_group}} ${window}`,
      })),
    },
    {
      title: 'Regions that come and go',
      description: 'Changes between well and not well.',
      kind: 'timeseries',
      width: 24,
      targets: [{ expr: 'sum by (region) (increase(switchback_region_changes_total[10m]))', legend: '{{region}}' }],
    },
  ],
};
