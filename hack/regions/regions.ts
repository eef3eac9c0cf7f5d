import { join } from 'node:path';
import { ensureBinaries } from './build.ts';
import { writeEndpoint } from './endpoint.ts';
import { type OwnedLink, openLink } from './link.ts';
import { openWorkDir, planClusters } from './plan.ts';
import { processProvider } from './processes.ts';
import type { Cluster, ClusterSpec, Loss, NodeSize, OperatorUser, RegionProvider, User } from './provider.ts';
import type { Direction } from './proxy.ts';
import { RunningRegions } from './running.ts';
import { ClusterSite } from './site.ts';
import { ProcessRecord } from './state.ts';
import { startWatchdog } from './watchdog.ts';

/** Boots one hub and any number of regions on this machine, and breaks and mends them on request. See hack/README.md. */
export interface BootOptions {
  /** Whether to boot a hub cluster; default true. */
  readonly hub?: boolean;
  readonly regions: readonly RegionOptions[];
  /** Folder for data, logs, kubeconfigs and `state.json`; a fresh temporary folder (removed by `stop`) when absent. */
  readonly workDir?: string;
  /** Default: plain processes of binaries that are built when they are not cached. */
  readonly provider?: RegionProvider;
  /** Address of this machine at which links begin; default that of the loopback interface, which no pod reaches. */
  readonly linkHost?: string;
  /** Told about each step of the boot, one line at a time. */
  readonly log?: (line: string) => void;
}

export interface RegionOptions {
  /** DNS label, for example `us-east`; not `hub`. */
  readonly name: string;
  /** Names of the zones, for example `us-east-a`; unique in the region. */
  readonly zones: readonly string[];
  /** Default 2. */
  readonly nodesPerZone?: number;
  /** Default 32 CPUs, 256Gi, 250 pods. */
  readonly nodeSize?: NodeSize;
}

/** How one connects to a cluster: kubeconfigs (text, and a file that already exists) for each user. */
export interface Endpoint {
  /** `https://127.0.0.1:port`; it does not change while the regions live. */
  readonly url: string;
  kubeconfig(user: User): string;
  kubeconfigPath(user: User): string;
}

export interface LoseOptions {
  /** `kill` (default): processes end. `hang`: processes freeze, connections stay open and silent. */
  readonly how?: Loss;
  /** Default false. True: only the control plane is lost; the nodes run on, with the pods they have. */
  readonly keepNodes?: boolean;
}

export type PowerState = 'on' | 'killed' | 'hung';

/** The hub, or one region: an API server at a direct endpoint, past every proxy. */
export interface Site extends Endpoint {
  readonly name: string;
  readonly state: PowerState;
  /** Loses the control plane and, in a region, all nodes. What is stored is kept. */
  lose(options?: LoseOptions): Promise<void>;
  /**
   * Brings the control plane back; resolves when its API server is ready. Nodes that hung come back with it. Nodes that
   * were killed stay off until `powerOnNodes`, unless `nodes: true` is given: then control plane first, nodes after.
   */
  restore(options?: { readonly nodes?: boolean }): Promise<void>;
  /**
   * Makes the user's token invalid, as if it had expired: clients that hold it get 401. Kubeconfigs asked for afterwards
   * hold a new one. The API server is away for about two seconds meanwhile.
   */
  expireToken(user: OperatorUser): Promise<void>;
}

export interface Region extends Site {
  readonly zones: readonly Zone[];
  /** @throws when the region has no such zone */
  zone(name: string): Zone;
  /** Powers on all nodes that are off; resolves when they are `Ready`. */
  powerOnNodes(): Promise<void>;
}

/** The nodes of one zone. While `state` is not `on`, no pod of theirs runs, whatever the API server still shows. */
export interface Zone {
  readonly name: string;
  readonly state: PowerState;
  /** Cuts the power of the zone's nodes. They turn `NotReady` when their leases have run out (about 8 s). */
  lose(): Promise<void>;
  /** Powers them on; resolves when they are `Ready`. */
  restore(): Promise<void>;
}

/** The path on which one site reaches the API server of another (or its own): a proxied endpoint. */
export interface Link extends Endpoint {
  readonly from: string;
  readonly to: string;
  /** `open`, or what is wrong with it, for people to read. */
  readonly state: string;
  /** Bytes stop flowing, connections stay: `to` requests get lost, `from` answers get lost, `both` (default) everything. */
  silence(direction?: Direction): void;
  /** Resets every connection, present and future. */
  close(): void;
  /** Delays every byte by `delayMs` milliseconds in each direction. */
  slow(delayMs: number): void;
  /** Open again, without delay. What was held while silent arrives late, as packets do. */
  heal(): void;
}

export interface Regions extends AsyncDisposable {
  readonly workDir: string;
  /** @throws when booted without a hub */
  readonly hub: Site;
  readonly regions: readonly Region[];
  /** @throws when there is no such region */
  region(name: string): Region;
  /** `from` and `to` are `hub` or names of regions; `from` may equal `to`. @throws when there is no such site */
  link(from: string, to: string): Link;
  readonly links: readonly Link[];
  /** Mends whatever was broken: all links, all sites, all zones. */
  restoreAll(): Promise<void>;
  /**
   * Lets all processes go on when this one ends; only the links end with it. Somebody has to end them later:
   * `node hack/regions/cli.ts down --dir WORKDIR`.
   */
  detach(): void;
  /** Ends all processes and proxies; removes the work folder when it was a temporary one. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Boots all clusters in parallel, and opens a link from every site to every site.
 * @returns when every API server and every node is ready
 * @throws on names that clash or are no DNS labels, and when something does not become ready: then everything that was
 *   started is stopped, and the work folder is kept with its logs
 */
export async function bootRegions(options: BootOptions): Promise<Regions> {
  const log = options.log ?? (() => undefined);
  const workDir = openWorkDir(options.workDir);
  const specs = planClusters(options, workDir);
  const bin = options.provider ? '' : await ensureBinaries({ log });
  const record = new ProcessRecord(workDir);
  const temporary = options.workDir === undefined;
  const watchdog = startWatchdog(workDir, temporary);
  const provider = options.provider ?? processProvider(bin, record);
  const clusters: Cluster[] = [];
  try {
    clusters.push(...(await createAll(provider, specs, log)));
    const dir = join(workDir, 'kubeconfig');
    const sites = clusters.map((cluster) => new ClusterSite(cluster, directEndpoint(cluster, dir)));
    const links = await openLinks(clusters, dir, options.linkHost ?? '127.0.0.1');
    return new RunningRegions({ workDir, temporary, clusters, sites, links, watchdog });
  } catch (error) {
    await Promise.all(clusters.map((cluster) => cluster.stop()));
    watchdog.release();
    throw error;
  }
}

/** @throws when one cluster fails, after all others have been stopped */
async function createAll(
  provider: RegionProvider,
  specs: readonly ClusterSpec[],
  log: (line: string) => void,
): Promise<readonly Cluster[]> {
  const startMs = performance.now();
  const outcomes = await Promise.allSettled(
    specs.map(async (spec) => {
      const cluster = await provider.create(spec);
      log(`${spec.name} is ready after ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
      return cluster;
    }),
  );
  const clusters = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (!failure) return clusters;
  await Promise.all(clusters.map((cluster) => cluster.stop()));
  throw failure.reason;
}

function directEndpoint(cluster: Cluster, dir: string): Endpoint {
  return writeEndpoint({ name: cluster.name, url: cluster.access.serverUrl, access: () => cluster.access, dir });
}

function openLinks(clusters: readonly Cluster[], dir: string, host: string): Promise<readonly OwnedLink[]> {
  const pairs = clusters.flatMap((from) =>
    clusters.map((to) => ({ from: from.name, to: to.name, access: () => to.access, dir, host })),
  );
  return Promise.all(pairs.map(openLink));
}
