/** Labels and annotations that the operator writes. Nothing is ever copied wholesale from parents to children. */
export const LABELS = {
  /** Name of the RegionalService that a child belongs to. */
  service: 'switchback.dev/service',
  component: 'switchback.dev/component',
  /** Index of the A-B pair. */
  pair: 'switchback.dev/pair',
  /** `a` or `b`. */
  slot: 'switchback.dev/slot',
  /** Zone of a workload that is bound to one, so that the workloads of a component select different pods. */
  zone: 'switchback.dev/zone',
  /**
   * Of a workload: new at each fence, so that a fence always changes the object, also one that is at zero already. No
   * annotation, because the Deployment controller copies those to the ReplicaSet: every change would be two more writes.
   */
  fenceToken: 'switchback.dev/fence-token',
  /**
   * Name of the RegionalService that something belongs to which runs while its region stands by. Its label `service` has
   * the value `STANDBY_SERVICE`, so whatever selects the children of a service never means these.
   */
  standbyOf: 'switchback.dev/standby-of',
  /** Of a Job of a hook, and of its pods: the data store that it is for. */
  dataStore: 'switchback.dev/data-store',
  /** Of a Job of a hook, and of its pods: what it does. */
  hook: 'switchback.dev/hook',
  serviceClass: 'switchback.dev/service-class',
  iuGroup: 'switchback.dev/iu-group',
  /** Of a RegionSwitch: the drill of the calendar that it was made for. */
  drill: 'switchback.dev/drill',
  /** Of an instance that serves one tenant alone: its name. */
  tenant: 'switchback.dev/tenant',
  /** Of a DNSEndpoint that belongs to a whole group: what its names are for, `tenants` or `ingress`. */
  records: 'switchback.dev/records',
  managedBy: 'app.kubernetes.io/managed-by',
  partOf: 'app.kubernetes.io/part-of',
} as const;

/**
 * Hooks whose pods count as pods of the service: a promotion writes, so a fence stops it, and no region confirms that it
 * stands by while one is there. A demotion runs while the region is fenced, and asking for a lag writes nothing.
 */
export const FENCED_HOOKS: readonly (string | undefined)[] = ['promote', 'verify'];

export const ANNOTATIONS = {
  epoch: 'switchback.dev/epoch',
  /** Of a DNSEndpoint of a whole group: rises by one with each change. */
  revision: 'switchback.dev/revision',
  /** Of an IUGroup: JSON that asks for a RegionSwitch. */
  request: 'switchback.dev/request',
  /** Of an IUGroup: the reason of that request, for writers that cannot quote text in JSON. */
  requestReason: 'switchback.dev/request-reason',
  /** Of an IUGroup: the hubs that a person says are stopped for good, by what regions say of them (docs/hub-loss.md). */
  hubStopped: 'switchback.dev/hub-stopped',
  /** Of the Lease of the hub: its last leaders before this one, and the version at which each left it (docs/hub-loss.md). */
  pastLeaders: 'switchback.dev/past-leaders',
  /** Of an IUGroup: what may be missing in the manifests, by the digest that the hub tells (docs/hub-loss.md). */
  missingAccepted: 'switchback.dev/missing-accepted',
  /** Of a CloudNativePG Cluster: the run that it was demoted for. */
  demotedFor: 'switchback.dev/demoted-for',
} as const;

/** Keeps a RegionalService until the agent has confirmed that nothing of it runs. */
export const FENCE_FINALIZER = 'switchback.dev/fence';
export const MANAGED_BY = 'switchback';
/** Selector value of a fenced Service: no pod ever carries it (an empty selector would keep its endpoints). */
export const FENCED = 'fenced';
/** Value of the label `service` of what runs on standby: no service has it, because names of services have no dots. */
export const STANDBY_SERVICE = 'standby.switchback.dev';

/** One field manager per role. */
export const FIELD_MANAGERS = { hub: 'switchback-hub', agent: 'switchback-agent' } as const;
