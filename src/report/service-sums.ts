import type { Condition, ConditionType } from '../api/conditions.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import { STATUSES } from './condition-series.ts';
import { flag, type GaugeSpec, type Sample } from './gauges.ts';
import type { DataLag, HubPicture } from './hub-picture.ts';
import { Tally } from './tally.ts';

const COUNTED: readonly ConditionType[] = [
  'Available',
  'RedundancyMet',
  'Protected',
  'Ready',
  'PeerReady',
  'DataStoresReady',
  'TrafficWritten',
];

export const classOf = ({ spec }: ServiceInstance): Sample['labels'] => ({
  iu_group: spec.iuGroupRef.name,
  service_class: spec.serviceClassRef.name,
});

/**
 * A service that has one region only can never be protected: it is not counted there. Nor is the redundancy that a drill
 * has taken away counted as missing.
 */
const isOwed = ({ reason, type }: Condition): boolean =>
  (type !== 'Protected' || reason !== 'TierHasNoSecondary') && (type !== 'RedundancyMet' || reason !== 'ZoneDrill');

function countConditions({ services }: HubPicture): Iterable<Sample> {
  const tally = new Tally();
  for (const service of services) {
    for (const condition of service.status?.conditions ?? []) {
      if (!COUNTED.includes(condition.type) || !isOwed(condition)) continue;
      for (const status of STATUSES) {
        const labels = { ...classOf(service), type: condition.type, status };
        tally.add(labels, flag(condition.status.toLowerCase() === status));
      }
    }
  }
  return tally.list();
}

function countActive({ groups, services }: HubPicture): Iterable<Sample> {
  const tally = new Tally();
  for (const { metadata, spec } of groups)
    for (const { region } of spec.infrastructureUnits) tally.add({ iu_group: metadata.name, region }, 0);
  for (const { spec, status } of services) {
    const region = status?.assignment?.activeRegion;
    if (region !== undefined) tally.add({ iu_group: spec.iuGroupRef.name, region });
  }
  return tally.list();
}

function countAway({ services }: HubPicture): Iterable<Sample> {
  const tally = new Tally();
  for (const { spec, status } of services) {
    const active = status?.assignment?.activeRegion;
    if (active === undefined) continue;
    tally.add(
      { iu_group: spec.iuGroupRef.name, primary_region: spec.primaryRegion },
      flag(active !== spec.primaryRegion),
    );
  }
  return tally.list();
}

function worstLags(lags: Iterable<DataLag>, read: (lag: DataLag) => number | undefined): Iterable<Sample> {
  const tally = new Tally();
  for (const lag of lags) {
    const value = read(lag);
    const labels = { iu_group: lag.group, service_class: lag.serviceClass, region: lag.region };
    if (value !== undefined) tally.most(labels, value);
  }
  return tally.list();
}

/** Counts and worst cases, whether or not each service has series of its own: alerts are about these. */
export const SERVICE_SUMS: readonly GaugeSpec<HubPicture>[] = [
  {
    name: 'switchback_service_conditions',
    help: 'Services by condition and its status. Protected: only of those with more than one region. RedundancyMet: without those that a drill keeps out of a zone.',
    labels: ['iu_group', 'service_class', 'type', 'status'],
    samples: countConditions,
  },
  {
    name: 'switchback_active_services',
    help: 'Services that are active in a region by their assignments.',
    labels: ['iu_group', 'region'],
    samples: countActive,
  },
  {
    name: 'switchback_services_away',
    help: 'Services that are active elsewhere than in their primary region.',
    labels: ['iu_group', 'primary_region'],
    samples: countAway,
  },
  {
    name: 'switchback_data_lag_seconds',
    help: 'How far the data is behind in a region that stands by: of the services of the class the one that is furthest.',
    labels: ['iu_group', 'service_class', 'region'],
    samples: ({ lags }) => worstLags(lags, ({ seconds }) => seconds),
  },
  {
    name: 'switchback_data_lag_objective_ratio',
    help: 'How far the data is behind in a region that stands by, of the service that is furthest, in parts of what its class allows to be lost (`objectives.dataLossSeconds`, at least 1 s): above 1 it is missed.',
    labels: ['iu_group', 'service_class', 'region'],
    samples: ({ lags }) =>
      worstLags(lags, ({ objectiveSeconds, seconds }) =>
        objectiveSeconds === undefined ? undefined : seconds / Math.max(1, objectiveSeconds),
      ),
  },
];
