import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const BUCKETS = [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

export interface LeaseMetrics {
  /** Rights were renewed of which the shortest still had `marginMs` of `leaseMs`; 0: it had ended. */
  readonly renewed: (marginMs: number, leaseMs: number) => void;
}

/** How close the rights of a region come to their end: what is thin today is a fence tomorrow. */
export function createLeaseMetrics(registry: Registry, region: string): LeaseMetrics {
  const shared = { labelNames: ['region'], registers: [registry] };
  const margin = new Histogram({
    name: 'switchback_lease_margin_ratio',
    help: 'What was left of the rights of the region when they were renewed, in parts of the lease; of each renewal the least.',
    buckets: BUCKETS,
    ...shared,
  });
  const lapses = new Counter({
    name: 'switchback_lease_lapses_total',
    help: 'Renewals that came after a right had ended.',
    ...shared,
  });
  const lease = new Gauge({
    name: 'switchback_lease_seconds',
    help: 'How long a right to run lasts, from the asking.',
    ...shared,
  });
  lapses.inc({ region }, 0);
  return {
    renewed(marginMs, leaseMs) {
      lease.set({ region }, leaseMs / 1000);
      margin.observe({ region }, Math.max(0, marginMs) / leaseMs);
      if (marginMs <= 0) lapses.inc({ region });
    },
  };
}
