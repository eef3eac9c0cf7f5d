/** Shapes that every Kubernetes object shares. Objects are raw JSON: timestamps are strings, nothing is dropped. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** A kind and where the API server keeps it. Given statically: there is no discovery on the hot path. */
export interface Resource<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Only a carrier of the type; never set. */
  readonly __type?: T;
}

export const apiVersionOf = (resource: Resource): string =>
  resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;

/** `namespace/name`, or `name` for a cluster-scoped object: the key of stores and queues. */
export const keyOf = (object: { metadata: { name: string; namespace?: string } }): string =>
  object.metadata.namespace ? `${object.metadata.namespace}/${object.metadata.name}` : object.metadata.name;

/** Path of a collection, or of one object when `name` is given, with an optional subresource. */
export function pathOf(
  resource: Resource,
  at: { namespace?: string; name?: string; subresource?: string } = {},
): string {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const scope = resource.namespaced && at.namespace ? `/namespaces/${at.namespace}` : '';
  const name = at.name ? `/${at.name}` : '';
  return `${root}${scope}/${resource.plural}${name}${at.subresource ? `/${at.subresource}` : ''}`;
}

/** The resource version of any JSON value of a server, also of one that is no whole object (a bookmark). */
export function resourceVersionOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('metadata' in value)) return undefined;
  const { metadata } = value;
  if (typeof metadata !== 'object' || metadata === null || !('resourceVersion' in metadata)) return undefined;
  return typeof metadata.resourceVersion === 'string' ? metadata.resourceVersion : undefined;
}

interface Bare {
  apiVersion?: unknown;
  kind?: unknown;
  metadata: { name: string };
}

function isBare(value: unknown): value is Bare {
  if (typeof value !== 'object' || value === null || !('metadata' in value)) return false;
  const { metadata } = value;
  return typeof metadata === 'object' && metadata !== null && 'name' in metadata && typeof metadata.name === 'string';
}

/**
 * Takes a JSON value of a server as an object of `resource`, or returns undefined when it has not the shape that every
 * object has; what is in `spec` and `status` is validated where it is used. List items of built-in kinds come without
 * their type: it is filled in.
 */
export function asObject<T extends KubeObject>(resource: Resource<T>, value: unknown): T | undefined {
  if (!isBare(value)) return undefined;
  value.apiVersion ??= apiVersionOf(resource);
  value.kind ??= resource.kind;
  return isOf(resource, value) ? value : undefined;
}

const isOf = <T extends KubeObject>(resource: Resource<T>, value: object): value is T =>
  'kind' in value && value.kind === resource.kind;
