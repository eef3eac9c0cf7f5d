import type { Balance, ServiceClass, Tier } from '../api/service-class.ts';
import type { ServiceInstanceSpec } from '../api/service-instance.ts';
import type { TenantStatus } from '../api/tenant.ts';

/** What a redundancy tier means beyond the regions that have a place (`regions.ts`): who shares load, what is promised. */

export type Balancing = ServiceInstanceSpec['balancing'];
export type TenantBalancing = NonNullable<TenantStatus['balancing']>;
export type SlaScope = NonNullable<NonNullable<TenantStatus['serviceSets']>[number]['sla']>;

const ONE_REGION: TenantBalancing = { voice: 'TransitCentres', agents: 'PrimaryRegion' };
const BALANCING: Readonly<Record<Tier, TenantBalancing>> = {
  Advanced: ONE_REGION,
  AdvancedIvr: ONE_REGION,
  AdvancedAgents: { voice: 'Regions', agents: 'Regions' },
  CrossRegionVoice: { voice: 'Regions', agents: 'Regions' },
  Global: { voice: 'Geography', agents: 'Geography' },
};

/** A tenant whose secondary regions are all refused is served as one that has none. */
export const tenantBalancing = (tier: Tier, regions: number): TenantBalancing =>
  regions > 1 ? BALANCING[tier] : ONE_REGION;

/**
 * How the regions of one service share its traffic. Said only where it differs from an even share, because it tells
 * cohorts apart: within one geography all regions share, whatever the tier.
 */
export function serviceBalancing(
  tier: Tier,
  mode: ServiceClass['spec']['crossRegion']['mode'],
  geographies: readonly string[],
): Balancing {
  if (mode !== 'Active' || geographies.length < 2) return 'Regions';
  const { voice } = BALANCING[tier];
  return voice === 'Geography' && new Set(geographies).size === 1 ? 'Regions' : voice;
}

/** What a class wants goes before what the tier says: with `PrimaryFirst` one region serves, whoever the tenants are. */
const balancingOf = (ofTier: Balancing, ofClass: Balance): Balancing =>
  ofClass === 'PrimaryFirst' ? 'TransitCentres' : ofTier;

/**
 * The regions that come first for the traffic of a service, the primary one among them; undefined: all alike. The
 * others serve only when none of these does.
 *
 * @param geographyOf undefined for a region that the group does not have any more
 */
export function homeRegions(
  { balancing, primaryRegion: primary }: Pick<ServiceInstanceSpec, 'balancing' | 'primaryRegion'>,
  balance: Balance,
  regions: readonly string[],
  geographyOf: (region: string) => string | undefined,
): ReadonlySet<string> | undefined {
  switch (balancingOf(balancing, balance)) {
    case 'Regions':
      return undefined;
    case 'TransitCentres':
      return new Set([primary]);
    case 'Geography': {
      const home = geographyOf(primary);
      return new Set([primary, ...regions.filter((region) => home !== undefined && geographyOf(region) === home)]);
    }
  }
}

/** Tiers whose promise covers the handling of calls in every region of the tenant. */
const VOICE_EVERYWHERE: ReadonlySet<Tier> = new Set(['CrossRegionVoice', 'Global']);

/** What the availability promise covers of one service: class 1 only, in one region; calls in all regions that handle them. */
export function slaScope(
  tier: Tier,
  { crossRegion, functionality, slaClass }: Pick<ServiceClass['spec'], 'crossRegion' | 'functionality' | 'slaClass'>,
  regions: number,
): SlaScope {
  if (slaClass !== 1) return 'None';
  const isVoice = functionality === 'CallRouting' && crossRegion.mode === 'Active';
  return isVoice && regions > 1 && VOICE_EVERYWHERE.has(tier) ? 'AllRegions' : 'OneRegion';
}
