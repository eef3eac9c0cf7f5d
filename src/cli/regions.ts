import type { IUGroup } from '../api/iu-group.ts';
import type { HubMark, RegionLease } from '../api/region-lease.ts';
import type { RegionalService } from '../api/regional-service.ts';
import { RESOURCES } from '../api/resources.ts';
import type { TenantDirectory } from '../api/tenant-directory.ts';
import type { KubeClient } from '../kube/client.ts';
import { ifPresent } from '../kube/errors.ts';
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

/** Does something with a client of a region, and closes it. */
export async function inRegion<T>(
  connectTo: Session['connectTo'],
  region: string,
  act: (client: KubeClient) => Promise<T>,
): Promise<T> {
  const client = await connectTo(region);
  try {
    return await act(client);
  } finally {
    await client.transport.close();
  }
}

/** Every region of a group, each by the context of its name. What cannot be read is said, never left out. */
export const readRegions = ({ connectTo }: Session, { spec }: IUGroup): Promise<readonly RegionSaid[]> =>
  Promise.all(
    spec.infrastructureUnits.map(async ({ region }): Promise<RegionSaid> => {
      try {
        const said = await inRegion(connectTo, region, (client) => readRegion(client, region));
        return { region, error: undefined, ...said };
      } catch (error) {
        return { region, error: error instanceof Error ? error.message : String(error), ...NOTHING };
      }
    }),
  );

const leaseOf = (client: KubeClient, region: string): Promise<RegionLease | undefined> =>
  ifPresent(client.read(RESOURCES.regionLease, { name: region }));

/** Who has answered each region last; undefined where that cannot be read, or nobody has. */
export async function readMarks(
  { connectTo }: Session,
  { spec }: IUGroup,
): Promise<ReadonlyMap<string, HubMark | undefined>> {
  const marks = spec.infrastructureUnits.map(async ({ region }): Promise<[string, HubMark | undefined]> => {
    const lease = inRegion(connectTo, region, (client) => leaseOf(client, region));
    return [region, (await lease.catch(() => undefined))?.spec.hub];
  });
  return new Map(await Promise.all(marks));
}

async function readRegion(client: KubeClient, region: string): Promise<Omit<RegionSaid, 'region' | 'error'>> {
  const [lease, orders, shards] = await Promise.all([
    leaseOf(client, region),
    client.list(RESOURCES.regionalService),
    ifPresent(client.list(RESOURCES.tenantDirectory)),
  ]);
  return { lease, orders: orders.items, shards: shards?.items ?? [] };
}
