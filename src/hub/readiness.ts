import { type Clock, elapsedAtLeast, type Instant } from '../runtime/clock.ts';

/**
 * Since when services of a region that it was granted are not ready there, on the hub's own clock. What is not spoken of
 * any more is forgotten: it runs there no longer, or is ready.
 */
export class ReadinessBook {
  readonly #clock: Clock;
  #since = new Map<string, Instant>();
  #active = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  forget(): void {
    this.#since = new Map();
    this.#active = 0;
  }

  /** Takes all services that run in the region, by key: whether they are ready. */
  note(services: ReadonlyMap<string, boolean>): void {
    const now = this.#clock.now();
    const unready = [...services].filter(([, isReady]) => !isReady);
    this.#since = new Map(unready.map(([key]): [string, Instant] => [key, this.#since.get(key) ?? now]));
    this.#active = services.size;
  }

  /** How long a service has not been ready; 0: it is, or does not run here. */
  notReadyForMs(key: string): number {
    const at = this.#since.get(key);
    return at ? elapsedAtLeast(at, this.#clock.now()) : 0;
  }

  /** Services that were not ready for so long. */
  notReadyFor(ms: number): string[] {
    return [...this.#since.keys()].filter((key) => this.notReadyForMs(key) >= ms);
  }

  get active(): number {
    return this.#active;
  }
}
