import { createSecureContext } from 'node:tls';
import type { Credentials, TlsMaterial } from './credentials.ts';
import { isJsonObject, type JsonObject } from './json.ts';

/** What an administrator allows to be run for a name, as the provider file of cluster-inventory-api says it. */
export interface PluginProvider {
  readonly name: string;
  readonly execConfig: {
    readonly apiVersion: 'client.authentication.k8s.io/v1' | 'client.authentication.k8s.io/v1beta1';
    /** Absolute path. */
    readonly command: string;
    readonly args: readonly string[];
    readonly env: readonly { readonly name: string; readonly value: string }[];
    readonly provideClusterInfo: boolean;
  };
}

/** A credential, and until when it is good by the wall clock; undefined: until it is refused. */
export interface Issued {
  readonly credentials: Credentials;
  readonly expiresAtMs?: number;
}

/** Why a plugin gave nothing. The message is shown to people: it never holds anything that the plugin wrote. */
export class PluginError extends Error {
  override readonly name = 'PluginError';
}

/**
 * What the plugin is told, for `KUBERNETES_EXEC_INFO`: never that it may ask a person.
 * https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
 */
export function execInfo({ execConfig }: PluginProvider, cluster: object): string {
  const { apiVersion, provideClusterInfo } = execConfig;
  const spec = { interactive: false, ...(provideClusterInfo && { cluster }) };
  return JSON.stringify({ apiVersion, kind: 'ExecCredential', spec });
}

/** Reads what a plugin wrote. `tls` is what is known of the server. Throws `PluginError`. */
export function parseExecCredential(text: string, { execConfig }: PluginProvider, tls: TlsMaterial): Issued {
  const { apiVersion, kind, status } = sectionOf(parseJson(text));
  if (kind !== 'ExecCredential' || apiVersion !== execConfig.apiVersion) {
    throw new PluginError(`wrote no ExecCredential of ${execConfig.apiVersion}`);
  }
  const { clientCertificateData, clientKeyData, expirationTimestamp, token } = sectionOf(status);
  const pair = pairOf(clientCertificateData, clientKeyData);
  if (token === undefined && pair === undefined) throw new PluginError('gave neither a token nor a client certificate');
  const expiresAtMs = timeOf(expirationTimestamp);
  return {
    credentials: { headers: headersOf(token), tls: { ...tls, ...pair } },
    ...(expiresAtMs !== undefined && { expiresAtMs }),
  };
}

/** The error of the parser quotes the text: it goes no further. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new PluginError('wrote no JSON');
  }
}

const sectionOf = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});

/** A header takes visible ASCII only. */
function headersOf(token: unknown): Record<string, string> {
  if (token === undefined) return {};
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) throw new PluginError('gave a token that is none');
  return { authorization: `Bearer ${token}` };
}

/** A pair that TLS cannot use would make the region look silent: it is refused here. */
function pairOf(cert: unknown, key: unknown): { cert: string; key: string } | undefined {
  if (cert === undefined && key === undefined) return undefined;
  if (typeof cert !== 'string' || typeof key !== 'string') {
    throw new PluginError('gave a client certificate without its key, or a key without its certificate');
  }
  try {
    createSecureContext({ cert, key });
  } catch {
    throw new PluginError('gave a client certificate and a key that are no PEM, or do not belong together');
  }
  return { cert, key };
}

function timeOf(timestamp: unknown): number | undefined {
  if (timestamp === undefined || timestamp === null) return undefined;
  const ms = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN;
  if (Number.isNaN(ms)) throw new PluginError('gave an expirationTimestamp that is no time');
  return ms;
}
