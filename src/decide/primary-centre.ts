import type { TenantSpec } from '../api/tenant.ts';
import type { TransitCentre } from '../api/transit-centre.ts';
import { allowsPlace } from './residency.ts';

/**
 * The transit centre at which the calls of a tenant come in while all is well: the one that it names, else the first
 * active general one with voice that serves its primary region best, else the first that serves it at all. Never one
 * outside its residency.
 */
export function primaryCentreOf(
  { primaryRegion, residency = {}, transitCentre }: Pick<TenantSpec, 'primaryRegion' | 'residency' | 'transitCentre'>,
  centres: readonly TransitCentre[],
): TransitCentre | undefined {
  const allowed = centres.filter((centre) => allowsPlace(residency, centre));
  if (transitCentre !== undefined) return allowed.find(({ name }) => name === transitCentre);
  const open = allowed.filter(({ state, use, voice }) => state === 'Active' && use === 'General' && voice);
  return (
    open.find(({ regions }) => regions[0] === primaryRegion) ??
    open.find(({ regions }) => regions.includes(primaryRegion))
  );
}
