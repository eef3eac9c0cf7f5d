import { beforeEach, describe, expect, it } from 'vitest';
import { connectDirectly, type DirectClient } from '../../test/support/direct-client.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { anAssignment, anInstance, anOrder, anOrderedComponent } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { VirtualTime } from '../../test/support/virtual-time.ts';
import { RESOURCES } from '../api/resources.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import type { RegionState } from '../decide/diagnosis.ts';
import type { Controller } from '../runtime/controller.ts';
import { INSTANCE_FINALIZER } from './cohort-loop.ts';
import type { HubContext } from './context.ts';
import { createInstanceLoop } from './instance-loop.ts';

const KEY = 'switchback-system/mail';
const WHERE = { name: 'mail', namespace: 'switchback-system' };
const REGIONS = ['east', 'west', 'north'] as const;

/** An instance that a person has deleted, its finalizer in place, and what stands in each region. */
let hub: DirectClient;
let regions: Map<string, DirectClient>;
let states: Map<string, RegionState>;
let clock: ManualClock;
let loop: Controller;

const serverOf = (name: string): FakeApiServer =>
  new FakeApiServer({ name, time: new VirtualTime(), random: new SeededRandom(1) });

beforeEach(async () => {
  clock = new ManualClock();
  const server = serverOf('hub');
  server.serve(RESOURCES.serviceInstance);
  hub = connectDirectly(server);
  const made = anInstance('mail', { primaryRegion: 'east', secondaryRegions: ['west'] });
  const metadata = { ...made.metadata, finalizers: [INSTANCE_FINALIZER] };
  await hub.client.create(RESOURCES.serviceInstance, { ...made, metadata });
  await hub.client.delete(RESOURCES.serviceInstance, WHERE);
  const instance: ServiceInstance = await hub.client.read(RESOURCES.serviceInstance, WHERE);
  regions = new Map(
    REGIONS.map((region) => {
      const own = serverOf(region);
      own.serve(RESOURCES.regionalService);
      return [region as string, connectDirectly(own)];
    }),
  );
  states = new Map(REGIONS.map((region) => [region as string, 'Healthy']));
  // What each cache shows: nothing of the service, and that it is whole.
  const links = new Map(
    [...regions].map(([region, { client }]) => [
      region,
      { region, client, synced: true, services: { store: { get: () => undefined } } },
    ]),
  );
  const context = partOf<HubContext>('context', {
    clock,
    random: new SeededRandom(1),
    client: hub.client,
    instances: { store: { get: () => instance } },
    assignments: { loaded: true, get: () => anAssignment('1 east>west') },
    leadership: { isCertain: () => true },
    links: { get: (region: string) => links.get(region), list: () => [...links.values()] },
    diagnoses: { get: (region: string) => ({ state: states.get(region) }) },
    placements: { forget: () => undefined },
    traffic: new Map(),
    log: () => undefined,
  });
  loop = createInstanceLoop(context, partOf<Controller>('reports', { enqueue: () => undefined }));
  loop.start();
});

async function isForgotten(): Promise<boolean> {
  loop.enqueue(KEY);
  await clock.advance(3000);
  return hub.writes().some((write) => write.startsWith('PATCH'));
}

const order = async (region: string): Promise<void> => {
  await regions.get(region)?.client.create(RESOURCES.regionalService, anOrder('mail', [anOrderedComponent()]));
};
const cutOff = (region: string): void => {
  states.set(region, 'Lost');
  const direct = regions.get(region);
  if (!direct) return;
  direct.before = () => {
    throw new Error('no answer');
  };
};

describe('an instance that is deleted', () => {
  it('is forgotten when no region holds an order for it', async () => {
    expect(await isForgotten()).toBe(true);
  });

  it.each(REGIONS)('stays while %s holds one that the cache does not show', async (region) => {
    await order(region);
    expect(await isForgotten()).toBe(false);
    await regions.get(region)?.client.delete(RESOURCES.regionalService, WHERE);
    await clock.advance(3000);
    expect(await isForgotten()).toBe(true);
  });

  it('stays while a region that it has a place in does not answer', async () => {
    cutOff('west');
    expect(await isForgotten()).toBe(false);
  });

  it('does not wait for a region that it never had a place in, and that is lost', async () => {
    cutOff('north');
    expect(await isForgotten()).toBe(true);
  });
});
