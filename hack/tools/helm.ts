import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { KubeObject } from '../../src/kube/object.ts';
import { readManifests } from '../operator/operator.ts';
import { findTool } from './chart-tools.ts';

const run = promisify(execFile);
const CHART = join(import.meta.dirname, '../../charts/switchback');
const NAMESPACE = 'switchback-system';
/** A rendered chart holds all kinds with their schemas. */
const MOST_OUTPUT = 64 * 1024 * 1024;

export const HELM = findTool('helm');
export const KUBECONFORM = findTool('kubeconform');
export const KUBE_SCORE = findTool('kube-score');
if (HELM === undefined) {
  console.warn('Helm is not here: the tests of the chart are skipped. `make chart-tools` builds it.');
}

export type Values = Readonly<Record<string, unknown>>;

/** Output of Helm. Rejects with what it says on standard error. */
export async function helm(args: readonly string[], kubeconfig = '/dev/null'): Promise<string> {
  if (HELM === undefined) throw new Error('Helm is not here');
  const env = { ...process.env, KUBECONFIG: kubeconfig };
  const { stdout } = await run(HELM, args, { env, maxBuffer: MOST_OUTPUT });
  return stdout;
}

const setting = (values: Values): string[] =>
  Object.entries(values).flatMap(([key, value]) => ['--set-json', `${key}=${JSON.stringify(value)}`]);

/** The chart as text, as `helm template` gives it. */
export const renderText = (values: Values, more: readonly string[] = []): Promise<string> =>
  helm(['template', 'switchback', CHART, '--namespace', NAMESPACE, ...setting(values), ...more]);

export const render = async (values: Values, more: readonly string[] = []): Promise<readonly KubeObject[]> =>
  readManifests(await renderText(values, more));

/** `helm upgrade --install` into a real cluster. */
export const install = (kubeconfig: string, values: Values, more: readonly string[] = []): Promise<string> =>
  helm(
    [
      'upgrade',
      '--install',
      'switchback',
      CHART,
      '--namespace',
      NAMESPACE,
      '--create-namespace',
      ...setting(values),
      ...more,
    ],
    kubeconfig,
  );

export const uninstall = (kubeconfig: string): Promise<string> =>
  helm(['uninstall', 'switchback', '--namespace', NAMESPACE], kubeconfig);
