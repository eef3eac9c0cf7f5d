import { beforeEach, describe, expect, it } from 'vitest';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { FakeNetwork } from '../../test/support/fake-network.ts';
import { Faults } from '../../test/support/faults.ts';
import {
  aBackup,
  aClass,
  aGroup,
  anAssignment,
  anInstance,
  anOrder,
  anOrderedComponent,
} from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import type { VirtualProcess } from '../../test/support/virtual-process.ts';
import { VirtualTime } from '../../test/support/virtual-time.ts';
import { API_VERSION } from '../api/common.ts';
import type { Timings } from '../api/iu-group.ts';
import type { RegionLeaseSpec } from '../api/region-lease.ts';
import type { RegionalService } from '../api/regional-service.ts';
import { RESOURCES } from '../api/resources.ts';
import type { Assignment } from '../api/service-instance.ts';
import type { OwnRecord } from '../decide/inheritance.ts';
import { createKubeClient } from '../kube/rest-client.ts';
import { createAcknowledgeLoop } from './acknowledge.ts';
import type { HubContext } from './context.ts';
import { SCOPE_INDEX } from './dependencies.ts';
import { DependencyWaits } from './dependency-waits.ts';
import { GrantBook } from './grants.ts';
import { Inheritance } from './inheritance.ts';
import type { Leadership } from './leadership.ts';
import { RegionLink } from './region-link.ts';
import type { RegionLinks } from './region-links.ts';

const KEY = 'switchback-system/mail';
const PATH = '/apis/switchback.dev/v1alpha1/regionleases/east';
const SINCE_LONG_MS = 3_600_000;

/** A hub that leads for long, region east with a lease in it, and the service `mail` that is assigned to east. */
interface World {
  readonly time: VirtualTime;
  readonly network: FakeNetwork;
  readonly faults: Faults;
  readonly server: FakeApiServer;
  readonly process: VirtualProcess;
  readonly link: RegionLink;
  readonly grants: GrantBook;
  readonly leader: { isCertain: boolean; term: number; sinceMs: number };
  readonly known: {
    assignment: Assignment;
    west: RegionalService | undefined;
    classExists: boolean;
    synced: boolean;
    isGoing?: boolean;
    isWestRead?: boolean;
    /** What it was told to count its rights by. */
    westTold?: Timings;
    /** Who led this hub before. */
    past: OwnRecord['past'];
    groupAnnotations?: Readonly<Record<string, string>>;
    /** Of the class of `mail`. */
    requires: readonly Readonly<Record<string, unknown>>[];
    /** Of the class of `voice`. */
    voiceRequires: readonly Readonly<Record<string, unknown>>[];
  };
  readonly events: string[];
  outranked: number;
}
let world: World;

const lease = (spec: RegionLeaseSpec) => ({
  apiVersion: API_VERSION,
  kind: 'RegionLease',
  metadata: { name: 'east' },
  spec,
});
/** What this leadership leaves beside its term. */
const LEFT = { by: 'hub-1', record: 'ours/9', seized: false };
/** Of the leader before. */
const BEFORE = { term: 2, by: 'hub-0', record: 'ours/4' };
const grantsInRegion = (): RegionLeaseSpec['hub'] => {
  const { body } = world.server.handle({ method: 'GET', path: PATH });
  return (body as { spec: RegionLeaseSpec }).spec.hub;
};
const merge = (spec: unknown): void => {
  const contentType = 'application/merge-patch+json';
  world.server.handle({ method: 'PATCH', path: PATH, contentType, body: { spec } });
};
const standingBy = (epoch: number): RegionalService => ({
  ...anOrder('mail', [anOrderedComponent()], { role: 'Standby', epoch }),
  status: { observedGeneration: 1, standbyEpoch: epoch },
});

/** Service `voice` in region east, which `mail` may need: its order there, and whether it is ready. */
function voiceInEast(phase: 'Starting' | 'Active'): void {
  const order = anOrder('voice', [anOrderedComponent()], { activeRegion: 'east', successors: ['west'] });
  const status = { observedGeneration: 1, epoch: 1, phase };
  world.link.services.store.apply({
    ...order,
    status,
    metadata: { ...order.metadata, resourceVersion: `${++version}` },
  });
}
let version = 1_000_000;

function contextOf(parts: Pick<World, 'events' | 'grants' | 'known' | 'leader' | 'link' | 'process'>): HubContext {
  const { events, grants, known, leader, link, process } = parts;
  const informer = (get: (key: string) => unknown, list: (index: string) => unknown[] = () => []) => ({
    store: { get, byIndex: list },
    reflector: {
      get synced() {
        return known.synced;
      },
    },
  });
  const west = {
    leases: { store: { get: () => undefined } },
    regions: { store: { get: () => known.westTold && { spec: { timings: known.westTold } } } },
    services: {
      store: { get: () => known.west },
      reflector: {
        get fresh() {
          return known.isWestRead ?? true;
        },
      },
    },
  };
  const places = { primaryRegion: 'east', secondaryRegions: ['west'] };
  const instance = anInstance('mail', places);
  const going = { ...instance, metadata: { ...instance.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
  const voice = anInstance('voice', { ...places, serviceClassRef: { name: 'voice' } });
  const classOf = (name: string) =>
    aClass(name, { ...aBackup(), requires: name === 'voice' ? known.voiceRequires : known.requires });
  const bare = aGroup('americas', ['east', 'west', 'north']);
  const group = { ...bare, metadata: { ...bare.metadata, annotations: known.groupAnnotations } };
  const context = partOf<Omit<HubContext, 'inheritance'>>('context', {
    clock: process,
    grants,
    dependencyWaits: new DependencyWaits(process),
    groups: informer(() => group),
    classes: informer((name) => (known.classExists ? classOf(name) : undefined)),
    instances: informer(
      () => instance,
      (index) => (index === SCOPE_INDEX ? [voice] : [known.isGoing ? going : instance]),
    ),
    assignments: { loaded: true, get: (key: string) => (key === KEY ? known.assignment : anAssignment('1 east>west')) },
    events: { record: ({ note }: { note: string }) => events.push(note) },
    lookAgain: { instance: () => undefined },
    diagnoses: new Map([['east', { state: 'Healthy', reason: 'RegionHealthy', message: '' }]]),
    leadership: partOf<Leadership>('leadership', {
      isCertain: () => leader.isCertain,
      get term() {
        return leader.term;
      },
      sinceMs: () => leader.sinceMs,
      own: () => ({ term: leader.term, by: 'hub-1', record: 'ours/9', past: known.past }),
    }),
    links: partOf<RegionLinks>('links', {
      get: (region: string) => ({ east: link, west })[region],
      groupOf: () => group,
    }),
    log: () => undefined,
    outranked: () => {
      world.outranked += 1;
    },
  });
  return { ...context, inheritance: new Inheritance(context) };
}

beforeEach(async () => {
  const time = new VirtualTime();
  const random = new SeededRandom(1);
  const server = new FakeApiServer({ name: 'east', time, random: random.fork('east') });
  for (const resource of [RESOURCES.regionLease, RESOURCES.region, RESOURCES.regionalService]) server.serve(resource);
  const faults = new Faults({ random: random.fork('faults') });
  const network = new FakeNetwork({ time, faults });
  network.addServer(server);
  const process = time.startProcess({ id: 'hub-1', site: 'hub' });
  const client = createKubeClient(network.connect({ process, server: 'east' }), 'east');
  const link = new RegionLink({ region: 'east', client, clock: process, random, onError: () => undefined });
  const leader = { isCertain: true, term: 3, sinceMs: SINCE_LONG_MS };
  const known = {
    assignment: anAssignment('1 east>west'),
    west: standingBy(1),
    classExists: true,
    synced: true,
    past: [{ term: 2, by: 'hub-0', record: 'ours/5' }],
    requires: [],
    voiceRequires: [],
  };
  world = {
    time,
    network,
    faults,
    server,
    process,
    link,
    leader,
    known,
    grants: new GrantBook(process),
    events: [],
    outranked: 0,
  };
  server.handle({ method: 'POST', path: PATH.replace('/east', ''), body: lease({ agent: { nonce: 'n1' } }) });
  link.start();
  await time.run(1000);
});

/** Starts the loop and lets it run for so long. */
async function run(forMs = 1500): Promise<void> {
  createAcknowledgeLoop(contextOf(world), world.link, 2000).start();
  await world.time.run(world.time.nowMs + forMs);
}

describe('an acknowledgement', () => {
  it('answers the nonce with the term and what the region may run', async () => {
    await run();
    expect(grantsInRegion()).toEqual({ nonce: 'n1', term: 3, ...LEFT, grants: { [KEY]: 1 } });
    expect(world.grants.sinceMs('east', KEY)).toBeGreaterThan(0);
  });

  it('follows each new nonce soon', async () => {
    await run();
    merge({ agent: { nonce: 'n2' } });
    await world.time.run(world.time.nowMs + 500);
    expect(grantsInRegion()?.nonce).toBe('n2');
  });

  it('grants nothing that is not promotable, and answers all the same', async () => {
    world.known.west = undefined;
    world.leader.sinceMs = 1000;
    await run();
    expect(grantsInRegion()).toEqual({ nonce: 'n1', term: 3, ...LEFT, grants: {} });
    expect(world.grants.sinceMs('east', KEY)).toBeUndefined();
  });

  it('does not start anew what is to go', async () => {
    world.known.isGoing = true;
    await run();
    expect(grantsInRegion()).toEqual({ nonce: 'n1', term: 3, ...LEFT, grants: {} });
  });

  it('lets what is to go run on until its order goes', async () => {
    merge({ hub: { ...BEFORE, nonce: 'n0', grants: { [KEY]: 1 } } });
    world.known.isGoing = true;
    await run();
    expect(grantsInRegion()).toEqual({ nonce: 'n1', term: 3, ...LEFT, grants: { [KEY]: 1 } });
  });

  it('takes away by name what the region may run no longer', async () => {
    merge({ hub: { ...BEFORE, nonce: 'n0', grants: { [KEY]: 1, 'switchback-system/gone': 4 } } });
    world.known.assignment = anAssignment('1 east>west', '2 west>east');
    await run();
    expect(grantsInRegion()).toEqual({ nonce: 'n1', term: 3, ...LEFT, grants: {} });
  });

  it('is not sent by a leader that is not certain', async () => {
    world.leader.isCertain = false;
    await run();
    expect(grantsInRegion()).toBeUndefined();
    expect(world.grants.sinceMs('east', KEY)).toBeUndefined();
  });

  it('is not sent while a region of the group counts by timings that a group before this one has told it', async () => {
    world.known.westTold = { ...aGroup('americas', ['east']).spec.timings, leaseSeconds: 20 };
    await run();
    expect(grantsInRegion()).toBeUndefined();
    world.known.westTold = aGroup('americas', ['east']).spec.timings;
    await world.time.run(world.time.nowMs + 2000);
    expect(grantsInRegion()?.grants).toEqual({ [KEY]: 1 });
  });

  it('is not sent out of caches that are not filled', async () => {
    world.known.synced = false;
    await run();
    expect(grantsInRegion()).toBeUndefined();
  });

  it('counts from before it is sent: one that never arrives counts as arrived', async () => {
    const { faults, network } = world;
    const plan = faults.planRequest.bind(faults);
    faults.planRequest = (call) => {
      if (call.method === 'PATCH') network.cut('hub', 'east');
      return plan(call);
    };
    await run();
    expect(grantsInRegion()).toBeUndefined();
    expect(world.grants.sinceMs('east', KEY)).toBeGreaterThan(0);
  });

  it('fails when the agent has written since the nonce was read', async () => {
    const { faults } = world;
    const plan = faults.planRequest.bind(faults);
    let overtaken = 0;
    faults.planRequest = (call) => {
      if (call.method === 'PATCH' && overtaken++ === 0) merge({ agent: { nonce: 'n2' } });
      return plan(call);
    };
    const answers: unknown[] = [];
    world.server.storage.onChange(() => answers.push(grantsInRegion()?.nonce));
    await run();
    expect(overtaken).toBeGreaterThan(1);
    expect(new Set(answers)).toEqual(new Set([undefined, 'n2']));
  });

  it('goes on for a service whose class was deleted', async () => {
    world.known.classExists = false;
    await run();
    expect(grantsInRegion()?.grants).toEqual({ [KEY]: 1 });
  });
});

describe('a promotion that needs another service', () => {
  const granted = { [KEY]: 1 };
  beforeEach(() => {
    world.known.requires = [{ serviceClass: 'voice' }];
  });

  it('is given out when that is ready in its region', async () => {
    voiceInEast('Starting');
    await run(10_000);
    expect(grantsInRegion()?.grants).toEqual({});
    voiceInEast('Active');
    await world.time.run(world.time.nowMs + 2000);
    expect(grantsInRegion()?.grants).toEqual(granted);
    expect(world.events).toEqual([]);
  });

  it('is given out when the time is up, and says so once', async () => {
    voiceInEast('Starting');
    await run(29_000);
    expect(grantsInRegion()?.grants).toEqual({});
    await world.time.run(world.time.nowMs + 3000);
    expect(grantsInRegion()?.grants).toEqual(granted);
    await world.time.run(world.time.nowMs + 30_000);
    expect(world.events).toEqual([
      'Region east runs it although switchback-system/voice did not get ready there in 30 s',
    ]);
  });

  it('waits neither for what is optional nor for what is not there', async () => {
    world.known.requires = [{ serviceClass: 'voice', optional: true }];
    voiceInEast('Starting');
    await run();
    expect(grantsInRegion()?.grants).toEqual(granted);
  });

  it('does not wait in a circle', async () => {
    world.known.voiceRequires = [{ serviceClass: 'voice-mail' }];
    voiceInEast('Starting');
    await run();
    expect(grantsInRegion()?.grants).toEqual(granted);
  });

  it.each<[string, () => void]>([
    ['the region has recorded it', () => world.link.services.store.apply(runningMail())],
    [
      'it stands in the lease of the region, from this leader or another',
      () => merge({ hub: { ...BEFORE, nonce: 'n0', grants: granted } }),
    ],
  ])('is not taken back for what is not ready any more, once %s', async (_, given) => {
    given();
    voiceInEast('Starting');
    await world.time.run(world.time.nowMs + 500);
    await run();
    expect(grantsInRegion()).toMatchObject({ nonce: 'n1', grants: granted });
  });

  it.each<[string, object, boolean, object]>([
    ['to a region that says that it holds its right', { withoutRight: false }, false, granted],
    ['to no region that stands still, which may be one of a backup', { withoutRight: true }, false, {}],
    ['to no region that does not say', {}, false, {}],
    ['to any region once half of the group was read', { withoutRight: true }, true, granted],
  ])('is continued by a hub that has just begun %s', async (_, agent, isWestRead, expected) => {
    world.link.services.store.apply(runningMail());
    world.known.west = undefined;
    world.known.isWestRead = isWestRead;
    merge({ agent: { nonce: 'n2', ...agent } });
    await run();
    expect(grantsInRegion()?.grants).toEqual(expected);
  });

  const runningMail = (): RegionalService => {
    const order = anOrder('mail', [anOrderedComponent()], { activeRegion: 'east', successors: ['west'] });
    const metadata = { ...order.metadata, resourceVersion: `${++version}` };
    return { ...order, metadata, status: { observedGeneration: 1, epoch: 1, grantedEpoch: 1, phase: 'Active' } };
  };
});

describe('a region that another hub has acknowledged', () => {
  const rival = { nonce: 'n0', term: 2, by: 'hub-0', record: 'other/7', grants: { [KEY]: 1 } };
  const CONFIRMED = { 'switchback.dev/hub-stopped': 'other/7' };

  it.each([2, 3, 9])('is not acknowledged, whatever its term is (%i)', async (term) => {
    merge({ hub: { ...rival, term } });
    await run(40_000);
    expect(grantsInRegion()).toEqual({ ...rival, term });
    expect(world.outranked).toBe(0);
  });

  it('gets our term and nothing else when a person says that the other hub is stopped', async () => {
    world.known.groupAnnotations = CONFIRMED;
    merge({ hub: rival });
    await run(17_000);
    expect(grantsInRegion()).toEqual({ ...rival, term: 3, by: 'hub-1', seized: true });
    expect(world.grants.sinceMs('east', KEY)).toBeUndefined();
  });

  it.each([3, 9])('makes this hub begin a term above its own (%i), and nothing is written before', async (term) => {
    world.known.groupAnnotations = CONFIRMED;
    merge({ hub: { ...rival, term } });
    await run(1000);
    expect(world.outranked).toBeGreaterThan(0);
    expect(grantsInRegion()).toEqual({ ...rival, term });
  });

  it('is left alone when the hub that was said to be stopped answers there', async () => {
    world.known.groupAnnotations = CONFIRMED;
    merge({ hub: { ...rival, nonce: 'n1' } });
    world.leader.isCertain = false;
    await run(1000);
    merge({ agent: { nonce: 'n2' }, hub: { nonce: 'n2' } });
    await world.time.run(world.time.nowMs + 1000);
    world.leader.isCertain = true;
    await world.time.run(world.time.nowMs + 10_000);
    expect(grantsInRegion()).toMatchObject({ term: 2, by: 'hub-0' });
  });

  it('is as ever when that was the hub that led here before', async () => {
    merge({ hub: { ...rival, record: 'ours/5' } });
    await run();
    expect(grantsInRegion()).toMatchObject({ nonce: 'n1', term: 3, ...LEFT });
  });
});
