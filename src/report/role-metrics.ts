import { Gauge, type Registry } from 'prom-client';
import type { Watched } from '../observe/watched.ts';
import { createAvailabilityMetrics } from './availability-metrics.ts';
import { type Brakes, createBrakeMetrics } from './brake-metrics.ts';
import { createGroupMetrics } from './group-metrics.ts';
import type { HubPicture } from './hub-picture.ts';
import { createLeaseMetrics } from './lease-metrics.ts';
import { createProbeMetrics } from './probe-metrics.ts';
import { createRecoveryMetrics } from './recovery-metrics.ts';
import type { SeriesLimits } from './series-limits.ts';
import { createServiceMetrics } from './service-metrics.ts';
import { createSwitchMetrics } from './switch-metrics.ts';
import { createTenantMetrics } from './tenant-metrics.ts';
import { createTrafficMetrics, type WrittenRecords } from './traffic-metrics.ts';
import { createTransitMetrics, type TransitRecord } from './transit-metrics.ts';
import { createWatchMetrics } from './watch-metrics.ts';

/** What a hub shows; nothing of a process that does not lead, but for its caches. */
export interface HubSources {
  readonly picture: () => HubPicture | undefined;
  readonly brakes: () => Brakes;
  readonly transit: () => readonly TransitRecord[];
  readonly records: () => WrittenRecords;
  readonly watches: () => readonly Watched[];
}

export interface HubMetricSettings {
  readonly version: string;
  readonly limits: SeriesLimits;
  readonly recoveryObjectiveSeconds: number;
}

/** All metrics of the domain that the hub has: also what the generated page and the tests of the alerts are made from. */
export function createHubMetrics(registry: Registry, sources: HubSources, settings: HubMetricSettings) {
  const { brakes, picture, records, transit, watches } = sources;
  const { limits, recoveryObjectiveSeconds, version } = settings;
  tellBuild(registry, { role: 'hub', region: '', version });
  createServiceMetrics(registry, picture, limits.services);
  createGroupMetrics(registry, picture);
  createSwitchMetrics(registry, picture);
  createTenantMetrics(registry, picture, limits);
  createBrakeMetrics(registry, brakes);
  createTransitMetrics(registry, transit);
  createTrafficMetrics(registry, records);
  createWatchMetrics(registry, watches);
  return {
    recovery: createRecoveryMetrics(registry, picture, recoveryObjectiveSeconds),
    onServedTime: createAvailabilityMetrics(registry),
  };
}

/** All metrics of the domain that an agent has. */
export function createAgentMetrics(
  registry: Registry,
  watches: () => readonly Watched[],
  { region, version }: { readonly region: string; readonly version: string },
) {
  tellBuild(registry, { role: 'agent', region, version });
  createWatchMetrics(registry, watches);
  return { lease: createLeaseMetrics(registry, region), probes: createProbeMetrics(registry) };
}

function tellBuild(registry: Registry, labels: Readonly<Record<'role' | 'region' | 'version', string>>): void {
  new Gauge({
    name: 'switchback_build_info',
    help: 'What runs: version and role, and of an agent its region.',
    labelNames: ['role', 'region', 'version'],
    registers: [registry],
  }).set(labels, 1);
}
