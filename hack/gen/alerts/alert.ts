/** `critical`: service or data is lost, or about to be; a person is woken. `warning`: a ticket. `info`: for who looks. */
export type Severity = 'critical' | 'warning' | 'info';

export interface Alert {
  readonly name: `Switchback${string}`;
  readonly severity: Severity;
  readonly expr: string;
  /** Absent: at once. */
  readonly for?: string;
  /** One line. Labels as `{{ $labels.region }}`; no value, so that an alert does not change while it stands. */
  readonly summary: string;
  /** What it means and what to do first. */
  readonly description: string;
}

export interface Recording {
  readonly record: string;
  readonly expr: string;
}

export interface RuleGroup {
  readonly name: string;
  readonly recordings?: readonly Recording[];
  readonly alerts: readonly Alert[];
}

/** Rules that are wanted together: of every role, where the hub is scraped, or where an agent is. */
export interface RuleFile {
  readonly name: `${'common' | 'hub' | 'agent'}${string}`;
  readonly groups: readonly RuleGroup[];
}

export const RUNBOOKS = 'https://github.com/switchback-dev/switchback/blob/main/docs/runbooks/';
