import type { Assignment, AssignmentEntry, ServiceInstance } from '../api/service-instance.ts';

/** More entries than this may not be carried: the next change must wait for a confirmation. */
export const HISTORY_LIMIT = 12;

export interface Intent {
  readonly activeRegion: string;
  readonly successors: readonly string[];
  readonly onHubLoss: Assignment['onHubLoss'];
  readonly reason: Assignment['reason'];
}

export const entryOf = (assignment: Assignment): AssignmentEntry => ({
  epoch: assignment.epoch,
  region: assignment.activeRegion,
  successors: assignment.successors,
  onHubLoss: assignment.onHubLoss,
});

/**
 * The next assignment: the epoch rises by one. History keeps every epoch at which some region may still run: an entry
 * goes only when its region has confirmed `Standby` at a later epoch.
 * Returns undefined when the history is full: then only a confirmation makes room.
 */
export function nextAssignment(
  current: Assignment | undefined,
  intent: Intent,
  standbyEpochOf: (region: string) => number,
  since: string,
): Assignment | undefined {
  const epoch = (current?.epoch ?? 0) + 1;
  const kept = (current?.history ?? []).filter((entry) => standbyEpochOf(entry.region) <= entry.epoch);
  if (kept.length >= HISTORY_LIMIT) return undefined;
  const entry = { epoch, region: intent.activeRegion, successors: [...intent.successors], onHubLoss: intent.onHubLoss };
  return {
    epoch,
    activeRegion: intent.activeRegion,
    successors: [...intent.successors],
    onHubLoss: intent.onHubLoss,
    reason: intent.reason,
    since,
    history: [...kept, entry],
  };
}

/**
 * What is active where, rebuilt from the orders that the regions hold, when the hub has lost it: the highest epoch
 * wins, nothing moves. Returns undefined when no region holds an order.
 */
export function rebuildAssignment(
  orders: readonly {
    readonly epoch: number;
    readonly activeRegion: string;
    readonly successors: readonly string[];
    readonly onHubLoss: Assignment['onHubLoss'];
  }[],
  since: string,
): Assignment | undefined {
  const sorted = orders.toSorted((x, y) => x.epoch - y.epoch);
  const highest = sorted.at(-1);
  if (!highest) return undefined;
  const history = sorted
    .filter((order, index) => order.epoch !== sorted[index + 1]?.epoch)
    .map((order) => ({
      epoch: order.epoch,
      region: order.activeRegion,
      successors: [...order.successors],
      onHubLoss: order.onHubLoss,
    }));
  return {
    epoch: highest.epoch,
    activeRegion: highest.activeRegion,
    successors: [...highest.successors],
    onHubLoss: highest.onHubLoss,
    reason: 'Assigned',
    since,
    history: history.slice(-HISTORY_LIMIT),
  };
}

/** Regions that a service has a place in by its spec, the primary one first. */
export const regionsOf = (instance: Pick<ServiceInstance, 'spec'>): string[] => [
  instance.spec.primaryRegion,
  ...instance.spec.secondaryRegions,
];

/** Regions in which something of the service may run or has to be told to stop: those of the spec and of the history. */
export function involvedRegions(instance: Pick<ServiceInstance, 'spec'>, assignment: Assignment | undefined): string[] {
  const regions = new Set(regionsOf(instance));
  for (const entry of assignment?.history ?? []) regions.add(entry.region);
  return [...regions];
}
