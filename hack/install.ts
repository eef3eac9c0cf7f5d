import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeClient } from '../src/kube/client.ts';
import {
  CUSTOM_RESOURCE_DEFINITION,
  type CustomResourceDefinition,
  FLOW_SCHEMA,
  VALIDATING_ADMISSION_POLICY,
  VALIDATING_ADMISSION_POLICY_BINDING,
} from '../src/kube/kinds.ts';
import type { KubeObject, Resource } from '../src/kube/object.ts';
import { waitFor } from './regions/wait.ts';

export interface InstallOptions {
  /** What the cluster is: each kind lives on the hub or in the regions. */
  readonly role: 'hub' | 'region';
  /**
   * User names that agents work under: the only ones that may start a workload of a service. Default: the service
   * account of the chart, and the user of `hack/regions`.
   */
  readonly agentUsers?: readonly string[];
  /** User names that hubs work under: the only ones that may keep records of what the operator does. Default: as above. */
  readonly hubUsers?: readonly string[];
}

const CRDS = join(import.meta.dirname, '../crds');
const LIVES_IN = 'switchback.dev/lives-in';
const AGENT_USERS = ['system:serviceaccount:switchback-system:switchback-agent', 'switchback-agent'];
const HUB_USERS = ['system:serviceaccount:switchback-system:switchback-hub', 'switchback-hub'];
const FIELD_MANAGER = 'switchback-install';
const ESTABLISHED_MS = 30_000;

const RESOURCES: Readonly<Record<string, Resource>> = {
  CustomResourceDefinition: CUSTOM_RESOURCE_DEFINITION,
  FlowSchema: FLOW_SCHEMA,
  ValidatingAdmissionPolicy: VALIDATING_ADMISSION_POLICY,
  ValidatingAdmissionPolicyBinding: VALIDATING_ADMISSION_POLICY_BINDING,
};

/**
 * Installs the CRDs and the admission policies of one role, or brings them up to date.
 *
 * @param client must act as a user who may write CRDs and admission policies
 * @returns when every kind is served. Policies take effect a moment later (about a second): a caller for whom that
 *   matters waits until a write that they forbid is refused
 * @throws when the cluster refuses one, or does not serve a kind within 30 s
 */
export async function installCrds(client: KubeClient, options: InstallOptions): Promise<void> {
  const { agentUsers = AGENT_USERS, hubUsers = HUB_USERS } = options;
  const named = { agents: agentUsers, hubs: hubUsers };
  const objects = readInstalled(options.role).map((object) => withUsers(object, named));
  await Promise.all(objects.map((object) => client.apply(resourceOf(object), object, { fieldManager: FIELD_MANAGER })));
  const names = objects
    .filter((object) => object.kind === 'CustomResourceDefinition')
    .map(({ metadata }) => metadata.name);
  await Promise.all(names.map((name) => waitUntilServed(client, name)));
}

/** The objects of `crds/` and `crds/policies/` that belong into a cluster of that role. */
export function readInstalled(role: InstallOptions['role']): readonly KubeObject[] {
  return [CRDS, join(CRDS, 'policies')]
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => path.endsWith('.yaml'))
    .flatMap(readObjects)
    .filter((object) => object.metadata.labels?.[LIVES_IN] === role);
}

function readObjects(path: string): readonly KubeObject[] {
  return parseAllDocuments(readFileSync(path, 'utf8')).map((document) => {
    const object: unknown = document.toJS();
    if (!isKubeObject(object)) throw new Error(`${path} holds something that is no object`);
    return object;
  });
}

/**
 * Names agents and hubs in the policies, by the name of the variable. The list stands in the policy itself and not in a ConfigMap beside it: if that were
 * missing, the API server would refuse fences too.
 */
function withUsers(object: KubeObject, users: Readonly<Record<string, readonly string[]>>): KubeObject {
  if (!hasVariables(object)) return object;
  const variables = object.spec.variables.map((one) => {
    const names = users[one.name];
    return names ? { ...one, expression: `[${names.map((user) => `'${user}'`).join(', ')}]` } : one;
  });
  const named: KubeObject & { readonly spec: unknown } = { ...object, spec: { ...object.spec, variables } };
  return named;
}

async function waitUntilServed(client: KubeClient, name: string): Promise<void> {
  await waitFor({ what: `${name} to be served`, timeoutMs: ESTABLISHED_MS }, async () => {
    const crd = await client.read<CustomResourceDefinition>(CUSTOM_RESOURCE_DEFINITION, { name });
    return crd.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ?? false;
  });
}

function resourceOf(object: KubeObject): Resource {
  const resource = RESOURCES[object.kind];
  if (!resource) throw new Error(`${object.kind} ${object.metadata.name} is nothing that is installed from crds/`);
  return resource;
}

interface Variable {
  readonly name: string;
  readonly expression: string;
}

function hasVariables(object: KubeObject): object is KubeObject & { spec: { variables: readonly Variable[] } } {
  if (!('spec' in object)) return false;
  const { spec } = object;
  return typeof spec === 'object' && spec !== null && 'variables' in spec && Array.isArray(spec.variables);
}

function isKubeObject(value: unknown): value is KubeObject {
  return (
    typeof value === 'object' &&
    value !== null &&
    'apiVersion' in value &&
    'kind' in value &&
    'metadata' in value &&
    typeof value.metadata === 'object' &&
    value.metadata !== null &&
    'name' in value.metadata
  );
}
