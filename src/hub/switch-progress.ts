import type { Assignment, ServiceInstance } from '../api/service-instance.ts';
import type { EvidenceLine } from '../decide/evidence.ts';
import { keyOf } from '../kube/object.ts';
import type { ServiceProgress } from '../report/switch.ts';
import type { HubContext } from './context.ts';
import { epochsIn } from './instance-view.ts';

/** A move that the placement loop has just recorded. */
export interface Move {
  readonly instance: ServiceInstance;
  readonly from: string;
  readonly next: Assignment;
  /** Wall-clock milliseconds of the last sign of life of the region that it leaves. */
  readonly lastSignAt: number | undefined;
  readonly decidedAt: number;
  /** What was known then of the region that it leaves. */
  readonly evidence: readonly EvidenceLine[];
  /** How far the data was behind in the region that it goes to, as known then; undefined: unknown. */
  readonly dataLagSeconds?: number | undefined;
  readonly dataLossObjectiveSeconds?: number | undefined;
}

/** A service of a switch that has just been begun. */
export const begin = ({ decidedAt, from, instance, lastSignAt, next, ...data }: Move): ServiceProgress => ({
  name: keyOf(instance),
  from,
  to: next.activeRegion,
  epoch: next.epoch,
  decidedAt,
  lastSignAt,
  promotedAt: undefined,
  readyAt: undefined,
  trafficMoved: false,
  cleanedUp: false,
  protected: false,
  superseded: false,
  dataLagSeconds: data.dataLagSeconds,
  dataLossObjectiveSeconds: data.dataLossObjectiveSeconds,
});

/** A service that has a place in one region only cannot be protected: nothing is waited for. */
function isProtected(instance: ServiceInstance | undefined): boolean {
  const condition = instance?.status?.conditions?.find(({ type }) => type === 'Protected');
  return condition?.status === 'True' || condition?.reason === 'TierHasNoSecondary';
}

/** Where it stands by what the regions report now. What has happened once stays so. */
export function advance(context: HubContext, progress: ServiceProgress, now: number): ServiceProgress {
  const { epoch, from, name, to } = progress;
  const assignment = context.assignments.get(name);
  const target = context.links.get(to)?.services.store.get(name)?.status;
  const instance = context.instances.store.get(name);
  const isPromoted = epochsIn(context, name, to).grantedEpoch >= epoch;
  const isReady = (target?.epoch ?? 0) >= epoch && target?.phase === 'Active';
  const isReported = instance?.status?.placements?.some(
    (p) => p.region === to && p.role === 'Active' && p.epoch >= epoch,
  );
  return {
    ...progress,
    promotedAt: progress.promotedAt ?? (isPromoted ? now : undefined),
    readyAt: progress.readyAt ?? (isReady ? now : undefined),
    trafficMoved: progress.trafficMoved || isReported === true,
    cleanedUp: progress.cleanedUp || epochsIn(context, name, from).standbyEpoch >= epoch,
    protected: progress.protected || (isReported === true && isProtected(instance)),
    // A later epoch in the same region moves nothing: its successors changed.
    superseded:
      progress.superseded ||
      (assignment !== undefined && assignment.epoch > epoch && assignment.activeRegion !== to) ||
      !instance,
  };
}
