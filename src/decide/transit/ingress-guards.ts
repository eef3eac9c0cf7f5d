import type { Reason } from '../../api/conditions.ts';
import { allowsPlace } from '../residency.ts';
import { agentRegions, type Callers, callsOf, tenantsIn } from './callers.ts';
import {
  type Cause,
  type CentreView,
  callersAt,
  callersOrRegions,
  type IngressView,
  takesCalls,
} from './ingress-view.ts';

/** Why callers that should come in elsewhere stay where they are. */
export interface IngressObjection {
  readonly reason: Reason;
  readonly message: string;
  /** Set when only time is missing. */
  readonly recheckAfterMs?: number;
  /** Set when something else is. */
  readonly endsWhen?: string;
}

export interface IngressQuestion {
  readonly view: IngressView;
  readonly cause: Cause;
  /** Whose callers. */
  readonly of: CentreView;
  readonly to: CentreView;
  /** Through which centre the callers of each come in, moves of this pass included. */
  readonly servedBy: ReadonlyMap<string, string>;
}
type Guard = (question: IngressQuestion) => IngressObjection | undefined;

const DAY_MS = 86_400_000;
const MOST_DOUBLINGS = 3;
const inSeconds = (ms: number): string => `${Math.ceil(ms / 1000)} s`;

/** How long a centre must be well before its callers come home: twice as long with each loss within a day of the one before. */
export function ingressStableMs({ nowMs, policy }: IngressView, { ingress }: CentreView): number {
  const { lastLossMs, losses = 0 } = ingress ?? {};
  const isRecent = lastLossMs !== undefined && nowMs - lastLossMs < DAY_MS;
  const doublings = isRecent ? Math.min(MOST_DOUBLINGS, Math.max(0, losses - 1)) : 0;
  return policy.stableForSeconds * 1000 * 2 ** doublings;
}

/** The losses in a row, with one that comes now. */
export const lossesWith = ({ nowMs }: IngressView, { ingress }: CentreView): number =>
  ingress?.lastLossMs !== undefined && nowMs - ingress.lastLossMs < DAY_MS ? Math.min(1000, ingress.losses + 1) : 1;

// Of everything that moves by itself.

const notIsolated: Guard = ({ view }) =>
  view.hubIsolated
    ? {
        reason: 'HubIsolated',
        message: 'most regions of the group look dead at once: the hub suspects itself and moves nothing',
        endsWhen: 'the hub has reached most regions of the group again for the failure threshold',
      }
    : undefined;
/** What a person has asked for by the spec is not held by what forbids automation, nor is its way home. */
const isAskedFor = ({ cause, of }: IngressQuestion): boolean =>
  cause === 'Pending' || cause === 'Gone' || (cause === 'Return' && of.ingress?.reason === 'TransitPending');
const automated: Guard = (question) =>
  question.view.policy.mode === 'Manual' && !isAskedFor(question)
    ? {
        reason: 'AutomationOff',
        message: 'transit.policy.mode of the group is Manual',
        endsWhen:
          question.cause === 'Return'
            ? 'a person changes the mode'
            : 'a person sets the state of the centre to Pending, which sends its callers elsewhere, or changes the mode',
      }
    : undefined;
const notFrozen: Guard = (question) => {
  const [freeze] = question.view.freezes;
  if (!freeze || isAskedFor(question)) return undefined;
  const until = freeze.until === undefined ? '' : `until ${freeze.until}, or `;
  return {
    reason: 'Frozen',
    message: `RegionSwitch ${freeze.name} freezes what moves by itself ${until}until it is aborted or deleted`,
    ...(freeze.until === undefined
      ? { endsWhen: 'the freeze is aborted or deleted' }
      : { recheckAfterMs: Math.max(0, Date.parse(freeze.until) - question.view.nowMs) }),
  };
};

// Of where callers would go.

const targetActive: Guard = ({ to: { spec } }) =>
  spec.state === 'Pending'
    ? {
        reason: 'TransitPending',
        message: `${spec.name} takes no traffic yet`,
        endsWhen: `the state of ${spec.name} is set to Active`,
      }
    : undefined;
/** Who names one of a special pair has named the pair. */
const targetForThem: Guard = ({ of, to: { spec } }) =>
  spec.use === 'Special' && (of.spec.use !== 'Special' || of.spec.pair !== spec.pair)
    ? {
        reason: 'SpecialUse',
        message: `${spec.name} is only for tenants that name it`,
        endsWhen: `the use of ${spec.name} is set to General`,
      }
    : undefined;
const targetAllowed: Guard = ({ of, to: { spec }, view }) => {
  const refusing = callersAt(view, of.spec.name).filter((callers) => !allowsPlace(callers, spec));
  if (allowsPlace(view, spec) && refusing.length === 0) return undefined;
  const whose = refusing.length > 0 ? tenantsIn(refusing) : 'the group';
  return {
    reason: 'ResidencyViolated',
    message: `${spec.name} lies in ${spec.country}, which the residency of ${whose} does not allow`,
    endsWhen: 'the residency allows it',
  };
};
const serves = (centre: CentreView, callers: Callers): boolean =>
  agentRegions(callers).some((region) => centre.spec.regions.includes(region));
const targetHasAgents: Guard = ({ of, to, view }) => {
  const stranded = callersOrRegions(view, of).filter((callers) => !serves(to, callers));
  if (stranded.length === 0) return undefined;
  const regions = [...new Set(stranded.flatMap(agentRegions))].join(', ');
  return {
    reason: 'AgentsMissing',
    message: `${to.spec.name} serves none of the regions of the agents of ${tenantsIn(stranded)} (${regions})`,
    endsWhen: `${to.spec.name} serves one of these regions`,
  };
};
/** Well from where it is needed. That another region does not reach it is no reason to leave callers outside. */
const targetWell: Guard = ({ of, to, view }) => {
  const { name, regions } = to.spec;
  const state = to.voice?.state ?? 'Unknown';
  const isReached = (callers: Callers): boolean =>
    agentRegions(callers).some((region) => regions.includes(region) && to.reachedFrom.has(region));
  if (takesCalls(to) && callersOrRegions(view, of).every(isReached)) return undefined;
  const why = ['Lost', 'Unknown'].includes(state)
    ? `voice of ${name} is ${state}`
    : `${name} is not reached from there`;
  return { reason: 'TargetUnhealthy', message: why, endsWhen: `${name} is reached from the regions of the agents` };
};
/** Calls of both: its own, whose numbers point to it, and those that come. One for each agent. */
const targetHasRoom: Guard = ({ of, servedBy, to, view }) => {
  const limit = to.spec.voice?.calls;
  if (limit === undefined) return undefined;
  const { name } = to.spec;
  const guests = [...servedBy].filter(([guest, server]) => server === name && guest !== name && guest !== of.spec.name);
  const others = of.spec.name === name ? guests : [...guests, [of.spec.name] as const];
  const ownCalls = callsOf(callersAt(view, name));
  const calls = ownCalls + others.reduce((sum, [guest]) => sum + callsOf(callersAt(view, guest)), 0);
  // Its own numbers point to it, however many they are: only guests can be too many.
  if (calls <= limit || others.length === 0) return undefined;
  return {
    reason: 'CapacityExceeded',
    message: `${name} would have ${calls} calls, one for each agent, and takes ${limit}`,
    endsWhen: `voice.calls of ${name} is raised, or fewer agents depend on it`,
  };
};
/** To one that comes and goes only if nothing steadier is there, and not again so soon. */
const notToAndFro: Guard = ({ of, to, view }) => {
  const { flapsForMs = 0 } = to.voice ?? {};
  const restMs = ingressStableMs(view, of) - (view.nowMs - (of.ingress?.sinceMs ?? view.nowMs));
  if (flapsForMs <= 0 || restMs <= 0) return undefined;
  return {
    reason: 'Flapping',
    message: `${to.spec.name} came and went too often lately, and callers were moved a short time ago`,
    recheckAfterMs: Math.min(flapsForMs, restMs),
  };
};

// Of the way home.

const homeUp: Guard = ({ to: { spec, voice } }) =>
  voice && ['Up', 'Flapping'].includes(voice.state)
    ? undefined
    : {
        reason: 'TargetUnhealthy',
        message: `voice of ${spec.name} is ${voice?.state ?? 'Unknown'}`,
        endsWhen: `${spec.name} is up`,
      };
const steady: Guard = ({ to: { spec, voice } }) =>
  voice && voice.flapsForMs > 0
    ? {
        reason: 'Flapping',
        message: `${spec.name} came and went too often lately`,
        recheckAfterMs: voice.flapsForMs,
      }
    : undefined;
const stable: Guard = ({ of, to: { spec, voice }, view }) => {
  // It was a person who took it out of traffic, and who put it back.
  if (of.ingress?.reason === 'TransitPending') return undefined;
  const neededMs = ingressStableMs(view, of);
  // Also of one that was never lost itself, but whose agents were: it is not left and taken again in one breath.
  const awayForMs = view.nowMs - (of.ingress?.sinceMs ?? 0);
  const leftMs = neededMs - Math.min(voice?.wellForMs ?? 0, awayForMs);
  if (leftMs <= 0) return undefined;
  const losses = of.ingress?.losses ?? 0;
  const why =
    neededMs > view.policy.stableForSeconds * 1000
      ? `; so long because its callers had to leave it ${losses} times`
      : '';
  return {
    reason: 'NotStableYet',
    message: `${spec.name} must have been well for ${inSeconds(neededMs)}${why}`,
    recheckAfterMs: leftMs,
  };
};

/** Read them as checklists: the first objection holds. */
export const INGRESS_GUARDS = {
  /** Whatever the target. */
  leave: [notIsolated, automated, notFrozen],
  target: [targetActive, targetForThem, targetAllowed, targetHasAgents, targetWell, targetHasRoom, notToAndFro],
  return: [notIsolated, automated, notFrozen, homeUp, targetHasAgents, targetWell, targetHasRoom, steady, stable],
} as const satisfies Readonly<Record<string, readonly Guard[]>>;

export function firstIngressObjection(
  list: keyof typeof INGRESS_GUARDS,
  question: IngressQuestion,
): IngressObjection | undefined {
  const guards: readonly Guard[] = INGRESS_GUARDS[list];
  const objections = guards.map((guard) => guard(question)).filter((objection) => objection !== undefined);
  const [first] = objections;
  if (first?.recheckAfterMs === undefined) return first;
  // Then the others that only time ends: the longest of them says when to look again.
  const longestMs = Math.max(...objections.map(({ recheckAfterMs }) => recheckAfterMs ?? 0));
  return { ...first, recheckAfterMs: longestMs };
}
