import { isoTime } from '../api/common.ts';
import { type ConditionState, isTrue } from '../api/conditions.ts';
import { RESOURCES } from '../api/resources.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import type { Tenant } from '../api/tenant.ts';
import type { CohortPlan, TenantOutcome } from '../decide/cohort.ts';
import { isOnItsWay, servedBy, setsOf, toldRows } from '../decide/tenant-services.ts';
import { keyOf } from '../kube/object.ts';
import { tenantMoves, tenantWarned } from '../report/events.ts';
import { reservation } from '../report/reservation.ts';
import { reportStatus, type StatusReport } from '../report/status.ts';
import { type Move, moveOf, tenantConditions } from '../report/tenant.ts';
import { Controller, type ControllerMetrics, type ReconcileResult } from '../runtime/controller.ts';
import type { HubContext } from './context.ts';
import { tenantDecisionsOf } from './tenant-decisions.ts';
import { impactReport, TenantImpacts } from './tenant-impact.ts';
import { namingOf } from './tenant-names-loop.ts';
import { createTenantPlaces } from './tenant-places.ts';

/** Status of tenants. It follows what the services do and is never in their way. */
export function createTenantLoop(
  context: HubContext,
  plan: () => CohortPlan | undefined,
  metrics?: ControllerMetrics,
): Controller {
  const parts: TenantParts = { context, impacts: new TenantImpacts(context), placesOf: createTenantPlaces(context) };
  return new Controller({
    name: 'tenant',
    clock: context.clock,
    random: context.random,
    concurrency: 8,
    ...(metrics ? { metrics } : {}),
    reconcile: (key, { signal }) => reconcileTenant(parts, plan(), key, signal),
    onFailure: ({ key, error }) => context.log('warn', 'Tenant not reported', { tenant: key, error: String(error) }),
  });
}

/** What a report of a tenant is made from, beside the plan. */
export interface TenantParts {
  readonly context: HubContext;
  readonly impacts: TenantImpacts;
  readonly placesOf: ReturnType<typeof createTenantPlaces>;
}

async function reconcileTenant(
  parts: TenantParts,
  plan: CohortPlan | undefined,
  key: string,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  const { context } = parts;
  const tenant = context.tenants.store.get(key);
  const outcome = plan?.tenants.get(key);
  if (!tenant || !outcome) return undefined;
  if (!context.leadership.isCertain()) return context.leadership.whenUncertain();
  const options = {
    client: context.client,
    resource: RESOURCES.tenant,
    store: context.tenants.store,
    isSole: true,
    now: isoTime(context.clock.now().wallMs),
    signal,
  };
  const report = tenantReport(parts, tenant, outcome, options.now);
  await reportStatus(options, tenant, report);
  tell(context, tenant, report);
  return undefined;
}

const OWN_TYPES: readonly ConditionState['type'][] = ['Ready', 'Available', 'Reconciling', 'Stalled'];
const NOT_PLANNED: ConditionState = {
  type: 'Ready',
  status: 'Unknown',
  reason: 'NotObserved',
  message: 'not planned yet',
};

/** A plan that is whole is only as good as the instances that carry it out. */
export function tenantReport(
  { context, impacts, placesOf }: TenantParts,
  tenant: Tenant,
  outcome: TenantOutcome,
  now: string,
): StatusReport {
  const planned = outcome.conditions.find(({ type }) => type === 'Ready') ?? NOT_PLANNED;
  const instances = context.instances.store;
  const rows = servedBy(outcome, toldRows(tenant.status), {
    exists: (key) => instances.get(key)?.metadata.deletionTimestamp === undefined && instances.get(key) !== undefined,
    isAvailable: (key) => isServed(instances.get(key)),
  });
  const { conditions } = outcome;
  // Tenants that are not moved share what is planned, and so what is worked out from it.
  const isMoving = rows.some(({ movingTo }) => movingTo !== undefined) || rows.length !== outcome.services.length;
  const served = isMoving ? { ...outcome, services: rows } : outcome;
  const felt = impactReport(tenant, impacts.feltBy(tenant, served), now);
  return {
    conditions: [
      ...tenantConditions({ planned, rows, missing: missingOf(context, rows), moves: movesOf(context, rows) }),
      ...conditions.filter(({ type }) => !OWN_TYPES.includes(type)),
      ...reservation(tenant, outcome.regions, context.capacities.get(tenant.spec.iuGroupRef.name)),
      ...namingOf(context, tenant.spec.iuGroupRef.name, keyOf(tenant)),
      ...(planned.status === 'True' ? felt.conditions : []),
    ],
    fields: {
      serviceSets: setsOf(rows.map((row) => ({ ...row, ...placesOf(row.instance, tenant.spec.tier) }))),
      regions: outcome.regions,
      balancing: outcome.balancing,
      ...(planned.reason === 'TierRefused' ? {} : { tier: tenant.spec.tier }),
      decisions: tenantDecisionsOf(context, tenant, served),
      ...felt.fields,
    },
  };
}

type Rows = ReturnType<typeof servedBy>;
const isServed = (instance: ServiceInstance | undefined): boolean => isTrue(instance?.status?.conditions, 'Available');

const missingOf = ({ instances }: HubContext, rows: Rows): string[] =>
  rows.map(({ instance }) => instance).filter((key) => !isServed(instances.store.get(key)));

/** What is under way, in words that do not change while nothing happens. */
const movesOf = ({ instances }: HubContext, rows: Rows): Move[] =>
  rows.flatMap((row) => moveOf(row, { instanceOf: (key) => instances.store.get(key), isOnItsWay }) ?? []);

/** Told once, when it becomes true: what is so when a tenant is first seen counts as new. */
function tell({ events }: HubContext, tenant: Tenant, { conditions }: StatusReport): void {
  const before = (type: ConditionState['type']) => tenant.status?.conditions?.find((known) => known.type === type);
  for (const { message, reason, status, type } of conditions) {
    const known = before(type);
    const isNews = known?.reason !== reason || known.status !== status;
    if (status !== 'True' || !isNews) continue;
    if (type === 'Deprecated' || (type === 'Stalled' && reason === 'TierRefused')) {
      events.record(tenantWarned(tenant, reason, message));
    } else if (type === 'Reconciling' && reason === 'Moving') {
      events.record(tenantMoves(tenant, message));
    }
  }
}
