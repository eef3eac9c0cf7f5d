import { LABELS } from '../../src/api/labels.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { createInformer, type Informer } from '../../src/kube/informer.ts';
import { POD, type Pod } from '../../src/kube/kinds.ts';
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
  readonly #regions: readonly { readonly region: Region; readonly pods: Informer<Pod> }[];
  /** Pods that stood on a node when it lost its power: they run again only when their node starts them. */
  readonly #cut = new Set<string>();
  readonly #exclusive: ReadonlySet<string> | undefined;
  readonly #timer: NodeJS.Timeout;
  #sampledAt = performance.now();
  #dualActiveMs = 0;
  #longestSampleMs = 0;

  /** @param exclusive services that must never run in both regions, as `namespace/name`; all when absent */
  constructor(regions: readonly ObservedRegion[], exclusive?: ReadonlySet<string>) {
    this.#exclusive = exclusive;
    this.#regions = regions.map(({ client, region }) => ({ region, pods: watchPods(client) }));
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

  /** Whether no pod of the region would be started by a node whose power comes back. */
  isFenced(region: string): boolean {
    return this.#podsOf(region).every(({ metadata }) => metadata.deletionTimestamp !== undefined);
  }

  /** To be told right after the nodes of a region have lost their power. */
  noteCut(region: string): void {
    for (const { metadata } of this.#podsOf(region)) this.#cut.add(metadata.uid ?? '');
  }

  /** Milliseconds with at least one exclusive service running in both regions, and the longest time between two looks. */
  get dualActive(): { readonly ms: number; readonly longestSampleMs: number } {
    return { ms: Math.round(this.#dualActiveMs), longestSampleMs: Math.round(this.#longestSampleMs) };
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
    if (first && others.some((services) => !services.isDisjointFrom(first))) this.#dualActiveMs += passed;
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
