import type { CrossRegionMode } from '../api/service-class.ts';
import type { Assignment, AssignmentEntry, ServiceInstance } from '../api/service-instance.ts';

/** More entries than this may not be carried: the next change must wait for a confirmation. */
export const HISTORY_LIMIT = 12;

/** What a region has said of itself for one service. Neither ever falls, so an old value is safe. */
export interface RegionEpochs {
  /** Highest epoch at which the region confirmed that it stands by; 0 when unknown. */
  readonly standbyEpoch: number;
  /** Highest epoch for which the region recorded a grant; 0 when unknown. */
  readonly grantedEpoch: number;
}
export type EpochsOf = (region: string) => RegionEpochs;

export interface Intent {
  readonly activeRegion: string;
  readonly successors: readonly string[];
  readonly onHubLoss: Assignment['onHubLoss'];
  /** Absent: as before. */
  readonly mode?: CrossRegionMode | undefined;
  readonly reason: Assignment['reason'];
  /** The RegionSwitch of a person that it carries out. */
  readonly regionSwitch?: string;
  /** Failovers from home in a row, this one included. */
  readonly homeLosses?: number;
  /** Regions with a place that were lost and may not follow. */
  readonly leftOut?: readonly string[];
}

/**
 * The entries of a history at which their region may still run. An entry is over when
 * - its region has confirmed `Standby` at a later epoch, or
 * - a region recorded a grant at a later epoch: that grant was given only after every other region was known to be
 *   stopped, or could run on with promises of that region alone, which had ended when it recorded the grant; none of them
 *   has been given a right since but at a later entry, and the region that was granted follows no lower epoch any more.
 */
export function openEntries(history: readonly AssignmentEntry[], epochsOf: EpochsOf): AssignmentEntry[] {
  const granted = history.filter(({ epoch, region }) => epochsOf(region).grantedEpoch >= epoch);
  const settled = Math.max(0, ...granted.map(({ epoch }) => epoch));
  return history.filter(({ epoch, region }) => epoch >= settled && epochsOf(region).standbyEpoch <= epoch);
}

/**
 * The next assignment: the epoch rises by one. History keeps every epoch at which some region may still run.
 * Returns undefined when the history is full: then only a confirmation or a grant makes room.
 */
export function nextAssignment(
  current: Assignment | undefined,
  intent: Intent,
  epochsOf: EpochsOf,
  now: string,
): Assignment | undefined {
  const epoch = (current?.epoch ?? 0) + 1;
  const kept = openEntries(current?.history ?? [], epochsOf);
  if (kept.length >= HISTORY_LIMIT) return undefined;
  const { onHubLoss, mode = current?.mode } = intent;
  const inMode = mode === undefined ? {} : { mode };
  const entry = { epoch, region: intent.activeRegion, successors: [...intent.successors], onHubLoss, ...inMode };
  return {
    epoch,
    activeRegion: intent.activeRegion,
    successors: [...intent.successors],
    onHubLoss,
    ...inMode,
    reason: intent.reason,
    ...(intent.regionSwitch === undefined ? {} : { regionSwitch: intent.regionSwitch }),
    ...(intent.homeLosses === undefined ? {} : { homeLosses: intent.homeLosses }),
    ...(intent.leftOut?.length ? { leftOut: [...intent.leftOut] } : {}),
    ...runAfter(current, intent.activeRegion, epoch),
    // A region that only stays active was not moved: cool-down counts from the last move.
    since: current?.activeRegion === intent.activeRegion ? current.since : now,
    history: [...kept, entry],
  };
}

/** First epoch of the unbroken run of entries, ending with the present one, that name the active region. */
export function firstEpochOfRun(assignment: Assignment): number {
  let first = assignment.epoch;
  for (const entry of assignment.history.toReversed()) {
    if (entry.region !== assignment.activeRegion) break;
    first = entry.epoch;
  }
  return first;
}

/** Which run of the region this is: kept apart from the history, which forgets what is over. */
function runAfter(current: Assignment | undefined, next: string, epoch: number) {
  if (!current) return { activeSinceEpoch: epoch, beganIn: next };
  const origin = current.beganIn === undefined ? {} : { beganIn: current.beganIn };
  if (current.activeRegion !== next) return { ...origin, activeSinceEpoch: epoch, cameFrom: current.activeRegion };
  const { activeSinceEpoch = firstEpochOfRun(current), cameFrom } = current;
  return {
    ...origin,
    activeSinceEpoch,
    ...(cameFrom === undefined ? {} : { cameFrom }),
  };
}

interface KnownOrder {
  readonly epoch: number;
  readonly activeSinceEpoch?: number | undefined;
  readonly cameFrom?: string | undefined;
  readonly beganIn?: string | undefined;
  readonly activeRegion: string;
  readonly successors: readonly string[];
  readonly onHubLoss: Assignment['onHubLoss'];
  readonly mode?: CrossRegionMode;
}

const entryOf = (order: KnownOrder): AssignmentEntry => ({
  epoch: order.epoch,
  region: order.activeRegion,
  successors: [...order.successors],
  onHubLoss: order.onHubLoss,
  ...(order.mode === undefined ? {} : { mode: order.mode }),
});

/**
 * What is active where, rebuilt from the orders that the regions hold, when the hub has lost it: the highest epoch
 * wins, nothing moves. `known` is what an older copy of the hub still knew. Returns undefined when no region holds an
 * order that is newer than that.
 */
export function rebuildAssignment(
  orders: readonly KnownOrder[],
  now: string,
  known?: Assignment,
): Assignment | undefined {
  const sorted = orders.toSorted((x, y) => x.epoch - y.epoch);
  const highest = sorted.at(-1);
  if (!highest || highest.epoch <= (known?.epoch ?? -1)) return undefined;
  const entries = new Map((known?.history ?? []).map((entry): [number, AssignmentEntry] => [entry.epoch, entry]));
  for (const order of sorted) entries.set(order.epoch, entryOf(order));
  return {
    epoch: highest.epoch,
    activeRegion: highest.activeRegion,
    successors: [...highest.successors],
    onHubLoss: highest.onHubLoss,
    ...(highest.mode === undefined ? {} : { mode: highest.mode }),
    reason: 'Assigned',
    ...(known?.homeLosses === undefined ? {} : { homeLosses: known.homeLosses }),
    ...leftOutAfter(known, highest),
    since: now,
    ...(highest.activeSinceEpoch === undefined ? {} : { activeSinceEpoch: highest.activeSinceEpoch }),
    ...(highest.cameFrom === undefined ? {} : { cameFrom: highest.cameFrom }),
    ...(highest.beganIn === undefined ? {} : { beganIn: highest.beganIn }),
    history: [...entries.values()].toSorted((x, y) => x.epoch - y.epoch).slice(-HISTORY_LIMIT),
  };
}

/**
 * Whether a region was told something else at the very epoch of the assignment. Two hubs have decided it, each without the
 * other; one of them alone gave rights at it. The region takes no other order of that epoch, so another epoch must follow.
 */
export const collides = (orders: readonly KnownOrder[], { activeRegion, epoch, successors }: Assignment): boolean =>
  orders.some(
    (order) =>
      order.epoch === epoch &&
      order.mode !== 'Active' &&
      (order.activeRegion !== activeRegion ||
        order.successors.length !== successors.length ||
        order.successors.some((region) => !successors.includes(region))),
  );

/** Regions that a service has a place in by its spec, the primary one first. */
export const regionsOf = (instance: Pick<ServiceInstance, 'spec'>): string[] => [
  instance.spec.primaryRegion,
  ...instance.spec.secondaryRegions,
];

/** The orders do not tell who was left out; what is known of it stays, as far as it still fits. */
function leftOutAfter(known: Assignment | undefined, { activeRegion, successors }: KnownOrder) {
  const leftOut = known?.leftOut?.filter((region) => region !== activeRegion && !successors.includes(region)) ?? [];
  return leftOut.length > 0 && successors.length > 0 ? { leftOut } : {};
}

/** Whether a region was taken out of the successors because it was lost, and is not one again. */
export const isLeftOut = ({ leftOut }: Pick<Assignment, 'leftOut'>, region: string): boolean =>
  leftOut?.includes(region) ?? false;

/** Regions in which something of the service may run or has to be told to stop: those of the spec and of the history. */
export function involvedRegions(instance: Pick<ServiceInstance, 'spec'>, assignment: Assignment | undefined): string[] {
  const regions = new Set(regionsOf(instance));
  for (const entry of assignment?.history ?? []) regions.add(entry.region);
  return [...regions];
}

/**
 * Whether the region that is left can be asked to stop: then its confirmation is waited for, and not the end of its right.
 *
 * A sick region is one of these. It answers, so it can say that nothing is left, and as long as it does not, something is:
 * where pods do not get ready, nodes and kubelets are the last that should be trusted to have stopped what they were told
 * to stop. To wait costs little, because what is moved did not serve. When the region falls silent meanwhile it is lost
 * like any other, and the end of its rights is waited for.
 */
export const isPlanned = ({ reason }: Pick<Assignment, 'reason'>): boolean =>
  reason === 'SwitchedBack' || reason === 'Moved' || reason === 'Evacuated' || reason === 'RegionSick';

/** The region that the service was last moved away from, as far as the history knows. */
export const regionLeft = ({ activeRegion, history }: Assignment): string | undefined =>
  history.findLast((entry) => entry.region !== activeRegion)?.region;
