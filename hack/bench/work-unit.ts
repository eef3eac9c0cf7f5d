import { hash } from 'node:crypto';
import type { Condition, ConfigMap, Deployment, Service } from '../../src/kube/kinds.ts';
import type { KubeObject, OwnerReference, Resource } from '../../src/kube/object.ts';

/** The work unit of the peer benchmark: per `Bench` three children and a status, as the Go controller makes them. */
export interface Bench extends KubeObject {
  readonly spec: {
    readonly suspend?: boolean;
    readonly image: string;
    readonly replicas: number;
    readonly port: number;
    readonly revision: number;
    readonly cpu: string;
    readonly memory: string;
    readonly config: Readonly<Record<string, string>>;
    readonly env: readonly { readonly name: string; readonly value: string }[];
  };
  readonly status?: BenchStatus;
}

export interface BenchStatus {
  readonly observedGeneration: number;
  readonly conditions: readonly Condition[];
  readonly [field: string]: unknown;
}

export const BENCH: Resource<Bench> = {
  group: 'bench.example.dev',
  version: 'v1',
  kind: 'Bench',
  plural: 'benches',
  namespaced: true,
};

export const FIELD_MANAGER = 'bench-operator';
const REVISION = 'bench.example.dev/revision';

const labelsOf = (bench: Bench): Record<string, string> => ({
  'app.kubernetes.io/name': bench.metadata.name,
  'app.kubernetes.io/managed-by': FIELD_MANAGER,
  'app.kubernetes.io/part-of': 'bench',
});

const ownerOf = (bench: Bench): OwnerReference => ({
  apiVersion: 'bench.example.dev/v1',
  kind: 'Bench',
  name: bench.metadata.name,
  uid: bench.metadata.uid ?? '',
  controller: true,
  blockOwnerDeletion: true,
});

const metadataOf = (bench: Bench, name: string = bench.metadata.name) => ({
  name,
  ...(bench.metadata.namespace === undefined ? {} : { namespace: bench.metadata.namespace }),
  labels: labelsOf(bench),
  ownerReferences: [ownerOf(bench)],
});

const sortedLines = (config: Readonly<Record<string, string>>): string =>
  Object.keys(config)
    .sort()
    .map((key) => `${key}=${config[key]}\n`)
    .join('');

const configHashOf = (bench: Bench): string => hash('sha256', JSON.stringify(bench.spec), 'hex').slice(0, 16);

export const configMapOf = (bench: Bench): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: metadataOf(bench, `${bench.metadata.name}-config`),
  data: { 'app.properties': sortedLines(bench.spec.config), revision: String(bench.spec.revision) },
});

export const serviceOf = (bench: Bench): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { ...metadataOf(bench), annotations: { [REVISION]: String(bench.spec.revision) } },
  spec: {
    selector: { 'app.kubernetes.io/name': bench.metadata.name },
    ports: [
      { name: 'http', protocol: 'TCP', port: 80, targetPort: 'http' },
      { name: 'metrics', protocol: 'TCP', port: 9090, targetPort: 'metrics' },
    ],
  },
});

const probe = (path: string) => ({
  httpGet: { path, port: 'http' },
  periodSeconds: 10,
  timeoutSeconds: 1,
  successThreshold: 1,
  failureThreshold: 3,
});

export function deploymentOf(bench: Bench): Deployment {
  const resources = { cpu: bench.spec.cpu, memory: bench.spec.memory };
  const annotations = { [REVISION]: String(bench.spec.revision), 'bench.example.dev/config-hash': configHashOf(bench) };
  const container = {
    name: 'app',
    image: bench.spec.image,
    ports: [
      { name: 'http', containerPort: bench.spec.port, protocol: 'TCP' },
      { name: 'metrics', containerPort: 9090, protocol: 'TCP' },
    ],
    env: bench.spec.env,
    resources: { requests: resources, limits: resources },
    livenessProbe: probe('/healthz'),
    readinessProbe: probe('/readyz'),
    volumeMounts: [{ name: 'config', mountPath: '/etc/app', readOnly: true }],
  };
  const volumes = [{ name: 'config', configMap: { name: `${bench.metadata.name}-config` } }];
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadataOf(bench),
    spec: {
      replicas: bench.spec.replicas,
      selector: { matchLabels: { 'app.kubernetes.io/name': bench.metadata.name } },
      template: { metadata: { labels: labelsOf(bench), annotations }, spec: { containers: [container], volumes } },
    },
  };
}

/** The wished status; `now` only where a condition changed. */
export function statusOf(bench: Bench, now: string): BenchStatus {
  const { name, namespace, generation = 0 } = bench.metadata;
  const condition = (type: string, status: Condition['status'], reason: string): Condition => {
    const old = bench.status?.conditions.find((candidate) => candidate.type === type);
    return {
      type,
      status,
      reason,
      observedGeneration: generation,
      message: 'the children have been applied',
      lastTransitionTime: old?.status === status ? (old.lastTransitionTime ?? now) : now,
    };
  };
  return {
    observedGeneration: generation,
    phase: 'Applied',
    replicas: bench.spec.replicas,
    image: bench.spec.image,
    revision: bench.spec.revision,
    endpoint: `http://${name}.${namespace}.svc:80`,
    configHash: configHashOf(bench),
    configMapName: `${name}-config`,
    serviceName: name,
    deploymentName: name,
    message: '3 of 3 children applied',
    conditions: [
      condition('Ready', 'True', 'ChildrenApplied'),
      condition('Progressing', 'False', 'Idle'),
      condition('Degraded', 'False', 'AsExpected'),
    ],
  };
}
