import { isoTime } from '../api/common.ts';
import type { RegionalService } from '../api/regional-service.ts';
import { RESOURCES } from '../api/resources.ts';
import { lacksGate } from '../decide/desired/gate.ts';
import { standbyPodsOf } from '../decide/desired/standby.ts';
import { type ComponentRedundancy, computeRedundancy } from '../decide/redundancy.ts';
import { decideRegional, type RegionalAction } from '../decide/regional.ts';
import { computeStandbyStatus } from '../decide/standby.ts';
import { observeService, type ServicePicture, selectedSlot } from '../observe/service-picture.ts';
import { observeStandby } from '../observe/standby-picture.ts';
import { type Phase, regionalConditions } from '../report/regional.ts';
import { reportStatus } from '../report/status.ts';
import { Controller, type ControllerMetrics, type ReconcileResult } from '../runtime/controller.ts';
import type { AgentContext } from './context.ts';
import { factsOf, isPictureWhole } from './facts.ts';
import { emptinessOf, isEmptied } from './zone-drill.ts';

const RETRY_UNCERTAIN_MS = 250;
/** Few at a time: the slower the API server answers, the less often it is told, and the more each report tells. */
const CONCURRENCY = 8;

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

/**
 * The first right at an epoch is recorded as granted, by a certain leader only. The hub takes that for the end of all that
 * ran before, so it waits until no promise of this region lets another one run on any more.
 */
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
  // The copy of a region that is active goes: it is not told of any more.
  const standby = phase === 'Active' ? undefined : standbyStatus(context, order, picture);
  const { client, clock } = context;
  const now = isoTime(clock.now().wallMs);
  const options = { client, resource: RESOURCES.regionalService, now, signal };
  const emptiness = emptinessOf(context, order);
  const emptied = isEmptied(emptiness) ? order.spec.keptEmpty : undefined;
  const recorded = order.status?.grantedEpoch ?? 0;
  const hasNewRight = hasRight(context, key, order) && recorded < order.spec.epoch;
  const holdMs = hasNewRight ? context.promises.holdMs(order) : 0;
  const granted = hasNewRight && holdMs === 0 ? order.spec.epoch : recorded;
  await reportStatus({ ...options, store: context.caches.orders.store }, order, {
    conditions: regionalConditions({
      order,
      phase,
      redundancies,
      lacksGate: lacksGate(order, context.gate),
      standby,
      emptied,
    }),
    fields: {
      phase,
      epoch: order.spec.epoch,
      components: redundancies.map((r) => componentStatus(r, order, picture)),
      standby: standby ?? null,
      keptEmpty: emptiness,
      ...(granted > 0 ? { grantedEpoch: granted } : {}),
    },
  });
  // A promise ends without any event.
  return holdMs > 0 ? { requeueAfterMs: Math.max(RETRY_UNCERTAIN_MS, holdMs) } : undefined;
}

/** A pod that is not certain to be of the copy counts for nothing. */
function standbyStatus({ caches, observer }: AgentContext, order: RegionalService, { nodes }: ServicePicture) {
  if (!order.spec.standby) return undefined;
  const pods = observeStandby(caches, order).pods.filter(standbyPodsOf(order));
  const facts = pods.map((pod) => observer.podFact(pod));
  return computeStandbyStatus(order, facts, nodes);
}

const hasRight = ({ authority }: AgentContext, key: string, { spec }: RegionalService): boolean =>
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
