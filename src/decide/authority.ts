import type { Assignment, AssignmentEntry } from '../api/service-instance.ts';
import { firstEpochOfRun, openEntries, type RegionEpochs } from './assignment.ts';

/**
 * The hub's half of the authority protocol (design: "who may be active"): may the region that an assignment names be
 * given the right to run the service at that epoch, now?
 *
 * The rules, each of which the simulation removes once to see that it is caught:
 * 1. A region whose agent recorded a grant in the present, unbroken run of epochs is continued without a wait.
 * 2. Else *every* other region of the service, not only the last active one, must be known to be stopped:
 *    either it confirmed `Standby` at this epoch or a later one,
 *    or `wait` has passed since this leader last acknowledged it for the service *and* since this leader began to lead.
 * 3. A wait counts only while the target is a successor at every epoch at which that region may still run, because a
 *    region runs on without the hub only with the promises of all its successors at that epoch (`openEntries`).
 * 4. A region that was ordered to hold on without the hub is never waited out, nor is one that answers while a planned
 *    switch leaves it.
 * 5. Nor is one that recorded a grant in the present run itself, and none below that of the target: another hub gave it, and
 *    who was to follow there is not known. As long as it has not confirmed, nobody is continued either.
 */
export interface RegionFacts extends RegionEpochs {
  /** Least time since this leader last noted an acknowledgement to the region for this service; undefined: never. */
  readonly sinceAckMs: number | undefined;
  /**
   * The region answers, and the move away from it is planned: then nothing is gained by taking it for stopped while its
   * agents are away. Only its confirmation counts.
   */
  readonly mustConfirm?: boolean;
}

export interface AuthorityView {
  readonly assignment: Assignment;
  /** Every region that the service has or ever had a place in, as far as the assignment's history knows. */
  readonly regions: ReadonlyMap<string, RegionFacts>;
  /** Least time since this leader began to lead. */
  readonly sinceLeadMs: number;
  readonly waitMs: number;
}

export type Permission =
  | { readonly ok: true; readonly by: 'Continued' | 'Confirmed' | 'WaitedOut' }
  | {
      readonly ok: false;
      readonly waitingFor: readonly string[];
      /** When to ask again; undefined: only a confirmation helps. */
      readonly remainingMs: number | undefined;
    };

const UNKNOWN: RegionFacts = { standbyEpoch: 0, grantedEpoch: 0, sinceAckMs: undefined };

/** Whether a region that was active by this entry stops by itself without the hub, and `target` may then follow it. */
export const isInFavourOf = (entry: AssignmentEntry, target: string): boolean =>
  entry.onHubLoss === 'Fence' && entry.successors.includes(target);

/** Whether a region that stopped answering is certain to stop by itself, and in favour of the region now assigned. */
function mayBeWaitedOut(view: AuthorityView, region: string): boolean {
  const { activeRegion, history } = view.assignment;
  const open = openEntries(history, (name) => view.regions.get(name) ?? UNKNOWN);
  return open.every((entry) => entry.region !== region || isInFavourOf(entry, activeRegion));
}

const grantedOf = ({ assignment, regions }: AuthorityView): number =>
  (regions.get(assignment.activeRegion) ?? UNKNOWN).grantedEpoch;

/** Whether another region than the one assigned ran in the present run, by what another hub decided. */
const ranBeside = (view: AuthorityView, { grantedEpoch }: RegionFacts): boolean =>
  grantedEpoch >= Math.max(firstEpochOfRun(view.assignment), grantedOf(view));

/** What is known of one other region: known to be stopped, or how long the hub has to wait for that. */
type Verdict =
  | { readonly stopped: true; readonly by: 'Confirmed' | 'WaitedOut' }
  | { readonly stopped: false; readonly remainingMs: number | undefined };

function judge(view: AuthorityView, region: string, facts: RegionFacts): Verdict {
  if (facts.standbyEpoch >= view.assignment.epoch) return { stopped: true, by: 'Confirmed' };
  if (facts.mustConfirm || ranBeside(view, facts) || !mayBeWaitedOut(view, region)) {
    return { stopped: false, remainingMs: undefined };
  }
  const remainingMs = view.waitMs - Math.min(facts.sinceAckMs ?? Number.POSITIVE_INFINITY, view.sinceLeadMs);
  return remainingMs > 0 ? { stopped: false, remainingMs } : { stopped: true, by: 'WaitedOut' };
}

export function canPromote(view: AuthorityView): Permission {
  const target = view.assignment.activeRegion;
  const others = [...view.regions].filter(([region]) => region !== target);
  const verdicts = others.map(([region, facts]) => ({ region, facts, ...judge(view, region, facts) }));
  const running = verdicts.filter((verdict) => !verdict.stopped);
  const isAlone = running.every(({ facts }) => !ranBeside(view, facts));
  if (isAlone && grantedOf(view) >= firstEpochOfRun(view.assignment)) return { ok: true, by: 'Continued' };
  if (running.length === 0) {
    return { ok: true, by: verdicts.some((v) => v.stopped && v.by === 'WaitedOut') ? 'WaitedOut' : 'Confirmed' };
  }
  const waits = running.map((verdict) => verdict.remainingMs ?? Number.POSITIVE_INFINITY);
  const longest = Math.max(...waits);
  return {
    ok: false,
    waitingFor: running.map((verdict) => verdict.region),
    remainingMs: Number.isFinite(longest) ? longest : undefined,
  };
}
