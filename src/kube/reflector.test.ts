import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { fixedRandom, ManualClock } from '../../test/support/manual-clock.ts';
import { answer, listAnswer, ScriptedTransport } from '../../test/support/scripted-transport.ts';
import { Store } from './cache.ts';
import { MalformedAnswerError, UnreachableError } from './errors.ts';
import { CONFIG_MAP, type ConfigMap } from './kinds.ts';
import { Reflector, type ReflectorOptions } from './reflector.ts';
import { createKubeClient } from './rest-client.ts';

const item = (name: string, resourceVersion: string) => ({ metadata: { name, namespace: 'n', resourceVersion } });
const object = (name: string, resourceVersion: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  ...item(name, resourceVersion),
});

/** As a real API server sends it: without a name. */
const bookmark = (resourceVersion: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { creationTimestamp: null, resourceVersion },
});

function setUp(transport: ScriptedTransport, over: Partial<ReflectorOptions<ConfigMap>> = {}) {
  const clock = new ManualClock();
  const store = new Store<ConfigMap>();
  const errors: unknown[] = [];
  const reflector = new Reflector<ConfigMap>({
    client: createKubeClient(transport, 'test'),
    resource: CONFIG_MAP,
    sink: store,
    clock,
    random: fixedRandom(),
    onError: (error) => errors.push(error),
    ...over,
  });
  onTestFinished(() => reflector.stop());
  reflector.start();
  const names = () => store.list().map(({ metadata }) => metadata.name);
  return { clock, store, reflector, errors, names };
}

const status = (code: number) => ({ kind: 'Status', code, message: 'no' });

test('lists all pages, then watches from the version of the list with bookmarks', async () => {
  const transport = new ScriptedTransport(
    listAnswer('10', [item('a', '3')], 'more'),
    listAnswer('10', [item('b', '4')]),
  );
  const { reflector, names, store } = setUp(transport, { namespace: 'n', labelSelector: 'x=y' });
  expect(reflector.synced).toBe(false);
  await reflector.whenSynced();
  await setImmediate();
  expect(names()).toEqual(['a', 'b']);
  expect(store.get('n/a')).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
  expect(transport.requests.map(({ path, query }) => [path, query])).toEqual([
    ['/api/v1/namespaces/n/configmaps', { limit: '100', labelSelector: 'x=y' }],
    ['/api/v1/namespaces/n/configmaps', { limit: '100', continue: 'more', labelSelector: 'x=y' }],
  ]);
  expect(transport.lastWatch.query).toMatchObject({
    watch: 'true',
    resourceVersion: '10',
    allowWatchBookmarks: 'true',
    timeoutSeconds: '450',
    labelSelector: 'x=y',
  });
});

test('follows the stream and drops managed fields', async () => {
  const transport = new ScriptedTransport(listAnswer('10', [item('a', '3')]));
  const { reflector, names, store } = setUp(transport);
  await reflector.whenSynced();
  await setImmediate();
  const added = object('b', '11');
  transport.lastWatch.send('ADDED', { ...added, metadata: { ...added.metadata, managedFields: [{}] } });
  transport.lastWatch.send('DELETED', object('a', '12'));
  expect(names()).toEqual(['b']);
  expect(store.get('n/b')?.metadata).toMatchObject({ managedFields: undefined });
});

test('a stream that the server ends is resumed from the last bookmark without a pause and without a list', async () => {
  const transport = new ScriptedTransport(listAnswer('10', []));
  const { clock, reflector, errors } = setUp(transport);
  await reflector.whenSynced();
  await clock.advance(60_000);
  transport.lastWatch.send('BOOKMARK', bookmark('42'));
  transport.lastWatch.end();
  await setImmediate();
  expect(transport.watches).toHaveLength(2);
  expect(transport.lastWatch.query['resourceVersion']).toBe('42');
  expect(transport.requests).toHaveLength(1);
  expect(reflector.counts).toMatchObject({ lists: 1, malformed: 0 });
  expect(errors).toEqual([]);
});

test.each([
  ['the connection breaks', (t: ScriptedTransport) => t.lastWatch.fail(new UnreachableError('reset'))],
  ['the server says 401', (t: ScriptedTransport) => t.lastWatch.end(401, status(401))],
  ['the server says 403', (t: ScriptedTransport) => t.lastWatch.end(403, status(403))],
  ['the server says 429', (t: ScriptedTransport) => t.lastWatch.end(429, status(429))],
  ['the server says 500', (t: ScriptedTransport) => t.lastWatch.end(500, status(500))],
  ['the stream carries an error', (t: ScriptedTransport) => t.lastWatch.send('ERROR', status(500))],
  ['the watch ends at once', (t: ScriptedTransport) => t.lastWatch.end()],
])('when %s it backs off and resumes where it was', async (_name, fault) => {
  const transport = new ScriptedTransport(listAnswer('10', []));
  const { clock, reflector, errors } = setUp(transport);
  await reflector.whenSynced();
  await setImmediate();
  transport.lastWatch.send('ADDED', object('a', '11'));
  fault(transport);
  await setImmediate();
  expect(transport.watches).toHaveLength(1);
  await clock.advance(600);
  expect(transport.watches).toHaveLength(2);
  expect(transport.lastWatch.query['resourceVersion']).toBe('11');
  expect(transport.requests).toHaveLength(1);
  expect(errors).toHaveLength(1);
});

test.each([
  ['by status', (t: ScriptedTransport) => t.lastWatch.end(410, status(410))],
  ['in the stream', (t: ScriptedTransport) => t.lastWatch.send('ERROR', status(410))],
])('a position that expired %s is replaced by a list at once', async (_name, fault) => {
  const transport = new ScriptedTransport(
    listAnswer('10', [item('a', '3'), item('b', '4')]),
    listAnswer('90', [item('b', '80')]),
  );
  const { reflector, names } = setUp(transport);
  await reflector.whenSynced();
  await setImmediate();
  fault(transport);
  await setImmediate();
  expect(names()).toEqual(['b']);
  expect(transport.lastWatch.query['resourceVersion']).toBe('90');
  expect(reflector.counts).toMatchObject({ lists: 2, expired: 1 });
});

test.each([
  ['breaks', (t: ScriptedTransport) => t.lastWatch.fail(new MalformedAnswerError('torn'))],
  ['carries an object without a name', (t: ScriptedTransport) => t.lastWatch.send('ADDED', { kind: 'ConfigMap' })],
  ['carries an object without a version', (t: ScriptedTransport) => t.lastWatch.send('ADDED', object('a', ''))],
  ['carries another kind', (t: ScriptedTransport) => t.lastWatch.send('ADDED', { ...object('a', '1'), kind: 'Pod' })],
])('a stream that %s is not trusted any more: the collection is listed again', async (_name, fault) => {
  const transport = new ScriptedTransport(listAnswer('10', []), listAnswer('20', [item('a', '15')]));
  const { clock, reflector, names } = setUp(transport);
  await reflector.whenSynced();
  await setImmediate();
  fault(transport);
  await clock.advance(600);
  expect(names()).toEqual(['a']);
  expect(reflector.counts.malformed).toBe(1);
  expect(transport.watches[0]?.signal.aborted || transport.watches.length === 2).toBe(true);
});

test('events behind an error in the same chunk are not taken', async () => {
  const transport = new ScriptedTransport(listAnswer('10', []), listAnswer('20', []));
  const { reflector, names } = setUp(transport);
  await reflector.whenSynced();
  await setImmediate();
  transport.lastWatch.send('ERROR', status(410));
  expect(transport.lastWatch.signal.aborted).toBe(true);
  await setImmediate();
  expect(names()).toEqual([]);
});

test.each([401, 403, 429, 500])('a list that is answered %i is tried until it succeeds', async (code) => {
  const transport = new ScriptedTransport(answer(status(code), code), answer(status(code), code), listAnswer('1', []));
  const { clock, reflector } = setUp(transport);
  await clock.advance(5_000);
  expect(reflector.synced).toBe(true);
  expect(reflector.counts.lists).toBe(3);
});

test('pauses grow to the ceiling and are forgotten after a healthy minute', async () => {
  const transport = new ScriptedTransport(new UnreachableError('refused'));
  const { clock, reflector } = setUp(transport);
  await clock.advance(60_000);
  expect(reflector.counts.lists).toBeLessThan(14);
  transport.answers = [listAnswer('10', [])];
  await clock.advance(10_000);
  expect(reflector.synced).toBe(true);
  await clock.advance(80_000);
  transport.lastWatch.fail(new UnreachableError('reset'));
  const watches = transport.watches.length;
  await clock.advance(500);
  expect(transport.watches).toHaveLength(watches + 1);
});

test('a server that accepts watches and drops them does not make a storm', async () => {
  const transport = new ScriptedTransport(listAnswer('10', []));
  const { clock, reflector } = setUp(transport);
  await reflector.whenSynced();
  for (let ms = 0; ms < 30_000; ms += 100) {
    await clock.advance(100);
    transport.lastWatch.end();
  }
  expect(transport.watches.length).toBeLessThan(12);
});

test('an expired continue token asks for the whole list in one piece', async () => {
  const transport = new ScriptedTransport(
    listAnswer('10', [item('a', '3')], 'more'),
    answer(status(410), 410),
    listAnswer('20', [item('b', '15')]),
  );
  const { reflector, names } = setUp(transport);
  await reflector.whenSynced();
  expect(names()).toEqual(['b']);
  expect(transport.requests.at(-1)?.query).toEqual({});
});

test('a silent watch is given up after the idle time and resumed at once; silence alone is no failure', async () => {
  const transport = new ScriptedTransport(listAnswer('10', []));
  const { clock, reflector, errors } = setUp(transport);
  await reflector.whenSynced();
  await clock.advance(80_000);
  transport.lastWatch.send('BOOKMARK', bookmark('11'));
  await clock.advance(80_000);
  expect(transport.watches).toHaveLength(1);
  await clock.advance(10_000);
  expect(transport.watches).toHaveLength(2);
  expect(transport.lastWatch.query['resourceVersion']).toBe('11');
  expect(transport.watches[0]?.signal.aborted).toBe(true);
  expect(errors).toEqual([]);
  expect(reflector.counts).toMatchObject({ lists: 1, silent: 1, failures: 0 });
});

test('stop during the list, the watch and the pause leaves nothing behind', async () => {
  const hanging = new ScriptedTransport(listAnswer('10', []));
  hanging.request = ({ signal }) =>
    new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
  const inList = setUp(hanging);
  await inList.reflector.stop();
  expect(inList.clock.pendingTimers).toBe(0);

  const transport = new ScriptedTransport(listAnswer('10', []));
  const inWatch = setUp(transport);
  await inWatch.reflector.whenSynced();
  await setImmediate();
  await inWatch.reflector.stop();
  expect(transport.lastWatch.signal.aborted).toBe(true);
  expect(inWatch.clock.pendingTimers).toBe(0);

  const inPause = setUp(new ScriptedTransport(new UnreachableError('refused')));
  await setImmediate();
  await inPause.reflector.stop();
  expect(inPause.clock.pendingTimers).toBe(0);
});

test('tells when the server was last heard', async () => {
  const transport = new ScriptedTransport(listAnswer('10', []));
  const { clock, reflector } = setUp(transport);
  expect(reflector.lastContactAt).toBeUndefined();
  await reflector.whenSynced();
  await clock.advance(5_000);
  transport.lastWatch.send('ADDED', object('a', '11'));
  expect(reflector.lastContactAt).toEqual(clock.now());
});

test('lists anew when it is asked to, and is not fresh until that is there', async () => {
  const transport = new ScriptedTransport(listAnswer('10', [item('a', '3')]), listAnswer('12', [item('b', '11')]));
  const { errors, names, reflector } = setUp(transport);
  await reflector.whenSynced();
  await setImmediate();
  expect(reflector.fresh).toBe(true);
  const refreshed = reflector.refresh();
  expect([reflector.fresh, reflector.synced]).toEqual([false, true]);
  await refreshed;
  await setImmediate();
  expect(names()).toEqual(['b']);
  expect(reflector.fresh).toBe(true);
  expect(transport.lastWatch.query['resourceVersion']).toBe('12');
  expect(errors).toEqual([]);
});

test('lists again for who asks while a list is under way: that one may be older than the question', async () => {
  const transport = new ScriptedTransport(listAnswer('10', [item('a', '3')]), listAnswer('12', [item('b', '11')]));
  const { names, reflector } = setUp(transport);
  await reflector.refresh();
  expect(names()).toEqual(['b']);
  expect(reflector.counts.lists).toBe(2);
});

test('goes on trying to list anew when the server fails, and tells who asks only then', async () => {
  const transport = new ScriptedTransport(listAnswer('10', []));
  const { clock, reflector } = setUp(transport);
  await reflector.whenSynced();
  await setImmediate();
  transport.answers = [new UnreachableError('refused')];
  let isThere = false;
  void reflector.refresh().then(() => {
    isThere = true;
  });
  await clock.advance(5_000);
  expect([isThere, reflector.fresh]).toEqual([false, false]);
  transport.answers = [listAnswer('20', [item('a', '15')])];
  await clock.advance(20_000);
  expect([isThere, reflector.fresh]).toEqual([true, true]);
});
