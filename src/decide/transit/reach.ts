import type { ConditionState, Reason } from '../../api/conditions.ts';
import { agentRegions, type Callers, tenantsIn } from './callers.ts';
import { decideIngress } from './ingress.ts';
import { type CentreView, centreIn, type IngressView } from './ingress-view.ts';
import type { PathView } from './path-history.ts';

/**
 * Numbers and agents together or apart: numbers follow the transit centre, agents follow the region. One may go without the
 * other, as long as callers still reach agents.
 */
export interface Stranded {
  readonly callers: Callers;
  readonly servedBy: string;
  readonly reason: Reason;
  readonly message: string;
}

const serverOf = (view: IngressView, { centre }: Callers): CentreView | undefined =>
  centreIn(view, centreIn(view, centre)?.ingress?.servedBy ?? centre);

/** Why these callers do not reach their agents now. No data is no reason. */
function strandedAt(
  { cutOff }: IngressView,
  callers: Callers,
  server: CentreView,
): Pick<Stranded, 'reason' | 'message'> | undefined {
  const { name, regions } = server.spec;
  const who = `callers of ${tenantsIn([callers])} come in through ${name}`;
  if (server.voice?.state === 'Lost') return { reason: server.voice.reason, message: `${who}, which is lost` };
  const now = agentRegions(callers);
  const served = now.filter((region) => regions.includes(region));
  if (served.length === 0) {
    const message = `${who}, which serves ${regions.join(', ')}, and their agents are in ${now.join(', ')}`;
    return { reason: 'AgentsMissing', message };
  }
  if (served.every((region) => cutOff.includes(region))) {
    const message = `${who}, and ${served.join(', ')} with their agents reaches no transit centre`;
    return { reason: 'RegionUplinkLost', message };
  }
  const isReached = served.some((region) => server.reachedFrom.has(region));
  const isJudged = server.voice?.state === 'Degraded';
  if (isReached || !isJudged) return undefined;
  return {
    reason: server.voice?.reason ?? 'PartialLoss',
    message: `${who}, which ${served.join(', ')} with their agents does not reach well: ${server.voice?.message ?? ''}`,
  };
}

/** Whose callers do not reach their agents now. For the tenants of a group, or for any of them. */
export function strandedCallers(view: IngressView, callers: readonly Callers[] = view.callers): Stranded[] {
  return callers.flatMap((each): Stranded[] => {
    // Where nothing of a tenant is alive, the way in is the least of its troubles.
    if (each.regionsNow.length === 0) return [];
    const server = serverOf(view, each);
    if (!server) return [];
    const why = strandedAt(view, each, server);
    return why ? [{ callers: each, servedBy: server.spec.name, ...why }] : [];
  });
}

/** What stands when all that would be decided now has been decided. */
function afterIngress(view: IngressView): IngressView {
  const decisions = decideIngress(view);
  const centres = view.centres.map((centre): CentreView => {
    const decision = decisions.get(centre.spec.name);
    return decision?.kind === 'Set' ? { ...centre, ingress: decision.next } : centre;
  });
  return { ...view, centres };
}

const LOST: PathView = {
  state: 'Lost',
  reason: 'VoiceLost',
  message: '',
  everUp: true,
  wellForMs: 0,
  flapsForMs: 0,
};

function withoutCentre(view: IngressView, name: string): IngressView {
  const centres = view.centres.map(
    (centre): CentreView => (centre.spec.name === name ? { ...centre, voice: LOST, reachedFrom: new Set() } : centre),
  );
  return { ...view, centres };
}

/** Agents go to where they may be besides. */
function withoutRegion(view: IngressView, region: string): IngressView {
  const isOther = (other: string): boolean => other !== region;
  const centres = view.centres.map(
    (centre): CentreView => ({
      ...centre,
      reachedFrom: new Set([...centre.reachedFrom].filter(isOther)),
    }),
  );
  const callers = view.callers.map((each): Callers => {
    if (!each.regionsNow.includes(region)) return each;
    const left = each.regionsNow.filter(isOther);
    return { ...each, regionsNow: left.length > 0 ? left : each.regions.filter(isOther) };
  });
  return { ...view, centres, callers };
}

interface Threat {
  readonly what: string;
  readonly isCentre: boolean;
  /** What would stand right after the loss, before anything is decided. */
  readonly after: IngressView;
  readonly stranded: readonly Stranded[];
}

/** Of each centre that serves somebody, and of each region with agents: who would be stranded if it were lost now. */
function threats(view: IngressView): Threat[] {
  const already = new Set(strandedCallers(view).map(({ callers }) => keyOf(callers)));
  const threat = (what: string, isCentre: boolean, after: IngressView): Threat => ({
    what,
    isCentre,
    after,
    stranded: strandedCallers(afterIngress(after)).filter(({ callers }) => !already.has(keyOf(callers))),
  });
  const servers = new Set(view.callers.flatMap((callers) => serverOf(view, callers)?.spec.name ?? []));
  const regions = new Set(view.callers.flatMap(({ regionsNow }) => regionsNow));
  return [
    ...[...servers].sort().map((name) => threat(`transit centre ${name}`, true, withoutCentre(view, name))),
    ...[...regions].sort().map((region) => threat(`region ${region}`, false, withoutRegion(view, region))),
  ].filter(({ stranded }) => stranded.length > 0);
}

const keyOf = ({ centre, countries, geographies, regions }: Callers): string =>
  JSON.stringify([centre, regions, countries, geographies]);

const more = (n: number): string => (n > 0 ? ` (and ${n} more)` : '');

/** `CallersReachAgents`: what holds now. */
export function judgeReach(view: IngressView): ConditionState {
  const type = 'CallersReachAgents';
  const stranded = strandedCallers(view);
  const [first] = stranded;
  if (!first) return { type, status: 'True', reason: 'AsDeclared', message: 'callers come in where their agents are' };
  const message = `${first.message}${more(stranded.length - 1)}`;
  return { type, status: 'False', reason: first.reason, message };
}

/** `TransitProtected`: what would hold after the loss of any one of them, decided as it would be then. */
export function judgeProtection(view: IngressView): ConditionState {
  const type = 'TransitProtected';
  const already = judgeReach(view);
  if (already.status === 'False') return { ...already, type, message: `already now: ${already.message}` };
  const found = threats(view);
  const [first] = found;
  const [victim] = first?.stranded ?? [];
  if (!first || !victim) {
    const message = 'any one transit centre, or region, may be lost: callers still come in where agents are';
    return { type, status: 'True', reason: 'AsDeclared', message };
  }
  // Why they would stay where they are.
  const decision = decideIngress(first.after).get(victim.callers.centre);
  const held = decision?.kind === 'Hold' ? decision : undefined;
  const why = held && first.isCentre ? `: ${held.message}` : '';
  const reason = held && victim.reason !== 'AgentsMissing' ? held.reason : victim.reason;
  const message = `if ${first.what} is lost, ${victim.message}${why}${more(found.length - 1)}`;
  return { type, status: 'False', reason, message };
}
