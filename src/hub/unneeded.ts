import { LABELS, MANAGED_BY } from '../api/labels.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import type { CohortPlan } from '../decide/cohort.ts';
import { createServicesLeft, toldRows } from '../decide/tenant-services.ts';
import { keyOf } from '../kube/object.ts';
import type { HubContext } from './context.ts';
import { Linger, lingerMs } from './linger.ts';

/** Which instances may go: nothing is taken from a tenant before what replaces it serves. */

/**
 * By instance: the tenants that it serves although they are planned to leave it. Their own status says so, and it says
 * something else only when what replaces it is available; so it stands for every leader.
 */
export function tenantsLeft({ tenants }: HubContext, plan: CohortPlan): Map<string, string[]> {
  const left = new Map<string, string[]>();
  const servicesLeft = createServicesLeft();
  for (const tenant of tenants.store.list()) {
    const outcome = plan.tenants.get(keyOf(tenant));
    if (!outcome) continue;
    for (const { instance } of servicesLeft(outcome, toldRows(tenant.status))) {
      const list = left.get(instance);
      if (list) list.push(keyOf(tenant));
      else left.set(instance, [keyOf(tenant)]);
    }
  }
  return left;
}

/**
 * Groups of which some tenant cannot be planned as it stands: a region that was taken out of the group, a class that is
 * missing. Somebody will put that right; until then nothing of the group is deleted for not being needed.
 */
function groupsInDoubt(context: HubContext, plan: CohortPlan): Set<string> {
  const doubtful = new Set<string>();
  for (const tenant of context.tenants.store.list()) {
    const ready = plan.tenants.get(keyOf(tenant))?.conditions.find(({ type }) => type === 'Ready');
    // A tenant whose tier is refused has nothing, or keeps what its status says that it has.
    if (ready?.status !== 'True' && ready?.reason !== 'TierRefused') {
      doubtful.add(tenant.spec.iuGroupRef.name);
    }
  }
  return doubtful;
}

/** Instances of ours that no tenant needs any more. Those that a user made are the user's. */
export function findUnneeded(
  context: HubContext,
  plan: CohortPlan,
  left: ReadonlyMap<string, readonly string[]>,
): ServiceInstance[] {
  const wanted = new Set(plan.instances.map(keyOf));
  const doubtful = groupsInDoubt(context, plan);
  return context.instances.store
    .list()
    .filter(
      (instance) =>
        instance.metadata.labels?.[LABELS.managedBy] === MANAGED_BY &&
        !instance.metadata.deletionTimestamp &&
        !wanted.has(keyOf(instance)) &&
        !left.has(keyOf(instance)) &&
        !doubtful.has(instance.spec.iuGroupRef.name) &&
        context.groups.store.get(instance.spec.iuGroupRef.name) !== undefined &&
        context.classes.store.get(instance.spec.serviceClassRef.name) !== undefined,
    );
}

/** What tenants have left stays until no name leads to it any more; what had tenants that are gone need not. */
export class Vacated {
  readonly #context: HubContext;
  readonly #linger: Linger;
  readonly #keys = new Set<string>();

  constructor(context: HubContext) {
    this.#context = context;
    this.#linger = new Linger(context.clock);
  }

  due(unneeded: readonly ServiceInstance[], left: ReadonlyMap<string, unknown>): ServiceInstance[] {
    for (const key of this.#keys) if (!this.#context.instances.store.get(key)) this.#forget(key);
    for (const key of left.keys()) {
      this.#keys.add(key);
      this.#linger.end(key);
    }
    return unneeded.filter((instance) => {
      const key = keyOf(instance);
      const group = this.#context.groups.store.get(instance.spec.iuGroupRef.name);
      return !this.#keys.has(key) || this.#linger.leftMs(key, lingerMs(group)) === 0;
    });
  }

  #forget(key: string): void {
    this.#keys.delete(key);
    this.#linger.end(key);
  }
}
