import type { Reason } from '../api/conditions.ts';
import type { CrossRegionMode } from '../api/service-class.ts';
import type { Assignment } from '../api/service-instance.ts';
import { type Intent, openEntries, type RegionEpochs, regionLeft } from './assignment.ts';
import type { FailureClass } from './cool-down.ts';
import type { DataLag } from './data-lag.ts';
import type { RegionState } from './diagnosis.ts';
import type { DrainOrder } from './drain.ts';
import type { Ledger } from './ledger.ts';
import type { Refusal } from './refusal.ts';
import type { Place } from './room.ts';
import { countHomeLosses, type SwitchbackTiming } from './switchback-timing.ts';

/** What is known of one region when it is decided where a service should be active. */
export interface RegionView extends RegionEpochs {
  readonly state: RegionState;
  /** How long it has been healthy without a break; 0 when it is not. */
  readonly healthyForMs: number;
  /** How long it still counts as flapping; 0: it does not. */
  readonly flapsForMs?: number;
  /** Whether it was lost, and has not been well for long enough since. */
  readonly isRecovering?: boolean;
  /** How long it has been lost by the word of everybody (`RegionLost`); absent: it is not. */
  readonly lostForMs?: number;
  /** Whether another service of the same class is not ready there, in a region that is sick. */
  readonly isSick?: boolean;
  /** Whether the hub has read what stands in the region since it began to lead. */
  readonly synced: boolean;
  /** The rule by which nothing of the service may stand there (residency); undefined: it may. */
  readonly refusal: Refusal | undefined;
  /** What it would take there, by its plan. */
  readonly place: Place;
  /** How far the data of the service is behind there; absent: it has no data stores that are handed over. */
  readonly lag?: DataLag;
  /** Whether the service is ready there, in a region that is healthy. */
  readonly isServing?: boolean;
}

export interface FailoverPolicy extends SwitchbackTiming {
  readonly failover: 'Automatic' | 'Manual';
  /** Who said so; absent: the group. */
  readonly failoverOf?: 'group' | 'tenant';
  readonly switchback: 'Automatic' | 'Approval' | 'Manual';
  /** Whether what is not ready leaves a sick region by itself; absent: not. */
  readonly sick?: 'Automatic' | 'Manual';
  readonly promotion: 'Automatic' | 'Approval';
  readonly onHubLoss: Assignment['onHubLoss'];
  /** What becomes of the services of a lost region for which no region has room. */
  readonly whenFull: 'Hold' | 'Overcommit';
  readonly coolDownMs: Readonly<Record<FailureClass, number>>;
  /** Services of the group that may be on their way home at a time; undefined: all. */
  readonly maxReturning: number | undefined;
  /** How long a region must have been lost before it is left out of the successors; absent: it never is. */
  readonly leaveOutAfterMs?: number;
  /** How much data may be lost, as the class says; undefined: it says nothing. */
  readonly objectives?: { readonly dataLossSeconds: number; readonly onLag: 'Proceed' | 'Hold' } | undefined;
}

/** What a RegionSwitch of a person forbids. */
export interface Restraint {
  /** Name of the RegionSwitch. */
  readonly name: string;
  /** The region that it speaks of; undefined: every region of the group. */
  readonly region: string | undefined;
  /** RFC 3339; undefined: until the RegionSwitch is deleted or aborted. */
  readonly until: string | undefined;
  /** How the traffic is led away from its region; absent: it is not. */
  readonly drain?: DrainOrder;
}

export interface Restraints {
  /** Nothing moves by itself out of these regions or into them. The one that lasts longest comes first. */
  readonly freezes: readonly Restraint[];
  /** Nothing goes by itself into these regions, as long as there is another one. */
  readonly keptEmpty: readonly Restraint[];
}

/** Where the others of a set go that must live in one region: nowhere else may this one go. */
export interface TogetherIn {
  readonly region: string;
}

/** The regions of the group as a whole, as this leader sees them. */
export interface GroupView {
  readonly size: number;
  /** Those that are lost to the hub, or have not answered lately. */
  readonly silent: ReadonlySet<string>;
  /** Of how many the orders were read since it began to lead. */
  readonly read: number;
}

export interface InstanceView extends Ledger {
  /** Wall-clock time of the hub, for what persons set by the calendar. */
  readonly nowMs: number;
  /** In force: that of the assignment. */
  readonly mode: CrossRegionMode;
  /** What the class says; absent: the same. */
  readonly wantedMode?: CrossRegionMode;
  /** Regions of the group but the active one that hold an order that needs no right, or that were not read yet. */
  readonly unfencedIn?: readonly string[];
  readonly primary: string;
  /** In order of preference. */
  readonly secondaries: readonly string[];
  readonly assignment: Assignment | undefined;
  /** Rebuilt from the orders in the regions, where these know more than the hub does: it was lost or restored. */
  readonly rebuilt: Assignment | undefined;
  /** Whether a region holds an order of the same epoch that says something else: another hub decided it at the same time. */
  readonly collides?: boolean;
  /** Whether a person has said that the hub before this one is stopped: then regions that cannot be read are not waited for. */
  readonly isVouched?: boolean;
  /** How long ago the assignment was made. */
  readonly assignedForMs: number;
  readonly regions: ReadonlyMap<string, RegionView>;
  /** Whether it is not ready where it is active, for longer than the threshold, in a region that is sick. */
  readonly isSick?: boolean;
  readonly policy: FailoverPolicy;
  readonly hubIsolated: boolean;
  /** Set while this hub follows another one, and may not act for the group yet (`inheritance.ts`). */
  readonly follows?: { readonly reason: Reason; readonly message: string; readonly endsWhen: string } | undefined;
  /** Absent where it is only asked what would be: then nothing is said of it. */
  readonly group?: GroupView;
  /** Whether a person wants it in its primary region. */
  readonly isAskedHome?: boolean;
  /** Regions that other services are being moved away from right now because they were lost. */
  readonly failingOver: ReadonlySet<string>;
  /** Undefined while the RegionSwitches are not read yet: one of them may be a freeze. */
  readonly restraints: Restraints | undefined;
  /** Absent: wherever it has a place. */
  readonly togetherIn?: TogetherIn;
  /** How many services would go home as one with it, itself included: its set is one at a time. Absent: it alone. */
  readonly returningAsOne?: number;
}

/** A service that was assigned, and the highest epoch that its active region recorded as granted. */
export interface AssignedService {
  readonly assignment: Assignment;
  readonly grantedEpoch: number;
}

/**
 * Regions that services were failed over from, and whose services have not all been promoted elsewhere yet. A failover
 * whose target was lost in its turn counts no more: it cannot end, and it must not keep itself from going on.
 */
export function regionsBeingLeft(
  services: readonly AssignedService[],
  stateOf: (region: string) => RegionState | undefined,
): Set<string> {
  const left = new Set<string>();
  for (const { assignment, grantedEpoch } of services) {
    if (assignment.reason !== 'FailedOver' || grantedEpoch >= assignment.epoch) continue;
    if (stateOf(assignment.activeRegion) === 'Lost') continue;
    const region = regionLeft(assignment);
    if (region !== undefined) left.add(region);
  }
  return left;
}

export type InstanceDecision =
  | { readonly kind: 'Keep' }
  | { readonly kind: 'Adopt'; readonly assignment: Assignment }
  | { readonly kind: 'Assign'; readonly intent: Intent; readonly message: string }
  | {
      readonly kind: 'Hold';
      readonly wanted: 'Assigned' | 'FailedOver' | 'SwitchedBack' | 'Moved' | 'Evacuated' | 'ModeChanged';
      readonly reason: Reason;
      readonly message: string;
      /** Set when only time is missing. The message does not say it: it would be another one each second. */
      readonly recheckAfterMs: number | undefined;
      /** What else ends it. */
      readonly endsWhen?: string;
    };

/** Whether a service that is active in `region` is to be active elsewhere. */
export const isMove = (decision: InstanceDecision, region: string): boolean =>
  decision.kind === 'Assign' && decision.intent.activeRegion !== region;

const UNSEEN: RegionView = {
  state: 'Unknown',
  healthyForMs: 0,
  synced: false,
  standbyEpoch: 0,
  grantedEpoch: 0,
  refusal: undefined,
  place: { ok: false, reason: 'NotObserved', message: 'nothing is known of it' },
};

export const regionIn = (view: InstanceView, region: string): RegionView => view.regions.get(region) ?? UNSEEN;

export const placesOf = ({ primary, secondaries }: InstanceView): string[] => [primary, ...secondaries];

/** Places of the service but one, in order of preference. */
export const others = (view: InstanceView, region: string): string[] => placesOf(view).filter((r) => r !== region);

/** Entries of the history at which their region may still run. */
export const openIn = (view: InstanceView, { history }: Assignment) =>
  openEntries(history, (region) => regionIn(view, region));

/** The view after some time in which nothing happened. */
export function viewAfter(view: InstanceView, ms: number): InstanceView {
  if (ms === 0) return view;
  const regions = new Map([...view.regions].map(([name, seen]) => [name, regionAfter(seen, ms)]));
  return { ...view, nowMs: view.nowMs + ms, assignedForMs: view.assignedForMs + ms, regions };
}

const regionAfter = (seen: RegionView, ms: number): RegionView => ({
  ...seen,
  ...(seen.state === 'Healthy' && { healthyForMs: seen.healthyForMs + ms }),
  ...(seen.flapsForMs !== undefined && { flapsForMs: Math.max(0, seen.flapsForMs - ms) }),
  ...(seen.lostForMs !== undefined && { lostForMs: seen.lostForMs + ms }),
});

/** Who may follow: every other place but those that are left out, as long as that leaves one. */
function successorsOf(view: InstanceView, activeRegion: string, leftOut: readonly string[]) {
  const places = view.mode === 'Backup' ? others(view, activeRegion) : [];
  const successors = places.filter((region) => !leftOut.includes(region));
  const out = places.filter((region) => leftOut.includes(region));
  return successors.length > 0 && out.length > 0 ? { successors, leftOut: out } : { successors: places };
}

export function intentFor(
  view: InstanceView,
  activeRegion: string,
  reason: Intent['reason'],
  regionSwitch?: string,
  leftOut: readonly string[] = view.assignment?.leftOut ?? [],
): Intent {
  const { dampingWindowMs, onHubLoss } = view.policy;
  const homeLosses = countHomeLosses({ ...view, dampingWindowMs }, { activeRegion, reason });
  return {
    activeRegion,
    ...successorsOf(view, activeRegion, leftOut),
    onHubLoss,
    mode: view.mode,
    reason,
    ...(regionSwitch === undefined ? {} : { regionSwitch }),
    ...(homeLosses > 0 && { homeLosses }),
  };
}
