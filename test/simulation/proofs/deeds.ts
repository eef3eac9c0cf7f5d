import { LABELS } from '../../../src/api/labels.ts';
import { RESOURCES } from '../../../src/api/resources.ts';
import { DEPLOYMENT, STATEFUL_SET } from '../../../src/kube/kinds.ts';
import { type KubeObject, keyOf, type Resource } from '../../../src/kube/object.ts';
import { HUB } from '../catalogue.ts';
import type { World } from '../world.ts';

/** Kinds that the cluster's own controllers make and delete, and traffic of leases. */
const NOT_OURS = new Set(['pods', 'replicasets', 'endpointslices', 'events', 'leases', 'regionleases', 'nodes']);

interface Workload extends KubeObject {
  readonly spec?: { readonly replicas?: number };
}

/**
 * Counts what cannot be undone, or was done twice, in the storages themselves: deletions, stops, new epochs, objects that
 * are made. Who does one of them more often than an undisturbed run does has done harm.
 */
export class Deeds {
  readonly #counts = new Map<string, number>();

  constructor(world: World) {
    for (const [server, storage] of [[HUB, world.hub.storage] as const, ...regionStorages(world)]) {
      storage.onChange((table, { object, type }) => {
        if (NOT_OURS.has(table.resource.plural) || type === 'MODIFIED') return;
        this.#count(`${type === 'ADDED' ? 'makes' : 'deletes'} ${nameOf(table.resource, object)} in ${server}`);
      });
    }
    world.kind(HUB, RESOURCES.serviceInstance).onChange(({ object, old }) => {
      const [epoch, before] = [object.status?.assignment?.epoch, old?.status?.assignment?.epoch];
      if (epoch !== undefined && epoch !== before) this.#count(`new epoch of ${keyOf(object)}`);
      this.#countEnd(HUB, object, old);
    });
    for (const region of world.regions.keys()) {
      const workloads: readonly Resource<Workload>[] = [DEPLOYMENT, STATEFUL_SET];
      for (const resource of workloads) {
        world.kind(region, resource).onChange(({ object, old }) => {
          const [replicas, before] = [object.spec?.replicas ?? 0, old?.spec?.replicas ?? 0];
          if (replicas < before) this.#count(`scales ${keyOf(object)} down in ${region}`);
        });
      }
      world.kind(region, RESOURCES.regionalService).onChange(({ object, old }) => this.#countEnd(region, object, old));
    }
  }

  counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** What was done more often than in the undisturbed run. */
  beyond(clean: ReadonlyMap<string, number>): string[] {
    return [...this.#counts]
      .filter(([deed, count]) => count > (clean.get(deed) ?? 0))
      .map(([deed, count]) => `${deed} (${count} times, undisturbed ${clean.get(deed) ?? 0})`);
  }

  #count(deed: string): void {
    this.#counts.set(deed, (this.#counts.get(deed) ?? 0) + 1);
  }

  /** A deletion begins with its mark, which a finalizer may keep from ever coming to an end. */
  #countEnd(server: string, object: KubeObject, old: KubeObject | undefined): void {
    if (object.metadata.deletionTimestamp && !old?.metadata.deletionTimestamp) {
      this.#count(`begins to delete ${object.kind} ${keyOf(object)} in ${server}`);
    }
  }
}

const regionStorages = (world: World) =>
  [...world.regions].map(([region, { server }]) => [region, server.storage] as const);

/** Records have a time in their name. */
const nameOf = ({ kind }: Resource, object: KubeObject): string =>
  kind === 'RegionSwitch' && object.metadata.labels?.[LABELS.managedBy] ? 'a record' : `${kind} ${keyOf(object)}`;
