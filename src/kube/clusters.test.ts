import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { fixedRandom, ManualClock } from '../../test/support/manual-clock.ts';
import { listAnswer, ScriptedTransport } from '../../test/support/scripted-transport.ts';
import { type Cluster, ClusterRegistry, type RegistryOptions } from './clusters.ts';
import { CONFIG_MAP } from './kinds.ts';
import type { Transport } from './transport.ts';

class ClosableTransport extends ScriptedTransport {
  closed = false;
  override async close() {
    this.closed = true;
  }
}

const silent: Transport = {
  request: ({ signal }) =>
    new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
  watch: ({ signal }) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  close: async () => undefined,
};

function setUp(over: Partial<RegistryOptions> = {}) {
  const log: string[] = [];
  const registry = new ClusterRegistry({
    clock: new ManualClock(),
    random: fixedRandom(),
    onEngage: (cluster: Cluster) => {
      log.push(`engage ${cluster.name}`);
      cluster.watch({ resource: CONFIG_MAP });
    },
    onDisengage: ({ name }) => log.push(`disengage ${name}`),
    ...over,
  });
  onTestFinished(() => registry.close());
  return { log, registry };
}

const healthy = () => new ClosableTransport(listAnswer('1', []));

test('a cluster that never answers does not hold up another', async () => {
  const { registry } = setUp();
  const dead = registry.engage('dead', '1', () => silent);
  const alive = registry.engage('alive', '1', healthy);
  await alive.whenSynced();
  expect(alive.synced).toBe(true);
  expect(dead.synced).toBe(false);
  expect(registry.list().map(({ name }) => name)).toEqual(['dead', 'alive']);
});

test('engaging again the same way changes nothing, another way replaces the cluster', async () => {
  const { log, registry } = setUp();
  const transport = healthy();
  const first = registry.engage('a', '1', () => transport);
  expect(registry.engage('a', '1', healthy)).toBe(first);
  const second = registry.engage('a', '2', healthy);
  expect(second).not.toBe(first);
  expect(registry.get('a')).toBe(second);
  expect(log).toEqual(['engage a', 'disengage a', 'engage a']);
  await setImmediate();
  expect(transport.closed).toBe(true);
});

test('disengaging a cluster that hangs returns at once and ends its watches', async () => {
  const { log, registry } = setUp();
  const transport = healthy();
  const cluster = registry.engage('a', '1', () => transport);
  await cluster.whenSynced();
  await setImmediate();
  registry.disengage('a');
  expect(registry.get('a')).toBeUndefined();
  await setImmediate();
  expect(transport.lastWatch.signal.aborted).toBe(true);
  expect(transport.closed).toBe(true);
  expect(log).toEqual(['engage a', 'disengage a']);
});

test('errors carry the name of their cluster', async () => {
  const errors: string[] = [];
  const { registry } = setUp({ onError: (cluster, error) => errors.push(`${cluster}: ${String(error)}`) });
  registry.engage('a', '1', () => new ClosableTransport(new Error('refused')));
  await setImmediate();
  expect(errors).toEqual(['a: Error: refused']);
});
