import type { Tenant } from '../../api/tenant.ts';
import type { TransitCentre } from '../../api/transit-centre.ts';

/** Tenants whose callers come in at the same transit centre, and whose agents are in the same regions. */
export interface Callers {
  /** Their primary transit centre: their numbers point there. */
  readonly centre: string;
  readonly tenants: number;
  readonly agents: number;
  /** Where their agents may be, the primary region first. */
  readonly regions: readonly string[];
  /** Where their agents are now: of these regions none is lost. */
  readonly regionsNow: readonly string[];
  /** What limits where anything of them may be; absent: nothing. */
  readonly countries?: readonly string[] | undefined;
  readonly geographies?: readonly string[] | undefined;
}

/**
 * The transit centre that a tenant's numbers point to: the one that it names, else the first one for everybody that has
 * voice, takes traffic and serves the tenant's primary region best, else at all. Undefined: there is none.
 */
export function primaryCentreOf(
  { primaryRegion, transitCentre }: Pick<Tenant['spec'], 'primaryRegion' | 'transitCentre'>,
  centres: readonly TransitCentre[],
): TransitCentre | undefined {
  if (transitCentre !== undefined) return centres.find(({ name }) => name === transitCentre);
  const open = centres.filter(({ state, use, voice }) => state === 'Active' && use === 'General' && voice);
  return (
    open.find(({ regions }) => regions[0] === primaryRegion) ??
    open.find(({ regions }) => regions.includes(primaryRegion))
  );
}

/** A call for each agent: what else is known of the size of a tenant. */
export const callsOf = (callers: readonly Callers[]): number => callers.reduce((sum, { agents }) => sum + agents, 0);

export const tenantsIn = (callers: readonly Callers[]): string => {
  const tenants = callers.reduce((sum, each) => sum + each.tenants, 0);
  return `${tenants} tenant${tenants === 1 ? '' : 's'}`;
};

/** Where their agents are; when all of these regions are lost, where they will be. */
export const agentRegions = ({ regions, regionsNow }: Callers): readonly string[] =>
  regionsNow.length > 0 ? regionsNow : regions;
