import { isoTime } from '../api/common.ts';
import type { ConditionState } from '../api/conditions.ts';
import type { RegionalService, RegionalServiceStatus } from '../api/regional-service.ts';
import { RESOURCES } from '../api/resources.ts';
import { type ComponentRedundancy, computeRedundancy } from '../decide/redundancy.ts';
import { decideRegional, type RegionalAction } from '../decide/regional.ts';
import { observeService, type ServicePicture, selectedSlot } from '../observe/service-picture.ts';
import { reportStatus } from '../report/status.ts';
import { Controller, type ControllerMetrics, type ReconcileResult } from '../runtime/controller.ts';
import type { AgentContext } from './context.ts';
import { factsOf, isPictureWhole } from './facts.ts';

const RETRY_UNCERTAIN_MS = 250;
/** Few at a time: the slower the API server answers, the less often it is told, and the more each report tells. */
const CONCURRENCY = 8;

type Phase = NonNullable<RegionalServiceStatus['phase']>;

/**
 * Says in the status what runs here, one service at a time and a moment after the last change: what starts and stops
 * services never waits for what is told about it.
 */
export function createReportLoop(context: AgentContext, metrics?: ControllerMetrics): Controller {
  return new Controller({
    name: 'regional-service-status',
    clock: context.clock,
    random: context.random,
    concurrency: CONCURRENCY,
    ...(metrics ? { metrics } : {}),
    reconcile: (key, { signal }) => reportService(context, key, signal),
    onFailure: ({ key, error }) => context.log('debug', 'Service not reported', { service: key, error: String(error) }),
  });
}

/** The first right at an epoch is recorded as granted, by a certain leader only. */
async function reportService(context: AgentContext, key: string, signal: AbortSignal): Promise<ReconcileResult> {
  const order = context.orders.get(key);
  if (!order || !context.leadership.hasDuty) return undefined;
  // A lapse of certainty ends without any event; a cold cache would make a service that runs look as if it did not.
  if (!context.leadership.isCertain() || !isPictureWhole(context)) return { requeueAfterMs: RETRY_UNCERTAIN_MS };
  const picture = observeService(context.caches, context.observer, order);
  const action = decideRegional(order, factsOf(context, key, order, picture.isStarted));
  if (action === 'Release') return undefined;
  const redundancies = order.spec.components.map((c) => computeRedundancy(c, picture.pods, picture.nodes));
  const phase = phaseOf(order, action, picture, redundancies);
  const { client, clock } = context;
  const now = isoTime(clock.now().wallMs);
  const options = { client, resource: RESOURCES.regionalService, now, signal };
  const granted = Math.max(order.status?.grantedEpoch ?? 0, isGranted(context, key, order) ? order.spec.epoch : 0);
  await reportStatus({ ...options, store: context.caches.orders.store }, order, {
    conditions: conditionsOf(order, phase, redundancies),
    fields: {
      phase,
      epoch: order.spec.epoch,
      components: redundancies.map((r) => componentStatus(r, order, picture)),
      ...(granted > 0 ? { grantedEpoch: granted } : {}),
    },
  });
  return undefined;
}

const isGranted = ({ authority }: AgentContext, key: string, { spec }: RegionalService): boolean =>
  spec.mode === 'Backup' && spec.role === 'Active' && authority.hasRight(key, spec.epoch);

/** Enough of every component is ready to carry the load. */
const carriesLoad = (order: RegionalService, redundancies: readonly ComponentRedundancy[]): boolean =>
  order.spec.components.every(({ name, needed }) => (redundancies.find((r) => r.name === name)?.ready ?? 0) >= needed);

function phaseOf(
  order: RegionalService,
  action: RegionalAction,
  picture: ServicePicture,
  redundancies: readonly ComponentRedundancy[],
): Phase {
  if (action === 'Run' || action === 'AwaitRight') return carriesLoad(order, redundancies) ? 'Active' : 'Starting';
  if (picture.isStarted) return 'Fencing';
  return order.spec.role === 'Standby' ? 'Standby' : 'Fenced';
}

function componentStatus(redundancy: ComponentRedundancy, { spec }: RegionalService, picture: ServicePicture) {
  const { name, planned, ready, zones } = redundancy;
  const pairs = spec.components.find((c) => c.name === name)?.pairs;
  const selected = pairs?.map((_, pair) => selectedSlot(picture, name, pair) ?? 'a');
  return { name, planned, ready, zones: [...zones], ...(selected ? { selected } : {}) };
}

function conditionsOf(
  order: RegionalService,
  phase: Phase,
  redundancies: readonly ComponentRedundancy[],
): readonly ConditionState[] {
  const runs = phase === 'Active' || phase === 'Starting';
  const failing = redundancies.find(({ met }) => !met);
  const redundancy: ConditionState = !runs
    ? { type: 'RedundancyMet', status: 'Unknown', reason: 'StandingBy', message: 'does not run here' }
    : failing
      ? { type: 'RedundancyMet', status: 'False', reason: failing.reason, message: failing.message }
      : { type: 'RedundancyMet', status: 'True', reason: 'AsDeclared', message: 'survives what its pattern promises' };
  return [...summaryOf(order, phase, failing), redundancy];
}

function summaryOf(order: RegionalService, phase: Phase, failing: ComponentRedundancy | undefined): ConditionState[] {
  const ready = readiness(order, phase, failing);
  const isWorking = phase === 'Starting' || phase === 'Fencing' || ready.status === 'False';
  return [
    ready,
    {
      type: 'Reconciling',
      status: isWorking ? 'True' : 'False',
      reason: isWorking ? 'Progressing' : 'AsDeclared',
      message: ready.message,
    },
    { type: 'Stalled', status: 'False', reason: 'AsDeclared', message: '' },
  ];
}

function readiness(order: RegionalService, phase: Phase, failing: ComponentRedundancy | undefined): ConditionState {
  const { epoch, role } = order.spec;
  switch (phase) {
    case 'Active':
      return failing
        ? { type: 'Ready', status: 'False', reason: failing.reason, message: failing.message }
        : { type: 'Ready', status: 'True', reason: 'ActiveHere', message: `active at epoch ${epoch}` };
    case 'Starting':
      return {
        type: 'Ready',
        status: 'False',
        reason: 'AwaitingReadiness',
        message: failing?.message ?? 'instances are starting',
      };
    case 'Standby':
      return (order.status?.standbyEpoch ?? 0) >= epoch || order.spec.mode !== 'Backup'
        ? { type: 'Ready', status: 'True', reason: 'StandingBy', message: `stands by at epoch ${epoch}` }
        : {
            type: 'Ready',
            status: 'False',
            reason: 'StandbyNotConfirmed',
            message: 'is being made sure that nothing runs',
          };
    case 'Fencing':
      return { type: 'Ready', status: 'False', reason: 'Progressing', message: 'instances are being stopped' };
    case 'Fenced':
      return {
        type: 'Ready',
        status: 'False',
        reason: role === 'Active' ? 'NoRight' : 'Fenced',
        message: `no right to run at epoch ${epoch}`,
      };
  }
}
