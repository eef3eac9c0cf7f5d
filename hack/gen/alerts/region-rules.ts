import type { Alert } from './alert.ts';

export const REGIONS: readonly Alert[] = [
  {
    name: 'SwitchbackRegionLost',
    severity: 'critical',
    expr: 'max by (region) (switchback_region_state{state="Lost"}) == 1',
    summary: 'Region {{ $labels.region }} is lost',
    description:
      'Region {{ $labels.region }} gives no answer and no heartbeat, and nobody else sees it live. Services that may run elsewhere move by themselves unless something holds them: `kubectl switchback watch`.',
  },
  {
    name: 'SwitchbackRegionUnwell',
    severity: 'warning',
    expr: 'max by (region, state, reason) (switchback_region_state{state=~"Degraded|Unknown", reason!~"NoHeartbeat|Flapping"}) == 1',
    for: '10m',
    summary: 'Region {{ $labels.region }} is {{ $labels.state }}: {{ $labels.reason }}',
    description:
      'For ten minutes region {{ $labels.region }} has been {{ $labels.state }} ({{ $labels.reason }}). What runs there runs on, but nothing can be moved to it.',
  },
  {
    name: 'SwitchbackAgentSilent',
    severity: 'critical',
    expr: 'max by (region) (switchback_region_state{reason="NoHeartbeat"}) == 1',
    for: '1m',
    summary: 'No agent beats in region {{ $labels.region }}',
    description:
      'The API server of region {{ $labels.region }} answers but no agent asks for the right to run: active/backup services stop there when their rights end.',
  },
  {
    name: 'SwitchbackRegionFlapping',
    severity: 'warning',
    expr: 'max by (region) (switchback_region_state{reason="Flapping"}) == 1 or max by (region) (increase(switchback_region_changes_total[10m])) > 6',
    summary: 'Region {{ $labels.region }} comes and goes',
    description:
      'Region {{ $labels.region }} changed between well and not well more than six times in ten minutes. Nothing goes home to it, and it is the last choice as a target.',
  },
  {
    name: 'SwitchbackCredentialsNotRenewed',
    severity: 'warning',
    expr: 'max by (iu_group) (switchback_group_condition{type="CredentialsRenewed", status="false"}) == 1',
    for: '5m',
    summary: 'A credential of a region of {{ $labels.iu_group }} is not renewed',
    description:
      'The plugin that gives the credential of a region of IU group {{ $labels.iu_group }} fails. The hub goes on with the last one until it ends; then the region is Unknown to it and nothing can be moved there.',
  },
  {
    name: 'SwitchbackNotProtected',
    severity: 'warning',
    expr: 'max by (iu_group) (switchback_group_condition{type="Protected", status="false"}) == 1',
    for: '15m',
    summary: 'Services of {{ $labels.iu_group }} have no confirmed standby',
    description:
      'For a quarter of an hour services of IU group {{ $labels.iu_group }} have had no other region that has confirmed that it stands by: their region should not be lost now.',
  },
  {
    name: 'SwitchbackRegionLossNotSurvived',
    severity: 'warning',
    expr: 'max by (iu_group) (switchback_group_condition{type="SurvivesRegionLoss", status="false"}) == 1',
    for: '15m',
    summary: 'The loss of a region of {{ $labels.iu_group }} would not be survived',
    description:
      'If one of the regions of IU group {{ $labels.iu_group }} were lost now, services that may run elsewhere would stop. `kubectl switchback what-if` says which, and why.',
  },
  {
    name: 'SwitchbackRedundancyMissing',
    severity: 'warning',
    expr: 'sum by (iu_group, service_class) (switchback_service_conditions{type="RedundancyMet", status="false"}) > 0',
    for: '15m',
    summary:
      '{{ $labels.service_class }} of {{ $labels.iu_group }} would not survive the loss of a zone or an instance',
    description:
      'What really runs of service class {{ $labels.service_class }} in IU group {{ $labels.iu_group }} is fewer, or stands in fewer zones, than its pattern promises.',
  },
  {
    name: 'SwitchbackNeverDrilled',
    severity: 'info',
    expr: 'max by (iu_group, region) (switchback_last_proved_timestamp_seconds) == 0',
    for: '1d',
    summary: 'No switch away from region {{ $labels.region }} was ever tried',
    description:
      'Nobody knows whether the services of region {{ $labels.region }} (IU group {{ $labels.iu_group }}) can go elsewhere: no drill and no failover has shown it. `kubectl switchback drill {{ $labels.region }}`.',
  },
  {
    name: 'SwitchbackDrillTooOld',
    severity: 'warning',
    expr: 'max by (iu_group) (switchback_group_condition{type="Rehearsed", status="false"}) == 1',
    for: '1h',
    summary: 'A region of {{ $labels.iu_group }} was not drilled for too long',
    description:
      'IU group {{ $labels.iu_group }} asks for a proof of each region within `rehearsal.maxAgeDays`, and one is older or missing.',
  },
];
