import type { Registry } from 'prom-client';
import type { HubPicture } from '../../src/report/hub-picture.ts';

/** What a scrape would show, without comments and without the buckets of histograms. */
export async function series(registry: Registry): Promise<readonly string[]> {
  const lines = (await registry.metrics()).split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#') && !line.includes('_bucket{'));
}

export const picture = (more: Partial<HubPicture>): HubPicture => ({
  groups: [],
  services: [],
  switches: [],
  tenants: [],
  capacities: new Map(),
  lags: [],
  ...more,
});
