import { readFileSync } from 'node:fs';
import { request } from 'undici';
import { samplesOf, sumOf } from '../../hack/bench/prometheus.ts';
import type { ManagedProcess } from '../../hack/regions/process.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import {
  DEPLOYMENT,
  ENDPOINT_SLICE,
  LEASE,
  POD,
  POD_DISRUPTION_BUDGET,
  REPLICA_SET,
  SERVICE,
  STATEFUL_SET,
} from '../../src/kube/kinds.ts';
import type { KubeObject, Resource } from '../../src/kube/object.ts';
import type { World } from '../integration/support/world.ts';

/** What must not grow with the number of failovers. */
export interface Footprint {
  /** Objects by cluster and resource, `us-east pods`. */
  readonly objects: Readonly<Record<string, number>>;
  /** By process of the operator. */
  readonly processes: Readonly<Record<string, ProcessFootprint>>;
}

export interface ProcessFootprint {
  /** Used part of the JavaScript heap. */
  readonly heapBytes: number;
  readonly residentBytes: number;
  /** Open files and sockets. */
  readonly handles: number;
  /** Timers, sockets and requests that Node waits for. */
  readonly resources: number;
}

const OF_REGION: readonly Resource<KubeObject>[] = [
  RESOURCES.region,
  RESOURCES.regionLease,
  RESOURCES.regionalService,
  DEPLOYMENT,
  STATEFUL_SET,
  REPLICA_SET,
  POD,
  SERVICE,
  ENDPOINT_SLICE,
  POD_DISRUPTION_BUDGET,
  LEASE,
];
/** Not the RegionSwitches: they are the history, one for each failover, and bounded by a limit of their own. */
const OF_HUB: readonly Resource<KubeObject>[] = [
  RESOURCES.iuGroup,
  RESOURCES.serviceClass,
  RESOURCES.tenant,
  RESOURCES.serviceInstance,
  LEASE,
];
const STARTED = /"port":(\d+),"msg":"Switchback starts"/g;

export async function measureFootprint({ hub, operator, region, regions }: World): Promise<Footprint> {
  const objects: Record<string, number> = {};
  await count(objects, 'hub', hub, OF_HUB);
  for (const { name } of regions.regions) await count(objects, name, region(name), OF_REGION);
  const managed = [...operator.hubs, ...regions.regions.flatMap(({ name }) => operator.agents(name))];
  const processes: Record<string, ProcessFootprint> = {};
  for (const each of managed) processes[each.name] = await footprintOf(each);
  return { objects, processes };
}

async function count(
  into: Record<string, number>,
  cluster: string,
  client: KubeClient,
  resources: readonly Resource<KubeObject>[],
): Promise<void> {
  for (const resource of resources) {
    into[`${cluster} ${resource.plural}`] = (await client.list(resource)).items.length;
  }
}

async function footprintOf({ logFile, name }: ManagedProcess): Promise<ProcessFootprint> {
  const port = [...readFileSync(logFile, 'utf8').matchAll(STARTED)].at(-1)?.[1];
  if (port === undefined) throw new Error(`${name} has not started`);
  const { body } = await request(`http://127.0.0.1:${port}/metrics`);
  const text = await body.text();
  const read = (metric: string): number => sumOf(samplesOf(text, metric));
  return {
    heapBytes: read('nodejs_heap_size_used_bytes'),
    residentBytes: read('process_resident_memory_bytes'),
    handles: read('process_open_fds'),
    resources: read('nodejs_active_resources'),
  };
}
