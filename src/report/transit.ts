import { isoTime } from '../api/common.ts';
import type { Condition, ConditionState, ConditionType } from '../api/conditions.ts';
import {
  type IngressHold,
  type IngressStatus,
  type PathStatus,
  pathName,
  type TransitCentreStatus,
} from '../api/transit-centre.ts';
import type { IngressDecision } from '../decide/transit/ingress.ts';
import type { Ingress } from '../decide/transit/ingress-view.ts';
import type { Recorded, TransitLook } from '../decide/transit/look.ts';
import type { PathView } from '../decide/transit/path-history.ts';
import { describeHold, untilOf } from './hold.ts';

/** The conditions of a group that are about its transit centres. */
export const TRANSIT_CONDITIONS: readonly ConditionType[] = ['TransitReady', 'TransitProtected', 'CallersReachAgents'];

export const recordedIngress = (ingress: IngressStatus | undefined): Ingress | undefined =>
  ingress && {
    servedBy: ingress.servedBy,
    reason: ingress.reason,
    sinceMs: Date.parse(ingress.since),
    losses: ingress.losses ?? 0,
    lastLossMs: ingress.lastLossTime === undefined ? undefined : Date.parse(ingress.lastLossTime),
  };

/** What stands in the status of a group, as the decision wants it. */
export const recordedTransit = (status: readonly TransitCentreStatus[] | undefined): ReadonlyMap<string, Recorded> =>
  new Map(
    (status ?? []).map(({ ingress, mpls, name, voice }) => [name, { voice, mpls, ingress: recordedIngress(ingress) }]),
  );

function pathStatus(view: PathView | undefined, before: PathStatus | undefined, now: string): PathStatus | undefined {
  if (!view) return undefined;
  const { everUp, message, reason, state } = view;
  const since = before?.state === state ? before.since : now;
  return { state, reason, message: message.slice(0, 512), since, ...(everUp && { everUp }) };
}

const ingressStatus = ({ lastLossMs, losses, reason, servedBy, sinceMs }: Ingress): IngressStatus => ({
  servedBy,
  since: isoTime(sinceMs),
  reason,
  ...(losses > 0 && { losses }),
  ...(lastLossMs !== undefined && { lastLossTime: isoTime(lastLossMs) }),
});

function holdOf(
  decision: IngressDecision | undefined,
  before: IngressHold | undefined,
  nowMs: number,
): IngressHold | undefined {
  if (decision?.kind !== 'Hold') return undefined;
  const { endsWhen, message, reason, recheckAfterMs, to, wanted } = decision;
  const known = before?.wanted === wanted && before.reason === reason ? before.until : undefined;
  return {
    wanted,
    ...(to !== undefined && { to }),
    reason,
    message: message.slice(0, 1024),
    ...(recheckAfterMs === undefined
      ? endsWhen !== undefined && { endsWhen: endsWhen.slice(0, 256) }
      : { until: untilOf(recheckAfterMs, known, nowMs) }),
  };
}

/** `IUGroup.status.transitCentres`, the same as before while nothing happens. */
export function transitStatus(
  { centres, decisions }: Pick<TransitLook, 'centres' | 'decisions'>,
  before: readonly TransitCentreStatus[] | undefined,
  nowMs: number,
): TransitCentreStatus[] {
  return centres.map(({ mpls, name, voice }) => {
    const known = before?.find((entry) => entry.name === name);
    const decision = decisions.get(name);
    const ingress = decision?.kind === 'Set' ? ingressStatus(decision.next) : known?.ingress;
    const paths = {
      voice: pathStatus(voice, known?.voice, isoTime(nowMs)),
      mpls: pathStatus(mpls, known?.mpls, isoTime(nowMs)),
    };
    const hold = holdOf(decision, known?.hold, nowMs);
    return {
      name,
      ...(paths.voice && { voice: paths.voice }),
      ...(paths.mpls && { mpls: paths.mpls }),
      ...(decision && ingress && { ingress }),
      ...(hold && { hold }),
    };
  });
}

/** What is the matter, the worst first. */
function troubles({ matrix }: Pick<TransitLook, 'matrix'>, status: readonly TransitCentreStatus[]): Problem[] {
  const suspects = matrix.suspects.map((path): Problem => {
    const message = `no region reaches the ${pathName(path)} of any transit centre: the probing is the suspect, and nothing moves`;
    return { reason: 'ProbesSuspect', message };
  });
  const holds = status.flatMap(({ hold, ingress, name }): Problem[] => {
    if (hold?.wanted !== 'Move') return [];
    const message = `callers of ${name} stay at ${ingress?.servedBy ?? name}: ${describeHold(hold)}`;
    return [{ reason: hold.reason, message }];
  });
  const away = status.flatMap(({ hold, ingress, name, voice }): Problem[] => {
    if (!ingress || ingress.servedBy === name) return [];
    const home = hold?.wanted === 'Return' ? `; the way home is held: ${describeHold(hold)}` : '';
    const message = `callers of ${name} come in through ${ingress.servedBy}${home}`;
    return [{ reason: voice?.state === 'Lost' ? voice.reason : ingress.reason, message }];
  });
  const uplinks = matrix.uplinks.map(({ path, region }): Problem => {
    const message = `region ${region} reaches the ${pathName(path)} of no transit centre: its own uplink is the suspect`;
    return { reason: 'RegionUplinkLost', message };
  });
  const paths = status.flatMap(({ mpls, name, voice }) => [
    ...pathTrouble(name, 'voice', voice),
    ...pathTrouble(name, 'MPLS', mpls),
  ]);
  return [...suspects, ...holds, ...away, ...paths.filter(isLoss), ...uplinks, ...paths.filter((p) => !isLoss(p))];
}

type Problem = Pick<ConditionState, 'reason' | 'message'>;

const isLoss = ({ reason }: Problem): boolean => ['VoiceLost', 'MplsLost', 'VoiceAndMplsLost'].includes(reason);

function pathTrouble(name: string, path: string, status: PathStatus | undefined): Problem[] {
  if (!status || status.state === 'Up' || status.state === 'Pending') return [];
  return [{ reason: status.reason, message: `${path} of ${name} is ${status.state}: ${status.message}` }];
}

/** `TransitReady`: not known is not well, and says so. */
export function transitReady(
  look: Pick<TransitLook, 'matrix'>,
  status: readonly TransitCentreStatus[],
): ConditionState {
  const type = 'TransitReady';
  const [first, ...others] = troubles(look, status);
  if (!first) return { type, status: 'True', reason: 'TransitUp', message: 'every transit centre is up' };
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  const isUnknown = first.reason === 'NotObserved';
  return { type, status: isUnknown ? 'Unknown' : 'False', reason: first.reason, message: `${first.message}${more}` };
}

/** What was said last of the transit centres, for as long as nobody has looked. */
export const knownConditions = (conditions: readonly Condition[] | undefined): ConditionState[] =>
  (conditions ?? []).filter(({ type }) => TRANSIT_CONDITIONS.includes(type));
