import type { Cluster, Loss, OperatorUser, Parts, User } from './provider.ts';
import type { Endpoint, LoseOptions, PowerState, Region, Zone } from './regions.ts';

/**
 * A cluster together with what has been done to it. The states lean to one side: something counts as lost only after
 * its last process has ended, and as running from before its first one starts. So an observer that trusts them never
 * misses a pod that runs.
 */
export class ClusterSite implements Region {
  readonly name: string;
  readonly url: string;
  readonly zones: readonly Zone[];
  readonly #cluster: Cluster;
  readonly #endpoint: Endpoint;
  readonly #poweredZones: Set<string>;
  #state: PowerState = 'on';
  /** What the last `hang` froze. */
  #frozen: Parts = 'all';

  constructor(cluster: Cluster, endpoint: Endpoint) {
    this.name = cluster.name;
    this.url = endpoint.url;
    this.#cluster = cluster;
    this.#endpoint = endpoint;
    this.#poweredZones = new Set(cluster.zones);
    this.zones = cluster.zones.map((zone) => this.#zoneHandle(zone));
  }

  get state(): PowerState {
    return this.#state;
  }

  kubeconfig(user: User): string {
    return this.#endpoint.kubeconfig(user);
  }

  kubeconfigPath(user: User): string {
    return this.#endpoint.kubeconfigPath(user);
  }

  zone(name: string): Zone {
    const zone = this.zones.find((candidate) => candidate.name === name);
    if (!zone) throw new Error(`${this.name} has no zone ${name}; it has ${this.#cluster.zones.join(', ') || 'none'}`);
    return zone;
  }

  async lose({ how = 'kill', keepNodes = false }: LoseOptions = {}): Promise<void> {
    const parts = keepNodes ? 'control-plane' : 'all';
    await this.#lose(how, parts);
  }

  async restore({ nodes = false }: { readonly nodes?: boolean } = {}): Promise<void> {
    this.#state = 'on';
    await this.#cluster.resume();
    await this.#cluster.start();
    if (nodes) await this.powerOnNodes();
  }

  async powerOnNodes(): Promise<void> {
    await Promise.all(this.zones.map((zone) => zone.restore()));
  }

  async expireToken(user: OperatorUser): Promise<void> {
    if (this.#state !== 'on') throw new Error(`${this.name} is lost: restore it before one of its tokens can expire`);
    await this.#cluster.renewToken(user);
  }

  async #lose(how: Loss, parts: Parts): Promise<void> {
    if (how === 'hang') {
      if (this.#state === 'killed') throw new Error(`${this.name} is lost already: what was killed cannot hang`);
      await this.#cluster.hang(parts);
      this.#frozen = parts;
      this.#state = 'hung';
      return;
    }
    await this.#cluster.kill(parts);
    if (parts === 'all') this.#poweredZones.clear();
    this.#state = 'killed';
  }

  #zoneHandle(name: string): Zone {
    const site = this;
    return {
      name,
      get state() {
        return site.#zoneState(name);
      },
      async lose() {
        await site.#cluster.stopNodes(name);
        site.#poweredZones.delete(name);
      },
      async restore() {
        if (site.#state !== 'on')
          throw new Error(`restore ${site.name} before its nodes: they wait for their API server`);
        site.#poweredZones.add(name);
        await site.#cluster.startNodes(name);
      },
    };
  }

  #zoneState(name: string): PowerState {
    if (!this.#poweredZones.has(name)) return 'killed';
    return this.#state === 'hung' && this.#frozen === 'all' ? 'hung' : 'on';
  }
}
