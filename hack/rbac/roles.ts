/**
 * What the operator may do, and nothing else says it: the roles of the chart, those of the users of `hack/regions`, the
 * pages of the docs and what the simulation lets through are all made from this table. Each line is used by a test
 * (`test/unit/rbac.test.ts`): one that is not goes.
 */

export const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'] as const;
export type Verb = (typeof VERBS)[number];

export interface Rule {
  /** Empty for the core group. */
  readonly group: string;
  readonly resources: readonly string[];
  readonly verbs: readonly Verb[];
  /** In the operator's own namespace only; otherwise in the whole cluster. */
  readonly own?: true;
  /** Only objects of these names; `credentials`: the Secrets that IU groups name, which whoever installs it lists. */
  readonly names?: readonly string[] | 'credentials';
  /** Granted only where the values of the chart switch it on: `hub.clusterProfiles.enabled`. */
  readonly only?: 'clusterProfiles';
  /** For people who judge the role. */
  readonly why: string;
}

/** Who: the hub in its own cluster, the hub's credential in a region, the agent of a region, the agents of others. */
export const ROLES = ['hub', 'hub-in-region', 'agent', 'peer'] as const;
export type Role = (typeof ROLES)[number];

const OURS = 'switchback.dev';

/** Election and events: the same for both programs. */
const common = (lease: string): readonly Rule[] => [
  {
    group: 'coordination.k8s.io',
    resources: ['leases'],
    verbs: ['create'],
    own: true,
    why: 'makes its election record',
  },
  {
    group: 'coordination.k8s.io',
    resources: ['leases'],
    verbs: ['get', 'patch'],
    own: true,
    names: [lease],
    why: 'is elected',
  },
  { group: 'events.k8s.io', resources: ['events'], verbs: ['create', 'patch'], why: 'tells what it did' },
];

export const RULES: Readonly<Record<Role, readonly Rule[]>> = {
  hub: [
    ...common('switchback-hub'),
    {
      group: OURS,
      resources: ['iugroups', 'serviceclasses', 'tenants'],
      verbs: ['list', 'watch'],
      why: 'reads what users declare; their specs are never written',
    },
    {
      group: OURS,
      resources: ['iugroups/status', 'serviceclasses/status', 'regionswitches/status'],
      verbs: ['patch'],
      why: 'says how it stands',
    },
    { group: OURS, resources: ['tenants/status'], verbs: ['update'], why: 'says how it stands, and replaces it whole' },
    {
      group: OURS,
      resources: ['serviceinstances'],
      verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
      why: 'keeps one for each service of a cohort of tenants',
    },
    { group: OURS, resources: ['serviceinstances/status'], verbs: ['patch'], why: 'records where each is active' },
    {
      group: OURS,
      resources: ['regionswitches'],
      verbs: ['list', 'watch', 'create', 'patch', 'delete'],
      why: 'records each switch, makes drills of the calendar, removes old records',
    },
    {
      group: '',
      resources: ['secrets'],
      verbs: ['list', 'watch'],
      own: true,
      names: 'credentials',
      why: 'reads the credentials of the regions',
    },
    {
      group: 'multicluster.x-k8s.io',
      resources: ['clusterprofiles'],
      verbs: ['list', 'watch'],
      only: 'clusterProfiles',
      why: 'reads where regions of an inventory are, and which plugins could give a credential',
    },
    {
      group: 'externaldns.k8s.io',
      resources: ['dnsendpoints'],
      verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
      why: 'leads traffic, through ExternalDNS',
    },
    {
      group: 'gateway.networking.k8s.io',
      resources: ['httproutes'],
      verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
      why: 'leads traffic, through a gateway where the group wants that',
    },
  ],
  'hub-in-region': [
    {
      group: OURS,
      resources: ['regions'],
      verbs: ['list', 'watch', 'create', 'patch'],
      why: "tells the region its timings; its status is the agent's",
    },
    {
      group: OURS,
      resources: ['regionalservices'],
      verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
      why: 'orders; it may not write the status, so it cannot forge a confirmation',
    },
    {
      group: OURS,
      resources: ['regionleases'],
      verbs: ['get', 'list', 'watch', 'patch'],
      why: 'gives the region its right to run',
    },
    {
      group: OURS,
      resources: ['tenantdirectories'],
      verbs: ['list', 'watch', 'create', 'patch', 'delete'],
      why: 'tells the services of the region of its tenants',
    },
    {
      group: '',
      resources: ['namespaces'],
      verbs: ['create'],
      why: 'makes the namespace of a dedicated service; it may change none',
    },
  ],
  agent: [
    ...common('switchback-agent'),
    { group: OURS, resources: ['regions'], verbs: ['list', 'watch'], why: 'reads its timings' },
    {
      group: OURS,
      resources: ['regions/status'],
      verbs: ['patch'],
      why: 'says what it sees of zones, peers and centres',
    },
    {
      group: OURS,
      resources: ['regionalservices'],
      verbs: ['list', 'watch', 'patch'],
      why: 'reads its orders; removes the finalizer of one that has stopped',
    },
    { group: OURS, resources: ['regionalservices/status'], verbs: ['patch'], why: 'confirms, and reports' },
    {
      group: OURS,
      resources: ['regionalservices/finalizers'],
      verbs: ['update'],
      // OwnerReferencesPermissionEnforcement, which OpenShift has on, asks for it; the API servers of hack/regions do too.
      why: 'owns what it makes through the order, so that it goes with it',
    },
    {
      group: OURS,
      resources: ['regionleases'],
      verbs: ['list', 'watch', 'create', 'patch'],
      why: 'asks for its right, and promises',
    },
    {
      group: 'apps',
      resources: ['deployments', 'statefulsets'],
      verbs: ['list', 'watch', 'create', 'patch', 'delete'],
      why: 'runs services, and fences them',
    },
    { group: 'apps', resources: ['replicasets'], verbs: ['list', 'patch'], why: 'fences what a Deployment left' },
    {
      group: '',
      resources: ['services'],
      verbs: ['list', 'watch', 'create', 'patch', 'delete'],
      why: 'publishes services, and takes them off when it fences',
    },
    {
      group: 'policy',
      resources: ['poddisruptionbudgets'],
      verbs: ['list', 'watch', 'create', 'patch'],
      why: 'keeps the redundancy of services',
    },
    {
      group: '',
      resources: ['pods'],
      verbs: ['list', 'watch', 'delete'],
      why: 'sees what really runs, and ends it when it fences',
    },
    { group: '', resources: ['pods/eviction'], verbs: ['create'], why: 'spreads pods again when a zone is back' },
    { group: '', resources: ['nodes'], verbs: ['list', 'watch'], why: 'knows the zones' },
    {
      group: 'discovery.k8s.io',
      resources: ['endpointslices'],
      verbs: ['list'],
      why: 'proves that nothing is reached any more',
    },
    {
      group: 'batch',
      resources: ['jobs'],
      verbs: ['list', 'create', 'patch', 'delete'],
      why: 'hands data stores over by Jobs, and fences them',
    },
    {
      group: 'postgresql.cnpg.io',
      resources: ['clusters'],
      verbs: ['get', 'patch'],
      why: 'hands data stores of CloudNativePG over',
    },
  ],
  peer: [
    {
      group: OURS,
      resources: ['regionleases'],
      verbs: ['get'],
      why: 'sees how the region asks for its right, and what it promised',
    },
  ],
};
