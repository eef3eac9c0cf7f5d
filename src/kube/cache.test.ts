import { expect, test } from 'vitest';
import { Store } from './cache.ts';
import type { ConfigMap } from './kinds.ts';
import type { Delta } from './store.ts';

const map = (name: string, resourceVersion: string, data: Record<string, string> = {}): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'n', uid: `uid-${name}`, resourceVersion },
  data,
});

const byColour = { colour: (object: ConfigMap) => (object.data?.['colour'] ? [object.data['colour']] : []) };

function recorded(store: Store<ConfigMap>): string[] {
  const seen: string[] = [];
  store.addHandler((delta: Delta<ConfigMap>) =>
    seen.push(`${delta.type} ${delta.object.metadata.name}@${delta.object.metadata.resourceVersion}`),
  );
  return seen;
}

test('replace tells what was added, changed and deleted since, and nothing about what is the same', () => {
  const store = new Store<ConfigMap>();
  store.replace([map('same', '1'), map('changed', '2'), map('gone', '3')], '3');
  const seen = recorded(store);
  seen.length = 0;
  store.replace([map('same', '1'), map('changed', '5'), map('new', '6')], '6');
  expect(seen).toEqual(['updated changed@5', 'added new@6', 'deleted gone@3']);
});

test('a handler that comes late hears of all that is there, and nothing once it is removed', () => {
  const store = new Store<ConfigMap>();
  store.upsert(map('a', '1'));
  const seen: string[] = [];
  const remove = store.addHandler(({ type }) => seen.push(type));
  store.upsert(map('a', '2'));
  remove();
  store.upsert(map('a', '3'));
  expect(seen).toEqual(['added', 'updated']);
});

test('indexes follow additions, changes and deletions', () => {
  const store = new Store<ConfigMap>({ indexers: byColour });
  const reds = () => store.byIndex('colour', 'red').map(({ metadata }) => metadata.name);
  store.replace([map('a', '1', { colour: 'red' }), map('b', '2', { colour: 'blue' })], '2');
  store.upsert(map('b', '3', { colour: 'red' }));
  expect(reds()).toEqual(['a', 'b']);
  store.upsert(map('a', '4', { colour: 'blue' }));
  expect(reds()).toEqual(['b']);
  store.remove(map('b', '5'));
  expect(reds()).toEqual([]);
  expect(() => store.byIndex('shape', 'round')).toThrow(/no index/);
});

test('a handler that throws is reported and does not keep the others from hearing', () => {
  const errors: unknown[] = [];
  const store = new Store<ConfigMap>({ onHandlerError: (error) => errors.push(error) });
  store.addHandler(() => {
    throw new Error('broken');
  });
  const seen = recorded(store);
  store.upsert(map('a', '1'));
  expect(seen).toEqual(['added a@1']);
  expect(errors).toHaveLength(1);
});

test('an own write is seen at once and its echo is no change', () => {
  const store = new Store<ConfigMap>();
  store.replace([map('a', '5')], '5');
  const seen = recorded(store);
  store.apply(map('a', '9'));
  store.upsert(map('a', '9'));
  expect(store.get('n/a')?.metadata.resourceVersion).toBe('9');
  expect(seen).toEqual(['added a@5', 'updated a@9']);
});

test('an event older than the own write is dropped, a newer one is taken', () => {
  const store = new Store<ConfigMap>();
  store.replace([map('a', '5')], '5');
  store.apply(map('a', '10'));
  store.upsert(map('a', '9'));
  expect(store.get('n/a')?.metadata.resourceVersion).toBe('10');
  store.upsert(map('a', '11'));
  expect(store.get('n/a')?.metadata.resourceVersion).toBe('11');
});

test('the answer of a write never brings back an older state or a deleted object', () => {
  const store = new Store<ConfigMap>();
  store.replace([map('a', '5'), map('b', '5')], '5');
  store.upsert(map('a', '20'));
  store.remove(map('b', '21'));
  store.apply(map('a', '19'));
  store.apply(map('b', '18'));
  expect(store.get('n/a')?.metadata.resourceVersion).toBe('20');
  expect(store.get('n/b')).toBeUndefined();
});

test('a deletion older than the own write that made the object anew is dropped', () => {
  const store = new Store<ConfigMap>();
  store.replace([map('a', '5')], '5');
  store.apply(map('a', '12'));
  store.remove(map('a', '11'));
  expect(store.get('n/a')?.metadata.resourceVersion).toBe('12');
  store.remove(map('a', '13'));
  expect(store.get('n/a')).toBeUndefined();
});

test('a write answered while a list is under way survives the list that does not know it', () => {
  const store = new Store<ConfigMap>();
  store.relisting();
  store.apply(map('a', '12'));
  store.replace([], '11');
  expect(store.get('n/a')).toBeDefined();
});

test('a write answered while a list is under way gives way to a list that knows something newer', () => {
  const store = new Store<ConfigMap>();
  store.relisting();
  store.apply(map('changed', '7'));
  store.apply(map('gone', '8'));
  // Somebody else has written and deleted since, and the watch begins after both: it will never tell.
  store.replace([map('changed', '9')], '10');
  expect([store.get('n/changed')?.metadata.resourceVersion, store.get('n/gone')]).toEqual(['9', undefined]);
});

test('a server that was restored to an earlier state is believed: earlier writes are not held against its list', () => {
  const store = new Store<ConfigMap>();
  store.replace([map('a', '500'), map('b', '501')], '501');
  store.apply(map('a', '502'));
  store.relisting();
  store.replace([map('a', '100')], '120');
  expect(store.get('n/a')?.metadata.resourceVersion).toBe('100');
  expect(store.get('n/b')).toBeUndefined();
});

test('keeps only the projection, and freezes it when asked', () => {
  const store = new Store<ConfigMap>({ transform: ({ data: _data, ...rest }) => rest, freeze: true });
  store.upsert(store.prepare(map('a', '1', { large: 'x' })));
  const kept = store.get('n/a');
  expect(kept?.data).toBeUndefined();
  expect(Object.isFrozen(kept?.metadata)).toBe(true);
});
