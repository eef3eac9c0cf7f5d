import { RESOURCES } from '../api/resources.ts';
import type { Assignment, ServiceInstance } from '../api/service-instance.ts';
import type { KubeClient } from '../kube/client.ts';
import { ConflictError } from '../kube/errors.ts';
import { replacing } from '../kube/merge-patch.ts';
import { keyOf } from '../kube/object.ts';
import { isNewer } from '../kube/resource-version.ts';

/** Reports of a status are rarer than that between a read and the write after it. */
const MOST_TRIES = 3;

interface Entry {
  readonly uid: string | undefined;
  readonly resourceVersion: string;
  readonly assignment: Assignment;
}

/**
 * What is active where, as this leader knows it. It is read by quorum when a leadership begins, because a cache may
 * lag behind an intent that the leader before recorded; afterwards an entry only ever gives way to a higher epoch.
 */
export class AssignmentBook {
  readonly #client: KubeClient;
  #entries = new Map<string, Entry>();
  #leadership = 0;
  #loaded = false;

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** Nothing may be acknowledged or decided before this is true. */
  get loaded(): boolean {
    return this.#loaded;
  }

  forget(): void {
    this.#leadership += 1;
    this.#loaded = false;
    this.#entries = new Map();
  }

  /**
   * Reads every assignment by quorum, and returns the instances that carry them. Must be called after the leadership
   * began; rejects when the API server fails.
   */
  async load(signal?: AbortSignal): Promise<readonly ServiceInstance[]> {
    const leadership = this.#leadership;
    const { items } = await this.#client.list(RESOURCES.serviceInstance, signal ? { signal } : {});
    if (leadership !== this.#leadership) return [];
    for (const instance of items) this.take(instance);
    this.#loaded = true;
    return items;
  }

  get(key: string): Assignment | undefined {
    return this.#entries.get(key)?.assignment;
  }

  /**
   * Learns from an object that was seen or written; an epoch never falls. An object that was deleted and made anew
   * under the same name begins a life of its own: of two lives the newer one counts.
   */
  take(instance: ServiceInstance): void {
    const key = keyOf(instance);
    const { resourceVersion = '0', uid } = instance.metadata;
    const known = this.#entries.get(key);
    const isAnotherLife = known !== undefined && known.uid !== uid;
    if (isAnotherLife && !isNewer(resourceVersion, known.resourceVersion)) return;
    const assignment = instance.status?.assignment;
    if (!assignment) {
      if (isAnotherLife) this.#entries.delete(key);
      return;
    }
    if (!known || isAnotherLife || assignment.epoch > known.assignment.epoch) {
      this.#entries.set(key, { uid, resourceVersion, assignment });
    }
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  /**
   * Records an intent before anything else happens: a compare-and-swap against exactly the object that was decided on.
   * One that only differs in what was reported meanwhile is as good, and is tried again while `mayWrite` says so. When
   * the reply is lost nobody knows whether it was carried out, so the object is read again.
   * Throws `ConflictError` when somebody else decided, or what was decided on has changed.
   */
  async record(instance: ServiceInstance, next: Assignment, mayWrite: () => boolean): Promise<ServiceInstance> {
    const key = keyOf(instance);
    const leadership = this.#leadership;
    if ((instance.status?.assignment?.epoch ?? 0) !== (this.get(key)?.epoch ?? 0)) {
      throw new ConflictError(`${key}: decided on an assignment that is not the newest known`);
    }
    let seen = instance;
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#swap(seen, next, leadership);
      } catch (error) {
        const read = await this.#readAgain(seen, leadership);
        const goesOn = error instanceof ConflictError && tries < MOST_TRIES && leadership === this.#leadership;
        if (!goesOn || !read || !isSameQuestion(instance, read) || !mayWrite()) throw error;
        seen = read;
      }
    }
  }

  async #swap({ metadata, status }: ServiceInstance, next: Assignment, leadership: number): Promise<ServiceInstance> {
    const { name, namespace = '', resourceVersion } = metadata;
    const written = await this.#client.mergePatch(
      RESOURCES.serviceInstance,
      { name, namespace },
      // Nothing of the one before is left: the person behind that move is not behind this one.
      { metadata: { resourceVersion }, status: { assignment: replacing(status?.assignment, next) } },
      { subresource: 'status', lane: 'fence' },
    );
    if (leadership === this.#leadership) this.take(written);
    return written;
  }

  async #readAgain({ metadata }: ServiceInstance, leadership: number): Promise<ServiceInstance | undefined> {
    const { name, namespace = '' } = metadata;
    try {
      const read = await this.#client.read(RESOURCES.serviceInstance, { name, namespace }, { lane: 'fence' });
      if (leadership === this.#leadership) this.take(read);
      return read;
    } catch {
      // The informer will tell, as soon as the API server answers again.
      return undefined;
    }
  }
}

/** Whether a decision on the one object is a decision on the other: the same life, spec and assignment. */
function isSameQuestion(a: ServiceInstance, b: ServiceInstance): boolean {
  return (
    a.metadata.uid === b.metadata.uid &&
    a.metadata.generation === b.metadata.generation &&
    a.metadata.deletionTimestamp === b.metadata.deletionTimestamp &&
    (a.status?.assignment?.epoch ?? 0) === (b.status?.assignment?.epoch ?? 0)
  );
}
