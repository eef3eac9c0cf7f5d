import { expect, onTestFinished, test } from 'vitest';
import { type HealthOptions, startHealthServer } from './health.ts';

async function setUp(over: Partial<HealthOptions> = {}) {
  const server = await startHealthServer({
    port: 0,
    host: '127.0.0.1',
    liveness: [{ name: 'loop', check: () => undefined }],
    readiness: [{ name: 'hub-synced', check: () => undefined }],
    metrics: async () => ({ text: 'up 1\n', contentType: 'text/plain; version=0.0.4' }),
    ...over,
  });
  onTestFinished(() => server.close());
  return async (path: string, init?: RequestInit) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, init);
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
  };
}

test('answers ok while all checks are met', async () => {
  const get = await setUp();
  expect(await get('/healthz')).toMatchObject({ status: 200, text: '[+]loop ok\nok\n' });
  expect(await get('/readyz?verbose')).toMatchObject({ status: 200, text: '[+]hub-synced ok\nok\n' });
});

test('says which check fails and why, and keeps liveness apart from readiness', async () => {
  const get = await setUp({ readiness: [{ name: 'lease', check: () => 'no lease has been written yet' }] });
  expect(await get('/readyz')).toMatchObject({
    status: 503,
    text: '[-]lease: no lease has been written yet\nfailed\n',
  });
  expect((await get('/healthz')).status).toBe(200);
});

test('serves metrics with their content type', async () => {
  const get = await setUp();
  expect(await get('/metrics')).toEqual({ status: 200, type: 'text/plain; version=0.0.4', text: 'up 1\n' });
});

test('a check or a metric that throws is an error, not the end', async () => {
  const get = await setUp({ metrics: () => Promise.reject(new Error('broken')) });
  expect((await get('/metrics')).status).toBe(500);
  expect((await get('/healthz')).status).toBe(200);
});

test('knows nothing else', async () => {
  const get = await setUp();
  expect((await get('/')).status).toBe(404);
  expect((await get('/healthz', { method: 'POST' })).status).toBe(405);
});

test('a port that is taken is told', async () => {
  const first = await startHealthServer({
    port: 0,
    host: '127.0.0.1',
    liveness: [],
    readiness: [],
    metrics: async () => ({ text: '', contentType: '' }),
  });
  onTestFinished(() => first.close());
  await expect(setUp({ port: first.port })).rejects.toThrow(/EADDRINUSE/);
});
