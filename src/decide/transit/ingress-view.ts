import type { Reason } from '../../api/conditions.ts';
import type { TransitCentre, TransitPolicy } from '../../api/transit-centre.ts';
import type { Callers } from './callers.ts';
import type { PathView } from './path-history.ts';

/** Who serves the callers of a centre, as it was last recorded. */
export interface Ingress {
  readonly servedBy: string;
  readonly reason: Reason;
  /** Wall-clock milliseconds, as the others. */
  readonly sinceMs: number;
  /** Losses in a row, and the last of them. */
  readonly losses: number;
  readonly lastLossMs: number | undefined;
}

export interface CentreView {
  readonly spec: TransitCentre;
  /** Undefined: it has no voice. */
  readonly voice: PathView | undefined;
  /** Regions that are heard and reach it for voice. */
  readonly reachedFrom: ReadonlySet<string>;
  readonly ingress: Ingress | undefined;
}

/** A freeze of the whole group. */
export interface GroupFreeze {
  readonly name: string;
  /** RFC 3339; absent: until a person ends it. */
  readonly until: string | undefined;
}

export interface IngressView {
  /** Wall-clock milliseconds. */
  readonly nowMs: number;
  readonly policy: Pick<TransitPolicy, 'mode' | 'acrossPairs' | 'stableForSeconds'>;
  readonly hubIsolated: boolean;
  readonly freezes: readonly GroupFreeze[];
  /** Regions that reach the voice of no transit centre, while others do. */
  readonly cutOff: readonly string[];
  /** In the order of the group. */
  readonly centres: readonly CentreView[];
  readonly callers: readonly Callers[];
  /** Where the group may be at all; without either list it is not limited. */
  readonly countries: readonly string[] | undefined;
  readonly geographies?: readonly string[] | undefined;
}

/** Why callers should come in elsewhere. */
export type Cause =
  /** Nobody reaches the centre that serves them. */
  | 'Lost'
  /** A person has taken it out of traffic. */
  | 'Pending'
  /** It is not in the group any more, or has no voice. */
  | 'Gone'
  /** It is well, but all of their agents are in regions that it does not serve. */
  | 'AgentsElsewhere'
  /** They are served elsewhere, and could go home. */
  | 'Return';

export const centreIn = (view: IngressView, name: string): CentreView | undefined =>
  view.centres.find(({ spec }) => spec.name === name);
export const callersAt = (view: IngressView, centre: string): Callers[] =>
  view.callers.filter((callers) => callers.centre === centre);
/** Whether calls come in there, as far as the regions see. */
export const takesCalls = ({ voice }: CentreView): boolean =>
  ['Up', 'Degraded', 'Flapping'].includes(voice?.state ?? 'Unknown');
/** Whether callers may be sent there at all. */
export const takesCallers = ({ spec }: CentreView): boolean => spec.state === 'Active' && spec.voice !== undefined;

/**
 * Those whose callers a centre has to be good for. A centre without tenants stands for callers of the regions that it
 * serves, so that it is as ready for its first tenant as for the next one.
 */
export function callersOrRegions(view: IngressView, { spec }: CentreView): Callers[] {
  const callers = callersAt(view, spec.name);
  if (callers.length > 0) return callers;
  return [{ centre: spec.name, tenants: 0, agents: 0, regions: spec.regions, regionsNow: spec.regions }];
}
