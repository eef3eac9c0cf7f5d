import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeClient } from '../../src/kube/client.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { applyObject, readManifests } from '../operator/operator.ts';
import { waitFor } from '../regions/wait.ts';

const MODULE = 'sigs.k8s.io/external-dns@v0.22.0';
const NAME = 'dnsendpoints.externaldns.k8s.io';
const SERVED_MS = 30_000;

/** Installs the kind of ExternalDNS on the hub, from the module cache of Go (which downloads it once). */
export async function installDnsEndpoint(hub: KubeClient): Promise<void> {
  await applyObject(hub, readDefinition());
  const list = '/apis/externaldns.k8s.io/v1alpha1/dnsendpoints';
  await waitFor({ what: `${NAME} to be served`, timeoutMs: SERVED_MS }, async () => {
    const { status } = await hub.transport.request({ method: 'GET', path: list, lane: 'api', timeoutMs: 5000 });
    return status === 200;
  });
}

function readDefinition(): KubeObject {
  const answer = execFileSync('go', ['mod', 'download', '-json', MODULE], { encoding: 'utf8' });
  const module: unknown = JSON.parse(answer);
  if (typeof module !== 'object' || module === null || !('Dir' in module) || typeof module.Dir !== 'string') {
    throw new Error(`${MODULE} is not in the module cache: ${answer}`);
  }
  const folder = join(module.Dir, 'config', 'crd', 'standard');
  const objects = readdirSync(folder).flatMap((file) => readManifests(readFileSync(join(folder, file), 'utf8')));
  const definition = objects.find(({ metadata }) => metadata.name === NAME);
  if (!definition) throw new Error(`${folder} does not define ${NAME}`);
  return definition;
}
