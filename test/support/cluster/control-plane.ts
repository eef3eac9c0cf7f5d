import type { KubeObject, Resource } from '../../../src/kube/object.ts';
import type { FakeApiServer } from '../fake-api-server.ts';
import type { Range } from '../faults.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { VirtualTime } from '../virtual-time.ts';
import { Kind } from './kind.ts';

export interface ControlPlaneOptions {
  readonly server: FakeApiServer;
  readonly time: VirtualTime;
  readonly random: SeededRandom;
}

/**
 * What the controllers of one cluster share: storage, time, chance, and the fact that they stand still while their API
 * server is down. Kubelets too see and say nothing then; what they run goes on.
 */
export class ControlPlane {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly server: FakeApiServer;
  readonly #loops: ControlLoop[] = [];
  #upSinceMs: number;

  constructor({ server, time, random }: ControlPlaneOptions) {
    this.server = server;
    this.time = time;
    this.random = random;
    this.#upSinceMs = time.nowMs;
    server.onRunning((isRunning) => {
      if (!isRunning) return;
      this.#upSinceMs = time.nowMs;
      for (const loop of this.#loops) loop.resume();
    });
  }

  get isUp(): boolean {
    return this.server.isRunning;
  }

  /** When the API server last came up: controllers count no silence from before. */
  get upSinceMs(): number {
    return this.#upSinceMs;
  }

  kind<T extends KubeObject>(resource: Resource<T>): Kind<T> {
    return new Kind(this.server.storage, this.time, resource);
  }

  /** A controller: `reconcile` runs for a marked key once, after a delay drawn from `delayMs`. */
  loop(delayMs: Range, reconcile: (key: string) => void): ControlLoop {
    const loop = new ControlLoop(this, delayMs, reconcile);
    this.#loops.push(loop);
    return loop;
  }
}

/** A level-triggered work queue on virtual time: marks of a key that is already waiting fall together. */
export class ControlLoop {
  readonly #plane: ControlPlane;
  readonly #delayMs: Range;
  readonly #reconcile: (key: string) => void;
  readonly #dirty = new Set<string>();

  constructor(plane: ControlPlane, delayMs: Range, reconcile: (key: string) => void) {
    this.#plane = plane;
    this.#delayMs = delayMs;
    this.#reconcile = reconcile;
  }

  mark(key: string): void {
    if (this.#dirty.has(key)) return;
    this.#dirty.add(key);
    if (this.#plane.isUp) this.#schedule(key);
  }

  /** Marks the key when `delayMs` have passed; several of these do not fall together. */
  markAfter(key: string, delayMs: number): void {
    this.#plane.time.schedule(delayMs, () => this.mark(key));
  }

  /** Takes up what was marked while the API server was down. */
  resume(): void {
    for (const key of this.#dirty) this.#schedule(key);
  }

  #schedule(key: string): void {
    const { random, time } = this.#plane;
    time.schedule(random.between(...this.#delayMs), () => {
      if (!this.#plane.isUp || !this.#dirty.delete(key)) return;
      this.#reconcile(key);
    });
  }
}
