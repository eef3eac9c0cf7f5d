import type { Intent } from './assignment.ts';
import { firstObjection } from './guards.ts';
import {
  type InstanceDecision,
  type InstanceView,
  intentFor,
  isMove,
  placesOf,
  regionIn,
  type TogetherIn,
} from './instance-view.ts';
import { afterDecision, type Ledger } from './ledger.ts';
import { chooseTarget, fitsIn, keeperOf } from './target.ts';

/**
 * Services that must live in one region move together or not at all. What each of them would do is asked of the very
 * function that decides for it alone; here it is only seen to that the answers fit together. Nothing is remembered: a set
 * that was torn (a hub that died between two intents, a compare-and-swap that was lost) is known by where its services are.
 */
export interface Member {
  /** `namespace/name` of the ServiceInstance. */
  readonly key: string;
  readonly view: InstanceView;
}

/** What a service would do by itself; with `TogetherIn`, if it may go to that region only. */
export type Decide = (member: Member) => InstanceDecision;

interface Choice {
  readonly member: Member;
  readonly decision: InstanceDecision;
  /** Where it is active. */
  readonly region: string;
}

const narrowed = ({ key, view }: Member, togetherIn: TogetherIn): Member => ({ key, view: { ...view, togetherIn } });

/** Where a service would be active once this is carried out. */
const goalOf = ({ decision, region }: Choice): string =>
  decision.kind === 'Assign' ? decision.intent.activeRegion : region;

const moves = ({ decision, region }: Choice): boolean => isMove(decision, region);

const unique = (items: readonly string[]): string[] => [...new Set(items)];

/** A service that was never assigned runs nowhere: it ties nobody, and follows when it is. */
function choiceOf(member: Member, decide: Decide): Choice | undefined {
  const decision = decide(member);
  const assignment = decision.kind === 'Adopt' ? decision.assignment : member.view.assignment;
  return assignment && { member, decision, region: assignment.activeRegion };
}

/**
 * One after the other: room that one takes the next has not. Of the services on their way home it is not so: a set goes
 * as one, and each of its members is asked whether all of them may (`returningAsOne`).
 */
function inTurn<T extends { readonly member: Member }>(
  items: readonly T[],
  choose: (item: T) => Choice | undefined,
): readonly Choice[] {
  let ledger: Ledger | undefined;
  return items.flatMap((item) => {
    const { member } = item;
    const left: Ledger = ledger ?? member.view;
    const choice = choose({ ...item, member: { ...member, view: { ...member.view, room: left.room } } });
    if (!choice) return [];
    ledger = afterDecision(left, member.view, choice.decision);
    return [{ ...choice, member }];
  });
}

/** Not so where a region is filled beyond its capacity, because what leaves a lost one may do that. */
function fitAll(choices: readonly Choice[]): boolean {
  let ledger: Ledger | undefined;
  return choices.every(({ decision, member: { view }, region }) => {
    const left: Ledger = ledger ?? view;
    ledger = afterDecision(left, view, decision);
    const isMoving = decision.kind === 'Assign' && isMove(decision, region);
    return !isMoving || fitsIn({ ...view, room: left.room }, decision.intent.activeRegion);
  });
}

/** All are active in one region: all go to one other region, or none goes. Best to one that has room for all of them. */
function moveAsOne(choices: readonly Choice[], decide: Decide): readonly Choice[] {
  const goals = unique([
    ...choices.filter(moves).map(goalOf),
    ...choices.flatMap(({ member }) => placesOf(member.view)),
  ]).filter((goal) => choices.some(({ region }) => region !== goal));
  let tight: readonly Choice[] | undefined;
  for (const goal of goals) {
    const together = inTurn(choices, (choice) => goTo(choice, goal, decide));
    if (!together.every((choice) => goalOf(choice) === goal)) continue;
    if (fitAll(together)) return together;
    tight ??= together;
  }
  return tight ?? holdBack(choices);
}

function goTo(choice: Choice, goal: string, decide: Decide): Choice {
  if (choice.region === goal) return moves(choice) ? { ...choice, decision: { kind: 'Keep' } } : choice;
  return { ...choice, decision: decide(narrowed(choice.member, { region: goal })) };
}

type Hold = Extract<InstanceDecision, { kind: 'Hold' }>;

const wantedOf = ({ reason }: Pick<Intent, 'reason'>): Hold['wanted'] =>
  reason === 'RegionSick' ? 'FailedOver' : reason;

/** Who would move is held, and is told by whom. What the others are held by themselves is told of them as ever. */
function holdBack(choices: readonly Choice[]): readonly Choice[] {
  const holder = choices.find(({ decision }) => decision.kind === 'Hold') ?? choices.find((choice) => !moves(choice));
  return choices.map((choice) => (moves(choice) ? held(choice, holder) : choice));
}

function held(choice: Choice, holder: Choice | undefined): Choice {
  const { decision, member } = choice;
  if (decision.kind !== 'Assign' || decision.intent.reason === 'Assigned') return choice;
  const message = `${member.key} moves only together with ${holder ? describe(holder) : 'others, and there is no region for all of them'}`;
  // Where only time is missing to the one that holds it, the same time is missing here.
  const recheckAfterMs = holder?.decision.kind === 'Hold' ? holder.decision.recheckAfterMs : undefined;
  const endsWhen = 'all that must live in one region may go to the same one';
  return {
    ...choice,
    decision: {
      kind: 'Hold',
      wanted: wantedOf(decision.intent),
      reason: 'ColocatedHeld',
      message,
      recheckAfterMs,
      endsWhen,
    },
  };
}

function describe({ decision, member, region }: Choice): string {
  if (decision.kind === 'Hold') {
    return `${member.key}, which is held: ${decision.reason} (${decision.message})`;
  }
  const { mode, secondaries } = member.view;
  const why = mode === 'Backup' && secondaries.length > 0 ? 'which nothing asks to move' : 'which has no other region';
  return `${member.key}, ${why} and is active in ${region}`;
}

/** A region is where a torn set gathers unless it is lost, a person wants it empty, or some of the set have no place there. */
const canGather = (choices: readonly Choice[], region: string): boolean =>
  choices.every(
    ({ member: { view } }) =>
      placesOf(view).includes(region) && regionIn(view, region).state !== 'Lost' && !keeperOf(view, region),
  );

const sinceOf = ({ member }: Choice): string => member.view.assignment?.since ?? '';

/**
 * Where the rest follows: to the service that moved last. Whoever follows is the last one then, in the same region, so the
 * answer stays the same until all are there.
 */
function gatheringPlace(choices: readonly Choice[]): string | undefined {
  const latest = choices.toSorted((x, y) => {
    if (sinceOf(x) !== sinceOf(y)) return sinceOf(x) > sinceOf(y) ? -1 : 1;
    return x.member.key < y.member.key ? -1 : 1;
  });
  return latest.map(({ region }) => region).find((region) => canGather(choices, region));
}

/** They are active in several regions. Those that are where the rest is going stay until all have come. */
function gather(choices: readonly Choice[], decide: Decide): readonly Choice[] {
  const place = gatheringPlace(choices);
  if (place === undefined) return moveAsOne(choices, decide);
  const missing = choices.find(({ region }) => region !== place);
  return inTurn(choices, (choice) => {
    if (choice.region === place) return moves(choice) ? held(choice, missing) : choice;
    const own = goTo(choice, place, decide);
    return goalOf(own) === place || own.decision.kind === 'Adopt' ? own : follow(own, place);
  });
}

/** Nobody asks for this move but the others of the set: it is a planned one, with the guards of one. */
function follow(choice: Choice, place: string): Choice {
  const { member, region } = choice;
  const { assignment } = member.view;
  if (!assignment || member.view.mode !== 'Backup') return choice;
  // Its region is lost: what holds its failover holds it.
  if (regionIn(member.view, region).state === 'Lost') return choice;
  const { view } = narrowed(member, { region: place });
  const target = chooseTarget(view, assignment);
  const objection = firstObjection('following', view, assignment, target);
  if (!objection && target !== undefined) {
    const message = `follows services that it must live with from ${region} to ${target}`;
    return { ...choice, decision: { kind: 'Assign', intent: intentFor(view, target, 'Moved'), message } };
  }
  const why = objection ?? {
    reason: 'TargetUnhealthy' as const,
    message: `region ${place} cannot take it`,
    endsWhen: 'that region is healthy, or the others of its set move',
  };
  return { ...choice, decision: { kind: 'Hold', wanted: 'Moved', recheckAfterMs: undefined, ...why } };
}

const isAway = ({ assignment, mode, primary }: InstanceView): boolean =>
  mode === 'Backup' && assignment !== undefined && assignment.activeRegion !== primary;

/** Told from where they are, and not from what each would do: whoever goes home goes with all that are away. */
function asOne(members: readonly Member[]): readonly Member[] {
  const returningAsOne = Math.max(1, members.filter(({ view }) => isAway(view)).length);
  return members.map(({ key, view }) => ({ key, view: { ...view, returningAsOne } }));
}

/**
 * What is done with the services of a set, by key.
 *
 * @param apart the most important one first; their views have one ledger, as it is before any of them moves
 */
export function decideTogether(apart: readonly Member[], decide: Decide): ReadonlyMap<string, InstanceDecision> {
  const [only] = apart;
  if (only && apart.length === 1) return new Map([[only.key, decide(only)]]);
  const members = asOne(apart);
  const choices = inTurn(
    members.map((member) => ({ member })),
    ({ member }) => choiceOf(member, decide),
  );
  const isWhole = unique(choices.map(({ region }) => region)).length <= 1;
  const fits = unique(choices.map(goalOf)).length <= 1;
  const chosen = fits ? choices : isWhole ? moveAsOne(choices, decide) : gather(choices, decide);
  const decisions = new Map(chosen.map(({ decision, member }): [string, InstanceDecision] => [member.key, decision]));
  for (const member of members) if (!decisions.has(member.key)) decisions.set(member.key, decide(member));
  return decisions;
}

/** A service, and those that it says it must live in one region with. */
export interface Tied {
  readonly key: string;
  readonly with: readonly string[];
}

/** Sets of services that are tied to each other, directly or by way of others; single services are in none. */
export function setsOf(tied: readonly Tied[]): readonly (readonly string[])[] {
  const setOf = new Map<string, Set<string>>();
  const join = (x: string, y: string): void => {
    const [one, other] = [setOf.get(x) ?? new Set([x]), setOf.get(y) ?? new Set([y])];
    const all = one.union(other);
    for (const key of all) setOf.set(key, all);
  };
  for (const { key, with: others } of tied) for (const other of others) if (other !== key) join(key, other);
  return [...new Set(setOf.values())].map((set) => [...set].sort());
}
