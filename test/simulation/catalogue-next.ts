import { readCatalogue } from '../../hack/gen/catalogue.ts';
import { LABELS } from '../../src/api/labels.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import type { ServiceClass } from '../../src/api/service-class.ts';
import type { ServiceInstance } from '../../src/api/service-instance.ts';
import { SECRET } from '../../src/kube/kinds.ts';
import type { RunningPod } from '../support/cluster/running-pods.ts';
import { aGroup, aTenant } from '../support/objects.ts';
import { type Declared, declaredObjects, GROUP, HUB, READ_ONLY } from './catalogue.ts';
import { World } from './world.ts';

/** The shipped catalogues in the simulated world: one tenant at home in `east`, which may move to `west`. */

export const [HOME, AWAY] = ['east', 'west'] as const;
/** More often than the tenants are planned anew, and less often than regions are chosen. */
const APPLY_EVERY_MS = 45;

/** What ran of one service, and whether it was told not to write: by class and region. */
export interface Sight {
  readonly writers: number;
  readonly copies: number;
}

/** Something of a service began or ceased to run in a region. */
export interface Deed {
  readonly atMs: number;
  readonly service: string;
  readonly region: string;
  readonly kind: 'writer' | 'copy';
  /** How many run afterwards. */
  readonly count: number;
}

/** A world with one of the catalogues, and what really ran in it. */
export class CatalogueWorld {
  readonly world: World;
  readonly deeds: Deed[] = [];
  readonly #counts = new Map<string, number>();

  constructor(seed: number, catalogue: 'today' | 'next') {
    this.world = new World({ seed, declared: declared(readCatalogue(catalogue)) });
    for (const [region, { cluster }] of this.world.regions)
      cluster.onRunningChange((pod, isRunning) => this.#note(region, pod, isRunning));
  }

  /**
   * `kubectl apply` of the other catalogue: the classes have the same names. One after the other, so that some loops have
   * acted on a class before others have heard of it.
   */
  apply(catalogue: 'today' | 'next'): void {
    const kind = this.world.kind(HUB, RESOURCES.serviceClass);
    for (const [index, { metadata, spec }] of readCatalogue(catalogue).entries())
      this.world.time.schedule(index * APPLY_EVERY_MS, () => {
        const present = kind.get(metadata.name);
        if (present) kind.update(present, { ...present, spec });
      });
  }

  instance(service: string): ServiceInstance {
    const all = this.world.kind(HUB, RESOURCES.serviceInstance).list();
    const [only, ...more] = all.filter(({ spec }) => spec.serviceClassRef.name === service);
    if (!only || more.length > 0) throw new Error(`${more.length + (only ? 1 : 0)} instances of ${service}`);
    return only;
  }

  sight(service: string, region: string): Sight {
    const count = (kind: Deed['kind']): number => this.#counts.get(keyFor(service, region, kind)) ?? 0;
    return { writers: count('writer'), copies: count('copy') };
  }

  /** The least number that ran at any instant of a time. */
  least(service: string, region: string, kind: Deed['kind'], [fromMs, toMs]: readonly [number, number]): number {
    const ofIt = this.deeds.filter((deed) => deed.service === service && deed.region === region && deed.kind === kind);
    const before = ofIt.findLast(({ atMs }) => atMs <= fromMs)?.count ?? 0;
    const during = ofIt.filter(({ atMs }) => atMs > fromMs && atMs <= toMs).map(({ count }) => count);
    return Math.min(before, ...during);
  }

  /** When the first one began to run after a time; undefined: none did. */
  firstAfter(service: string, region: string, kind: Deed['kind'], fromMs: number): number | undefined {
    return this.deeds.find(
      (deed) =>
        deed.service === service &&
        deed.region === region &&
        deed.kind === kind &&
        deed.atMs > fromMs &&
        deed.count === 1,
    )?.atMs;
  }

  #note(region: string, pod: RunningPod, isRunning: boolean): void {
    const instance = pod.labels[LABELS.standbyOf] ?? pod.labels[LABELS.service];
    const service = instance && this.#classOf(pod.namespace, instance);
    if (!service) return;
    const kind = pod.args.includes(READ_ONLY) ? 'copy' : 'writer';
    const key = keyFor(service, region, kind);
    const count = (this.#counts.get(key) ?? 0) + (isRunning ? 1 : -1);
    this.#counts.set(key, count);
    this.deeds.push({ atMs: this.world.time.nowMs, service, region, kind, count });
  }

  #classOf(namespace: string, name: string): string | undefined {
    return this.world.kind(HUB, RESOURCES.serviceInstance).get(`${namespace}/${name}`)?.spec.serviceClassRef.name;
  }
}

const keyFor = (service: string, region: string, kind: Deed['kind']): string => `${service}/${region}/${kind}`;

/** A group of two regions with a traffic domain, a tenant, and nothing of the services that histories of chance have. */
function declared(classes: readonly ServiceClass[]): readonly Declared[] {
  const secrets = declaredObjects({}).filter(({ resource }) => resource.kind === SECRET.kind);
  const units = [HOME, AWAY].map((region) => ({ region, credentials: { secretName: region } }));
  const group = aGroup(GROUP, units, {
    switchback: { stableForSeconds: 20 },
    traffic: { domain: 'contact.example' },
  });
  const regions = { primaryRegion: HOME, secondaryRegions: [AWAY] };
  const tenant = aTenant('customers/crown', { iuGroupRef: { name: GROUP }, agents: 100, ...regions });
  return [
    ...secrets,
    { resource: RESOURCES.iuGroup, object: group },
    ...classes.map((object) => ({ resource: RESOURCES.serviceClass, object })),
    { resource: RESOURCES.tenant, object: tenant },
  ];
}
