import { type Dashboard, type Panel, YES_IS_BAD, YES_IS_GOOD } from './dashboard.ts';

const of = 'iu_group=~"$iu_group"';

const burn = (title: string, record: string, description: string): Panel => ({
  title,
  description,
  kind: 'timeseries',
  unit: 'percentunit',
  width: 12,
  targets: ['5m', '1h', '6h', '3d'].map((window) => ({
    expr: `switchback:${record}:ratio_rate${window}{${of}}`,
    legend: `{{iu_group}} ${window}`,
  })),
});

export const REGIONS: Dashboard = {
  uid: 'switchback-regions',
  title: 'Switchback / Regions and redundancy',
  description: 'What is active where, whether a region or a transit centre may be lost now, and how much room is left.',
  variables: [{ name: 'iu_group', metric: 'switchback_group_condition' }],
  panels: [
    {
      title: 'May a region be lost now?',
      description: 'Whether all goes on that may run elsewhere, if the region were lost.',
      kind: 'stat',
      width: 8,
      words: YES_IS_GOOD,
      redFrom: 2,
      targets: [{ expr: `switchback_region_survives_loss{${of}}`, legend: '{{region}}' }],
    },
    {
      title: 'Protected',
      description: 'Every service with a second region has a standby that has confirmed.',
      kind: 'stat',
      width: 8,
      words: YES_IS_GOOD,
      redFrom: 2,
      targets: [{ expr: `switchback_group_condition{${of}, type="Protected", status="true"}`, legend: '{{iu_group}}' }],
    },
    {
      title: 'Freezes',
      description: 'While there is one nothing moves by itself.',
      kind: 'stat',
      width: 8,
      redFrom: 1,
      targets: [{ expr: `sum by (iu_group) (switchback_freezes{${of}})`, legend: '{{iu_group}}' }],
    },
    {
      title: 'Regions',
      description: 'What each region was found to be, and why.',
      kind: 'state-timeline',
      width: 12,
      words: { 1: { text: 'now', color: 'green' } },
      targets: [{ expr: 'switchback_region_state == 1', legend: '{{region}} {{state}} {{reason}}' }],
    },
    {
      title: 'Active services',
      description: 'By the region in which they are active.',
      kind: 'timeseries',
      width: 12,
      targets: [{ expr: `switchback_active_services{${of}}`, legend: '{{iu_group}} {{region}}' }],
    },
    {
      title: 'Services by region',
      description: 'Where each service is active (only of services with series of their own).',
      kind: 'table',
      width: 12,
      targets: [
        {
          expr: `switchback_service_active == 1 and on (service_instance) switchback_service_info{${of}}`,
          legend: '',
        },
      ],
    },
    {
      title: 'What is not met',
      description: 'Services by class and condition that is false.',
      kind: 'table',
      width: 12,
      targets: [
        {
          expr: `sum by (iu_group, service_class, type) (switchback_service_conditions{${of}, status="false"}) > 0`,
          legend: '',
        },
      ],
    },
    {
      title: 'Room after the loss of a region',
      description: 'Instances that would still find room, where capacities are declared. Below 0 some would not.',
      kind: 'bargauge',
      width: 12,
      targets: [
        {
          expr: `switchback_region_headroom_instances{${of}}`,
          legend: '{{region}} if {{lost_region}} is lost',
        },
      ],
    },
    {
      title: 'Capacity',
      description: 'Planned, and planned with what the worst loss would bring, in parts of what is declared.',
      kind: 'timeseries',
      unit: 'percentunit',
      width: 12,
      targets: [
        {
          expr: `switchback_region_planned_instances{${of}} / switchback_region_capacity_instances{${of}}`,
          legend: '{{region}} planned',
        },
        {
          expr: `(switchback_region_planned_instances{${of}} + switchback_region_reserved_instances{${of}}) / switchback_region_capacity_instances{${of}}`,
          legend: '{{region}} with reserve',
        },
      ],
    },
    {
      title: 'Data lag in parts of the objective',
      description: 'Above 1 a failover now would lose more than the class allows.',
      kind: 'timeseries',
      width: 12,
      redFrom: 1,
      targets: [{ expr: `switchback_data_lag_objective_ratio{${of}}`, legend: '{{service_class}} in {{region}}' }],
    },
    {
      title: 'Last proof',
      description: 'When a switch away from the region was last proved, by a drill or in earnest.',
      kind: 'stat',
      unit: 'dateTimeFromNow',
      width: 12,
      targets: [{ expr: `switchback_last_proved_timestamp_seconds{${of}} * 1000 > 0`, legend: '{{region}}' }],
    },
    {
      title: 'Margin of the rights',
      description: 'What is left of the lease when rights are renewed; one in a hundred has less.',
      kind: 'timeseries',
      unit: 'percentunit',
      width: 12,
      targets: [
        {
          expr: 'histogram_quantile(0.01, sum by (region, le) (rate(switchback_lease_margin_ratio_bucket[$__rate_interval])))',
          legend: '{{region}}',
        },
      ],
    },
    {
      title: 'Transit centres',
      description: 'What each way in was found to be.',
      kind: 'state-timeline',
      width: 12,
      words: { 1: { text: 'now', color: 'green' } },
      targets: [{ expr: `switchback_transit_state{${of}} == 1`, legend: '{{centre}} {{path}} {{state}}' }],
    },
    {
      title: 'Callers come in elsewhere',
      description: 'Transit centres whose callers come in through another one.',
      kind: 'state-timeline',
      width: 12,
      words: YES_IS_BAD,
      targets: [{ expr: `switchback_transit_ingress_moved{${of}}`, legend: '{{centre}} through {{served_by}}' }],
    },
    burn(
      'Services away',
      'service_unavailable',
      'Share of the seconds of services without an active side. Allowed: 0.01 %.',
    ),
  ],
};
