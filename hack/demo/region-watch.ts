import { LABELS } from '../../src/api/labels.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { createInformer, type Informer } from '../../src/kube/informer.ts';
import { ENDPOINT_SLICE, type EndpointSlice, POD, type Pod } from '../../src/kube/kinds.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import type { PowerState, Region } from '../regions/regions.ts';
import { ZonePower } from './zone-power.ts';

const BY_SERVICE = 'service';
/** A region that is back must be seen again at once. */
const BACKOFF = { minMs: 50, maxMs: 500 };

/**
 * What runs in one region, as nobody can argue with: the pods and endpoints that its API server last told of, and the
 * power of the nodes under them (`ZonePower` has the rules). The operator and its opinions have no part in it.
 */
export class RegionWatch {
  readonly name: string;
  readonly #region: Region;
  readonly #pods: Informer<Pod>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #power: ZonePower;

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
    this.#power = new ZonePower(powerOf(region));
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
    return this.#power.update(powerOf(this.#region), () => this.#pods.store.list());
  }

  /** Keys of all services that left a trace here. */
  services(): readonly string[] {
    return [...this.#pods.store.list(), ...this.#slices.store.list()].map(serviceOf);
  }

  isRunning(service: string): boolean {
    return this.#pods.store.byIndex(BY_SERVICE, service).some((pod) => this.#power.runs(pod));
  }

  /** Whether each of its components has an endpoint that is ready, on a node with power. */
  isServing(service: string): boolean {
    const reachable = new Map<string, boolean>();
    for (const slice of this.#slices.store.byIndex(BY_SERVICE, service)) {
      if (isHeadless(slice)) continue;
      const component = slice.metadata.labels?.[LABELS.component] ?? '';
      reachable.set(component, reachable.get(component) === true || this.#power.reaches(slice));
    }
    return reachable.size > 0 && [...reachable.values()].every((yes) => yes);
  }

  /** Whether every pod of a service that is still there is marked for deletion: then no node will start it again. */
  isEnding(service: string): boolean {
    return this.#pods.store.byIndex(BY_SERVICE, service).every((pod) => pod.metadata.deletionTimestamp !== undefined);
  }
}

const powerOf = ({ zones }: Region): ReadonlyMap<string, PowerState> =>
  new Map(zones.map(({ name, state }) => [name, state]));

const serviceOf = ({ metadata }: KubeObject): string => `${metadata.namespace}/${metadata.labels?.[LABELS.service]}`;

/** A headless Service names the pods of a StatefulSet; nobody is served through it. */
const isHeadless = ({ metadata }: EndpointSlice): boolean =>
  metadata.labels?.['service.kubernetes.io/headless'] !== undefined;
