import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlPlanePaths } from '../regions/control-plane.ts';
import { newToken, newTokens, type Tokens, writeServiceAccountKeys, writeTokens } from '../regions/identity.ts';
import { kubeconfig } from '../regions/kubeconfig.ts';
import type { ClusterSpec } from '../regions/provider.ts';
import { type ClusterAddresses, MACHINE } from './addresses.ts';
import { corefile, writeCertificates } from './control-plane.ts';

/** Below the range of source ports, and one for each cluster: the network is our own, so nobody else takes it. */
const FIRST_PORT = 20_000;

/** What a cluster is made from: written before its first process starts. */
export interface ClusterFiles {
  readonly paths: ControlPlanePaths;
  /** What clients, nodes and pods trust, PEM. */
  readonly caPem: string;
  readonly tokens: Tokens;
  readonly corefile: string;
  /** The files of each node, by its name. */
  readonly ofNodes: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Writes the tokens anew, with those of the nodes. */
  rewriteTokens(tokens: Tokens): void;
}

export function writeClusterFiles(
  { dir, index, name: cluster }: ClusterSpec,
  addresses: ClusterAddresses,
  nodes: readonly string[],
  bin: string,
): ClusterFiles {
  mkdirSync(join(dir, 'pki'), { recursive: true });
  const caPem = writeCertificates(dir, addresses);
  writeServiceAccountKeys(dir);
  const [tokens, proxyToken] = [newTokens(), newToken()];
  const nodeTokens = nodes.map((node) => ({ node, token: newToken() }));
  const lines = [
    `${proxyToken},system:kube-proxy,system:kube-proxy`,
    ...nodeTokens.map(({ node, token }) => `${token},system:node:${node},system:node:${node},"system:nodes"`),
  ];
  const rewriteTokens = (now: Tokens): void => writeTokens(dir, now, lines);
  rewriteTokens(tokens);
  const paths = { bin, dir, kubeconfig: join(dir, 'controllers.kubeconfig'), port: FIRST_PORT + index };
  const configFor = (host: string, user: string, token: string): string =>
    kubeconfig({ name: cluster, url: `https://${host}:${paths.port}`, caPem, user, token });
  writeFileSync(paths.kubeconfig, configFor('127.0.0.1', 'admin', tokens.admin), { mode: 0o600 });
  writeFileSync(join(dir, 'Corefile'), corefile(paths.kubeconfig, addresses));
  const filesOf = (node: string, token: string) => ({
    'ca.crt': caPem,
    'kubelet.kubeconfig': configFor(MACHINE, node, token),
    'proxy.kubeconfig': configFor(MACHINE, 'kube-proxy', proxyToken),
  });
  const ofNodes = new Map(nodeTokens.map(({ node, token }) => [node, filesOf(node, token)]));
  return { paths, caPem, tokens, corefile: join(dir, 'Corefile'), ofNodes, rewriteTokens };
}
