import { beforeEach, describe, expect, it } from 'vitest';
import { connectDirectly, type DirectClient } from '../../test/support/direct-client.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { fixedRandom, ManualClock } from '../../test/support/manual-clock.ts';
import { anOrder, anOrderedComponent } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { VirtualTime } from '../../test/support/virtual-time.ts';
import { API_VERSION } from '../api/common.ts';
import type { RegionLeaseSpec } from '../api/region-lease.ts';
import { RESOURCES } from '../api/resources.ts';
import { TerminalError, UnreachableError } from '../kube/errors.ts';
import { Authority } from './authority.ts';
import type { AgentContext } from './context.ts';
import { createPeerLoop } from './peers.ts';
import { PromiseBook } from './promises.ts';
import { PeerSightings } from './sightings.ts';

/** The agent of west, whose peer east is active for `mail` at epoch 3, and stands by for `chat`, which west runs at 5. */
let clock: ManualClock;
let east: DirectClient;
let west: DirectClient;
let authority: Authority;
let promises: PromiseBook;
let leadership: { hasDuty: boolean; isCertain: () => boolean; sinceMs: () => number };
let orders: { sure: boolean; values: () => unknown[] };
let gained: string[];
let sightings: PeerSightings;
let news: number;
let connections: number;

const MAIL = 'switchback-system/mail';
const COMPONENTS = [anOrderedComponent()];
const mail = anOrder('mail', COMPONENTS, {
  mode: 'Backup',
  role: 'Standby',
  epoch: 3,
  activeRegion: 'east',
  successors: ['west'],
});
const chat = {
  ...anOrder('chat', COMPONENTS, {
    mode: 'Backup',
    role: 'Active',
    epoch: 5,
    activeRegion: 'west',
    successors: ['east'],
  }),
  status: { observedGeneration: 1, grantedEpoch: 5 },
};

function regionOf(name: string): DirectClient {
  const server = new FakeApiServer({ name, time: new VirtualTime(), random: new SeededRandom(1) });
  server.serve(RESOURCES.regionLease);
  return connectDirectly(server);
}

const say = (region: DirectClient, name: string, spec: RegionLeaseSpec) =>
  region.client.mergePatch(RESOURCES.regionLease, { name }, { spec });
const promisesOf = async () => {
  const { spec } = await west.client.read(RESOURCES.regionLease, { name: 'west' });
  return spec.promises?.['east'];
};

beforeEach(async () => {
  clock = new ManualClock();
  [east, west] = [regionOf('east'), regionOf('west')];
  for (const [region, name] of [
    [east, 'east'],
    [west, 'west'],
  ] as const) {
    const lease = { apiVersion: API_VERSION, kind: 'RegionLease', metadata: { name }, spec: {} };
    await region.client.create(RESOURCES.regionLease, lease);
  }
  authority = new Authority({ clock, random: fixedRandom(), leaseMs: 7000 });
  leadership = { hasDuty: true, isCertain: () => true, sinceMs: () => 3_600_000 };
  promises = new PromiseBook({ clock, leadership, waitMs: 18_000 });
  orders = { sure: true, values: () => [mail, chat] };
  gained = [];
  sightings = new PeerSightings({ clock, timing: { heartbeatMs: 2000, takeoverMs: 4000 } });
  news = 0;
  connections = 0;
  const context = partOf<AgentContext>('context', {
    region: 'west',
    clock,
    client: west.client,
    authority,
    leadership,
    orders,
    promises,
    sightings,
    log: () => undefined,
  });
  createPeerLoop(context, {
    heartbeatMs: 2000,
    connectPeer: async () => {
      connections += 1;
      return east.client;
    },
    onPromised: (keys) => gained.push(...keys),
    onSighting: () => {
      news += 1;
    },
  }).start();
});

describe('a peer that the hub does not answer', () => {
  it('is promised, after a second look, what this region stands by for, at its epoch', async () => {
    await say(east, 'east', { agent: { nonce: 'n1' } });
    await clock.advance(400);
    expect(await promisesOf()).toBeUndefined();
    await clock.advance(600);
    expect(await promisesOf()).toEqual({ nonce: 'n1', services: [{ name: MAIL, epoch: 3 }] });
    expect(promises.holdMs({ ...mail, spec: { ...mail.spec, role: 'Active' } })).toBeGreaterThan(17_000);
  });

  it('is promised once for each nonce', async () => {
    await say(east, 'east', { agent: { nonce: 'n1' } });
    await clock.advance(3000);
    await say(east, 'east', { agent: { nonce: 'n2' } });
    await clock.advance(3000);
    expect(west.writes().filter((write) => write.startsWith('PATCH'))).toHaveLength(2);
    expect((await promisesOf())?.nonce).toBe('n2');
  });

  it.each<[string, () => void]>([
    ['by an agent whose leadership is not certain', () => (leadership.isCertain = () => false)],
    ['by an agent that does not lead', () => (leadership.hasDuty = false)],
    ['from orders that were not read by quorum', () => (orders.sure = false)],
    [
      'what this region is told to run',
      () => (orders.values = () => [{ ...mail, spec: { ...mail.spec, role: 'Active' } }]),
    ],
    [
      'by a region that may not follow it',
      () => (orders.values = () => [{ ...mail, spec: { ...mail.spec, successors: ['north'] } }]),
    ],
  ])('is not promised %s', async (_, arrange) => {
    arrange();
    await say(east, 'east', { agent: { nonce: 'n1' } });
    await clock.advance(3000);
    expect(await promisesOf()).toBeUndefined();
  });
});

describe('while the hub answers', () => {
  it('nothing is written', async () => {
    await say(east, 'east', { agent: { nonce: 'n1' }, hub: { nonce: 'n1', term: 1, grants: {} } });
    const before = west.writes().length;
    await clock.advance(10_000);
    expect(west.writes()).toHaveLength(before);
  });
});

describe('the promise of a peer', () => {
  it('is a right to run on, and what was stopped is looked at again', async () => {
    const nonce = authority.ask();
    await say(east, 'east', {
      promises: { west: { nonce, services: [{ name: 'switchback-system/chat', epoch: 5 }] } },
    });
    await clock.advance(1000);
    expect(authority.promisedMs('switchback-system/chat', 5, ['east'])).toBe(6000);
    expect(gained).toEqual(['switchback-system/chat']);
  });
});

describe('what is seen of a peer', () => {
  const beat = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) {
      await say(east, 'east', { agent: { nonce: `beat-${n}`, withoutRight: false } });
      await clock.advance(2000);
    }
  };

  it('is that its heartbeat moves and what it says of itself, told when it changes', async () => {
    await beat(6);
    expect(sightings.list()).toEqual([{ region: 'east', state: 'Reachable', withoutRight: false }]);
    expect(news).toBe(2);
    await clock.advance(7000);
    expect(sightings.list()).toMatchObject([{ state: 'NoHeartbeat' }]);
  });

  it('is nothing while it refuses this region: that does not make it gone', async () => {
    await beat(4);
    east.before = () => {
      throw new TerminalError('no', { status: 403 });
    };
    await clock.advance(20_000);
    expect(sightings.list()).toEqual([]);
  });

  it('is that it does not answer, when it does not', async () => {
    await beat(4);
    east.before = () => {
      throw new UnreachableError('silence');
    };
    await clock.advance(20_000);
    expect(sightings.list()).toMatchObject([{ region: 'east', state: 'Unreachable' }]);
  });
});

describe('the credentials of a peer', () => {
  it('are read anew when they are refused', async () => {
    await clock.advance(400);
    expect(connections).toBe(1);
    east.before = () => {
      throw new TerminalError('no', { status: 403 });
    };
    await clock.advance(1000);
    expect(connections).toBeGreaterThan(1);
  });
});
