import type { RegionalService } from '../api/regional-service.ts';
import { lacksGate } from '../decide/desired/gate.ts';
import type { RegionalFacts } from '../decide/regional.ts';
import { RIGHT_PROOF_MS } from '../decide/timing.ts';
import { keyOf } from '../kube/object.ts';
import { elapsedAtMost } from '../runtime/clock.ts';
import type { Authority } from './authority.ts';
import type { AgentContext } from './context.ts';
import type { OrderBook } from './orders.ts';

/** Whether every cache of what runs is filled. Until then what is not seen may be there all the same. */
export const isPictureWhole = ({ caches }: AgentContext): boolean =>
  [caches.deployments, caches.statefulSets, caches.services, caches.budgets, caches.pods, caches.nodes].every(
    ({ reflector }) => reflector.synced,
  );

/** What a right is read from. */
export interface RightsBooks {
  readonly authority: Pick<Authority, 'promisedMs' | 'remainingMs'>;
  readonly orders: Pick<OrderBook, 'sure'>;
}

/**
 * How long the right to run a service at the epoch of its order still lasts, in milliseconds; 0 without one. The first
 * right at an epoch comes from the hub alone. It is continued with the promises of all successors, by a leader that has
 * read its orders by quorum: a peer may not have heard yet of an order that this region has followed already.
 */
export function rightMs({ authority, orders }: RightsBooks, order: RegionalService): number {
  const key = keyOf(order);
  const { epoch, onHubLoss, successors } = order.spec;
  const acknowledgedMs = authority.remainingMs(key, epoch);
  const isGranted = (order.status?.grantedEpoch ?? 0) >= epoch;
  if (!orders.sure || !isGranted || onHubLoss !== 'Fence') return acknowledgedMs;
  return Math.max(acknowledgedMs, authority.promisedMs(key, epoch, successors));
}

/** The order and the right come by different ways: what needed none until now is not stopped because one is faster. */
function isJustConverted({ clock, converted }: AgentContext, key: string, { spec, status }: RegionalService): boolean {
  const at = converted.get(key);
  const isRecorded = (status?.grantedEpoch ?? 0) >= spec.epoch;
  return at !== undefined && !isRecorded && elapsedAtMost(at, clock.now()) < RIGHT_PROOF_MS;
}

/** What `decideRegional` asks about one service, at this instant. */
export function factsOf(context: AgentContext, key: string, order: RegionalService, isStarted: boolean): RegionalFacts {
  return {
    hasRight: rightMs(context, order) > 0,
    hasEarlierRight: context.authority.hasEarlierRight(key, order.spec.epoch),
    isJustConverted: isJustConverted(context, key, order),
    isCertain: context.leadership.isCertain(),
    isSure: context.orders.sure,
    sinceLeadMs: context.leadership.sinceAtMostMs(),
    isStarted: isStarted || !isPictureWhole(context),
    isFenced: context.fenced.get(key)?.token === context.leadership.token,
    lacksGate: lacksGate(order, context.gate),
  };
}
