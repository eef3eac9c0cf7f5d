import type { InstanceDecision } from './instance-view.ts';
import type { Ledger } from './ledger.ts';
import {
  type Answer,
  decideRequest,
  decideService,
  type ServiceDecision,
  type SwitchRequest,
} from './manual-switch.ts';
import { decideTogether, type Member } from './together.ts';

const STAY: InstanceDecision = { kind: 'Keep' };

/** What a request makes of the services of a set, seen together. One that it does not concern has no answer. */
function answersTo(request: SwitchRequest, members: readonly Member[]): ReadonlyMap<string, Answer> {
  const own = new Map<string, Answer>();
  for (const { key, view } of members) {
    const answer = decideRequest(view, key, request);
    if (answer) own.set(key, answer);
  }
  if (own.size === 0) return own;
  const together = decideTogether(members, ({ key, view }) => {
    const answer = decideRequest(view, key, request);
    return answer?.kind === 'Assign' || answer?.kind === 'Hold' ? answer : STAY;
  });
  for (const key of own.keys()) {
    const decision = together.get(key);
    if (decision?.kind === 'Assign' || decision?.kind === 'Hold') own.set(key, decision);
  }
  return own;
}

const NO_TRIALS: ReadonlyMap<string, Ledger> = new Map();

/**
 * What is done with services that must live in one region, by key; the plans of persons tell the same. One service alone
 * is decided about as ever.
 *
 * @param trials by name of a dry run: what it has not given away yet of that which services share
 */
export function decideSet(
  members: readonly Member[],
  requests: readonly SwitchRequest[],
  trials: ReadonlyMap<string, Ledger> = NO_TRIALS,
): ReadonlyMap<string, ServiceDecision> {
  const [only] = members;
  if (only && members.length === 1) return new Map([[only.key, decideService(only.view, only.key, requests, trials)]]);
  const decisions = decideTogether(members, ({ key, view }) => decideService(view, key, requests).decision);
  const answers = requests.map((request) => {
    const tried = members.map(({ key, view }) => ({ key, view: { ...view, ...trials.get(request.name) } }));
    return { request, answers: answersTo(request, tried) };
  });
  return new Map(
    members.map(({ key }): [string, ServiceDecision] => {
      const ofKey = answers.flatMap(({ answers: all, request }): [string, Answer][] => {
        const answer = all.get(key);
        return answer ? [[request.name, answer]] : [];
      });
      return [key, { decision: decisions.get(key) ?? STAY, answers: new Map(ofKey) }];
    }),
  );
}
