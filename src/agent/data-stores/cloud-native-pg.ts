import type { DataStoreOrder } from '../../api/data-store.ts';
import { ANNOTATIONS } from '../../api/labels.ts';
import type { RegionalService } from '../../api/regional-service.ts';
import { type Progress, runOf } from '../../decide/data-stores.ts';
import { joinName } from '../../decide/name.ts';
import { ifPresent } from '../../kube/errors.ts';
import type { KubeObject, Resource } from '../../kube/object.ts';
import { checkMayAct, type StoreCall, type StoreDriver } from './driver.ts';
import { advanceHooks } from './hook.ts';

/** The fields of a CloudNativePG `Cluster` that are read and written, as its documentation and API reference name them. */
export interface Cluster extends KubeObject {
  readonly spec?: {
    readonly replica?: {
      /** Not together with `primary`: that is a standalone replica cluster, which cannot be demoted. */
      readonly enabled?: boolean;
      readonly self?: string;
      readonly primary?: string;
      readonly source?: string;
      readonly promotionToken?: string;
    };
  };
  readonly status?: {
    readonly currentPrimary?: string;
    /** Cleared by CloudNativePG while the cluster is a primary one. */
    readonly demotionToken?: string;
    readonly lastPromotionToken?: string;
    readonly switchReplicaClusterStatus?: { readonly inProgress?: boolean };
    readonly instancesReportedState?: Readonly<Record<string, { readonly isPrimary?: boolean }>>;
  };
}

export const CLUSTER: Resource<Cluster> = {
  group: 'postgresql.cnpg.io',
  version: 'v1',
  kind: 'Cluster',
  plural: 'clusters',
  namespaced: true,
};

const MAX_NAME = 50;
const WAS_PRIMARY = '-from-primary';

/** One for each instance of the service, and its name the same in every region. */
export const clusterName = ({ metadata }: Pick<RegionalService, 'metadata'>, { name }: DataStoreOrder): string =>
  joinName([metadata.name, name], MAX_NAME);

/** Replica clusters in a distributed topology, whose names are the names of the regions. */
export const cloudNativePg: StoreDriver = {
  async advance(action, call) {
    const read = await readCluster(call);
    if (typeof read === 'string') return { kind: 'Waiting', message: read };
    if (action === 'Demote') return demote(call, read);
    const progress = await promote(call, read);
    if (progress.kind !== 'Done') return progress;
    const verified = await advanceHooks(['verify'], call);
    return verified.kind === 'Done' ? progress : verified;
  },
};

type ReadCall = Pick<StoreCall, 'context' | 'order' | 'store' | 'signal'>;

/** The Cluster, or what a person has to put right about it. Read when it is asked for: there may be no such kind here. */
export async function readCluster({ context, order, signal, store }: ReadCall): Promise<Cluster | string> {
  const { namespace = '' } = order.metadata;
  const name = clusterName(order, store);
  const cluster = await ifPresent(context.client.read(CLUSTER, { name, namespace }, { signal }));
  if (!cluster) return `there is no Cluster ${namespace}/${name}, or CloudNativePG is not installed in this region`;
  const { replica } = cluster.spec ?? {};
  if (!replica?.primary) return `Cluster ${name} has no spec.replica.primary: make it part of a distributed topology`;
  if (replica.enabled !== undefined) return `Cluster ${name} has spec.replica.enabled: leave it out beside primary`;
  if (replica.self !== context.region) return `Cluster ${name}: set spec.replica.self to ${context.region}`;
  return cluster;
}

export const primaryOf = ({ spec }: Cluster): string => spec?.replica?.primary ?? '';
const tokenOf = ({ status }: Cluster): string => status?.demotionToken ?? '';
const isSwitching = ({ status }: Cluster): boolean => status?.switchReplicaClusterStatus?.inProgress === true;
/** Whether its present instance takes writes; undefined: it has not said. */
const takesWrites = ({ status }: Cluster): boolean | undefined =>
  status?.instancesReportedState?.[status.currentPrimary ?? '']?.isPrimary;

/** A compare-and-swap, so that one that comes late changes nothing. */
export async function patchReplica(
  call: ReadCall & Pick<StoreCall, 'mayAct'>,
  { metadata }: Cluster,
  replica: Readonly<Record<string, string | null>>,
  annotations: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { name, namespace = '', resourceVersion, uid } = metadata;
  const patch = { metadata: { resourceVersion, uid, annotations }, spec: { replica } };
  checkMayAct({ ...call, record: { name: '', state: 'Standby', run: 0 }, mayRetry: false });
  await call.context.client.mergePatch(CLUSTER, { name, namespace }, patch, { signal: call.signal });
}

/**
 * The first look always writes, also where the cluster is a replica already: a promotion that is still under way fails
 * then, as a start does by a fence. The mark says whether it was primary: then only its token ends the demotion.
 */
async function demote(call: StoreCall, cluster: Cluster): Promise<Progress> {
  const { context, order, record } = call;
  const { name } = cluster.metadata;
  const { activeRegion } = order.spec;
  const mark = `${record.handedTo ?? runOf(order)}`;
  const marked = cluster.metadata.annotations?.[ANNOTATIONS.demotedFor];
  const isPrimary = primaryOf(cluster) === context.region;
  const message = `Cluster ${name} is being demoted`;
  if (isPrimary && tokenOf(cluster) !== '')
    return { kind: 'Waiting', message: `Cluster ${name} still shows the token of an earlier demotion` };
  const isMarked = marked === mark || marked === `${mark}${WAS_PRIMARY}`;
  if (!isMarked || isPrimary || primaryOf(cluster) !== activeRegion) {
    const value = isPrimary || marked === `${mark}${WAS_PRIMARY}` ? `${mark}${WAS_PRIMARY}` : mark;
    // The token of the promotion before goes in the same write: CloudNativePG refuses a replica that has one.
    const replica = { primary: activeRegion, source: activeRegion, promotionToken: null };
    await patchReplica(call, cluster, replica, { [ANNOTATIONS.demotedFor]: value });
    return { kind: 'Waiting', message };
  }
  const token = tokenOf(cluster);
  if (isSwitching(cluster) || takesWrites(cluster) !== false) return { kind: 'Waiting', message };
  if (token === '' && marked.endsWith(WAS_PRIMARY))
    return { kind: 'Waiting', message: `Cluster ${name} is demoted and has no demotion token yet` };
  return { kind: 'Done', ...idOf(cluster), ...(token === '' ? {} : { token }) };
}

const FIRST_EPOCH = 1;

async function promote(call: StoreCall, cluster: Cluster): Promise<Progress> {
  const { context, record, store } = call;
  const { name } = cluster.metadata;
  const primary = primaryOf(cluster);
  if (primary !== context.region) {
    if (record.run <= FIRST_EPOCH)
      return {
        kind: 'Waiting',
        message: `Cluster ${name} follows ${primary}, and the service begins here: make it the primary one, spec.replica.primary ${context.region}`,
      };
    await patchReplica(call, cluster, { primary: context.region, promotionToken: store.promotionToken ?? null });
    return { kind: 'Waiting', message: `Cluster ${name} is being promoted` };
  }
  const { promotionToken = '' } = cluster.spec?.replica ?? {};
  const isTokenMet = promotionToken === '' || cluster.status?.lastPromotionToken === promotionToken;
  if (!isTokenMet || isSwitching(cluster) || takesWrites(cluster) !== true)
    return { kind: 'Waiting', message: `Cluster ${name} is being promoted` };
  return { kind: 'Done', ...idOf(cluster) };
}

const idOf = ({ metadata }: Cluster) => (metadata.uid === undefined ? {} : { cluster: metadata.uid });
