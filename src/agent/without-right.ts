import { decideRegional } from '../decide/regional.ts';
import { keyOf } from '../kube/object.ts';
import { isStarted } from '../observe/service-picture.ts';
import type { AgentContext } from './context.ts';
import { factsOf } from './facts.ts';

/**
 * Whether an active/backup service that is to be active here stands still for want of a right. It is told with each
 * heartbeat: a region that the hub cannot see is left alone only while it says that this is not so, and a hub that has
 * seen little else of the group gives only to a region that says so a right that it takes for a continued one.
 *
 * @returns undefined while that is not known: the orders are not read by quorum, or what runs has not proved its right yet
 */
export function isWithoutRight(context: AgentContext): boolean | undefined {
  let isKnown = context.orders.sure;
  for (const order of context.orders.values()) {
    const { mode, role } = order.spec;
    if (mode !== 'Backup' || role !== 'Active' || order.metadata.deletionTimestamp !== undefined) continue;
    const action = decideRegional(order, factsOf(context, keyOf(order), order, isStarted(context.caches, order)));
    if (action === 'Fence' || action === 'Rest') return true;
    if (action === 'AwaitRight') isKnown = false;
  }
  return isKnown ? false : undefined;
}
