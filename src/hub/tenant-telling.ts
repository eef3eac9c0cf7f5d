import { isTrue } from '../api/conditions.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import { elapsedAtMost, type Instant } from '../runtime/clock.ts';
import { Ticker } from '../runtime/ticker.ts';
import { isServedNow } from './availability.ts';
import type { HubContext } from './context.ts';

/** Tenants are told when what concerns them has been quiet for so long, and at the latest so long after a first change. */
const QUIET_MS = 2000;
const PATIENCE_MS = 10_000;
/**
 * Later where they are many, by no more than it takes to tell them all. Who hears of a switch half-way has to hear again,
 * and to tell so many in vain delays the services as well as the truth.
 */
const PER_TENANT_MS = 2.5;
const LOOK_AGAIN_MS = 500;
/** Longer than that: without a change there is nobody to tell. */
const EVERY_MS = 60_000;

export interface TenantTelling {
  readonly ticker: Ticker;
  /** Those that it serves will be told. */
  instanceChanged(key: string): void;
  /** All of the group will be told. */
  groupChanged(name: string): void;
}

interface Told {
  ofInstance(key: string): void;
  ofGroup(name: string): void;
}

/** Tenants follow their services, a little later and once for many changes: not each step of a switch is told to each of them. */
export function createTenantTelling(context: TenantTellingContext, tell: Told): TenantTelling {
  const telling = new Telling(context, tell);
  return telling;
}

export type TenantTellingContext = Pick<
  HubContext,
  'assignments' | 'classes' | 'clock' | 'diagnoses' | 'instances' | 'links' | 'tenants'
>;

class Telling implements TenantTelling {
  readonly ticker: Ticker;
  readonly #context: TenantTellingContext;
  readonly #tell: Told;
  readonly #instances = new Set<string>();
  readonly #groups = new Set<string>();
  /** Since when somebody has not been told. */
  #since: Instant | undefined;

  constructor(context: TenantTellingContext, tell: Told) {
    this.#context = context;
    this.#tell = tell;
    this.ticker = new Ticker({
      clock: context.clock,
      everyMs: EVERY_MS,
      settleMs: QUIET_MS,
      settleAtMostMs: () => Math.max(0, Math.max(PATIENCE_MS, this.#allTakeMs()) - this.#waitedMs()),
      run: async () => this.#run(),
    });
  }

  instanceChanged(key: string): void {
    this.#instances.add(key);
    this.#changed();
  }

  groupChanged(name: string): void {
    this.#groups.add(name);
    this.#changed();
  }

  #changed(): void {
    this.#since ??= this.#context.clock.now();
    this.ticker.poke();
  }

  #run() {
    if (this.#waitedMs() < this.#allTakeMs() && this.#isHalfWay()) return { requeueAfterMs: LOOK_AGAIN_MS };
    for (const key of this.#instances) this.#tell.ofInstance(key);
    for (const name of this.#groups) this.#tell.ofGroup(name);
    this.#instances.clear();
    this.#groups.clear();
    this.#since = undefined;
    return undefined;
  }

  #waitedMs(): number {
    return this.#since ? elapsedAtMost(this.#since, this.#context.clock.now()) : 0;
  }

  #allTakeMs(): number {
    return this.#context.tenants.store.size * PER_TENANT_MS;
  }

  /** Whether a service that they would be told of is not served, or is not yet said to be. */
  #isHalfWay(): boolean {
    const { store } = this.#context.instances;
    const ofGroups = [...this.#groups].flatMap((name) => store.byIndex('group', name));
    const changed = [...this.#instances].map((key) => store.get(key));
    return [...ofGroups, ...changed].some((instance) => instance && !this.#isSettled(instance));
  }

  #isSettled(instance: ServiceInstance): boolean {
    return isTrue(instance.status?.conditions, 'Available') && isServedNow(this.#context, instance);
  }
}
