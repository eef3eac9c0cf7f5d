import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeClient } from '../../src/kube/client.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { applyObject, readManifests } from '../operator/operator.ts';
import { waitFor } from '../regions/wait.ts';

const SERVED_MS = 30_000;

/** A kind of somebody else, as the Go module of its project carries it. */
interface Definition {
  readonly module: string;
  /** Where in the module. */
  readonly folder: readonly string[];
  readonly name: string;
  readonly version: string;
}
const DNS_ENDPOINT: Definition = {
  module: 'sigs.k8s.io/external-dns@v0.22.0',
  folder: ['config', 'crd', 'standard'],
  name: 'dnsendpoints.externaldns.k8s.io',
  version: 'v1alpha1',
};
const HTTP_ROUTE: Definition = {
  module: 'sigs.k8s.io/gateway-api@v1.4.1',
  folder: ['config', 'crd', 'standard'],
  name: 'httproutes.gateway.networking.k8s.io',
  version: 'v1',
};

/** Installs the kind of ExternalDNS on the hub, from the module cache of Go (which downloads it once). */
export const installDnsEndpoint = (hub: KubeClient): Promise<void> => installDefinition(hub, DNS_ENDPOINT);
/** The same of the Gateway API. */
export const installHttpRoute = (hub: KubeClient): Promise<void> => installDefinition(hub, HTTP_ROUTE);

async function installDefinition(hub: KubeClient, definition: Definition): Promise<void> {
  const { name, version } = definition;
  await applyObject(hub, readDefinition(definition));
  const [plural = '', ...group] = name.split('.');
  const list = `/apis/${group.join('.')}/${version}/${plural}`;
  await waitFor({ what: `${name} to be served`, timeoutMs: SERVED_MS }, async () => {
    const { status } = await hub.transport.request({ method: 'GET', path: list, lane: 'api', timeoutMs: 5000 });
    return status === 200;
  });
}

function readDefinition({ folder: path, module: source, name }: Definition): KubeObject {
  const answer = execFileSync('go', ['mod', 'download', '-json', source], { encoding: 'utf8' });
  const module: unknown = JSON.parse(answer);
  if (typeof module !== 'object' || module === null || !('Dir' in module) || typeof module.Dir !== 'string') {
    throw new Error(`${source} is not in the module cache: ${answer}`);
  }
  const folder = join(module.Dir, ...path);
  const objects = readdirSync(folder).flatMap((file) => readManifests(readFileSync(join(folder, file), 'utf8')));
  const definition = objects.find(({ metadata }) => metadata.name === name);
  if (!definition) throw new Error(`${folder} does not define ${name}`);
  return definition;
}
