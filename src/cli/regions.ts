import type { IUGroup } from '../api/iu-group.ts';
import type { HubMark, RegionLease } from '../api/region-lease.ts';
import type { RegionalService } from '../api/regional-service.ts';
import { RESOURCES } from '../api/resources.ts';
import type { TenantDirectory } from '../api/tenant-directory.ts';
import type { KubeClient } from '../kube/client.ts';
import { NotFoundError } from '../kube/errors.ts';
import type { Session } from './session.ts';

/** What one region says, as the person who calls may read it. */
export interface RegionSaid {
  readonly region: string;
  /** Why it could not be read; undefined: it was. */
  readonly error: string | undefined;
  readonly lease: RegionLease | undefined;
  readonly orders: readonly RegionalService[];
  readonly shards: readonly TenantDirectory[];
}

export const markOf = ({ lease }: RegionSaid): HubMark | undefined => lease?.spec.hub;

const NOTHING = { lease: undefined, orders: [], shards: [] } as const;

/** Every region of a group, each by the context of its name. What cannot be read is said, never left out. */
export const readRegions = ({ connectTo }: Session, { spec }: IUGroup): Promise<readonly RegionSaid[]> =>
  Promise.all(
    spec.infrastructureUnits.map(async ({ region }): Promise<RegionSaid> => {
      try {
        const client = await connectTo(region);
        try {
          return { region, error: undefined, ...(await readRegion(client, region)) };
        } finally {
          await client.transport.close();
        }
      } catch (error) {
        return { region, error: error instanceof Error ? error.message : String(error), ...NOTHING };
      }
    }),
  );

async function readRegion(client: KubeClient, region: string): Promise<Omit<RegionSaid, 'region' | 'error'>> {
  const [lease, orders, shards] = await Promise.all([
    orNothing(client.read(RESOURCES.regionLease, { name: region }), undefined),
    client.list(RESOURCES.regionalService),
    orNothing(client.list(RESOURCES.tenantDirectory), { items: [] }),
  ]);
  return { lease, orders: orders.items, shards: shards.items };
}

async function orNothing<T, U>(asked: Promise<T>, nothing: U): Promise<T | U> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof NotFoundError) return nothing;
    throw error;
  }
}
