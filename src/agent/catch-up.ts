import type { Controller } from '../runtime/controller.ts';
import { Ticker } from '../runtime/ticker.ts';
import type { AgentContext } from './context.ts';

const CATCH_UP_EVERY_MS = 1000;

/**
 * A right is for an epoch, so one that is newer than the order here, or for a service without any, says that the watch of
 * the orders is behind: they are read. Else what runs would stop when the right of the epoch before has ended, and what was
 * failed over to here would start when the watch is given up. Apart from the guard, which waits for nobody.
 */
export function createCatchUp(context: AgentContext, services: Controller): Ticker {
  return new Ticker({
    clock: context.clock,
    everyMs: CATCH_UP_EVERY_MS,
    onError: (error) => context.log('warn', 'Late orders not read', { error: String(error) }),
    async run() {
      const behind = lateOrders(context);
      if (behind.length === 0 || !context.orders.sure || !context.leadership.isCertain()) return;
      await context.orders.load();
      for (const key of behind) services.enqueue(key, 'failover');
      // What else was read has not been heard of either.
      for (const key of context.orders.keys()) services.enqueue(key);
    },
  });
}

function lateOrders({ caches, orders, region }: AgentContext): string[] {
  const grants = caches.leases.store.get(region)?.spec.hub?.grants ?? {};
  return Object.entries(grants).flatMap(([key, epoch]) => {
    const known = orders.get(key);
    return known === undefined || known.spec.epoch < epoch ? [key] : [];
  });
}
