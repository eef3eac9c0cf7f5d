import type { InfrastructureUnit, IUGroup } from '../api/iu-group.ts';
import type { ServiceClass, Tier } from '../api/service-class.ts';
import { tier } from '../api/service-class.ts';
import type { ServiceInstanceSpec } from '../api/service-instance.ts';
import type { Tenant } from '../api/tenant.ts';
import { type Refusal, refuse } from './refusal.ts';
import { type Limit, refusePlace } from './residency.ts';

/** A rule said no to one region. */
export interface RegionRefusal extends Refusal {
  readonly region: string;
}

export interface RegionQuestion {
  readonly group: Pick<IUGroup, 'metadata' | 'spec'>;
  readonly limits: readonly Limit[];
}

/** First no of the rules, or the unit of the region. */
export type RegionAnswer = { readonly ok: true; readonly unit: InfrastructureUnit } | RegionRefusal;

/**
 * Whether anything of those limits may stand in a region: it must be a region of the group, and lie where the group and
 * every limit allow. The rules hold for active, standby and spare alike.
 */
export function checkRegion({ group, limits }: RegionQuestion, region: string): RegionAnswer {
  const unit = group.spec.infrastructureUnits.find((u) => u.region === region);
  const groupName = group.metadata.name;
  if (!unit) {
    const known = group.spec.infrastructureUnits.map((u) => u.region).join(', ');
    const message = `region ${region} is not in IU group ${groupName} (it has ${known})`;
    return { region, ...refuse('RegionNotInGroup', message) };
  }
  const refusal = refusePlace(`region ${region}`, unit, group, limits);
  return refusal ? { region, ...refusal } : { ok: true, unit };
}

const TIERS: readonly Tier[] = tier.options;
/** Whether a tenant of `has` gets what starts at `from`. */
const reaches = (has: Tier, from: Tier): boolean => TIERS.indexOf(has) >= TIERS.indexOf(from);

/** Whether tenants of a tier have a service of this class in their secondary regions. */
export function tierHasSecondary(has: Tier, { mode, fromTier }: ServiceClass['spec']['crossRegion']): boolean {
  return mode !== 'None' && fromTier !== undefined && reaches(has, fromTier);
}

export interface TenantRegions {
  /** Absent when the tenant may not be placed at all: `refusals` says why. */
  readonly primary: string | undefined;
  /** Secondary regions that may hold the tenant, by name; a class with a place there is asked with `secondariesFor`. */
  readonly secondaries: readonly string[];
  readonly refusals: readonly RegionRefusal[];
}

/** What the residency of a tenant limits. */
export const limitOf = ({ residency }: Pick<Tenant['spec'], 'residency'>): Limit => ({
  of: 'the tenant',
  ...residency,
});

/** The regions of a tenant that its group and its residency allow. A secondary that is refused is left out, and said. */
export function computeTenantRegions(
  spec: Pick<Tenant['spec'], 'primaryRegion' | 'secondaryRegions' | 'residency'>,
  group: RegionQuestion['group'],
): TenantRegions {
  const question = { group, limits: [limitOf(spec)] };
  const secondaries: string[] = [];
  const refusals: RegionRefusal[] = [];
  const primary = checkRegion(question, spec.primaryRegion);
  if (!primary.ok) refusals.push(primary);
  for (const region of [...new Set(spec.secondaryRegions)].sort()) {
    if (region === spec.primaryRegion) continue;
    const answer = checkRegion(question, region);
    if (answer.ok) secondaries.push(region);
    else refusals.push(answer);
  }
  return { primary: primary.ok ? spec.primaryRegion : undefined, secondaries, refusals };
}

/**
 * The secondary regions of a service in the order in which it goes there: those of the geography of its primary region
 * first, because its callers and agents are there.
 */
export function nearestFirst(
  { infrastructureUnits }: Pick<IUGroup['spec'], 'infrastructureUnits'>,
  { primaryRegion, secondaryRegions }: Pick<ServiceInstanceSpec, 'primaryRegion' | 'secondaryRegions'>,
): string[] {
  const geographyOf = (region: string) => infrastructureUnits.find((unit) => unit.region === region)?.geography;
  const home = geographyOf(primaryRegion);
  const isFar = (region: string): number => (geographyOf(region) === home ? 0 : 1);
  return secondaryRegions.toSorted((x, y) => isFar(x) - isFar(y));
}

export type SecondaryAnswer = { readonly ok: true; readonly regions: readonly string[] } | Refusal;

/** The secondary regions in which a tenant of a tier has a place for a class, or the rule by which it has none. */
export function secondariesFor(
  has: Tier,
  serviceClass: Pick<ServiceClass, 'metadata' | 'spec'>,
  secondaries: readonly string[],
): SecondaryAnswer {
  const { crossRegion } = serviceClass.spec;
  if (tierHasSecondary(has, crossRegion)) return { ok: true, regions: secondaries };
  const { name } = serviceClass.metadata;
  const message =
    crossRegion.fromTier === undefined || crossRegion.mode === 'None'
      ? `service class ${name} stays in one region (crossRegion.mode is None)`
      : `tier ${has} has no place for ${name} in a secondary region: it starts at tier ${crossRegion.fromTier}`;
  return refuse('TierHasNoSecondary', message);
}
