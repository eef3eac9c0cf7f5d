import type { Reason } from '../api/conditions.ts';
import type { CrossRegionMode } from '../api/service-class.ts';
import type { RegionWeight } from './weights.ts';

/** A service of a tenant, as far as it tells where the tenant is. */
export interface DecisiveService {
  readonly slaClass: number;
  readonly mode: CrossRegionMode;
  readonly activeRegion: string;
  /** Why it is active there. */
  readonly reason: Reason;
  /** Of an `Active` service. */
  readonly weights: readonly RegionWeight[] | undefined;
}

/** What moves as a whole tells most; what is shared tells by its shares; what stays where it is tells only of home. */
const TELLS: readonly CrossRegionMode[] = ['Backup', 'Active', 'None'];

function votesOf({ activeRegion, mode, weights }: DecisiveService): readonly RegionWeight[] {
  return mode === 'Active' && weights ? weights : [{ region: activeRegion, weight: 100 }];
}

/**
 * The region where a tenant is active: where most of its most important services are that can move. Among equals the
 * region that stands first among its regions. Undefined while none of its services is assigned.
 *
 * @param regions those of the tenant, the primary one first
 */
export function decideTenantRegion(
  services: readonly DecisiveService[],
  regions: readonly string[],
): { readonly region: string; readonly reason: Reason } | undefined {
  const mode = TELLS.find((each) => services.some((service) => service.mode === each));
  const telling = services.filter((service) => service.mode === mode);
  const best = Math.min(...telling.map(({ slaClass }) => slaClass));
  const decisive = telling.filter(({ slaClass }) => slaClass === best);
  const votes = new Map<string, number>();
  for (const service of decisive) {
    for (const { region, weight } of votesOf(service)) votes.set(region, (votes.get(region) ?? 0) + weight);
  }
  const inOrder = [...new Set([...regions, ...[...votes.keys()].sort()])].filter((region) => votes.has(region));
  const region = inOrder.toSorted((x, y) => (votes.get(y) ?? 0) - (votes.get(x) ?? 0))[0];
  if (region === undefined) return undefined;
  const moved = decisive.find(({ activeRegion }) => mode !== 'Active' && activeRegion === region);
  return { region, reason: moved?.reason ?? 'ActiveHere' };
}
