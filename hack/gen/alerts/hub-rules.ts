import type { Alert, RuleFile } from './alert.ts';
import { OBJECTIVE_RECORDINGS, OBJECTIVES } from './objective-rules.ts';
import { REGIONS } from './region-rules.ts';
import { SWITCHES } from './switch-rules.ts';
import { TRANSIT } from './transit-rules.ts';

const OPERATOR: readonly Alert[] = [
  {
    name: 'SwitchbackHubAbsent',
    severity: 'critical',
    expr: 'absent(switchback_build_info{role="hub"})',
    for: '5m',
    summary: 'No hub is seen',
    description:
      'Prometheus has scraped no hub for five minutes. Regions run on with the promises of their peers; nothing fails over while no hub runs.',
  },
  {
    name: 'SwitchbackHubLeaderAbsent',
    severity: 'critical',
    expr: 'max(leader_election_master_status{name="switchback-hub"}) == 0',
    for: '1m',
    summary: 'Hubs run but none of them leads',
    description: 'For a minute no hub has led: nothing is decided, and no right is renewed by the hub.',
  },
  {
    name: 'SwitchbackHubFollows',
    severity: 'critical',
    expr: 'max by (iu_group) (switchback_group_condition{type="Inherited", status="false"}) == 1',
    for: '5m',
    summary: 'The hub may not act for {{ $labels.iu_group }}',
    description:
      'Regions of IU group {{ $labels.iu_group }} remember another hub, which is not proved to be stopped, or manifests are missing. This hub orders nothing, and nothing fails over. `kubectl switchback restore-hub` says what it waits for.',
  },
];

export const HUB_FILES: readonly RuleFile[] = [
  {
    name: 'hub-objectives',
    groups: [
      {
        name: 'switchback-objectives',
        recordings: OBJECTIVE_RECORDINGS,
        alerts: OBJECTIVES,
      },
    ],
  },
  { name: 'hub-regions', groups: [{ name: 'switchback-regions', alerts: REGIONS }] },
  { name: 'hub-switches', groups: [{ name: 'switchback-switches', alerts: SWITCHES }] },
  { name: 'hub-transit', groups: [{ name: 'switchback-transit', alerts: TRANSIT }] },
  { name: 'hub-operator', groups: [{ name: 'switchback-hub', alerts: OPERATOR }] },
];
