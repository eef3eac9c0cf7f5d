import type { RegionalService } from '../api/regional-service.ts';
import type { RegionalFacts } from '../decide/regional.ts';
import type { AgentContext } from './context.ts';

/** Whether every cache of what runs is filled. Until then what is not seen may be there all the same. */
export const isPictureWhole = ({ caches }: AgentContext): boolean =>
  [caches.deployments, caches.statefulSets, caches.services, caches.budgets, caches.pods, caches.nodes].every(
    ({ reflector }) => reflector.synced,
  );

/** What `decideRegional` asks about one service, at this instant. */
export function factsOf(context: AgentContext, key: string, order: RegionalService, isStarted: boolean): RegionalFacts {
  return {
    hasRight: context.authority.hasRight(key, order.spec.epoch),
    hasEarlierRight: context.authority.hasEarlierRight(key, order.spec.epoch),
    isCertain: context.leadership.isCertain(),
    isSure: context.orders.sure,
    sinceLeadMs: context.leadership.sinceMs(),
    isStarted: isStarted || !isPictureWhole(context),
    isFenced: context.fenced.get(key)?.token === context.leadership.token,
  };
}
