import { LABELS } from '../../src/api/labels.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { createInformer, type Informer } from '../../src/kube/informer.ts';
import { ENDPOINT_SLICE, type EndpointSlice, POD, type Pod } from '../../src/kube/kinds.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import type { PowerState, Region } from '../regions/regions.ts';

const BY_SERVICE = 'service';
/** A region that is back must be seen again at once. */
const BACKOFF = { minMs: 50, maxMs: 500 };

/**
 * What runs in one region, as nobody can argue with: the pods and endpoints that its API server last told of, and the
 * power of the nodes under them. The operator and its opinions have no part in it.
 *
 * - A pod runs from being bound to a node until it is gone, has ended, or its node has lost its power. That its API
 *   server does not answer ends no pod.
 * - A node that is frozen runs nothing while it is frozen; everything on it goes on when it thaws.
 * - A node that gets its power back starts its pods again, but for those that are marked for deletion: a kubelet never
 *   starts what it is told to end.
 */
export class RegionWatch {
  readonly name: string;
  readonly #region: Region;
  readonly #pods: Informer<Pod>;
  readonly #slices: Informer<EndpointSlice>;
  /** Uids of pods that were ended by the loss of their node's power. */
  readonly #ended = new Set<string>();
  #power: ReadonlyMap<string, PowerState>;

  /** @param onChange told the key (`namespace/name`) of each service of which something changed */
  constructor(region: Region, client: KubeClient, onChange: (service: string) => void) {
    const options = {
      client,
      clock: systemClock,
      random: systemRandom,
      backoff: BACKOFF,
      labelSelector: LABELS.service,
      indexers: { [BY_SERVICE]: (object: KubeObject) => [serviceOf(object)] },
      // An observer that fails must not go on as if it had seen nothing.
      onHandlerError: (error: unknown) => {
        throw error;
      },
    };
    this.name = region.name;
    this.#region = region;
    this.#power = powerOf(region);
    this.#pods = createInformer<Pod>({ ...options, resource: POD });
    this.#slices = createInformer<EndpointSlice>({ ...options, resource: ENDPOINT_SLICE });
    this.#pods.store.addHandler(({ object }) => onChange(serviceOf(object)));
    this.#slices.store.addHandler(({ object }) => onChange(serviceOf(object)));
  }

  /** Resolves when all that is there has been seen. */
  async start(): Promise<void> {
    const reflectors = [this.#pods.reflector, this.#slices.reflector];
    for (const reflector of reflectors) reflector.start();
    await Promise.all(reflectors.map((reflector) => reflector.whenSynced()));
  }

  async stop(): Promise<void> {
    await Promise.all([this.#pods.reflector.stop(), this.#slices.reflector.stop()]);
  }

  /** Looks whether power has come or gone since the last look. @returns whether it has */
  lookAtPower(): boolean {
    const before = this.#power;
    this.#power = powerOf(this.#region);
    const changed = [...this.#power].filter(([zone, state]) => before.get(zone) !== state);
    for (const [zone, state] of changed) this.#powerChanged(zone, state);
    return changed.length > 0;
  }

  /** Keys of all services that left a trace here. */
  services(): readonly string[] {
    return [...this.#pods.store.list(), ...this.#slices.store.list()].map(serviceOf);
  }

  isRunning(service: string): boolean {
    return this.#pods.store.byIndex(BY_SERVICE, service).some((pod) => this.#runs(pod));
  }

  /** Whether each of its components has an endpoint that is ready, on a node with power. */
  isServing(service: string): boolean {
    const reachable = new Map<string, boolean>();
    for (const slice of this.#slices.store.byIndex(BY_SERVICE, service)) {
      if (isHeadless(slice)) continue;
      const component = slice.metadata.labels?.[LABELS.component] ?? '';
      reachable.set(component, reachable.get(component) === true || this.#reaches(slice));
    }
    return reachable.size > 0 && [...reachable.values()].every((yes) => yes);
  }

  /** Whether every pod of a service that is still there is marked for deletion: then no node will start it again. */
  isEnding(service: string): boolean {
    return this.#pods.store.byIndex(BY_SERVICE, service).every((pod) => pod.metadata.deletionTimestamp !== undefined);
  }

  #powerChanged(zone: string, state: PowerState): void {
    const pods = this.#pods.store.list().filter((pod) => zoneOf(pod.spec?.nodeName) === zone);
    for (const { metadata } of pods) {
      const { uid = '' } = metadata;
      if (state === 'killed') this.#ended.add(uid);
      if (state === 'on' && metadata.deletionTimestamp === undefined) this.#ended.delete(uid);
    }
  }

  #runs({ metadata, spec, status }: Pod): boolean {
    if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return false;
    const isStartedAnew = metadata.deletionTimestamp === undefined || !this.#ended.has(metadata.uid ?? '');
    return isStartedAnew && this.#hasPower(spec?.nodeName);
  }

  /** The API server writes a list without items as `null`. */
  #reaches({ endpoints }: EndpointSlice): boolean {
    const isReached = endpoints?.some(
      ({ conditions, nodeName }) => conditions?.ready === true && this.#hasPower(nodeName),
    );
    return isReached ?? false;
  }

  #hasPower(node: string | undefined): boolean {
    return node !== undefined && this.#power.get(zoneOf(node)) === 'on';
  }
}

const powerOf = ({ zones }: Region): ReadonlyMap<string, PowerState> =>
  new Map(zones.map(({ name, state }) => [name, state]));

/** The nodes of zone `us-east-a` are `us-east-a-1`, `us-east-a-2`. */
const zoneOf = (node = ''): string => node.slice(0, node.lastIndexOf('-'));

const serviceOf = ({ metadata }: KubeObject): string => `${metadata.namespace}/${metadata.labels?.[LABELS.service]}`;

/** A headless Service names the pods of a StatefulSet; nobody is served through it. */
const isHeadless = ({ metadata }: EndpointSlice): boolean =>
  metadata.labels?.['service.kubernetes.io/headless'] !== undefined;
