import { withoutVariables } from '../dashboards/dashboard.ts';
import { DASHBOARDS } from '../dashboards/render.ts';
import { listMetrics } from '../metric-catalogue.ts';
import { namesIn } from '../promql.ts';
import { RULE_FILES } from './render.ts';

export interface Expression {
  readonly where: string;
  readonly expression: string;
}

/** Every expression of alerts, recordings and dashboards, without the variables of Grafana. */
export function expressionsOf(): readonly Expression[] {
  const rules = RULE_FILES.flatMap(({ groups }) => groups).flatMap(({ alerts, recordings = [] }) => [
    ...recordings.map(({ expr, record }) => ({ where: record, expression: expr })),
    ...alerts.map(({ expr, name }) => ({ where: name, expression: expr })),
  ]);
  const panels = DASHBOARDS.flatMap(({ panels: all, title, variables }) => [
    ...all.flatMap((panel) =>
      panel.targets.map(({ expr }) => ({ where: `${title} / ${panel.title}`, expression: withoutVariables(expr) })),
    ),
    ...variables.map(({ metric, name }) => ({ where: `${title} / ${name}`, expression: metric })),
  ]);
  return [...rules, ...panels];
}

/** What Prometheus and the scrape give to every series. */
const OF_TARGETS: ReadonlySet<string> = new Set(['cluster', 'namespace', 'pod', 'job', 'instance', '__name__']);
/** Of the process; they are not ours to list. */
const OF_PROCESS: ReadonlySet<string> = new Set([
  'process_cpu_seconds_total',
  'process_resident_memory_bytes',
  'nodejs_eventloop_lag_p99_seconds',
]);

function knownMetrics(): ReadonlyMap<string, ReadonlySet<string>> {
  const known = new Map<string, ReadonlySet<string>>();
  for (const { labels, name, type } of listMetrics()) {
    const own = new Set(labels);
    if (type !== 'histogram') known.set(name, own);
    else {
      known.set(`${name}_bucket`, new Set([...own, 'le']));
      known.set(`${name}_sum`, own);
      known.set(`${name}_count`, own);
    }
  }
  for (const name of OF_PROCESS) known.set(name, new Set());
  for (const { groups } of RULE_FILES) {
    for (const { recordings = [] } of groups)
      for (const { expr, record } of recordings) known.set(record, new Set(namesIn(expr).grouped));
  }
  return known;
}

const KNOWN = knownMetrics();

/** What an expression names that is not there. */
export function problemsOf(expression: string): readonly string[] {
  const { grouped, made, selectors } = namesIn(expression);
  const ofSelectors = selectors.flatMap(({ labels, metric }) => {
    const has = KNOWN.get(metric);
    if (!has) return [`there is no metric ${metric}`];
    return labels
      .filter((label) => !has.has(label) && !OF_TARGETS.has(label))
      .map((label) => `${metric} has no label ${label}`);
  });
  const anywhere = new Set([...selectors.flatMap(({ metric }) => [...(KNOWN.get(metric) ?? [])]), ...made]);
  const ofGroups = grouped
    .filter((label) => !anywhere.has(label) && !OF_TARGETS.has(label))
    .map((label) => `no metric here has the label ${label}`);
  return [...ofSelectors, ...new Set(ofGroups)];
}
