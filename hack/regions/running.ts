import { rmSync } from 'node:fs';
import type { OwnedLink } from './link.ts';
import { hubName } from './plan.ts';
import type { Cluster } from './provider.ts';
import type { Link, Region, Regions, Site } from './regions.ts';
import type { ClusterSite } from './site.ts';
import type { Watchdog } from './watchdog.ts';

export interface RunningInput {
  readonly workDir: string;
  /** Whether `stop` removes the work folder. */
  readonly temporary: boolean;
  readonly clusters: readonly Cluster[];
  /** The sites of the clusters, in the same order. */
  readonly sites: readonly ClusterSite[];
  readonly links: readonly OwnedLink[];
  readonly watchdog: Watchdog;
}

/** Booted clusters and links, until they are stopped. */
export class RunningRegions implements Regions {
  readonly workDir: string;
  readonly regions: readonly Region[];
  readonly links: readonly Link[];
  readonly #input: RunningInput;
  #stopped: Promise<void> | undefined;

  constructor(input: RunningInput) {
    this.workDir = input.workDir;
    this.regions = input.sites.filter((site) => site.name !== hubName);
    this.links = input.links;
    this.#input = input;
  }

  get hub(): Site {
    const hub = this.#input.sites.find((site) => site.name === hubName);
    if (!hub) throw new Error('these regions were booted without a hub');
    return hub;
  }

  region(name: string): Region {
    const region = this.regions.find((candidate) => candidate.name === name);
    if (!region) throw new Error(`there is no region ${name}; there is ${this.regions.map((r) => r.name).join(', ')}`);
    return region;
  }

  link(from: string, to: string): Link {
    const link = this.links.find((candidate) => candidate.from === from && candidate.to === to);
    if (!link) throw new Error(`there is no link from ${from} to ${to}; its ends are hub or names of regions`);
    return link;
  }

  async restoreAll(): Promise<void> {
    for (const link of this.links) link.heal();
    await Promise.all(this.#input.sites.map((site) => site.restore({ nodes: true })));
  }

  detach(): void {
    this.#input.watchdog.release();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    const { links, clusters, watchdog, workDir, temporary } = this.#input;
    await Promise.all([...links.map((link) => link.stop()), ...clusters.map((cluster) => cluster.stop())]);
    watchdog.release();
    if (temporary) rmSync(workDir, { recursive: true, force: true });
  }
}
