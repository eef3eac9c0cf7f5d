import type { Assignment, ServiceInstance } from '../api/service-instance.ts';
import { involvedRegions, isPlanned, openEntries } from '../decide/assignment.ts';
import { canPromote, type Permission, type RegionFacts } from '../decide/authority.ts';
import { isAnswering } from '../decide/diagnosis.ts';
import { isConverting } from '../decide/mode-change.ts';
import { type Clock, elapsedAtLeast, type Instant } from '../runtime/clock.ts';
import type { HubContext } from './context.ts';
import { epochsIn } from './instance-view.ts';

/**
 * When this leader last acknowledged a service to a region, noted before the acknowledgement is sent: what never
 * arrived counts as arrived. A new leader knows of none of its predecessor's and counts from its own start instead.
 */
export class GrantBook {
  readonly #clock: Clock;
  #acknowledged = new Map<string, Map<string, Instant>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  forget(): void {
    this.#acknowledged = new Map();
  }

  note(region: string, services: Iterable<string>): void {
    const now = this.#clock.now();
    const times = this.#acknowledged.get(region) ?? new Map<string, Instant>();
    for (const service of services) times.set(service, now);
    this.#acknowledged.set(region, times);
  }

  sinceMs(region: string, service: string): number | undefined {
    const at = this.#acknowledged.get(region)?.get(service);
    return at && elapsedAtLeast(at, this.#clock.now());
  }
}

const openHistory = (context: Pick<HubContext, 'links'>, key: string, { history }: Assignment) =>
  openEntries(history, (region) => epochsIn(context, key, region));

/** May the active region of `assignment` be given its right now? See `decide/authority.ts` for the rules. */
export function mayPromote(
  context: Pick<HubContext, 'links' | 'grants' | 'leadership' | 'diagnoses'>,
  key: string,
  instance: ServiceInstance,
  assignment: Assignment,
  waitMs: number,
): Permission {
  const regions = new Map<string, RegionFacts>();
  for (const region of involvedRegions(instance, assignment)) {
    // What may be running without a right is not waited out: neither here nor, of an earlier mode, elsewhere.
    const isAsked = isPlanned(assignment) && isAnswering(context.diagnoses.get(region));
    const mustConfirm = isAsked || isConverting(openHistory(context, key, assignment));
    regions.set(region, {
      ...epochsIn(context, key, region),
      sinceAckMs: context.grants.sinceMs(region, key),
      mustConfirm,
    });
  }
  return canPromote({ assignment, regions, sinceLeadMs: context.leadership.sinceMs(), waitMs });
}
