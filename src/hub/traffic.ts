import type { ConditionState } from '../api/conditions.ts';
import { ANNOTATIONS } from '../api/labels.ts';
import type { Assignment, ServiceInstance } from '../api/service-instance.ts';
import { computeTraffic, type DNSEndpoint, type Shares } from '../decide/desired/traffic.ts';
import { NotFoundError } from '../kube/errors.ts';
import { keyOf, type Resource } from '../kube/object.ts';
import type { HubContext } from './context.ts';

export const DNS_ENDPOINT: Resource<DNSEndpoint> = {
  group: 'externaldns.k8s.io',
  version: 'v1alpha1',
  kind: 'DNSEndpoint',
  plural: 'dnsendpoints',
  namespaced: true,
};

const written = (
  status: ConditionState['status'],
  reason: ConditionState['reason'],
  message: string,
): ConditionState => ({
  type: 'TrafficWritten',
  status,
  reason,
  message,
});

/** Writes the record set of an instance when it says something new, and tells how that went. */
export async function ensureTraffic(
  context: HubContext,
  instance: ServiceInstance,
  assignment: Assignment | undefined,
  shares: Shares,
  signal: AbortSignal,
): Promise<ConditionState> {
  const traffic = context.groups.store.get(instance.spec.iuGroupRef.name)?.spec.traffic;
  if (!traffic) return written('Unknown', 'DomainNotSet', 'the IU group names no traffic domain');
  if (!assignment) return written('False', 'Progressing', 'not assigned yet');
  const desired = computeTraffic(instance, assignment, shares, traffic);
  const present = context.endpoints.store.get(keyOf(desired));
  const presentEpoch = Number(present?.metadata.annotations?.[ANNOTATIONS.epoch] ?? 0);
  if (presentEpoch > assignment.epoch) return written('False', 'Progressing', 'a newer plan is already written');
  try {
    // A compare-and-swap on what was seen: a write that comes late never replaces a newer plan.
    const options = { signal, resourceVersion: present?.metadata.resourceVersion };
    await context.applier.ensure(DNS_ENDPOINT, desired, context.endpoints.store, options);
    return written('True', 'AsDeclared', `written at epoch ${assignment.epoch}`);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    return written('False', 'DNSEndpointMissing', 'kind DNSEndpoint (ExternalDNS) is not installed on the hub');
  }
}
