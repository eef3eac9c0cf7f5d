import { X509Certificate } from 'node:crypto';
import type { TlsMaterial } from './credentials.ts';
import type { PluginProvider } from './exec-credential.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import type { KubeObject, Resource } from './object.ts';

/**
 * A cluster of an inventory, as SIG Multicluster has it (KEP-4322); how it is reached stands in its status (KEP-5339).
 * https://github.com/kubernetes-sigs/cluster-inventory-api
 */
export interface ClusterProfile extends KubeObject {
  /** Written by a stranger: nothing of it is what it should be before it was looked at. */
  readonly status?: { readonly accessProviders?: unknown; readonly credentialProviders?: unknown };
}

export const CLUSTER_PROFILE: Resource<ClusterProfile> = {
  group: 'multicluster.x-k8s.io',
  version: 'v1alpha1',
  kind: 'ClusterProfile',
  plural: 'clusterprofiles',
  namespaced: true,
};

/** How a profile is used: by which plugin, and to which server. */
export interface ProfileAccess {
  readonly provider: PluginProvider;
  readonly server: string;
  /** Without the identity: that comes from the plugin. */
  readonly tls: TlsMaterial;
  /** What the plugin is told of the cluster, where it is to be told. */
  readonly cluster: Readonly<Record<string, unknown>>;
}

/** Why a profile is not used, in a sentence for people. */
export interface ProfileRefusal {
  readonly reason: 'CredentialsNotFound' | 'CredentialsNotAllowed' | 'CredentialsInvalid';
  readonly message: string;
}

/** What only the plugin reads; its name is reserved by Kubernetes. */
const EXEC_EXTENSION = 'client.authentication.k8s.io/exec';
/** More than that does not go through the environment of a process. */
const MOST_CONFIG = 64 * 1024;
const MOST_NAMES = 5;

/**
 * The first provider *of the allowed ones* that the profile offers, as cluster-inventory-api does it. What a profile would
 * add to arguments or environment of the plugin (`…/exec/additional-args`, `additional-envs`) is not looked at.
 */
export function accessOf(
  { metadata, status }: ClusterProfile,
  allowed: readonly PluginProvider[],
): ProfileAccess | ProfileRefusal {
  const subject = `ClusterProfile ${metadata.namespace}/${metadata.name}`;
  // The second name of the field is the newer one, and counts where both are there.
  const offered = new Map([...entriesOf(status?.credentialProviders), ...entriesOf(status?.accessProviders)]);
  if (offered.size === 0) {
    const message = `${subject} offers no access provider yet: its cluster manager writes status.accessProviders`;
    return { reason: 'CredentialsNotFound', message };
  }
  const provider = allowed.find(({ name }) => offered.has(name));
  if (!provider) {
    const message = `${subject} offers the access providers ${short([...offered.keys()])}; this hub allows ${short(allowed.map(({ name }) => name))}: add one of them to hub.clusterProfiles.providers of the chart`;
    return { reason: 'CredentialsNotAllowed', message };
  }
  const access = clusterOf(offered.get(provider.name) ?? {}, provider);
  if (typeof access !== 'string') return access;
  const message = `${subject}, access provider ${provider.name}: ${access}`;
  return { reason: 'CredentialsInvalid', message };
}

/** Clusters by name of the provider. */
const entriesOf = (list: unknown): [name: string, cluster: JsonObject][] =>
  (Array.isArray(list) ? list : [])
    .filter(isJsonObject)
    .flatMap(({ cluster, name }) => (typeof name === 'string' && isJsonObject(cluster) ? [[name, cluster]] : []));

/** A few names, without what a stranger could write into a condition. */
function short(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const shown = names.slice(0, MOST_NAMES).map((name) => name.replaceAll(/[^-\w./]/g, '?').slice(0, 63));
  return `${shown.join(', ')}${names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : ''}`;
}

/** What can be used of a cluster, or why it cannot. A token must not go where nobody has proved who listens. */
function clusterOf(cluster: JsonObject, provider: PluginProvider): ProfileAccess | string {
  const { server } = cluster;
  if (typeof server !== 'string' || URL.parse(server)?.protocol !== 'https:') return 'cluster.server is no https URL';
  if (cluster['insecure-skip-tls-verify'] === true) return 'cluster.insecure-skip-tls-verify is refused';
  if (textAt(cluster, 'proxy-url') !== undefined) return 'cluster.proxy-url is not supported';
  const encoded = textAt(cluster, 'certificate-authority-data');
  const ca = encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8');
  if (ca !== undefined && !isCertificate(ca)) return 'cluster.certificate-authority-data is no certificate in PEM';
  const serverName = textAt(cluster, 'tls-server-name');
  const config = configOf(cluster);
  const told = {
    server,
    ...(encoded !== undefined && { 'certificate-authority-data': encoded }),
    ...(serverName !== undefined && { 'tls-server-name': serverName }),
    ...(config !== undefined && { config }),
  };
  if (JSON.stringify(told).length > MOST_CONFIG)
    return `what is said of its cluster is larger than ${MOST_CONFIG} bytes`;
  const tls = { ...(ca !== undefined && { ca }), ...(serverName !== undefined && { serverName }) };
  return { provider, server, tls, cluster: told };
}

function textAt(section: JsonObject, key: string): string | undefined {
  const value = section[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}

const configOf = ({ extensions }: JsonObject): unknown =>
  (Array.isArray(extensions) ? extensions : []).filter(isJsonObject).find(({ name }) => name === EXEC_EXTENSION)?.[
    'extension'
  ];
