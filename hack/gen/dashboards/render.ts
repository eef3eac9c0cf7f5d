import type { GeneratedFile } from '../generated-file.ts';
import { type Dashboard, modelOf } from './dashboard.ts';
import { FAILOVER_TIMELINE } from './failover-timeline.ts';
import { RECONCILE_HEALTH } from './reconcile-health.ts';
import { REGIONS } from './regions.ts';

export const DASHBOARDS: readonly Dashboard[] = [RECONCILE_HEALTH, REGIONS, FAILOVER_TIMELINE];

export function renderDashboards(): readonly GeneratedFile[] {
  return DASHBOARDS.map((dashboard) => ({
    path: `charts/switchback/dashboards/${dashboard.uid.replace('switchback-', '')}.json`,
    text: `${JSON.stringify(modelOf(dashboard), null, 2)}\n`,
  }));
}
