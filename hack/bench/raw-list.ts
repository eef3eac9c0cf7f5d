import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { argv } from 'node:process';
import { promisify } from 'node:util';
import { RESOURCES } from '../../src/api/resources.ts';
import { pathOf } from '../../src/kube/object.ts';
import { openRawLoop } from './raw-loop.ts';

/** What the hub has to have listed before it is ready. */
const LISTED = [RESOURCES.iuGroup, RESOURCES.serviceClass, RESOURCES.tenant, RESOURCES.serviceInstance];

/**
 * Milliseconds that a new process needs, once it is loaded, for the lists of a hub: all at the same time, answers
 * parsed, nothing kept. A process of its own, because a warm one does in half the time what a hub does cold.
 */
export async function listRaw(kubeconfigPath: string): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [import.meta.filename, kubeconfigPath]);
  return Number(stdout);
}

if (import.meta.main) {
  const kubeconfig = await readFile(argv[2] ?? '', 'utf8');
  const startedAt = performance.now();
  await using loop = await openRawLoop(kubeconfig);
  await Promise.all(LISTED.map((resource) => loop.read(pathOf(resource))));
  console.log(performance.now() - startedAt);
}
