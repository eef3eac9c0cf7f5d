import { join } from 'node:path';
import { AdminApi } from '../regions/api.ts';
import {
  apiServerCommand,
  type Command,
  controllerManagerCommand,
  etcdCommand,
  schedulerCommand,
} from '../regions/control-plane.ts';
import { newToken } from '../regions/identity.ts';
import { zoneIsReady } from '../regions/nodes.ts';
import { fileTail, ManagedProcess } from '../regions/process.ts';
import type { Access, Cluster, ClusterSpec, OperatorUser, Parts, ZoneSpec } from '../regions/provider.ts';
import { grantOperatorUsers } from '../regions/rbac.ts';
import type { ProcessRecord } from '../regions/state.ts';
import { waitFor } from '../regions/wait.ts';
import { addressesOf, type ClusterAddresses } from './addresses.ts';
import { type ClusterFiles, writeClusterFiles } from './cluster-files.ts';
import { apiServerFlags } from './control-plane.ts';
import type { Docker } from './docker.ts';
import { RealNode } from './node.ts';

const READY_MS = 90_000;
const NODES_MS = 90_000;
export interface NodeSource {
  readonly docker: Docker;
  readonly record: ProcessRecord;
  /** Folders with the programs of control planes, and of nodes. */
  readonly bin: string;
  readonly nodeBin: string;
  readonly images: string;
  readonly shared: string;
  /** Makes the pods of a cluster reachable from the machine. */
  readonly route: (addresses: ClusterAddresses) => void;
}

/** A control plane as plain processes, with real nodes in containers. */
export class NodeCluster implements Cluster {
  readonly name: string;
  readonly zones: readonly string[];
  access: Access;
  readonly nodes: readonly RealNode[];
  readonly #spec: ClusterSpec;
  readonly #specZones: readonly ZoneSpec[];
  readonly #source: NodeSource;
  readonly #addresses: ClusterAddresses;
  readonly #files: ClusterFiles;
  readonly #etcd: ManagedProcess;
  readonly #apiServer: ManagedProcess;
  readonly #controllers: readonly ManagedProcess[];
  /** In a cluster of others it runs on nodes: it has power as long as they have. */
  readonly #nameServer: ManagedProcess;
  #api: AdminApi;

  /** @param zones those of the spec, or what a cluster has whose spec has none (the hub) */
  constructor(spec: ClusterSpec, zones: readonly ZoneSpec[], source: NodeSource) {
    const names = zones.flatMap((zone) =>
      Array.from({ length: zone.nodes }, (_, index) => ({ name: `${zone.name}-${index + 1}`, zone: zone.name })),
    );
    const addresses = addressesOf(spec.index, names.length);
    const files = writeClusterFiles(
      spec,
      addresses,
      names.map(({ name }) => name),
      source.bin,
    );
    this.name = spec.name;
    this.zones = zones.map((zone) => zone.name);
    this.access = { serverUrl: `https://127.0.0.1:${files.paths.port}`, caPem: files.caPem, tokens: files.tokens };
    this.#spec = spec;
    this.#specZones = zones;
    this.#source = source;
    this.#addresses = addresses;
    this.#files = files;
    this.#api = new AdminApi(this.access);
    this.#etcd = this.#managed('etcd', etcdCommand(files.paths));
    this.#apiServer = this.#managed(
      'kube-apiserver',
      apiServerCommand(files.paths, apiServerFlags(spec.dir, addresses)),
    );
    this.#controllers = [
      this.#managed('kube-controller-manager', controllerManagerCommand(files.paths, true)),
      this.#managed('kube-scheduler', schedulerCommand(files.paths)),
    ];
    this.#nameServer = this.#managed('coredns', [join(source.nodeBin, 'coredns'), '-conf', files.corefile]);
    const { docker, images, nodeBin: programs, shared } = source;
    const common = { region: spec.name, network: spec.name, addresses, images, programs, shared };
    this.nodes = names.map(({ name, zone }, index) => {
      const own = { dir: join(spec.dir, 'nodes', name), files: files.ofNodes.get(name) ?? {} };
      return new RealNode(docker, { ...common, ...own, name, index, zone });
    });
  }

  async boot(): Promise<void> {
    const { bridge, gateway, network } = this.#addresses;
    await this.#source.docker.network.create({
      Name: this.name,
      IPAM: { Driver: 'default', Config: [{ Subnet: network, Gateway: gateway }] },
      Options: { 'com.docker.network.bridge.name': bridge },
    });
    // Nodes start while the API server does.
    await Promise.all([this.start(), ...this.nodes.map((node) => node.start())]);
    this.#source.route(this.#addresses);
    await grantOperatorUsers(this.#api, this.#spec.zones.length > 0 ? 'region' : 'hub', this.#spec.credentials);
    await Promise.all(this.#specZones.map((zone) => this.startNodes(zone.name)));
  }

  async start(): Promise<void> {
    this.#etcd.start();
    this.#apiServer.start();
    await this.#untilReady();
    for (const process of [...this.#controllers, this.#nameServer]) process.start();
  }

  async kill(parts: Parts): Promise<void> {
    await Promise.all(this.#processes(parts).map((process) => process.kill()));
    if (parts === 'all') await Promise.all(this.nodes.map((node) => node.kill()));
  }

  async hang(parts: Parts): Promise<void> {
    for (const process of this.#processes(parts)) process.freeze();
    if (parts === 'all') await Promise.all(this.nodes.map((node) => node.freeze()));
  }

  async resume(): Promise<void> {
    for (const process of this.#processes('all')) process.thaw();
    await Promise.all(this.nodes.map((node) => node.thaw()));
  }

  async startNodes(name: string): Promise<void> {
    const zone = this.#specZones.find((candidate) => candidate.name === name);
    if (!zone) throw new Error(`${this.name} has no zone ${name}`);
    const nodes = this.nodes.filter((node) => node.zone === name);
    // What a node said before it lost its power does not count.
    const sinceMs = nodes.every(({ power }) => power === 'on') ? 0 : Date.now();
    await Promise.all(nodes.map((node) => node.start()));
    try {
      const what = `the nodes of zone ${name}`;
      await waitFor({ what, timeoutMs: NODES_MS }, () => zoneIsReady(this.#api, zone, sinceMs));
    } catch (cause) {
      const logs = await Promise.all(nodes.map((node) => node.logs()));
      throw new Error(`zone ${name} did not become ready; its nodes say:\n${logs.join('\n')}`, { cause });
    }
  }

  async stopNodes(zone: string): Promise<void> {
    await Promise.all(this.nodes.filter((node) => node.zone === zone).map((node) => node.kill()));
  }

  async renewToken(user: OperatorUser): Promise<void> {
    this.access = { ...this.access, tokens: { ...this.access.tokens, [user]: newToken() } };
    this.#files.rewriteTokens(this.access.tokens);
    await this.#apiServer.kill();
    await this.#api.close();
    this.#api = new AdminApi(this.access);
    this.#apiServer.start();
    await this.#untilReady();
  }

  async stop(): Promise<void> {
    await this.#api.close();
    await Promise.all(this.nodes.map((node) => node.kill().catch(() => undefined)));
    await Promise.all(this.#processes('all').map((process) => process.kill()));
  }

  #managed(part: string, command: Command): ManagedProcess {
    const { dir, name } = this.#spec;
    const logFile = join(dir, `${part}.log`);
    return new ManagedProcess({ name: `${name}/${part}`, command, logFile }, this.#source.record);
  }

  #processes(parts: Parts): readonly ManagedProcess[] {
    const controlPlane = [...this.#controllers, this.#apiServer, this.#etcd];
    return parts === 'all' ? [this.#nameServer, ...controlPlane] : controlPlane;
  }

  async #untilReady(): Promise<void> {
    const stillPossible = () => this.#apiServer.running;
    try {
      const what = `the API server of ${this.name}`;
      await waitFor({ what, timeoutMs: READY_MS, stillPossible }, () => this.#api.isReady());
    } catch (cause) {
      const log = fileTail(this.#apiServer.logFile);
      throw new Error(`${this.name} did not become ready; its API server says:\n${log}`, { cause });
    }
  }
}
