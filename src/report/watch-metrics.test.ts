import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { series } from '../../test/support/series.ts';
import { createLeaseMetrics } from './lease-metrics.ts';
import { createWatchMetrics } from './watch-metrics.ts';

it('the margin of rights is told in parts of the lease, and one that had ended counts as a lapse', async () => {
  const registry = new Registry();
  const { renewed } = createLeaseMetrics(registry, 'east');
  expect(await series(registry)).toContain('switchback_lease_lapses_total{region="east"} 0');
  renewed(4900, 7000);
  renewed(-10, 7000);
  expect(await series(registry)).toEqual([
    'switchback_lease_margin_ratio_sum{region="east"} 0.7',
    'switchback_lease_margin_ratio_count{region="east"} 2',
    'switchback_lease_lapses_total{region="east"} 1',
    'switchback_lease_seconds{region="east"} 7',
  ]);
});

it('a cache says when it last heard something; one that was never filled only that it is not', async () => {
  const registry = new Registry();
  const watched = { cluster: 'hub', isSynced: true, lastContactMs: 5000, failures: 3, lists: 1 };
  const never = { ...watched, isSynced: false, lastContactMs: undefined, lists: 0 };
  createWatchMetrics(registry, () => [
    { ...watched, kind: 'Tenant' },
    { ...never, kind: 'DNSEndpoint' },
  ]);
  for (let scrape = 0; scrape < 2; scrape += 1) {
    expect(await series(registry)).toEqual([
      'switchback_watch_synced{source="hub",kind="Tenant"} 1',
      'switchback_watch_synced{source="hub",kind="DNSEndpoint"} 0',
      'switchback_watch_last_contact_timestamp_seconds{source="hub",kind="Tenant"} 5',
      'switchback_watch_failures_total{source="hub",kind="Tenant"} 3',
      'switchback_watch_failures_total{source="hub",kind="DNSEndpoint"} 3',
      'switchback_watch_lists_total{source="hub",kind="Tenant"} 1',
      'switchback_watch_lists_total{source="hub",kind="DNSEndpoint"} 0',
    ]);
  }
});
