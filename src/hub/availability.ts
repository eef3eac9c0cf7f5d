import type { Assignment, ServiceInstance } from '../api/service-instance.ts';
import { regionsOf } from '../decide/assignment.ts';
import { modeOf } from '../decide/mode-change.ts';
import { keyOf } from '../kube/object.ts';
import type { ServedTime } from '../report/availability-metrics.ts';
import { elapsedAtLeast, type Instant } from '../runtime/clock.ts';
import { Ticker } from '../runtime/ticker.ts';
import type { HubContext } from './context.ts';

const LOOK_EVERY_MS = 1000;
/** A service that was never seen to be served is missed only so long after its assignment: until then it starts. */
const START_WITHIN_MS = 300_000;
/** More than that is not made up for when a region is lost: nobody looked. */
const MOST_SILENCE_MS = 600_000;

/** `Unknown`: the hub cannot tell, so it counts for nothing. */
type Service = 'Served' | 'Away' | 'Unknown';

interface LastLook {
  readonly isServed: boolean;
  /** The region that was active when it was last served. */
  readonly servedIn: string | undefined;
}

type Knowledge = Pick<HubContext, 'assignments' | 'classes' | 'diagnoses' | 'links'>;
type Seen = Knowledge & Pick<HubContext, 'clock' | 'instances' | 'leadership'>;

/**
 * Adds up for how long services were without an active side that is ready, as the leader sees it. It looks at its caches
 * once a second, for metrics alone: nothing is decided by it, and nothing is written.
 */
export function createAvailabilityLoop(context: HubContext, onServedTime: (time: ServedTime) => void): Ticker {
  const book = new AvailabilityBook(context, onServedTime);
  return new Ticker({
    clock: context.clock,
    everyMs: LOOK_EVERY_MS,
    run: async () => book.look(),
  });
}

export class AvailabilityBook {
  readonly #context: Seen;
  readonly #tell: (time: ServedTime) => void;
  #lookedAt: Instant | undefined;
  /** Services that this leadership has seen served, or misses. */
  #last = new Map<string, LastLook>();

  constructor(context: Seen, tell: (time: ServedTime) => void) {
    this.#context = context;
    this.#tell = tell;
  }

  look(): void {
    const { assignments, clock, instances, leadership } = this.#context;
    const now = clock.now();
    if (!leadership.isCertain() || !assignments.loaded) {
      this.#lookedAt = undefined;
      this.#last = new Map();
      return;
    }
    const seconds = this.#lookedAt ? Math.max(0, elapsedAtLeast(this.#lookedAt, now)) / 1000 : 0;
    this.#lookedAt = now;
    const before = this.#last;
    this.#last = new Map();
    for (const instance of instances.store.list()) {
      const key = keyOf(instance);
      const assignment = assignments.get(key);
      if (assignment) this.#count(instance, assignment, { before: before.get(key), now, seconds });
    }
  }

  #count(
    instance: ServiceInstance,
    assignment: Assignment,
    {
      before,
      now,
      seconds,
    }: { readonly before: LastLook | undefined; readonly now: Instant; readonly seconds: number },
  ): void {
    const is = serviceOf(this.#context, instance, assignment);
    const isStarting = before === undefined && now.wallMs - Date.parse(assignment.since) < START_WITHIN_MS;
    if (isStarting && is === 'Away') return;
    if (is === 'Unknown') {
      if (before) this.#last.set(keyOf(instance), before);
      return;
    }
    const servedIn = is === 'Served' ? assignment.activeRegion : before?.servedIn;
    this.#last.set(keyOf(instance), { isServed: is === 'Served', servedIn });
    const missed = is === 'Served' ? 0 : seconds;
    const silence = before?.isServed && is === 'Away' ? this.#silenceOf(before.servedIn, now, seconds) : 0;
    this.#tell({
      group: instance.spec.iuGroupRef.name,
      serviceClass: instance.spec.serviceClassRef.name,
      expectedSeconds: seconds,
      unavailableSeconds: missed + silence,
    });
  }

  /**
   * Of a region that has just been found lost: how long it had been silent before, which counted as served. By now the
   * service may be assigned to the next region: that is decided in the same moment.
   */
  #silenceOf(region: string | undefined, now: Instant, seconds: number): number {
    if (region === undefined) return 0;
    const { diagnoses, links } = this.#context;
    const lastSignAt = links.get(region)?.lastSignAt();
    if (diagnoses.get(region)?.state !== 'Lost' || lastSignAt === undefined) return 0;
    return Math.max(0, Math.min(MOST_SILENCE_MS, now.wallMs - lastSignAt) / 1000 - seconds);
  }
}

/** Whether it has an active side that is ready, as far as the hub sees now; false also where it cannot tell. */
export function isServedNow(context: Knowledge, instance: ServiceInstance): boolean {
  const assignment = context.assignments.get(keyOf(instance));
  return assignment !== undefined && serviceOf(context, instance, assignment) === 'Served';
}

function serviceOf(
  { classes, diagnoses, links }: Knowledge,
  instance: ServiceInstance,
  assignment: Assignment,
): Service {
  const serviceClass = classes.store.get(instance.spec.serviceClassRef.name);
  if (!serviceClass) return 'Unknown';
  const mode = modeOf(assignment, serviceClass);
  const regions = mode === 'Active' ? regionsOf(instance) : [assignment.activeRegion];
  const seen = regions.map((region): Service => {
    const link = links.get(region);
    const { state = 'Unknown' } = diagnoses.get(region) ?? {};
    if (state === 'Lost') return 'Away';
    if (!link?.synced || state === 'Unknown') return 'Unknown';
    const status = link.services.store.get(keyOf(instance))?.status;
    // A later epoch in the same region changes nothing of what runs there.
    const isOfThisRun = mode !== 'Backup' || (status?.epoch ?? 0) >= (assignment.activeSinceEpoch ?? assignment.epoch);
    return status?.phase === 'Active' && isOfThisRun ? 'Served' : 'Away';
  });
  if (seen.includes('Served')) return 'Served';
  return seen.includes('Unknown') ? 'Unknown' : 'Away';
}
