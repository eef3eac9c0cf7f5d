import { isoTime } from '../api/common.ts';
import { type ConditionState, isTrue } from '../api/conditions.ts';
import { RESOURCES } from '../api/resources.ts';
import type { Tenant } from '../api/tenant.ts';
import type { CohortPlan, TenantOutcome } from '../decide/cohort.ts';
import { reservation } from '../report/reservation.ts';
import { reportStatus, type StatusReport } from '../report/status.ts';
import { Controller, type ControllerMetrics, type ReconcileResult } from '../runtime/controller.ts';
import type { HubContext } from './context.ts';

/** Status of tenants. It follows what the services do and is never in their way. */
export function createTenantLoop(
  context: HubContext,
  plan: () => CohortPlan | undefined,
  metrics?: ControllerMetrics,
): Controller {
  return new Controller({
    name: 'tenant',
    clock: context.clock,
    random: context.random,
    concurrency: 8,
    ...(metrics ? { metrics } : {}),
    reconcile: (key, { signal }) => reconcileTenant(context, plan(), key, signal),
    onFailure: ({ key, error }) => context.log('warn', 'Tenant not reported', { tenant: key, error: String(error) }),
  });
}

async function reconcileTenant(
  context: HubContext,
  plan: CohortPlan | undefined,
  key: string,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  const tenant = context.tenants.store.get(key);
  const outcome = plan?.tenants.get(key);
  if (!tenant || !outcome) return undefined;
  if (!context.leadership.isCertain()) return context.leadership.whenUncertain();
  const options = {
    client: context.client,
    resource: RESOURCES.tenant,
    store: context.tenants.store,
    now: isoTime(context.clock.now().wallMs),
    signal,
  };
  await reportStatus(options, tenant, tenantReport(context, tenant, outcome));
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
function tenantReport(context: HubContext, tenant: Tenant, outcome: TenantOutcome): StatusReport {
  const planned = outcome.conditions.find(({ type }) => type === 'Ready') ?? NOT_PLANNED;
  const conditions =
    planned.status === 'True' ? servedConditions(context, outcome, planned) : refusedConditions(planned);
  return {
    conditions: [
      ...conditions,
      ...outcome.conditions.filter(({ type }) => !OWN_TYPES.includes(type)),
      ...reservation(tenant, outcome.regions, context.capacities.get(tenant.spec.iuGroupRef.name)),
    ],
    fields: { services: outcome.services, regions: outcome.regions },
  };
}

function servedConditions(context: HubContext, outcome: TenantOutcome, planned: ConditionState): ConditionState[] {
  const missing = outcome.services
    .map(({ instance }) => instance)
    .filter((key) => !isTrue(context.instances.store.get(key)?.status?.conditions, 'Available'));
  const stalled: ConditionState = { type: 'Stalled', status: 'False', reason: 'AsDeclared', message: '' };
  if (missing.length === 0) {
    return [
      planned,
      { type: 'Reconciling', status: 'False', reason: 'AsDeclared', message: '' },
      stalled,
      { type: 'Available', status: 'True', reason: 'AsDeclared', message: 'every service is served' },
    ];
  }
  const message = `${missing.length} of ${outcome.services.length} services are not available: ${missing.slice(0, 3).join(', ')}`;
  return [
    { type: 'Ready', status: 'False', reason: 'WaitingForRegions', message },
    { type: 'Reconciling', status: 'True', reason: 'Progressing', message },
    stalled,
    { type: 'Available', status: 'False', reason: 'WaitingForRegions', message },
  ];
}

/** Nothing more happens until somebody changes something. */
const refusedConditions = (planned: ConditionState): ConditionState[] => [
  planned,
  { type: 'Reconciling', status: 'False', reason: 'AsDeclared', message: '' },
  { ...planned, type: 'Stalled', status: 'True' },
  { ...planned, type: 'Available', status: 'False' },
];
