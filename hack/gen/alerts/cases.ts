/** Series as promtool reads them, for example `0+1x10`. */
type Series = Readonly<Record<string, string>>;

export interface RuleCase {
  /** A sentence. */
  readonly says: string;
  readonly series: Series;
  /** When it is looked at. */
  readonly at: string;
  /** Time between two samples; a minute when absent. */
  readonly every?: string;
  /** Labels of each alert that fires, beside its severity. Empty: none does. */
  readonly fires: readonly Readonly<Record<string, string>>[];
}

const fires = (says: string, series: Series, at: string, ...labels: Readonly<Record<string, string>>[]): RuleCase => ({
  says,
  series,
  at,
  fires: labels,
});
const quiet = (says: string, series: Series, at: string): RuleCase => ({ says, series, at, fires: [] });

/** A condition of a group stands for as long as the test takes. */
const condition = (type: string, status: string) => ({
  [`switchback_group_condition{iu_group="am",type="${type}",status="${status}"}`]: '1x2000',
});
const groupCondition = (type: string, late: string, early: string): readonly RuleCase[] => [
  fires('it is false for long enough', condition(type, 'false'), late, { iu_group: 'am' }),
  quiet('it is false for a moment', condition(type, 'false'), early),
  quiet('it is unknown', condition(type, 'unknown'), late),
];

const state = (labels: string): string => `switchback_region_state{region="east",${labels}}`;
const REGION = { region: 'east' };
const EXPECTED = 'switchback_service_expected_seconds_total{iu_group="am",service_class="voice"}';
const UNAVAILABLE = 'switchback_service_unavailable_seconds_total{iu_group="am",service_class="voice"}';
const late = (within: string): string =>
  `switchback_recoveries_total{iu_group="am",type="Failover",within_objective="${within}"}`;
const OPEN = 'iu_group="am",type="Failover",region="east",region_switch="one"';
const HUB = 'pod="a",instance="1"';
const AGENT_BUILD = 'switchback_build_info{role="agent",region="east",instance="1"}';
const leads = (instance: string, name: string): string =>
  `leader_election_master_status{name="${name}",instance="${instance}"}`;
const margin = (le: string): string => `switchback_lease_margin_ratio_bucket{region="east",le="${le}"}`;

/** By alert: when it fires and when it does not. Each of them is tried by promtool. */
export const CASES: Readonly<Record<string, readonly RuleCase[]>> = {
  SwitchbackAvailabilityBurnFast: [
    fires(
      'one of thirty services is away for ten minutes',
      { [EXPECTED]: '0+1800x90', [UNAVAILABLE]: '0x60 0+60x30' },
      '70m',
      { iu_group: 'am' },
    ),
    quiet(
      'one of thirty services was away for ten seconds',
      { [EXPECTED]: '0+1800x90', [UNAVAILABLE]: '0x60 10x30' },
      '70m',
    ),
    quiet('it is over', { [EXPECTED]: '0+1800x150', [UNAVAILABLE]: '0x60 0+60x10 600x80' }, '110m'),
  ],
  SwitchbackAvailabilityBurnSlow: [
    {
      ...fires('a thousandth is away all day', { [EXPECTED]: '0+9000x400', [UNAVAILABLE]: '0+9x400' }, '8h', {
        iu_group: 'am',
      }),
      every: '5m',
    },
    {
      ...quiet('less than the budget is away all day', { [EXPECTED]: '0+9000x400', [UNAVAILABLE]: '0+0.5x400' }, '8h'),
      every: '5m',
    },
  ],
  SwitchbackRecoveryBurnFast: [
    fires('half of a failover came too late', { [late('false')]: '0x60 15x60', [late('true')]: '0x60 15x60' }, '62m', {
      iu_group: 'am',
    }),
    quiet('all came in time', { [late('false')]: '0x120', [late('true')]: '0x60 30x60' }, '62m'),
    quiet('nothing was moved', { [late('false')]: '0x120', [late('true')]: '0x120' }, '62m'),
  ],
  SwitchbackRecoveryBurnSlow: [
    {
      ...fires(
        'one in twenty came too late again and again',
        { [late('false')]: '0+1x100', [late('true')]: '0+19x100' },
        '8h',
        { iu_group: 'am' },
      ),
      every: '5m',
    },
    {
      ...quiet('one in a thousand', { [late('false')]: '0+1x100', [late('true')]: '0+999x100' }, '8h'),
      every: '5m',
    },
  ],
  SwitchbackRegionLost: [
    fires('at once', { [state('state="Lost",reason="RegionLost"')]: '1x5' }, '0m', {
      ...REGION,
    }),
    quiet('a region that only the hub cannot see', { [state('state="Degraded",reason="LinkLost"')]: '1x5' }, '5m'),
  ],
  SwitchbackRegionUnwell: [
    fires('its credentials are wrong', { [state('state="Unknown",reason="CredentialsInvalid"')]: '1x20' }, '11m', {
      ...REGION,
      state: 'Unknown',
      reason: 'CredentialsInvalid',
    }),
    quiet('for a moment', { [state('state="Unknown",reason="NotObserved"')]: '1x3' }, '11m'),
    quiet('it is healthy', { [state('state="Healthy",reason="RegionHealthy"')]: '1x20' }, '11m'),
  ],
  SwitchbackAgentSilent: [
    fires('for a minute', { [state('state="Degraded",reason="NoHeartbeat"')]: '1x5' }, '2m', {
      ...REGION,
    }),
    quiet('for less', { [state('state="Degraded",reason="NoHeartbeat"')]: '1x5' }, '30s'),
  ],
  SwitchbackRegionFlapping: [
    fires('it says so', { [state('state="Degraded",reason="Flapping"')]: '1x5' }, '1m', {
      ...REGION,
    }),
    fires('it changed each minute', { 'switchback_region_changes_total{region="east"}': '0+1x20' }, '15m', REGION),
    quiet('it was lost and is back', { 'switchback_region_changes_total{region="east"}': '0x5 1x5 2x10' }, '15m'),
  ],
  SwitchbackHubFollows: groupCondition('Inherited', '6m', '3m'),
  SwitchbackCredentialsNotRenewed: groupCondition('CredentialsRenewed', '6m', '3m'),
  SwitchbackNotProtected: [
    ...groupCondition('Protected', '16m', '10m'),
    fires(
      'also when another hub has begun to lead meanwhile',
      {
        'switchback_group_condition{iu_group="am",type="Protected",status="false",instance="1"}': '1x9 stale',
        'switchback_group_condition{iu_group="am",type="Protected",status="false",instance="2"}': '_x9 1x20',
      },
      '17m',
      { iu_group: 'am' },
    ),
  ],
  SwitchbackRegionLossNotSurvived: groupCondition('SurvivesRegionLoss', '16m', '10m'),
  SwitchbackRedundancyMissing: [
    fires(
      'two services lack it',
      {
        'switchback_service_conditions{iu_group="am",service_class="voice",type="RedundancyMet",status="false"}':
          '2x30',
      },
      '16m',
      { iu_group: 'am', service_class: 'voice' },
    ),
    quiet(
      'none does',
      {
        'switchback_service_conditions{iu_group="am",service_class="voice",type="RedundancyMet",status="false"}':
          '0x30',
      },
      '16m',
    ),
  ],
  SwitchbackNeverDrilled: [
    {
      ...fires(
        'for a day',
        { 'switchback_last_proved_timestamp_seconds{iu_group="am",region="east"}': '0x400' },
        '25h',
        { iu_group: 'am', region: 'east' },
      ),
      every: '5m',
    },
    {
      ...quiet('it was', { 'switchback_last_proved_timestamp_seconds{iu_group="am",region="east"}': '100x400' }, '25h'),
      every: '5m',
    },
  ],
  SwitchbackDrillTooOld: groupCondition('Rehearsed', '61m', '30m'),
  SwitchbackFailoverHeld: [
    fires('for five minutes', { 'switchback_holds{wanted="FailedOver",reason="ApprovalRequired"}': '3x10' }, '6m', {
      reason: 'ApprovalRequired',
    }),
    quiet('for less', { 'switchback_holds{wanted="FailedOver",reason="AwaitingFence"}': '3x1 0x10' }, '6m'),
    quiet('what would go home', { 'switchback_holds{wanted="SwitchedBack",reason="NotStableYet"}': '3x10' }, '6m'),
  ],
  SwitchbackHoldTooLong: [
    fires('for six hours', { 'switchback_holds{wanted="SwitchedBack",reason="CapacityExceeded"}': '1x400' }, '365m', {
      wanted: 'SwitchedBack',
      reason: 'CapacityExceeded',
    }),
    quiet(
      'it waits for its window',
      { 'switchback_holds{wanted="SwitchedBack",reason="OutsideWindow"}': '1x400' },
      '365m',
    ),
  ],
  SwitchbackFrozen: [
    fires('there is one', { 'switchback_freezes{iu_group="am"}': '1x5' }, '1m', { iu_group: 'am' }),
    quiet('there was one', { 'switchback_freezes{iu_group="am"}': '1 stale' }, '2m'),
  ],
  SwitchbackFreezeEnding: [
    fires(
      'ten minutes are left',
      { 'switchback_freeze_remaining_seconds{iu_group="am",name="big-day"}': '1200-60x20' },
      '10m',
      { iu_group: 'am', name: 'big-day' },
    ),
    quiet(
      'twenty minutes are left',
      { 'switchback_freeze_remaining_seconds{iu_group="am",name="big-day"}': '1200-60x20' },
      '0m',
    ),
  ],
  SwitchbackApprovalWaiting: [
    fires(
      'for sixteen minutes',
      { 'switchback_approval_requested_timestamp_seconds{iu_group="am",kind="RegionSwitch"}': '0x30' },
      '16m',
      { iu_group: 'am', kind: 'RegionSwitch' },
    ),
    quiet(
      'for ten',
      { 'switchback_approval_requested_timestamp_seconds{iu_group="am",kind="RegionSwitch"}': '0x30' },
      '10m',
    ),
  ],
  SwitchbackFailoverSlow: [
    fires(
      'two minutes, and one service is left',
      {
        [`switchback_switch_start_timestamp_seconds{${OPEN}}`]: '0x5',
        [`switchback_switch_services_left{${OPEN}}`]: '1x5',
        switchback_recovery_objective_seconds: '60x5',
      },
      '2m',
      { iu_group: 'am', region: 'east', region_switch: 'one' },
    ),
    quiet(
      'all are ready, and the record is open until the old side is back',
      {
        [`switchback_switch_start_timestamp_seconds{${OPEN}}`]: '0x5',
        [`switchback_switch_services_left{${OPEN}}`]: '0x5',
        switchback_recovery_objective_seconds: '60x5',
      },
      '2m',
    ),
    quiet(
      'the objective is longer',
      {
        [`switchback_switch_start_timestamp_seconds{${OPEN}}`]: '0x5',
        [`switchback_switch_services_left{${OPEN}}`]: '1x5',
        switchback_recovery_objective_seconds: '300x5',
      },
      '2m',
    ),
  ],
  SwitchbackDataLagTooHigh: [
    fires(
      'twice the objective',
      { 'switchback_data_lag_objective_ratio{iu_group="am",service_class="mail",region="west"}': '2x10' },
      '6m',
      { iu_group: 'am', service_class: 'mail', region: 'west' },
    ),
    quiet(
      'just within',
      { 'switchback_data_lag_objective_ratio{iu_group="am",service_class="mail",region="west"}': '1x10' },
      '6m',
    ),
  ],
  SwitchbackDataLossOverObjective: [
    fires(
      'one service lost more',
      { 'switchback_data_losses_total{iu_group="am",type="Failover",within_objective="false"}': '0x5 1x30' },
      '10m',
      { iu_group: 'am', type: 'Failover' },
    ),
    quiet(
      'what was lost was allowed',
      {
        'switchback_data_losses_total{iu_group="am",type="Failover",within_objective="false"}': '0x35',
        'switchback_data_losses_total{iu_group="am",type="Failover",within_objective="true"}': '0x5 1x30',
      },
      '10m',
    ),
  ],
  SwitchbackTrafficNotWritten: [
    fires(
      'for two minutes',
      {
        'switchback_service_conditions{iu_group="am",service_class="voice",type="TrafficWritten",status="false"}':
          '1x5',
      },
      '3m',
      { iu_group: 'am', service_class: 'voice' },
    ),
    quiet(
      'no domain is set',
      {
        'switchback_service_conditions{iu_group="am",service_class="voice",type="TrafficWritten",status="unknown"}':
          '1x5',
      },
      '3m',
    ),
  ],
  SwitchbackTransitVoiceLost: [
    fires(
      'at once',
      { 'switchback_transit_state{iu_group="am",centre="us-1",path="voice",state="Lost",reason="VoiceLost"}': '1x5' },
      '0m',
      { iu_group: 'am', centre: 'us-1' },
    ),
    quiet(
      'a link alone is lost',
      {
        'switchback_transit_state{iu_group="am",centre="us-1",path="voice",state="Degraded",reason="PartialLoss"}':
          '1x5',
      },
      '5m',
    ),
  ],
  SwitchbackTransitMplsLost: [
    fires(
      'at once',
      { 'switchback_transit_state{iu_group="am",centre="us-1",path="mpls",state="Lost",reason="MplsLost"}': '1x5' },
      '0m',
      { iu_group: 'am', centre: 'us-1' },
    ),
    quiet(
      'voice alone is lost',
      { 'switchback_transit_state{iu_group="am",centre="us-1",path="voice",state="Lost",reason="VoiceLost"}': '1x5' },
      '5m',
    ),
  ],
  SwitchbackIngressMoved: [
    fires(
      'while it is elsewhere',
      { 'switchback_transit_ingress_moved{iu_group="am",centre="us-1",served_by="us-2"}': '1x5' },
      '1m',
      { iu_group: 'am', centre: 'us-1', served_by: 'us-2' },
    ),
    quiet(
      'it is at home',
      { 'switchback_transit_ingress_moved{iu_group="am",centre="us-1",served_by="us-1"}': '0x5' },
      '1m',
    ),
  ],
  SwitchbackIngressHeld: [
    fires(
      'for two minutes',
      { 'switchback_transit_holds{iu_group="am",reason="NoTransitCentre",wanted="Move"}': '1x5' },
      '3m',
      { iu_group: 'am', reason: 'NoTransitCentre' },
    ),
    quiet(
      'what would return waits until it is stable',
      { 'switchback_transit_holds{iu_group="am",reason="NotStableYet",wanted="Return"}': '1x5' },
      '3m',
    ),
  ],
  SwitchbackTransitNotProtected: groupCondition('TransitProtected', '16m', '10m'),
  SwitchbackHubAbsent: [
    fires('only agents are seen', { [AGENT_BUILD]: '1x10' }, '6m', { role: 'hub' }),
    quiet('a hub is seen', { 'switchback_build_info{role="hub",instance="1"}': '1x10' }, '6m'),
  ],
  SwitchbackHubLeaderAbsent: [
    fires(
      'two hubs, and none leads',
      { [leads('1', 'switchback-hub')]: '0x5', [leads('2', 'switchback-hub')]: '0x5' },
      '2m',
      {},
    ),
    quiet('one leads', { [leads('1', 'switchback-hub')]: '0x5', [leads('2', 'switchback-hub')]: '1x5' }, '2m'),
  ],
  SwitchbackAgentAbsent: [
    fires('only hubs are seen', { 'switchback_build_info{role="hub"}': '1x10' }, '6m', { role: 'agent' }),
    quiet('an agent is seen', { [AGENT_BUILD]: '1x10' }, '6m'),
  ],
  SwitchbackAgentLeaderAbsent: [
    fires(
      'the one of its region does not lead, another region has a leader',
      {
        [leads('1', 'switchback-agent')]: '0x5',
        [AGENT_BUILD]: '1x5',
        [leads('2', 'switchback-agent')]: '1x5',
        'switchback_build_info{role="agent",region="west",instance="2"}': '1x5',
      },
      '2m',
      REGION,
    ),
    quiet('it leads', { [leads('1', 'switchback-agent')]: '1x5', [AGENT_BUILD]: '1x5' }, '2m'),
  ],
  SwitchbackLeaseMarginThin: [
    fires(
      'one renewal in ten is late',
      {
        [margin('0.3')]: '0+3x30',
        'switchback_lease_margin_ratio_count{region="east"}': '0+30x30',
      },
      '20m',
      REGION,
    ),
    quiet(
      'one in a hundred',
      {
        [margin('0.3')]: '0+0.3x30',
        'switchback_lease_margin_ratio_count{region="east"}': '0+30x30',
      },
      '20m',
    ),
  ],
  SwitchbackLeaseLapsed: [
    fires('once', { 'switchback_lease_lapses_total{region="east"}': '0x5 1x5' }, '7m', REGION),
    quiet('never', { 'switchback_lease_lapses_total{region="east"}': '0x10' }, '7m'),
  ],
  SwitchbackReconcileErrors: [
    fires(
      'half of them fail',
      {
        [`controller_runtime_reconcile_errors_total{controller="iu-group",${HUB}}`]: '0+5x40',
        [`controller_runtime_reconcile_total{controller="iu-group",result="success",${HUB}}`]: '0+5x40',
        [`controller_runtime_reconcile_total{controller="iu-group",result="error",${HUB}}`]: '0+5x40',
        [`switchback_build_info{role="hub",${HUB}}`]: '1x40',
      },
      '25m',
      { controller: 'iu-group' },
    ),
    quiet(
      'those of another operator',
      {
        [`controller_runtime_reconcile_errors_total{controller="tenant",pod="other"}`]: '0+5x40',
        [`controller_runtime_reconcile_total{controller="tenant",result="error",pod="other"}`]: '0+5x40',
        [`switchback_build_info{role="hub",${HUB}}`]: '1x40',
      },
      '25m',
    ),
    quiet(
      'orders to a region that is lost',
      {
        [`controller_runtime_reconcile_errors_total{controller="orders-east",${HUB}}`]: '0+5x40',
        [`controller_runtime_reconcile_total{controller="orders-east",result="error",${HUB}}`]: '0+5x40',
        [`switchback_build_info{role="hub",${HUB}}`]: '1x40',
      },
      '25m',
    ),
  ],
  SwitchbackWatchStale: [
    fires(
      'nothing for more than ten minutes',
      { 'switchback_watch_last_contact_timestamp_seconds{source="hub",kind="Tenant"}': '0x20' },
      '11m',
      { source: 'hub', kind: 'Tenant' },
    ),
    quiet(
      'its region is lost, which is told already',
      {
        'switchback_watch_last_contact_timestamp_seconds{source="east",kind="Region"}': '0x20',
        [state('state="Lost",reason="RegionLost"')]: '1x20',
      },
      '11m',
    ),
    quiet(
      'a bookmark each minute',
      { 'switchback_watch_last_contact_timestamp_seconds{source="hub",kind="Tenant"}': '0+60x20' },
      '11m',
    ),
  ],
} satisfies Readonly<Record<string, readonly RuleCase[]>>;
