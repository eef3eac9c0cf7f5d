import {
  type Deployment,
  type Pod,
  type PodTemplate,
  REPLICA_SET,
  type ReplicaSet,
  type StatefulSet,
} from '../../../src/kube/kinds.ts';
import type { KubeObject, OwnerReference, Resource } from '../../../src/kube/object.ts';

/** A ReplicaSet with what its controller needs. */
export interface OwnedReplicaSet extends ReplicaSet {
  readonly spec?: { readonly replicas?: number; readonly template?: PodTemplate; readonly selector?: object };
  readonly status?: ReplicaSetStatus;
}

export interface ReplicaSetStatus {
  readonly observedGeneration?: number;
  readonly replicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
}

export const OWNED_REPLICA_SET: Resource<OwnedReplicaSet> = REPLICA_SET;

/** Label that tells which revision of the template a pod was made from. */
const HASH_LABEL = 'pod-template-hash';

const hashes = new WeakMap<PodTemplate, string>();

/** A short name of a template's content; kept per stored template, which never changes in place. */
function hashTemplate(template: PodTemplate): string {
  const known = hashes.get(template);
  if (known !== undefined) return known;
  let hash = 0x811c9dc5;
  for (const char of JSON.stringify(template)) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193) >>> 0;
  const text = hash.toString(36);
  hashes.set(template, text);
  return text;
}

/** Whether a pod or a ReplicaSet was made from this template. */
export const isMadeFrom = (object: KubeObject, template: PodTemplate): boolean =>
  object.metadata.labels?.[HASH_LABEL] === hashTemplate(template);

/** The ReplicaSet of a Deployment for its present template, still without pods. */
export function replicaSetFrom(deployment: Deployment, template: PodTemplate): OwnedReplicaSet {
  const labels = { ...template.metadata?.labels, [HASH_LABEL]: hashTemplate(template) };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { ...placeOf(deployment, `${deployment.metadata.name}-${hashTemplate(template)}`), labels },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
    status: { replicas: 0 },
  };
}

/** The pod that a controller creates from the template of a ReplicaSet or StatefulSet. */
export function podFrom(owner: OwnedReplicaSet | StatefulSet, template: PodTemplate, name: string): Pod {
  const { labels, annotations } = template.metadata ?? {};
  const own = owner.kind === 'ReplicaSet' ? labels : { ...labels, [HASH_LABEL]: hashTemplate(template) };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...placeOf(owner, name), ...(own ? { labels: own } : {}), ...(annotations ? { annotations } : {}) },
    spec: template.spec,
    status: { phase: 'Pending' },
  };
}

function placeOf(owner: KubeObject, name: string): KubeObject['metadata'] {
  const { apiVersion, kind, metadata } = owner;
  const reference: OwnerReference = {
    apiVersion,
    kind,
    name: metadata.name,
    uid: metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
  const { namespace } = metadata;
  return { name, ...(namespace === undefined ? {} : { namespace }), ownerReferences: [reference] };
}
