import { LABELS } from '../api/labels.ts';
import type { NodeFact, NodeFacts, PodFact } from '../decide/facts.ts';
import type { Node, Pod } from '../kube/kinds.ts';
import { type Clock, elapsedAtLeast, type Instant } from '../runtime/clock.ts';

interface Seen {
  ready: boolean;
  since: Instant;
  /** Seen from its creation on. */
  readonly fromBirth: boolean;
  everReady: boolean;
}

export const ZONE_LABEL = 'topology.kubernetes.io/zone';

const isReady = (object: Pod | Node): boolean =>
  object.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;

/**
 * Turns pods and nodes into facts, with ages counted on this process's own clock from when it first saw the present
 * state. Feed it from the caches (`pod`, `node`), ask it with `podFact` and `nodeFacts`.
 */
export class WorkloadObserver {
  readonly #clock: Clock;
  readonly #pods = new Map<string, Seen>();
  readonly #nodes = new Map<string, Seen & { readonly node: Node }>();
  /** Deltas before the first list is complete tell nothing of births. */
  #warm = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Call when the pod cache has synced. */
  warm(): void {
    this.#warm = true;
  }

  pod(pod: Pod, deleted = false): void {
    const uid = pod.metadata.uid ?? '';
    if (deleted) this.#pods.delete(uid);
    else this.#pods.set(uid, this.#next(this.#pods.get(uid), isReady(pod)));
  }

  node(node: Node, deleted = false): void {
    const { name } = node.metadata;
    if (deleted) this.#nodes.delete(name);
    else this.#nodes.set(name, { ...this.#next(this.#nodes.get(name), isReady(node)), node });
  }

  podFact(pod: Pod): PodFact {
    const labels = pod.metadata.labels ?? {};
    const seen = this.#pods.get(pod.metadata.uid ?? '');
    const phase = pod.status?.phase;
    const pair = labels[LABELS.pair];
    const slot = labels[LABELS.slot];
    return {
      name: pod.metadata.name,
      uid: pod.metadata.uid ?? '',
      component: labels[LABELS.component] ?? '',
      ...(pair === undefined ? {} : { pair: Number(pair) }),
      ...(slot === 'a' || slot === 'b' ? { slot } : {}),
      ...(pod.spec?.nodeName === undefined ? {} : { node: pod.spec.nodeName }),
      ready: isReady(pod),
      readinessAgeMs: this.#age(seen),
      terminating: pod.metadata.deletionTimestamp !== undefined,
      ended: phase === 'Succeeded' || phase === 'Failed',
      started:
        phase !== 'Pending' || (pod.status?.containerStatuses?.some((c) => c.state?.waiting === undefined) ?? false),
      mayHaveServed: !seen?.fromBirth || seen.everReady,
    };
  }

  nodeFacts(): NodeFacts {
    const facts = new Map<string, NodeFact>();
    for (const [name, seen] of this.#nodes) {
      const zone = seen.node.metadata.labels?.[ZONE_LABEL];
      facts.set(name, {
        name,
        ...(zone === undefined ? {} : { zone }),
        ready: seen.ready,
        readinessAgeMs: this.#age(seen),
        schedulable: seen.node.spec?.unschedulable !== true,
      });
    }
    return facts;
  }

  #next(before: Seen | undefined, ready: boolean): Seen {
    if (!before) return { ready, since: this.#clock.now(), fromBirth: this.#warm, everReady: ready };
    if (before.ready !== ready) {
      before.ready = ready;
      before.since = this.#clock.now();
      before.everReady ||= ready;
    }
    return before;
  }

  #age(seen: Seen | undefined): number {
    return seen ? elapsedAtLeast(seen.since, this.#clock.now()) : 0;
  }
}
