import { SYSTEM_NAMESPACE } from '../api/common.ts';
import type { ConditionState } from '../api/conditions.ts';
import type { IUGroup } from '../api/iu-group.ts';
import type { RecordSet } from '../api/traffic.ts';
import { centreHost, computeIngressRecords } from '../decide/desired/ingress-records.ts';
import { holdersOf } from '../decide/name-claims.ts';
import { nextRecordSet } from '../decide/record-set.ts';
import { TerminalError } from '../kube/errors.ts';
import type { HubContext } from './context.ts';
import { deleteRecords, endpointsOf, ensureGroupRecords, groupEndpointName } from './record-writer.ts';

/** The names of the transit centres of a group, as they were written. */
export interface IngressReport {
  readonly set: RecordSet | undefined;
  readonly condition: ConditionState | undefined;
}

const NONE: IngressReport = { set: undefined, condition: undefined };
const type = 'TrafficWritten';

/**
 * Writes the names by which calls come in. Where they lead follows from the status of the group alone, which says what was
 * decided; the cache of it never goes back in time.
 */
async function ensureIngress(
  context: HubContext,
  group: IUGroup,
  now: string,
  signal: AbortSignal,
): Promise<IngressReport> {
  const { traffic, transit } = group.spec;
  if (!traffic || (!transit && !group.status?.traffic?.ingress)) return NONE;
  const { name } = group.metadata;
  const taken = transit && rivalOf(context, group);
  if (taken !== undefined) {
    const message = `the names of the transit centres: ${taken}`;
    return { set: undefined, condition: { type, status: 'False', reason: 'NameTaken', message } };
  }
  const records = computeIngressRecords(transit?.centres ?? [], group.status?.transitCentres ?? [], traffic);
  // A person has taken the last centre away: no name is left that could have a target.
  if (records.length === 0) {
    for (const endpoint of endpointsOf(context, name, 'ingress')) await deleteRecords(context, endpoint, signal);
    return NONE;
  }
  const endpointName = groupEndpointName(name, 'ingress');
  const written = await ensureGroupRecords(
    context,
    { group: name, of: 'ingress', name: endpointName, records },
    signal,
  );
  if (!written) {
    const message = 'names of transit centres: kind DNSEndpoint (ExternalDNS) is not installed on the hub';
    return { set: undefined, condition: { type, status: 'False', reason: 'DNSEndpointMissing', message } };
  }
  const isSeen = context.seen.get(`${SYSTEM_NAMESPACE}/${endpointName}`) === written.metadata.generation;
  const message = 'the names of the transit centres are written';
  return {
    set: nextRecordSet(group.status?.traffic?.ingress, written, isSeen, now),
    condition: { type, status: 'True', reason: 'AsDeclared', message },
  };
}

/** Two groups of one domain may not have centres of one name: the older group keeps it. */
function rivalOf({ groups }: HubContext, { metadata, spec }: IUGroup): string | undefined {
  const domain = spec.traffic?.domain ?? '';
  const rivals = groups.store.list().filter((group) => group.spec.traffic?.domain === domain);
  const claims = rivals.flatMap((group) =>
    (group.spec.transit?.centres ?? []).map((centre) => ({
      name: centreHost(centre.name, domain),
      holder: group.metadata.name,
      since: group.metadata.creationTimestamp,
    })),
  );
  const lost = [...holdersOf(claims)].find(
    ([name, holder]) =>
      holder !== metadata.name && claims.some((claim) => claim.name === name && claim.holder === metadata.name),
  );
  return lost && `${lost[0]} belongs to IU group ${lost[1]}, which is older: choose another domain or name`;
}

/** The same, and never in the way of what else is told of the group: what was said stands where it could not be written. */
export async function reportIngress(
  context: HubContext,
  group: IUGroup,
  now: string,
  signal: AbortSignal,
): Promise<IngressReport> {
  const before: IngressReport = {
    set: group.status?.traffic?.ingress,
    condition: group.status?.conditions?.find((condition) => condition.type === type),
  };
  // What an older leader has moved since must be known before anything is written over it.
  if (!context.groups.reflector.fresh) return before;
  try {
    return await ensureIngress(context, group, now, signal);
  } catch (error) {
    context.log('warn', 'Names of transit centres not written', { group: group.metadata.name, error: String(error) });
    if (!(error instanceof TerminalError)) return before;
    const message = `names of transit centres: ${error.message}`;
    return { set: before.set, condition: { type, status: 'False', reason: 'WriteRefused', message } };
  }
}
