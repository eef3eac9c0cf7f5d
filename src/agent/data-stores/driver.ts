import type { DataStoreOrder, DataStoreStatus } from '../../api/data-store.ts';
import type { RegionalService } from '../../api/regional-service.ts';
import type { Progress, StoreAction } from '../../decide/data-stores.ts';
import { TransientError } from '../../kube/errors.ts';
import type { AgentContext } from '../context.ts';

/** One look at one data store, under the right of one pass. */
export interface StoreCall {
  readonly context: Pick<AgentContext, 'client' | 'region'>;
  readonly order: RegionalService;
  readonly store: DataStoreOrder;
  readonly record: DataStoreStatus;
  /** The last look before each write: rights end, orders change, leaders stall. */
  readonly mayAct: () => boolean;
  /** Whether it is time to try again what has failed. */
  readonly mayRetry: boolean;
  readonly signal: AbortSignal;
}

/**
 * How data stores of one kind are handed over. `advance` looks at what stands in the cluster and does the next step; it
 * waits for nothing, and may be called any number of times, by any process, after a crash at any point.
 */
export interface StoreDriver {
  advance(action: StoreAction, call: StoreCall): Promise<Progress>;
}

export function checkMayAct({ mayAct }: StoreCall): void {
  if (!mayAct()) throw new TransientError('the right to hand over has ended');
}
