import type { Alert } from './alert.ts';

export const SWITCHES: readonly Alert[] = [
  {
    name: 'SwitchbackFailoverHeld',
    severity: 'critical',
    expr: 'sum by (reason) (switchback_holds{wanted="FailedOver"}) > 0',
    for: '5m',
    summary: 'Failovers are held: {{ $labels.reason }}',
    description:
      'For five minutes services have had to leave a lost region and are held ({{ $labels.reason }}), so they are away. `kubectl switchback explain <service>` says what ends the hold.',
  },
  {
    name: 'SwitchbackHoldTooLong',
    severity: 'warning',
    expr: 'sum by (reason, wanted) (switchback_holds{wanted!="FailedOver", reason!~"OutsideWindow|ReadyToSwitchBack|AutomationOff|Evacuated|Frozen|TargetUnhealthy"}) > 0',
    for: '6h',
    summary: 'Services want to move ({{ $labels.wanted }}) and are held for hours: {{ $labels.reason }}',
    description: 'For six hours services should have moved ({{ $labels.wanted }}) and are held ({{ $labels.reason }}).',
  },
  {
    name: 'SwitchbackFrozen',
    severity: 'info',
    expr: 'sum by (iu_group) (switchback_freezes) > 0',
    summary: 'A freeze is in force in {{ $labels.iu_group }}',
    description:
      'By the wish of a person nothing moves by itself in IU group {{ $labels.iu_group }}: no failover either.',
  },
  {
    name: 'SwitchbackFreezeEnding',
    severity: 'info',
    expr: 'max by (iu_group, name) (switchback_freeze_remaining_seconds) < 900',
    summary: 'Freeze {{ $labels.name }} of {{ $labels.iu_group }} ends within a quarter of an hour',
    description:
      'When freeze {{ $labels.name }} ends, what it has held in IU group {{ $labels.iu_group }} moves by itself. Make another freeze if that must not be.',
  },
  {
    name: 'SwitchbackApprovalWaiting',
    severity: 'warning',
    expr: 'time() - min by (iu_group, kind) (switchback_approval_requested_timestamp_seconds) > 900',
    summary: 'A {{ $labels.kind }} of {{ $labels.iu_group }} has waited for a yes for a quarter of an hour',
    description:
      'Everything is ready, and only the approval of a person is missing. `kubectl switchback status -g {{ $labels.iu_group }}` shows what waits.',
  },
  {
    name: 'SwitchbackFailoverSlow',
    severity: 'critical',
    expr: '(time() - min by (iu_group, region, region_switch) (switchback_switch_start_timestamp_seconds{type="Failover"}) > scalar(max(switchback_recovery_objective_seconds))) and max by (iu_group, region, region_switch) (switchback_switch_services_left) > 0',
    summary: 'The failover from {{ $labels.region }} takes longer than the objective',
    description:
      'RegionSwitch {{ $labels.region_switch }} of IU group {{ $labels.iu_group }} was begun longer ago than the objective allows, and services are not ready yet. `kubectl switchback show {{ $labels.region_switch }}` shows the step that takes so long.',
  },
  {
    name: 'SwitchbackDataLagTooHigh',
    severity: 'warning',
    expr: 'max by (iu_group, service_class, region) (switchback_data_lag_objective_ratio) > 1',
    for: '5m',
    summary: 'Data of {{ $labels.service_class }} in region {{ $labels.region }} is further behind than allowed',
    description:
      'A copy of the data of service class {{ $labels.service_class }} (IU group {{ $labels.iu_group }}) in region {{ $labels.region }} is further behind than `objectives.dataLossSeconds`: a failover now would lose more than the class allows.',
  },
  {
    name: 'SwitchbackDataLossOverObjective',
    severity: 'critical',
    expr: 'sum by (iu_group, type) (increase(switchback_data_losses_total{within_objective="false"}[1h])) > 0',
    summary: 'A {{ $labels.type }} of {{ $labels.iu_group }} may have lost more data than allowed',
    description:
      'Where a service of IU group {{ $labels.iu_group }} went, its data was known to be further behind than its objective. The receipt says which service, and how far.',
  },
  {
    name: 'SwitchbackTrafficNotWritten',
    severity: 'critical',
    expr: 'sum by (iu_group, service_class) (switchback_service_conditions{type="TrafficWritten", status="false"}) > 0',
    for: '2m',
    summary: 'Traffic of {{ $labels.service_class }} of {{ $labels.iu_group }} is not led where it was decided',
    description:
      'The record sets of services of class {{ $labels.service_class }} in IU group {{ $labels.iu_group }} could not be written, so callers may go to where the service no longer is.',
  },
];
