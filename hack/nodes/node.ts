import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterAddresses } from './addresses.ts';
import type { Docker } from './docker.ts';
import { NODE_IMAGE } from './node-image.ts';

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
    if (this.#made) await this.#docker.docker('start', this.name);
    else await this.#make();
    this.#made = true;
  }

  /** Cuts its power. */
  async kill(): Promise<void> {
    if (this.#power === 'off') return;
    await this.thaw();
    await this.#docker.docker('kill', this.name);
    this.#power = 'off';
  }

  /** Stops everything on it, pods too, in the middle of whatever they do. */
  async freeze(): Promise<void> {
    if (this.#power !== 'on') return;
    await this.#docker.docker('pause', this.name);
    this.#power = 'frozen';
  }

  async thaw(): Promise<void> {
    if (this.#power !== 'frozen') return;
    this.#power = 'on';
    await this.#docker.docker('unpause', this.name);
  }

  /** Runs a program on it. */
  exec(...command: readonly string[]): Promise<string> {
    return this.#docker.docker('exec', this.name, ...command);
  }

  /** What its first process said. */
  logs(): Promise<string> {
    return this.#docker.docker('logs', '--tail', '20', this.name);
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
    const mounts = [
      `${programs}:/opt/node:ro`,
      `${dir}:/etc/node:ro`,
      `${images}:/etc/node/images:ro`,
      `${shared}:/shared`,
    ];
    mkdirSync(join(dir, 'images'), { recursive: true });
    await this.#docker.docker(
      ...['run', '--detach', '--privileged', '--name', name, '--hostname', name, '--network', network, '--ip', own.ip],
      ...['/run', '/tmp'].flatMap((path) => ['--tmpfs', `${path}:exec,suid,dev`]),
      ...['/var/lib/containerd', '/var/lib/kubelet', '/var/log', ...mounts].flatMap((mount) => ['--volume', mount]),
      ...Object.entries(settings).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
      NODE_IMAGE,
    );
  }
}
