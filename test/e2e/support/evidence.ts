import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { binDir } from '../../../hack/regions/build.ts';
import type { Regions } from '../../../hack/regions/regions.ts';

const PATIENCE_MS = 5000;
const MOST_OUTPUT = 32 * 1024 * 1024;

/**
 * Writes what the clusters show into the folder SWITCHBACK_TEST_LOGS, when that is set: an enclosure leaves nothing behind,
 * so it has to be done before its end.
 */
export function keepEvidence(regions: Regions, name: string): void {
  const folder = process.env['SWITCHBACK_TEST_LOGS'];
  if (!folder) return;
  const into = join(folder, name);
  mkdirSync(into, { recursive: true });
  for (const site of [regions.hub, ...regions.regions]) {
    const kubeconfig = site.kubeconfigPath('admin');
    const kubectl = (...args: readonly string[]): string => ask(kubeconfig, args);
    const pods = kubectl('get', 'pods', '-n', 'switchback-system', '-o', 'name')
      .split('\n')
      .filter((pod) => pod !== '');
    const parts = [
      kubectl('get', 'nodes,pods,services,endpointslices', '-A', '-o', 'wide'),
      kubectl('describe', 'pods', '-n', 'switchback-system'),
      kubectl('get', 'events', '-A', '--sort-by=.metadata.creationTimestamp'),
      kubectl('get', 'switchback', '-A', '-o', 'yaml'),
      ...pods.map((pod) => `--- ${pod}\n${kubectl('logs', '-n', 'switchback-system', '--all-containers', pod)}`),
      ...pods.map((pod) => `--- before: ${pod}\n${kubectl('logs', '-n', 'switchback-system', '--previous', pod)}`),
    ];
    writeFileSync(join(into, `${site.name}.txt`), parts.join('\n\n'));
    const isLog = (path: string): boolean => !/etcd(\/|$)|\.sock$|pki|nodes|tokens\.csv|kubeconfig/.test(path);
    cpSync(join(regions.workDir, site.name), join(into, site.name), { recursive: true, filter: isLog });
  }
}

function ask(kubeconfig: string, args: readonly string[]): string {
  try {
    return execFileSync(join(binDir(), 'kubectl'), ['--kubeconfig', kubeconfig, '--request-timeout=3s', ...args], {
      encoding: 'utf8',
      timeout: PATIENCE_MS,
      maxBuffer: MOST_OUTPUT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    return String(error);
  }
}
