import { stringify } from 'yaml';
import type { GeneratedFile } from '../generated-file.ts';
import { AGENT_FILES } from './agent-rules.ts';
import { type Alert, RUNBOOKS, type RuleFile } from './alert.ts';
import { HUB_FILES } from './hub-rules.ts';

export const ALERTS_DIR = 'charts/switchback/alerts';
const HEADER = '# Generated from hack/gen/alerts by `npm run gen`: do not edit.\n';

export const RULE_FILES: readonly RuleFile[] = [...HUB_FILES, ...AGENT_FILES];

export const ALERTS: readonly Alert[] = RULE_FILES.flatMap(({ groups }) => groups.flatMap(({ alerts }) => alerts));

export const runbookOf = ({ name }: Alert): string => `${RUNBOOKS}${name}.md`;

/** Plain rule groups of Prometheus: the chart wraps each file into a PrometheusRule. */
export function renderAlerts(): readonly GeneratedFile[] {
  return RULE_FILES.map((file) => ({
    path: `${ALERTS_DIR}/${file.name}.yaml`,
    text: HEADER + stringify({ groups: file.groups.map(groupOf) }, { lineWidth: 120, aliasDuplicateObjects: false }),
  }));
}

function groupOf({ alerts, name, recordings = [] }: RuleFile['groups'][number]) {
  return { name, rules: [...recordings, ...alerts.map(ruleOf)] };
}

function ruleOf(alert: Alert) {
  const { description, expr, name, severity, summary } = alert;
  return {
    alert: name,
    expr,
    ...(alert.for && { for: alert.for }),
    labels: { severity },
    annotations: { summary, description, runbook_url: runbookOf(alert) },
  };
}
