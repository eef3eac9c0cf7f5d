import type { Registry } from 'prom-client';
import { createMetrics } from '../../src/report/metrics.ts';
import { createAgentMetrics, createHubMetrics } from '../../src/report/role-metrics.ts';

export type MetricRole = 'hub' | 'agent';

export interface MetricEntry {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly roles: readonly MetricRole[];
}

/** What prom-client keeps beside the type that it exports. */
interface Registered {
  readonly name: string;
  readonly help: string;
  readonly type: unknown;
  readonly labelNames?: readonly string[];
}

/** Of the process that generates the page: what its own platform lacks must not make it another page. */
const OF_PROCESS = /^(process|nodejs)_/;

/** Every metric of both roles, by name, from the very registrations that the program makes. */
export function listMetrics(): readonly MetricEntry[] {
  const found = new Map<string, MetricEntry>();
  for (const [role, registry] of [
    ['hub', registryOfHub()],
    ['agent', registryOfAgent()],
  ] as const) {
    for (const metric of registered(registry)) {
      const roles = [...(found.get(metric.name)?.roles ?? []), role];
      found.set(metric.name, { ...metric, roles });
    }
  }
  return [...found.values()].sort((x, y) => (x.name < y.name ? -1 : 1));
}

function registered(registry: Registry): readonly Omit<MetricEntry, 'roles'>[] {
  return registry
    .getMetricsAsArray()
    .map((metric): Registered => metric)
    .filter(({ name }) => !OF_PROCESS.test(name))
    .map(({ help, labelNames = [], name, type }) => ({ name, help, type: String(type), labels: labelNames }));
}

export function registryOfHub(): Registry {
  const { registry } = createMetrics();
  createHubMetrics(
    registry,
    {
      picture: () => undefined,
      brakes: () => ({ holds: [], freezes: [], nowMs: 0 }),
      transit: () => [],
      records: () => ({ sets: [], nowMs: 0 }),
      watches: () => [],
    },
    { version: '', limits: { services: 0, tenants: 0 }, recoveryObjectiveSeconds: 60 },
  );
  return registry;
}

export function registryOfAgent(): Registry {
  const { registry } = createMetrics();
  createAgentMetrics(registry, () => [], { region: '', version: '' });
  return registry;
}
