/**
 * How a cluster (the hub or one region) is provided. `processes.ts` provides it as plain processes with simulated nodes,
 * `hack/nodes` with real ones. Everything above (`regions.ts`, the command line) only knows this.
 */

/** Users that every cluster knows: `admin` may do everything, the others only what the chart grants to the operator. */
export const users = ['admin', 'switchback-hub', 'switchback-agent', 'switchback-peer'] as const;
export type User = (typeof users)[number];
export type OperatorUser = Exclude<User, 'admin'>;

/** How something is lost: `kill` ends the processes (connections are reset), `hang` freezes them (connections stay silent). */
export type Loss = 'kill' | 'hang';

/** Of a cluster: everything, or its API server and controllers while its nodes and their pods run on. */
export type Parts = 'all' | 'control-plane';

/** What one simulated node can carry. */
export interface NodeSize {
  /** Kubernetes quantity, for example `32`. */
  readonly cpu: string;
  /** Kubernetes quantity, for example `256Gi`. */
  readonly memory: string;
  readonly pods: number;
}

export interface ZoneSpec {
  readonly name: string;
  readonly nodes: number;
  readonly nodeSize: NodeSize;
}

export interface ClusterSpec {
  /** DNS label, unique in one boot; also the region label of the nodes. */
  readonly name: string;
  /** Folder of this cluster alone; made by the provider. */
  readonly dir: string;
  /** Position among the clusters of one boot, from 0: keeps address ranges apart. */
  readonly index: number;
  /** Names of the Secrets that the hub's user may read. */
  readonly credentials: readonly string[];
  /** Empty for a cluster without nodes (the hub): then it schedules and runs nothing. */
  readonly zones: readonly ZoneSpec[];
}

/** What a client needs to talk to an API server. */
export interface Access {
  /** `https://host:port`, no path. */
  readonly serverUrl: string;
  /** PEM bundle that vouches for the server's certificate. */
  readonly caPem: string;
  /** Bearer token of each user. */
  readonly tokens: Readonly<Record<User, string>>;
}

/** One provided cluster. `stop` is final; every other act can be undone by its counterpart. */
export interface Cluster {
  readonly name: string;
  readonly zones: readonly string[];
  /** Direct access, past every proxy; stays valid over `kill` and `start`. */
  readonly access: Access;
  /** Starts the control plane (not the nodes) and resolves when the API server is ready. */
  start(): Promise<void>;
  /** Cuts the power of these parts; stored objects are kept. */
  kill(parts: Parts): Promise<void>;
  /** Freezes these parts: connections stay open and silent. */
  hang(parts: Parts): Promise<void>;
  /** Undoes `hang`, whatever hangs. */
  resume(): Promise<void>;
  /** Powers on the nodes of one zone; resolves when they are `Ready`. The control plane must be up. */
  startNodes(zone: string): Promise<void>;
  /** Cuts the power of the nodes of one zone: heartbeats end, no pod of theirs runs or is finalised. */
  stopNodes(zone: string): Promise<void>;
  /**
   * Gives the user another token. The old one is refused with 401 from now on, as an expired one is; `access` has the
   * new one. The API server is restarted for it.
   */
  renewToken(user: OperatorUser): Promise<void>;
  /** Ends everything, in order, and leaves no process. */
  stop(): Promise<void>;
}

export interface RegionProvider {
  /**
   * Makes a cluster and boots its control plane and nodes.
   * @returns when the API server is ready, the operator's users have their rights and all nodes are `Ready`
   * @throws when a part does not become ready; the message names its log file
   */
  create(spec: ClusterSpec): Promise<Cluster>;
}
