import type { IUGroup } from '../api/iu-group.ts';
import type { Placement } from './placement.ts';

/** A service that is placed, and where it is active now (its primary region before it was ever assigned). */
export interface PlacedService {
  readonly placement: Placement;
  readonly activeRegion: string;
}

export interface RegionCapacity {
  readonly region: string;
  /** Instances that run here while nothing is lost, those on standby included. */
  readonly planned: number;
  /** Further instances that the loss of the one other region would bring here that would bring most. */
  readonly reserved: number;
  /** That other region; absent when nothing may move in. */
  readonly reservedFor?: string;
  /** Most instances that may be planned here; absent: not limited. */
  readonly capacity?: number;
  readonly fits: boolean;
  /** The numbers, for a condition. */
  readonly message: string;
}

/** Instances by region, and those that may move in by region and by the region they would come from. */
interface Load {
  readonly planned: Map<string, number>;
  readonly movesIn: Map<string, Map<string, number>>;
}

const add = (counts: Map<string, number>, key: string, instances: number) =>
  counts.set(key, (counts.get(key) ?? 0) + instances);

function count(load: Load, { placement, activeRegion }: PlacedService): void {
  for (const { region, planned, standby = 0 } of placement.regions) {
    if (placement.mode !== 'Backup' || region === activeRegion) {
      add(load.planned, region, planned);
      continue;
    }
    // What stands by goes only when the active side carries the load: for a moment both are there.
    add(load.planned, region, standby);
    const from = load.movesIn.get(region) ?? new Map<string, number>();
    load.movesIn.set(region, from);
    add(from, activeRegion, planned);
  }
}

/** The region whose loss would bring most; of equals the first by name, so that the answer never flaps. */
function largest(from: ReadonlyMap<string, number> | undefined): [string, number] | undefined {
  return [...(from ?? [])].sort(([x, m], [y, n]) => n - m || (x < y ? -1 : 1))[0];
}

function messageOf(region: string, planned: number, reserved: [string, number] | undefined, capacity?: number): string {
  const spare = reserved ? ` and ${reserved[1]} more if region ${reserved[0]} is lost` : '';
  const limit = capacity === undefined ? 'it is not limited' : `its capacity is ${capacity}`;
  return `region ${region} holds ${planned} instances${spare}; ${limit}`;
}

/**
 * What every region of a group must be able to hold: what runs there, and the largest single failure that may move in.
 * Only one other region is taken to be lost at a time, and of a service with several successors each is taken to be the
 * one that it moves to. `Active` services are sized for a failure already, so all of theirs is planned.
 */
export function computeCapacity(services: readonly PlacedService[], group: Pick<IUGroup, 'spec'>): RegionCapacity[] {
  const load: Load = { planned: new Map(), movesIn: new Map() };
  for (const service of services) count(load, service);
  return group.spec.infrastructureUnits.map(({ region, capacity: limit }) => {
    const planned = load.planned.get(region) ?? 0;
    const worst = largest(load.movesIn.get(region));
    const reserved = worst?.[1] ?? 0;
    const capacity = limit?.instances;
    return {
      region,
      planned,
      reserved,
      ...(worst && { reservedFor: worst[0] }),
      ...(capacity !== undefined && { capacity }),
      fits: capacity === undefined || planned + reserved <= capacity,
      message: messageOf(region, planned, worst, capacity),
    };
  });
}
