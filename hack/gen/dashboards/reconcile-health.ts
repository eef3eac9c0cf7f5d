import type { Dashboard } from './dashboard.ts';

const OURS = 'on (cluster, namespace, pod, job, instance) group_left () switchback_build_info{role=~"$role"}';

export const RECONCILE_HEALTH: Dashboard = {
  uid: 'switchback-reconcile-health',
  title: 'Switchback / Reconcile health',
  description: 'Whether hubs and agents keep up: who leads, what fails, how long keys wait, how fresh the caches are.',
  variables: [{ name: 'role', metric: 'switchback_build_info' }],
  panels: [
    {
      title: 'What runs',
      description: 'Processes by role, region and version.',
      kind: 'table',
      width: 12,
      targets: [{ expr: 'switchback_build_info{role=~"$role"}', legend: '' }],
    },
    {
      title: 'Who leads',
      description: '1 for the process that leads its election.',
      kind: 'state-timeline',
      width: 12,
      words: { 0: { text: 'stands by', color: 'blue' }, 1: { text: 'leads', color: 'green' } },
      targets: [{ expr: `leader_election_master_status * ${OURS}`, legend: '{{name}} {{instance}}' }],
    },
    {
      title: 'Reconciles',
      description: 'By controller and result.',
      kind: 'timeseries',
      unit: 'ops',
      width: 12,
      targets: [
        {
          expr: `sum by (controller, result) (rate(controller_runtime_reconcile_total[$__rate_interval]) * ${OURS})`,
          legend: '{{controller}} {{result}}',
        },
      ],
    },
    {
      title: 'Errors',
      description: 'Share of the reconciles that failed, by controller.',
      kind: 'timeseries',
      unit: 'percentunit',
      width: 12,
      targets: [
        {
          expr: `sum by (controller) (rate(controller_runtime_reconcile_errors_total[$__rate_interval]) * ${OURS}) / sum by (controller) (rate(controller_runtime_reconcile_total[$__rate_interval]) * ${OURS})`,
          legend: '{{controller}}',
        },
      ],
    },
    {
      title: 'Time of a reconcile',
      description: '99 of 100 take no longer.',
      kind: 'timeseries',
      unit: 's',
      width: 8,
      targets: [
        {
          expr: `histogram_quantile(0.99, sum by (controller, le) (rate(controller_runtime_reconcile_time_seconds_bucket[$__rate_interval]) * ${OURS}))`,
          legend: '{{controller}}',
        },
      ],
    },
    {
      title: 'Wait in the queue',
      description: '99 of 100 keys wait no longer.',
      kind: 'timeseries',
      unit: 's',
      width: 8,
      targets: [
        {
          expr: `histogram_quantile(0.99, sum by (name, le) (rate(workqueue_queue_duration_seconds_bucket[$__rate_interval]) * ${OURS}))`,
          legend: '{{name}}',
        },
      ],
    },
    {
      title: 'Depth of the queues',
      description: 'Keys that wait, by queue and lane.',
      kind: 'timeseries',
      width: 8,
      targets: [{ expr: `sum by (name, priority) (workqueue_depth * ${OURS})`, legend: '{{name}} {{priority}}' }],
    },
    {
      title: 'Age of the caches',
      description: 'Since the API server last said something of a kind. Bookmarks come each minute.',
      kind: 'timeseries',
      unit: 's',
      width: 12,
      redFrom: 300,
      targets: [
        {
          expr: `max by (source, kind) (time() - switchback_watch_last_contact_timestamp_seconds)`,
          legend: '{{source}} {{kind}}',
        },
      ],
    },
    {
      title: 'Requests',
      description: 'To all API servers, by answer.',
      kind: 'timeseries',
      unit: 'ops',
      width: 12,
      targets: [
        {
          expr: `sum by (host, code) (rate(rest_client_requests_total[$__rate_interval]) * ${OURS})`,
          legend: '{{host}} {{code}}',
        },
      ],
    },
    {
      title: 'Processor',
      description: 'Cores that are used.',
      kind: 'timeseries',
      width: 8,
      targets: [{ expr: `rate(process_cpu_seconds_total[$__rate_interval]) * ${OURS}`, legend: '{{instance}}' }],
    },
    {
      title: 'Memory',
      description: 'Resident.',
      kind: 'timeseries',
      unit: 'bytes',
      width: 8,
      targets: [{ expr: `process_resident_memory_bytes * ${OURS}`, legend: '{{instance}}' }],
    },
    {
      title: 'Event loop',
      description: 'Lag of the event loop: what is late there is late everywhere.',
      kind: 'timeseries',
      unit: 's',
      width: 8,
      targets: [{ expr: `nodejs_eventloop_lag_p99_seconds * ${OURS}`, legend: '{{instance}}' }],
    },
  ],
};
