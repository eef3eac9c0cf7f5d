import type { RegionalService } from '../api/regional-service.ts';
import type { RegionalFacts } from '../decide/regional.ts';
import type { AgentContext } from './context.ts';

/** What `decideRegional` asks about one service, at this instant. */
export function factsOf(context: AgentContext, key: string, order: RegionalService, isStarted: boolean): RegionalFacts {
  return {
    hasRight: context.authority.hasRight(key, order.spec.epoch),
    isCertain: context.leadership.isCertain(),
    isSure: context.orders.sure,
    sinceLeadMs: context.leadership.sinceMs(),
    isStarted,
    isFenced: context.fenced.get(key)?.token === context.leadership.token,
  };
}
