import type { ConditionState } from '../api/conditions.ts';
import { ANNOTATIONS, LABELS, MANAGED_BY } from '../api/labels.ts';
import type { Assignment, ServiceInstance } from '../api/service-instance.ts';
import { computeHttpRoute, type HTTPRoute } from '../decide/desired/http-route.ts';
import type { RegionWeight } from '../decide/weights.ts';
import { ifPresent, NotFoundError, TerminalError } from '../kube/errors.ts';
import { keyOf, type Resource } from '../kube/object.ts';
import type { HubContext } from './context.ts';

export const HTTP_ROUTE: Resource<HTTPRoute> = {
  group: 'gateway.networking.k8s.io',
  version: 'v1',
  kind: 'HTTPRoute',
  plural: 'httproutes',
  namespaced: true,
};

const routeState = (
  status: ConditionState['status'],
  reason: ConditionState['reason'],
  message: string,
): ConditionState => ({ type: 'RouteWritten', status, reason, message });

const INSTALLED_LATER = 'kind HTTPRoute (Gateway API) is not installed on the hub';

/** Writes the route of an instance when it says something new. Undefined where the group wants none for its class. */
export async function ensureRoute(
  context: HubContext,
  instance: ServiceInstance,
  assignment: Assignment | undefined,
  weights: readonly RegionWeight[] | undefined,
  signal: AbortSignal,
): Promise<ConditionState | undefined> {
  const traffic = context.groups.store.get(instance.spec.iuGroupRef.name)?.spec.traffic;
  const gateway = traffic?.gateway;
  if (!traffic || !gateway?.classes.includes(instance.spec.serviceClassRef.name)) {
    await deleteRoute(context, instance, signal);
    return undefined;
  }
  if (!assignment) return routeState('False', 'Progressing', 'not assigned yet');
  const { name, namespace = '' } = instance.metadata;
  const { routes } = context;
  try {
    // Before the cache is filled the API server is asked: what is not known to be there would be written over.
    const present = routes.reflector.synced
      ? routes.store.get(keyOf(instance))
      : await ifPresent(context.client.read(HTTP_ROUTE, { name, namespace }, { signal }));
    const presentEpoch = Number(present?.metadata.annotations?.[ANNOTATIONS.epoch] ?? 0);
    if (presentEpoch > assignment.epoch) return routeState('False', 'Progressing', 'a newer plan is already written');
    const desired = computeHttpRoute(instance, assignment, weights, { domain: traffic.domain, gateway });
    const options = { signal, resourceVersion: present?.metadata.resourceVersion };
    await context.applier.ensure(HTTP_ROUTE, desired, routes.store, options);
    return routeState('True', 'AsDeclared', `written at epoch ${assignment.epoch}`);
  } catch (error) {
    if (error instanceof NotFoundError) return routeState('False', 'HTTPRouteMissing', INSTALLED_LATER);
    // Whatever is wrong with the route, the service is told of all the same.
    if (error instanceof TerminalError) return routeState('False', 'WriteRefused', error.message);
    throw error;
  }
}

/** One that is not kept up any more would go on to send requests where the service was. */
async function deleteRoute(context: HubContext, instance: ServiceInstance, signal: AbortSignal): Promise<void> {
  const present = context.routes.store.get(keyOf(instance));
  const { labels, name = '', namespace = '', resourceVersion } = present?.metadata ?? {};
  if (labels?.[LABELS.managedBy] !== MANAGED_BY || resourceVersion === undefined) return;
  const preconditions = { resourceVersion };
  await ifPresent(context.client.delete(HTTP_ROUTE, { name, namespace }, { signal, preconditions }));
}
