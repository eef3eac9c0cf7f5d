import { expect, onTestFinished, test } from 'vitest';
import { fixedRandom } from '../../test/support/manual-clock.ts';
import { type ScriptedServer, sendJson, startScriptedServer } from '../../test/support/scripted-server.ts';
import { systemClock } from '../runtime/clock.ts';
import { fixedCredentials } from './credentials.ts';
import { createInformer } from './informer.ts';
import { CONFIG_MAP } from './kinds.ts';
import { createKubeClient } from './rest-client.ts';
import { createUndiciTransport } from './undici-transport.ts';

/** Transport, client, reflector and store together, over real sockets. */
function informerOf(server: ScriptedServer) {
  const transport = createUndiciTransport({
    cluster: 'test',
    server: server.url,
    credentials: fixedCredentials({ headers: {}, tls: {} }),
    clock: systemClock,
  });
  const client = createKubeClient(transport, 'test');
  const backoff = { minMs: 20, maxMs: 50 };
  const informer = createInformer({ client, resource: CONFIG_MAP, clock: systemClock, random: fixedRandom(), backoff });
  onTestFinished(async () => {
    await informer.reflector.stop();
    await transport.close();
    await server[Symbol.asyncDispose]();
  });
  return informer;
}

const item = (name: string, resourceVersion: string) => ({
  metadata: { name, namespace: 'n', resourceVersion, managedFields: [{ manager: 'x', fieldsV1: { 'f:data': {} } }] },
  data: { text: 'x'.repeat(2_800) },
});

/**
 * The most CPU time, in milliseconds, that one turn of the event loop took until the returned function is called. Not
 * wall time: on a busy machine that measures the neighbours.
 */
function watchTurns(): () => number {
  const cpuMs = (): number => process.threadCpuUsage().user / 1000;
  let longest = 0;
  let last = cpuMs();
  let running = true;
  const turn = (): void => {
    const now = cpuMs();
    longest = Math.max(longest, now - last);
    last = now;
    if (running) setImmediate(turn);
  };
  setImmediate(turn);
  return () => {
    running = false;
    return longest;
  };
}

test('ten thousand objects of 3 KB are listed without holding up the loop', async () => {
  const pages = Array.from({ length: 20 }, (_, page) => {
    const items = Array.from({ length: 500 }, (_, i) => item(`object-${page}-${i}`, '5'));
    return JSON.stringify({
      metadata: { resourceVersion: '9', ...(page < 19 ? { continue: `${page + 1}` } : {}) },
      items,
    });
  });
  const server = await startScriptedServer((request, response) => {
    const query = new URL(request.url ?? '', 'http://x').searchParams;
    if (query.has('watch')) response.writeHead(200).flushHeaders();
    else response.end(pages[Number(query.get('continue') ?? 0)]);
  });
  const { reflector, store } = informerOf(server);
  const longest = watchTurns();
  reflector.start();
  await reflector.whenSynced();
  expect(store.size).toBe(10_000);
  expect(longest()).toBeLessThan(100);
});

test('stop during the start leaves no socket behind', async () => {
  const server = await startScriptedServer(() => undefined);
  const { reflector } = informerOf(server);
  reflector.start();
  await expect.poll(() => server.openSockets.size).toBe(1);
  await reflector.stop();
  await expect.poll(() => server.openSockets.size).toBe(0);
});

test('recovers by itself from resets in the list and in the watch', async () => {
  let lists = 0;
  let watches = 0;
  const server = await startScriptedServer((request, response) => {
    if (!request.url?.includes('watch=true')) {
      lists += 1;
      if (lists < 3) response.destroy();
      else sendJson(response, { metadata: { resourceVersion: '9' }, items: [item('a', '5')] });
      return;
    }
    watches += 1;
    const object = { apiVersion: 'v1', kind: 'ConfigMap', ...item(`from-watch-${watches}`, `${9 + watches}`) };
    response.write(`${JSON.stringify({ type: 'ADDED', object })}\n`);
    if (watches < 3) setImmediate(() => response.destroy());
  });
  const { reflector, store } = informerOf(server);
  reflector.start();
  await expect.poll(() => store.size, { timeout: 5_000 }).toBe(4);
  expect(lists).toBe(3);
  expect(reflector.resourceVersion).toBe('12');
});
