import type { PathStatus } from '../../api/transit-centre.ts';
import { type FlappingPolicy, flapsForMs } from '../flapping.ts';
import type { Finding } from './matrix.ts';

/** More changes than a group can ask for are not kept. */
const MOST_CHANGES = 101;

export interface SteadinessPolicy {
  /** How long everybody must say that a centre is lost: those who report a moment later may say otherwise. */
  readonly confirmMs: number;
  readonly flapping: FlappingPolicy;
}

/**
 * How one way into a transit centre has fared since this leader began to look. A restart forgets it, which is safe: it only
 * makes the way in look well for a shorter time than it was. Times are of one clock that only goes forward.
 */
export interface PathHistory {
  readonly settled: Finding;
  readonly everUp: boolean;
  /** Since when everybody says that it is lost. */
  readonly lostSinceMs: number | undefined;
  readonly wellSinceMs: number | undefined;
  readonly wasWell: boolean | undefined;
  /** When it changed between well and not well, newest first. */
  readonly changesMs: readonly number[];
}

/** What the decision sees of one way in. */
export interface PathView {
  readonly state: PathStatus['state'];
  readonly reason: Finding['reason'];
  readonly message: string;
  readonly everUp: boolean;
  readonly wellForMs: number;
  readonly flapsForMs: number;
}

/** What was told before this leader began; it stands until this one knows better. */
function begin(told: PathStatus | undefined): PathHistory {
  const { message = '', reason = 'NotObserved', state = 'Unknown' } = told ?? {};
  return {
    settled: { state: state === 'Flapping' ? 'Up' : state, reason, message },
    everUp: told?.everUp === true,
    lostSinceMs: undefined,
    wellSinceMs: undefined,
    wasWell: undefined,
    changesMs: [],
  };
}

const neverUp = ({ message }: Finding): Finding => ({
  state: 'Unknown',
  reason: 'NotObserved',
  message: `${message}; it was never seen up: check its probes`,
});

/** A loss is believed when it has lasted; everything else at once. */
function settle(before: PathHistory, found: Finding, lostForMs: number, { confirmMs }: SteadinessPolicy): Finding {
  if (found.state !== 'Lost') return found;
  if (!before.everUp) return neverUp(found);
  return before.settled.state === 'Lost' || lostForMs >= confirmMs ? found : before.settled;
}

export function advancePath(
  known: PathHistory | undefined,
  told: PathStatus | undefined,
  found: Finding,
  policy: SteadinessPolicy,
  nowMs: number,
): PathHistory {
  const before = known ?? begin(told);
  const lostSinceMs = found.state === 'Lost' ? (before.lostSinceMs ?? nowMs) : undefined;
  const settled = settle(before, found, nowMs - (lostSinceMs ?? nowMs), policy);
  const isWell = settled.state === 'Up';
  // What is not known is no change.
  const isKnown = settled.state !== 'Unknown' && settled.state !== 'Pending';
  const changed = isKnown && before.wasWell !== undefined && before.wasWell !== isWell;
  return {
    settled,
    everUp: before.everUp || found.state === 'Up',
    lostSinceMs,
    wellSinceMs: isWell && found.state === 'Up' ? (before.wellSinceMs ?? nowMs) : undefined,
    wasWell: isKnown ? isWell : before.wasWell,
    changesMs: changed ? [nowMs, ...before.changesMs].slice(0, MOST_CHANGES) : before.changesMs,
  };
}

export function viewPath(history: PathHistory, policy: SteadinessPolicy, nowMs: number): PathView {
  const { changesMs, everUp, settled, wellSinceMs } = history;
  const flapping = flapsForMs(
    changesMs.map((at) => nowMs - at),
    policy.flapping,
  );
  const isFlapping = flapping > 0 && settled.state === 'Up';
  return {
    ...settled,
    ...(isFlapping && {
      state: 'Flapping',
      reason: 'Flapping',
      message: 'reached, but came and went too often lately',
    }),
    everUp,
    wellForMs: wellSinceMs === undefined ? 0 : nowMs - wellSinceMs,
    flapsForMs: flapping,
  };
}

/** The two ways in fail apart; of a centre that has lost both, both say so. */
export function nameLoss(voice: PathView | undefined, mpls: PathView | undefined) {
  if (voice?.state !== 'Lost' || mpls?.state !== 'Lost') return { voice, mpls };
  return {
    voice: { ...voice, reason: 'VoiceAndMplsLost' as const },
    mpls: { ...mpls, reason: 'VoiceAndMplsLost' as const },
  };
}
