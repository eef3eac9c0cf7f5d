import type { Alert } from './alert.ts';
import { type Budget, burns, FAST, recordings, SLOW } from './burn-rate.ts';

/** 99.99 % of the seconds of services. */
const AVAILABILITY: Budget = {
  name: 'service_unavailable',
  allowed: 0.0001,
  bad: (window) => `rate(switchback_service_unavailable_seconds_total[${window}])`,
  all: (window) => `rate(switchback_service_expected_seconds_total[${window}])`,
};

/** 99 % of the services that are moved are away no longer than the objective. */
const RECOVERY: Budget = {
  name: 'recovery_late',
  allowed: 0.01,
  bad: (window) => `increase(switchback_recoveries_total{within_objective="false"}[${window}])`,
  all: (window) => `increase(switchback_recoveries_total[${window}])`,
};

export const OBJECTIVE_RECORDINGS = [...recordings(AVAILABILITY), ...recordings(RECOVERY)];

export const OBJECTIVES: readonly Alert[] = [
  {
    name: 'SwitchbackAvailabilityBurnFast',
    severity: 'critical',
    expr: burns(AVAILABILITY, FAST),
    summary: 'Services of {{ $labels.iu_group }} are away, and the budget of 99.99 % goes fast',
    description:
      'Services of IU group {{ $labels.iu_group }} have no active side that is ready: a fiftieth of what 99.99 % allows in 30 days went in an hour, or a twentieth in six. See which ones with `kubectl switchback status`.',
  },
  {
    name: 'SwitchbackAvailabilityBurnSlow',
    severity: 'warning',
    expr: burns(AVAILABILITY, SLOW),
    summary: 'Services of {{ $labels.iu_group }} are away more often than 99.99 % allows',
    description:
      'Services of IU group {{ $labels.iu_group }} were away so long in the last days that the budget of 30 days does not last.',
  },
  {
    name: 'SwitchbackRecoveryBurnFast',
    severity: 'warning',
    expr: burns(RECOVERY, FAST),
    summary: 'Services of {{ $labels.iu_group }} came back later than the objective',
    description:
      'Of the services of IU group {{ $labels.iu_group }} that were moved in the last hours too many were away for longer than the objective, the wait for persons not counted.',
  },
  {
    name: 'SwitchbackRecoveryBurnSlow',
    severity: 'warning',
    expr: burns(RECOVERY, SLOW),
    summary: 'Switches of {{ $labels.iu_group }} miss the objective again and again',
    description:
      'Of the services of IU group {{ $labels.iu_group }} that were moved in the last days more than one in a hundred was away for longer than the objective.',
  },
];
