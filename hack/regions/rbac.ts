import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { AdminApi } from './api.ts';

/** Collections of the kinds that `rbac.yaml` may hold. */
const collections: Readonly<Record<string, string>> = {
  Namespace: '/api/v1/namespaces',
  ClusterRole: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  ClusterRoleBinding: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  Role: '/apis/rbac.authorization.k8s.io/v1/namespaces/NAMESPACE/roles',
  RoleBinding: '/apis/rbac.authorization.k8s.io/v1/namespaces/NAMESPACE/rolebindings',
};

/** Gives the users of the operator in one cluster the rights in `rbac.yaml`. */
export async function grantOperatorUsers(api: AdminApi): Promise<void> {
  const text = readFileSync(join(import.meta.dirname, 'rbac.yaml'), 'utf8');
  for (const document of parseAllDocuments(text)) {
    const object: unknown = document.toJS();
    if (!isNamed(object)) throw new Error('rbac.yaml holds something that is no object');
    const collection = collections[object.kind];
    if (!collection) throw new Error(`rbac.yaml holds an unexpected ${object.kind}`);
    const path = collection.replace('NAMESPACE', object.metadata.namespace ?? '');
    await api.apply(`${path}/${object.metadata.name}`, object);
  }
}

interface Named {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

function isNamed(value: unknown): value is Named {
  if (typeof value !== 'object' || value === null || !('kind' in value) || !('metadata' in value)) return false;
  const { kind, metadata } = value;
  return typeof kind === 'string' && typeof metadata === 'object' && metadata !== null && 'name' in metadata;
}
