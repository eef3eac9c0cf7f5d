import type { ConditionState } from '../api/conditions.ts';
import type { RegionalService } from '../api/regional-service.ts';
import type { Fencing, StandbyMode, View } from '../api/service-class.ts';
import type { Assignment, HoldStatus, Placement as PlacementStatus, ServiceInstance } from '../api/service-instance.ts';
import type { RegionState } from '../decide/diagnosis.ts';
import type { Placement } from '../decide/placement.ts';
import type { Refusal } from '../decide/refusal.ts';
import type { RegionCapacity } from '../decide/region-capacity.ts';
import { describeHold } from './hold.ts';
import { type PeerFacts, peerReady, standbyIn } from './peer.ts';

/** All that the status of an instance is made from. */
export interface InstanceFacts {
  readonly instance: ServiceInstance;
  readonly plan: Placement | Refusal;
  readonly assignment: Assignment | undefined;
  /** The orders as the regions report them. */
  readonly orders: ReadonlyMap<string, RegionalService>;
  readonly regionStates: ReadonlyMap<string, RegionState>;
  readonly capacities: readonly RegionCapacity[];
  readonly hold: HoldStatus | undefined;
  /** What stops the old side of an active/backup service, as its class says; undefined for every other one. */
  readonly fencing: Fencing | undefined;
  /** What runs where it stands by, as its class says; absent for what does not stand by. */
  readonly standby?: StandbyMode | undefined;
  /** What its secondary regions show, as its class says; absent for what is not served in several regions. */
  readonly view?: View | undefined;
  /** Regions without a place any more that serve it still; only of what is served in several regions. */
  readonly leaving?: readonly string[];
  /** Whether what it needs is ready in the region that is active; none where it needs nothing. */
  readonly dependencies?: readonly ConditionState[];
}

function roleIn({ assignment, instance, view }: InstanceFacts, mode: string, region: string): PlacementStatus['role'] {
  if (mode === 'Backup' && region !== assignment?.activeRegion) return 'Standby';
  return mode !== 'None' && view === 'Limited' && region !== instance.spec.primaryRegion ? 'ActiveLimited' : 'Active';
}

/** The regions of the plan, as they are seen. */
export function regionsSeen({ orders, plan, regionStates }: InstanceFacts): PeerFacts[] {
  if (!plan.ok || plan.mode !== 'Backup') return [];
  return plan.regions.map(({ region, standby = 0 }) => ({
    region,
    planned: standby,
    state: regionStates.get(region),
    order: orders.get(region),
  }));
}

const peersOf = (facts: InstanceFacts): PeerFacts[] =>
  regionsSeen(facts).filter(({ region }) => facts.assignment && region !== facts.assignment.activeRegion);

/** An order that the region has not followed yet says nothing about the present. */
const isFollowed = (order: RegionalService | undefined, assignment: Assignment): order is RegionalService =>
  order?.status?.epoch === assignment.epoch && order.status.observedGeneration === order.metadata.generation;

export function placementsOf(facts: InstanceFacts): PlacementStatus[] {
  const { plan, assignment } = facts;
  if (!plan.ok || !assignment) return [];
  const peers = new Map(peersOf(facts).map((peer) => [peer.region, peer]));
  return plan.regions.map(({ region, planned }) => {
    const order = facts.orders.get(region);
    const peer = facts.standby === undefined ? undefined : peers.get(region);
    const isKnown = facts.regionStates.get(region) === 'Healthy' && order?.status !== undefined;
    return {
      region,
      role: roleIn(facts, plan.mode, region),
      phase: (isKnown && order.status?.phase) || 'Unknown',
      epoch: order?.spec.epoch ?? 0,
      planned,
      ready: isKnown ? (order.status?.components ?? []).reduce((sum, c) => sum + c.ready, 0) : 0,
      ...(peer && facts.standby && { standby: standbyIn(peer, facts.standby) }),
    };
  });
}

function placed(facts: InstanceFacts): ConditionState {
  const { plan } = facts;
  if (!plan.ok) return { type: 'Placed', status: 'False', reason: plan.reason, message: plan.message };
  const [refusal] = plan.refusals;
  if (refusal) return { type: 'Placed', status: 'False', reason: refusal.reason, message: refusal.message };
  return {
    type: 'Placed',
    status: 'True',
    reason: 'AsDeclared',
    message: `planned in ${plan.regions.map((r) => r.region).join(', ')}`,
  };
}

function capacityReserved(facts: InstanceFacts): ConditionState {
  const { plan } = facts;
  const regions = new Set(plan.ok ? plan.regions.map((r) => r.region) : []);
  const full = facts.capacities.find((capacity) => regions.has(capacity.region) && !capacity.fits);
  return full
    ? { type: 'CapacityReserved', status: 'False', reason: 'CapacityExceeded', message: full.message }
    : { type: 'CapacityReserved', status: 'True', reason: 'AsDeclared', message: 'the largest single failure fits' };
}

/**
 * What keeps the service from running in a region until somebody changes something there, as its agent says; undefined
 * when nothing does, and when the region is not seen.
 */
function stalledIn(
  { orders, regionStates }: InstanceFacts,
  region: string,
): Pick<ConditionState, 'reason' | 'message'> | undefined {
  const order = regionStates.get(region) === 'Healthy' ? orders.get(region) : undefined;
  const seen = order?.status?.conditions?.find(
    ({ reason, status, type }) => (type === 'Stalled' && status === 'True') || reason === 'DataStoreRebuildNeeded',
  );
  return seen && { reason: seen.reason, message: `region ${region}: ${seen.message}` };
}

/** Of a service that serves in several regions: those that it is on its way out of serve until those it enters do. */
function servedOnTheWay({ leaving = [], plan }: InstanceFacts): ConditionState | undefined {
  const [region] = leaving;
  if (region === undefined || !plan.ok || plan.mode !== 'Active') return undefined;
  const message = `region ${region} serves it until ${plan.regions.map((placed) => placed.region).join(', ')} does`;
  return { type: 'Available', status: 'True', reason: 'Moving', message };
}

/** A service that serves in several regions is served as long as one of them does, also without its primary one. */
function servedElsewhere({ orders, plan, regionStates }: InstanceFacts): ConditionState | undefined {
  if (!plan.ok || plan.mode !== 'Active') return undefined;
  const serving = plan.regions.find(
    ({ region }) => regionStates.get(region) === 'Healthy' && orders.get(region)?.status?.phase === 'Active',
  );
  const message = `served in region ${serving?.region}`;
  return serving && { type: 'Available', status: 'True', reason: 'ActiveHere', message };
}

/** Ready in the region that is active, at the epoch of the assignment, as far as that region can be seen. */
function available(facts: InstanceFacts): ConditionState {
  const served = servedInActiveRegion(facts);
  return served.status === 'True' ? served : (servedOnTheWay(facts) ?? servedElsewhere(facts) ?? served);
}

function servedInActiveRegion(facts: InstanceFacts): ConditionState {
  const { assignment } = facts;
  if (!assignment) {
    return {
      type: 'Available',
      status: 'False',
      reason: facts.hold?.reason ?? 'Progressing',
      message: facts.hold?.message ?? 'not assigned yet',
    };
  }
  const region = assignment.activeRegion;
  const order = facts.orders.get(region);
  if (facts.regionStates.get(region) !== 'Healthy') {
    const state = facts.regionStates.get(region) ?? 'Unknown';
    return {
      type: 'Available',
      status: 'Unknown',
      reason: 'RegionUnreachable',
      message: `region ${region} is ${state}`,
    };
  }
  if (!isFollowed(order, assignment)) {
    return {
      type: 'Available',
      status: 'False',
      reason: 'AwaitingPromotion',
      message: `region ${region} has not followed epoch ${assignment.epoch} yet`,
    };
  }
  const stalled = stalledIn(facts, region);
  if (stalled) return { type: 'Available', status: 'False', ...stalled };
  const stores = order.status?.conditions?.find(({ status, type }) => type === 'DataStoresReady' && status === 'False');
  if (stores) {
    return {
      type: 'Available',
      status: 'False',
      reason: stores.reason,
      message: `region ${region}: ${stores.message}`,
    };
  }
  if (order.status?.phase !== 'Active') {
    const message = `region ${region} is ${order.status?.phase ?? 'silent'} at epoch ${assignment.epoch}`;
    return { type: 'Available', status: 'False', reason: 'AwaitingReadiness', message };
  }
  return {
    type: 'Available',
    status: 'True',
    reason: 'ActiveHere',
    message: `active in region ${region} at epoch ${assignment.epoch}`,
  };
}

/** Whether the active region may be lost now: another one has confirmed that it stands by, and could run the service. */
function protectedNow(facts: InstanceFacts): ConditionState {
  const { assignment, plan } = facts;
  if (!assignment || !plan.ok)
    return { type: 'Protected', status: 'Unknown', reason: 'NotObserved', message: 'not placed yet' };
  if (plan.regions.length < 2) {
    return {
      type: 'Protected',
      status: 'False',
      reason: 'TierHasNoSecondary',
      message: 'the service has a place in one region only',
    };
  }
  const others = plan.regions.map((r) => r.region).filter((region) => region !== assignment.activeRegion);
  const standing = others.filter(
    (region) => facts.regionStates.get(region) === 'Healthy' && standsBy(facts, plan.mode, region, assignment),
  );
  const ready = standing.find((region) => !stalledIn(facts, region));
  if (ready) {
    const what = plan.mode === 'Backup' ? 'has confirmed that it stands by' : 'serves too';
    return { type: 'Protected', status: 'True', reason: 'StandbyConfirmed', message: `region ${ready} ${what}` };
  }
  const stalled = standing.map((region) => stalledIn(facts, region)).find((one) => one !== undefined);
  if (stalled) return { type: 'Protected', status: 'False', ...stalled };
  const busy = dataStoresReady(facts).find(({ reason }) => reason === 'DataStoreNotDemoted');
  if (busy) return { ...busy, type: 'Protected', status: 'False' };
  return {
    type: 'Protected',
    status: 'False',
    reason: 'StandbyNotConfirmed',
    message: `not confirmed by ${others.join(', ')}`,
  };
}

function standsBy(facts: InstanceFacts, mode: string, region: string, assignment: Assignment): boolean {
  const order = facts.orders.get(region);
  return mode === 'Backup' ? (order?.status?.standbyEpoch ?? 0) >= assignment.epoch : order?.status?.phase === 'Active';
}

/** Stated only where something should run on standby: of a cold one `Protected` says all there is. */
function peerState(facts: InstanceFacts): ConditionState[] {
  const { assignment, plan, standby } = facts;
  const isOwed = plan.ok && plan.regions.length > 1 && standby !== undefined && standby !== 'Cold';
  return isOwed && assignment ? [peerReady(peersOf(facts), standby, assignment)] : [];
}

/** What the regions say of the data stores: the active one first, then what a switch would find elsewhere. */
function dataStoresReady(facts: InstanceFacts): ConditionState[] {
  const active = facts.assignment?.activeRegion;
  const regions = [...facts.orders.keys()].sort((x, y) => Number(y === active) - Number(x === active));
  const said = regions.flatMap((region) => {
    const seen = facts.orders.get(region)?.status?.conditions?.find((c) => c.type === 'DataStoresReady');
    if (!seen) return [];
    const { message, reason, status } = seen;
    return [{ type: 'DataStoresReady' as const, status, reason, message: `region ${region}: ${message}` }];
  });
  const [worst = said[0]] = said.filter(({ status }) => status !== 'True');
  return worst ? [worst] : [];
}

function redundancyMet(facts: InstanceFacts): ConditionState {
  const region = facts.assignment?.activeRegion ?? '';
  const order = facts.orders.get(region);
  if (facts.regionStates.get(region) !== 'Healthy' || !order) {
    return {
      type: 'RedundancyMet',
      status: 'Unknown',
      reason: 'NotObserved',
      message: `nothing is known of region ${region}`,
    };
  }
  const seen = order.status?.conditions?.find((c) => c.type === 'RedundancyMet');
  if (!seen) return { type: 'RedundancyMet', status: 'Unknown', reason: 'NotObserved', message: 'not reported yet' };
  return { type: 'RedundancyMet', status: seen.status, reason: seen.reason, message: seen.message };
}

/** Stated only while a region is left out: it is a fact about the next loss, and no fault of the service. */
function successorsComplete({ assignment, instance }: InstanceFacts): ConditionState[] {
  const { primaryRegion, secondaryRegions } = instance.spec;
  const out = [primaryRegion, ...secondaryRegions].filter((region) => assignment?.leftOut?.includes(region));
  if (!assignment || out.length === 0) return [];
  const message =
    `${out.join(', ')} was lost and may not follow region ${assignment.activeRegion} before it is back, stable, and has ` +
    `confirmed that it stands by; the successors are ${assignment.successors.join(', ')}`;
  return [{ type: 'SuccessorsComplete', status: 'False', reason: 'SuccessorLost', message }];
}

function held(facts: InstanceFacts): ConditionState[] {
  if (!facts.hold) return [];
  const { wanted, reason } = facts.hold;
  return [{ type: 'Held', status: 'True', reason, message: `${wanted}: ${describeHold(facts.hold)}` }];
}

/** Said with every instance that is ready, so that nobody takes the one for the other. */
const FENCING: Readonly<Record<Fencing, string>> = {
  Agent: ' (fenced by agents only: nodes that outlive both their API server and their agents are not stopped)',
  Gate: ' (fenced by agents, and by a gate in front of each process that writes)',
};

/** What only somebody can change: no place, or a region that cannot run it as it is set up. */
const stuckBy = (details: readonly ConditionState[]): ConditionState | undefined =>
  details.find(({ reason, status, type }) => status === 'False' && (type === 'Placed' || reason === 'GateNotSet'));

/** Conditions of an instance; `Ready` sums up the others. */
export function instanceConditions(facts: InstanceFacts): ConditionState[] {
  const serves = available(facts);
  const details = [
    placed(facts),
    capacityReserved(facts),
    serves,
    redundancyMet(facts),
    protectedNow(facts),
    ...peerState(facts),
  ];
  const needed = details.filter((c) => c.type !== 'Protected' || (facts.plan.ok && facts.plan.regions.length > 1));
  const failing = needed.find((c) => c.status !== 'True');
  const stuck = stuckBy(needed);
  const fencing = facts.fencing ? FENCING[facts.fencing] : '';
  const ready: ConditionState = failing
    ? {
        type: 'Ready',
        status: failing.status === 'Unknown' ? 'Unknown' : 'False',
        reason: failing.reason,
        message: failing.message,
      }
    : { type: 'Ready', status: 'True', reason: 'AsDeclared', message: `${serves.message}${fencing}` };
  const isWorking = failing !== undefined && !stuck;
  return [
    ready,
    {
      type: 'Reconciling',
      status: isWorking ? 'True' : 'False',
      reason: isWorking ? 'Progressing' : 'AsDeclared',
      message: failing?.message ?? '',
    },
    {
      type: 'Stalled',
      status: stuck ? 'True' : 'False',
      reason: stuck?.reason ?? 'AsDeclared',
      message: stuck?.message ?? '',
    },
    ...details,
    ...dataStoresReady(facts),
    ...successorsComplete(facts),
    ...(facts.dependencies ?? []),
    ...held(facts),
  ];
}
