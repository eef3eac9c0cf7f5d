import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { aBackup, aClass, anActive, anAssignment, anInstance } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import type { RegionState } from '../decide/diagnosis.ts';
import { Store } from '../kube/cache.ts';
import type { KubeObject } from '../kube/object.ts';
import { AvailabilityBook } from './availability.ts';
import type { HubContext } from './context.ts';

interface Seen {
  phase?: string;
  epoch?: number;
  state?: RegionState;
  lastSignMs?: number;
}

let clock: ManualClock;
let regions: Record<string, Seen>;
let leads: boolean;
let assignment: ReturnType<typeof anAssignment>;
let told: { expected: number; unavailable: number };
let book: AvailabilityBook;

function start(mode: 'Active' | 'Backup' | 'None'): void {
  const storeOf = <T extends KubeObject>(objects: readonly T[]) => {
    const store = new Store<T>();
    store.replace([...objects], '1');
    return { store };
  };
  const instance = anInstance('mail', { primaryRegion: 'east', secondaryRegions: ['west'] });
  const context = partOf<HubContext>('context', {
    clock,
    leadership: { isCertain: () => leads },
    assignments: { loaded: true, get: () => assignment },
    instances: storeOf([instance]),
    classes: storeOf([aClass('voice-mail', { Backup: aBackup(), Active: anActive(), None: {} }[mode])]),
    diagnoses: { get: (region: string) => ({ state: regions[region]?.state ?? 'Healthy' }) },
    links: {
      get: (region: string) => ({
        synced: true,
        lastSignAt: () => regions[region]?.lastSignMs,
        services: { store: { get: () => ({ status: { epoch: 3, ...regions[region] } }) } },
      }),
    },
  });
  book = new AvailabilityBook(context, ({ expectedSeconds, group, serviceClass, unavailableSeconds }) => {
    expect([group, serviceClass]).toEqual(['americas', 'voice-mail']);
    told = { expected: told.expected + expectedSeconds, unavailable: told.unavailable + unavailableSeconds };
  });
}

beforeEach(() => {
  clock = new ManualClock();
  leads = true;
  told = { expected: 0, unavailable: 0 };
  regions = { east: { phase: 'Active' }, west: { phase: 'Standby' } };
  assignment = { ...anAssignment('3 east>west'), since: new Date(clock.now().wallMs).toISOString() };
});

async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    await clock.advance(1000);
    book.look();
  }
}

describe('an active/backup service', () => {
  beforeEach(() => {
    start('Backup');
    book.look();
  });

  it('that is active and ready misses nothing', async () => {
    await pass(10);
    expect(told).toEqual({ expected: 10, unavailable: 0 });
  });

  it('that is not ready misses each second', async () => {
    await pass(2);
    regions['east'] = { phase: 'Starting' };
    await pass(3);
    regions['east'] = { phase: 'Active' };
    await pass(5);
    expect(told).toEqual({ expected: 10, unavailable: 3 });
  });

  it('whose region is lost misses the time since its last sign of life, once', async () => {
    await pass(20);
    regions['east'] = { phase: 'Active', state: 'Lost', lastSignMs: clock.now().wallMs - 8000 };
    await pass(5);
    expect(told).toEqual({ expected: 25, unavailable: 13 });
  });

  it('that goes to the next region in the moment in which its own is found lost misses the silence too', async () => {
    await pass(20);
    regions['east'] = { phase: 'Active', state: 'Lost', lastSignMs: clock.now().wallMs - 8000 };
    assignment = { ...anAssignment('3 east>west', '4 west>'), activeSinceEpoch: 4 };
    await pass(5);
    expect(told).toEqual({ expected: 25, unavailable: 13 });
  });

  it('that is ready at an epoch of an earlier run is not served', async () => {
    await pass(1);
    assignment = { ...assignment, epoch: 4, activeSinceEpoch: 4 };
    await pass(2);
    expect(told.unavailable).toBe(2);
    assignment = { ...assignment, activeSinceEpoch: 3 };
    await pass(2);
    expect(told.unavailable).toBe(2);
  });

  it('of a region that only the hub cannot see has what it had last', async () => {
    regions['east'] = { phase: 'Active', state: 'Degraded' };
    await pass(5);
    expect(told).toEqual({ expected: 5, unavailable: 0 });
  });

  it('of a region of which nothing is known counts for nothing', async () => {
    regions['east'] = { phase: 'Active', state: 'Unknown' };
    await pass(5);
    expect(told).toEqual({ expected: 0, unavailable: 0 });
  });

  it('is not counted by who does not lead, nor the time before', async () => {
    leads = false;
    await pass(100);
    leads = true;
    regions['east'] = { phase: 'Active' };
    await pass(3);
    expect(told).toEqual({ expected: 2, unavailable: 0 });
  });
});

it('a service that starts for the first time is missed from five minutes after its assignment', async () => {
  start('Backup');
  regions['east'] = { phase: 'Starting' };
  book.look();
  await pass(299);
  expect(told).toEqual({ expected: 0, unavailable: 0 });
  await pass(11);
  expect(told).toEqual({ expected: 11, unavailable: 11 });
});

it('a service that several regions serve is missed only when none does', async () => {
  start('Active');
  regions = { east: { phase: 'Active' }, west: { phase: 'Active' } };
  book.look();
  regions['east'] = { phase: 'Active', state: 'Lost' };
  await pass(5);
  expect(told).toEqual({ expected: 5, unavailable: 0 });
  regions['west'] = { phase: 'Starting' };
  await pass(2);
  expect(told).toEqual({ expected: 7, unavailable: 2 });
});

describe('a service whose class was given another mode', () => {
  it('is served as the mode in force has it, until the change is decided', async () => {
    regions = { east: { phase: 'Starting' }, west: { phase: 'Active' } };
    assignment = { ...assignment, mode: 'Active' };
    start('None');
    book.look();
    await pass(5);
    expect(told).toEqual({ expected: 5, unavailable: 0 });
    assignment = { ...assignment, mode: 'None' };
    await pass(5);
    expect(told.unavailable).toBe(5);
  });
});
