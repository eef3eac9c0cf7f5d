import { apiVersionOf } from '../../src/kube/object.ts';
import { badRequest } from './api-status.ts';
import { isBuiltIn, type ObjectStorage, type StoredObject, type Table } from './object-storage.ts';
import { filterOf } from './selector.ts';

export interface ListRequest {
  /** All namespaces when undefined. */
  readonly namespace: string | undefined;
  readonly query: Readonly<Record<string, string>>;
  /** True time of the cache that answers; undefined for a quorum read. */
  readonly asOfMs: number | undefined;
}

export interface ListAnswer {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly object[];
}

/** Where a list that was cut off goes on: its version, and the key of its last item. */
interface Continuation {
  readonly version: number;
  readonly after: string;
}

/** Answers a list: sorted by key, filtered, and in pages that all show the version of the first. */
export function listObjects(storage: ObjectStorage, table: Table, request: ListRequest): ListAnswer {
  const { query, namespace } = request;
  const from = readContinuation(query['continue']);
  const version = from?.version ?? versionOf(storage, table, request);
  const filter = filterOf(query);
  const after = from?.after;
  const keys = [...table.stateAt(version)]
    .filter(([key, object]) => (after === undefined || key > after) && isWanted(object, namespace, filter))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  // A list of version 0 comes from the cache in one piece, whatever the limit.
  const limit = query['resourceVersion'] === '0' ? 0 : Number(query['limit'] ?? 0);
  const page = limit > 0 ? keys.slice(0, limit) : keys;
  const last = page.length < keys.length ? page.at(-1)?.[0] : undefined;
  return {
    apiVersion: apiVersionOf(table.resource),
    kind: `${table.resource.kind}List`,
    metadata: {
      resourceVersion: String(version),
      ...continuationOf(table, version, last),
    },
    items: page.map(([, object]) => asItem(table, object)),
  };
}

function versionOf(storage: ObjectStorage, table: Table, { query, asOfMs }: ListRequest): number {
  if (query['resourceVersionMatch'] === 'Exact') return Number(query['resourceVersion']);
  return asOfMs === undefined ? storage.version : table.versionAt(asOfMs);
}

const isWanted = (
  object: StoredObject,
  namespace: string | undefined,
  filter: ((object: StoredObject) => boolean) | undefined,
): boolean =>
  (namespace === undefined || object.metadata.namespace === namespace) && (filter === undefined || filter(object));

/** Items of built-in kinds carry neither apiVersion nor kind in a list, as in the real server. */
function asItem(table: Table, object: StoredObject): object {
  if (!isBuiltIn(table.resource.group)) return object;
  const { apiVersion: _, kind: _kind, ...item } = object;
  return item;
}

/** Lists of custom resources carry an empty token at their end, those of built-in kinds none. */
function continuationOf(table: Table, version: number, last: string | undefined): { continue?: string } {
  if (last !== undefined) return { continue: writeContinuation({ version, after: last }) };
  return isBuiltIn(table.resource.group) ? {} : { continue: '' };
}

const writeContinuation = ({ version, after }: Continuation): string =>
  Buffer.from(`${version} ${after}`).toString('base64url');

function readContinuation(token: string | undefined): Continuation | undefined {
  if (!token) return undefined;
  const [version, after] = Buffer.from(token, 'base64url').toString().split(' ');
  if (!Number(version) || after === undefined) throw badRequest('continue key is not valid');
  return { version: Number(version), after };
}
