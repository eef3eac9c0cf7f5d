import { expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { anOrder, anOrderedComponent } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import type { RegionalService } from '../api/regional-service.ts';
import { RIGHT_PROOF_MS } from '../decide/timing.ts';
import type { AgentContext } from './context.ts';
import { factsOf } from './facts.ts';

const KEY = 'switchback-system/mail';
const ORDER = anOrder('mail', [anOrderedComponent()], { epoch: 3 });
const recorded = (grantedEpoch: number): RegionalService => ({
  ...ORDER,
  status: { observedGeneration: 1, grantedEpoch },
});

/** What an agent knows `ms` after it saw that the order asks for a right, if it did. */
async function isJustConverted(ms: number, order = ORDER, isSeen = true): Promise<boolean | undefined> {
  const clock = new ManualClock();
  const converted = new Map(isSeen ? [[KEY, clock.now()]] : []);
  await clock.advance(ms);
  const cold = { reflector: { synced: false } };
  const kinds = ['deployments', 'statefulSets', 'services', 'budgets', 'pods', 'nodes'];
  const context = partOf<AgentContext>('context', {
    authority: { remainingMs: () => 0, promisedMs: () => 0, hasEarlierRight: () => false },
    caches: Object.fromEntries(kinds.map((name) => [name, cold])),
    clock,
    converted,
    fenced: new Map(),
    gate: undefined,
    leadership: { token: 'leader', isCertain: () => true, sinceAtMostMs: () => 60_000 },
    orders: { sure: true },
  });
  return factsOf(context, KEY, order, true).isJustConverted;
}

it.each<[string, boolean, () => Promise<boolean | undefined>]>([
  ['is one for as long as a new leader has to prove its right', true, () => isJustConverted(RIGHT_PROOF_MS - 1)],
  ['is none any more after that', false, () => isJustConverted(RIGHT_PROOF_MS)],
  ['is none where this leadership did not see it', false, () => isJustConverted(0, ORDER, false)],
  [
    'is none once a right is recorded: then another region may be promoted by waiting',
    false,
    () => isJustConverted(0, recorded(3)),
  ],
  ['is one where a right was recorded of an earlier epoch only', true, () => isJustConverted(0, recorded(2))],
])('what needed no right until now %s', async (_, expected, ask) => {
  expect(await ask()).toBe(expected);
});
