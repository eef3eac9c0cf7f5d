import { SYSTEM_NAMESPACE } from '../../src/api/common.ts';
import type { KubeObject, Resource } from '../../src/kube/object.ts';
import { type Role, RULES, type Rule } from './roles.ts';

export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** Who holds the role: a service account of the operator's namespace, or a user whom the API server knows otherwise. */
export type Subject = { readonly serviceAccount: string } | { readonly user: string };

/** Names of the objects of each role, and of its service account; the role of the hub in a region is not that on the hub. */
export const ROLE_NAMES: Readonly<Record<Role, string>> = {
  hub: 'switchback-hub',
  'hub-in-region': 'switchback-hub',
  agent: 'switchback-agent',
  peer: 'switchback-peer',
};

/** Where each role is granted. */
export const ROLES_IN: Readonly<Record<'hub' | 'region', readonly Role[]>> = {
  hub: ['hub'],
  region: ['hub-in-region', 'agent', 'peer'],
};

/**
 * The role for the user of `hack/regions`. Its name is another than that of the chart, which can be installed beside it,
 * and than that of any other role: a cluster can be hub and region.
 */
export function userRole(role: Role, credentials: readonly string[] = []): readonly KubeObject[] {
  const user = ROLE_NAMES[role];
  return roleObjects(role, { user }, { credentials, clusterProfiles: true, name: `user-${role}` });
}

const AUTHORIZATION = { group: 'rbac.authorization.k8s.io', version: 'v1' } as const;
const resource = (kind: string, namespaced: boolean): Resource => ({
  ...AUTHORIZATION,
  kind,
  plural: `${kind.toLowerCase()}s`,
  namespaced,
});
const RBAC_RESOURCES: Readonly<Record<string, Resource>> = {
  ClusterRole: resource('ClusterRole', false),
  ClusterRoleBinding: resource('ClusterRoleBinding', false),
  Role: resource('Role', true),
  RoleBinding: resource('RoleBinding', true),
};

/** @throws for an object that is none of `roleObjects` */
export function rbacResource({ kind }: KubeObject): Resource {
  const found = RBAC_RESOURCES[kind];
  if (!found) throw new Error(`${kind} is nothing of RBAC`);
  return found;
}

/** The rules of a role for the whole cluster, or for the operator's own namespace. Without names no Secret is granted. */
export function policyRules(
  role: Role,
  scope: 'cluster' | 'own',
  { clusterProfiles = false, credentials = [] }: Pick<RoleOptions, 'clusterProfiles' | 'credentials'>,
): readonly PolicyRule[] {
  const isOn = ({ only }: Rule): boolean => only === undefined || clusterProfiles;
  const inScope = RULES[role].filter((rule) => (rule.own === true) === (scope === 'own') && isOn(rule));
  return inScope.flatMap((rule) => policyRule(rule, credentials));
}

function policyRule({ group, names, resources, verbs }: Rule, credentials: readonly string[]): readonly PolicyRule[] {
  const resourceNames = names === 'credentials' ? credentials : names;
  // No names at all would mean all of them.
  if (resourceNames?.length === 0) return [];
  return [{ apiGroups: [group], resources, ...(resourceNames ? { resourceNames } : {}), verbs }];
}

export interface RoleOptions {
  /** Of the objects; that of the chart when absent. */
  readonly name?: string;
  /** Names of the Secrets that the hub may read; none when absent. */
  readonly credentials?: readonly string[];
  /** Whether the hub reads ClusterProfiles; not when absent. */
  readonly clusterProfiles?: boolean;
}

/** All objects that give one holder its role. */
export function roleObjects(role: Role, subject: Subject, options: RoleOptions = {}): readonly KubeObject[] {
  const { name = ROLE_NAMES[role] } = options;
  const own = policyRules(role, 'own', options);
  const cluster = policyRules(role, 'cluster', options);
  const inNamespace = { name, namespace: SYSTEM_NAMESPACE };
  return [
    roleObject('ClusterRole', { name }, { rules: cluster }),
    roleObject('ClusterRoleBinding', { name }, binding('ClusterRole', name, subject)),
    ...(own.length === 0
      ? []
      : [
          roleObject('Role', inNamespace, { rules: own }),
          roleObject('RoleBinding', inNamespace, binding('Role', name, subject)),
        ]),
  ];
}

function roleObject(kind: string, metadata: KubeObject['metadata'], more: object): KubeObject {
  return { apiVersion: 'rbac.authorization.k8s.io/v1', kind, metadata, ...more };
}

function binding(kind: string, name: string, subject: Subject) {
  const who =
    'user' in subject
      ? { apiGroup: AUTHORIZATION.group, kind: 'User', name: subject.user }
      : { kind: 'ServiceAccount', name: subject.serviceAccount, namespace: SYSTEM_NAMESPACE };
  return { roleRef: { apiGroup: AUTHORIZATION.group, kind, name }, subjects: [who] };
}
