import { SYSTEM_NAMESPACE } from '../../src/api/common.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { SECRET, type Secret } from '../../src/kube/kinds.ts';
import type { Resource } from '../../src/kube/object.ts';
import { adminClient, ensureNamespace, writeCredentials } from '../operator/operator.ts';
import type { Regions } from '../regions/regions.ts';
import { waitFor } from '../regions/wait.ts';
import { install, type Values } from '../tools/helm.ts';
import { Authority } from './certificates.ts';

/** The operator as pods, from our image, installed by Helm from our chart, with the rights server, gates and peers switched on. */
export interface OperatorPods {
  readonly regions: Regions;
  /** By digest. */
  readonly image: string;
  /** Holds the gate; the same when absent. Another one restarts the pods that have gates. */
  readonly gateImage?: string;
  /** Folder for certificates. */
  readonly dir: string;
  /** More values of the chart on the hub. */
  readonly hubValues?: Values;
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
/** Until new pods are ready and old ones are gone. */
const WAITING = ['--wait', '--timeout', '90s'];
/** The name in the certificates of the rights servers: that of the chart's Service. */
const RIGHTS_HOST = `switchback-agent-rights.${SYSTEM_NAMESPACE}.svc`;

/** Credentials first, so that the pods find them when they start. */
export async function installOperator(options: OperatorPods): Promise<void> {
  const { dir, regions } = options;
  const names = regions.regions.map(({ name }) => name);
  const tokens = new Map<string, Tokens>();
  await Promise.all(
    names.map((name) =>
      withAdmin(regions, name, async (client) => {
        tokens.set(name, {
          hub: await tokenOf(client, 'switchback-hub'),
          peer: await tokenOf(client, 'switchback-peer'),
        });
        await writeCertificates(client, `${dir}/${name}`);
      }),
    ),
  );
  const tokensOf = (name: string): Tokens => tokens.get(name) ?? { hub: '', peer: '' };
  await Promise.all([
    ...names.map((name) =>
      withAdmin(regions, name, async (client) => {
        const peers = names
          .filter((other) => other !== name)
          .map((other) => [other, kubeconfigWith(regions, name, other, tokensOf(other).peer)] as const);
        await writeSecret(client, 'switchback-peers', Object.fromEntries(peers));
      }),
    ),
    withAdmin(regions, 'hub', async (client) => {
      for (const name of names)
        await writeCredentials(client, name, kubeconfigWith(regions, 'hub', name, tokensOf(name).hub));
    }),
  ]);
  // The service accounts are there already.
  await Promise.all(['hub', ...names].map((site) => installAt(options, site, ['--take-ownership'])));
}

/** Makes the pods of the hub, or of the agents of a region, those that are wanted. @returns when each is, and is ready */
export const upgradeOperator = (options: OperatorPods, site: string): Promise<void> =>
  installAt(options, site, WAITING);

async function installAt(options: OperatorPods, name: string, more: readonly string[]): Promise<void> {
  const { regions } = options;
  const site = name === 'hub' ? regions.hub : regions.region(name);
  await install(site.kubeconfigPath('admin'), valuesOf(options, name), more);
}

function valuesOf({ gateImage, hubValues = {}, image, regions }: OperatorPods, site: string): Values {
  const [repository, digest] = image.split('@');
  const common = { 'image.repository': repository, 'image.digest': digest, 'image.pullPolicy': 'Never' };
  if (site === 'hub') {
    const secretNames = regions.regions.map(({ name }) => name);
    return { ...common, role: 'hub', replicas: 1, 'hub.credentials.secretNames': secretNames, ...hubValues };
  }
  return {
    ...common,
    role: 'agent',
    'agent.region': site,
    'agent.peers.secretName': 'switchback-peers',
    'agent.rights.secretName': 'switchback-rights',
    'agent.gate.image': gateImage ?? image,
    'agent.gate.delivery': 'ImageVolume',
  };
}

interface Tokens {
  readonly hub: string;
  readonly peer: string;
}

async function withAdmin(regions: Regions, site: string, work: (client: KubeClient) => Promise<void>): Promise<void> {
  const client = await adminClient(regions, site);
  try {
    await ensureNamespace(client, SYSTEM_NAMESPACE);
    await work(client);
  } finally {
    await client.transport.close();
  }
}

const apply = (client: KubeClient, resource: Resource, object: Secret): Promise<unknown> =>
  client.apply(resource, object, { fieldManager: MANAGER });

/** A token of a service account that lasts. */
async function tokenOf(client: KubeClient, account: string): Promise<string> {
  const namespace = SYSTEM_NAMESPACE;
  await apply(client, SERVICE_ACCOUNT, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: account, namespace },
  });
  const annotations = { 'kubernetes.io/service-account.name': account };
  const metadata = { name: `${account}-token`, namespace, annotations };
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/service-account-token' };
  await apply(client, SECRET, secret);
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
  await apply(client, SECRET, { apiVersion: 'v1', kind: 'Secret', metadata, data });
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
