import { counted } from '../../api/common.ts';
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

/** A call for each agent: what else is known of the size of a tenant. */
export const callsOf = (callers: readonly Callers[]): number => callers.reduce((sum, { agents }) => sum + agents, 0);

export const tenantsIn = (callers: readonly Callers[]): string => {
  const tenants = callers.reduce((sum, each) => sum + each.tenants, 0);
  return counted(tenants, 'tenant');
};

/** Where their agents are; when all of these regions are lost, where they will be. */
export const agentRegions = ({ regions, regionsNow }: Callers): readonly string[] =>
  regionsNow.length > 0 ? regionsNow : regions;
