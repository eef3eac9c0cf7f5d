import { isoTime } from '../api/common.ts';
import type { ConditionState } from '../api/conditions.ts';
import { RESOURCES } from '../api/resources.ts';
import type { ServiceClass } from '../api/service-class.ts';
import { judgeRequirements, requirementsOf } from '../decide/class-dependencies.ts';
import { reportStatus } from '../report/status.ts';
import { Controller, type ControllerMetrics, type ReconcileResult } from '../runtime/controller.ts';
import type { HubContext } from './context.ts';

/** One service class: whether what it requires can be had, which only a look at all the others tells. */
export function createClassLoop(context: HubContext, metrics?: ControllerMetrics): Controller {
  return new Controller({
    name: 'service-class',
    clock: context.clock,
    random: context.random,
    concurrency: 2,
    ...(metrics ? { metrics } : {}),
    reconcile: (key, { signal }) => reportClass(context, key, signal),
    onFailure: ({ key, error }) => context.log('warn', 'Class not reported', { class: key, error: String(error) }),
  });
}

async function reportClass(context: HubContext, key: string, signal: AbortSignal): Promise<ReconcileResult> {
  const { classes, clock, leadership } = context;
  const serviceClass = classes.store.get(key);
  if (!serviceClass || !classes.reflector.synced) return undefined;
  if (!leadership.isCertain()) return leadership.whenUncertain();
  const options = {
    client: context.client,
    resource: RESOURCES.serviceClass,
    store: classes.store,
    now: isoTime(clock.now().wallMs),
    signal,
  };
  await reportStatus(options, serviceClass, {
    conditions: classConditions(serviceClass, (name) => classes.store.get(name)),
  });
  return undefined;
}

/** Conditions of a service class: whether what it requires can be had. */
export function classConditions(
  serviceClass: ServiceClass,
  classOf: (name: string) => ServiceClass | undefined,
): ConditionState[] {
  const judgement = judgeRequirements(serviceClass, classOf);
  const { message, reason, status } = judgement;
  const stalled: ConditionState[] = status === 'True' ? [] : [{ type: 'Stalled', status: 'True', reason, message }];
  // A class that requires nothing is told of too: with `observedGeneration: -1` whoever waits for it would wait for ever.
  const required = requirementsOf(serviceClass).length > 0 ? [judgement] : [];
  return [{ ...judgement, type: 'Ready' }, ...stalled, ...required];
}
