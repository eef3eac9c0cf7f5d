import type { ConditionState } from '../api/conditions.ts';
import type { IUGroup } from '../api/iu-group.ts';
import { FIELD_MANAGERS } from '../api/labels.ts';
import { RESOURCES } from '../api/resources.ts';
import type { TenantDirectory } from '../api/tenant-directory.ts';
import { regionsOf } from '../decide/assignment.ts';
import type { CohortPlan } from '../decide/cohort.ts';
import { isAnswering } from '../decide/diagnosis.ts';
import { computeDirectory, type DirectoryTenant } from '../decide/directory.ts';
import { createServicesLeft, toldRows } from '../decide/tenant-services.ts';
import { ifPresent } from '../kube/errors.ts';
import { keyOf } from '../kube/object.ts';
import { elapsedAtLeast, type Instant } from '../runtime/clock.ts';
import { forEachConcurrently } from '../runtime/concurrency.ts';
import { Ticker, type TickResult } from '../runtime/ticker.ts';
import type { HubContext } from './context.ts';
import { shardHash } from './directory-cache.ts';
import { assertCertain } from './leadership.ts';
import type { RegionLink } from './region-link.ts';

const LOOK_EVERY_MS = 60_000;
/** Many tenants that come one after the other are written in one go. */
const SETTLE_MS = 1_000;
const SETTLE_AT_MOST_MS = 10_000;
const NOT_YET_MS = 1_000;
/** A hub that has just begun to lead reads first: only what still cannot be read then is told. */
const READ_WITHIN_MS = 10_000;
/** Services that move come first. */
const AFTER_MOVE_MS = 5_000;
/** Shards are large, and nobody waits for them. */
const CONCURRENCY = 2;

/**
 * Keeps the tenant directory of one region: what its services need to know of the tenants. A plan of all tenants is made
 * by the cohort loop; this one cuts out what has a place in the region, and writes the shards that changed.
 */
export function createDirectoryLoop(
  context: HubContext,
  link: RegionLink,
  plan: () => CohortPlan | undefined,
  movedAt: () => Instant | undefined,
): Ticker {
  const { region } = link;
  const tell = (state: ConditionState): void => {
    const before = context.directories.get(region);
    context.directories.set(region, state);
    const group = context.links.groupOf(region)?.metadata.name;
    if (group !== undefined && before?.message !== state.message) context.lookAgain.group(group);
  };
  return new Ticker({
    clock: context.clock,
    random: context.random,
    everyMs: LOOK_EVERY_MS,
    settleMs: SETTLE_MS,
    settleAtMostMs: SETTLE_AT_MOST_MS,
    onError: (error) => {
      context.log('warn', 'Tenant directory not written', { region, error: String(error) });
      tell(state('False', 'WriteRefused', `region ${region} does not take its tenant directory: ${String(error)}`));
    },
    async run(signal): Promise<TickResult> {
      const moved = movedAt();
      if (moved && elapsedAtLeast(moved, context.clock.now()) < AFTER_MOVE_MS) return { requeueAfterMs: AFTER_MOVE_MS };
      return writeDirectory(context, link, plan(), tell, signal);
    },
  });
}

const state = (
  status: ConditionState['status'],
  reason: ConditionState['reason'],
  message: string,
): ConditionState => ({ type: 'DirectoryWritten', status, reason, message });

const cannotBeRead = (region: string): ConditionState =>
  state('False', 'NotObserved', `region ${region}: its tenant directory cannot be read (kind TenantDirectory)`);

const runsIn = ({ instances }: HubContext, key: string, region: string): boolean => {
  const instance = instances.store.get(key);
  return instance !== undefined && regionsOf(instance).includes(region);
};

/** Tenants of the group with a place in the region. */
function tenantsOf(context: HubContext, group: IUGroup, region: string, plan: CohortPlan): DirectoryTenant[] {
  const found: DirectoryTenant[] = [];
  const leftOf = createServicesLeft();
  for (const tenant of context.tenants.store.list()) {
    if (tenant.spec.iuGroupRef.name !== group.metadata.name) continue;
    const key = keyOf(tenant);
    const planned = plan.tenants.get(key);
    if (!planned) continue;
    // While a tenant moves, what serves it now has to know of it, and so does what will.
    const left = leftOf(planned, toldRows(tenant.status));
    const isServedHere = left.some((row) => runsIn(context, row.instance, region));
    if (!planned.regions.includes(region) && !isServedHere) continue;
    const outcome = left.length === 0 ? planned : { ...planned, services: [...planned.services, ...left] };
    found.push({ key, spec: tenant.spec, outcome });
  }
  return found;
}

async function writeDirectory(
  context: HubContext,
  link: RegionLink,
  plan: CohortPlan | undefined,
  tell: (state: ConditionState) => void,
  signal: AbortSignal,
): Promise<TickResult> {
  const { leadership, tenants, diagnoses, links } = context;
  const { region, directory } = link;
  if (!leadership.isCertain()) return leadership.whenUncertain();
  const group = links.groupOf(region);
  // Nothing is taken away from a picture that is not whole, or that another hub has drawn.
  if (!context.inheritance.mayWriteTo(region)) return { requeueAfterMs: NOT_YET_MS };
  if (!plan || !group || !tenants.reflector.fresh || !isAnswering(diagnoses.get(region)))
    return { requeueAfterMs: NOT_YET_MS };
  if (!directory.reflector.synced) {
    if (leadership.sinceMs() >= READ_WITHIN_MS) tell(cannotBeRead(region));
    return { requeueAfterMs: NOT_YET_MS };
  }
  const present = directory.store.list();
  const shards = present.filter(({ spec }) => spec.iuGroup === group.metadata.name).map(({ spec }) => spec.shard);
  const desired = computeDirectory(group.metadata.name, tenantsOf(context, group, region, plan), shards);
  const wanted = new Set(desired.map(({ metadata }) => metadata.name));
  await forEachConcurrently(desired, CONCURRENCY, (shard) => apply(context, link, shard, signal));
  // Last, so that no tenant is in no shard meanwhile.
  const unneeded = present.filter(({ metadata }) => !wanted.has(metadata.name));
  await forEachConcurrently(unneeded, CONCURRENCY, ({ metadata: { name } }) => remove(context, link, name, signal));
  tell(state('True', 'AsDeclared', 'every region that answers has the tenant directory'));
  return undefined;
}

async function apply(
  context: HubContext,
  link: RegionLink,
  shard: TenantDirectory,
  signal: AbortSignal,
): Promise<void> {
  const present = link.directory.store.get(shard.metadata.name);
  if (present && shardHash(present) === shardHash(shard)) return;
  assertCertain(context);
  const options = { fieldManager: FIELD_MANAGERS.hub, signal };
  link.directory.store.apply(await link.client.apply(RESOURCES.tenantDirectory, shard, options));
}

async function remove(context: HubContext, link: RegionLink, name: string, signal: AbortSignal): Promise<void> {
  assertCertain(context);
  await ifPresent(link.client.delete(RESOURCES.tenantDirectory, { name }, { signal }));
}
