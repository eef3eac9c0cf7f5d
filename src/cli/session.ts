import { homedir } from 'node:os';
import { join } from 'node:path';
import type { KubeClient } from '../kube/client.ts';
import { accessFromKubeconfigFile, accessInCluster } from '../kube/kubeconfig.ts';
import { createKubeClient } from '../kube/rest-client.ts';
import { createUndiciTransport } from '../kube/undici-transport.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Format } from './output.ts';
import type { Paint, Terminal } from './terminal.ts';

/** Options that every command takes. */
export interface GlobalOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly group?: string;
  readonly output: Format;
}

/** What a command works with: the hub, as the person who calls may use it. */
export interface Session {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly terminal: Terminal;
  readonly paint: Paint;
  readonly options: GlobalOptions;
  /** A client of a region, by the context of that name; to be closed by who asked for it. */
  readonly connectTo: (region: string) => Promise<KubeClient>;
}

/**
 * A client of the hub with the person's own rights: `--kubeconfig`, `KUBECONFIG`, `~/.kube/config`, or the service account
 * of a pod that names none of them and no context, in this order. Rejects with `TerminalError` when none of them can be used.
 */
export async function connectToHub(
  { kubeconfig, context }: Pick<GlobalOptions, 'kubeconfig' | 'context'>,
  env: Terminal['env'],
  clock: Clock,
): Promise<KubeClient> {
  const isNamed = kubeconfig !== undefined || context !== undefined || Boolean(env['KUBECONFIG']);
  const isInPod = env['KUBERNETES_SERVICE_HOST'] !== undefined && !isNamed;
  const path = kubeconfig ?? (env['KUBECONFIG'] || join(env['HOME'] ?? homedir(), '.kube', 'config'));
  const { credentials, server } = isInPod
    ? accessInCluster(env, clock)
    : await accessFromKubeconfigFile(path, clock, context);
  return createKubeClient(createUndiciTransport({ cluster: 'hub', server, credentials, clock }), 'hub');
}
