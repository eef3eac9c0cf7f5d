import type { Region } from '../../../hack/regions/regions.ts';
import { LABELS } from '../../../src/api/labels.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import { createInformer, type Informer } from '../../../src/kube/informer.ts';
import { POD, type Pod } from '../../../src/kube/kinds.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { systemRandom } from '../../../src/runtime/random.ts';

const SAMPLE_MS = 25;
/** What is remembered of a service that did not overlap. */
const REMEMBERED = 8;
const NOWHERE: ReadonlySet<string> = new Set();

/** A service that ran in two regions at once, and for how long in all. */
export interface Overlap {
  readonly service: string;
  /** `region/pod` of all that ran when it was first seen. */
  readonly pods: readonly string[];
  durationMs: number;
  /** In how many looks it was seen. */
  looks: number;
  /** The longest time before one of them: after a stall, news of one region may be seen before older ones of another. */
  longestGapMs: number;
  /** When the service began and ceased to run where, as this process saw it: the last times before, and all since. */
  readonly story: string[];
}

interface Observed {
  readonly region: Region;
  readonly pods: Informer<Pod>;
  /** Pods whose node lost its power, until it has power again and is to start them again. */
  readonly dead: Set<string>;
}

/**
 * Watches what really runs, past every link and independently of the operator: the pods of each region through its API
 * server, and the power of their nodes, which says what an API server that is lost cannot.
 */
export class PodObserver {
  readonly #overlaps = new Map<string, Overlap>();
  readonly #observed: readonly Observed[];
  readonly #mayOverlap: (service: string) => boolean;
  readonly #seen = new Map<string, Set<string>>();
  /** By service: the regions in which it ran at the last look. */
  #ranIn = new Map<string, ReadonlySet<string>>();
  readonly #stories = new Map<string, string[]>();
  #timer: NodeJS.Timeout | undefined;
  #lookedAt = 0;

  /** @param mayOverlap told `namespace/name` of a service, whether it may run in several regions */
  constructor(
    regions: readonly { readonly region: Region; readonly client: KubeClient }[],
    mayOverlap: (service: string) => boolean,
  ) {
    this.#mayOverlap = mayOverlap;
    this.#observed = regions.map(({ region, client }) => ({ region, pods: podsOf(client), dead: new Set() }));
  }

  start(): void {
    for (const { pods } of this.#observed) {
      pods.store.addHandler(() => this.#look());
      pods.reflector.start();
    }
    this.#timer = setInterval(() => this.#look(), SAMPLE_MS);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#observed.map(({ pods }) => pods.reflector.stop()));
  }

  /** What ran in two regions at once and must not; the observer looks at each change, and every 25 ms. */
  get overlaps(): readonly Overlap[] {
    return [...this.#overlaps.values()];
  }

  /** Regions in which pods of a service run now. */
  regionsOf(service: string): readonly string[] {
    return this.#observed
      .filter((one) => one.pods.store.list().some((pod) => serviceOf(pod) === service && isRunning(one, pod)))
      .map(({ region }) => region.name);
  }

  /** Names of the pods of a service that run now in a region. */
  podsOf(service: string, region: string): readonly string[] {
    const one = this.#observed.find((candidate) => candidate.region.name === region);
    const pods = one?.pods.store.list().filter((pod) => serviceOf(pod) === service && isRunning(one, pod)) ?? [];
    return pods.map(({ metadata }) => metadata.name).sort();
  }

  /** Whether a region has pods of a service that nothing has told to end, with power or without: they start with it. */
  isStanding(service: string, region: string): boolean {
    const one = this.#observed.find((candidate) => candidate.region.name === region);
    const pods = one?.pods.store.list().filter((pod) => serviceOf(pod) === service) ?? [];
    return pods.some(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  /** How many pods of a service have ever run, over all regions: it rises when one is started, or started anew. */
  started(service: string): number {
    return this.#seen.get(service)?.size ?? 0;
  }

  /** All pods that ever ran, over all services. */
  get startedInAll(): number {
    return [...this.#seen.values()].reduce((sum, { size }) => sum + size, 0);
  }

  #look(): void {
    const now = performance.now();
    const running = new Map<string, Set<string>>();
    const pods = new Map<string, Set<string>>();
    for (const one of this.#observed) {
      for (const pod of one.pods.store.list()) {
        const service = serviceOf(pod);
        if (service === undefined || !isRunning(one, pod)) continue;
        add(running, service, one.region.name);
        add(pods, service, `${one.region.name}/${pod.metadata.name}`);
        add(this.#seen, service, pod.metadata.uid ?? '');
      }
    }
    this.#tell(running);
    for (const [service, regions] of running) {
      if (regions.size > 1 && !this.#mayOverlap(service)) this.#note(service, pods.get(service), now - this.#lookedAt);
    }
    this.#lookedAt = now;
  }

  #tell(running: ReadonlyMap<string, ReadonlySet<string>>): void {
    const at = new Date().toISOString();
    for (const service of new Set([...running.keys(), ...this.#ranIn.keys()])) {
      const [now, before] = [running.get(service) ?? NOWHERE, this.#ranIn.get(service) ?? NOWHERE];
      const changed = now.symmetricDifference(before);
      if (changed.size === 0) continue;
      const story = this.#stories.get(service) ?? [];
      this.#stories.set(service, story);
      for (const region of changed) story.push(`${at} ${now.has(region) ? 'runs' : 'has stopped'} in ${region}`);
      if (!this.#overlaps.has(service)) story.splice(0, story.length - REMEMBERED);
    }
    this.#ranIn = new Map(running);
  }

  #note(service: string, pods: ReadonlySet<string> | undefined, durationMs: number): void {
    const known = this.#overlaps.get(service);
    if (!known) {
      const story = this.#stories.get(service) ?? [];
      const first = { service, pods: [...(pods ?? [])], durationMs, looks: 1, longestGapMs: durationMs, story };
      this.#overlaps.set(service, first);
      return;
    }
    known.durationMs += durationMs;
    known.looks += 1;
    known.longestGapMs = Math.max(known.longestGapMs, durationMs);
  }
}

function podsOf(client: KubeClient): Informer<Pod> {
  const options = { client, clock: systemClock, random: systemRandom, backoff: { minMs: 50, maxMs: 500 } };
  return createInformer<Pod>({ ...options, resource: POD, labelSelector: LABELS.service });
}

function serviceOf({ metadata }: Pod): string | undefined {
  const name = metadata.labels?.[LABELS.service];
  return name === undefined ? undefined : `${metadata.namespace}/${name}`;
}

/**
 * A pod runs while its node has power. When power returns a kubelet starts what it had, unless the API server tells it
 * to end it: such a pod never runs again.
 */
function isRunning({ region, dead }: Observed, { metadata, spec, status }: Pod): boolean {
  const uid = metadata.uid ?? '';
  if (status?.phase !== 'Running') return false;
  if (!hasPower(region, spec?.nodeName)) {
    dead.add(uid);
    return false;
  }
  if (metadata.deletionTimestamp !== undefined) return !dead.has(uid);
  dead.delete(uid);
  return true;
}

/** Nodes are named after their zone. */
const hasPower = (region: Region, node = ''): boolean =>
  region.zones.some(({ name, state }) => node.startsWith(`${name}-`) && state === 'on');

function add(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key);
  if (set) set.add(value);
  else sets.set(key, new Set([value]));
}
