import { beforeEach, describe, expect, it } from 'vitest';
import { DEPLOYMENT, POD } from '../../src/kube/kinds.ts';
import { pathOf, type Resource } from '../../src/kube/object.ts';
import type { Method, WatchEvent } from '../../src/kube/transport.ts';
import { serveBuiltInKinds } from '../support/built-in-kinds.ts';
import { FakeApiServer } from '../support/fake-api-server.ts';
import { arrayOf, type JsonObject, objectOf, stringOf } from '../support/json.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { ServerWatch } from '../support/server-watch.ts';
import { VirtualTime } from '../support/virtual-time.ts';

const WIDGET: Resource = { group: 'example.dev', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true };
const PATH = '/apis/example.dev/v1/namespaces/ns/widgets';

let time: VirtualTime;
let server: FakeApiServer;

beforeEach(() => {
  time = new VirtualTime();
  server = new FakeApiServer({ name: 'hub', time, random: new SeededRandom(1) });
  server.serve(WIDGET);
  serveBuiltInKinds(server);
});

const widget = (name: string, rest: JsonObject = {}, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: 'example.dev/v1',
  kind: 'Widget',
  metadata: { name, ...metadata },
  ...rest,
});

interface Answer {
  readonly status: number;
  readonly body: JsonObject;
  readonly metadata: JsonObject;
}

function send(
  method: Method,
  path: string,
  body?: unknown,
  query?: Record<string, string>,
  contentType?: string,
): Answer {
  const response = server.handle({
    method,
    path,
    body,
    ...(query ? { query } : {}),
    ...(contentType ? { contentType } : {}),
  });
  const answer = objectOf(response.body);
  return { status: response.status, body: answer, metadata: objectOf(answer['metadata']) };
}

const create = (name: string, rest?: JsonObject, metadata?: JsonObject) =>
  send('POST', PATH, widget(name, rest, metadata));
const read = (name: string) => send('GET', `${PATH}/${name}`);
const merge = (path: string, patch: unknown) => send('PATCH', path, patch, {}, 'application/merge-patch+json');
const apply = (name: string, rest: JsonObject, manager: string, options: { force?: boolean; sub?: string } = {}) =>
  send(
    'PATCH',
    `${PATH}/${name}${options.sub ? `/${options.sub}` : ''}`,
    widget(name, rest),
    { fieldManager: manager, ...(options.force === false ? {} : { force: 'true' }) },
    'application/apply-patch+yaml',
  );
const names = (answer: Answer) =>
  arrayOf(answer.body['items']).map((item) => objectOf(objectOf(item)['metadata'])['name']);

describe('writes', () => {
  it('creates with uid, version, generation and time, and refuses a second one', () => {
    const made = create('w', { spec: { size: 1 }, status: { ignored: true } });
    expect(made.status).toBe(201);
    expect(made.metadata).toMatchObject({ namespace: 'ns', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' });
    expect(stringOf(made.metadata['uid'])).toBeDefined();
    expect(made.body['status']).toBeUndefined();
    expect(create('w')).toMatchObject({ status: 409, body: { reason: 'AlreadyExists' } });
  });

  it('knows only the kinds it serves', () => {
    expect(send('GET', '/apis/example.dev/v1/namespaces/ns/gadgets/x').status).toBe(404);
    expect(send('GET', '/nonsense').status).toBe(404);
    expect(server.handle({ method: 'GET', path: '/readyz' })).toEqual({ status: 200, body: 'ok' });
  });

  it('compares and swaps by resource version, and demands one for custom resources', () => {
    const made = create('w', { spec: { size: 1 } });
    const next = { ...made.body, spec: { size: 2 } };
    expect(send('PUT', `${PATH}/w`, next)).toMatchObject({ status: 200, metadata: { generation: 2 } });
    expect(send('PUT', `${PATH}/w`, next)).toMatchObject({ status: 409, body: { reason: 'Conflict' } });
    expect(send('PUT', `${PATH}/w`, widget('w')).status).toBe(422);
    expect(merge(`${PATH}/w`, { metadata: { resourceVersion: '1' }, spec: { size: 3 } }).status).toBe(409);
    expect(merge(`${PATH}/w`, { metadata: { uid: 'other' }, spec: { size: 3 } }).status).toBe(422);
    expect(read('w').body['spec']).toEqual({ size: 2 });
  });

  it('keeps spec and status apart, and raises the generation for the spec only', () => {
    create('w', { spec: { size: 1 } });
    merge(`${PATH}/w/status`, { spec: { size: 9 }, status: { ready: true } });
    merge(`${PATH}/w`, { status: { ready: false }, metadata: { labels: { a: 'b' } } });
    expect(read('w')).toMatchObject({
      body: { spec: { size: 1 }, status: { ready: true } },
      metadata: { generation: 1, labels: { a: 'b' } },
    });
  });

  it('writes nothing when nothing changes', () => {
    const made = create('w', { spec: { size: 1, list: [{ a: 1 }] } });
    expect(merge(`${PATH}/w`, { spec: { size: 1 } }).metadata['resourceVersion']).toBe(
      made.metadata['resourceVersion'],
    );
    expect(send('PUT', `${PATH}/w`, made.body).metadata['resourceVersion']).toBe(made.metadata['resourceVersion']);
  });

  it('deletes members by null in a merge patch and replaces lists', () => {
    create('w', { spec: { a: 1, b: { c: 1, d: 2 }, list: [1, 2] } });
    expect(merge(`${PATH}/w`, { spec: { a: null, b: { c: null }, list: [3] } }).body['spec']).toEqual({
      b: { d: 2 },
      list: [3],
    });
  });

  it('answers with what nobody can change', () => {
    const made = create('w', { spec: { list: [1] } });
    expect(() => Object.assign(objectOf(made.body['spec']), { list: 'changed' })).toThrow(TypeError);
    expect(read('w').body['spec']).toEqual({ list: [1] });
  });

  it('refuses patches it does not speak and bodies of another kind or name', () => {
    create('w');
    expect(send('PATCH', `${PATH}/w`, [], {}, 'application/json-patch+json').status).toBe(415);
    expect(send('PUT', `${PATH}/w`, { ...widget('w'), kind: 'Gadget' }).status).toBe(400);
    expect(send('PUT', `${PATH}/w`, widget('v')).status).toBe(400);
    expect(send('POST', PATH, widget('v', {}, { namespace: 'other' })).status).toBe(400);
  });

  it('makes up a name from a prefix', () => {
    const answer = send('POST', PATH, { ...widget(''), metadata: { generateName: 'w-' } });
    expect(answer).toMatchObject({ status: 201, metadata: { name: 'w-1' } });
  });
});

describe('deletion', () => {
  it('waits for finalizers and ends with the last one', () => {
    create('w', {}, { finalizers: ['example.dev/hold'] });
    expect(send('DELETE', `${PATH}/w`).metadata['deletionTimestamp']).toBe('2026-01-01T00:00:00Z');
    expect(read('w').status).toBe(200);
    expect(merge(`${PATH}/w`, { metadata: { finalizers: ['example.dev/hold', 'late'] } }).status).toBe(422);
    const { events } = watch({ resourceVersion: String(read('w').metadata['resourceVersion']) });
    merge(`${PATH}/w`, { metadata: { finalizers: null } });
    expect(read('w').status).toBe(404);
    expect(summary(events)).toEqual(['DELETED w']);
  });

  it('heeds preconditions', () => {
    const made = create('w');
    const remove = (preconditions: JsonObject) => send('DELETE', `${PATH}/w`, { preconditions }).status;
    expect(remove({ uid: 'other' })).toBe(409);
    expect(remove({ resourceVersion: '1' })).toBe(409);
    expect(remove({ uid: made.metadata['uid'], resourceVersion: made.metadata['resourceVersion'] })).toBe(200);
    expect(remove({})).toBe(404);
  });

  const pod = (spec: JsonObject) => {
    const path = pathOf(POD, { namespace: 'ns' });
    send('POST', path, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [], ...spec } });
    return `${path}/p`;
  };

  it('keeps a pod that is on a node through its grace period, which can only be shortened', () => {
    const path = pod({ nodeName: 'n', terminationGracePeriodSeconds: 20 });
    expect(send('DELETE', path).metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:20Z',
      deletionGracePeriodSeconds: 20,
    });
    send('DELETE', path, { gracePeriodSeconds: 60 });
    expect(send('GET', path).metadata['deletionGracePeriodSeconds']).toBe(20);
    send('DELETE', path, { gracePeriodSeconds: 0 });
    expect(send('GET', path).status).toBe(404);
  });

  it('removes a pod that is on no node at once', () => {
    const path = pod({ terminationGracePeriodSeconds: 20 });
    send('DELETE', path);
    expect(send('GET', path).status).toBe(404);
  });
});

describe('server-side apply', () => {
  it('creates, merges, and removes what its manager leaves out', () => {
    expect(apply('w', { spec: { a: 1, b: { c: 1 } } }, 'm').status).toBe(201);
    expect(apply('w', { spec: { a: 2 } }, 'm')).toMatchObject({ status: 200, metadata: { generation: 2 } });
    expect(read('w').body['spec']).toEqual({ a: 2 });
  });

  it('leaves alone what others own, and what two managers agree on', () => {
    apply('w', { spec: { a: 1, shared: 1 } }, 'm');
    apply('w', { spec: { b: 1, shared: 1 } }, 'n');
    apply('w', { spec: { a: 1 } }, 'm');
    expect(read('w').body['spec']).toEqual({ a: 1, b: 1, shared: 1 });
    apply('w', { spec: { b: 1 } }, 'n');
    expect(read('w').body['spec']).toEqual({ a: 1, b: 1 });
  });

  it('refuses to take a field from another manager unless forced, and then takes it', () => {
    apply('w', { spec: { a: 1 } }, 'm');
    const refused = apply('w', { spec: { a: 2 } }, 'n', { force: false });
    expect(refused.status).toBe(409);
    expect(refused.body['message']).toContain('.spec.a');
    apply('w', { spec: { a: 2 } }, 'n');
    apply('w', { spec: {} }, 'm');
    expect(read('w').body['spec']).toEqual({ a: 2 });
  });

  it('gives up a field that an update has changed', () => {
    apply('w', { spec: { replicas: 1 } }, 'm');
    merge(`${PATH}/w`, { spec: { replicas: 5 } });
    apply('w', { spec: {} }, 'm');
    expect(read('w').body['spec']).toEqual({ replicas: 5 });
  });

  it('keeps for an updater what it has set, also when a manager applied the same and leaves it out', () => {
    apply('w', { spec: { a: 1 } }, 'm');
    merge(`${PATH}/w`, { spec: { b: 1 } });
    apply('w', { spec: { a: 1, b: 1 } }, 'm');
    apply('w', { spec: { a: 1 } }, 'm');
    expect(read('w').body['spec']).toEqual({ a: 1, b: 1 });
  });

  it('replaces a selector as a whole, whoever has set what stands in it', () => {
    apply('w', { spec: { selector: { app: 'x' } } }, 'm');
    merge(`${PATH}/w`, { spec: { selector: { slot: 'fenced' } } });
    apply('w', { spec: { selector: { app: 'x' } } }, 'm');
    expect(read('w').body['spec']).toEqual({ selector: { app: 'x' } });
  });

  it('owns nothing of what was created before the first apply', () => {
    create('w', { spec: { a: 1, b: 2 } });
    apply('w', { spec: { a: 1 } }, 'm');
    apply('w', { spec: {} }, 'm');
    expect(read('w').body['spec']).toEqual({ a: 1, b: 2 });
  });

  it('merges conditions by type and takes other lists whole', () => {
    apply('w', { spec: { list: [1, 2] } }, 'm');
    apply('w', { spec: { list: [3] } }, 'm');
    apply('w', { status: { conditions: [{ type: 'A', status: 'True' }] } }, 'm', { sub: 'status' });
    apply('w', { status: { conditions: [{ type: 'B', status: 'True' }] } }, 'n', { sub: 'status' });
    expect(read('w').body).toMatchObject({
      spec: { list: [3] },
      status: { conditions: [{ type: 'A' }, { type: 'B' }] },
    });
    apply('w', { status: {} }, 'm', { sub: 'status' });
    expect(read('w').body['status']).toEqual({ conditions: [{ type: 'B', status: 'True' }] });
  });

  it('applies spec and status through their own doors', () => {
    apply('w', { spec: { a: 1 }, status: { x: 1 } }, 'm');
    expect(read('w').body['status']).toBeUndefined();
    expect(apply('w', { spec: { a: 2 }, status: { x: 1 } }, 'm', { sub: 'status' }).status).toBe(200);
    expect(read('w').body).toMatchObject({ spec: { a: 1 }, status: { x: 1 } });
    expect(apply('v', { status: { x: 1 } }, 'm', { sub: 'status' }).status).toBe(404);
  });

  it('keeps the resource version when nothing changes, and tells nobody', () => {
    const made = apply('w', { spec: { a: 1, list: [{ b: 1 }] } }, 'm');
    const events = watch({ resourceVersion: String(made.metadata['resourceVersion']) }).events;
    const again = apply('w', { spec: { a: 1, list: [{ b: 1 }] } }, 'm');
    expect(again.metadata['resourceVersion']).toBe(made.metadata['resourceVersion']);
    expect(events).toEqual([]);
  });

  it('moves the resource version, but not the generation, when only the ownership changes', () => {
    const made = apply('w', { spec: { a: 1 } }, 'm');
    const joined = apply('w', { spec: { a: 1 } }, 'n');
    expect(Number(joined.metadata['resourceVersion'])).toBeGreaterThan(Number(made.metadata['resourceVersion']));
    expect(joined.metadata['generation']).toBe(1);
  });

  it('is refused where it would leave null in place of a map that somebody applied as empty', () => {
    apply('w', { spec: { keep: 1, map: { a: 1 } } }, 'm');
    expect(apply('w', { spec: { keep: 1, map: {} } }, 'm').status).toBe(422);
    expect(apply('w', { spec: { keep: 1 } }, 'm').body['spec']).toEqual({ keep: 1 });
    apply('w', { status: { a: 1 } }, 'm', { sub: 'status' });
    expect(apply('w', {}, 'm', { sub: 'status' }).status).toBe(422);
  });

  it('compares and swaps when it carries a version or a uid', () => {
    const made = apply('w', { spec: { a: 1 } }, 'm');
    merge(`${PATH}/w`, { spec: { b: 1 } });
    const query = { fieldManager: 'm', force: 'true' };
    const { resourceVersion } = made.metadata;
    const stale = widget('w', { spec: { a: 2 } }, { resourceVersion });
    expect(send('PATCH', `${PATH}/w`, stale, query, 'application/apply-patch+yaml').status).toBe(409);
    const absent = widget('v', {}, { uid: 'gone' });
    expect(send('PATCH', `${PATH}/v`, absent, query, 'application/apply-patch+yaml').status).toBe(409);
  });
});

describe('admission', () => {
  it('sees old and new object and refuses with its own message', () => {
    const epochOf = (object: unknown) => Number(objectOf(objectOf(object)['spec'])['epoch']);
    server.admit(WIDGET, (object, old, { operation, from }) => {
      if (operation === 'DELETE') return `deleted by ${from}`;
      return old && epochOf(object) < epochOf(old) ? 'the epoch must not fall' : undefined;
    });
    create('w', { spec: { epoch: 2 } });
    expect(merge(`${PATH}/w`, { spec: { epoch: 1 } })).toMatchObject({ status: 422, body: { reason: 'Invalid' } });
    expect(merge(`${PATH}/w`, { spec: { epoch: 3 } }).status).toBe(200);
    expect(server.handle({ method: 'DELETE', path: `${PATH}/w` }, { from: 'agent-1' }).body).toMatchObject({
      message: expect.stringContaining('deleted by agent-1'),
    });
  });

  it('passes objects through the schema of the kind', () => {
    server.serve(WIDGET, {
      schema: (object) => {
        if (objectOf(object['spec'])['size'] === 'big') throw new Error('size must be a number');
        return { ...object, spec: { size: 7, ...objectOf(object['spec']) } };
      },
    });
    expect(create('w').body['spec']).toEqual({ size: 7 });
    expect(create('v', { spec: { size: 'big' } }).status).toBe(422);
  });
});

describe('lists', () => {
  const list = (query: Record<string, string> = {}, path = PATH) => send('GET', path, undefined, query);

  it('filters by labels, fields and namespace', () => {
    create('a', {}, { labels: { tier: 'x', app: 'one' } });
    create('b', {}, { labels: { tier: 'y' } });
    send('POST', PATH.replace('/ns/', '/other/'), widget('c', {}, { labels: { tier: 'x' } }));
    expect(names(list({ labelSelector: 'tier=x' }))).toEqual(['a']);
    expect(names(list({ labelSelector: 'tier in (x, y),app!=one' }))).toEqual(['b']);
    expect(names(list({ labelSelector: '!app' }))).toEqual(['b']);
    expect(names(list({ labelSelector: 'app,tier notin (y)' }))).toEqual(['a']);
    expect(names(list({ fieldSelector: 'metadata.name=b' }))).toEqual(['b']);
    expect(names(list({ labelSelector: 'tier=x' }, '/apis/example.dev/v1/widgets'))).toEqual(['a', 'c']);
  });

  it('gives pages that all show the version of the first', () => {
    for (const name of ['a', 'b', 'c', 'd']) create(name);
    const first = list({ limit: '2' });
    send('DELETE', `${PATH}/c`);
    create('e');
    const second = list({ limit: '2', continue: String(first.metadata['continue']) });
    expect([names(first), names(second)]).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    expect(second.metadata).toEqual({ resourceVersion: first.metadata['resourceVersion'], continue: '' });
    server.compact();
    expect(list({ limit: '2', continue: String(first.metadata['continue']) }).status).toBe(410);
  });

  it('leaves kind and apiVersion out of items of built-in kinds only', () => {
    create('w');
    const deployments = pathOf(DEPLOYMENT, { namespace: 'ns' });
    send('POST', deployments, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, spec: {} });
    expect(objectOf(arrayOf(list().body['items'])[0])['kind']).toBe('Widget');
    expect(objectOf(arrayOf(list({}, deployments).body['items'])[0])['kind']).toBeUndefined();
  });

  it('reads the present without a version and an old cache with version 0, where one is set', async () => {
    create('a');
    await time.run(10_000);
    create('b');
    await time.run(12_000);
    server.serveStale(5_000);
    expect(names(list({ resourceVersion: '0' }))).toEqual(['a']);
    expect(names(list())).toEqual(['a', 'b']);
    expect(send('GET', `${PATH}/b`, undefined, { resourceVersion: '0' }).status).toBe(404);
    await time.run(20_000);
    expect(names(list({ resourceVersion: '0' }))).toEqual(['a', 'b']);
  });
});

function watch(query: Record<string, string>) {
  const events: WatchEvent[] = [];
  const state = { ended: false };
  const sink = {
    event: (event: WatchEvent) => events.push(event),
    end: () => {
      state.ended = true;
    },
  };
  return { events, state, opened: server.watch({ path: PATH, query: { watch: 'true', ...query } }, sink) };
}

const summary = (events: readonly WatchEvent[]) =>
  events.map(({ type, object }) => `${type} ${objectOf(objectOf(object)['metadata'])['name'] ?? ''}`.trim());

describe('watches', () => {
  it('replay what happened since the version and go on from there', () => {
    const { resourceVersion } = create('a').metadata;
    create('b');
    const { events } = watch({ resourceVersion: String(resourceVersion) });
    merge(`${PATH}/a`, { spec: { x: 1 } });
    send('DELETE', `${PATH}/b`);
    expect(summary(events)).toEqual(['ADDED b', 'MODIFIED a', 'DELETED b']);
    const versions = events.map(({ object }) => Number(objectOf(objectOf(object)['metadata'])['resourceVersion']));
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
  });

  it('show an object that begins or ceases to match as added or deleted', () => {
    const { resourceVersion } = create('a').metadata;
    const { events } = watch({ resourceVersion: String(resourceVersion), labelSelector: 'on=yes' });
    merge(`${PATH}/a`, { metadata: { labels: { on: 'yes' } } });
    merge(`${PATH}/a`, { spec: { x: 1 } });
    merge(`${PATH}/a`, { metadata: { labels: { on: 'no' } } });
    merge(`${PATH}/a`, { spec: { x: 2 } });
    expect(summary(events)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
  });

  it('end with 410 inside the stream when the version is forgotten, and with 504 when it is from the future', () => {
    const { resourceVersion } = create('a').metadata;
    create('b');
    server.compact();
    const { events, state } = watch({ resourceVersion: String(resourceVersion) });
    expect(events).toMatchObject([{ type: 'ERROR', object: { code: 410, reason: 'Expired' } }]);
    expect(state.ended).toBe(true);
    expect(watch({ resourceVersion: '9999' }).opened).toMatchObject({ status: 504 });
  });

  it('forget by themselves what is older than the window', () => {
    server = new FakeApiServer({ name: 'hub', time, random: new SeededRandom(1), window: 5 });
    server.serve(WIDGET);
    const { resourceVersion } = create('a').metadata;
    for (let i = 0; i < 20; i++) merge(`${PATH}/a`, { spec: { i } });
    expect(watch({ resourceVersion: String(resourceVersion) }).events[0]?.type).toBe('ERROR');
  });

  it('send bookmarks each minute and end cleanly when their time is over', async () => {
    const { resourceVersion } = create('a').metadata;
    const { events, state } = watch({
      resourceVersion: String(resourceVersion),
      allowWatchBookmarks: 'true',
      timeoutSeconds: '150',
    });
    await time.run(149_000);
    expect(summary(events)).toEqual(['BOOKMARK', 'BOOKMARK']);
    expect(state.ended).toBe(false);
    await time.run(151_000);
    expect(state.ended).toBe(true);
  });

  it('are silent once closed', () => {
    const { events, opened } = watch({ resourceVersion: '1' });
    if (opened instanceof ServerWatch) opened.close();
    create('a');
    expect(events).toEqual([]);
  });
});

describe('eviction', () => {
  const evict = () => send('POST', `${pathOf(POD, { namespace: 'ns' })}/p0/eviction`, { metadata: { name: 'p0' } });

  beforeEach(() => {
    for (const name of ['p0', 'p1']) {
      const at = pathOf(POD, { namespace: 'ns' });
      const metadata = { name, labels: { app: 'x' } };
      send('POST', at, { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [] } });
      merge(`${at}/${name}/status`, { status: { conditions: [{ type: 'Ready', status: 'True' }] } });
    }
  });

  const budget = (spec: JsonObject) =>
    send('POST', '/apis/policy/v1/namespaces/ns/poddisruptionbudgets', {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'b' },
      spec: { selector: { matchLabels: { app: 'x' } }, ...spec },
    });

  it('deletes the pod where no budget minds', () => {
    budget({ minAvailable: 1 });
    expect(evict().status).toBe(201);
    expect(send('GET', `${pathOf(POD, { namespace: 'ns' })}/p0`).status).toBe(404);
  });

  it('is refused with 429 where a budget would break', () => {
    budget({ minAvailable: '100%' });
    expect(evict()).toMatchObject({ status: 429, body: { reason: 'TooManyRequests' } });
  });
});
