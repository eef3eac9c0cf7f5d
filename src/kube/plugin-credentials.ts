import type { Credentials } from './credentials.ts';

/**
 * Credentials of a kubeconfig that names an exec plugin, OIDC or another provider, through client-node, which
 * knows them all. It is loaded only then: it costs 85 MB of memory.
 */
export async function pluginCredentials(text: string, context?: string): Promise<Credentials> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromString(text);
  if (context !== undefined) config.setCurrentContext(context);
  const options: Parameters<typeof config.applyToHTTPSOptions>[0] = {};
  await config.applyToHTTPSOptions(options);
  const ca = pem(options.ca);
  const cert = pem(options.cert);
  const key = pem(options.key);
  return {
    headers: headersOf(options.headers),
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(options.servername === undefined ? {} : { serverName: options.servername }),
      insecure: options.rejectUnauthorized === false,
    },
  };
}

/** client-node gives PEM as text or bytes, and never as the lists that TLS would take, too. */
const pem = (value: unknown): string | undefined => {
  if (typeof value === 'string') return value;
  return Buffer.isBuffer(value) ? value.toString('utf8') : undefined;
};

function headersOf(headers: object | undefined): Record<string, string> {
  const entries = Object.entries(headers ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value]));
}
