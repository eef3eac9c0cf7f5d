import { RESOURCES } from '../api/resources.ts';
import type { Assignment, ServiceInstance } from '../api/service-instance.ts';
import type { KubeClient } from '../kube/client.ts';
import { ConflictError } from '../kube/errors.ts';
import { keyOf } from '../kube/object.ts';
import { isNewer } from '../kube/resource-version.ts';

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

  /** Reads every assignment by quorum. Must be called after the leadership began; rejects when the API server fails. */
  async load(signal?: AbortSignal): Promise<void> {
    const leadership = this.#leadership;
    const { items } = await this.#client.list(RESOURCES.serviceInstance, signal ? { signal } : {});
    if (leadership !== this.#leadership) return;
    for (const instance of items) this.take(instance);
    this.#loaded = true;
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
   * Records an intent: one compare-and-swap against exactly the object that was decided on, before anything else
   * happens. When the reply is lost nobody knows whether it was carried out, so the object is read again.
   * Throws `ConflictError` when somebody else wrote first.
   */
  async record(instance: ServiceInstance, next: Assignment): Promise<ServiceInstance> {
    const { name, namespace = '', resourceVersion } = instance.metadata;
    const leadership = this.#leadership;
    const known = this.get(keyOf(instance));
    if ((instance.status?.assignment?.epoch ?? 0) !== (known?.epoch ?? 0)) {
      throw new ConflictError(`${namespace}/${name}: decided on an assignment that is not the newest known`);
    }
    try {
      const written = await this.#client.mergePatch(
        RESOURCES.serviceInstance,
        { name, namespace },
        { metadata: { resourceVersion }, status: { assignment: next } },
        { subresource: 'status', lane: 'fence' },
      );
      if (leadership === this.#leadership) this.take(written);
      return written;
    } catch (error) {
      await this.#readAgain(name, namespace, leadership);
      throw error;
    }
  }

  async #readAgain(name: string, namespace: string, leadership: number): Promise<void> {
    try {
      const read = await this.#client.read(RESOURCES.serviceInstance, { name, namespace }, { lane: 'fence' });
      if (leadership === this.#leadership) this.take(read);
    } catch {
      // The informer will tell, as soon as the API server answers again.
    }
  }
}
