import { expect, test } from 'vitest';
import { answer, ScriptedTransport } from '../../test/support/scripted-transport.ts';
import { APPLIED_HASH, createApplier, hashOf } from './apply.ts';
import { Store } from './cache.ts';
import { CONFIG_MAP, type ConfigMap } from './kinds.ts';
import { createKubeClient } from './rest-client.ts';
import type { ApiRequest } from './transport.ts';

/** A server that stores what is applied, after `normalise`. */
class Server extends ScriptedTransport {
  #version = 10;
  normalise: (object: ConfigMap) => ConfigMap = (object) => object;

  override async request(request: ApiRequest) {
    this.requests.push(request);
    const object = this.normalise(structuredClone(request.body) as ConfigMap);
    return answer({ ...object, metadata: { ...object.metadata, uid: 'u', resourceVersion: `${++this.#version}` } });
  }
}

const wish = (data: Record<string, string>): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', namespace: 'n', labels: { x: 'y' } },
  data,
});

function setUp() {
  const server = new Server();
  const client = createKubeClient(server, 'test');
  const store = new Store<ConfigMap>();
  const newApplier = () => createApplier({ client, fieldManager: 'me' });
  return { server, store, newApplier, applier: newApplier() };
}

test('writes once, marks the object, and then nothing while nothing changes', async () => {
  const { applier, server, store } = setUp();
  expect((await applier.ensure(CONFIG_MAP, wish({ k: '1' }), store)).written).toBe(true);
  expect(server.requests[0]?.body).toMatchObject({
    metadata: { annotations: { [APPLIED_HASH]: hashOf(wish({ k: '1' })) } },
  });
  expect((await applier.ensure(CONFIG_MAP, wish({ k: '1' }), store)).written).toBe(false);
  expect((await applier.ensure(CONFIG_MAP, wish({ k: '2' }), store)).written).toBe(true);
  expect(server.requests).toHaveLength(2);
});

test('a restart with a warm cache writes nothing', async () => {
  const { applier, newApplier, server, store } = setUp();
  await applier.ensure(CONFIG_MAP, wish({ k: '1' }), store);
  await newApplier().ensure(CONFIG_MAP, wish({ k: '1' }), store);
  expect(server.requests).toHaveLength(1);
});

test('a field that somebody else changed is put right', async () => {
  const { applier, server, store } = setUp();
  const { object } = await applier.ensure(CONFIG_MAP, wish({ k: '1' }), store);
  store.upsert({ ...object, metadata: { ...object.metadata, resourceVersion: '90' }, data: { k: 'edited' } });
  expect((await applier.ensure(CONFIG_MAP, wish({ k: '1' }), store)).written).toBe(true);
  expect(server.requests).toHaveLength(2);
});

test('a value that the server always writes its own way costs one write, not one at each visit', async () => {
  const { applier, newApplier, server, store } = setUp();
  server.normalise = (object) => ({ ...object, data: { k: 'NORMAL' } });
  await applier.ensure(CONFIG_MAP, wish({ k: 'normal' }), store);
  for (let i = 0; i < 5; i++) await applier.ensure(CONFIG_MAP, wish({ k: 'normal' }), store);
  expect(server.requests).toHaveLength(1);
  const restarted = newApplier();
  for (let i = 0; i < 5; i++) await restarted.ensure(CONFIG_MAP, wish({ k: 'normal' }), store);
  expect(server.requests).toHaveLength(2);
});

test('real drift of such a field is still seen', async () => {
  const { applier, server, store } = setUp();
  server.normalise = (object) => ({ ...object, data: { k: 'NORMAL' } });
  const { object } = await applier.ensure(CONFIG_MAP, wish({ k: 'normal' }), store);
  store.upsert({ ...object, metadata: { ...object.metadata, resourceVersion: '90' }, data: { k: 'edited' } });
  expect((await applier.ensure(CONFIG_MAP, wish({ k: 'normal' }), store)).written).toBe(true);
});

test('the hash does not depend on the order of keys', () => {
  expect(hashOf({ a: 1, b: [{ c: 2, d: 3 }], e: undefined })).toBe(hashOf({ b: [{ d: 3, c: 2 }], a: 1 }));
  expect(hashOf({ a: [1, 2] })).not.toBe(hashOf({ a: [2, 1] }));
});
