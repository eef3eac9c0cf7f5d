import { API_VERSION } from '../api/common.ts';
import { RESOURCES } from '../api/resources.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import { type CohortPlan, computeCohorts, type DesiredInstance } from '../decide/cohort.ts';
import type { TenantBook } from '../decide/tenant-scope.ts';
import { ifPresent } from '../kube/errors.ts';
import { forEachConcurrently } from '../runtime/concurrency.ts';
import { Ticker } from '../runtime/ticker.ts';
import type { HubContext } from './context.ts';
import { assertCertain } from './leadership.ts';
import { findUnneeded, tenantsLeft, Vacated } from './unneeded.ts';

/** Held until every region has stopped what belongs to the instance and has forgotten its order. */
export const INSTANCE_FINALIZER = 'switchback.dev/regional-cleanup';
const CONCURRENCY = 16;
/** Many tenants that come at once are planned at once: each plan changes the load of every instance they share. */
const SETTLE_MS = 50;
const SETTLE_AT_MOST_MS = 2_000;
const UNSYNCED_MS = 250;

export interface CohortLoop {
  readonly ticker: Ticker;
  /** The plan as of the last run; undefined before the first one. */
  plan(): CohortPlan | undefined;
  /** Keys of the tenants of an instance, by the plan. */
  tenantsOf(instance: string): readonly string[];
  /** By a plan that was made since this leadership began; undefined before the first one. */
  book(): TenantBook | undefined;
  /** A cache may lag behind what the leader before knew: nothing of what was planned before counts. */
  forgetBook(): void;
}

/**
 * Makes the operator's ServiceInstances those that the tenants need. One pass plans all tenants: what it costs grows
 * with the services, because tenants that share an instance change nothing but its load.
 */
export function createCohortLoop(context: HubContext, onPlanned: () => void): CohortLoop {
  let plan: CohortPlan | undefined;
  let members = new Map<string, string[]>();
  let book: TenantBook | undefined;
  /** Instances that tenants were moved away from: names may lead to them for a while. */
  const vacated = new Vacated(context);
  const ticker = new Ticker({
    clock: context.clock,
    everyMs: 30_000,
    settleMs: SETTLE_MS,
    settleAtMostMs: SETTLE_AT_MOST_MS,
    onError: (error) => context.log('warn', 'Tenants not planned', { error: String(error) }),
    async run(signal) {
      if (!context.leadership.isCertain()) return context.leadership.whenUncertain();
      // The cache that comes last may be empty, and then no event tells that it is whole.
      if (!hasSynced(context)) return { requeueAfterMs: UNSYNCED_MS };
      plan = computeCohorts({
        groups: context.groups.store.list(),
        classes: context.classes.store.list(),
        tenants: context.tenants.store.list().filter((tenant) => !tenant.metadata.deletionTimestamp),
        existing: context.instances.store.list(),
      });
      const left = tenantsLeft(context, plan);
      members = membersOf(plan, left);
      book = bookOf(context, plan, { left, members });
      await forEachConcurrently(plan.instances, CONCURRENCY, (desired) => applyInstance(context, desired, signal));
      const unneeded = findUnneeded(context, plan, left);
      await prune(context, vacated.due(unneeded, left), signal);
      onPlanned();
      return undefined;
    },
  });
  return {
    ticker,
    plan: () => plan,
    tenantsOf: (instance) => members.get(instance) ?? [],
    book: () => book,
    forgetBook: () => {
      book = undefined;
    },
  };
}

/** Of a tenant that is being moved both count: what serves it now, and what will. */
function bookOf(
  { tenants }: Pick<HubContext, 'tenants'>,
  plan: CohortPlan,
  { left, members }: { readonly left: Members; readonly members: Members },
): TenantBook {
  const served = new Map<string, string[]>();
  for (const [instance, tenantsOf] of left) {
    for (const tenant of tenantsOf) served.set(tenant, [...(served.get(tenant) ?? []), instance]);
  }
  return {
    groupOf: (tenant) => (plan.tenants.has(tenant) ? tenants.store.get(tenant)?.spec.iuGroupRef.name : undefined),
    instancesOf: (tenant) => [
      ...(plan.tenants.get(tenant)?.services.map(({ instance }) => instance) ?? []),
      ...(served.get(tenant) ?? []),
    ],
    sizeOf: (instance) => members.get(instance)?.length ?? 0,
  };
}

type Members = ReadonlyMap<string, readonly string[]>;

function membersOf(plan: CohortPlan, left: Members): Map<string, string[]> {
  const members = new Map([...left].map(([instance, tenants]): [string, string[]] => [instance, [...tenants]]));
  for (const [tenant, { services }] of plan.tenants) {
    for (const { instance } of services) {
      const list = members.get(instance);
      if (list) list.push(tenant);
      else members.set(instance, [tenant]);
    }
  }
  return members;
}

/**
 * Nothing is planned, and above all nothing deleted, from a picture that is not whole, or older than this leadership: the
 * leader before may have made instances for tenants that this cache has not heard of.
 */
const hasSynced = ({ groups, classes, tenants, instances }: HubContext): boolean =>
  instances.reflector.synced && [groups, classes, tenants].every(({ reflector }) => reflector.fresh);

async function applyInstance(context: HubContext, desired: DesiredInstance, signal: AbortSignal): Promise<void> {
  assertCertain(context);
  const object: ServiceInstance = {
    apiVersion: API_VERSION,
    kind: 'ServiceInstance',
    metadata: { ...desired.metadata, finalizers: [INSTANCE_FINALIZER] },
    spec: desired.spec,
  };
  await context.applier.ensure(RESOURCES.serviceInstance, object, context.instances.store, { signal });
}

async function prune(context: HubContext, unneeded: readonly ServiceInstance[], signal: AbortSignal): Promise<void> {
  await forEachConcurrently(unneeded, CONCURRENCY, async ({ metadata }) => {
    assertCertain(context);
    const { name, namespace = '', uid } = metadata;
    context.log('info', 'Instance is no longer needed', { instance: `${namespace}/${name}` });
    const options = { signal, ...(uid ? { preconditions: { uid } } : {}) };
    await ifPresent(context.client.delete(RESOURCES.serviceInstance, { name, namespace }, options));
  });
}
