import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterAddresses } from './addresses.ts';
import type { Docker } from './docker.ts';
import { NodeContainer } from './node-container.ts';

export interface NodeOptions {
  /** Of the container, the machine and the Node object. */
  readonly name: string;
  /** Position in the cluster, from 0. */
  readonly index: number;
  readonly region: string;
  readonly zone: string;
  readonly addresses: ClusterAddresses;
  /** Name of the Docker network. */
  readonly network: string;
  /** Folder of this node: what it is configured with. */
  readonly dir: string;
  /** Folder with our programs. */
  readonly programs: string;
  /** Folder with archives of images, and the file `digests`. */
  readonly images: string;
  /** Folder that all pods of all nodes may mount, as a disk that is stretched over all regions. */
  readonly shared: string;
  readonly files: Readonly<Record<string, string>>;
}

type Power = 'off' | 'on' | 'frozen';

const MEMORY_DISK = 'exec,suid,dev';

/** One machine of a region: a privileged container with a container runtime, a kubelet and a kube-proxy of its own. */
export class RealNode {
  readonly name: string;
  readonly zone: string;
  readonly #docker: Docker;
  readonly #options: NodeOptions;
  #power: Power = 'off';
  #made = false;

  constructor(docker: Docker, options: NodeOptions) {
    this.name = options.name;
    this.zone = options.zone;
    this.#docker = docker;
    this.#options = options;
  }

  get power(): Power {
    return this.#power;
  }

  /** Gives it power; one that had it before starts from its disks. */
  async start(): Promise<void> {
    if (this.#power !== 'off') return;
    this.#power = 'on';
    if (this.#made) await this.#container.start();
    else await this.#make();
    this.#made = true;
  }

  /** Cuts its power. */
  async kill(): Promise<void> {
    if (this.#power === 'off') return;
    await this.thaw();
    await this.#container.kill();
    this.#power = 'off';
  }

  /** Stops everything on it, pods too, in the middle of whatever they do. */
  async freeze(): Promise<void> {
    if (this.#power !== 'on') return;
    await this.#container.pause();
    this.#power = 'frozen';
  }

  async thaw(): Promise<void> {
    if (this.#power !== 'frozen') return;
    this.#power = 'on';
    await this.#container.unpause();
  }

  /** Runs a program on it. @returns what it writes @throws when it fails */
  async exec(...command: readonly string[]): Promise<string> {
    const { exitCode, stderr, stdout } = await this.#docker.container.exec(this.#container, [...command]);
    if (exitCode !== 0) throw new Error(`${command.join(' ')} ended with ${exitCode} on ${this.name}: ${stderr}`);
    return stdout;
  }

  /** What its first process said. */
  async logs(): Promise<string> {
    return textOf(await this.#container.logs({ stdout: true, stderr: true, tail: 20 }));
  }

  /** By name, so it need not have been made. */
  get #container() {
    return this.#docker.container.getById(this.name);
  }

  async #make(): Promise<void> {
    const { addresses, dir, files, images, index, name, network, programs, region, shared, zone } = this.#options;
    const own = addresses.nodes[index];
    if (!own) throw new Error(`there is no address for ${name}`);
    mkdirSync(dir, { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, file), text);
    const peers = addresses.nodes.filter((node) => node !== own).map(({ ip, pods }) => `${pods}=${ip}`);
    const settings = {
      NODE_NAME: name,
      NODE_IP: own.ip,
      ZONE: zone,
      REGION: region,
      POD_CIDR: own.pods,
      CLUSTER_CIDR: addresses.pods,
      DNS: addresses.gateway,
      PEERS: peers.join(' '),
    };
    mkdirSync(join(dir, 'images'), { recursive: true });
    await new NodeContainer(name)
      .withAddress(network, own.ip)
      .withEnvironment(settings)
      .withTmpFs({ '/run': MEMORY_DISK, '/tmp': MEMORY_DISK })
      .withDisks('/var/lib/containerd', '/var/lib/kubelet', '/var/log')
      .withBindMounts([
        { source: programs, target: '/opt/node', mode: 'ro' },
        { source: dir, target: '/etc/node', mode: 'ro' },
        { source: images, target: '/etc/node/images', mode: 'ro' },
        { source: shared, target: '/shared' },
      ])
      .start();
  }
}

/** Docker gives what a container said in frames: eight bytes, the last four of them the length, and the text. */
function textOf(frames: Buffer): string {
  const texts: Buffer[] = [];
  for (let from = 8; from <= frames.length; ) {
    const to = from + frames.readUInt32BE(from - 4);
    texts.push(frames.subarray(from, to));
    from = to + 8;
  }
  return Buffer.concat(texts).toString();
}
