import type { RegionalService } from '../api/regional-service.ts';
import { RIGHT_PROOF_MS } from './timing.ts';

/**
 * What an agent does about one service of its region, now. The rules are those of the authority protocol: it runs a
 * `Backup` service only under a right for exactly this epoch, stops it without one, and says that it stands by only
 * when nothing of it is left.
 */
export type RegionalAction = 'Run' | 'Fence' | 'Confirm' | 'Release' | 'AwaitRight' | 'Rest';

export interface RegionalFacts {
  /** Whether it ran without a right until a moment ago, and none was ever recorded since it needs one; absent: not. */
  readonly isJustConverted?: boolean;
  /** Proved by an acknowledgement of a nonce that this process made since it began to lead. */
  readonly hasRight: boolean;
  /** Whether a right at a lower epoch than that of the order has not ended yet. */
  readonly hasEarlierRight: boolean;
  /** Whether no other agent of the region can lead at this instant. */
  readonly isCertain: boolean;
  /** Whether the orders were read by quorum since this leadership began. */
  readonly isSure: boolean;
  readonly sinceLeadMs: number;
  /** Whether something of it is wanted or exists: a workload above zero, a pod, terminating ones included. */
  readonly isStarted: boolean;
  /** Whether this leadership has fenced it, and not started it since. */
  readonly isFenced: boolean;
  /** Whether it asks for gates and this agent has no settings for them: then it is not run, right or not. */
  readonly lacksGate: boolean;
}

/**
 * A region that was given the service at this epoch may run on without the hub when nobody can be promoted meanwhile:
 * because the policy says so (`Hold`: no promotion without a confirmation from here), or because there is no successor
 * (the promises of all successors are those of nobody).
 */
function runsOnAlone({ spec, status }: RegionalService): boolean {
  const granted = (status?.grantedEpoch ?? 0) >= spec.epoch;
  return granted && (spec.onHubLoss === 'Hold' || spec.successors.length === 0);
}

export function mayRun(order: RegionalService, facts: RegionalFacts): boolean {
  if (facts.lacksGate) return false;
  if (order.spec.mode !== 'Backup') return true;
  if (order.spec.role !== 'Active') return false;
  return facts.hasRight || (facts.isSure && runsOnAlone(order));
}

const isConfirmed = ({ spec, status }: RegionalService): boolean => (status?.standbyEpoch ?? 0) >= spec.epoch;

function decideStop(order: RegionalService, facts: RegionalFacts, whenConfirmed: RegionalAction): RegionalAction {
  if (facts.isStarted) return 'Fence';
  if (isConfirmed(order)) return whenConfirmed;
  // A fence always changes the object, also at zero: it is what makes a start that is still under way fail.
  if (!facts.isFenced) return 'Fence';
  return facts.isCertain && facts.isSure ? 'Confirm' : 'Rest';
}

/**
 * Whether what runs is left alone for a moment although no right for this epoch is proved:
 * - a new leader first tries to prove it: the service may be running under one that the new leader cannot see;
 * - an order that only raised the epoch is older than the acknowledgement that follows it, and what runs has its right
 *   of the epoch before until that ends, as if the order had come later. Nothing is started under it, and what was told
 *   to stand by in between was fenced before it could confirm;
 * - what needed no right under the order before has one when its order asks for it, but may not have heard of it yet.
 */
const mayGoOn = (facts: RegionalFacts): boolean =>
  facts.isStarted &&
  (facts.sinceLeadMs < RIGHT_PROOF_MS ||
    ((facts.hasEarlierRight || facts.isJustConverted === true) && !facts.isFenced));

export function decideRegional(order: RegionalService, facts: RegionalFacts): RegionalAction {
  if (order.metadata.deletionTimestamp) {
    // A service that is active in one region only is awaited by its next region, which has no other sign of the end.
    return order.spec.mode === 'Active' ? 'Release' : decideStop(order, facts, 'Release');
  }
  if (mayRun(order, facts)) return 'Run';
  if (order.spec.role === 'Standby') return decideStop(order, facts, 'Rest');
  if (!facts.lacksGate && mayGoOn(facts)) return 'AwaitRight';
  return facts.isStarted || !facts.isFenced ? 'Fence' : 'Rest';
}
