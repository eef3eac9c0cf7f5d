import type { Registry } from 'prom-client';
import type { ConditionType } from '../api/conditions.ts';
import { conditionSeries } from './condition-series.ts';
import { flag, type GaugeSpec, registerGauges, type Sample } from './gauges.ts';
import type { HubPicture } from './hub-picture.ts';

const TYPES: readonly ConditionType[] = [
  'Ready',
  'Protected',
  'SurvivesRegionLoss',
  'CapacityReserved',
  'DependenciesMet',
  'DirectoryWritten',
  'Rehearsed',
  'TransitReady',
  'TransitProtected',
  'CallersReachAgents',
];

/** Of regions without a declared capacity there is nothing to say: they are not limited. */
function* capacity(
  { capacities }: HubPicture,
  read: (of: { readonly capacity: number; readonly planned: number; readonly reserved: number }) => number,
): Iterable<Sample> {
  for (const [group, regions] of capacities) {
    for (const { capacity: limit, planned, region, reserved } of regions) {
      if (limit === undefined) continue;
      yield { labels: { iu_group: group, region }, value: read({ capacity: limit, planned, reserved }) };
    }
  }
}

/** What a region would have left: from the answer to "what if", so that it says the same. */
function* headroom({ capacities, groups }: HubPicture): Iterable<Sample> {
  for (const { metadata, status } of groups) {
    const regions = capacities.get(metadata.name) ?? [];
    for (const { destinations, region: lost } of status?.whatIf ?? []) {
      for (const { capacity: limit, planned, region } of regions) {
        if (limit === undefined || region === lost) continue;
        const comes = destinations.find((one) => one.region === region)?.instances ?? 0;
        const labels = { iu_group: metadata.name, lost_region: lost, region };
        yield { labels, value: limit - planned - comes };
      }
    }
  }
}

const SPECS: readonly GaugeSpec<HubPicture>[] = [
  {
    name: 'switchback_group_condition',
    help: 'Conditions of an IU group: 1 for the present status, 0 for the others.',
    labels: ['iu_group', 'type', 'status'],
    *samples({ groups }) {
      for (const { metadata, status } of groups)
        yield* conditionSeries({ iu_group: metadata.name }, status?.conditions, TYPES);
    },
  },
  {
    name: 'switchback_region_survives_loss',
    help: 'Whether all goes on that may run elsewhere, if the region were lost now: 1 if so.',
    labels: ['iu_group', 'region'],
    *samples({ groups }) {
      for (const { metadata, status } of groups) {
        for (const { region, survives } of status?.whatIf ?? [])
          yield { labels: { iu_group: metadata.name, region }, value: flag(survives) };
      }
    },
  },
  {
    name: 'switchback_region_loss_stops_services',
    help: 'Services that would stop, if the region were lost now.',
    labels: ['iu_group', 'region'],
    *samples({ groups }) {
      for (const { metadata, status } of groups) {
        for (const { region, stopping } of status?.whatIf ?? [])
          yield { labels: { iu_group: metadata.name, region }, value: stopping.services };
      }
    },
  },
  {
    name: 'switchback_region_capacity_instances',
    help: 'Most instances that may be planned in a region, where that is declared.',
    labels: ['iu_group', 'region'],
    samples: (picture) => capacity(picture, (of) => of.capacity),
  },
  {
    name: 'switchback_region_planned_instances',
    help: 'Instances that are planned in a region while nothing is lost, where its capacity is declared.',
    labels: ['iu_group', 'region'],
    samples: (picture) => capacity(picture, (of) => of.planned),
  },
  {
    name: 'switchback_region_reserved_instances',
    help: 'Instances that the loss of one other region would bring at most, where the capacity is declared.',
    labels: ['iu_group', 'region'],
    samples: (picture) => capacity(picture, (of) => of.reserved),
  },
  {
    name: 'switchback_region_headroom_instances',
    help: 'Instances that would still find room in a region after the loss of `lost_region`; negative: so many would not.',
    labels: ['iu_group', 'lost_region', 'region'],
    samples: headroom,
  },
];

export function createGroupMetrics(registry: Registry, picture: () => HubPicture | undefined): void {
  registerGauges(registry, picture, SPECS);
}
