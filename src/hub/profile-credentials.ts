import { isoTime } from '../api/common.ts';
import type { Reason } from '../api/conditions.ts';
import type { KubeClient } from '../kube/client.ts';
import type { ProfileAccess } from '../kube/cluster-profile.ts';
import { execInfo, type Issued, type PluginProvider, parseExecCredential } from '../kube/exec-credential.ts';
import type { ClusterAccess } from '../kube/kubeconfig.ts';
import { type RenewalProblem, renewedCredentials } from '../kube/renewed-credentials.ts';
import type { RunPlugin } from '../kube/run-plugin.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';

/** How regions are reached that come from an inventory. Which plugins may run nobody says but who has installed the hub. */
export interface ProfileOptions {
  readonly providers: readonly PluginProvider[];
  readonly run: RunPlugin;
  /** Makes a client; nothing is asked yet. */
  readonly connect: (region: string, access: ClusterAccess) => KubeClient;
}

/** Why a region has no credential, or its credential is not renewed. */
export interface CredentialsProblem {
  readonly reason: Extract<
    Reason,
    'CredentialsNotFound' | 'CredentialsNotAllowed' | 'CredentialsInvalid' | 'CredentialsPluginFailed'
  >;
  /** For people; holds nothing secret. */
  readonly message: string;
}

export const SWITCHED_OFF: CredentialsProblem = {
  reason: 'CredentialsNotAllowed',
  message: 'ClusterProfiles are switched off: set hub.clusterProfiles.enabled of the chart, and allow a provider',
};

export interface ProfileConnection {
  /** Resolves with the first credential; closing the client ends the renewals. */
  readonly client: Promise<KubeClient>;
  /** Only while there is no client yet. */
  stop(): void;
}

interface Connecting {
  readonly region: string;
  /** `namespace/name` of the ClusterProfile. */
  readonly profile: string;
  readonly access: ProfileAccess;
  readonly options: ProfileOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly tell: (problem: CredentialsProblem | undefined) => void;
}

/** Begins to run the plugin, and goes on until it is stopped. */
export function connectByProfile({
  access,
  clock,
  options,
  profile,
  random,
  region,
  tell,
}: Connecting): ProfileConnection {
  const { provider } = access;
  const subject = `ClusterProfile ${profile}: the plugin of access provider ${provider.name}`;
  const credentials = renewedCredentials({
    clock,
    random,
    load: () => issue(access, options.run),
    tell: (problem) => tell(problem && describe(subject, problem)),
  });
  const client = credentials.first.then(() =>
    endingWith(options.connect(region, { server: access.server, credentials }), credentials.stop),
  );
  return { client, stop: credentials.stop };
}

/** The environment is what is configured, and nothing of ours: tokens and settings of the hub are no business of a plugin. */
async function issue({ cluster, provider, tls }: ProfileAccess, run: RunPlugin): Promise<Issued> {
  const { args, command, env } = provider.execConfig;
  const own = Object.fromEntries(env.map(({ name, value }) => [name, value]));
  const text = await run({ command, args, env: { ...own, KUBERNETES_EXEC_INFO: execInfo(provider, cluster) } });
  return parseExecCredential(text, provider, tls);
}

/** No time of the next attempt: it would be written each time. */
function describe(subject: string, { expiresAtMs, hasOne, message }: RenewalProblem): CredentialsProblem {
  const until = expiresAtMs === undefined ? '' : `, which is good until ${isoTime(expiresAtMs)}`;
  const now = hasOne ? `the hub goes on with the credential that it has${until}` : 'there is no credential yet';
  const text = `${subject} ${message}; ${now}; it is run again within a minute, ${SEE}`;
  return { reason: 'CredentialsPluginFailed', message: text };
}

const SEE = 'and what it writes to standard error is never read: run it by hand to see that';

/** A client that ends something when it is closed. */
const endingWith = (client: KubeClient, end: () => void): KubeClient => ({
  ...client,
  transport: {
    request: (request) => client.transport.request(request),
    watch: (request) => client.transport.watch(request),
    close() {
      end();
      return client.transport.close();
    },
  },
});
