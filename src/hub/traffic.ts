import type { ConditionState } from '../api/conditions.ts';
import { ANNOTATIONS } from '../api/labels.ts';
import type { Assignment, ServiceInstance } from '../api/service-instance.ts';
import { computeTraffic, type DNSEndpoint, type Shares, serviceHost } from '../decide/desired/traffic.ts';
import { holdersOf } from '../decide/name-claims.ts';
import { nextRecordSet } from '../decide/record-set.ts';
import { ifPresent, NotFoundError } from '../kube/errors.ts';
import { keyOf, type Resource } from '../kube/object.ts';
import type { HubContext } from './context.ts';

export const DNS_ENDPOINT: Resource<DNSEndpoint> = {
  group: 'externaldns.k8s.io',
  version: 'v1alpha1',
  kind: 'DNSEndpoint',
  plural: 'dnsendpoints',
  namespaced: true,
};

/** Instances by their name, whatever their namespace. */
export const NAME_INDEX = 'name';

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

/** Before the cache is filled the API server is asked: what is not known to be there would be written over. */
export async function presentEndpoint(
  { client, endpoints }: Pick<HubContext, 'client' | 'endpoints'>,
  { name, namespace = '' }: { readonly name: string; readonly namespace?: string | undefined },
  signal: AbortSignal,
): Promise<DNSEndpoint | undefined> {
  if (endpoints.reflector.synced) return endpoints.store.get(`${namespace}/${name}`);
  return ifPresent(client.read(DNS_ENDPOINT, { name, namespace }, { signal }));
}

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
  const holder = holderOf(context, instance, traffic.domain);
  if (holder !== keyOf(instance)) {
    const host = serviceHost(instance.metadata.name, traffic.domain);
    return written('False', 'NameTaken', `${host} is the name of ServiceInstance ${holder}, which is older`);
  }
  const desired = computeTraffic(instance, assignment, shares, traffic);
  const present = await presentEndpoint(context, instance.metadata, signal);
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

/** Instances of several namespaces, and groups of one domain, may want one name. */
function holderOf({ groups, instances }: HubContext, instance: ServiceInstance, domain: string): string | undefined {
  const { name } = instance.metadata;
  const rivals = instances.store
    .byIndex(NAME_INDEX, name)
    .filter(({ spec }) => groups.store.get(spec.iuGroupRef.name)?.spec.traffic?.domain === domain);
  if (rivals.length < 2) return keyOf(instance);
  const claims = rivals.map((rival) => ({ name, holder: keyOf(rival), since: rival.metadata.creationTimestamp }));
  return holdersOf(claims).get(name);
}

/** How far the record set of an instance has come, for its status; null where none was written for it. */
export function recordSetOf(
  { endpoints, seen }: HubContext,
  instance: ServiceInstance,
  state: ConditionState,
  now: string,
): ReturnType<typeof nextRecordSet> | null {
  const key = keyOf(instance);
  const endpoint = endpoints.store.get(key);
  if (!endpoint || state.reason === 'DomainNotSet' || state.reason === 'NameTaken') return null;
  const isSeen = seen.get(key) === endpoint.metadata.generation;
  return nextRecordSet(instance.status?.traffic, endpoint, isSeen, now);
}
