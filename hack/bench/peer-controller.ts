/**
 * Our kernel as a peer of the controller-runtime benchmark: a controller for its work unit that speaks its protocol.
 * Environment: KUBECONFIG, BENCH_N (objects of a first pass), CONC (keys at a time). Output: JSON lines
 * `start|synced|firstpass|stats` with milliseconds since the epoch; SIGUSR2 asks for `stats`, SIGTERM ends.
 */
import { createApplier } from '../../src/kube/apply.ts';
import { holds } from '../../src/kube/drift.ts';
import { createInformer, type Informer } from '../../src/kube/informer.ts';
import { CONFIG_MAP, DEPLOYMENT, SERVICE } from '../../src/kube/kinds.ts';
import { accessFromEnvironment } from '../../src/kube/kubeconfig.ts';
import { secondTime } from '../../src/kube/micro-time.ts';
import { type KubeObject, keyOf, type Resource } from '../../src/kube/object.ts';
import { createKubeClient } from '../../src/kube/rest-client.ts';
import type { Delta } from '../../src/kube/store.ts';
import { createUndiciTransport } from '../../src/kube/undici-transport.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { Controller } from '../../src/runtime/controller.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { BENCH, type Bench, configMapOf, deploymentOf, FIELD_MANAGER, serviceOf, statusOf } from './work-unit.ts';

const emit = (ev: string, values: object = {}): void => {
  const { wallMs } = systemClock.now();
  process.stdout.write(`${JSON.stringify({ ev, t: wallMs, ...values })}\n`);
};

emit('start');
const total = Number(process.env['BENCH_N'] ?? 0);
const requests: Record<string, number> = {};
const seen = new Set<string>();
let reconciles = 0;
let errors = 0;

const clock = systemClock;
const access = await accessFromEnvironment(process.env, clock);
const transport = createUndiciTransport({
  cluster: 'bench',
  ...access,
  clock,
  onRequest: ({ verb }) => {
    requests[verb] = (requests[verb] ?? 0) + 1;
  },
});
const client = createKubeClient(transport, 'bench');
const applier = createApplier({ client, fieldManager: FIELD_MANAGER });

const informerOf = <T extends KubeObject>(resource: Resource<T>): Informer<T> =>
  createInformer<T>({
    client,
    resource,
    clock,
    random: systemRandom,
    onError: (error) => console.error(String(error)),
  });

const benches = informerOf(BENCH);
const configMaps = informerOf(CONFIG_MAP);
const services = informerOf(SERVICE);
const deployments = informerOf(DEPLOYMENT);
const informers = [benches, configMaps, services, deployments];

const controller = new Controller({
  name: 'bench',
  clock,
  random: systemRandom,
  concurrency: Number(process.env['CONC'] ?? 8),
  backoff: { minMs: 5, maxMs: 60_000 },
  reconcile,
  onFailure: ({ key, error }) => {
    errors += 1;
    console.error(key, String(error));
  },
});

async function reconcile(key: string): Promise<void> {
  reconciles += 1;
  const bench = benches.store.get(key);
  if (bench && !bench.spec.suspend && !bench.metadata.deletionTimestamp) await converge(bench);
  if (!seen.has(key) && seen.add(key).size === total) emit('firstpass', { reconciles });
}

async function converge(bench: Bench): Promise<void> {
  await applier.ensure(CONFIG_MAP, configMapOf(bench), configMaps.store);
  await applier.ensure(SERVICE, serviceOf(bench), services.store);
  await applier.ensure(DEPLOYMENT, deploymentOf(bench), deployments.store);
  const status = statusOf(bench, secondTime(clock.now().wallMs));
  if (holds(status, bench.status)) return;
  const { name, namespace = '' } = bench.metadata;
  const patch = { status };
  const options = { subresource: 'status', fieldManager: FIELD_MANAGER } as const;
  benches.store.apply(await client.mergePatch(BENCH, { name, namespace }, patch, options));
}

/** Our own status writes are no reason to look again. */
function isRelevant(delta: Delta<Bench>): boolean {
  if (delta.type !== 'updated') return true;
  const { metadata: next } = delta.object;
  const { metadata: old } = delta.old;
  return (
    next.generation !== old.generation ||
    !holds(next.labels ?? {}, old.labels ?? {}) ||
    !holds(next.annotations ?? {}, old.annotations ?? {})
  );
}

function enqueueOwner({ object }: Delta<KubeObject>): void {
  const owner = object.metadata.ownerReferences?.find(({ controller, kind }) => controller && kind === BENCH.kind);
  if (owner) controller.enqueue(`${object.metadata.namespace}/${owner.name}`);
}

benches.store.addHandler((delta) => {
  if (isRelevant(delta)) controller.enqueue(keyOf(delta.object), benches.reflector.synced ? 'change' : 'resync');
});
configMaps.store.addHandler(enqueueOwner);
services.store.addHandler(enqueueOwner);
deployments.store.addHandler(enqueueOwner);

process.on('SIGUSR2', () => {
  const heapAlloc = process.memoryUsage().heapUsed;
  emit('stats', { reconciles, keys: seen.size, errors, requests, heapAlloc });
});
process.on('SIGTERM', () => process.exit(0));

for (const { reflector } of informers) reflector.start();
await Promise.all(informers.map(({ reflector }) => reflector.whenSynced()));
emit('synced');
controller.start();
