import type { Reason } from '../api/conditions.ts';
import { isHubIsolated, type RegionState } from './diagnosis.ts';
import { decideInstance } from './failover.ts';
import {
  type AssignedService,
  type InstanceDecision,
  type InstanceView,
  regionIn,
  regionsBeingLeft,
} from './instance-view.ts';
import { afterDecision, type Ledger, turnsOf } from './ledger.ts';
import type { Placement } from './placement.ts';
import type { Refusal } from './refusal.ts';
import type { RegionCapacity } from './region-capacity.ts';
import { roomOf } from './room.ts';
import { decideTogether } from './together.ts';

/** A service as the placement loop sees it. What depends on the whole group is worked out anew for each loss. */
export interface ServiceAtStake {
  /** `namespace/name` of the ServiceInstance. */
  readonly key: string;
  readonly serviceClass: string;
  /** 1 is the most important one. */
  readonly slaClass: number;
  readonly view: Omit<InstanceView, 'hubIsolated' | 'failingOver' | 'room'>;
  readonly plan: Placement | Refusal;
  /** Regions that serve it now; more than one only if it is `Active`. */
  readonly servedIn: readonly string[];
  /** Classes that it needs, and their instances that serve the same tenants, by what the objects say. */
  readonly needs?: readonly { readonly serviceClass: string; readonly partners: readonly string[] }[];
}

/** What is known of the regions, and of every service of the group that was ever assigned. */
export interface Surroundings {
  /** The regions of the group that belong to no other one. */
  readonly regions: readonly string[];
  /** By region. */
  readonly states: ReadonlyMap<string, RegionState>;
  readonly assigned: readonly AssignedService[];
  /** One for each region of the group. */
  readonly capacities: readonly RegionCapacity[];
}

/** What becomes of a service that runs in a region when that region is lost. */
export type Fate =
  | { readonly kind: 'Moves'; readonly to: string; readonly instances: number }
  | { readonly kind: 'GoesOn' }
  | { readonly kind: 'Stops'; readonly reason: Reason; readonly message: string };

type Situation = Pick<InstanceView, 'hubIsolated' | 'failingOver' | 'room'>;

/** What the placement loop would see of the group as a whole, were the region lost. */
function situationAfter(lost: string, { assigned, capacities, regions, states }: Surroundings): Situation {
  const stateOf = (region: string): RegionState => (region === lost ? 'Lost' : (states.get(region) ?? 'Unknown'));
  return {
    hubIsolated: isHubIsolated(regions.map(stateOf)),
    failingOver: regionsBeingLeft(assigned, stateOf),
    room: roomOf(capacities),
  };
}

/**
 * The service as the placement loop would see it, were the region lost. What the regions know better than the hub has
 * been adopted by then, and a cool-down is over by itself: it delays a move, it does not keep it from happening.
 */
function viewOfLoss(lost: string, { view }: Pick<ServiceAtStake, 'view'>, situation: Situation): InstanceView {
  const { assignment, rebuilt } = view;
  const isOlder = rebuilt !== undefined && rebuilt.epoch > (assignment?.epoch ?? -1);
  const seen = view.regions.get(lost);
  return {
    ...view,
    ...situation,
    assignment: isOlder ? rebuilt : assignment,
    rebuilt: undefined,
    assignedForMs: Number.POSITIVE_INFINITY,
    regions: seen ? new Map(view.regions).set(lost, { ...seen, state: 'Lost', healthyForMs: 0 }) : view.regions,
  };
}

function runsIn(region: string, { plan }: ServiceAtStake, { assignment, mode }: InstanceView): boolean {
  if (mode !== 'Active' || !plan.ok) return assignment?.activeRegion === region;
  return assignment !== undefined && plan.regions.some((placed) => placed.region === region);
}

const stays = (message: string): Fate => ({ kind: 'Stops', reason: 'StaysInRegion', message });
const ONE_REGION = 'it has no secondary region';

/** A service that runs in several regions is not moved: it is gone only when no other one serves it. */
function fateOfActive(lost: string, { servedIn, view }: ServiceAtStake): Fate {
  if (servedIn.some((region) => region !== lost)) return { kind: 'GoesOn' };
  const others = [view.primary, ...view.secondaries].filter((region) => region !== lost);
  return { kind: 'Stops', reason: 'TargetUnhealthy', message: `it is not served in ${others.join(', ')} now` };
}

/** What becomes of a service that runs in a region when that is lost, by what is decided about it then. */
function fateOf(lost: string, service: ServiceAtStake, view: InstanceView, decision: InstanceDecision): Fate {
  const { mode, primary, secondaries } = view;
  if (mode !== 'None' && [primary, ...secondaries].every((region) => region === lost)) return stays(ONE_REGION);
  if (mode === 'Active') return fateOfActive(lost, service);
  if (decision.kind === 'Assign') {
    const to = decision.intent.activeRegion;
    const { place } = regionIn(view, to);
    return { kind: 'Moves', to, instances: place.ok ? place.instances : 0 };
  }
  if (decision.kind === 'Hold') return { kind: 'Stops', reason: decision.reason, message: decision.message };
  return stays('crossRegion.mode of its class is None');
}

/** A service, and what would become of it; undefined: it does not run in the lost region. */
export interface Outcome {
  readonly service: ServiceAtStake;
  readonly fate: Fate | undefined;
}

/**
 * What becomes of all of them, one after the other, as the placement loop decides: what one takes the next has not. Whether
 * and where a service moves is the answer of the very functions that move it.
 *
 * @param sets services that must live in one region, by key
 */
export function computeFates(
  lost: string,
  services: readonly ServiceAtStake[],
  sets: readonly (readonly string[])[],
  around: Surroundings,
): Outcome[] {
  const { room, ...situation } = situationAfter(lost, around);
  let ledger: Ledger = { room, returning: 0 };
  return turnsOf(services, sets).flatMap((turn) => {
    const seen = turn.map((service) => ({ service, view: viewOfLoss(lost, service, { ...situation, ...ledger }) }));
    if (!seen.some(({ service, view }) => runsIn(lost, service, view)))
      return turn.map((service): Outcome => ({ service, fate: undefined }));
    const decisions = decideTogether(
      seen.map(({ service, view }) => ({ key: service.key, view })),
      ({ view }) => decideInstance(view),
    );
    return seen.map(({ service, view }): Outcome => {
      const decision: InstanceDecision = decisions.get(service.key) ?? { kind: 'Keep' };
      ledger = afterDecision(ledger, view, decision);
      return { service, fate: runsIn(lost, service, view) ? fateOf(lost, service, view, decision) : undefined };
    });
  });
}
