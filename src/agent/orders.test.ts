import { beforeEach, describe, expect, it } from 'vitest';
import { connectDirectly, type DirectClient } from '../../test/support/direct-client.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { anOrder, anOrderedComponent } from '../../test/support/objects.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { VirtualTime } from '../../test/support/virtual-time.ts';
import type { RegionalService } from '../api/regional-service.ts';
import { RESOURCES } from '../api/resources.ts';
import { UnreachableError } from '../kube/errors.ts';
import { OrderBook } from './orders.ts';

const KEY = 'switchback-system/mail';
const COMPONENTS = [anOrderedComponent()];
let direct: DirectClient;
let book: OrderBook;

/** The order as it was seen: of a life (`uid`), at a version. */
function seen(epoch: number, resourceVersion: string, uid = 'first'): RegionalService {
  const order = anOrder('mail', COMPONENTS, { epoch });
  return { ...order, metadata: { ...order.metadata, uid, resourceVersion } };
}

beforeEach(() => {
  const server = new FakeApiServer({ name: 'east', time: new VirtualTime(), random: new SeededRandom(1) });
  server.serve(RESOURCES.regionalService);
  direct = connectDirectly(server);
  book = new OrderBook(direct.client);
  book.beginLeadership();
});

describe('an order', () => {
  it('gives way to a newer version', () => {
    book.take(seen(1, '5'));
    book.take(seen(2, '6'));
    expect(book.get(KEY)?.spec.epoch).toBe(2);
  });

  it.each([
    ['a lower epoch, whatever its version', seen(1, '9')],
    ['an older version', seen(2, '5')],
    ['what a lagging watch still shows of an object that was made anew since', seen(3, '5', 'zeroth')],
  ])('never gives way to %s', (_, late) => {
    const known = seen(2, '6');
    book.take(known);
    book.take(late);
    expect(book.get(KEY)).toBe(known);
  });

  it('gives way to one that was made anew later, also at a lower epoch', () => {
    book.take(seen(7, '6'));
    book.take(seen(1, '9', 'second'));
    expect(book.get(KEY)?.spec.epoch).toBe(1);
  });

  it('is dropped when it is deleted, but not by the deletion of an earlier life', () => {
    const known = seen(1, '9', 'second');
    book.take(known);
    book.drop(seen(7, '6'));
    expect(book.get(KEY)).toBe(known);
    book.drop(known);
    expect(book.get(KEY)).toBeUndefined();
  });
});

describe('a new leader', () => {
  it('is sure only when it has read all orders by quorum', async () => {
    await direct.client.create(RESOURCES.regionalService, anOrder('mail', COMPONENTS));
    expect(book.sure).toBe(false);
    await book.load();
    expect(book.sure).toBe(true);
    expect(book.get(KEY)?.spec.epoch).toBe(1);
    expect(direct.requests.at(-1)?.query?.['resourceVersion']).toBeUndefined();
  });

  it('forgets an order that is gone and that its cache still shows, however late that hears of it', async () => {
    await direct.client.create(RESOURCES.regionalService, anOrder('other', COMPONENTS));
    book.take(seen(1, '0'));
    await book.load();
    expect(book.get(KEY)).toBeUndefined();
    book.take(seen(2, '1'));
    expect(book.get(KEY)).toBeUndefined();
  });

  it('keeps an order that was made after it had read', async () => {
    await direct.client.create(RESOURCES.regionalService, anOrder('other', COMPONENTS));
    book.take(seen(1, '99'));
    await book.load();
    expect(book.get(KEY)?.spec.epoch).toBe(1);
    book.drop(seen(1, '99'));
    book.take(seen(1, '100', 'second'));
    expect(book.get(KEY)?.metadata.uid).toBe('second');
  });

  it('that reads again, because it hears late, takes what was made since it read first', async () => {
    await direct.client.create(RESOURCES.regionalService, anOrder('other', COMPONENTS));
    await book.load();
    await direct.client.create(RESOURCES.regionalService, anOrder('mail', COMPONENTS));
    await book.load();
    expect(book.get(KEY)?.spec.epoch).toBe(1);
  });

  it('takes nothing from a read that was let go while the answer was under way', async () => {
    const made = await direct.client.create(RESOURCES.regionalService, anOrder('mail', COMPONENTS));
    const loading = book.load();
    book.drop(made);
    await loading;
    expect(book.get(KEY)).toBeUndefined();
  });

  it('is not sure by what an earlier leadership asked', async () => {
    const loading = book.load();
    book.beginLeadership();
    await loading;
    expect(book.sure).toBe(false);
  });

  it('is not sure when the API server did not answer', async () => {
    direct.before = () => {
      throw new UnreachableError('no answer');
    };
    await expect(book.load()).rejects.toThrow('no answer');
    expect(book.sure).toBe(false);
  });
});
