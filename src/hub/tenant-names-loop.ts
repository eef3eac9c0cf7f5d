import type { ConditionState } from '../api/conditions.ts';
import type { IUGroup } from '../api/iu-group.ts';
import type { GroupTraffic } from '../api/traffic.ts';
import type { CohortPlan, TenantOutcome } from '../decide/cohort.ts';
import { isAccepted } from '../decide/record-set.ts';
import { divide } from '../decide/shards.ts';
import { MOST_RECORDS, type NameRefusal, planTenantNames } from '../decide/tenant-names.ts';
import { createServicesLeft, toldRows } from '../decide/tenant-services.ts';
import { keyOf } from '../kube/object.ts';
import { forEachConcurrently } from '../runtime/concurrency.ts';
import { Ticker } from '../runtime/ticker.ts';
import type { HubContext } from './context.ts';
import { deleteRecords, endpointsOf, ensureGroupRecords, groupEndpointName } from './record-writer.ts';

/** What became of the names of the tenants of a group. */
export interface Naming {
  readonly names: number;
  readonly shards: number;
  /** By `namespace/name` of the tenant. */
  readonly refused: ReadonlyMap<string, NameRefusal>;
  readonly condition: ConditionState;
}

/** Names of tenants never move in a failover, so they are in no hurry. */
const EVERY_MS = 30_000;
const SETTLE_MS = 1000;
const SETTLE_AT_MOST_MS = 5000;
/** Few at a time: a shard is a large object, and what moves services comes first. */
const CONCURRENCY = 2;
const ONLY_SHARD = 'all';

export interface TenantNamesLoop {
  readonly ticker: Ticker;
  /** The tenants were planned, in this leadership. */
  planned(): void;
  /** A leadership begins: what was planned in an earlier one counts no more. */
  forget(): void;
}

/** Writes the names of tenants, in shards of a bounded size. */
export function createTenantNamesLoop(context: HubContext, plan: () => CohortPlan | undefined): TenantNamesLoop {
  let isPlanned = false;
  const ticker = new Ticker({
    clock: context.clock,
    everyMs: EVERY_MS,
    settleMs: SETTLE_MS,
    settleAtMostMs: SETTLE_AT_MOST_MS,
    onError: (error) => context.log('warn', 'Names of tenants not written', { error: String(error) }),
    async run(signal) {
      const current = plan();
      if (!context.leadership.isCertain()) return context.leadership.whenUncertain();
      if (!isPlanned || !current) return undefined;
      for (const group of context.groups.store.list()) await nameTenants(context, group, current, signal);
      return undefined;
    },
  });
  return {
    ticker,
    planned: () => {
      isPlanned = true;
      if (context.groups.store.list().some(({ spec }) => spec.traffic)) ticker.poke();
    },
    forget: () => {
      isPlanned = false;
      context.naming.clear();
    },
  };
}

const isNamed = ({ spec }: IUGroup): boolean => spec.traffic?.tenantNames !== undefined;

async function nameTenants(context: HubContext, group: IUGroup, plan: CohortPlan, signal: AbortSignal): Promise<void> {
  const { name } = group.metadata;
  const before = context.naming.get(name);
  const after = await writeNames(context, group, plan, signal);
  if (after) context.naming.set(name, after);
  else context.naming.delete(name);
  if (said(before) === said(after)) return;
  context.lookAgain.group(name);
  context.lookAgain.tenants(name);
}

const said = (naming: Naming | undefined): string =>
  naming ? JSON.stringify([naming.names, naming.shards, naming.condition, [...naming.refused]]) : '';

/** Names lead to what serves a tenant now: while it is moved that is not yet what is planned. */
function servedOutcomes({ tenants }: HubContext, plan: CohortPlan): ReadonlyMap<string, TenantOutcome> {
  const leftOf = createServicesLeft();
  const moving = new Map<string, TenantOutcome>();
  for (const tenant of tenants.store.list()) {
    const key = keyOf(tenant);
    const planned = plan.tenants.get(key);
    const left = planned ? leftOf(planned, toldRows(tenant.status)) : [];
    if (!planned || left.length === 0) continue;
    const instanceOf = new Map(left.map(({ instance, service }) => [service, instance]));
    const services = planned.services.map((row) => ({ ...row, instance: instanceOf.get(row.service) ?? row.instance }));
    moving.set(key, { ...planned, services });
  }
  return moving.size === 0 ? plan.tenants : new Map([...plan.tenants, ...moving]);
}

async function writeNames(
  context: HubContext,
  group: IUGroup,
  plan: CohortPlan,
  signal: AbortSignal,
): Promise<Naming | undefined> {
  const { name } = group.metadata;
  // Without a domain nothing is said of what is there: services keep their records then too.
  if (!isNamed(group) && !group.spec.traffic) return undefined;
  // Without the cache it is not known how the shards are cut now, nor which are there.
  if (!context.endpoints.reflector.synced) return isNamed(group) ? notThere : undefined;
  const present = endpointsOf(context, name, 'tenants');
  // Nothing to name, and nothing that is left over.
  if (!isNamed(group) && present.length === 0) return undefined;
  const names = planTenantNames(group, {
    groups: context.groups.store.list(),
    tenants: context.tenants.store.list().filter(({ metadata }) => !metadata.deletionTimestamp),
    outcomes: servedOutcomes(context, plan),
    present: present.flatMap(({ spec }) => spec.endpoints),
  });
  const members = [...names.records]
    .filter(([, records]) => records.length > 0)
    .map(([key, records]) => ({ key, size: records.length, records }));
  const prefix = (endpoint: string): string => {
    const part = endpoint.slice(groupEndpointName(name, 'tenants', '').length);
    return part === ONLY_SHARD ? '' : part;
  };
  const shards = divide(
    members,
    present.map(({ metadata }) => prefix(metadata.name)),
    MOST_RECORDS,
  ).map((shard) => ({
    group: name,
    of: 'tenants' as const,
    name: groupEndpointName(name, 'tenants', shard.prefix || ONLY_SHARD),
    records: shard.members.flatMap(({ records }) => records),
  }));
  let isMissing = false;
  await forEachConcurrently(shards, CONCURRENCY, async (shard) => {
    isMissing ||= (await ensureGroupRecords(context, shard, signal)) === undefined;
  });
  if (isMissing) return notThere;
  // Only now: until the new shards are there the old ones hold the names.
  const wanted = new Set(shards.map((shard) => shard.name));
  const leftOver = present.filter(({ metadata }) => !wanted.has(metadata.name));
  await forEachConcurrently(leftOver, CONCURRENCY, (endpoint) => deleteRecords(context, endpoint, signal));
  if (!isNamed(group)) return undefined;
  const count = members.reduce((sum, { size }) => sum + size, 0);
  return { names: count, shards: shards.length, refused: names.refused, condition: conditionFor(names.refused) };
}

const notThere: Naming = {
  names: 0,
  shards: 0,
  refused: new Map(),
  condition: {
    type: 'TrafficWritten',
    status: 'False',
    reason: 'DNSEndpointMissing',
    message: 'names of tenants: kind DNSEndpoint (ExternalDNS) is not installed on the hub, or not read yet',
  },
};

function conditionFor(refused: ReadonlyMap<string, NameRefusal>): ConditionState {
  const [first] = refused;
  const type = 'TrafficWritten';
  if (!first) return { type, status: 'True', reason: 'AsDeclared', message: 'the names of all tenants are written' };
  const [tenant, { message, reason }] = first;
  const others = refused.size > 1 ? `, and ${refused.size - 1} more` : '';
  return { type, status: 'False', reason, message: `tenant ${tenant}: ${message}${others}` };
}

/** For the status of the group. Undefined where no tenant has a name. */
export function describeNaming(context: HubContext, group: string): GroupTraffic['tenants'] {
  const naming = context.naming.get(group);
  if (!naming) return undefined;
  const { names, refused, shards } = naming;
  const accepted = endpointsOf(context, group, 'tenants').filter(isAccepted).length;
  return { names, shards, accepted: Math.min(accepted, shards), refused: refused.size };
}

/** For the status of a tenant. None where tenants have no names, or it was not looked at yet. */
export function namingOf(context: HubContext, group: string, tenant: string): ConditionState[] {
  const naming = context.naming.get(group);
  if (!naming) return [];
  const { reason: why, status } = naming.condition;
  const refusal = naming.refused.get(tenant);
  const type = 'TrafficWritten';
  if (refusal) return [{ type, status: 'False', reason: refusal.reason, message: refusal.message }];
  if (status === 'False' && why === 'DNSEndpointMissing') return [{ ...naming.condition }];
  return [{ type, status: 'True', reason: 'AsDeclared', message: 'its names are written' }];
}
