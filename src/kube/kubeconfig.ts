import { readFile } from 'node:fs/promises';
import { delimiter, dirname, resolve } from 'node:path';
import type { Clock } from '../runtime/clock.ts';
import { type CredentialProvider, type Credentials, cachedCredentials } from './credentials.ts';
import { TerminalError } from './errors.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { pluginCredentials } from './plugin-credentials.ts';

/** All that is needed to talk to a cluster. */
export interface ClusterAccess {
  /** URL of the API server. */
  readonly server: string;
  readonly credentials: CredentialProvider;
}

interface Chosen {
  readonly cluster: JsonObject;
  readonly user: JsonObject;
}

const SERVICE_ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * Access from the text of a kubeconfig that came from elsewhere, a Secret for example. It must be self-contained: a
 * plugin would run a stranger's command, and a file reference would send a file of ours to a stranger's server.
 * Throws `TerminalError` when it is not usable.
 */
export async function accessFromKubeconfig(text: string, clock: Clock): Promise<ClusterAccess> {
  const { cluster, user } = choose(await parseYaml(text));
  for (const key of ['tokenFile', 'client-certificate', 'client-key', 'exec', 'auth-provider']) {
    if (user[key] !== undefined) throw new TerminalError(`kubeconfig: users[].user.${key} is not allowed here`);
  }
  if (cluster['certificate-authority'] !== undefined) {
    throw new TerminalError('kubeconfig: clusters[].cluster.certificate-authority is not allowed here');
  }
  const load = (): Promise<Credentials> => loadPlain({ cluster, user });
  return { server: serverOf(cluster), credentials: cachedCredentials(load, clock) };
}

/**
 * Access from kubeconfig files of this machine; they and the files they name are read again, so they may rotate.
 *
 * @param paths one file, or several as `KUBECONFIG` lists them
 * @param context the current one when absent
 */
export async function accessFromKubeconfigFile(paths: string, clock: Clock, context?: string): Promise<ClusterAccess> {
  const load = async (): Promise<Credentials> => {
    const config = await readFiles(paths);
    const chosen = choose(config, context);
    const needsPlugin = chosen.user['exec'] !== undefined || chosen.user['auth-provider'] !== undefined;
    return needsPlugin ? pluginCredentials(JSON.stringify(config), context) : loadPlain(chosen);
  };
  const { cluster } = choose(await readFiles(paths), context);
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

function textAt(section: JsonObject, key: string): string | undefined {
  const value = section[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

const LISTS = ['clusters', 'users', 'contexts'] as const;
const FILES = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'] as const;

/**
 * As kubectl merges them: of two entries with one name the first counts, and the current context is that of the first file
 * that names one. Of several, files that are not there are passed over.
 * https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/#merging-kubeconfig-files
 */
async function readFiles(paths: string): Promise<JsonObject> {
  const list = paths.split(delimiter).filter((path) => path !== '');
  const isSingle = list.length === 1;
  const read = await Promise.all(list.map((path) => readOne(path).catch((error) => passOver(error, isSingle))));
  const found = read.filter((config) => config !== undefined);
  if (found.length === 0) throw new TerminalError(`kubeconfig: none of ${list.join(', ')} is there`);
  const current = found.map((config) => textAt(config, 'current-context')).find((name) => name !== undefined);
  return {
    ...Object.fromEntries(LISTS.map((key) => [key, found.flatMap((config) => entriesOf(config, key))])),
    ...(current !== undefined && { 'current-context': current }),
  };
}

function passOver(error: unknown, isSingle: boolean): undefined {
  if (isSingle || !isJsonObject(error) || error['code'] !== 'ENOENT') throw error;
  return undefined;
}

/** What a file names is looked for beside it. */
async function readOne(path: string): Promise<JsonObject> {
  const config = await parseYaml(await readFile(path, 'utf8'));
  const here = (section: unknown): unknown => {
    if (!isJsonObject(section)) return section;
    const found = FILES.map((key) => [key, textAt(section, key)] as const);
    const absolute = found.flatMap(([key, file]) => (file === undefined ? [] : [[key, resolve(dirname(path), file)]]));
    return { ...section, ...Object.fromEntries(absolute) };
  };
  const entries = (key: 'clusters' | 'users', part: string) =>
    entriesOf(config, key).map((entry) => ({ ...entry, [part]: here(entry[part]) }));
  return { ...config, clusters: entries('clusters', 'cluster'), users: entries('users', 'user') };
}

const entriesOf = (config: JsonObject, list: string): JsonObject[] => {
  const entries = config[list];
  return Array.isArray(entries) ? entries.filter(isJsonObject) : [];
};

/** The cluster and the user of a context, the current one when none is named. */
function choose(config: JsonObject, name?: string): Chosen {
  const context = named(config, 'contexts', 'context', name ?? textAt(config, 'current-context'));
  const cluster = named(config, 'clusters', 'cluster', textAt(context, 'cluster'));
  const user = named(config, 'users', 'user', textAt(context, 'user'));
  if (cluster['proxy-url'] !== undefined) throw new TerminalError('kubeconfig: proxy-url is not supported');
  return { cluster, user };
}

async function parseYaml(text: string): Promise<JsonObject> {
  // Loaded only where there is a kubeconfig to read: a pod of its own cluster has none.
  const { load } = await import('js-yaml');
  let config: unknown;
  try {
    config = load(text);
  } catch (cause) {
    throw new TerminalError('kubeconfig: this is no YAML', { cause });
  }
  if (!isJsonObject(config)) throw new TerminalError('kubeconfig: this is no kubeconfig');
  return config;
}

function named(config: JsonObject, list: string, key: string, name: string | undefined): JsonObject {
  for (const entry of entriesOf(config, list)) {
    const section: unknown = entry['name'] === name ? entry[key] : undefined;
    if (isJsonObject(section)) return section;
  }
  throw new TerminalError(`kubeconfig: there is no ${key} "${name ?? ''}" in ${list}`);
}

function serverOf(cluster: JsonObject): string {
  const server = textAt(cluster, 'server');
  if (!server || !/^https?:$/.test(URL.parse(server)?.protocol ?? '')) {
    throw new TerminalError('kubeconfig: clusters[].cluster.server is no URL');
  }
  return server;
}

async function loadPlain({ cluster, user }: Chosen): Promise<Credentials> {
  const read = (path: string | undefined): Promise<string> | undefined =>
    path === undefined ? undefined : readFile(path, 'utf8');
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

function inline(section: JsonObject, key: string): string | undefined {
  const base64 = textAt(section, key);
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('utf8');
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token.trim()}` });

function basic(user: JsonObject): Record<string, string> {
  const name = textAt(user, 'username');
  if (name === undefined) return {};
  const pair = `${name}:${textAt(user, 'password') ?? ''}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}
