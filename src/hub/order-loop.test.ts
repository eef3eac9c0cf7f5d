import { beforeEach, describe, expect, it } from 'vitest';
import { NOBODY_BEFORE } from '../../test/support/inheritance.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import {
  aClass,
  aGroup,
  anActive,
  anAssignment,
  anInstance,
  anOrder,
  anOrderedComponent,
} from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import type { IUGroup } from '../api/iu-group.ts';
import type { RegionalService } from '../api/regional-service.ts';
import type { ServiceClass } from '../api/service-class.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import { Store } from '../kube/cache.ts';
import type { KubeObject } from '../kube/object.ts';
import type { HubContext } from './context.ts';
import { KeptEmptyBook } from './kept-empty-book.ts';
import { createOrderLoop } from './order-loop.ts';
import { PlacementCache } from './placements.ts';
import type { RegionLink } from './region-link.ts';

/** A service that serves in several regions was moved from east to west; east still holds its order. */
const KEY = 'switchback-system/web';
let clock: ManualClock;
let deletions: number;
let west: Store<RegionalService>;
let instances: Store<ServiceInstance>;

const storeOf = <T extends KubeObject>(...objects: T[]): Store<T> => {
  const store = new Store<T>({});
  store.replace(objects, '1');
  return store;
};
const orderIn = (phase: 'Starting' | 'Active'): RegionalService => ({
  ...anOrder('web', [anOrderedComponent()], { mode: 'Active', successors: [] }),
  status: { observedGeneration: 1, phase },
});
const instanceWith = (east: number): ServiceInstance => ({
  ...anInstance('web', { serviceClassRef: { name: 'web' }, primaryRegion: 'west', secondaryRegions: [] }),
  status: {
    observedGeneration: 1,
    weights: [
      { region: 'west', weight: 100 - east },
      { region: 'east', weight: east },
    ],
  },
});

beforeEach(() => {
  clock = new ManualClock();
  deletions = 0;
  const groups = storeOf<IUGroup>(
    aGroup('americas', ['east', 'west'], { traffic: { domain: 'x.test', ttlSeconds: 20 } }),
  );
  const classes = storeOf<ServiceClass>(aClass('web', anActive()));
  instances = storeOf<ServiceInstance>(instanceWith(100));
  west = storeOf<RegionalService>(orderIn('Starting'));
  const linkOf = (region: string, store: Store<RegionalService>) =>
    partOf<RegionLink>(`link of ${region}`, {
      region,
      synced: true,
      services: { store },
      leases: { store: { get: () => undefined } },
      client: {
        delete: async () => {
          deletions += 1;
        },
      },
    });
  const east = linkOf('east', storeOf<RegionalService>(orderIn('Active')));
  const links = new Map([
    ['east', east],
    ['west', linkOf('west', west)],
  ]);
  const healthy = { state: 'Healthy', reason: 'RegionHealthy', message: '' };
  const context = partOf<HubContext>('context', {
    inheritance: NOBODY_BEFORE,
    clock,
    random: new SeededRandom(1),
    groups: { store: groups },
    classes: { store: classes },
    instances: { store: instances },
    links: { get: (region: string) => links.get(region), list: () => [...links.values()] },
    diagnoses: new Map(['east', 'west'].map((region) => [region, healthy])),
    assignments: { loaded: true, get: () => anAssignment('9 west>') },
    placements: new PlacementCache(groups, classes),
    leadership: { isCertain: () => true, term: 1 },
    keptEmpty: new KeptEmptyBook(),
    log: () => undefined,
  });
  const loop = createOrderLoop(context, east);
  loop.start();
  loop.enqueue(KEY);
});

const serves = () => west.replace([orderIn('Active')], '2');
const hasTraffic = (east: number) => instances.replace([instanceWith(east)], '2');

describe('a region that lost its place in a service that serves in several', () => {
  it('keeps its order for as long as the new region does not serve', async () => {
    await clock.advance(600_000);
    expect(deletions).toBe(0);
  });

  it('keeps it while traffic is led to it', async () => {
    serves();
    await clock.advance(600_000);
    expect(deletions).toBe(0);
  });

  it('gives it up when names that led to it are forgotten', async () => {
    serves();
    hasTraffic(0);
    await clock.advance(79_000);
    expect(deletions).toBe(0);
    await clock.advance(4_000);
    expect(deletions).toBe(1);
  });

  it('begins that time anew when it is needed again', async () => {
    serves();
    hasTraffic(0);
    await clock.advance(70_000);
    west.replace([orderIn('Starting')], '3');
    await clock.advance(5_000);
    serves();
    await clock.advance(70_000);
    expect(deletions).toBe(0);
  });
});
