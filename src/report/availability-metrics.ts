import { Counter, type Registry } from 'prom-client';

/** What services of one class and group had in one look. */
export interface ServedTime {
  readonly group: string;
  readonly serviceClass: string;
  /** Seconds during which services should have been served, added up over the services. */
  readonly expectedSeconds: number;
  /** Seconds, of those that should have been served, without a side that is active and ready. */
  readonly unavailableSeconds: number;
}

/**
 * Availability as two counters, so that any window can be asked for: what was missed of what was due. Seconds of services:
 * ten services that are away for a minute are 600.
 */
export function createAvailabilityMetrics(registry: Registry): (time: ServedTime) => void {
  const shared = { labelNames: ['iu_group', 'service_class'], registers: [registry] };
  const expected = new Counter({
    name: 'switchback_service_expected_seconds_total',
    help: 'Seconds during which services should have been served, added up over services, as long as this process led and could tell.',
    ...shared,
  });
  const unavailable = new Counter({
    name: 'switchback_service_unavailable_seconds_total',
    help: 'Of these, seconds without an active side that is ready; when a region is lost, counted from its last sign of life.',
    ...shared,
  });
  return ({ expectedSeconds, group, serviceClass, unavailableSeconds }) => {
    const labels = { iu_group: group, service_class: serviceClass };
    expected.inc(labels, expectedSeconds);
    unavailable.inc(labels, unavailableSeconds);
  };
}
