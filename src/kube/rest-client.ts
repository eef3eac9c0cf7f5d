import type { CallOptions, KubeClient, ListOptions, ListResult, Where } from './client.ts';
import { MalformedAnswerError } from './errors.ts';
import { POD } from './kinds.ts';
import { listPages } from './list-pager.ts';
import { asObject, type KubeObject, pathOf, type Resource } from './object.ts';
import { errorOf } from './status.ts';
import type { ApiRequest, ApiResponse, Lane, Transport } from './transport.ts';

/** Deadlines in milliseconds where the caller names none. Lease and fence traffic must fail fast. */
const DEFAULT_TIMEOUT_MS: Readonly<Record<Lane, number>> = { api: 15_000, control: 4_000, fence: 4_000 };

/** Verbs on raw JSON over `transport`. Nothing is retried in here: the loops retry, and they know what is stale. */
export function createKubeClient(transport: Transport, cluster: string): KubeClient {
  const call = async <T extends KubeObject>(
    resource: Resource<T>,
    verb: Pick<ApiRequest, 'method' | 'path' | 'query' | 'body' | 'contentType'>,
    options: CallOptions = {},
  ): Promise<T> => expectObject(await send(transport, cluster, verb, options), cluster, verb, resource);

  return {
    cluster,
    transport,
    read: (resource, where, options) => call(resource, { method: 'GET', path: pathOf(resource, where) }, options),
    list: (resource, options) => listAll(transport, cluster, resource, options),
    create: (resource, object, options) =>
      call(resource, { method: 'POST', path: pathOf(resource, namespaceOf(object)), body: object }, options),
    replace: (resource, object, options) =>
      call(resource, { method: 'PUT', path: pathOf(resource, placeOf(object, options)), body: object }, options),
    mergePatch: (resource, where, patch, options) =>
      call(
        resource,
        {
          method: 'PATCH',
          path: pathOf(resource, { ...where, ...subresourceOf(options) }),
          ...(options?.fieldManager === undefined ? {} : { query: { fieldManager: options.fieldManager } }),
          contentType: 'application/merge-patch+json',
          body: patch,
        },
        options,
      ),
    apply: (resource, object, options) =>
      call(
        resource,
        {
          method: 'PATCH',
          path: pathOf(resource, placeOf(object, options)),
          query: { fieldManager: options.fieldManager, force: 'true' },
          // JSON is YAML, and the server has no JSON media type for apply that it prefers.
          contentType: 'application/apply-patch+yaml',
          body: object,
        },
        options,
      ),
    async delete(resource, where, options = {}) {
      const { preconditions, gracePeriodSeconds, propagationPolicy } = options;
      const body = {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: propagationPolicy ?? 'Background',
        ...(preconditions ? { preconditions } : {}),
        ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
      };
      await send(transport, cluster, { method: 'DELETE', path: pathOf(resource, where), body }, options);
    },
    async evict(where, options = {}) {
      const body = {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name: where.name, ...(where.namespace === undefined ? {} : { namespace: where.namespace }) },
      };
      const path = pathOf(POD, { ...where, subresource: 'eviction' });
      await send(transport, cluster, { method: 'POST', path, body }, options);
    },
  };
}

const namespaceOf = (object: KubeObject): { namespace?: string } =>
  object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace };

const subresourceOf = (options?: { subresource?: string }): { subresource?: string } =>
  options?.subresource === undefined ? {} : { subresource: options.subresource };

const placeOf = (object: KubeObject, options?: { subresource?: string }): Where & { subresource?: string } => ({
  ...namespaceOf(object),
  name: object.metadata.name,
  ...subresourceOf(options),
});

async function send(
  transport: Transport,
  cluster: string,
  verb: Pick<ApiRequest, 'method' | 'path' | 'query' | 'body' | 'contentType'>,
  options: CallOptions,
): Promise<ApiResponse> {
  const lane = options.lane ?? 'api';
  const response = await transport.request({
    ...verb,
    lane,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS[lane],
    ...(options.signal ? { signal: options.signal } : {}),
  });
  if (response.status < 200 || response.status > 299)
    throw errorOf(response, `${cluster}: ${verb.method} ${verb.path}`);
  return response;
}

function expectObject<T extends KubeObject>(
  response: ApiResponse,
  cluster: string,
  verb: { method: string; path: string },
  resource: Resource<T>,
): T {
  const object = asObject(resource, response.body);
  if (object) return object;
  throw new MalformedAnswerError(`${cluster}: ${verb.method} ${verb.path}: the answer is no ${resource.kind}`, {
    status: response.status,
  });
}

async function listAll<T extends KubeObject>(
  transport: Transport,
  cluster: string,
  resource: Resource<T>,
  options: ListOptions = {},
): Promise<ListResult<T>> {
  let items: T[] = [];
  const resourceVersion = await listPages<T>({
    transport,
    cluster,
    resource,
    ...options,
    onRestart: () => {
      items = [];
    },
    onItem: (item) => items.push(item),
  });
  return { items, resourceVersion };
}
