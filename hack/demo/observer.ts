import type { KubeClient } from '../../src/kube/client.ts';
import type { Region } from '../regions/regions.ts';
import { RegionWatch } from './region-watch.ts';
import { type Interval, type Sight, Timeline } from './timeline.ts';

/** Power is looked at so often; pods and endpoints are seen as soon as their API server tells of them. */
const LOOK_EVERY_MS = 20;

export interface ObservedRegion {
  readonly region: Region;
  /** As administrator, past every link that can be cut. */
  readonly client: KubeClient;
}

/**
 * The witness of the demo: keeps for each service the times at which it ran, and could be reached, in which regions.
 * It has clients of its own and asks the operator nothing, see `RegionWatch` for what counts as running.
 */
export class Observer {
  readonly #regions: readonly RegionWatch[];
  readonly #timelines = new Map<string, Timeline>();
  readonly #startMs = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(regions: readonly ObservedRegion[]) {
    this.#regions = regions.map(({ client, region }) => new RegionWatch(region, client, (key) => this.#look(key)));
  }

  /** Milliseconds since the observation began. */
  get nowMs(): number {
    return performance.now() - this.#startMs;
  }

  /** Resolves when all that runs has been seen once. */
  async start(): Promise<void> {
    await Promise.all(this.#regions.map((region) => region.start()));
    this.#timer = setInterval(() => this.#lookAtPower(), LOOK_EVERY_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#regions.map((region) => region.stop()));
  }

  /** Where a service (`namespace/name`) runs and can be reached now. */
  see(service: string): Sight {
    return {
      running: this.#regions.filter((region) => region.isRunning(service)).map(({ name }) => name),
      serving: this.#regions.filter((region) => region.isServing(service)).map(({ name }) => name),
    };
  }

  /** What was seen of a service from `fromMs` until now; empty when it was never seen. */
  since(fromMs: number, service: string): readonly Interval[] {
    return this.#timelines.get(service)?.between(fromMs, this.nowMs) ?? [];
  }

  /** Whether no node of a region would start any pod of the services if it got its power now. */
  areEnding(region: string, services: readonly string[]): boolean {
    const watch = this.#regions.find(({ name }) => name === region);
    return watch !== undefined && services.every((service) => watch.isEnding(service));
  }

  #lookAtPower(): void {
    for (const region of this.#regions) {
      if (region.lookAtPower()) for (const service of new Set(region.services())) this.#look(service);
    }
  }

  #look(service: string): void {
    const timeline = this.#timelines.get(service) ?? new Timeline();
    this.#timelines.set(service, timeline);
    timeline.note(this.nowMs, this.see(service));
  }
}
