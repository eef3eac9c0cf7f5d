import { cpSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  adminClient,
  applyObject,
  createOperator,
  ensureNamespace,
  install,
  type Operator,
} from '../../../hack/operator/operator.ts';
import type { ManagedProcess } from '../../../hack/regions/process.ts';
import { bootRegions, type Regions } from '../../../hack/regions/regions.ts';
import { waitFor } from '../../../hack/regions/wait.ts';
import type { Condition, ConditionType } from '../../../src/api/conditions.ts';
import { LABELS } from '../../../src/api/labels.ts';
import type { RegionSwitch } from '../../../src/api/region-switch.ts';
import type { RegionalService } from '../../../src/api/regional-service.ts';
import { RESOURCES } from '../../../src/api/resources.ts';
import type { ServiceInstance } from '../../../src/api/service-instance.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import { keyOf } from '../../../src/kube/object.ts';
import { describePicture } from './picture.ts';
import { PodObserver } from './pod-observer.ts';
import {
  BACKUP_CLASSES,
  CATALOGUE,
  CUSTOMERS,
  EAST,
  FAST_HUB_ELECTION_MS,
  type GroupOptions,
  iuGroup,
  type Manifest,
  type SampleRegion,
  tenant,
  WEST,
} from './samples.ts';

export interface WorldOptions {
  readonly regions?: readonly SampleRegion[];
  readonly group?: Partial<GroupOptions>;
  /** Applied after the group, in this order. Default: the catalogue and one tenant that lives in `us-east`. */
  readonly manifests?: readonly Manifest[];
  readonly hubs?: number;
  readonly agentsPerRegion?: number;
  /** Classes whose services never run in two regions at once. Default: those of the catalogue that are active in one. */
  readonly singles?: readonly string[];
  /** Settings of the hub beside those of all tests; made when its folder is there. */
  readonly hubSettings?: (regions: Regions) => Readonly<Record<string, string>>;
}

/** A hub, regions and the operator as real processes, with an observer of what really runs. */
export interface World extends AsyncDisposable {
  readonly regions: Regions;
  readonly operator: Operator;
  readonly hub: KubeClient;
  readonly observer: PodObserver;
  /** Administrator of a region, past every link. */
  region(name: string): KubeClient;
  apply(...manifests: readonly Manifest[]): Promise<void>;
  instances(): Promise<readonly ServiceInstance[]>;
  /** The shared instance of a class. @throws when there is none, or more than one */
  instance(serviceClass: string): Promise<ServiceInstance>;
  /** The order of that instance in a region. */
  order(serviceClass: string, region: string): Promise<RegionalService>;
  switches(): Promise<readonly RegionSwitch[]>;
  /** Until every instance is Ready, and there are `count` of them. */
  settled(count: number, timeoutMs?: number): Promise<void>;
}

/** Hubs that run now, to be asked what they see when something was waited for in vain. */
const runningHubs = new Set<KubeClient>();

/**
 * Waits for a condition by asking again and again; `what` completes "waited for".
 * @throws when time has run out, with what the hub says then
 */
export async function until(what: string, condition: () => Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  try {
    await waitFor({ what, timeoutMs }, condition);
  } catch (error) {
    const pictures = await Promise.all([...runningHubs].map((hub) => describePicture(hub).catch(String)));
    const { cause, message } = error as Error;
    throw new Error([message, ...pictures].join('\n'), { cause });
  }
}

export const conditionOf = (
  object: { readonly status?: { readonly conditions?: readonly Condition[] | undefined } | undefined },
  type: ConditionType,
): Condition | undefined => object.status?.conditions?.find((condition) => condition.type === type);

export const activeRegionOf = ({ status }: ServiceInstance): string | undefined => status?.assignment?.activeRegion;
export const epochOf = ({ status }: ServiceInstance): number => status?.assignment?.epoch ?? 0;

/**
 * Until so many heartbeats of a region have passed: the time of the protocol itself, where a test has to see that
 * something does not happen. `asked` counts what its agent wrote, `answered` what the hub acknowledged.
 */
export async function untilHeartbeats(
  { region }: World,
  name: string,
  count: number,
  which: 'asked' | 'answered' = 'answered',
): Promise<void> {
  const nonces = new Set<string>();
  await until(
    `${count} heartbeats of ${name}`,
    async () => {
      const { spec } = await region(name).read(RESOURCES.regionLease, { name });
      const nonce = which === 'asked' ? spec.agent?.nonce : spec.hub?.nonce;
      if (nonce !== undefined) nonces.add(nonce);
      return nonces.size > count;
    },
    60_000,
  );
}

/** The process that began to lead last, by its log. @throws when none runs */
export function leaderOf(processes: readonly ManagedProcess[]): ManagedProcess {
  const [leader] = processes.filter(({ running }) => running).sort((x, y) => lastTermOf(y) - lastTermOf(x));
  if (!leader) throw new Error('no process runs');
  return leader;
}

function lastTermOf({ logFile }: ManagedProcess): number {
  const terms = readFileSync(logFile, 'utf8').matchAll(/"term":(\d+),"msg":"(?:Hub|Agent) leads"/g);
  return Math.max(0, ...[...terms].map(([, term]) => Number(term)));
}

/** Whether the services that are active in one region at a time are active in this one, at this epoch. */
export async function isActiveIn({ order }: World, region: string, epoch: number): Promise<boolean> {
  const orders = await Promise.all(BACKUP_CLASSES.map((name) => order(name, region)));
  return orders.every(({ status }) => status?.phase === 'Active' && status.epoch === epoch);
}

/** Until the agent of a region that has returned has ended every pod that must not run: now its nodes may have power. */
export async function untilFenced({ instance, observer }: World, region: string): Promise<void> {
  const keys = await Promise.all(BACKUP_CLASSES.map(async (name) => keyOf(await instance(name))));
  await until(`${region} to be fenced`, async () => keys.every((key) => !observer.isStanding(key, region)));
}

/** Boots everything, with the operator not started yet when `start` is false. */
export async function bootWorld(options: WorldOptions = {}, { start = true } = {}): Promise<World> {
  const samples = options.regions ?? [EAST, WEST];
  const regions = await bootRegions({ regions: samples });
  try {
    return await furnish(regions, samples, options, start);
  } catch (error) {
    await regions.stop();
    throw error;
  }
}

async function furnish(
  regions: Regions,
  samples: readonly SampleRegion[],
  {
    group,
    manifests = [...CATALOGUE, tenant('acme')],
    hubs = 1,
    agentsPerRegion = 1,
    singles,
    hubSettings: more,
  }: WorldOptions,
  start: boolean,
): Promise<World> {
  await install(regions);
  const hub = await adminClient(regions, 'hub');
  await ensureNamespace(hub, CUSTOMERS);
  const clients = new Map<string, KubeClient>();
  for (const { name } of regions.regions) clients.set(name, await adminClient(regions, name));
  const clientOf = (name: string): KubeClient => {
    const client = clients.get(name);
    if (!client) throw new Error(`there is no region ${name}`);
    return client;
  };
  const hubSettings = {
    SWITCHBACK_HUB_ELECTION_MS: `${FAST_HUB_ELECTION_MS}`,
    SWITCHBACK_LOG_LEVEL: 'debug',
    ...more?.(regions),
  };
  const operator = createOperator({ regions, hubSettings, hubs, agentsPerRegion });
  const observer = new PodObserver(
    regions.regions.map((region) => ({ region, client: clientOf(region.name) })),
    (service) => !(singles ?? BACKUP_CLASSES).some((name) => service.includes(`/${name}-`)),
  );
  const world: World = {
    regions,
    operator,
    hub,
    observer,
    region: clientOf,
    ...readersOf(hub, clientOf),
    [Symbol.asyncDispose]: () => dismantle(world, [hub, ...clients.values()]),
  };
  runningHubs.add(hub);
  observer.start();
  await world.apply(iuGroup({ regions: samples, ...group }), ...manifests);
  if (start) operator.start();
  return world;
}

type Readers = Pick<World, 'apply' | 'instances' | 'instance' | 'order' | 'switches' | 'settled'>;

function readersOf(hub: KubeClient, clientOf: (region: string) => KubeClient): Readers {
  const instances = async () => (await hub.list(RESOURCES.serviceInstance)).items;
  const instance = async (serviceClass: string): Promise<ServiceInstance> => {
    const labelSelector = `${LABELS.serviceClass}=${serviceClass}`;
    const { items } = await hub.list(RESOURCES.serviceInstance, { labelSelector });
    const [only] = items;
    if (!only || items.length > 1) throw new Error(`${items.length} instances of ${serviceClass}`);
    return only;
  };
  return {
    instances,
    instance,
    async apply(...manifests) {
      for (const manifest of manifests) await applyObject(hub, manifest);
    },
    async order(serviceClass, region) {
      const { name, namespace = '' } = (await instance(serviceClass)).metadata;
      return clientOf(region).read(RESOURCES.regionalService, { name, namespace });
    },
    switches: async () => (await hub.list(RESOURCES.regionSwitch)).items,
    settled: (count, timeoutMs = 60_000) =>
      until(
        `${count} instances to be ready`,
        async () => {
          const all = await instances();
          return all.length === count && all.every((one) => conditionOf(one, 'Ready')?.status === 'True');
        },
        timeoutMs,
      ),
  };
}

/** Ends everything. The logs of the operator are kept in the folder SWITCHBACK_TEST_LOGS, when that is set. */
async function dismantle({ hub, operator, observer, regions }: World, clients: readonly KubeClient[]): Promise<void> {
  runningHubs.delete(hub);
  await observer.stop();
  await operator.stop();
  const keep = process.env['SWITCHBACK_TEST_LOGS'];
  if (keep) cpSync(join(regions.workDir, 'operator'), join(keep, basename(regions.workDir)), { recursive: true });
  await Promise.all(clients.map((client) => client.transport.close()));
  await regions.stop();
}
