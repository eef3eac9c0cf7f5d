import type { LinkState } from '../../api/transit-link.ts';
import type { Outcome } from './outcome.ts';

/**
 * What is to be thought of one probe: `Answers`; `Loses`: it answers, but not always; `Silent`: it is lost; `CannotAsk`:
 * this side has no way to ask, which says nothing about the other. Undefined: not known yet.
 */
type Verdict = 'Answers' | 'Loses' | 'Silent' | 'CannotAsk';

export interface Standing {
  readonly verdict: Verdict | undefined;
  /** Why the last question was not answered or not asked, when the verdict was reached: it must not change with each one. */
  readonly why: string | undefined;
  /** Of the last questions that were asked, the newest last. */
  readonly answered: readonly boolean[];
  readonly inRow: { readonly of: Outcome['result']; readonly count: number };
}

export interface Thresholds {
  readonly failureThreshold: number;
  readonly recoveryThreshold: number;
}

/** Over so many questions losses are counted. */
export const WINDOW = 20;
/** One lost question is nothing to tell, and two are: they have been sent again before they counted as lost. */
const LOSSES_TOLD = 2;

export const NOTHING_KNOWN: Standing = {
  verdict: undefined,
  why: undefined,
  answered: [],
  inRow: { of: 'Answered', count: 0 },
};

/** What is known after one more question. */
export function noteOutcome(before: Standing, outcome: Outcome, limits: Thresholds): Standing {
  const { result } = outcome;
  const inRow = { of: result, count: (before.inRow.of === result ? before.inRow.count : 0) + 1 };
  // That it could not be asked says nothing of the answers before, nor does it count as one.
  const answered = result === 'NotAsked' ? before.answered : [...before.answered, result === 'Answered'].slice(-WINDOW);
  const next = { ...before, answered, inRow };
  const verdict = verdictOf(next, limits);
  if (verdict === before.verdict) return next;
  const why = outcome.result === 'Answered' ? undefined : outcome.why;
  // What was lost and is back begins anew: the loss has been told, and must not be told again as a share of the answers.
  const isBack = verdict === 'Answers' && before.verdict !== 'Loses';
  return { ...next, verdict, why, answered: isBack ? answered.slice(-inRow.count) : answered };
}

/** Thresholds are reached in a row, so whatever alternates keeps the verdict that it has. */
function verdictOf(next: Standing, limits: Thresholds): Verdict | undefined {
  const { inRow, verdict } = next;
  const isFailing = inRow.count >= limits.failureThreshold;
  switch (inRow.of) {
    case 'NotAsked':
      return isFailing ? 'CannotAsk' : verdict;
    case 'Unanswered':
      return isFailing ? 'Silent' : (verdict ?? firstVerdict(next, limits));
    case 'Answered':
      return verdictOfAnswer(next, limits);
  }
}

/** That questions are lost is said with an answer only: a row of failures may still be the loss of the whole. */
function verdictOfAnswer(next: Standing, limits: Thresholds): Verdict | undefined {
  const isRecovered = next.inRow.count >= limits.recoveryThreshold;
  switch (next.verdict) {
    case 'Answers':
      return lostOf(next) >= LOSSES_TOLD ? 'Loses' : 'Answers';
    case 'Loses':
      return lostOf(next) === 0 ? 'Answers' : 'Loses';
    case 'Silent':
      return isRecovered ? 'Answers' : 'Silent';
    case 'CannotAsk':
    case undefined:
      return isRecovered ? 'Answers' : firstVerdict(next, limits);
  }
}

/** Of what is neither lost nor well in a row: for so many questions it may not be known, and then it is lossy. */
function firstVerdict(next: Standing, { failureThreshold, recoveryThreshold }: Thresholds): Verdict | undefined {
  if (next.answered.length < Math.min(WINDOW, failureThreshold + recoveryThreshold)) return next.verdict;
  return lostOf(next) >= LOSSES_TOLD ? 'Loses' : 'Answers';
}

const lostOf = ({ answered }: Standing): number => answered.filter((isAnswered) => !isAnswered).length;

/** The share of the last questions that were lost, from 0 to 1. */
export const lossOf = (standing: Standing): number =>
  standing.answered.length === 0 ? 0 : lostOf(standing) / standing.answered.length;

/**
 * What a link is, from the probes of its path and from whether the centre's own questions arrive (undefined: it has not
 * asked, or not long enough to say that it stopped). Undefined: not all is known yet.
 */
export function judgeLink(standings: readonly Standing[], isHeard: boolean | undefined): LinkState | undefined {
  const verdicts = standings.map(({ verdict }) => verdict);
  if (verdicts.includes(undefined)) return undefined;
  const asked = verdicts.filter((verdict) => verdict !== 'CannotAsk');
  if (asked.length === 0) return 'Unknown';
  if (verdicts.every((verdict) => verdict === 'Silent')) return isHeard ? 'OneWay' : 'Down';
  if (asked.includes('Silent')) return 'Partial';
  if (isHeard === false) return 'OneWay';
  return asked.includes('Loses') ? 'Partial' : 'Up';
}
