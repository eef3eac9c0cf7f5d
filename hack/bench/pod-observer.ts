import { LABELS } from '../../src/api/labels.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { createInformer, type Informer } from '../../src/kube/informer.ts';
import { POD, type Pod, REPLICA_SET } from '../../src/kube/kinds.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import type { Region } from '../regions/regions.ts';

/** How often it is held against each other what runs in both regions. */
const SAMPLE_MS = 50;

export interface ObservedRegion {
  readonly region: Region;
  readonly client: KubeClient;
}

/**
 * Watches the pods of two regions as administrator, apart from everything that the operator says. The pods of a region
 * that does not answer count as running for as long as their nodes have power.
 */
export class PodObserver implements AsyncDisposable {
  readonly #regions: readonly (ObservedRegion & { readonly pods: Informer<Pod> })[];
  /** Pods that stood on a node when it lost its power: they run again only when their node starts them. */
  readonly #cut = new Set<string>();
  readonly #exclusive: ReadonlySet<string> | undefined;
  readonly #timer: NodeJS.Timeout;
  #sampledAt = performance.now();
  #dualActiveMs = 0;
  #longestSampleMs = 0;
  #example: unknown;

  /** @param exclusive services that must never run in both regions, as `namespace/name`; all when absent */
  constructor(regions: readonly ObservedRegion[], exclusive?: ReadonlySet<string>) {
    this.#exclusive = exclusive;
    this.#regions = regions.map(({ client, region }) => ({ client, region, pods: watchPods(client) }));
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  async whenSynced(): Promise<void> {
    await Promise.all(this.#regions.map(({ pods }) => pods.reflector.whenSynced()));
  }

  /** How many services have a ready pod on a node with power. */
  countReady(region: string): number {
    return this.#countServices(region, (pod) => this.#runs(pod) && isReady(pod));
  }

  /** How many services have a pod that runs, ready or not. */
  countRunning(region: string): number {
    return this.#countServices(region, (pod) => this.#runs(pod));
  }

  /**
   * Whether nothing of the region would be started by a node whose power comes back, or made anew for one; and whether
   * this observer has seen so: its own watch may be behind an API server that has just come back.
   */
  async isFenced(region: string): Promise<boolean> {
    if (this.#podsOf(region).some(({ metadata }) => metadata.deletionTimestamp === undefined)) return false;
    const { client } = this.#find(region);
    const { items: replicaSets } = await client.list(REPLICA_SET, { labelSelector: LABELS.service });
    // In this order: a controller that has not seen the zero yet could still make a pod.
    if (replicaSets.some(({ spec, status }) => (spec?.replicas ?? 0) > 0 || (status?.replicas ?? 0) > 0)) return false;
    const { items: pods } = await client.list(POD, { labelSelector: LABELS.service });
    return pods.every(({ metadata }) => metadata.deletionTimestamp !== undefined);
  }

  /** To be told right after the nodes of a region have lost their power, and right before they get it back. */
  noteCut(region: string): void {
    for (const { metadata } of this.#podsOf(region)) this.#cut.add(metadata.uid ?? '');
  }

  /** Milliseconds with at least one exclusive service running in both regions, the longest time between two looks, and the first case. */
  get dualActive(): { readonly ms: number; readonly longestSampleMs: number; readonly example: unknown } {
    const [ms, longestSampleMs] = [Math.round(this.#dualActiveMs), Math.round(this.#longestSampleMs)];
    return { ms, longestSampleMs, example: this.#example };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#regions.map(({ pods }) => pods.reflector.stop()));
  }

  #sample(): void {
    const now = performance.now();
    const passed = now - this.#sampledAt;
    this.#sampledAt = now;
    this.#longestSampleMs = Math.max(this.#longestSampleMs, passed);
    const isExclusive = (pod: Pod): boolean => this.#exclusive?.has(serviceOf(pod)) ?? true;
    const [first, ...others] = this.#regions.map(({ region }) =>
      this.#servicesOf(region.name, (pod) => isExclusive(pod) && this.#runs(pod)),
    );
    const [both] = others.flatMap((services) => [...services.intersection(first ?? new Set())]);
    if (both === undefined) return;
    this.#dualActiveMs += passed;
    this.#example ??= this.#describe(both);
  }

  /** The pods of a service that runs in both regions, to see why. */
  #describe(service: string): unknown {
    return this.#regions.flatMap(({ region }) =>
      this.#podsOf(region.name)
        .filter((pod) => serviceOf(pod) === service)
        .map(({ metadata, spec, status }) => ({
          region: region.name,
          state: region.state,
          zones: region.zones.map((zone) => zone.state),
          pod: metadata.name,
          created: metadata.creationTimestamp,
          deleted: metadata.deletionTimestamp,
          wasCut: this.#cut.has(metadata.uid ?? ''),
          node: spec?.nodeName,
          phase: status?.phase,
          at: new Date().toISOString(),
        })),
    );
  }

  #podsOf(region: string): readonly Pod[] {
    return this.#find(region).pods.store.list();
  }

  #find(name: string) {
    const found = this.#regions.find(({ region }) => region.name === name);
    if (!found) throw new Error(`region ${name} is not observed`);
    return found;
  }

  #servicesOf(region: string, test: (pod: Pod) => boolean): Set<string> {
    return new Set(this.#podsOf(region).filter(test).map(serviceOf));
  }

  #countServices(region: string, test: (pod: Pod) => boolean): number {
    return this.#servicesOf(region, test).size;
  }

  #runs({ metadata, spec, status }: Pod): boolean {
    const node = spec?.nodeName;
    if (node === undefined || status?.phase === 'Succeeded' || status?.phase === 'Failed') return false;
    if (metadata.deletionTimestamp !== undefined && this.#cut.has(metadata.uid ?? '')) return false;
    return this.#hasPower(node);
  }

  /** The nodes of zone `us-east-a` are `us-east-a-1`, `us-east-a-2`. */
  #hasPower(node: string): boolean {
    const zones = this.#regions.flatMap(({ region }) => region.zones);
    return zones.find((zone) => node.startsWith(`${zone.name}-`))?.state !== 'killed';
  }
}

function watchPods(client: KubeClient): Informer<Pod> {
  const informer = createInformer<Pod>({
    client,
    resource: POD,
    clock: systemClock,
    random: systemRandom,
    labelSelector: LABELS.service,
    // A region that is lost does not answer: that is what is watched here.
    onError: () => undefined,
  });
  informer.reflector.start();
  return informer;
}

const serviceOf = ({ metadata }: Pod): string => `${metadata.namespace}/${metadata.labels?.[LABELS.service]}`;

const isReady = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  (status?.conditions?.some(({ status: value, type }) => type === 'Ready' && value === 'True') ?? false);
