import { LABELS } from '../api/labels.ts';
import type { KubeClient } from '../kube/client.ts';
import type { KubeObject, Resource } from '../kube/object.ts';
import type { Clock } from '../runtime/clock.ts';

/** Of a service: its namespace, and the value of the label that all its children carry. */
export interface ServiceName {
  readonly namespace: string;
  readonly service: string;
}

/** A read behind one that does not answer begins after so long all the same: a fence must not wait for it. */
const JOIN_MS = 100;
/** Fence traffic has connections of its own and fails fast. */
const CALL = { lane: 'fence' } as const;

/**
 * Reads by quorum, shared: every read was sent after it was asked for. What one service asks for alone is read alone;
 * what many ask for while a read is under way is one read of them all. So to stop or confirm a thousand services costs
 * some ten reads and not five thousand.
 */
export class QuorumReads {
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #readers = new Map<string, SharedRead>();

  constructor(client: KubeClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** The children of one kind of a service. Rejects like `KubeClient.list`. */
  children<T extends KubeObject>(resource: Resource<T>, of: ServiceName): Promise<readonly T[]> {
    return this.#ask(resource, of, LABELS.service);
  }

  /** What carries the label of the copy that runs while the region stands by. Rejects like `KubeClient.list`. */
  onStandby<T extends KubeObject>(resource: Resource<T>, of: ServiceName): Promise<readonly T[]> {
    return this.#ask(resource, of, LABELS.standbyOf);
  }

  #ask<T extends KubeObject>(resource: Resource<T>, of: ServiceName, label: string): Promise<readonly T[]> {
    const name = `${resource.plural} ${label}`;
    const reader = this.#readers.get(name) ?? new SharedRead(this.#client, this.#clock, resource, label);
    this.#readers.set(name, reader);
    // Each reader holds what its own kind was asked for, so what it gives is of that kind.
    return reader.ask(of) as Promise<readonly T[]>;
  }
}

interface Waiter {
  readonly of: ServiceName;
  readonly resolve: (children: readonly KubeObject[]) => void;
  readonly reject: (reason: unknown) => void;
}

class SharedRead {
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #resource: Resource;
  /** Its value is the name of the service. */
  readonly #label: string;
  #waiting: Waiter[] = [];
  #underWay = 0;

  constructor(client: KubeClient, clock: Clock, resource: Resource, label: string) {
    this.#client = client;
    this.#clock = clock;
    this.#resource = resource;
    this.#label = label;
  }

  ask(of: ServiceName): Promise<readonly KubeObject[]> {
    const answer = new Promise<readonly KubeObject[]>((resolve, reject) => {
      this.#waiting.push({ of, resolve, reject });
    });
    if (this.#underWay === 0) void this.#read();
    else if (this.#waiting.length === 1) this.#clock.setTimer(JOIN_MS, () => void this.#read());
    return answer;
  }

  async #read(): Promise<void> {
    const waiters = this.#waiting;
    if (waiters.length === 0) return;
    this.#waiting = [];
    this.#underWay += 1;
    try {
      const childrenOf = await this.#list(waiters.map(({ of }) => of));
      for (const { of, resolve } of waiters) resolve(childrenOf(of));
    } catch (error) {
      for (const { reject } of waiters) reject(error);
    } finally {
      this.#underWay -= 1;
      void this.#read();
    }
  }

  async #list(services: readonly ServiceName[]): Promise<(of: ServiceName) => readonly KubeObject[]> {
    const [only] = services;
    if (only && services.every((of) => keyOfService(of) === keyOfService(only))) {
      const labelSelector = `${this.#label}=${only.service}`;
      const { items } = await this.#client.list(this.#resource, { namespace: only.namespace, labelSelector, ...CALL });
      return () => items;
    }
    const { items } = await this.#client.list(this.#resource, { labelSelector: this.#label, ...CALL });
    const byService = Map.groupBy(items, ({ metadata: { labels, namespace = '' } }) =>
      keyOfService({ namespace, service: labels?.[this.#label] ?? '' }),
    );
    return (of) => byService.get(keyOfService(of)) ?? [];
  }
}

const keyOfService = ({ namespace, service }: ServiceName): string => `${namespace}/${service}`;
