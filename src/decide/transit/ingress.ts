import type { Reason } from '../../api/conditions.ts';
import { agentRegions } from './callers.ts';
import { firstIngressObjection, type IngressObjection, lossesWith } from './ingress-guards.ts';
import {
  type Cause,
  type CentreView,
  callersAt,
  centreIn,
  type Ingress,
  type IngressView,
  takesCallers,
  takesCalls,
} from './ingress-view.ts';

/** What becomes of the callers of one centre. There is always somebody who serves them. */
export type IngressDecision =
  | { readonly kind: 'Stay' }
  | { readonly kind: 'Set'; readonly next: Ingress; readonly cause: Cause | 'First' }
  | ({ readonly kind: 'Hold'; readonly wanted: 'Move' | 'Return'; readonly to?: string } & IngressObjection);

/** By name of the centre; those without voice, and those that never took traffic, have none. */
export type IngressDecisions = ReadonlyMap<string, IngressDecision>;

const ownOf = ({ spec }: CentreView, nowMs: number): Ingress => ({
  servedBy: spec.name,
  reason: 'AsDeclared',
  sinceMs: nowMs,
  losses: 0,
  lastLossMs: undefined,
});

/** Whether a centre that is well serves none of the regions where the agents of its callers are. */
function isPointless(view: IngressView, of: CentreView, server: CentreView): boolean {
  const callers = callersAt(view, of.spec.name).filter(({ regionsNow }) => regionsNow.length > 0);
  const isServed = callers.some((each) => agentRegions(each).some((region) => server.spec.regions.includes(region)));
  return callers.length > 0 && !isServed && takesCalls(server);
}

function causeOf(view: IngressView, of: CentreView, servedBy: string): Cause | undefined {
  const server = centreIn(view, servedBy);
  if (!server?.spec.voice) return 'Gone';
  if (server.spec.state === 'Pending') return 'Pending';
  if (server.voice?.state === 'Lost') return 'Lost';
  if (isPointless(view, of, server)) return 'AgentsElsewhere';
  // While it is lost, or out of traffic, it is no home that anybody waits for.
  const isHomeOpen = takesCallers(of) && of.voice?.state !== 'Lost';
  return servedBy !== of.spec.name && isHomeOpen ? 'Return' : undefined;
}

const isLostOrAway = (centre: CentreView): boolean => !takesCallers(centre) || centre.voice?.state === 'Lost';

/** Home, the other one of the pair, and when the whole pair is lost the others of the geography; those that flap come last. */
function candidatesFor(view: IngressView, of: CentreView, servedBy: string): CentreView[] {
  const { geography, name, pair } = of.spec;
  const others = view.centres.filter(({ spec }) => spec.voice && spec.name !== name);
  const partners = others.filter(({ spec }) => spec.pair === pair);
  const mayLeavePair = view.policy.acrossPairs && partners.every(isLostOrAway);
  const far = others.filter(({ spec }) => spec.pair !== pair && spec.geography === geography);
  const inOrder = [...(takesCallers(of) ? [of] : []), ...partners, ...(mayLeavePair ? far : [])];
  const open = inOrder.filter(({ spec }) => spec.name !== servedBy);
  const flaps = ({ voice }: CentreView): boolean => (voice?.flapsForMs ?? 0) > 0;
  return [...open.filter((centre) => !flaps(centre)), ...open.filter(flaps)];
}

interface Turn {
  readonly view: IngressView;
  readonly servedBy: ReadonlyMap<string, string>;
}

const REASONS: Readonly<Record<Exclude<Cause, 'Lost' | 'Return'>, Reason>> = {
  Pending: 'TransitPending',
  Gone: 'NoTransitCentre',
  AgentsElsewhere: 'AgentsMissing',
};

function setTo({ view }: Turn, of: CentreView, to: CentreView, cause: Cause, server: CentreView | undefined) {
  const { lastLossMs, losses = 0 } = of.ingress ?? {};
  const isHome = to.spec.name === of.spec.name;
  // Who has to leave home finds the way back longer each time. On from somewhere else nothing more is lost at home.
  const isLoss = (cause === 'Lost' || cause === 'AgentsElsewhere') && server?.spec.name === of.spec.name;
  const lost = server?.voice?.reason ?? 'VoiceLost';
  const reason = cause === 'Lost' ? lost : cause === 'Return' ? 'AsDeclared' : REASONS[cause];
  const next: Ingress = {
    servedBy: to.spec.name,
    reason: isHome ? 'AsDeclared' : reason,
    sinceMs: view.nowMs,
    losses: isLoss ? lossesWith(view, of) : losses,
    lastLossMs: isLoss ? view.nowMs : lastLossMs,
  };
  return { kind: 'Set', next, cause } as const;
}

/** Why nobody takes them, in the words of each that was asked. */
function nowhere(
  { view }: Turn,
  of: CentreView,
  refused: readonly { readonly to: CentreView; readonly objection: IngressObjection }[],
): IngressDecision {
  // What a person can put right says more than what has failed.
  const first = refused.find(({ objection }) => objection.reason !== 'TargetUnhealthy') ?? refused[0];
  const { geography, pair } = of.spec;
  const isOther = ({ spec }: CentreView): boolean =>
    spec.geography === geography && spec.pair !== pair && spec.voice !== undefined;
  const hasOthers = !view.policy.acrossPairs && view.centres.some(isOther);
  const across = hasOthers ? ', and acrossPairs of transit.policy is off' : '';
  if (!first) {
    return {
      kind: 'Hold',
      wanted: 'Move',
      reason: 'NoTransitCentre',
      message: `no other transit centre may take the callers of ${of.spec.name}${across}`,
      endsWhen: 'another one of its pair, or where allowed of its geography, is well',
    };
  }
  const { message: _, recheckAfterMs, ...rest } = first.objection;
  const waits = refused.flatMap(({ objection }) => objection.recheckAfterMs ?? []);
  return {
    kind: 'Hold',
    wanted: 'Move',
    to: first.to.spec.name,
    ...rest,
    message: `no transit centre can take the callers of ${of.spec.name}: ${refused.map(({ objection }) => objection.message).join('; ')}${across}`,
    ...(waits.length > 0 && { recheckAfterMs: Math.min(...waits) }),
  };
}

function leave(turn: Turn, of: CentreView, servedBy: string, cause: Exclude<Cause, 'Return'>): IngressDecision {
  const { view } = turn;
  const server = centreIn(view, servedBy);
  const held = firstIngressObjection('leave', { ...turn, cause, of, to: of });
  if (held) return { kind: 'Hold', wanted: 'Move', ...held };
  const refused: { to: CentreView; objection: IngressObjection }[] = [];
  for (const to of candidatesFor(view, of, servedBy)) {
    const objection = firstIngressObjection('target', { ...turn, cause, of, to });
    if (!objection) return setTo(turn, of, to, cause, server);
    refused.push({ to, objection });
  }
  return nowhere(turn, of, refused);
}

function decide(turn: Turn, of: CentreView): IngressDecision {
  const { view } = turn;
  if (!of.ingress) return { kind: 'Set', next: ownOf(of, view.nowMs), cause: 'First' };
  const { servedBy } = of.ingress;
  const cause = causeOf(view, of, servedBy);
  if (cause === undefined) return { kind: 'Stay' };
  if (cause === 'Return') {
    const objection = firstIngressObjection('return', { ...turn, cause, of, to: of });
    if (objection) return { kind: 'Hold', wanted: 'Return', to: of.spec.name, ...objection };
    return setTo(turn, of, of, cause, undefined);
  }
  const decision = leave(turn, of, servedBy, cause);
  // Whoever serves them must exist: its own targets at least are known.
  const isNowhere = cause === 'Gone' && decision.kind === 'Hold' && servedBy !== of.spec.name;
  return isNowhere ? setTo(turn, of, of, cause, centreIn(view, servedBy)) : decision;
}

/**
 * Who serves the callers of each transit centre. A centre serves its own while it is well; what moves, moves one after the
 * other in the order of the group, so that room is never given away twice. Those without anywhere to go come first: who
 * only goes home can wait.
 */
export function decideIngress(view: IngressView): IngressDecisions {
  const own = view.centres.filter((centre) => centre.spec.voice && (takesCallers(centre) || centre.ingress));
  const servedBy = new Map(own.map(({ ingress, spec }) => [spec.name, ingress?.servedBy ?? spec.name]));
  const isReturning = ({ ingress, ...centre }: CentreView): boolean =>
    ingress !== undefined && causeOf(view, { ...centre, ingress }, ingress.servedBy) === 'Return';
  const decisions = new Map<string, IngressDecision>();
  for (const of of [...own.filter((centre) => !isReturning(centre)), ...own.filter(isReturning)]) {
    const decision = decide({ view, servedBy }, of);
    decisions.set(of.spec.name, decision);
    if (decision.kind === 'Set') servedBy.set(of.spec.name, decision.next.servedBy);
  }
  return decisions;
}
