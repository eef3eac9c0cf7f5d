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

/** Told by a supervisor what becomes of the processes behind it. */
export interface Supervision {
  started(): void;
  stopped(): void;
  /** The supervisor itself has ended: its container is started anew. */
  exited(): void;
}

/** The first process of a container, which starts and stops the others by itself: for example a gate. */
export interface Supervisor {
  /** SIGTERM. */
  stop(): void;
  /** SIGKILL to everything in the container; nobody is told. */
  kill(): void;
  /** The machine stands still for so long, and all of it goes on then. */
  freeze(durationMs: number, options: { readonly machineSleeps: boolean }): void;
}

/** Puts a supervisor in front of a pod when its container starts; undefined: the container runs what it is for itself. */
export type Supervise = (pod: Pod, node: string, on: Supervision) => Supervisor | undefined;

type ContainerState = 'waiting' | 'starting' | 'running' | 'stopping' | 'succeeded' | 'failed';

interface Container {
  readonly pod: Pod;
  state: ContainerState;
  timer: Timer | undefined;
  supervisor: Supervisor | undefined;
  /** Whether the process that counts runs, or would if its machine did not stand still. */
  isUp: boolean;
}

export interface KubeletOptions {
  readonly node: string;
  readonly zone: string;
  readonly plane: ControlPlane;
  readonly pods: Kind<Pod>;
  readonly running: RunningPods;
  readonly timings: ClusterTimings;
  readonly gate: Gate;
  readonly supervise?: Supervise | undefined;
  /** Asks to be called again for this pod, by key and uid. */
  readonly mark: (pod: Pod) => void;
  /** The same for all pods that are bound to this node. */
  readonly markAll: () => void;
}

/** Of four pods that take their time, this share takes all of its grace period. */
const SLOWEST_STOP_CHANCE = 0.4;
/** A container that died by itself is started again after so long. */
const RESTART_MS = 1_000;
/** How long a pod works that is not started again, and how often it fails. */
const WORK_MS: Range = [50, 3_000];
const FAILURE_CHANCE = 0.1;
/** After a thaw a supervisor comes first: what it does takes no time. */
const THAW_MS = 1;

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
  #obeys = true;
  #isFrozen = false;
  #silentSinceMs = 0;
  /** What was due while the machine stood still. */
  readonly #atThaw: (() => void)[] = [];

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
    return this.#hasPower && this.#obeys ? undefined : this.#silentSinceMs;
  }

  /** Everything on the node ends at once, and nobody is told. */
  losePower(): void {
    if (!this.#hasPower) return;
    this.#fallSilent();
    this.#hasPower = false;
    this.#obeys = true;
    this.#isFrozen = false;
    this.#atThaw.length = 0;
    for (const [uid, container] of this.#containers) {
      container.timer?.cancel();
      container.supervisor?.kill();
      this.#ranBefore.add(uid);
      this.#options.running.end(uid);
    }
    this.#containers.clear();
  }

  restorePower(): void {
    this.#hasPower = true;
  }

  /** Whether it does what the API asks for. One that does not (its process hangs) leaves running what runs. */
  setObeys(obeys: boolean): void {
    if (!obeys) this.#fallSilent();
    this.#obeys = obeys;
    if (!obeys) return;
    this.#options.markAll();
    // What is no longer there is stopped too.
    for (const { pod } of this.#containers.values()) this.#options.mark(pod);
  }

  /**
   * The machine stands still, and with it all that runs on it. At the thaw everything goes on where it was: a supervisor
   * does first what is overdue, the others know nothing of it.
   */
  freeze(durationMs: number, options: { readonly machineSleeps: boolean }): void {
    if (!this.#hasPower || this.#isFrozen) return;
    this.setObeys(false);
    this.#isFrozen = true;
    for (const [uid, { supervisor }] of this.#containers) {
      supervisor?.freeze(durationMs, options);
      this.#options.running.end(uid);
    }
    this.#options.plane.time.schedule(durationMs + THAW_MS, () => this.#thaw());
  }

  /** Does the next thing for one pod that is or was bound to this node; `pod` is absent when its object is gone. */
  sync(uid: string, pod: Pod | undefined): void {
    if (!this.#hasPower || !this.#obeys) return;
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
    container.timer = this.#after(RESTART_MS, () => this.#start(container, 'restarted'));
    this.#options.mark(container.pod);
  }

  #keep(uid: string, pod: Pod, container: Container | undefined): void {
    const kept = container ?? { pod, state: 'waiting', timer: undefined, supervisor: undefined, isUp: false };
    this.#containers.set(uid, kept);
    if (kept.state === 'waiting') this.#start(kept, this.#ranBefore.has(uid) ? 'powerReturned' : 'created');
    this.#report(pod, kept);
  }

  #start(container: Container, reason: StartReason): void {
    const { gate, plane, timings } = this.#options;
    container.state = 'waiting';
    if (!gate(container.pod, reason)) return;
    container.state = 'starting';
    container.timer = this.#after(plane.random.between(...timings.podStartMs), () => {
      container.state = 'running';
      container.supervisor = this.#supervise(container);
      if (!container.supervisor) this.#setUp(container, true);
      if (isRunOnce(container.pod)) this.#finishLater(container);
    });
  }

  /** A pod of a Job: it works for a while and ends by itself, well or badly. */
  #finishLater(container: Container): void {
    const { plane } = this.#options;
    container.timer = this.#after(plane.random.between(...WORK_MS), () => {
      container.state = plane.random.chance(FAILURE_CHANCE) ? 'failed' : 'succeeded';
      this.#setUp(container, false);
    });
  }

  #supervise(container: Container): Supervisor | undefined {
    return this.#options.supervise?.(container.pod, this.node, {
      started: () => this.#setUp(container, true),
      stopped: () => this.#setUp(container, false),
      exited: () => {
        if (container.state !== 'running') return;
        container.state = 'starting';
        container.timer = this.#after(RESTART_MS, () => {
          container.state = 'waiting';
          this.#options.mark(container.pod);
        });
      },
    });
  }

  #setUp(container: Container, isUp: boolean): void {
    const { mark, running } = this.#options;
    container.isUp = isUp;
    if (!isUp) running.end(container.pod.metadata.uid ?? '');
    else if (!this.#isFrozen) running.start(container.pod, this.zone);
    mark(container.pod);
  }

  #thaw(): void {
    if (!this.#isFrozen) return;
    this.#isFrozen = false;
    for (const { isUp, pod } of this.#containers.values()) if (isUp) this.#options.running.start(pod, this.zone);
    for (const fn of this.#atThaw.splice(0)) fn();
    this.setObeys(true);
  }

  /** What a kubelet or a container does a while later; a machine that stands still does it when it goes on. */
  #after(delayMs: number, fn: () => void): Timer {
    return this.#options.plane.time.schedule(delayMs, () => {
      if (this.#isFrozen) this.#atThaw.push(fn);
      else fn();
    });
  }

  #fallSilent(): void {
    if (this.#hasPower && this.#obeys) this.#silentSinceMs = this.#options.plane.time.nowMs;
  }

  #stop(uid: string, container: Container, pod: Pod | undefined): void {
    if (container.state === 'stopping') return;
    const { mark, running } = this.#options;
    const wasRunning = container.state === 'running';
    container.state = 'stopping';
    container.timer?.cancel();
    container.supervisor?.stop();
    container.timer = this.#after(wasRunning ? this.#stopMs(pod ?? container.pod) : 0, () => {
      container.supervisor?.kill();
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

  #report(pod: Pod, { isUp, state }: Container): void {
    const { plane, pods } = this.#options;
    const isRunning = state === 'running' && isUp;
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

/** A pod of a Job is not started again. */
const isRunOnce = ({ spec }: Pod): boolean => spec?.['restartPolicy'] === 'Never';

/** Some address, different for most pods, the same for one pod. */
function ipOf(pod: Pod): string {
  const bytes = (pod.metadata.uid ?? '').replaceAll('-', '').slice(0, 6);
  return `10.${[0, 2, 4].map((at) => Number.parseInt(bytes.slice(at, at + 2), 16) || 1).join('.')}`;
}
