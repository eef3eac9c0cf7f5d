import type { Clock } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import type { KubeClient } from './client.ts';
import { createInformer, type Informer } from './informer.ts';
import type { KubeObject } from './object.ts';
import { createKubeClient } from './rest-client.ts';
import type { Transport } from './transport.ts';

/** A kind that is watched in a cluster, with the options of its cache. */
export type InformerOptions<T extends KubeObject> = Omit<
  Parameters<typeof createInformer<T>>[0],
  'client' | 'clock' | 'random' | 'onError'
>;

export interface ClusterOptions {
  readonly name: string;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly onError?: (cluster: string, error: unknown) => void;
}

/** One engaged cluster: its transport, its client and its caches. Nothing of it is shared with another cluster. */
export class Cluster {
  readonly name: string;
  readonly client: KubeClient;
  readonly #options: ClusterOptions;
  readonly #reflectors: Informer<KubeObject>['reflector'][] = [];
  #closed = false;

  constructor(options: ClusterOptions) {
    this.name = options.name;
    this.#options = options;
    this.client = createKubeClient(options.transport, options.name);
  }

  /** True when every cache holds a complete list. Until then nothing may be concluded from what is missing. */
  get synced(): boolean {
    return this.#reflectors.every(({ synced }) => synced);
  }

  /** Resolves when `synced` has become true; waits as long as the cluster is away. */
  async whenSynced(): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.whenSynced()));
  }

  /** Watches a kind from now on. Add the handlers of the store before the first answer can come, in the same turn. */
  watch<T extends KubeObject>(options: InformerOptions<T>): Informer<T> {
    const { clock, name, onError, random } = this.#options;
    const informer = createInformer<T>({
      ...options,
      client: this.client,
      clock,
      random,
      onError: (error) => onError?.(name, error),
    });
    this.#reflectors.push(informer.reflector);
    if (!this.#closed) informer.reflector.start();
    return informer;
  }

  /** Ends all watches and connections. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#reflectors.map((reflector) => reflector.stop()));
    await this.#options.transport.close();
  }
}

export interface RegistryOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Called when a cluster was engaged, before anything of it is known: start watches here. */
  readonly onEngage?: (cluster: Cluster) => void;
  /** Called before a cluster is closed. What was known of it is *unknown* from now on, not gone. */
  readonly onDisengage?: (cluster: Cluster) => void;
  readonly onError?: (cluster: string, error: unknown) => void;
}

/**
 * The clusters that this process is engaged with, by name. They come and go at run time. Engaging does not wait for
 * the cluster: one that is away, or that never answers, holds up no other.
 */
export class ClusterRegistry {
  readonly #options: RegistryOptions;
  readonly #clusters = new Map<string, { cluster: Cluster; fingerprint: string }>();

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  get(name: string): Cluster | undefined {
    return this.#clusters.get(name)?.cluster;
  }

  list(): readonly Cluster[] {
    return [...this.#clusters.values()].map(({ cluster }) => cluster);
  }

  /**
   * Engages a cluster. `fingerprint` stands for how it is reached (the resource version of its Secret, for example):
   * the same one again changes nothing, another one replaces the cluster, with empty caches.
   */
  engage(name: string, fingerprint: string, createTransport: () => Transport): Cluster {
    const engaged = this.#clusters.get(name);
    if (engaged?.fingerprint === fingerprint) return engaged.cluster;
    if (engaged) this.disengage(name);
    const cluster = new Cluster({ ...this.#options, name, transport: createTransport() });
    this.#clusters.set(name, { cluster, fingerprint });
    this.#options.onEngage?.(cluster);
    return cluster;
  }

  /** Forgets a cluster at once and closes it in the background. */
  disengage(name: string): void {
    const engaged = this.#clusters.get(name);
    if (!engaged) return;
    this.#clusters.delete(name);
    this.#options.onDisengage?.(engaged.cluster);
    engaged.cluster.close().catch((error: unknown) => this.#options.onError?.(name, error));
  }

  async close(): Promise<void> {
    const clusters = this.list();
    this.#clusters.clear();
    await Promise.all(clusters.map((cluster) => cluster.close()));
  }
}
