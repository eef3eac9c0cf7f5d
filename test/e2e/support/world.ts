import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addressesOf, MACHINE } from '../../../hack/nodes/addresses.ts';
import { makeImages } from '../../../hack/nodes/images.ts';
import { installOperator, type OperatorPods, upgradeOperator } from '../../../hack/nodes/operator-pods.ts';
import { type RealNodes, startRealNodes } from '../../../hack/nodes/provider.ts';
import { adminClient, applyObject, ensureNamespace } from '../../../hack/operator/operator.ts';
import { bootRegions, type Regions } from '../../../hack/regions/regions.ts';
import { waitFor } from '../../../hack/regions/wait.ts';
import { SYSTEM_NAMESPACE } from '../../../src/api/common.ts';
import { RESOURCES } from '../../../src/api/resources.ts';
import type { ServiceInstance } from '../../../src/api/service-instance.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import { SERVICE } from '../../../src/kube/kinds.ts';
import { CUSTOMERS, EAST, FAST_HUB_ELECTION_MS, WEST } from '../../integration/support/samples.ts';
import { conditionOf } from '../../integration/support/world.ts';
import { Callers, type Entrance } from './callers.ts';
import { type Disk, makeDisk } from './disk.ts';
import { keepEvidence } from './evidence.ts';
import type { Ack } from './judge.ts';
import { CLASSES, DESK, entrance, LEDGER, manifests, PORTS } from './manifests.ts';

const SETTLED_MS = 60_000;

/** Hub, two regions of two zones with real nodes, the operator as pods, two services, and callers outside. */
export interface World {
  readonly regions: Regions;
  readonly nodes: RealNodes;
  readonly hub: KubeClient;
  readonly callers: Callers;
  readonly disk: Disk;
  /** Until everything is as it was planned: at home, ready, protected, and every switch has ended. */
  home(timeoutMs?: number): Promise<void>;
  /** Until a write of the ledger is acknowledged for which that is so. */
  untilAck(what: string, wanted: (ack: Ack) => boolean, timeoutMs: number): Promise<Ack>;
  lastAck(): Ack;
  /** Replaces the agents of a region, or the hub, by those of the next version. */
  upgrade(site: string): Promise<void>;
  stop(): Promise<void>;
}

export async function bootWorld(log: (line: string) => void): Promise<World> {
  const dir = join(tmpdir(), 'world');
  const images = await makeImages(join(dir, 'images'), join(import.meta.dirname, '../store.ts'));
  log('images are made');
  const nodes = await startRealNodes(join(dir, 'nodes'), images.dir);
  const disk = makeDisk(nodes.shared);
  mkdirSync(join(dir, 'certificates'));
  log('Docker runs');
  const regions = await bootRegions({
    regions: [EAST, WEST].map((region) => ({ ...region, nodesPerZone: 1 })),
    provider: nodes.provider,
    linkHost: MACHINE,
    workDir: join(tmpdir(), 'regions'),
    log,
  });
  const operator = {
    regions,
    image: images.operator,
    gateImage: images.operator,
    dir: join(dir, 'certificates'),
    hubValues: { 'hub.electionMs': FAST_HUB_ELECTION_MS },
  };
  await installOperator(operator);
  log('the operator is installed');
  const hub = await adminClient(regions, 'hub');
  await ensureNamespace(hub, CUSTOMERS);
  // Here the same region is lost again and again: what keeps it from going home each time is tried elsewhere.
  const group = {
    failover: { flapping: { changes: 100 } },
    switchback: { stableForSeconds: 3, damping: { maxStableForSeconds: 3 } },
  };
  for (const manifest of manifests(images.program, group)) await applyObject(hub, manifest);
  for (const { name } of regions.regions) await openEntrances(regions, name);
  const callers = new Callers();
  const world = createWorld({
    regions,
    nodes,
    hub,
    callers,
    disk,
    operator: { ...operator, image: images.nextOperator },
  });
  try {
    await world.home();
    log('everything is ready');
    for (const name of CLASSES) callers.start(name, entrances(name));
    await world.untilAck('the first write', () => true, 20_000);
    return world;
  } catch (error) {
    keepEvidence(regions, 'boot');
    await world.stop();
    throw error;
  }
}

async function openEntrances(regions: Regions, region: string): Promise<void> {
  const client = await adminClient(regions, region);
  for (const name of CLASSES) {
    await client.apply(SERVICE, entrance(name, SYSTEM_NAMESPACE), { fieldManager: 'switchback-user' });
  }
  await client.transport.close();
}

/** Each node of each region; the hub is the first cluster. */
function entrances(name: keyof typeof PORTS): readonly Entrance[] {
  return [EAST, WEST].flatMap(({ zones }, index) =>
    addressesOf(index + 1, zones.length).nodes.map(({ ip }) => ({ host: ip, port: PORTS[name] })),
  );
}

interface Parts extends Pick<World, 'regions' | 'nodes' | 'hub' | 'callers' | 'disk'> {
  /** The next version. */
  readonly operator: OperatorPods;
}

function createWorld({ callers, disk, hub, nodes, operator, regions }: Parts): World {
  const acks = (): readonly Ack[] => callers.of(LEDGER).acks;
  return {
    regions,
    nodes,
    hub,
    callers,
    disk,
    home: (timeoutMs = SETTLED_MS) => waitFor({ what: 'everything to be at home', timeoutMs }, () => isAtHome(hub)),
    lastAck() {
      const last = acks().at(-1);
      if (!last) throw new Error('nothing was acknowledged');
      return last;
    },
    upgrade: (site) => upgradeOperator(operator, site),
    async untilAck(what, wanted, timeoutMs) {
      const from = acks().length;
      let found: Ack | undefined;
      await waitFor({ what, timeoutMs }, async () => {
        found = acks().slice(from).find(wanted);
        return found !== undefined;
      });
      if (!found) throw new Error(what);
      return found;
    },
    async stop() {
      await callers.stop();
      await hub.transport.close();
      await regions.stop();
    },
  };
}

/** @throws with what is not as it should be */
async function isAtHome(hub: KubeClient): Promise<boolean> {
  const { items } = await hub.list(RESOURCES.serviceInstance);
  const waiting = items.filter((one) => !isSettled(one));
  if (items.length !== CLASSES.length || waiting.length > 0) {
    throw new Error(`${items.length} services, not at home: ${waiting.map(describe).join('; ')}`);
  }
  const switches = (await hub.list(RESOURCES.regionSwitch)).items;
  const open = switches.filter(({ status }) => status?.endTime === undefined);
  if (open.length > 0) throw new Error(`${open.map(({ metadata }) => metadata.name).join(', ')} goes on`);
  return true;
}

function isSettled(instance: ServiceInstance): boolean {
  const { activeRegion = EAST.name } = instance.status?.assignment ?? {};
  const isTrue = (type: 'Ready' | 'Protected'): boolean => conditionOf(instance, type)?.status === 'True';
  const needsPeer = instance.spec.serviceClassRef.name !== DESK;
  return activeRegion === EAST.name && isTrue('Ready') && (!needsPeer || isTrue('Protected'));
}

function describe(instance: ServiceInstance): string {
  const conditions = instance.status?.conditions?.filter(({ status }) => status !== 'True') ?? [];
  const why = conditions.map(({ message, type }) => `${type}: ${message}`).join(', ');
  return `${instance.metadata.name} (${instance.status?.assignment?.activeRegion ?? 'nowhere'}; ${why})`;
}
