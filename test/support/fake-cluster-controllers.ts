import { NODE, type Node, POD, type Pod } from '../../src/kube/kinds.ts';
import { keyOf } from '../../src/kube/object.ts';
import { ControlPlane, type ControlPlaneOptions } from './cluster/control-plane.ts';
import { startDeployments } from './cluster/deployments.ts';
import { startEndpointSlices } from './cluster/endpoint-slices.ts';
import { startGarbageCollector } from './cluster/garbage-collector.ts';
import { startJobs } from './cluster/jobs.ts';
import { type Kind, KindIndex } from './cluster/kind.ts';
import { type Gate, Kubelet, type Supervise } from './cluster/kubelet.ts';
import { NodeLifecycle } from './cluster/node-lifecycle.ts';
import { type RunningListener, type RunningPod, RunningPods } from './cluster/running-pods.ts';
import { startScheduler } from './cluster/scheduler.ts';
import { type ClusterTimings, DEFAULT_TIMINGS } from './cluster/timings.ts';
import { startReplicaSets, startStatefulSets } from './cluster/workloads.ts';

/** Containers that come back with the power of their node wait; all others start. */
export const closedAfterPowerLoss: Gate = (_pod, reason) => reason !== 'powerReturned';

/** What starts by itself with the power: the danger that the gate is there for. */
export const openGate: Gate = () => true;

export interface FakeClusterOptions extends ControlPlaneOptions {
  /** Nodes per zone. Two nodes when only a name is given. */
  readonly zones: readonly string[] | Readonly<Record<string, number>>;
  readonly timings?: Partial<ClusterTimings>;
  /** Asked at every start of a pod; `openGate` when absent. */
  readonly gate?: Gate;
  /** Puts processes of the test in front of pods; none when absent. */
  readonly supervise?: Supervise;
}

/** Which nodes; all when neither is given. */
export interface Where {
  readonly zone?: string;
  readonly node?: string;
}

const NODES_PER_ZONE = 2;

/**
 * The world of one region: controllers, scheduler and kubelets that work on the storage of its API server, on virtual
 * time, and what really runs. The kinds must be served already (`serveBuiltInKinds`). While the API server does not run
 * the controllers stand still and the nodes carry on; a region without power is both, `losePower` and a dark server.
 */
export class FakeCluster {
  readonly #plane: ControlPlane;
  readonly #timings: ClusterTimings;
  readonly #running = new RunningPods();
  readonly #kubelets = new Map<string, Kubelet>();
  readonly #pods: Kind<Pod>;
  readonly #lifecycle: NodeLifecycle;
  readonly #podsOnNode: KindIndex<Pod>;
  readonly #markPod: (pod: Pod) => void;

  constructor(options: FakeClusterOptions) {
    this.#plane = new ControlPlane(options);
    this.#timings = { ...DEFAULT_TIMINGS, ...options.timings };
    this.#pods = this.#plane.kind(POD);
    this.#podsOnNode = new KindIndex(this.#pods, ({ spec }) => (spec?.nodeName ? [spec.nodeName] : []));
    this.#markPod = this.#startKubeletLoop();
    this.#addNodes(options);
    this.#lifecycle = new NodeLifecycle({
      plane: this.#plane,
      timings: this.#timings,
      kubelets: this.#kubelets,
      pods: this.#pods,
      podsOnNode: this.#podsOnNode,
    });
    startDeployments(this.#plane, this.#timings);
    startReplicaSets(this.#plane, this.#timings);
    startStatefulSets(this.#plane, this.#timings);
    startJobs(this.#plane, this.#timings);
    startScheduler(this.#plane, this.#timings);
    startEndpointSlices(this.#plane, this.#timings, (node) => this.#kubelets.get(node)?.zone);
    startGarbageCollector(this.#plane);
  }

  /** The pods whose containers run at this instant: what invariants are checked on. */
  running(): RunningPod[] {
    return this.#running.list();
  }

  /** Calls `listener` after each start and each end of a pod's containers. */
  onRunningChange(listener: RunningListener): void {
    this.#running.onChange(listener);
  }

  /** Cuts the power: what runs there ends at once, its API objects stay as they are. */
  losePower(where: Where = {}): void {
    for (const kubelet of this.#kubeletsAt(where)) {
      kubelet.losePower();
      this.#lifecycle.powerChanged(kubelet.node);
    }
  }

  /** Gives the power back. After its boot each kubelet starts the pods bound to its node again, as far as the gate lets it. */
  restorePower(where: Where = {}): void {
    for (const kubelet of this.#kubeletsAt(where)) {
      if (kubelet.hasPower) continue;
      this.#plane.time.schedule(this.#plane.random.between(...this.#timings.nodeBootMs), () => this.#boot(kubelet));
    }
  }

  /**
   * Kubelets that no longer do what the API asks for, or do again. Their nodes fall silent; what runs there runs on.
   */
  setObeys(obeys: boolean, where: Where = {}): void {
    for (const kubelet of this.#kubeletsAt(where)) {
      kubelet.setObeys(obeys);
      this.#lifecycle.powerChanged(kubelet.node);
    }
  }

  /** Machines stand still for so long, with all that runs on them, and go on. */
  freeze(durationMs: number, options: { readonly machineSleeps?: boolean } & Where = {}): void {
    for (const kubelet of this.#kubeletsAt(options)) {
      kubelet.freeze(durationMs, { machineSleeps: options.machineSleeps ?? false });
      this.#lifecycle.powerChanged(kubelet.node);
      this.#plane.time.schedule(durationMs + 2, () => this.#lifecycle.powerChanged(kubelet.node));
    }
  }

  /** Asks the gate again for all pods that wait at it. */
  recheckGates(): void {
    for (const kubelet of this.#kubelets.values()) kubelet.recheckGate();
  }

  /** Kills the containers of one pod; its kubelet starts them again after a second. */
  crashPod(uid: string): void {
    for (const kubelet of this.#kubelets.values()) kubelet.crash(uid);
  }

  #boot(kubelet: Kubelet): void {
    kubelet.restorePower();
    this.#lifecycle.powerChanged(kubelet.node);
    this.#markPodsOn(kubelet.node);
  }

  #markPodsOn(node: string): void {
    for (const pod of this.#podsOnNode.get(node)) this.#markPod(pod);
  }

  #kubeletsAt({ zone, node }: Where): Kubelet[] {
    return [...this.#kubelets.values()].filter(
      (kubelet) => (zone === undefined || kubelet.zone === zone) && (node === undefined || kubelet.node === node),
    );
  }

  /** One queue for all kubelets; a pod is named by node, key and uid, because its object may be gone or a new one. */
  #startKubeletLoop(): (pod: Pod) => void {
    const loop = this.#plane.loop(this.#timings.controllerMs, (name) => {
      const [node = '', key = '', uid = ''] = name.split(' ');
      const pod = this.#pods.get(key);
      this.#kubelets.get(node)?.sync(uid, pod?.metadata.uid === uid ? pod : undefined);
    });
    const mark = (pod: Pod) => {
      if (pod.spec?.nodeName) loop.mark(`${pod.spec.nodeName} ${keyOf(pod)} ${pod.metadata.uid}`);
    };
    this.#pods.onChange(({ object }) => mark(object));
    return mark;
  }

  #addNodes({ zones, gate = openGate, server, supervise }: FakeClusterOptions): void {
    const nodes = this.#plane.kind(NODE);
    const counts = Array.isArray(zones) ? zones.map((zone) => [zone, NODES_PER_ZONE] as const) : Object.entries(zones);
    for (const [zone, count] of counts) {
      for (let i = 1; i <= count; i++) {
        const name = `${zone}-node-${i}`;
        nodes.create(newNode(name, zone, server.name));
        this.#kubelets.set(name, this.#newKubelet(name, zone, { gate, supervise }));
      }
    }
  }

  #newKubelet(node: string, zone: string, hooks: { gate: Gate; supervise: Supervise | undefined }): Kubelet {
    return new Kubelet({
      node,
      zone,
      ...hooks,
      plane: this.#plane,
      pods: this.#pods,
      running: this.#running,
      timings: this.#timings,
      mark: (pod) => this.#markPod(pod),
      markAll: () => this.#markPodsOn(node),
    });
  }
}

const newNode = (name: string, zone: string, region: string): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name,
    labels: {
      'kubernetes.io/hostname': name,
      'topology.kubernetes.io/zone': zone,
      'topology.kubernetes.io/region': region,
    },
  },
  spec: {},
  status: {
    capacity: { cpu: '32', memory: '256Gi', pods: '110' },
    allocatable: { cpu: '32', memory: '256Gi', pods: '110' },
    conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
  },
});
