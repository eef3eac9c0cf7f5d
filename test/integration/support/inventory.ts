import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyObject, ensureNamespace, readManifests } from '../../../hack/operator/operator.ts';
import { waitFor } from '../../../hack/regions/wait.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import { CLUSTER_PROFILE, type ClusterProfile } from '../../../src/kube/cluster-profile.ts';
import { accessFromKubeconfig } from '../../../src/kube/kubeconfig.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { objectOf } from '../../support/json.ts';

const CRD = join(import.meta.dirname, '../../support/cluster-profile.crd.yaml');
export const FLEET = 'fleet';
export const PROVIDER = 'token-file';

/** A plugin of this test: gives the token of a file, good for so long, and notes each run. */
export class TokenPlugin {
  /** Of every run, one line: the names of the variables that it was given. */
  readonly #runs: string;
  readonly #token: string;
  readonly #script: string;

  constructor(dir: string, lifeMs: number) {
    this.#runs = join(dir, 'plugin.runs');
    this.#token = join(dir, 'plugin.token');
    this.#script = join(dir, 'plugin.mjs');
    writeFileSync(this.#runs, '');
    writeFileSync(
      this.#script,
      `import { appendFileSync, readFileSync } from 'node:fs';
const [tokenFile, runs] = process.argv.slice(2);
const { apiVersion, spec } = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
appendFileSync(runs, \`\${Object.keys(process.env)} \${spec.cluster.config.clusterName}\\n\`);
const token = readFileSync(tokenFile, 'utf8');
const expirationTimestamp = new Date(Date.now() + ${lifeMs}).toISOString();
console.error('said to nobody: ' + token);
console.log(JSON.stringify({ apiVersion, kind: 'ExecCredential', status: { token, expirationTimestamp } }));
`,
    );
  }

  /** The setting of the hub that allows it. */
  get setting(): string {
    const execConfig = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args: [this.#script, this.#token, this.#runs],
      provideClusterInfo: true,
    };
    return JSON.stringify({ providers: [{ name: PROVIDER, execConfig }] });
  }

  get runs(): readonly string[] {
    return readFileSync(this.#runs, 'utf8').split('\n').slice(0, -1);
  }

  /** From now on it gives the token of this kubeconfig. @returns the token */
  async give(kubeconfig: string): Promise<string> {
    const { credentials } = await accessFromKubeconfig(kubeconfig, systemClock);
    const token = (await credentials.refresh()).headers['authorization']?.replace('Bearer ', '') ?? '';
    writeFileSync(this.#token, token);
    return token;
  }
}

/** What a cluster manager does: the kind, and a profile that says where the cluster of a kubeconfig is. */
export async function inventory(
  hub: KubeClient,
  name: string,
  kubeconfig: string,
  providers: readonly string[] = [PROVIDER],
): Promise<void> {
  for (const crd of readManifests(readFileSync(CRD, 'utf8'))) await applyObject(hub, crd);
  await ensureNamespace(hub, FLEET);
  const { credentials, server } = await accessFromKubeconfig(kubeconfig, systemClock);
  const { ca = '', serverName } = (await credentials.refresh()).tls;
  const cluster = {
    server,
    'certificate-authority-data': Buffer.from(ca).toString('base64'),
    ...(serverName !== undefined && { 'tls-server-name': serverName }),
    extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { clusterName: name } }],
  };
  const metadata = { name, namespace: FLEET };
  const profile = { apiVersion: 'multicluster.x-k8s.io/v1alpha1', kind: 'ClusterProfile', metadata };
  const spec = { clusterManager: { name: 'test' } };
  const status = { accessProviders: providers.map((provider) => ({ name: provider, cluster })) };
  const made: ClusterProfile = { ...profile, ...objectOf({ spec }) } as ClusterProfile;
  await waitFor({ what: 'the kind ClusterProfile', timeoutMs: 20_000 }, async () => {
    await hub.apply(CLUSTER_PROFILE, made, { fieldManager: 'inventory' });
    return true;
  });
  await hub.mergePatch(CLUSTER_PROFILE, metadata, { status }, { subresource: 'status' });
}
