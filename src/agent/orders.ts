import type { RegionalService } from '../api/regional-service.ts';
import { RESOURCES } from '../api/resources.ts';
import type { KubeClient } from '../kube/client.ts';
import { keyOf } from '../kube/object.ts';
import { isNewer } from '../kube/resource-version.ts';

/**
 * The orders of the region as this agent knows them. A new leader reads them by quorum before it confirms anything,
 * because its cache may be older than what the agent before it has already followed; and an order never gives way to
 * one of a lower epoch, wherever that comes from.
 */
export class OrderBook {
  readonly #client: KubeClient;
  readonly #orders = new Map<string, RegionalService>();
  #leadership = 0;
  #sure = false;
  /** All that stood there at this version is known. */
  #readAt = '0';
  /** Lives that have ended since the read that is under way was sent: its answer may still show them. */
  #droppedSince: Set<string | undefined> | undefined;

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** Whether the orders were read by quorum since the leadership began. */
  get sure(): boolean {
    return this.#sure;
  }

  beginLeadership(): void {
    this.#leadership += 1;
    this.#sure = false;
  }

  async load(): Promise<void> {
    const leadership = this.#leadership;
    const droppedSince = new Set<string | undefined>();
    this.#droppedSince = droppedSince;
    const { items, resourceVersion } = await this.#client.list(RESOURCES.regionalService, { lane: 'control' });
    if (leadership !== this.#leadership) return;
    this.#droppedSince = undefined;
    this.#forgetGone(items, resourceVersion);
    for (const order of items) if (!droppedSince.has(order.metadata.uid)) this.#put(order);
    this.#readAt = resourceVersion;
    this.#sure = true;
  }

  /** An order that was let go, and of which the cache has not heard yet, must not be carried out anew. */
  #forgetGone(listed: readonly RegionalService[], resourceVersion: string): void {
    const keys = new Set(listed.map(keyOf));
    for (const [key, order] of this.#orders) {
      if (!keys.has(key) && !isNewer(versionOf(order), resourceVersion)) this.#orders.delete(key);
    }
  }

  get(key: string): RegionalService | undefined {
    return this.#orders.get(key);
  }

  keys(): Iterable<string> {
    return this.#orders.keys();
  }

  values(): Iterable<RegionalService> {
    return this.#orders.values();
  }

  take(order: RegionalService): void {
    if (this.#orders.has(keyOf(order)) || !this.#sure || isNewer(versionOf(order), this.#readAt)) this.#put(order);
  }

  #put(order: RegionalService): void {
    const key = keyOf(order);
    const known = this.#orders.get(key);
    if (!known || !isOlder(order, known)) this.#orders.set(key, order);
  }

  /** The object is gone, which its finalizer allows only after a confirmed stop. */
  drop(order: RegionalService): void {
    const key = keyOf(order);
    this.#droppedSince?.add(order.metadata.uid);
    if (this.#orders.get(key)?.metadata.uid === order.metadata.uid) this.#orders.delete(key);
  }
}

const versionOf = (order: RegionalService): string => order.metadata.resourceVersion ?? '0';

/** An order that was made anew under the same name may begin at a lower epoch; which of the two is newer, versions tell. */
const isOlder = (order: RegionalService, known: RegionalService): boolean =>
  (order.metadata.uid === known.metadata.uid && order.spec.epoch < known.spec.epoch) ||
  isNewer(versionOf(known), versionOf(order));
