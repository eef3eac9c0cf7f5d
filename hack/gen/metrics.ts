import type { GeneratedFile } from './generated-file.ts';
import { cell, code, table } from './markdown.ts';
import { listMetrics, type MetricEntry } from './metric-catalogue.ts';

const NOTE = '<!-- Generated from src/report/*-metrics.ts by `npm run gen`: do not edit. -->';

const row = ({ help, labels, name, roles, type }: MetricEntry): readonly string[] => [
  code(name),
  type,
  labels.map(code).join(', '),
  roles.join(', '),
  cell(help),
];

/** The page of all metrics. */
export function renderMetrics(): readonly GeneratedFile[] {
  const all = listMetrics();
  const head = ['metric', 'type', 'labels', 'role', 'meaning'];
  const isOurs = ({ name }: MetricEntry): boolean => name.startsWith('switchback_');
  const text = [
    NOTE,
    '# Metrics',
    'Hub and agents serve them under `/metrics` on `SWITCHBACK_PORT`. The gate and the commands have none. What they are good for: [docs/alerts.md](../alerts.md).',
    'A gauge of the hub is made from its caches when it is asked for, by the process that leads; one that does not lead has no such series. What counts or measures (`counter`, `histogram`) begins anew with each process. No message, epoch, pod or time is ever a label, and lists are bounded: series of single services (`switchback_service_…`) by `SWITCHBACK_SERVICE_METRICS` (500; 0: off), of single tenants (`switchback_tenant_…`) by `SWITCHBACK_TENANT_METRICS` (0: off).',
    'A condition is a state set: one series for each of `true`, `false` and `unknown`, 1 for the present one. A label never says `namespace`, `service`, `pod` or `instance`, which Prometheus uses for what it scrapes.',
    '## Of Switchback',
    table(head, all.filter(isOurs).map(row)),
    "## Of the kernel, under controller-runtime's and client-go's names",
    'The same names, labels and buckets, so that dashboards and alerts for any operator show this one too. There is no webhook, no deadline of a reconcile and no slow path of an election in Switchback, so their metrics are absent.',
    table(head, all.filter((metric) => !isOurs(metric)).map(row)),
    '## Of the process',
    '`process_…` and `nodejs_…`, as every Node program with prom-client has them: processor time, memory, open files, event loop lag, garbage collection.',
  ].join('\n\n');
  return [{ path: 'docs/reference/metrics.md', text: `${text}\n` }];
}
