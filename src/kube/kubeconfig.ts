import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Clock } from '../runtime/clock.ts';
import { type CredentialProvider, type Credentials, cachedCredentials } from './credentials.ts';
import { TerminalError } from './errors.ts';
import { pluginCredentials } from './plugin-credentials.ts';

/** All that is needed to talk to a cluster. */
export interface ClusterAccess {
  /** URL of the API server. */
  readonly server: string;
  readonly credentials: CredentialProvider;
}

type Section = Readonly<Record<string, unknown>>;

interface Chosen {
  readonly cluster: Section;
  readonly user: Section;
}

const SERVICE_ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * Access from the text of a kubeconfig that came from elsewhere, a Secret for example. It must be self-contained: a
 * plugin would run a stranger's command, and a file reference would send a file of ours to a stranger's server.
 * Throws `TerminalError` when it is not usable.
 */
export async function accessFromKubeconfig(text: string, clock: Clock): Promise<ClusterAccess> {
  const { cluster, user } = await choose(text);
  for (const key of ['tokenFile', 'client-certificate', 'client-key', 'exec', 'auth-provider']) {
    if (user[key] !== undefined) throw new TerminalError(`kubeconfig: users[].user.${key} is not allowed here`);
  }
  if (cluster['certificate-authority'] !== undefined) {
    throw new TerminalError('kubeconfig: clusters[].cluster.certificate-authority is not allowed here');
  }
  const load = (): Promise<Credentials> => loadPlain({ cluster, user }, '/');
  return { server: serverOf(cluster), credentials: cachedCredentials(load, clock) };
}

/**
 * Access from a kubeconfig file of this machine; it and the files it names are read again, so they may rotate.
 *
 * @param context the current one of the file when absent
 */
export async function accessFromKubeconfigFile(path: string, clock: Clock, context?: string): Promise<ClusterAccess> {
  const load = async (): Promise<Credentials> => {
    const text = await readFile(path, 'utf8');
    const chosen = await choose(text, context);
    const needsPlugin = chosen.user['exec'] !== undefined || chosen.user['auth-provider'] !== undefined;
    return needsPlugin ? pluginCredentials(path, context) : loadPlain(chosen, dirname(path));
  };
  const { cluster } = await choose(await readFile(path, 'utf8'), context);
  return { server: serverOf(cluster), credentials: cachedCredentials(load, clock) };
}

/** Access of a pod to its own cluster, through its service account. */
export function accessInCluster(
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock,
  directory: string = SERVICE_ACCOUNT_DIR,
): ClusterAccess {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  if (!host || !port) throw new TerminalError('neither KUBECONFIG nor KUBERNETES_SERVICE_HOST and _PORT are set');
  const load = async (): Promise<Credentials> => {
    const [token, ca] = await Promise.all([
      readFile(resolve(directory, 'token'), 'utf8'),
      readFile(resolve(directory, 'ca.crt'), 'utf8'),
    ]);
    return { headers: bearer(token), tls: { ca } };
  };
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { server, credentials: cachedCredentials(load, clock) };
}

/** `KUBECONFIG` when it is set, the service account of the pod otherwise. */
export async function accessFromEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock,
): Promise<ClusterAccess> {
  const path = env['KUBECONFIG'];
  return path ? accessFromKubeconfigFile(path, clock) : accessInCluster(env, clock);
}

const isSection = (value: unknown): value is Section => typeof value === 'object' && value !== null;

function textAt(section: Section, key: string): string | undefined {
  const value = section[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The cluster and the user of a context, the current one when none is named. */
async function choose(text: string, name?: string): Promise<Chosen> {
  const config = await parseYaml(text);
  const context = named(config, 'contexts', 'context', name ?? textAt(config, 'current-context'));
  const cluster = named(config, 'clusters', 'cluster', textAt(context, 'cluster'));
  const user = named(config, 'users', 'user', textAt(context, 'user'));
  if (cluster['proxy-url'] !== undefined) throw new TerminalError('kubeconfig: proxy-url is not supported');
  return { cluster, user };
}

async function parseYaml(text: string): Promise<Section> {
  // Loaded only where there is a kubeconfig to read: a pod of its own cluster has none.
  const { load } = await import('js-yaml');
  let config: unknown;
  try {
    config = load(text);
  } catch (cause) {
    throw new TerminalError('kubeconfig: this is no YAML', { cause });
  }
  if (!isSection(config)) throw new TerminalError('kubeconfig: this is no kubeconfig');
  return config;
}

function named(config: Section, list: string, key: string, name: string | undefined): Section {
  const entries = config[list];
  for (const entry of Array.isArray(entries) ? entries : []) {
    const section: unknown = isSection(entry) && entry['name'] === name ? entry[key] : undefined;
    if (isSection(section)) return section;
  }
  throw new TerminalError(`kubeconfig: there is no ${key} "${name ?? ''}" in ${list}`);
}

function serverOf(cluster: Section): string {
  const server = textAt(cluster, 'server');
  if (!server || !/^https?:$/.test(URL.parse(server)?.protocol ?? '')) {
    throw new TerminalError('kubeconfig: clusters[].cluster.server is no URL');
  }
  return server;
}

async function loadPlain({ cluster, user }: Chosen, directory: string): Promise<Credentials> {
  const read = (path: string | undefined): Promise<string> | undefined =>
    path === undefined ? undefined : readFile(resolve(directory, path), 'utf8');
  const [ca, cert, key, token] = await Promise.all([
    inline(cluster, 'certificate-authority-data') ?? read(textAt(cluster, 'certificate-authority')),
    inline(user, 'client-certificate-data') ?? read(textAt(user, 'client-certificate')),
    inline(user, 'client-key-data') ?? read(textAt(user, 'client-key')),
    // As in client-go, the file is preferred: it is what rotates.
    read(textAt(user, 'tokenFile')) ?? textAt(user, 'token'),
  ]);
  const serverName = textAt(cluster, 'tls-server-name');
  return {
    headers: token === undefined ? basic(user) : bearer(token),
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(serverName === undefined ? {} : { serverName }),
      insecure: cluster['insecure-skip-tls-verify'] === true,
    },
  };
}

function inline(section: Section, key: string): string | undefined {
  const base64 = textAt(section, key);
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('utf8');
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token.trim()}` });

function basic(user: Section): Record<string, string> {
  const name = textAt(user, 'username');
  if (name === undefined) return {};
  const pair = `${name}:${textAt(user, 'password') ?? ''}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}
