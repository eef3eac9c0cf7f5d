import type { Pod } from '../../../src/kube/kinds.ts';
import type { Timer } from '../../../src/runtime/clock.ts';
import type { Range } from '../faults.ts';
import { numberOf, objectOf } from '../json.ts';
import { withCondition } from './conditions.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Kind } from './kind.ts';
import type { RunningPods } from './running-pods.ts';
import type { ClusterTimings } from './timings.ts';

/** Why a kubelet wants to start a pod: for the first time, after its containers died, or after its node had no power. */
export type StartReason = 'created' | 'restarted' | 'powerReturned';

/** The gate in a pod: whether its containers may start now. A pod that may not waits until the gate is asked again. */
export type Gate = (pod: Pod, reason: StartReason) => boolean;

type ContainerState = 'waiting' | 'starting' | 'running' | 'stopping' | 'succeeded' | 'failed';

interface Container {
  readonly pod: Pod;
  state: ContainerState;
  timer: Timer | undefined;
}

export interface KubeletOptions {
  readonly node: string;
  readonly zone: string;
  readonly plane: ControlPlane;
  readonly pods: Kind<Pod>;
  readonly running: RunningPods;
  readonly timings: ClusterTimings;
  readonly gate: Gate;
  /** Asks to be called again for this pod, by key and uid. */
  readonly mark: (pod: Pod) => void;
}

/** Of four pods that take their time, this share takes all of its grace period. */
const SLOWEST_STOP_CHANCE = 0.4;
/** A container that died by itself is started again after so long. */
const RESTART_MS = 1_000;
/** How long a pod works that is not started again, and how often it fails. */
const WORK_MS: Range = [50, 3_000];
const FAILURE_CHANCE = 0.1;

/**
 * One node: brings what it runs in line with the pods bound to it. It acts on the API only through the control plane's
 * queue, so never while the API server is down; what it runs needs no API server.
 */
export class Kubelet {
  readonly node: string;
  readonly zone: string;
  readonly #options: KubeletOptions;
  readonly #containers = new Map<string, Container>();
  /** Pods that have run on this node before its power was lost. */
  readonly #ranBefore = new Set<string>();
  #hasPower = true;
  #powerLostAtMs = 0;

  constructor(options: KubeletOptions) {
    this.node = options.node;
    this.zone = options.zone;
    this.#options = options;
  }

  get hasPower(): boolean {
    return this.#hasPower;
  }

  /** True time at which the last heartbeat was sent; undefined while they are sent. */
  get silentSinceMs(): number | undefined {
    return this.#hasPower ? undefined : this.#powerLostAtMs;
  }

  /** Everything on the node ends at once, and nobody is told. */
  losePower(): void {
    if (!this.#hasPower) return;
    this.#hasPower = false;
    this.#powerLostAtMs = this.#options.plane.time.nowMs;
    for (const [uid, container] of this.#containers) {
      container.timer?.cancel();
      this.#ranBefore.add(uid);
      this.#options.running.end(uid);
    }
    this.#containers.clear();
  }

  restorePower(): void {
    this.#hasPower = true;
  }

  /** Does the next thing for one pod that is or was bound to this node; `pod` is absent when its object is gone. */
  sync(uid: string, pod: Pod | undefined): void {
    if (!this.#hasPower) return;
    const container = this.#containers.get(uid);
    if (pod && !pod.metadata.deletionTimestamp) this.#keep(uid, pod, container);
    else if (container) this.#stop(uid, container, pod);
    else if (pod) this.#options.pods.delete(pod, 0);
  }

  /** Asks the gate again for every pod that waits at it. */
  recheckGate(): void {
    for (const container of this.#containers.values())
      if (container.state === 'waiting') this.#options.mark(container.pod);
  }

  /** The containers of a pod die by themselves; the kubelet starts them again. Unknown uids are ignored. */
  crash(uid: string): void {
    const container = this.#containers.get(uid);
    if (container?.state !== 'running') return;
    this.#options.running.end(uid);
    container.state = 'starting';
    container.timer = this.#options.plane.time.schedule(RESTART_MS, () => this.#start(container, 'restarted'));
    this.#options.mark(container.pod);
  }

  #keep(uid: string, pod: Pod, container: Container | undefined): void {
    const kept = container ?? { pod, state: 'waiting', timer: undefined };
    this.#containers.set(uid, kept);
    if (kept.state === 'waiting') this.#start(kept, this.#ranBefore.has(uid) ? 'powerReturned' : 'created');
    this.#report(pod, kept.state);
  }

  #start(container: Container, reason: StartReason): void {
    const { gate, mark, plane, running, timings } = this.#options;
    container.state = 'waiting';
    if (!gate(container.pod, reason)) return;
    container.state = 'starting';
    container.timer = plane.time.schedule(plane.random.between(...timings.podStartMs), () => {
      container.state = 'running';
      running.start(container.pod, this.zone);
      mark(container.pod);
      if (container.pod.spec?.['restartPolicy'] === 'Never') this.#finishLater(container);
    });
  }

  /** A pod of a Job: it works for a while and ends by itself, well or badly. */
  #finishLater(container: Container): void {
    const { mark, plane, running } = this.#options;
    container.timer = plane.time.schedule(plane.random.between(...WORK_MS), () => {
      container.state = plane.random.chance(FAILURE_CHANCE) ? 'failed' : 'succeeded';
      running.end(container.pod.metadata.uid ?? '');
      mark(container.pod);
    });
  }

  #stop(uid: string, container: Container, pod: Pod | undefined): void {
    if (container.state === 'stopping') return;
    const { mark, plane, running } = this.#options;
    const wasRunning = container.state === 'running';
    container.state = 'stopping';
    container.timer?.cancel();
    container.timer = plane.time.schedule(wasRunning ? this.#stopMs(pod ?? container.pod) : 0, () => {
      this.#containers.delete(uid);
      running.end(uid);
      mark(container.pod);
    });
  }

  #stopMs(pod: Pod): number {
    const { plane, timings } = this.#options;
    const graceSeconds =
      numberOf(objectOf(pod.metadata)['deletionGracePeriodSeconds']) ?? pod.spec?.terminationGracePeriodSeconds ?? 30;
    const longestMs = Math.min(graceSeconds * 1000, timings.podStopMs);
    return plane.random.chance(SLOWEST_STOP_CHANCE) ? longestMs : plane.random.between(0, longestMs);
  }

  #report(pod: Pod, state: ContainerState): void {
    const { plane, pods } = this.#options;
    const isRunning = state === 'running';
    const condition = { type: 'Ready', status: isRunning ? ('True' as const) : ('False' as const) };
    const conditions = withCondition(pod.status?.conditions, condition, plane.time.wallMs);
    const ended = ENDED[state];
    const phase = ended ?? (isRunning ? 'Running' : (pod.status?.phase ?? 'Pending'));
    const podIP = isRunning ? ipOf(pod) : pod.status?.podIP;
    pods.update(pod, { ...pod, status: { ...pod.status, phase, conditions, ...(podIP ? { podIP } : {}) } });
  }
}

const ENDED: Partial<Readonly<Record<ContainerState, 'Succeeded' | 'Failed'>>> = {
  succeeded: 'Succeeded',
  failed: 'Failed',
};

/** Some address, different for most pods, the same for one pod. */
function ipOf(pod: Pod): string {
  const bytes = (pod.metadata.uid ?? '').replaceAll('-', '').slice(0, 6);
  return `10.${[0, 2, 4].map((at) => Number.parseInt(bytes.slice(at, at + 2), 16) || 1).join('.')}`;
}
