import type { Reason } from '../api/conditions.ts';

/**
 * A hub that was lost is made anew from the manifests in Git, or restored from a backup. Regions remember the one before:
 * each acknowledgement leaves the term, the process and the election record (`<uid>/<resource version>`) that it was given
 * under. A hub that finds one there which none of its own leaders can have left *follows another hub*: it cannot know what
 * that one has permitted, nor whether it lives. Its election record names its leaders and how far each had come; versions
 * alone tell nothing, for the API server of a hub that was restored counts on, beyond the records of the one that was lost.
 * It gives no right, writes no order and moves nothing before
 *
 * 1. the other hub is known to be stopped: every region of the group is read and has waited in vain for an answer for a
 *    `wait` (proof), or a person says so (confirmation), and no region was seen to be answered since;
 * 2. no other hub can acknowledge any more: its own term is above, in every region that answers (`Seize`);
 * 3. a further `wait` has passed, so that every right that the other one gave has ended;
 * 4. everything that the regions hold has its manifest.
 *
 * Until then regions run on with the promises of their peers. The record of the other hub stays in the regions until the
 * first acknowledgement, so a leader that dies in between leaves nothing half inherited: the next one begins anew.
 */

/** What a region remembers of the hub that acknowledged it last. */
export interface Mark {
  readonly term: number;
  /** Absent: written by an older version of the operator. */
  readonly by?: string | undefined;
  readonly record?: string | undefined;
  /** The term was left there and nothing acknowledged under it yet: the record is still that of the hub before. */
  readonly seized?: boolean | undefined;
}

/** What this leadership knows of itself. */
export interface OwnRecord {
  readonly term: number;
  readonly by: string;
  /** Its election record now. */
  readonly record: string;
  /** The last leaders of this hub before this one, and the election record as each of them left it. */
  readonly past: readonly { readonly term: number; readonly by: string; readonly record: string }[];
}

/**
 * How this leadership stands to what a region remembers: `Ours` was left by this hub; `Seized` has our term, and nothing was
 * acknowledged under it yet; `Foreign` was left by a hub that this one follows, or that lives beside it.
 */
export type Bond = 'None' | 'Ours' | 'Seized' | 'Foreign';

const split = (record: string): readonly [string, string] => {
  const at = record.indexOf('/');
  return [record.slice(0, at), record.slice(at + 1)];
};
/** Decimal numbers without leading zeros, which may exceed what a double holds. */
const isNotAfter = (x: string, y: string): boolean => (x.length === y.length ? x <= y : x.length < y.length);

/** Whether one record is an earlier state of another, or the same. */
export function isBehind(record: string, other: string): boolean {
  const [[uid, version], [otherUid, otherVersion]] = [split(record), split(other)];
  return uid === otherUid && isNotAfter(version, otherVersion);
}

export function bondOf(mark: Mark | undefined, own: OwnRecord): Bond {
  if (!mark) return 'None';
  const { by, record, seized, term } = mark;
  // Where it does not stand the region drops it, being of an older version: then it was not said that it is acknowledged.
  if (by === own.by && term === own.term) return seized === false ? 'Ours' : 'Seized';
  const left = own.past.find((leader) => leader.by === by && leader.term === term);
  return left && seized !== true && record !== undefined && isBehind(record, left.record) ? 'Ours' : 'Foreign';
}

/** One region of the group, as far as the question of the hub goes. */
export interface RegionMark {
  readonly region: string;
  readonly mark: Mark | undefined;
  /** Whether it answers, and its orders and lease were read since this leadership began. */
  readonly isRead: boolean;
  /** What was seen of other hubs there: `Answers` was seen to acknowledge lately, `Silent` left a question open for a `wait`. */
  readonly other: 'Answers' | 'Silent' | 'Unknown';
}

export interface InheritanceFacts {
  readonly own: OwnRecord;
  readonly regions: readonly RegionMark[];
  /** Records of hubs that a person says are stopped. */
  readonly stopped: readonly string[];
}

export type Verdict =
  /** Nobody else has a say: what follows is as ever. */
  | { readonly kind: 'Own' }
  | { readonly kind: 'Wait'; readonly reason: Reason; readonly message: string; readonly endsWhen: string }
  /** A term above all those that regions know must be begun first. */
  | { readonly kind: 'Outrank' }
  /** Our term is to be left in these regions. */
  | { readonly kind: 'Seize'; readonly regions: readonly string[] }
  /** Nobody else can acknowledge any more; what was permitted is to be waited out. */
  | { readonly kind: 'Seized' };

type Bound = RegionMark & { readonly bond: Bond };
const termOf = ({ mark }: RegionMark): number => mark?.term ?? 0;
const names = (regions: readonly RegionMark[]): string => regions.map(({ region }) => region).join(', ');

/**
 * Whether the group was taken over before: our own record stands in a region above everything foreign. Then a region that
 * comes back later with an older one is a matter of its own.
 */
function isTakenOver(bound: readonly Bound[]): boolean {
  const ours = Math.max(-1, ...bound.flatMap((each) => (each.bond === 'Ours' ? [termOf(each)] : [])));
  return bound.every((each) => {
    if (each.bond === 'Foreign') return termOf(each) < ours;
    return each.bond !== 'Seized' || termOf(each) <= ours;
  });
}

/** The newest record of each hub, once. */
export const newestOf = (records: readonly string[]): string[] =>
  [
    ...new Set(records.filter((record) => records.every((other) => other === record || !isBehind(record, other)))),
  ].toSorted();

/** Whom the regions remember, as a person has to name it. */
const followedIn = (bound: readonly Bound[]): string =>
  newestOf(
    bound.flatMap(({ bond, mark }) =>
      (bond === 'Foreign' || bond === 'Seized') && mark?.record !== undefined ? [mark.record] : [],
    ),
  ).join(',');

export function judgeInheritance({ own, regions, stopped }: InheritanceFacts): Verdict {
  const bound = regions.map((each): Bound => ({ ...each, bond: bondOf(each.mark, own) }));
  if (isTakenOver(bound)) return { kind: 'Own' };
  const foreign = bound.filter(({ bond }) => bond === 'Foreign');
  const answered = bound.filter(({ other }) => other === 'Answers');
  if (answered.length > 0) {
    return {
      kind: 'Wait',
      reason: 'PredecessorAnswers',
      message: `another hub still answers ${names(answered)}: stop it, this one stays out of its way`,
      endsWhen: 'the other hub is stopped',
    };
  }
  const isConfirmed = ({ bond, mark }: Bound): boolean =>
    bond !== 'Foreign' || stopped.some((record) => mark?.record !== undefined && isBehind(mark.record, record));
  const unread = bound.filter(({ isRead }) => !isRead);
  const open = foreign.filter(({ other }) => other !== 'Silent');
  const isProved = unread.length === 0 && open.length === 0;
  const isSaid = bound.every(isConfirmed);
  if (!isProved && !isSaid) return unproved(bound, unread, open);
  if (foreign.some((each) => termOf(each) >= own.term)) return { kind: 'Outrank' };
  const toSeize = foreign.filter(({ isRead }) => isRead).map(({ region }) => region);
  return toSeize.length > 0 ? { kind: 'Seize', regions: toSeize } : { kind: 'Seized' };
}

function unproved(all: readonly Bound[], unread: readonly Bound[], open: readonly Bound[]): Verdict {
  const parts = [
    ...(unread.length > 0 ? [`${names(unread)} cannot be read`] : []),
    ...(open.length > 0 ? [`in ${names(open)} it has not been silent for long enough`] : []),
  ];
  const followed = followedIn(all);
  const who = followed === '' ? '' : ` ${followed}`;
  return {
    kind: 'Wait',
    reason: 'PredecessorUnproved',
    message: `regions remember another hub${who}, and it is not proved that it is stopped: ${parts.join('; ')}`,
    endsWhen: 'it is silent in every region for one wait, or a person confirms that it is stopped (restore-hub)',
  };
}
