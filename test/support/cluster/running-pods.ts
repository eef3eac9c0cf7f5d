import type { Pod } from '../../../src/kube/kinds.ts';
import { objectOf } from '../json.ts';

/** A pod whose containers run at this instant, whatever any API object says. */
export interface RunningPod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly zone: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Arguments of all its containers. */
  readonly args: readonly string[];
}

export type RunningListener = (pod: RunningPod, isRunning: boolean) => void;

function argsOf({ spec }: Pod): string[] {
  const { containers } = objectOf(spec);
  const lists = Array.isArray(containers) ? containers.map((container) => objectOf(container)['args']) : [];
  return lists.flatMap((list) => (Array.isArray(list) ? list.map(String) : []));
}

/** The truth that invariants are checked on. */
export class RunningPods {
  readonly #pods = new Map<string, RunningPod>();
  readonly #listeners: RunningListener[] = [];

  list(): RunningPod[] {
    return [...this.#pods.values()];
  }

  has(uid: string): boolean {
    return this.#pods.has(uid);
  }

  /** Calls `listener` after each start and each end. */
  onChange(listener: RunningListener): void {
    this.#listeners.push(listener);
  }

  start(pod: Pod, zone: string): void {
    const { uid = '', name, namespace = '', labels = {}, annotations = {} } = pod.metadata;
    if (this.#pods.has(uid)) return;
    const args = argsOf(pod);
    const running = { uid, namespace, name, labels, annotations, args, node: pod.spec?.nodeName ?? '', zone };
    this.#pods.set(uid, running);
    for (const listener of this.#listeners) listener(running, true);
  }

  end(uid: string): void {
    const pod = this.#pods.get(uid);
    if (!pod) return;
    this.#pods.delete(uid);
    for (const listener of this.#listeners) listener(pod, false);
  }
}
