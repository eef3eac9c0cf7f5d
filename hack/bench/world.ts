import { randomUUID } from 'node:crypto';
import { availableParallelism, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { SYSTEM_NAMESPACE } from '../../src/api/common.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { forEachConcurrently } from '../../src/runtime/concurrency.ts';
import {
  adminClient,
  applyObject,
  createOperator,
  ensureNamespace,
  install,
  type Operator,
  type OperatorOptions,
  writeCredentials,
} from '../operator/operator.ts';
import { bootRegions, type Regions } from '../regions/regions.ts';
import { installDnsEndpoint } from './dns-endpoint.ts';
import { HOME, PEER, ZONES } from './manifests.ts';

/** How many objects are applied at the same time where nothing is measured. */
const APPLIES_IN_FLIGHT = 16;

/** A hub and two regions with the operator on them, as real processes; nothing runs before `operator.start()`. */
export interface World extends AsyncDisposable {
  readonly regions: Regions;
  readonly operator: Operator;
  /** As administrator, past every link. */
  readonly hub: KubeClient;
  readonly home: KubeClient;
  readonly peer: KubeClient;
}

export type WorldOptions = Omit<OperatorOptions, 'regions'>;

/**
 * Boots and installs everything, CRD of ExternalDNS included. The hub reaches the regions directly: the links of
 * `hack/regions` live in this process, which measures and must not be measured.
 */
export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const regions = await bootRegions({ regions: [HOME, PEER].map(regionOf), ...workDir() });
  try {
    await install(regions);
    const hub = await adminClient(regions, 'hub');
    for (const { kubeconfig, name } of regions.regions.map((region) => ({
      name: region.name,
      kubeconfig: region.kubeconfig('switchback-hub'),
    })))
      await writeCredentials(hub, name, kubeconfig);
    await installDnsEndpoint(hub);
    const [home, peer] = await Promise.all([adminClient(regions, HOME), adminClient(regions, PEER)]);
    const operator = createOperator({ ...options, regions });
    return {
      regions,
      operator,
      hub,
      home,
      peer,
      async [Symbol.asyncDispose]() {
        await operator.stop();
        await Promise.all([hub, home, peer].map(({ transport }) => transport.close()));
        await regions.stop();
      },
    };
  } catch (error) {
    await regions.stop();
    throw error;
  }
}

/** Nodes so large that neither their count of pods nor their size is ever what is measured. */
const regionOf = (name: string) => ({
  name,
  zones: ZONES[name] ?? [],
  nodeSize: { cpu: '512', memory: '2048Gi', pods: 4000 },
});

/** Namespaces of the objects first, then all of them as a user would apply them. */
export async function applyAll(client: KubeClient, objects: readonly KubeObject[]): Promise<void> {
  const namespaces = new Set(objects.map(({ metadata }) => metadata.namespace).filter((name) => name !== undefined));
  for (const name of namespaces) if (name !== SYSTEM_NAMESPACE) await ensureNamespace(client, name);
  await forEachConcurrently(objects, APPLIES_IN_FLIGHT, (object) => applyObject(client, object));
}

/** What a figure depends on, for the line beside it. */
export function describeMachine(): string {
  const gib = Math.round(totalmem() / 2 ** 30);
  return `${availableParallelism()} cores, ${gib} GiB, load ${loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')}`;
}

/** `SWITCHBACK_BENCH_DIR` names a folder that keeps data and logs, to look at what happened. */
function workDir(): { workDir?: string } {
  const dir = process.env['SWITCHBACK_BENCH_DIR'];
  return dir === undefined ? {} : { workDir: join(dir, randomUUID().slice(0, 8)) };
}
