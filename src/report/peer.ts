import type { ConditionState } from '../api/conditions.ts';
import type { RegionalService } from '../api/regional-service.ts';
import type { StandbyMode } from '../api/service-class.ts';
import type { Assignment, Placement } from '../api/service-instance.ts';
import type { RegionState } from '../decide/diagnosis.ts';
import { shortageOf } from './regional.ts';

/** What the hub sees of a service in one of its regions. */
export interface PeerFacts {
  readonly region: string;
  /** Instances that the plan has there on standby. */
  readonly planned: number;
  readonly state: RegionState | undefined;
  readonly order: RegionalService | undefined;
}

/** Whether the region has followed this very order, so that what it says of its standby is of now. */
const isFollowed = ({ order }: PeerFacts, { epoch }: Assignment): boolean =>
  order?.status?.epoch === epoch &&
  order.status.observedGeneration === order.metadata.generation &&
  (order.status.standbyEpoch ?? 0) >= epoch;

const count = (order: RegionalService | undefined, what: 'planned' | 'ready'): number =>
  (order?.status?.standby?.components ?? []).reduce((sum, component) => sum + component[what], 0);

/** How a service stands by in a region, for its placement. A region that is not seen has nothing ready. */
export function standbyIn(facts: PeerFacts, mode: StandbyMode): NonNullable<Placement['standby']> {
  const isSeen = facts.state === 'Healthy' && facts.order?.status?.standby?.mode === mode;
  return { mode, planned: facts.planned, ready: isSeen ? count(facts.order, 'ready') : 0 };
}

/** Why what should run on standby in a region is not known to be ready; undefined: it is. */
function objectionTo(facts: PeerFacts, mode: StandbyMode, assignment: Assignment): string | undefined {
  const { order, region, state } = facts;
  if (state !== 'Healthy') return `region ${region} is ${state ?? 'Unknown'}`;
  if (!isFollowed(facts, assignment)) return `region ${region} has not confirmed epoch ${assignment.epoch} yet`;
  const standby = order?.status?.standby;
  if (standby?.mode !== mode) return `region ${region} does not stand by ${mode} yet`;
  const shortage = shortageOf(standby);
  return shortage && `region ${region}: ${shortage}`;
}

/**
 * Whether another region stands by as the class wants, with the numbers. One is enough, as for `Protected`: the loss of a
 * third region takes nothing away from the one that would follow.
 */
export function peerReady(peers: readonly PeerFacts[], mode: StandbyMode, assignment: Assignment): ConditionState {
  const type = 'PeerReady';
  const judged = peers.map((peer) => ({ peer, objection: objectionTo(peer, mode, assignment) }));
  const ready = judged.filter(({ objection }) => objection === undefined);
  const open = judged.flatMap(({ objection }) => objection ?? []);
  if (ready.length === 0) {
    return { type, status: 'False', reason: 'StandbyNotReady', message: open.join('; ') || 'there is no other region' };
  }
  const said = ready.map(({ peer }) => `region ${peer.region} stands by ${mode}, ${count(peer.order, 'ready')} ready`);
  return { type, status: 'True', reason: 'StandbyReady', message: [...said, ...open].join('; ') };
}

/**
 * Regions in which readers find a copy that is ready, by what the regions last said, whatever their role: one that is
 * promoted keeps its copy until its active side is ready, and readers stay with it so long.
 */
export const readersIn = (regions: readonly PeerFacts[]): string[] =>
  regions.filter(servesReaders).map(({ region }) => region);

function servesReaders({ order, state }: PeerFacts): boolean {
  const standby = order?.status?.standby;
  return state === 'Healthy' && standby?.mode === 'ReadOnly' && shortageOf(standby) === undefined;
}
