import type { Registry } from 'prom-client';
import type { ConditionType } from '../api/conditions.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import { conditionSeries } from './condition-series.ts';
import { flag, type GaugeSpec, registerGauges } from './gauges.ts';
import type { HubPicture } from './hub-picture.ts';
import { firstByName } from './series-limits.ts';
import { classOf, SERVICE_SUMS } from './service-sums.ts';

type Labels = Readonly<Record<string, string>>;

const TYPES = ['Available', 'RedundancyMet', 'Protected'] as const satisfies readonly ConditionType[];

const keyOf = ({ metadata }: ServiceInstance): string => `${metadata.namespace ?? ''}/${metadata.name}`;
const of = (service: ServiceInstance): Labels => ({ service_instance: keyOf(service) });
/** Each service by its name: switchable, and at most so many. */
const byName = (most: number): readonly GaugeSpec<HubPicture>[] => {
  const each = ({ services }: HubPicture): readonly ServiceInstance[] => firstByName(services, most);
  return [
    {
      name: 'switchback_service_info',
      help: 'A ServiceInstance (`namespace/name`), its group, class and primary region.',
      labels: ['service_instance', 'iu_group', 'service_class', 'primary_region'],
      *samples(picture) {
        for (const service of each(picture)) {
          const labels = { ...of(service), ...classOf(service), primary_region: service.spec.primaryRegion };
          yield { labels, value: 1 };
        }
      },
    },
    {
      name: 'switchback_service_active',
      help: 'Where a service is active by its assignment: 1 for that region, 0 for each other one with a place for it.',
      labels: ['service_instance', 'region'],
      *samples(picture) {
        for (const service of each(picture)) {
          const active = service.status?.assignment?.activeRegion;
          if (active === undefined) continue;
          const { primaryRegion, secondaryRegions } = service.spec;
          for (const region of new Set([primaryRegion, ...secondaryRegions, active]))
            yield { labels: { ...of(service), region }, value: flag(region === active) };
        }
      },
    },
    {
      name: 'switchback_service_epoch',
      help: 'Epoch of the assignment of a service.',
      labels: ['service_instance'],
      *samples(picture) {
        for (const service of each(picture)) {
          const epoch = service.status?.assignment?.epoch;
          if (epoch !== undefined) yield { labels: of(service), value: epoch };
        }
      },
    },
    {
      name: 'switchback_service_condition',
      help: 'Conditions of a service (Available, RedundancyMet, Protected): 1 for the present status, 0 for the others.',
      labels: ['service_instance', 'type', 'status'],
      *samples(picture) {
        for (const service of each(picture)) yield* conditionSeries(of(service), service.status?.conditions, TYPES);
      },
    },
  ];
};

/** @param most services with series of their own; 0: none */
export function createServiceMetrics(registry: Registry, picture: () => HubPicture | undefined, most: number): void {
  registerGauges(registry, picture, [...byName(most), ...SERVICE_SUMS]);
}
