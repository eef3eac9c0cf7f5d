import { beforeEach, describe, expect, it } from 'vitest';
import { connectDirectly, type DirectClient } from '../../test/support/direct-client.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { aClass } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { VirtualTime } from '../../test/support/virtual-time.ts';
import { RESOURCES } from '../api/resources.ts';
import type { ServiceClass } from '../api/service-class.ts';
import { Store } from '../kube/cache.ts';
import type { Controller } from '../runtime/controller.ts';
import { createClassLoop } from './class-loop.ts';
import type { HubContext } from './context.ts';

let direct: DirectClient;
let store: Store<ServiceClass>;
let clock: ManualClock;
let loop: Controller;

beforeEach(() => {
  const random = new SeededRandom(1);
  const server = new FakeApiServer({ name: 'hub', time: new VirtualTime(), random });
  server.serve(RESOURCES.serviceClass);
  direct = connectDirectly(server);
  store = new Store<ServiceClass>({});
  store.replace([], '1');
  clock = new ManualClock();
  const context = partOf<HubContext>('context', {
    clock,
    random,
    client: direct.client,
    classes: { store, reflector: { synced: true } },
    leadership: { isCertain: () => true },
    log: () => undefined,
  });
  loop = createClassLoop(context);
  loop.start();
});

async function apply(...classes: readonly ServiceClass[]): Promise<void> {
  for (const each of classes) store.apply(await direct.client.create(RESOURCES.serviceClass, each));
  await look();
}
async function look(): Promise<void> {
  for (const each of store.list()) loop.enqueue(each.metadata.name);
  await clock.advance(1000);
}
const told = (name: string): string[] =>
  (store.get(name)?.status?.conditions ?? []).map(({ reason, status, type }) => `${type}=${status} ${reason}`);

describe('the status of a service class', () => {
  it('says that it requires something that is not there, until it is', async () => {
    await apply(aClass('mail', { requires: [{ serviceClass: 'voice' }] }));
    expect(told('mail')).toEqual([
      'Ready=False ServiceClassNotFound',
      'Stalled=True ServiceClassNotFound',
      'DependenciesMet=False ServiceClassNotFound',
    ]);
    await apply(aClass('voice'));
    expect(told('mail')).toEqual(['Ready=True AsDeclared', 'DependenciesMet=True AsDeclared']);
  });

  it('is written once, also where nothing is required: who waits for a class must see that somebody looked', async () => {
    await apply(aClass('mail', { requires: [{ serviceClass: 'voice' }] }), aClass('voice'));
    const before = direct.writes().length;
    await look();
    await look();
    expect(direct.writes()).toHaveLength(before);
    expect(told('voice')).toEqual(['Ready=True AsDeclared']);
  });
});
