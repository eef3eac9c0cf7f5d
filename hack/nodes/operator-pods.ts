import { SYSTEM_NAMESPACE } from '../../src/api/common.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { DEPLOYMENT, SECRET, SERVICE } from '../../src/kube/kinds.ts';
import type { KubeObject, Resource } from '../../src/kube/object.ts';
import { installCrds } from '../install.ts';
import { adminClient, ensureNamespace, writeCredentials } from '../operator/operator.ts';
import { ROLE_NAMES, ROLES_IN, rbacResource, roleObjects } from '../rbac/objects.ts';
import type { Regions } from '../regions/regions.ts';
import { waitFor } from '../regions/wait.ts';
import { Authority } from './certificates.ts';
import { agentSettings, deployment, objectOf, RIGHTS_HOST, rightsService } from './operator-manifests.ts';

/**
 * The operator as pods, from our image, under service accounts of its own that have exactly the roles of the chart. What is
 * made here is what `charts/switchback` renders with the rights server, gates, peers and tokens switched on; Helm is not
 * needed for it.
 */
export interface OperatorPods {
  readonly regions: Regions;
  /** By digest. */
  readonly image: string;
  /** Holds the gate; the same when absent. Another one restarts the pods that have gates. */
  readonly gateImage?: string;
  /** Folder for certificates. */
  readonly dir: string;
  readonly hubSettings?: Readonly<Record<string, string>>;
}

const MANAGER = 'switchback-user';
const SERVICE_ACCOUNT: Resource = {
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  namespaced: true,
};
const TOKEN_MS = 20_000;
const ROLLED_OUT_MS = 90_000;

export async function installOperator(options: OperatorPods): Promise<void> {
  const { dir, regions } = options;
  const names = regions.regions.map(({ name }) => name);
  const tokens = new Map<string, Tokens>();
  await Promise.all(
    names.map(async (name) => {
      await withAdmin(regions, name, async (client) => {
        await prepare(client, 'region');
        tokens.set(name, {
          hub: await tokenOf(client, 'switchback-hub'),
          peer: await tokenOf(client, 'switchback-peer'),
        });
      });
    }),
  );
  const tokensOf = (name: string): Tokens => tokens.get(name) ?? { hub: '', peer: '' };
  await Promise.all([
    ...names.map((name) =>
      withAdmin(regions, name, async (client) => {
        const others = names.filter((other) => other !== name);
        const peers = others.map(
          (other) => [other, kubeconfigWith(regions, name, other, tokensOf(other).peer)] as const,
        );
        await writeSecret(client, 'switchback-peers', Object.fromEntries(peers));
        await writeCertificates(client, `${dir}/${name}`);
        await apply(client, SERVICE, rightsService());
      }),
    ),
    withAdmin(regions, 'hub', async (client) => {
      await prepare(client, 'hub', names);
      for (const name of names)
        await writeCredentials(client, name, kubeconfigWith(regions, 'hub', name, tokensOf(name).hub));
    }),
  ]);
  await Promise.all(['hub', ...names].map((site) => applyDeployment(options, site)));
}

/** Makes the pods of the hub, or of the agents of a region, those that are wanted. @returns when each is, and is ready */
export async function upgradeOperator(options: OperatorPods, site: string): Promise<void> {
  const wanted = await applyDeployment(options, site);
  await withAdmin(options.regions, site, (client) =>
    waitFor({ what: `the upgrade of ${site}`, timeoutMs: ROLLED_OUT_MS }, async () => {
      const { metadata, spec, status } = await client.read(DEPLOYMENT, wanted.metadata);
      const isSeen = status?.observedGeneration === metadata.generation;
      const counts = [status?.replicas, status?.updatedReplicas, status?.availableReplicas];
      return isSeen && counts.every((count) => count === spec?.replicas);
    }),
  );
}

async function applyDeployment(
  { gateImage, hubSettings = {}, image, regions }: OperatorPods,
  site: string,
): Promise<KubeObject> {
  const wanted =
    site === 'hub'
      ? deployment('hub', image, hubSettings, 1)
      : deployment('agent', image, agentSettings(site, gateImage ?? image), 2);
  await withAdmin(regions, site, async (client) => void (await apply(client, DEPLOYMENT, wanted)));
  return wanted;
}

interface Tokens {
  readonly hub: string;
  readonly peer: string;
}

async function withAdmin(regions: Regions, site: string, work: (client: KubeClient) => Promise<void>): Promise<void> {
  const client = await adminClient(regions, site);
  try {
    await work(client);
  } finally {
    await client.transport.close();
  }
}

const apply = (client: KubeClient, resource: Resource, object: KubeObject): Promise<unknown> =>
  client.apply(resource, object, { fieldManager: MANAGER });

/** Kinds, policies, service accounts and their roles. */
async function prepare(
  client: KubeClient,
  where: 'hub' | 'region',
  credentials: readonly string[] = [],
): Promise<void> {
  await installCrds(client, { role: where });
  await ensureNamespace(client, SYSTEM_NAMESPACE);
  for (const role of ROLES_IN[where]) {
    const serviceAccount = ROLE_NAMES[role];
    const metadata = { name: serviceAccount, namespace: SYSTEM_NAMESPACE };
    await apply(client, SERVICE_ACCOUNT, objectOf('v1', 'ServiceAccount', metadata));
    for (const object of roleObjects(role, { serviceAccount }, { credentials })) {
      await apply(client, rbacResource(object), object);
    }
  }
}

/** A token of a service account that lasts, as the chart makes it with `createToken`. */
async function tokenOf(client: KubeClient, account: string): Promise<string> {
  const metadata = {
    name: `${account}-token`,
    namespace: SYSTEM_NAMESPACE,
    annotations: { 'kubernetes.io/service-account.name': account },
  };
  await apply(client, SECRET, objectOf('v1', 'Secret', metadata, { type: 'kubernetes.io/service-account-token' }));
  let token = '';
  await waitFor({ what: `the token of ${account}`, timeoutMs: TOKEN_MS }, async () => {
    token = Buffer.from((await client.read(SECRET, metadata)).data?.['token'] ?? '', 'base64').toString('utf8');
    return token !== '';
  });
  return token;
}

/** A kubeconfig for a service account, through the link, which can be cut. */
function kubeconfigWith(regions: Regions, from: string, to: string, token: string): string {
  const config = JSON.parse(regions.link(from, to).kubeconfig('switchback-peer'));
  return JSON.stringify({ ...config, users: [{ ...config.users[0], user: { token } }] });
}

async function writeSecret(client: KubeClient, name: string, texts: Readonly<Record<string, string>>): Promise<void> {
  const data = Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  );
  const metadata = { name, namespace: SYSTEM_NAMESPACE };
  await apply(client, SECRET, objectOf('v1', 'Secret', metadata, { data }));
}

/** Of the rights servers and the gates of a region, from one authority. */
async function writeCertificates(client: KubeClient, dir: string): Promise<void> {
  const authority = new Authority(dir);
  const agents = authority.issue('agents', '/CN=agents', 'serverAuth', `DNS:${RIGHTS_HOST}`);
  const gates = authority.issue('gates', '/CN=gates', 'clientAuth', `URI:switchback://${SYSTEM_NAMESPACE}/gate`);
  for (const [name, { cert, key }] of [
    ['switchback-rights', agents],
    ['switchback-gate', gates],
  ] as const) {
    await writeSecret(client, name, { 'tls.crt': cert, 'tls.key': key, 'ca.crt': authority.ca });
  }
}
