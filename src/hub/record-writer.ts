import { isDeepStrictEqual } from 'node:util';
import { SYSTEM_NAMESPACE } from '../api/common.ts';
import { ANNOTATIONS, LABELS, MANAGED_BY } from '../api/labels.ts';
import type { DNSEndpoint, DNSRecord } from '../decide/desired/traffic.ts';
import { labelValue } from '../decide/name.ts';
import { ifPresent, NotFoundError } from '../kube/errors.ts';
import type { HubContext } from './context.ts';
import { assertCertain } from './leadership.ts';
import { DNS_ENDPOINT, presentEndpoint } from './traffic.ts';

type Writer = Pick<HubContext, 'applier' | 'client' | 'endpoints' | 'leadership'>;

/** What the names of a DNSEndpoint of a whole group are for. */
export type RecordsOf = 'ingress' | 'tenants';

/** `<group>.<what for>[.<part>]`: with dots, so that no service can have a DNSEndpoint of that name. */
export const groupEndpointName = (group: string, of: RecordsOf, ...part: string[]): string =>
  [group, of, ...part].join('.');

/** Those of a group, as the cache shows them. */
export const endpointsOf = ({ endpoints }: Writer, group: string, of: RecordsOf): DNSEndpoint[] =>
  endpoints.store
    .list()
    .filter(
      ({ metadata: { labels } }) =>
        labels?.[LABELS.managedBy] === MANAGED_BY &&
        labels[LABELS.records] === of &&
        labels[LABELS.iuGroup] === labelValue(group),
    );

/**
 * Writes a record set of a whole group when it says something new: its revision rises by one, by compare-and-swap on what
 * was seen, so that a write that comes late never replaces a newer one.
 *
 * @returns what is there now; undefined while ExternalDNS is not installed
 */
export async function ensureGroupRecords(
  context: Writer,
  set: {
    readonly group: string;
    readonly of: RecordsOf;
    readonly name: string;
    readonly records: readonly DNSRecord[];
  },
  signal: AbortSignal,
): Promise<DNSEndpoint | undefined> {
  const present = await presentEndpoint(context, { name: set.name, namespace: SYSTEM_NAMESPACE }, signal);
  if (present && isDeepStrictEqual(present.spec.endpoints, set.records)) return present;
  const revision = Number(present?.metadata.annotations?.[ANNOTATIONS.revision] ?? 0) + 1;
  const desired: DNSEndpoint = {
    apiVersion: 'externaldns.k8s.io/v1alpha1',
    kind: 'DNSEndpoint',
    metadata: {
      name: set.name,
      namespace: SYSTEM_NAMESPACE,
      labels: {
        [LABELS.managedBy]: MANAGED_BY,
        [LABELS.iuGroup]: labelValue(set.group),
        [LABELS.records]: set.of,
      },
      annotations: { [ANNOTATIONS.revision]: `${revision}` },
    },
    spec: { endpoints: set.records },
  };
  const beforeWrite = (): void => assertCertain(context);
  const options = { signal, resourceVersion: present?.metadata.resourceVersion, beforeWrite };
  try {
    return (await context.applier.ensure(DNS_ENDPOINT, desired, context.endpoints.store, options)).object;
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** Of the very object that was seen. */
export async function deleteRecords(context: Writer, endpoint: DNSEndpoint, signal: AbortSignal): Promise<void> {
  const { name, namespace = '', resourceVersion } = endpoint.metadata;
  if (resourceVersion === undefined || !context.leadership.isCertain()) return;
  const preconditions = { resourceVersion };
  await ifPresent(context.client.delete(DNS_ENDPOINT, { name, namespace }, { signal, preconditions }));
}
