import { expect, test } from 'vitest';
import { answer, listAnswer, ScriptedTransport } from '../../test/support/scripted-transport.ts';
import { ConflictError, MalformedAnswerError, NotFoundError, TerminalError, TransientError } from './errors.ts';
import { CONFIG_MAP, DEPLOYMENT, NODE } from './kinds.ts';
import { createKubeClient } from './rest-client.ts';

const where = { namespace: 'n', name: 'a' };
const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...where, resourceVersion: '7' } };

function setUp(...answers: ConstructorParameters<typeof ScriptedTransport>) {
  const transport = new ScriptedTransport(...(answers.length > 0 ? answers : [answer(object)]));
  return { transport, client: createKubeClient(transport, 'hub') };
}

type Setup = ReturnType<typeof setUp>;
const verbs: [string, (client: Setup['client']) => Promise<unknown>, object][] = [
  ['read', (c) => c.read(CONFIG_MAP, where), { method: 'GET', path: '/api/v1/namespaces/n/configmaps/a' }],
  [
    'create',
    (c) => c.create(CONFIG_MAP, object),
    { method: 'POST', path: '/api/v1/namespaces/n/configmaps', body: object },
  ],
  [
    'replace',
    (c) => c.replace(CONFIG_MAP, object, { subresource: 'status' }),
    { method: 'PUT', path: '/api/v1/namespaces/n/configmaps/a/status', body: object },
  ],
  [
    'mergePatch',
    (c) => c.mergePatch(CONFIG_MAP, where, { data: {} }, { subresource: 'status', fieldManager: 'me' }),
    {
      method: 'PATCH',
      path: '/api/v1/namespaces/n/configmaps/a/status',
      query: { fieldManager: 'me' },
      contentType: 'application/merge-patch+json',
      body: { data: {} },
    },
  ],
  [
    'apply',
    (c) => c.apply(CONFIG_MAP, object, { fieldManager: 'me' }),
    {
      method: 'PATCH',
      path: '/api/v1/namespaces/n/configmaps/a',
      query: { fieldManager: 'me', force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body: object,
    },
  ],
  [
    'delete',
    (c) => c.delete(CONFIG_MAP, where, { preconditions: { uid: 'u' }, gracePeriodSeconds: 0 }),
    {
      method: 'DELETE',
      path: '/api/v1/namespaces/n/configmaps/a',
      body: {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: 'Background',
        preconditions: { uid: 'u' },
        gracePeriodSeconds: 0,
      },
    },
  ],
  [
    'evict',
    (c) => c.evict(where),
    {
      method: 'POST',
      path: '/api/v1/namespaces/n/pods/a/eviction',
      body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: where },
    },
  ],
];

test.each(verbs)('%s asks for what the API server expects', async (_name, act, request) => {
  const { transport, client } = setUp();
  await act(client);
  expect(transport.requests[0]).toEqual({ ...request, lane: 'api', timeoutMs: 15_000 });
});

test('lane, deadline and signal reach the transport; the control lane has a short deadline by itself', async () => {
  const { transport, client } = setUp();
  const { signal } = new AbortController();
  await client.read(CONFIG_MAP, where, { lane: 'control', signal });
  await client.read(CONFIG_MAP, where, { timeoutMs: 9 });
  expect(transport.requests[0]).toMatchObject({ lane: 'control', timeoutMs: 4_000, signal });
  expect(transport.requests[1]).toMatchObject({ lane: 'api', timeoutMs: 9 });
});

test('cluster-scoped and grouped kinds have their paths', async () => {
  const { transport, client } = setUp(listAnswer('1', []));
  await client.list(NODE);
  await client.list(DEPLOYMENT);
  expect(transport.requests.map(({ path }) => path)).toEqual(['/api/v1/nodes', '/apis/apps/v1/deployments']);
});

test('list joins all pages and types the items', async () => {
  const { client } = setUp(
    listAnswer('5', [{ metadata: where }], 'next'),
    listAnswer('5', [{ metadata: { name: 'b' } }]),
  );
  const { items, resourceVersion } = await client.list(CONFIG_MAP);
  expect(resourceVersion).toBe('5');
  expect(items.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(['ConfigMap a', 'ConfigMap b']);
});

test.each([
  [404, NotFoundError],
  [409, ConflictError],
  [401, TransientError],
  [408, TransientError],
  [429, TransientError],
  [500, TransientError],
  [503, TransientError],
  [400, TerminalError],
  [403, TerminalError],
  [422, TerminalError],
])('status %i is its class of error and carries the server’s message', async (status, expected) => {
  const body = { kind: 'Status', message: 'because', reason: 'Some', details: { retryAfterSeconds: 2 } };
  const { client } = setUp(answer(body, status));
  const error = await client.read(CONFIG_MAP, where).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(expected);
  expect(error).toMatchObject({ message: `hub: GET /api/v1/namespaces/n/configmaps/a: ${status} because` });
  if (error instanceof TransientError) expect(error.retryAfterMs).toBe(2_000);
});

test.each([['text'], [{}], [{ kind: 'Pod', metadata: { name: 'a' } }], [undefined]])(
  'an answer that is no such object (%j) is malformed, never half an object',
  async (body) => {
    await expect(setUp(answer(body)).client.read(CONFIG_MAP, where)).rejects.toThrow(MalformedAnswerError);
  },
);

test('a list without a version, or with an item without a name, is malformed', async () => {
  await expect(setUp(answer({ metadata: {}, items: [] })).client.list(CONFIG_MAP)).rejects.toThrow(
    MalformedAnswerError,
  );
  await expect(setUp(listAnswer('1', [{}])).client.list(CONFIG_MAP)).rejects.toThrow(MalformedAnswerError);
});
