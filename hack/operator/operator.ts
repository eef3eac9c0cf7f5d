import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { SYSTEM_NAMESPACE } from '../../src/api/common.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { NAMESPACE, SECRET } from '../../src/kube/kinds.ts';
import { accessFromKubeconfig } from '../../src/kube/kubeconfig.ts';
import type { KubeObject, Resource } from '../../src/kube/object.ts';
import { createKubeClient } from '../../src/kube/rest-client.ts';
import { createUndiciTransport } from '../../src/kube/undici-transport.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { installCrds } from '../install.ts';
import { rbacResource, userRole } from '../rbac/objects.ts';
import { ManagedProcess } from '../regions/process.ts';
import type { Regions } from '../regions/regions.ts';
import { ProcessRecord } from '../regions/state.ts';
import { startWatchdog } from '../regions/watchdog.ts';

const FIELD_MANAGER = 'switchback-user';
const MAIN = join(import.meta.dirname, '../../src/main.ts');

export interface OperatorOptions {
  readonly regions: Regions;
  /** Settings of the hub beside the defaults, for example `{SWITCHBACK_HUB_ELECTION_MS: '900'}`. */
  readonly hubSettings?: Readonly<Record<string, string>>;
  /** The same for every agent. */
  readonly agentSettings?: Readonly<Record<string, string>>;
  /** Agents of each region; 1 when absent. */
  readonly agentsPerRegion?: number;
  readonly hubs?: number;
}

/** The operator as real processes on regions of this machine: hub and agents talk through the links, which can be cut. */
export interface Operator extends AsyncDisposable {
  readonly hubs: readonly ManagedProcess[];
  /** The agents of a region. A region that loses its power loses them too: see `loseRegion`. */
  agents(region: string): readonly ManagedProcess[];
  start(): void;
  stop(): Promise<void>;
}

/** A client of a cluster as administrator, past every link. */
export async function adminClient(regions: Regions, site: string): Promise<KubeClient> {
  const endpoint = site === 'hub' ? regions.hub : regions.region(site);
  return clientOf(site, endpoint.kubeconfig('admin'));
}

export async function clientOf(cluster: string, kubeconfig: string): Promise<KubeClient> {
  const { credentials, server } = await accessFromKubeconfig(kubeconfig, systemClock);
  return createKubeClient(createUndiciTransport({ cluster, server, credentials, clock: systemClock }), cluster);
}

/** Installs CRDs and policies everywhere, and gives the hub the credentials of every region. */
export async function install(regions: Regions): Promise<void> {
  const hub = await adminClient(regions, 'hub');
  await installCrds(hub, { role: 'hub' });
  await ensureNamespace(hub, SYSTEM_NAMESPACE);
  for (const region of regions.regions) {
    const client = await adminClient(regions, region.name);
    await installCrds(client, { role: 'region' });
    await ensureNamespace(client, SYSTEM_NAMESPACE);
    await client.transport.close();
    await writeCredentials(hub, region.name, regions.link('hub', region.name).kubeconfig('switchback-hub'));
  }
  await hub.transport.close();
}

export async function ensureNamespace(client: KubeClient, name: string): Promise<void> {
  const labels = { 'switchback.dev/managed': 'true' };
  await client.apply(
    NAMESPACE,
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } },
    { fieldManager: FIELD_MANAGER },
  );
}

/** The Secret that an infrastructure unit names: the kubeconfig by which the hub reaches the region. */
export async function writeCredentials(hub: KubeClient, region: string, kubeconfig: string): Promise<void> {
  const data = { kubeconfig: Buffer.from(kubeconfig).toString('base64') };
  const metadata = { name: region, namespace: SYSTEM_NAMESPACE };
  await hub.apply(SECRET, { apiVersion: 'v1', kind: 'Secret', metadata, data }, { fieldManager: FIELD_MANAGER });
}

/** Lets the hub's user read the Secrets of these names, as `hub.credentials.secretNames` of the chart does, and no other. */
export async function nameCredentials(hub: KubeClient, names: readonly string[]): Promise<void> {
  for (const object of userRole('hub', names)) {
    await hub.apply(rbacResource(object), object, { fieldManager: 'regions' });
  }
}

const PLURALS: Readonly<Record<string, Pick<Resource, 'plural' | 'namespaced'>>> = {
  Namespace: { plural: 'namespaces', namespaced: false },
  IUGroup: { plural: 'iugroups', namespaced: false },
  ServiceClass: { plural: 'serviceclasses', namespaced: false },
  Tenant: { plural: 'tenants', namespaced: true },
  ServiceInstance: { plural: 'serviceinstances', namespaced: true },
  RegionSwitch: { plural: 'regionswitches', namespaced: false },
  CustomResourceDefinition: { plural: 'customresourcedefinitions', namespaced: false },
};

/** Objects of a YAML file, or of all YAML text given. */
export function readManifests(text: string): KubeObject[] {
  return parseAllDocuments(text)
    .map((document): unknown => document.toJS())
    .filter((object): object is KubeObject => typeof object === 'object' && object !== null);
}

/** `kubectl apply` of one object. */
export async function applyObject(client: KubeClient, object: KubeObject): Promise<void> {
  const known = PLURALS[object.kind];
  if (!known) throw new Error(`cannot apply a ${object.kind}`);
  const [group, version] = object.apiVersion.includes('/') ? object.apiVersion.split('/') : ['', object.apiVersion];
  const resource: Resource = { group: group ?? '', version: version ?? '', kind: object.kind, ...known };
  await client.apply(resource, object, { fieldManager: FIELD_MANAGER });
}

export function createOperator(options: OperatorOptions): Operator {
  const { regions, hubSettings = {}, agentSettings = {}, agentsPerRegion = 1, hubs = 1 } = options;
  const workDir = join(regions.workDir, 'operator');
  mkdirSync(workDir, { recursive: true });
  const record = new ProcessRecord(workDir);
  const watchdog = startWatchdog(workDir, false);
  const create = (name: string, role: 'hub' | 'agent', settings: Readonly<Record<string, string>>): ManagedProcess => {
    const envFile = join(workDir, `${name}.env`);
    writeFileSync(
      envFile,
      Object.entries({ SWITCHBACK_PORT: '0', SWITCHBACK_HOST: '127.0.0.1', ...settings })
        .map(([k, v]) => `${k}=${v}\n`)
        .join(''),
    );
    const command = [
      process.execPath,
      `--env-file=${envFile}`,
      '--disable-warning=ExperimentalWarning',
      // A small young generation: some 20 MB less resident memory, for a little more work of the collector.
      '--max-semi-space-size=4',
      MAIN,
      role,
    ] as const;
    return new ManagedProcess({ name: `operator/${name}`, command, logFile: join(workDir, `${name}.log`) }, record);
  };
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
  const hubProcesses = numbers(hubs).map((n) =>
    create(`hub-${n}`, 'hub', { KUBECONFIG: regions.hub.kubeconfigPath('switchback-hub'), ...hubSettings }),
  );
  const agents = new Map(
    regions.regions.map((region) => [
      region.name,
      numbers(agentsPerRegion).map((n) =>
        create(`agent-${region.name}-${n}`, 'agent', {
          KUBECONFIG: region.kubeconfigPath('switchback-agent'),
          SWITCHBACK_REGION: region.name,
          SWITCHBACK_PEERS_DIR: writePeers(regions, region.name, workDir),
          ...agentSettings,
        }),
      ),
    ]),
  );
  const all = (): ManagedProcess[] => [...hubProcesses, ...[...agents.values()].flat()];
  const operator: Operator = {
    hubs: hubProcesses,
    agents: (region) => agents.get(region) ?? [],
    start: () => {
      for (const each of all()) each.start();
    },
    async stop() {
      await Promise.all(all().map(async (each) => (each.running ? each.kill() : undefined)));
      watchdog.release();
    },
    [Symbol.asyncDispose]: () => operator.stop(),
  };
  return operator;
}

/** A kubeconfig for each other region, as a Secret would be mounted. */
function writePeers(regions: Regions, region: string, workDir: string): string {
  const folder = join(workDir, 'peers', region);
  mkdirSync(folder, { recursive: true });
  for (const { name } of regions.regions) {
    if (name !== region) writeFileSync(join(folder, name), regions.link(region, name).kubeconfig('switchback-peer'));
  }
  return folder;
}

/** A disaster takes everything at once: the control plane, the nodes, and the agents that ran on them. */
export async function loseRegion(
  regions: Regions,
  operator: Operator,
  name: string,
  how: 'kill' | 'hang' = 'kill',
): Promise<void> {
  const agents = operator.agents(name);
  const end = agents.map(async (agent) => (how === 'kill' ? agent.kill() : agent.freeze()));
  await Promise.all([...end, regions.region(name).lose({ how })]);
}

/**
 * Power comes back: the control plane first, then the agents, the nodes last. The nodes follow when the agents have had
 * time to fence, because without a gate a kubelet starts again whatever the API server still shows.
 */
export async function restoreRegion(
  regions: Regions,
  operator: Operator,
  name: string,
  fenced: () => Promise<void>,
): Promise<void> {
  await regions.region(name).restore();
  for (const agent of operator.agents(name)) {
    if (agent.running) agent.thaw();
    else agent.start();
  }
  await fenced();
  await regions.region(name).powerOnNodes();
}
