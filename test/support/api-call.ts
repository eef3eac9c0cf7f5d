import type { ApiRequest } from '../../src/kube/transport.ts';
import type { ApiPath } from './api-path.ts';
import { badRequest, notFound } from './api-status.ts';
import { cloneJson, isJsonObject, type JsonObject, objectOf } from './json.ts';
import type { DeleteOptions } from './object-lifecycle.ts';
import type { StoredObject, Table } from './object-storage.ts';

/** A request as it arrives. The server keeps parts of `body`: the sender must not change it afterwards. */
export type ServerRequest = Pick<ApiRequest, 'method' | 'path' | 'query' | 'body' | 'contentType'>;

export interface RequestContext {
  /** Id of the process that asks; reaches the admission rules. */
  readonly from?: string;
  /** Age of the cache that serves reads with `resourceVersion=0`, in milliseconds. */
  readonly staleMs?: number;
}

/** A request whose path has been understood. */
export interface Call extends ServerRequest {
  readonly table: Table;
  readonly at: ApiPath;
  readonly query: Readonly<Record<string, string>>;
  readonly context: RequestContext;
}

export const uidOf = (object: StoredObject): string => object.metadata.uid ?? '';

/** Key of the object that a path names: `namespace/name` or `name`. */
export const keyAt = ({ namespace, name }: ApiPath): string =>
  namespace === undefined ? `${name}` : `${namespace}/${name}`;

/** Plural and group, as the server's messages name a kind. */
export const describe = ({ table }: Call): string =>
  table.resource.group === '' ? table.resource.plural : `${table.resource.plural}.${table.resource.group}`;

export function missing(call: Call): never {
  throw notFound(`${describe(call)} "${call.at.name}" not found`);
}

/** What a write of the object, or of its subresource, takes over from `old` whatever was sent. */
export function keepServerPart(call: Call, old: StoredObject, wanted: StoredObject): JsonObject {
  if (call.at.subresource === 'status') return withStatus(old, wanted['status']);
  const { uid, creationTimestamp, deletionTimestamp, generation, resourceVersion } = old.metadata;
  const kept = { uid, creationTimestamp, deletionTimestamp, generation, resourceVersion };
  const grace = objectOf(old.metadata)['deletionGracePeriodSeconds'];
  const metadata = cloneJson({ ...wanted.metadata, ...kept, deletionGracePeriodSeconds: grace });
  return call.table.hasStatus ? withStatus({ ...wanted, metadata }, old['status']) : { ...wanted, metadata };
}

function withStatus(object: JsonObject, status: unknown): JsonObject {
  const { status: _, ...rest } = object;
  return status === undefined ? rest : { ...rest, status };
}

/** The part of an apply configuration that its endpoint takes: all but status, or nothing but status. */
export function partOf(applied: StoredObject, call: Call): JsonObject {
  if (!call.table.hasStatus) return applied;
  const { status, ...rest } = applied;
  return call.at.subresource === 'status' ? cloneJson({ status }) : rest;
}

function isStored(value: unknown): value is StoredObject {
  return isJsonObject(value) && isJsonObject(value['metadata']);
}

export function asStored(value: JsonObject, call: Call): StoredObject {
  if (isStored(value)) return value;
  throw badRequest(`${describe(call)}: metadata is required`);
}

/** Checks that a body is an object of the kind and name that the path says. */
export function readObject(body: unknown, call: Call): StoredObject {
  const { group, version, kind } = call.table.resource;
  const apiVersion = group === '' ? version : `${group}/${version}`;
  if (!isStored(body)) throw badRequest('the body is no object with metadata');
  if (body.kind !== kind || body.apiVersion !== apiVersion) {
    throw badRequest(`${body.apiVersion} ${body.kind} in version "${apiVersion}" cannot be handled as a ${kind}`);
  }
  const { name, namespace } = body.metadata;
  if (call.at.name !== undefined && name !== undefined && name !== call.at.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${call.at.name})`);
  }
  if (namespace !== undefined && namespace !== call.at.namespace) {
    throw badRequest(
      `the namespace of the object (${namespace}) does not match that on the URL (${call.at.namespace})`,
    );
  }
  return body;
}

/** Delete options come in the body, the grace period and the policy in the query too. */
export function deleteOptionsOf(body: unknown, query: Readonly<Record<string, string>>): DeleteOptions {
  const { preconditions, gracePeriodSeconds, propagationPolicy } = objectOf(body);
  const grace = gracePeriodSeconds ?? query['gracePeriodSeconds'];
  return {
    preconditions: objectOf(preconditions),
    graceSeconds: grace === undefined ? undefined : Number(grace),
    policy: String(propagationPolicy ?? query['propagationPolicy'] ?? 'Background'),
  };
}
