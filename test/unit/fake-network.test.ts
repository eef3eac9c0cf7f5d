import { beforeEach, describe, expect, it } from 'vitest';
import { createInformer } from '../../src/kube/informer.ts';
import type { KubeObject, Resource } from '../../src/kube/object.ts';
import { createKubeClient } from '../../src/kube/rest-client.ts';
import type { Delta } from '../../src/kube/store.ts';
import type { ApiResponse, Transport, WatchEvent } from '../../src/kube/transport.ts';
import { FakeApiServer } from '../support/fake-api-server.ts';
import { FakeNetwork } from '../support/fake-network.ts';
import { CALM, drawKnobs, type FaultKnobs, Faults } from '../support/faults.ts';
import { objectOf } from '../support/json.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import type { VirtualProcess } from '../support/virtual-process.ts';
import { VirtualTime } from '../support/virtual-time.ts';

interface Widget extends KubeObject {
  readonly spec: { readonly size: number };
}

const WIDGET: Resource<Widget> = {
  group: 'example.dev',
  version: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: false,
};
const PATH = '/apis/example.dev/v1/widgets';
const widget = (name: string, size = 1): Widget => ({
  apiVersion: 'example.dev/v1',
  kind: 'Widget',
  metadata: { name },
  spec: { size },
});

interface World {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly server: FakeApiServer;
  readonly faults: Faults;
  readonly network: FakeNetwork;
  readonly process: VirtualProcess;
  readonly transport: Transport;
}

/** A client at site `us` and the server `hub` at its own site. */
function buildWorld(seed = 1, knobs: FaultKnobs = CALM, window = 1000): World {
  const time = new VirtualTime();
  const random = new SeededRandom(seed);
  const server = new FakeApiServer({ name: 'hub', time, random: random.fork('server'), window });
  server.serve(WIDGET);
  const faults = new Faults({ random: random.fork('faults'), knobs });
  const network = new FakeNetwork({ time, faults });
  network.addServer(server);
  const process = time.startProcess({ id: 'us.agent-1', site: 'us' });
  return { time, random, server, faults, network, process, transport: network.connect({ process, server: 'hub' }) };
}

let world: World;

beforeEach(() => {
  world = buildWorld();
});

/** What came of a request, and when. */
function post(name: string, timeoutMs = 5_000) {
  const outcome: { response?: ApiResponse; error?: unknown; atMs?: number } = {};
  const { time, transport } = world;
  const sent = transport.request({ method: 'POST', path: PATH, body: widget(name), lane: 'api', timeoutMs });
  sent.then(
    (response) => Object.assign(outcome, { response, atMs: time.nowMs }),
    (error: unknown) => Object.assign(outcome, { error, atMs: time.nowMs }),
  );
  return outcome;
}

const exists = (name: string) => world.server.handle({ method: 'GET', path: `${PATH}/${name}` }).status === 200;

describe('a request', () => {
  it('takes the time of its way and brings the answer', async () => {
    const outcome = post('w');
    await world.time.run(4);
    expect(exists('w')).toBe(false);
    await world.time.run(1_000);
    expect(outcome.response?.status).toBe(201);
    expect(outcome.atMs).toBeGreaterThan(10);
    expect(outcome.atMs).toBeLessThan(240);
  });

  it('is unreachable at its deadline when it is lost, and when its reply is lost though it was carried out', async () => {
    world.faults.direct({ when: ({ tag }) => tag === 'POST widgets', times: 1, requestMs: undefined });
    const lost = post('a');
    world.faults.direct({ when: ({ tag }) => tag === 'POST widgets', times: 1, replyMs: undefined });
    const unanswered = post('b');
    await world.time.run(10_000);
    expect(lost).toMatchObject({ error: { name: 'UnreachableError' }, atMs: 5_000 });
    expect(unanswered).toMatchObject({ error: { name: 'UnreachableError' }, atMs: 5_000 });
    expect([exists('a'), exists('b')]).toEqual([false, true]);
  });

  it('may be carried out long after its client has given up, and twice', async () => {
    world.faults.direct({ when: () => true, times: 1, requestMs: 30_000, duplicateMs: 40_000 });
    const outcome = post('w');
    await world.time.run(29_000);
    expect([outcome.atMs, exists('w')]).toEqual([5_000, false]);
    await world.time.run(31_000);
    expect(exists('w')).toBe(true);
    world.server.handle({ method: 'DELETE', path: `${PATH}/w` });
    await world.time.run(41_000);
    expect(exists('w')).toBe(true);
  });

  it('is answered with an error before or after the act', async () => {
    world.faults.direct({ when: () => true, times: 1, error: 'refused' });
    const refused = post('a');
    world.faults.direct({ when: () => true, times: 1, error: 'unknown' });
    const unknown = post('b');
    await world.time.run(10_000);
    expect([refused.response, unknown.response]).toMatchObject([{ status: 429, retryAfterMs: 1_000 }, { status: 504 }]);
    expect([exists('a'), exists('b')]).toEqual([false, true]);
  });

  it('does not pass a cut, in the direction of the cut only', async () => {
    world.network.cut('us', 'hub');
    const there = post('a');
    world.network.heal('us', 'hub');
    world.network.cut('hub', 'us');
    const back = post('b');
    await world.time.run(10_000);
    expect([there.error, back.error]).toMatchObject([{ name: 'UnreachableError' }, { name: 'UnreachableError' }]);
    expect([exists('a'), exists('b')]).toEqual([false, true]);
    world.network.heal('hub', 'us');
    world.network.cut('us.agent-1', 'hub');
    const alone = post('c');
    await world.time.run(20_000);
    expect([alone.atMs, exists('c')]).toEqual([15_000, false]);
  });

  it('is refused at once by a dead server, waits at a hung one, is lost at a dark one', async () => {
    world.network.setServer('hub', 'refusing');
    const refused = post('a');
    await world.time.run(1_000);
    expect(refused.error).toMatchObject({ message: expect.stringContaining('refused') });
    world.network.setServer('hub', 'hung');
    const held = post('b');
    await world.time.run(10_000);
    expect(held.error).toMatchObject({ message: expect.stringContaining('no answer') });
    expect(exists('b')).toBe(false);
    world.network.setServer('hub', 'up');
    expect(exists('b')).toBe(true);
    world.network.setServer('hub', 'dark');
    post('c');
    await world.time.run(20_000);
    world.network.setServer('hub', 'up');
    expect(exists('c')).toBe(false);
  });

  it('of a paused process leaves and returns after the resume; of a crashed one nothing returns', async () => {
    world.faults.direct({ when: () => true, times: 1, pauseMs: 3_000 });
    const paused = post('a');
    await world.time.run(2_999);
    expect(exists('a')).toBe(false);
    await world.time.run(4_000);
    expect(paused.response?.status).toBe(201);
    const orphan = post('b');
    world.process.crash();
    await world.time.run(20_000);
    expect([orphan, exists('b')]).toEqual([{}, true]);
  });

  it('is not changed by what its sender does with the body afterwards', async () => {
    const body = { ...widget('w'), spec: { size: 1 } };
    void world.transport.request({ method: 'POST', path: PATH, body, lane: 'api', timeoutMs: 1_000 });
    body.spec.size = 2;
    await world.time.run(1_000);
    expect(objectOf(world.server.handle({ method: 'GET', path: `${PATH}/w` }).body)['spec']).toEqual({ size: 1 });
  });

  it('gives up when its signal is aborted', async () => {
    const abort = new AbortController();
    const request = { method: 'GET', path: PATH, lane: 'api', timeoutMs: 9_000, signal: abort.signal } as const;
    const failed = expect(world.transport.request(request)).rejects.toMatchObject({ name: 'UnreachableError' });
    abort.abort();
    await failed;
  });
});

/** Watches from version 1 and keeps what comes. */
function watch(signal = new AbortController().signal) {
  const seen: { events: WatchEvent[]; opened: boolean; end?: unknown } = { events: [], opened: false };
  const done = world.transport.watch({
    path: PATH,
    query: { watch: 'true', resourceVersion: '1', timeoutSeconds: '300' },
    signal,
    onEvent: (event) => seen.events.push(event),
    onOpen: () => {
      seen.opened = true;
    },
  });
  done.then(
    (response) => Object.assign(seen, { end: response }),
    (error: unknown) => Object.assign(seen, { end: error }),
  );
  return seen;
}

describe('a watch', () => {
  const write = (name: string) => world.server.handle({ method: 'POST', path: PATH, body: widget(name) });

  it('opens, brings each event in order, and ends when the server says so', async () => {
    const seen = watch();
    await world.time.run(1_000);
    for (let i = 0; i < 50; i++) world.time.schedule(i * 10, () => void write(`w${i}`));
    await world.time.run(299_000);
    expect(seen.opened).toBe(true);
    expect(seen.events.map(({ object }) => objectOf(objectOf(object)['metadata'])['name'])).toEqual(
      Array.from({ length: 50 }, (_, i) => `w${i}`),
    );
    expect(seen.end).toBeUndefined();
    await world.time.run(301_000);
    expect(seen.end).toMatchObject({ status: 200 });
  });

  it('is held up by a cut, and then brings everything or breaks', async () => {
    const seen = watch();
    await world.time.run(1_000);
    world.network.cut('hub', 'us');
    write('a');
    write('b');
    await world.time.run(60_000);
    expect(seen.events).toEqual([]);
    world.network.heal('hub', 'us');
    await world.time.run(70_000);
    expect(seen.events.length === 2 || seen.end !== undefined).toBe(true);
  });

  it('breaks at once when the server dies, and never hears of a server without power', async () => {
    const seen = watch();
    await world.time.run(1_000);
    world.network.setServer('hub', 'refusing');
    await world.time.run(2_000);
    expect(seen.end).toMatchObject({ name: 'UnreachableError' });
    world.network.setServer('hub', 'up');
    const dark = watch();
    await world.time.run(3_000);
    world.network.setServer('hub', 'dark');
    await world.time.run(5_000);
    world.network.setServer('hub', 'up');
    write('a');
    await world.time.run(100_000);
    expect(dark).toEqual({ events: [], opened: true });
  });

  it('ends with the reason of its signal, and with an error answer where the server has one', async () => {
    const abort = new AbortController();
    const seen = watch(abort.signal);
    await world.time.run(1_000);
    abort.abort(new Error('enough'));
    await world.time.run(1_001);
    expect(seen.end).toMatchObject({ message: 'enough' });
    world.server.storage.table(WIDGET);
    let answer: ApiResponse | undefined;
    void world.transport
      .watch({ path: '/apis/none/v1/none', query: {}, signal: new AbortController().signal, onEvent: () => {} })
      .then((response) => {
        answer = response;
      });
    await world.time.run(2_000);
    expect(answer?.status).toBe(404);
  });

  it('gives up when nothing answers', async () => {
    world.network.cut('us', 'hub');
    const seen = watch();
    await world.time.run(20_000);
    expect(seen.end).toMatchObject({ name: 'UnreachableError' });
  });

  it('is read by nobody after a crash, and then costs the server nothing', async () => {
    const seen = watch();
    await world.time.run(1_000);
    world.process.crash();
    write('a');
    await world.time.run(2_000);
    expect(seen.events).toEqual([]);
    expect(world.server.storage.table(WIDGET).listeners.size).toBe(0);
  });
});

/** Random writes by somebody else, at the server itself. */
function disturb({ time, random, server }: World, untilMs: number): void {
  const own = random.fork('writer');
  const step = () => {
    if (time.nowMs > untilMs) return;
    const name = `w${Math.floor(own.between(0, 8))}`;
    const path = `${PATH}/${name}`;
    if (own.chance(0.2)) server.handle({ method: 'DELETE', path });
    else if (server.handle({ method: 'GET', path }).status === 404)
      server.handle({ method: 'POST', path: PATH, body: widget(name) });
    else patchSize(server, path, own.word());
    if (own.chance(0.02)) server.compact();
    time.schedule(own.between(10, 800), step);
  };
  step();
}

const patchSize = (server: FakeApiServer, path: string, size: number) =>
  server.handle({ method: 'PATCH', path, body: { spec: { size } }, contentType: 'application/merge-patch+json' });

const VIOLENT: FaultKnobs = {
  ...CALM,
  lossChance: 0.05,
  lateChance: 0.05,
  errorChance: 0.05,
  watchLagChance: 0.05,
  watchBreakChance: 0.05,
  watchSilenceChance: 0.005,
};

describe('the real informer on the fake', () => {
  it('sees every change that its watch brings once and in order, and arrives at the truth, through breaks and 410', async () => {
    let relists = 0;
    for (let seed = 1; seed <= 10; seed++) {
      world = buildWorld(seed, VIOLENT, 20);
      const { time, process, random, server, faults, transport } = world;
      const { store, reflector } = createInformer<Widget>({
        client: createKubeClient(transport, 'hub'),
        resource: WIDGET,
        clock: process,
        random: random.fork('reflector'),
      });
      const versions = new Map<string, number>();
      const wrong: string[] = [];
      store.addHandler((delta: Delta<Widget>) => {
        const { name, resourceVersion } = delta.object.metadata;
        const version = Number(resourceVersion);
        if (version <= (versions.get(name) ?? 0) && delta.type !== 'deleted')
          wrong.push(`${name} ${version} came twice`);
        versions.set(name, version);
      });
      reflector.start();
      disturb(world, 120_000);
      await time.run(120_000);
      faults.setKnobs(CALM);
      await time.run(400_000);
      const seen = store.list().map(({ metadata, spec }) => [metadata.name, metadata.resourceVersion, spec.size]);
      const truth = [...server.storage.table(WIDGET).objects.values()].map((object) => [
        object.metadata.name,
        object.metadata.resourceVersion,
        objectOf(object['spec'])['size'],
      ]);
      expect(seen.toSorted()).toEqual(truth.toSorted());
      expect(wrong).toEqual([]);
      relists += reflector.counts.expired;
    }
    expect(relists).toBeGreaterThan(0);
  });
});

describe('a watch stream under faults', () => {
  it('has no hole: what it brings is a piece of the server’s history without a gap', async () => {
    let complete = 0;
    for (let seed = 1; seed <= 40; seed++) {
      world = buildWorld(seed, { ...VIOLENT, watchBreakChance: 0.01, watchSilenceChance: 0.001 });
      const history: string[] = [];
      world.server.storage.onChange((_, { version }) => history.push(String(version)));
      disturb(world, 60_000);
      for (let atMs = 5_000; atMs < 60_000; atMs += 20_000) cutFor(10_000, atMs);
      const seen = watch();
      await world.time.run(100_000);
      const versions = seen.events
        .filter(({ type }) => type !== 'ERROR')
        .map(({ object }) => objectOf(objectOf(object)['metadata'])['resourceVersion']);
      expect(history.slice(0, versions.length)).toEqual(versions);
      if (versions.length === history.length) complete++;
    }
    expect(complete).toBeGreaterThan(0);
  });

  const cutFor = (durationMs: number, atMs: number) => {
    const { time, network } = world;
    time.schedule(atMs, () => network.cut('hub', 'us'));
    time.schedule(atMs + durationMs, () => network.heal('hub', 'us'));
  };
});

describe('the fate of messages', () => {
  it('is drawn from the seed alone', async () => {
    const trace = async (seed: number) => {
      world = buildWorld(seed, VIOLENT);
      disturb(world, 30_000);
      const seen = watch();
      const outcomes = Array.from({ length: 20 }, (_, i) => post(`x${i}`));
      await world.time.run(60_000);
      return JSON.stringify([seen.events, outcomes, world.time.steps]);
    };
    expect(await trace(5)).toBe(await trace(5));
    expect(await trace(5)).not.toBe(await trace(6));
  });

  it('spares what the fault model calls safe', () => {
    const faults = new Faults({
      random: new SeededRandom(1),
      knobs: { ...VIOLENT, lossChance: 1 },
      isSafe: ({ lane }) => lane === 'control',
    });
    const call = {
      tag: 'PUT leases',
      method: 'PUT',
      path: '',
      body: {},
      from: { id: '', site: '' },
      to: { id: '', site: '' },
    } as const;
    expect(faults.planRequest({ ...call, lane: 'control' }).requestMs).toBeDefined();
    expect(faults.planRequest({ ...call, lane: 'api' }).requestMs).toBeUndefined();
  });

  it('draws quiet and violent histories', () => {
    const random = new SeededRandom(1);
    const knobs = Array.from({ length: 200 }, () => drawKnobs(random, ['PUT leases']));
    expect(knobs.some(({ lossChance, lateChance }) => lossChance === 0 && lateChance === 0)).toBe(true);
    expect(knobs.some(({ lossChance, lateChance }) => lossChance > 0 && lateChance === 0.1)).toBe(true);
    expect(knobs.some(({ hotStep }) => hotStep === 'PUT leases')).toBe(true);
  });
});
