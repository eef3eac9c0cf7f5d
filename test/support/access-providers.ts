import type { ClusterProfile } from '../../src/kube/cluster-profile.ts';
import type { PluginProvider } from '../../src/kube/exec-credential.ts';

const V1 = 'client.authentication.k8s.io/v1';

/** A provider whose plugin may run. */
export const aProvider = (name: string, more: Partial<PluginProvider['execConfig']> = {}): PluginProvider => ({
  name,
  execConfig: { apiVersion: V1, command: '/plugins/one', args: [], env: [], provideClusterInfo: true, ...more },
});

/** A profile that offers these providers, each with a cluster. */
export const aProfile = (
  name: string,
  offered: Readonly<Record<string, object>>,
  field: 'accessProviders' | 'credentialProviders' = 'accessProviders',
): ClusterProfile => ({
  apiVersion: 'multicluster.x-k8s.io/v1alpha1',
  kind: 'ClusterProfile',
  metadata: { name, namespace: 'fleet' },
  status: { [field]: Object.entries(offered).map(([provider, cluster]) => ({ name: provider, cluster })) },
});

/** What a plugin writes. */
export const anExecCredential = (status: object, apiVersion = V1): string =>
  JSON.stringify({ apiVersion, kind: 'ExecCredential', status });
