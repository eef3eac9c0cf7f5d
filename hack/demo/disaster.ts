import { loseRegion, restoreRegion } from '../operator/operator.ts';
import { waitFor } from '../regions/wait.ts';
import { activeRegionOf, listServices } from './services.ts';
import type { Stage } from './stage.ts';

const FENCE_MS = 60_000;

/** How a region is lost: its processes end, or they freeze while all connections to them stay open. */
export type Loss = 'kill' | 'hang';

/** Takes control plane, nodes and agents of a region at once. */
export async function strike({ operator, regions }: Stage, region: string, how: Loss): Promise<void> {
  await loseRegion(regions, operator, region, how);
}

/**
 * Brings a region back in the order that its operations would keep to: the control plane, the agents, and only when
 * these have taken back what now runs elsewhere, the nodes. Nodes that were frozen lose their power first: a node that
 * wakes up goes on with what it ran, and no agent is there yet to stop it.
 */
export async function heal(stage: Stage, region: string, onFenced: () => void = () => undefined): Promise<void> {
  const { operator, regions } = stage;
  const site = regions.region(region);
  if (site.state === 'hung') await Promise.all(site.zones.map((zone) => zone.lose()));
  await restoreRegion(regions, operator, region, async () => {
    await untilFenced(stage, region);
    onFenced();
  });
}

/** Until no node of the region would start anything that is active elsewhere, if it had power. */
async function untilFenced({ observer, picture }: Stage, region: string): Promise<void> {
  const moved = listServices(picture)
    .filter((service) => service.mode === 'Backup' && activeRegionOf(service) !== region)
    .map(({ key }) => key);
  const what = `the agents of ${region} to fence ${moved.length} services`;
  await waitFor({ what, timeoutMs: FENCE_MS }, async () => observer.areEnding(region, moved));
}
