import type { PlannedRegion, PlannedService } from '../api/region-switch.ts';
import { computeCapacity, type PlacedService } from './region-capacity.ts';

/** What a RegionSwitch that is not carried out yet would do. */
export interface Outlook {
  readonly services: readonly PlannedService[];
  /** Regions that would hold more or fewer instances than now. */
  readonly regions: readonly PlannedRegion[];
}

/** A service, by `namespace/name`. */
export type KeyedService = PlacedService & { readonly key: string };

/** Where the services of a plan go that nothing is in the way of. */
const goalsOf = (services: readonly PlannedService[]): ReadonlyMap<string, string> =>
  new Map(
    services.flatMap(({ name, to, verdict }): [string, string][] =>
      verdict === 'Moves' && to !== undefined ? [[name, to]] : [],
    ),
  );

/**
 * What a plan makes of the regions: counted as the room is that the act gives away, once before and once with every
 * service of the plan where it goes.
 *
 * @param placed all services of the group
 */
export function regionsAfter(
  planned: readonly PlannedService[],
  placed: readonly KeyedService[],
  group: Parameters<typeof computeCapacity>[1],
): PlannedRegion[] {
  const goals = goalsOf(planned);
  if (goals.size === 0) return [];
  const moved = placed.map((service) => ({ ...service, activeRegion: goals.get(service.key) ?? service.activeRegion }));
  const later = new Map(computeCapacity(moved, group).map(({ planned: after, region }) => [region, after]));
  return computeCapacity(placed, group).flatMap(({ capacity, planned: before, region }) => {
    const after = later.get(region) ?? before;
    const limit = capacity === undefined ? {} : { capacity };
    const fits = capacity === undefined || after <= capacity;
    return after === before ? [] : [{ region, before, after, ...limit, fits }];
  });
}
