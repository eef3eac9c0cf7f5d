import { beforeEach, describe, expect, it } from 'vitest';
import { connectDirectly, type DirectClient } from '../../test/support/direct-client.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { anAssignment, anInstance } from '../../test/support/objects.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { VirtualTime } from '../../test/support/virtual-time.ts';
import { RESOURCES } from '../api/resources.ts';
import type { Assignment, ServiceInstance } from '../api/service-instance.ts';
import { ConflictError, UnreachableError } from '../kube/errors.ts';
import { AssignmentBook } from './assignments.ts';

const KEY = 'switchback-system/mail';
const FIRST = anAssignment('1 east>west');
const SECOND = anAssignment('1 east>west', '2 west>east');
const THIRD = anAssignment('2 west>east', '3 east>west');
let direct: DirectClient;
let book: AssignmentBook;
let instance: ServiceInstance;

beforeEach(async () => {
  const server = new FakeApiServer({ name: 'hub', time: new VirtualTime(), random: new SeededRandom(1) });
  server.serve(RESOURCES.serviceInstance);
  direct = connectDirectly(server);
  book = new AssignmentBook(direct.client);
  instance = await direct.client.create(RESOURCES.serviceInstance, anInstance('mail'));
});

const record = (object: ServiceInstance, next: Assignment, mayWrite = true) =>
  book.record(object, next, () => mayWrite);
const report = () =>
  direct.client.mergePatch(
    RESOURCES.serviceInstance,
    { name: 'mail', namespace: 'switchback-system' },
    { status: { observedGeneration: 1 } },
    { subresource: 'status' },
  );
const read = () => direct.client.read(RESOURCES.serviceInstance, { name: 'mail', namespace: 'switchback-system' });
const withAssignment = (object: ServiceInstance, assignment: Assignment): ServiceInstance => ({
  ...object,
  status: { observedGeneration: 1, assignment },
});

it('failovers in a row that are forgotten leave nothing behind', async () => {
  const lost = await record(instance, { ...FIRST, homeLosses: 2 });
  expect((await read()).status?.assignment?.homeLosses).toBe(2);
  await record(lost, SECOND);
  expect((await read()).status?.assignment).toEqual(SECOND);
});

it('a move that nobody asked for leaves nothing behind of the person who asked for the one before', async () => {
  const asked = await record(instance, { ...FIRST, regionSwitch: 'evacuate-east' });
  expect((await read()).status?.assignment?.regionSwitch).toBe('evacuate-east');
  await record(asked, SECOND);
  expect((await read()).status?.assignment).toEqual(SECOND);
});

describe('a leadership', () => {
  it('begins with what the API server has by quorum, not with a cache', async () => {
    await record(instance, FIRST);
    book.forget();
    expect([book.loaded, book.get(KEY)]).toEqual([false, undefined]);
    await book.load();
    expect(book.loaded).toBe(true);
    expect(book.get(KEY)?.epoch).toBe(1);
    expect(direct.requests.at(-1)?.query?.['resourceVersion']).toBeUndefined();
  });

  it('does not take the answer to what an earlier one asked', async () => {
    const loading = book.load();
    book.forget();
    await loading;
    expect(book.loaded).toBe(false);
  });
});

describe('an intent', () => {
  it('is one compare-and-swap on what was decided on', async () => {
    const written = await record(instance, FIRST);
    expect(written.status?.assignment).toEqual(FIRST);
    expect(book.get(KEY)).toEqual(FIRST);
    await expect(record(instance, SECOND)).rejects.toThrow(ConflictError);
    expect((await read()).status?.assignment?.epoch).toBe(1);
  });

  it('is refused when the object changed since', async () => {
    await direct.client.mergePatch(
      RESOURCES.serviceInstance,
      { name: 'mail', namespace: 'switchback-system' },
      { spec: { agents: 7 } },
    );
    await expect(record(instance, FIRST)).rejects.toThrow(ConflictError);
    expect(book.get(KEY)).toBeUndefined();
  });

  it('is recorded although its object was reported on meanwhile', async () => {
    await report();
    expect((await record(instance, FIRST)).status).toEqual({ observedGeneration: 1, assignment: FIRST });
    await expect(record(instance, SECOND)).rejects.toThrow(ConflictError);
  });

  it('is not tried again by who leads no more', async () => {
    await report();
    await expect(record(instance, FIRST, false)).rejects.toThrow(ConflictError);
    expect((await read()).status?.assignment).toBeUndefined();
  });

  it('that was carried out although its reply was lost is found again', async () => {
    direct.after = ({ method }) => {
      if (method === 'PATCH') throw new UnreachableError('no answer');
    };
    await expect(record(instance, FIRST)).rejects.toThrow('no answer');
    expect(book.get(KEY)).toEqual(FIRST);
  });

  it('is not written out of a picture that is older than what is known', async () => {
    book.take(withAssignment(instance, SECOND));
    const before = direct.requests.length;
    await expect(record(instance, FIRST)).rejects.toThrow(ConflictError);
    expect(direct.requests).toHaveLength(before);
  });
});

describe('what is known', () => {
  it('never falls back to a lower epoch', () => {
    book.take(withAssignment(instance, SECOND));
    book.take(withAssignment(instance, FIRST));
    expect(book.get(KEY)?.epoch).toBe(2);
    book.take(withAssignment(instance, THIRD));
    expect(book.get(KEY)?.epoch).toBe(3);
  });

  it('begins anew with an instance that was deleted and made anew under the same name', async () => {
    const old = await record(instance, FIRST);
    await direct.client.delete(RESOURCES.serviceInstance, { name: 'mail', namespace: 'switchback-system' });
    const anew = await direct.client.create(RESOURCES.serviceInstance, anInstance('mail'));
    book.take(anew);
    expect(book.get(KEY)).toBeUndefined();
    await record(anew, FIRST);
    book.take(withAssignment(old, THIRD));
    expect(book.get(KEY)).toEqual(FIRST);
  });
});
