import { join } from 'node:path';

/** Where the parts of one control plane find each other. */
export interface ControlPlanePaths {
  readonly bin: string;
  readonly dir: string;
  /** Kubeconfig of `admin` for the controllers. */
  readonly kubeconfig: string;
  readonly port: number;
}

/** How fast a lost zone shows: the nodes of kwok renew their leases every `leaseSeconds / 4`. */
const leaseSeconds = 8;
const nodeGraceSeconds = 8;

export type Command = readonly [program: string, ...args: string[]];

/** Token file that the API server reads at its start; one line per user: token, user, uid, groups. */
export function tokensFile(dir: string): string {
  return join(dir, 'tokens.csv');
}

/** Certificate that the API server makes for itself, followed by the CA that signed it: what clients trust. */
export function servingCertificate(dir: string): string {
  return join(dir, 'pki', 'apiserver.crt');
}

export function serviceAccountKey(dir: string): string {
  return join(dir, 'pki', 'service-account.key');
}

export function serviceAccountPublicKey(dir: string): string {
  return join(dir, 'pki', 'service-account.pub');
}

/**
 * etcd on a unix socket: only the API server talks to it, and a socket in the work folder needs no free port. The
 * advertised addresses must be host and port; as the only member nobody ever dials them.
 */
export function etcdCommand({ bin, dir }: ControlPlanePaths): Command {
  const nowhere = 'http://127.0.0.1:1';
  return [
    join(bin, 'etcd'),
    `--data-dir=${join(dir, 'etcd')}`,
    `--listen-client-urls=unix://${join(dir, 'etcd.sock')}`,
    `--advertise-client-urls=${nowhere}`,
    `--listen-peer-urls=unix://${join(dir, 'peer.sock')}`,
    `--initial-advertise-peer-urls=${nowhere}`,
    `--initial-cluster=default=${nowhere}`,
    // The machine does not lose its power, only processes do: what was written without fsync is still there.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

/** Of an API server for simulated nodes, which only this machine reaches. */
const SIMULATED = [
  '--bind-address=127.0.0.1',
  '--authorization-mode=RBAC',
  '--service-cluster-ip-range=10.0.0.0/16',
  // Simulated nodes mount no tokens, and pods must not wait for a service account of a namespace that is a second old.
  '--disable-admission-plugins=ServiceAccount',
  // As OpenShift has it: who makes a child that holds its owner must be allowed to.
  '--enable-admission-plugins=OwnerReferencesPermissionEnforcement',
  // Nobody reaches 10.0.0.1 here, and a killed API server must not leave an endpoint behind.
  '--endpoint-reconciler-type=none',
];

/** @param nodes what depends on the kind of the nodes */
export function apiServerCommand({ bin, dir, port }: ControlPlanePaths, nodes: readonly string[] = SIMULATED): Command {
  return [
    join(bin, 'kube-apiserver'),
    `--etcd-servers=unix://${join(dir, 'etcd.sock')}`,
    `--secure-port=${port}`,
    `--cert-dir=${join(dir, 'pki')}`,
    `--token-auth-file=${tokensFile(dir)}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${serviceAccountPublicKey(dir)}`,
    `--service-account-signing-key-file=${serviceAccountKey(dir)}`,
    ...nodes,
    '--profiling=false',
  ];
}

/** What every cluster needs: namespaces that end, children that go with their owners, tokens of service accounts. */
const hubControllers = [
  'namespace-controller',
  'garbage-collector-controller',
  'serviceaccount-controller',
  'serviceaccount-token-controller',
  'root-ca-certificate-publisher-controller',
  'clusterrole-aggregation-controller',
  'validatingadmissionpolicy-status-controller',
];

/** Everything but what needs a cloud or a network of real nodes. */
const regionControllers = [
  '*',
  '-node-ipam-controller',
  '-node-route-controller',
  '-service-lb-controller',
  '-cloud-node-lifecycle-controller',
];

export function controllerManagerCommand(paths: ControlPlanePaths, hasNodes: boolean): Command {
  return [
    join(paths.bin, 'kube-controller-manager'),
    `--kubeconfig=${paths.kubeconfig}`,
    '--leader-elect=false',
    '--secure-port=0',
    `--controllers=${(hasNodes ? regionControllers : hubControllers).join(',')}`,
    `--service-account-private-key-file=${serviceAccountKey(paths.dir)}`,
    `--root-ca-file=${servingCertificate(paths.dir)}`,
    '--node-monitor-period=1s',
    `--node-monitor-grace-period=${nodeGraceSeconds}s`,
    // The defaults (20 requests per second) would be measured instead of the operator.
    '--kube-api-qps=300',
    '--kube-api-burst=600',
    '--concurrent-deployment-syncs=20',
    '--concurrent-replicaset-syncs=20',
    '--concurrent-statefulset-syncs=20',
    '--concurrent-service-endpoint-syncs=20',
    '--profiling=false',
  ];
}

export function schedulerCommand({ bin, kubeconfig }: ControlPlanePaths): Command {
  return [
    join(bin, 'kube-scheduler'),
    `--kubeconfig=${kubeconfig}`,
    '--leader-elect=false',
    '--secure-port=0',
    '--kube-api-qps=300',
    '--kube-api-burst=600',
    '--profiling=false',
  ];
}

/** The kubelets of one zone: as long as this process runs, the zone's nodes have power. */
export function kwokCommand({ bin, kubeconfig }: ControlPlanePaths, zone: string, podCidr: string): Command {
  return [
    join(bin, 'kwok'),
    `--kubeconfig=${kubeconfig}`,
    `--config=${join(import.meta.dirname, 'stages', 'node.yaml')}`,
    `--config=${join(import.meta.dirname, 'stages', 'pod.yaml')}`,
    `--manage-nodes-with-label-selector=topology.kubernetes.io/zone=${zone}`,
    `--node-lease-duration-seconds=${leaseSeconds}`,
    `--cidr=${podCidr}`,
  ];
}
