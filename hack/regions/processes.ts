import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AdminApi } from './api.ts';
import {
  apiServerCommand,
  type Command,
  type ControlPlanePaths,
  controllerManagerCommand,
  etcdCommand,
  kwokCommand,
  schedulerCommand,
  servingCertificate,
} from './control-plane.ts';
import { newToken, newTokens, type Tokens, writeServiceAccountKeys, writeTokens } from './identity.ts';
import { kubeconfig } from './kubeconfig.ts';
import { createPodsAreTaken, nodesOf, podCidr, releaseLeases, zoneIsReady } from './nodes.ts';
import { freePort } from './ports.ts';
import { fileTail, ManagedProcess } from './process.ts';
import type { Access, Cluster, ClusterSpec, OperatorUser, Parts, RegionProvider } from './provider.ts';
import { grantOperatorUsers } from './rbac.ts';
import type { ProcessRecord } from './state.ts';
import { waitFor } from './wait.ts';

const readyMs = 90_000;
const nodesMs = 60_000;
const bootAttempts = 3;

/**
 * Provides clusters as plain processes: etcd, API server, controller manager, scheduler, and one kwok per zone that
 * plays the zone's nodes.
 * @param bin folder with the binaries (`ensureBinaries`)
 */
export function processProvider(bin: string, record: ProcessRecord): RegionProvider {
  return {
    async create(spec) {
      for (let attempt = 1; ; attempt++) {
        const cluster = await ProcessCluster.prepare(spec, bin, record);
        try {
          await cluster.boot();
          return cluster;
        } catch (error) {
          await cluster.stop();
          // Between the choice of a port and its use another program may have taken it.
          if (attempt === bootAttempts || !cluster.lostItsPort()) throw error;
        }
      }
    },
  };
}

class ProcessCluster implements Cluster {
  readonly name: string;
  readonly zones: readonly string[];
  readonly #spec: ClusterSpec;
  readonly #paths: ControlPlanePaths;
  #tokens: Tokens;
  readonly #etcd: ManagedProcess;
  readonly #apiServer: ManagedProcess;
  /** What talks to the API server: started after it, stopped before it. */
  readonly #controllers: readonly ManagedProcess[];
  /** By zone. */
  readonly #nodes: ReadonlyMap<string, ManagedProcess>;
  #access: Access | undefined;
  #api: AdminApi | undefined;

  private constructor(spec: ClusterSpec, paths: ControlPlanePaths, tokens: Tokens, record: ProcessRecord) {
    const managed = (part: string, command: Command) =>
      new ManagedProcess({ name: `${spec.name}/${part}`, command, logFile: join(spec.dir, `${part}.log`) }, record);
    const hasNodes = spec.zones.length > 0;
    this.name = spec.name;
    this.zones = spec.zones.map((zone) => zone.name);
    this.#spec = spec;
    this.#paths = paths;
    this.#tokens = tokens;
    this.#etcd = managed('etcd', etcdCommand(paths));
    this.#apiServer = managed('kube-apiserver', apiServerCommand(paths));
    this.#controllers = [
      managed('kube-controller-manager', controllerManagerCommand(paths, hasNodes)),
      ...(hasNodes ? [managed('kube-scheduler', schedulerCommand(paths))] : []),
    ];
    this.#nodes = new Map(
      spec.zones.map((zone, index) => {
        const command = kwokCommand(paths, zone.name, podCidr(spec.index, index));
        return [zone.name, managed(`kwok-${zone.name}`, command)];
      }),
    );
  }

  /** Writes what the processes read at their start. */
  static async prepare(spec: ClusterSpec, bin: string, record: ProcessRecord): Promise<ProcessCluster> {
    mkdirSync(join(spec.dir, 'pki'), { recursive: true });
    const tokens = newTokens();
    writeTokens(spec.dir, tokens);
    writeServiceAccountKeys(spec.dir);
    const kubeconfig = join(spec.dir, 'controllers.kubeconfig');
    const paths = { bin, dir: spec.dir, kubeconfig, port: await freePort() };
    return new ProcessCluster(spec, paths, tokens, record);
  }

  get access(): Access {
    if (!this.#access) throw new Error(`${this.name} has not been booted`);
    return this.#access;
  }

  async boot(): Promise<void> {
    await this.start();
    const api = this.#requireApi();
    await grantOperatorUsers(api, this.zones.length > 0 ? 'region' : 'hub', this.#spec.credentials);
    const nodes = this.#spec.zones.flatMap((zone, index) => nodesOf(this.name, this.#spec.index, zone, index));
    await Promise.all(nodes.map((node) => api.apply(`/api/v1/nodes/${node.metadata.name}`, node)));
    await Promise.all(this.zones.map((zone) => this.startNodes(zone)));
  }

  async start(): Promise<void> {
    this.#etcd.start();
    this.#apiServer.start();
    if (!this.#access) await this.#learnAccess();
    await this.#waitUntilReady();
    for (const controller of this.#controllers) controller.start();
  }

  async kill(parts: Parts): Promise<void> {
    await Promise.all(this.#processes(parts).map((process) => process.kill()));
  }

  async hang(parts: Parts): Promise<void> {
    for (const process of this.#processes(parts)) process.freeze();
  }

  async resume(): Promise<void> {
    for (const process of this.#processes('all')) process.thaw();
  }

  async startNodes(zone: string): Promise<void> {
    const api = this.#requireApi();
    const spec = this.#spec.zones.find(({ name }) => name === zone);
    const nodes = this.#nodesOf(zone);
    if (!spec) throw new Error(`${this.name} has no zone ${zone}`);
    let sinceMs = 0;
    if (!nodes.running) {
      await releaseLeases(api, spec);
      sinceMs = Date.now();
      nodes.start();
    }
    await this.#waitFor(`the nodes of zone ${zone}`, nodes, nodesMs, () => zoneIsReady(api, spec, sinceMs));
    const podsAreTaken = createPodsAreTaken(api, spec);
    if (sinceMs > 0) await this.#waitFor(`the pods of zone ${zone}`, nodes, nodesMs, podsAreTaken);
  }

  async stopNodes(zone: string): Promise<void> {
    await this.#nodesOf(zone).kill();
  }

  async renewToken(user: OperatorUser): Promise<void> {
    this.#tokens = { ...this.#tokens, [user]: newToken() };
    writeTokens(this.#spec.dir, this.#tokens);
    await this.#apiServer.kill();
    await this.#api?.close();
    this.#apiServer.start();
    await this.#learnAccess();
    await this.#waitUntilReady();
  }

  /** Controllers and nodes first, so that none of them logs errors about an API server that is gone. */
  async stop(): Promise<void> {
    await this.#api?.close();
    await Promise.all([...this.#nodes.values(), ...this.#controllers].map((process) => process.kill()));
    await this.#apiServer.kill();
    await this.#etcd.kill();
  }

  /** Whether the API server ended because its port was taken. */
  lostItsPort(): boolean {
    return fileTail(this.#apiServer.logFile).includes('address already in use');
  }

  #processes(parts: Parts): readonly ManagedProcess[] {
    const controlPlane = [...this.#controllers, this.#apiServer, this.#etcd];
    return parts === 'all' ? [...this.#nodes.values(), ...controlPlane] : controlPlane;
  }

  #nodesOf(zone: string): ManagedProcess {
    const nodes = this.#nodes.get(zone);
    if (!nodes) throw new Error(`${this.name} has no zone ${zone}`);
    return nodes;
  }

  #requireApi(): AdminApi {
    if (!this.#api) throw new Error(`${this.name} has not been booted`);
    return this.#api;
  }

  #waitUntilReady(): Promise<void> {
    const api = this.#requireApi();
    return this.#waitFor('the API server', this.#apiServer, readyMs, () => api.isReady());
  }

  /** At its first start the API server makes its certificate; only then there is something to trust. */
  async #learnAccess(): Promise<void> {
    const path = servingCertificate(this.#spec.dir);
    // The key is written after the certificate, so that a certificate with a key is a whole one.
    const keyPath = path.replace(/crt$/, 'key');
    await this.#waitFor('the serving certificate', this.#apiServer, readyMs, async () => existsSync(keyPath));
    const serverUrl = `https://127.0.0.1:${this.#paths.port}`;
    this.#access = { serverUrl, caPem: readFileSync(path, 'utf8'), tokens: this.#tokens };
    this.#api = new AdminApi(this.#access);
    const { caPem } = this.#access;
    const config = kubeconfig({ name: this.name, url: serverUrl, caPem, user: 'admin', token: this.#tokens.admin });
    writeFileSync(this.#paths.kubeconfig, config, { mode: 0o600 });
  }

  /** Waits as long as the process that should fulfil the condition lives. */
  async #waitFor(
    what: string,
    on: ManagedProcess,
    timeoutMs: number,
    condition: () => Promise<boolean>,
  ): Promise<void> {
    const subject = `${what} of ${this.name}`;
    try {
      await waitFor({ what: subject, timeoutMs, stillPossible: () => on.running }, condition);
    } catch (cause) {
      const log = fileTail(on.logFile);
      throw new Error(`${subject} did not become ready; ${on.logFile} ends with:\n${log}`, { cause });
    }
  }
}
