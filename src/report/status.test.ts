import { beforeEach, expect, it } from 'vitest';
import { connectDirectly, type DirectClient } from '../../test/support/direct-client.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { anInstance } from '../../test/support/objects.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { VirtualTime } from '../../test/support/virtual-time.ts';
import type { ConditionState } from '../api/conditions.ts';
import { RESOURCES } from '../api/resources.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import { Store } from '../kube/cache.ts';
import { ConflictError } from '../kube/errors.ts';
import { reportStatus } from './status.ts';

const READY: ConditionState = { type: 'Ready', status: 'True', reason: 'AsDeclared', message: '' };
let direct: DirectClient;
let store: Store<ServiceInstance>;
let instance: ServiceInstance;

beforeEach(async () => {
  const server = new FakeApiServer({ name: 'hub', time: new VirtualTime(), random: new SeededRandom(1) });
  server.serve(RESOURCES.serviceInstance);
  direct = connectDirectly(server);
  store = new Store();
  instance = await direct.client.create(RESOURCES.serviceInstance, anInstance('mail'));
});

const report = (
  conditions: readonly ConditionState[],
  fields: Record<string, unknown> = {},
  now = '2026-01-01T00:00:00Z',
) =>
  reportStatus({ client: direct.client, resource: RESOURCES.serviceInstance, store, now }, latest(), {
    conditions,
    fields,
  });
const latest = (): ServiceInstance => store.get('switchback-system/mail') ?? instance;

it('is written once, with the generation that it was made from', async () => {
  await report([READY]);
  expect(latest().status).toMatchObject({
    observedGeneration: 1,
    conditions: [{ type: 'Ready', observedGeneration: 1 }],
  });
  const writes = direct.writes().length;
  await report([READY], {}, '2026-01-01T01:00:00Z');
  expect(direct.writes()).toHaveLength(writes);
});

it('keeps the time of a condition until its status changes', async () => {
  await report([READY], {}, '2026-01-01T00:00:00Z');
  await report([{ ...READY, message: 'still' }], {}, '2026-01-01T01:00:00Z');
  expect(latest().status?.conditions?.[0]?.lastTransitionTime).toBe('2026-01-01T00:00:00Z');
  await report([{ ...READY, status: 'False' }], {}, '2026-01-01T02:00:00Z');
  expect(latest().status?.conditions?.[0]?.lastTransitionTime).toBe('2026-01-01T02:00:00Z');
});

it('leaves the fields of other writers alone, and removes its own by null', async () => {
  await report([READY], { placements: [], weights: [{ region: 'east', weight: 100 }] });
  await report([READY], { weights: null });
  expect(latest().status).toHaveProperty('placements');
  expect(latest().status).not.toHaveProperty('weights');
});

it('is not said of an object that was made anew under the same name', async () => {
  await direct.client.delete(RESOURCES.serviceInstance, { name: 'mail', namespace: 'switchback-system' });
  const anew = await direct.client.create(RESOURCES.serviceInstance, anInstance('mail'));
  await expect(report([READY])).rejects.toThrow();
  const read = await direct.client.read(RESOURCES.serviceInstance, { name: 'mail', namespace: 'switchback-system' });
  expect(read.metadata.resourceVersion).toBe(anew.metadata.resourceVersion);
});

it('replaces nothing that it has not seen, where something is decided by it', async () => {
  const seen = latest();
  const write = (isExact: boolean, weight: number) => {
    const options = { client: direct.client, resource: RESOURCES.serviceInstance, store, now: '2026-01-01T00:00:00Z' };
    const fields = { weights: [{ region: 'east', weight }] };
    return reportStatus({ ...options, isExact }, seen, { conditions: [READY], fields });
  };
  await write(true, 1);
  await expect(write(true, 2)).rejects.toThrow(ConflictError);
  expect(latest().status?.weights).toEqual([{ region: 'east', weight: 1 }]);
  await write(false, 3);
  expect(latest().status?.weights).toEqual([{ region: 'east', weight: 3 }]);
});

it('replaces the whole where nobody else reports on the kind, and only what it has seen', async () => {
  const options = { client: direct.client, resource: RESOURCES.serviceInstance, store, now: '2026-01-01T00:00:00Z' };
  const write = (seen: ServiceInstance, fields: Record<string, unknown>) =>
    reportStatus({ ...options, isSole: true }, seen, { conditions: [READY], fields });
  const seen = latest();
  await write(seen, { placements: [], weights: [{ region: 'east', weight: 1 }] });
  expect(direct.writes().at(-1)).toBe('PUT status');
  await expect(write(seen, { weights: null })).rejects.toThrow(ConflictError);
  await write(latest(), { weights: null });
  expect(latest().status).toMatchObject({ observedGeneration: 1, placements: [], conditions: [{ type: 'Ready' }] });
  expect(latest().status).not.toHaveProperty('weights');
  expect(latest().spec).toEqual(seen.spec);
  const writes = direct.writes().length;
  await write(latest(), { weights: null });
  expect(direct.writes()).toHaveLength(writes);
});

it('makes a field exactly what was said: what is not in it any more goes, also deep inside', async () => {
  const hold = { wanted: 'SwitchedBack', reason: 'NotStableYet', message: 'wait', until: '2026-01-01T00:01:00Z' };
  await report([READY], { hold, traffic: { name: 'a', acceptedTime: 'x', more: { seenTime: 'y' } } });
  const { until: _, ...endless } = hold;
  await report([READY], { hold: endless, traffic: { name: 'a', more: {} } });
  expect(latest().status).toMatchObject({ hold: endless });
  expect(latest().status?.hold).not.toHaveProperty('until');
  expect(latest().status?.traffic).toEqual({ name: 'a', more: {} });
  const writes = direct.writes().length;
  await report([READY], { hold: endless, traffic: { name: 'a', more: {} } });
  expect(direct.writes()).toHaveLength(writes);
});
