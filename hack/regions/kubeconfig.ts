/** Makes a kubeconfig that verifies the server and names its parts so that several merge well in one KUBECONFIG list. */
export interface KubeconfigInput {
  /** Name of the context and of the cluster entry. */
  readonly name: string;
  /** `https://host:port`. */
  readonly url: string;
  readonly caPem: string;
  readonly user: string;
  /** Any text: an unknown token is answered with 401, as an expired one is. */
  readonly token: string;
}

/** JSON, which is YAML: every reader of kubeconfigs takes it. */
export function kubeconfig({ name, url, caPem, user, token }: KubeconfigInput): string {
  const userEntry = `${name}-${user}`;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: url, 'certificate-authority-data': Buffer.from(caPem).toString('base64') } }],
    users: [{ name: userEntry, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: userEntry } }],
    'current-context': name,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
