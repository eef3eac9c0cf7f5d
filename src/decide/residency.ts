import type { InfrastructureUnit, IUGroup } from '../api/iu-group.ts';
import type { Residency } from '../api/residency.ts';
import type { TransitCentre } from '../api/transit-centre.ts';
import { type Refusal, refuse } from './refusal.ts';

/** What limits where something may stand: of a tenant, of an instance; without either list there is no limit. */
export interface Limit {
  /** As a message names it, for example `tenant acme/support`. */
  readonly of: string;
  readonly countries?: readonly string[] | undefined;
  readonly geographies?: readonly string[] | undefined;
}

type Place = Pick<InfrastructureUnit, 'country' | 'geography'>;
export type Group = Pick<IUGroup, 'metadata' | 'spec'>;

/** Either list allows; without any there is no limit. */
export const allowsPlace = ({ countries, geographies }: Omit<Limit, 'of'>, { country, geography }: Place): boolean =>
  (countries === undefined && geographies === undefined) ||
  countries?.includes(country) === true ||
  geographies?.includes(geography) === true;

const describe = ({ countries = [], geographies = [] }: Limit): string =>
  [...countries, ...geographies.map((name) => `geography ${name}`)].join(', ');

/** The first limit, the group's own among them, that forbids a place; `what` begins the sentence. */
export function refusePlace(what: string, place: Place, group: Group, limits: readonly Limit[]): Refusal | undefined {
  const own: Limit = { of: `IU group ${group.metadata.name}`, ...group.spec.residency };
  const violated = [own, ...limits].find((limit) => !allowsPlace(limit, place));
  if (!violated) return undefined;
  const where = violated.geographies === undefined ? place.country : `${place.country}, geography ${place.geography}`;
  const rule = `residency of ${violated.of} allows only ${describe(violated)}`;
  return refuse('ResidencyViolated', `${what} lies in ${where}, but ${rule}`);
}

export type CentreAnswer =
  | { readonly ok: true; readonly centre: TransitCentre }
  | (Refusal & { readonly transitCentre: string });

/**
 * Whether a transit centre may carry what belongs to those limits: it must be one of the group, and lie where the group
 * and every limit allow. One that is refused is not the centre of the tenant, and never stands in for it.
 */
export function checkTransitCentre(
  { group, limits }: { readonly group: Group; readonly limits: readonly Limit[] },
  name: string,
): CentreAnswer {
  const centres = group.spec.transit?.centres ?? [];
  const centre = centres.find((each) => each.name === name);
  if (!centre) {
    const known = centres.map((each) => each.name).join(', ') || 'none';
    const message = `transit centre ${name} is not in IU group ${group.metadata.name} (it has ${known})`;
    return { transitCentre: name, ...refuse('TransitCentreNotFound', message) };
  }
  const refusal = refusePlace(`transit centre ${name}`, centre, group, limits);
  return refusal ? { transitCentre: name, ...refusal } : { ok: true, centre };
}

/**
 * Residency as countries, for what tenants of different residency share: countries can be intersected. A geography
 * stands for the countries that units of the group have in it.
 */
export function countriesOf(residency: Residency | undefined, group: Group): readonly string[] | undefined {
  if (!residency) return undefined;
  const { countries = [], geographies = [] } = residency;
  const within = group.spec.infrastructureUnits.filter(({ geography }) => geographies.includes(geography));
  return [...new Set([...countries, ...within.map(({ country }) => country)])].sort();
}
