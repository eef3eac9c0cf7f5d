import type { ConditionState } from '../api/conditions.ts';
import type { Rehearsal } from '../api/drill-schedule.ts';
import type { MovedService, RegionSwitch } from '../api/region-switch.ts';

const DAY_MS = 86_400_000;
const compare = (x: string, y: string): number => (x < y ? -1 : x > y ? 1 : 0);

type Result = Rehearsal['lastResult'];
/** A switch from one region to another that is over. */
interface Attempt {
  readonly from: string;
  readonly to: string;
  readonly at: string;
  readonly by: string;
  readonly result: Result;
}

const isReady = ({ readyTime, superseded }: MovedService): boolean => readyTime !== undefined && superseded !== true;

/** What a switch says of each pair of regions that it moved services between. A switch in earnest proves as much as a drill. */
export function attemptsOf({ metadata, spec, status }: RegionSwitch): Attempt[] {
  const at = status?.endTime;
  if (at === undefined || spec.dryRun || spec.type === 'Freeze') return [];
  const moves = new Map<string, MovedService[]>();
  for (const service of [...(status?.services ?? []), ...(status?.back?.services ?? [])]) {
    const pair = `${service.from} ${service.to}`;
    moves.set(pair, [...(moves.get(pair) ?? []), service]);
  }
  return [...moves].map(([pair, services]): Attempt => {
    const [from = '', to = ''] = pair.split(' ');
    const result = status?.drill?.result ?? (services.every(isReady) ? 'Passed' : 'Failed');
    return { from, to, at, by: metadata.name, result };
  });
}

type Known = Omit<Rehearsal, 'from' | 'to'>;

/** What is known of a rehearsal, of whatever it is one, after one more attempt. */
export function knownAfter(
  before: Known | undefined,
  { at, by, result }: Pick<Attempt, 'at' | 'by' | 'result'>,
): Known {
  const isNewer = before === undefined || compare(at, before.lastTime) > 0;
  const last = isNewer ? { lastTime: at, lastResult: result, lastBy: by } : before;
  const isProof = result === 'Passed' && compare(at, before?.provedTime ?? '') > 0;
  const { provedBy, provedTime } = isProof ? { provedBy: by, provedTime: at } : (before ?? {});
  const proved = provedTime === undefined || provedBy === undefined ? {} : { provedTime, provedBy };
  return { lastTime: last.lastTime, lastResult: last.lastResult, lastBy: last.lastBy, ...proved };
}

/** When each pair of regions was last proved. What is known stays known when the RegionSwitch is deleted. */
export function collectRehearsals(
  before: readonly Rehearsal[],
  switches: readonly RegionSwitch[],
  regions: readonly string[],
): Rehearsal[] {
  const pairOf = ({ from, to }: Pick<Rehearsal, 'from' | 'to'>): string => `${from} ${to}`;
  const known = new Map(before.map((entry): [string, Rehearsal] => [pairOf(entry), entry]));
  for (const attempt of switches.flatMap(attemptsOf)) {
    const { from, to } = attempt;
    known.set(pairOf(attempt), { from, to, ...knownAfter(known.get(pairOf(attempt)), attempt) });
  }
  return [...known.values()]
    .filter(({ from, to }) => regions.includes(from) && regions.includes(to))
    .sort((x, y) => compare(pairOf(x), pairOf(y)));
}

/** By region that services would have to leave: when a switch away from it was last proved; undefined: never. */
export const lastProved = (
  rehearsals: readonly Rehearsal[],
  regions: readonly string[],
): Map<string, Rehearsal | undefined> =>
  new Map(
    regions.map((region): [string, Rehearsal | undefined] => {
      const proofs = rehearsals.filter(({ from, provedTime }) => from === region && provedTime !== undefined);
      return [region, proofs.toSorted((x, y) => compare(y.provedTime ?? '', x.provedTime ?? ''))[0]];
    }),
  );

/** Whether the readiness is younger than the group asks for. The message has no ages in it: they would be written each day. */
export function judgeRehearsals(
  proofs: ReadonlyMap<string, Rehearsal | undefined>,
  maxAgeDays: number,
  now: number,
): ConditionState {
  const type = 'Rehearsed';
  const old = [...proofs].filter(([, proof]) => !(Date.parse(proof?.provedTime ?? '') > now - maxAgeDays * DAY_MS));
  const [first] = old;
  if (!first) {
    const message = `a switch away from each region was proved within ${maxAgeDays} days`;
    return { type, status: 'True', reason: 'AsDeclared', message };
  }
  const [region, proof] = first;
  const last = proof
    ? `was last proved at ${proof.provedTime} by RegionSwitch ${proof.provedBy}, more than ${maxAgeDays} days ago`
    : 'was never proved';
  const others = old.length > 1 ? ` (and ${old.length - 1} more)` : '';
  return {
    type,
    status: 'False',
    reason: 'RehearsalTooOld',
    message: `a switch away from region ${region} ${last}${others}`,
  };
}
