import type { Alert, RuleFile } from './alert.ts';

/** What says which process a series is of. Labels that are nowhere count as equal. */
const PROCESS = 'cluster, namespace, pod, job, instance';

const AGENT: readonly Alert[] = [
  {
    name: 'SwitchbackAgentAbsent',
    severity: 'critical',
    expr: 'absent(switchback_build_info{role="agent"})',
    for: '5m',
    summary: 'No agent is seen',
    description:
      'Prometheus has scraped no agent for five minutes. Without an agent active/backup services stop when their rights end, and nothing is repaired in the region.',
  },
  {
    name: 'SwitchbackAgentLeaderAbsent',
    severity: 'critical',
    expr: `max by (region) (leader_election_master_status{name="switchback-agent"} * on (${PROCESS}) group_left (region) switchback_build_info) == 0`,
    for: '1m',
    summary: 'Agents run in region {{ $labels.region }} but none of them leads',
    description:
      'For a minute no agent has led in region {{ $labels.region }}: no right is asked for, and active/backup services stop there.',
  },
  {
    name: 'SwitchbackLeaseMarginThin',
    severity: 'warning',
    expr: 'sum by (region) (increase(switchback_lease_margin_ratio_bucket{le="0.3"}[10m])) / sum by (region) (increase(switchback_lease_margin_ratio_count[10m])) > 0.05',
    for: '5m',
    summary: 'Rights of region {{ $labels.region }} are renewed late',
    description:
      'More than one in twenty renewals came when less than a third of the lease was left. A little slower, and services of region {{ $labels.region }} stop for want of a right.',
  },
  {
    name: 'SwitchbackLeaseLapsed',
    severity: 'critical',
    expr: 'sum by (region) (increase(switchback_lease_lapses_total[5m])) > 0',
    summary: 'Rights of region {{ $labels.region }} ended before they were renewed',
    description:
      'Services of region {{ $labels.region }} were without the right to run for a moment, and were stopped unless their peers had promised to stay down.',
  },
];

const COMMON: readonly Alert[] = [
  {
    name: 'SwitchbackReconcileErrors',
    severity: 'warning',
    expr: `sum by (controller) (rate(controller_runtime_reconcile_errors_total{controller!~"orders-.*"}[5m]) * on (${PROCESS}) group_left () switchback_build_info) / sum by (controller) (rate(controller_runtime_reconcile_total[5m]) * on (${PROCESS}) group_left () switchback_build_info) > 0.1`,
    for: '15m',
    summary: 'Controller {{ $labels.controller }} fails more than one time in ten',
    description:
      'For a quarter of an hour more than a tenth of the reconciles of controller {{ $labels.controller }} have failed. The logs say why, with the key.',
  },
  {
    name: 'SwitchbackWatchStale',
    severity: 'warning',
    expr: '(max by (source, kind) (time() - switchback_watch_last_contact_timestamp_seconds) > 300) unless on (source) label_replace(switchback_region_state{state="Lost"}, "source", "$1", "region", "(.*)")',
    for: '5m',
    summary: 'Nothing was heard of {{ $labels.kind }} from {{ $labels.source }} for minutes',
    description:
      'A watch of {{ $labels.kind }} from {{ $labels.source }} gives no sign of life and cannot be opened anew: what is decided by it may be old.',
  },
];

export const AGENT_FILES: readonly RuleFile[] = [
  { name: 'common', groups: [{ name: 'switchback-common', alerts: COMMON }] },
  { name: 'agent', groups: [{ name: 'switchback-agent', alerts: AGENT }] },
];
