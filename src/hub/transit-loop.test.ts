import { beforeEach, describe, expect, it } from 'vitest';
import { connectDirectly, type DirectClient } from '../../test/support/direct-client.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { aClass, aGroup, anActive, anInstance, aTenant, aTransitCentre } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { VirtualTime } from '../../test/support/virtual-time.ts';
import type { IUGroup } from '../api/iu-group.ts';
import { RESOURCES } from '../api/resources.ts';
import type { LinkState } from '../api/transit-link.ts';
import type { CohortPlan } from '../decide/cohort.ts';
import type { Diagnosis } from '../decide/diagnosis.ts';
import { Store } from '../kube/cache.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Ticker } from '../runtime/ticker.ts';
import type { HubContext } from './context.ts';
import { createTransitLoop } from './transit-loop.ts';

const REGIONS = ['east', 'west'];
const GROUP = aGroup('americas', REGIONS, {
  transit: { centres: [aTransitCentre('us-1', ['east', 'west']), aTransitCentre('us-2', ['west', 'east'])] },
});
const PLAN = partOf<CohortPlan>('plan', {
  tenants: new Map([
    [
      'acme/one',
      {
        services: [{ service: 'agent-desktop', instance: 'switchback-system/desk', mode: 'Active' }],
        regions: REGIONS,
        conditions: [],
      },
    ],
  ]),
});
const HEALTHY: Diagnosis = { state: 'Healthy', reason: 'RegionHealthy', message: '' };

let server: FakeApiServer;
let direct: DirectClient;
let clock: ManualClock;
/** By region: what it says of the voice of each centre, or whatever else stands in its status. */
let says: Record<string, unknown>;
let heartbeatAgeMs: Record<string, number>;
let diagnoses: Map<string, Diagnosis>;
let isFresh: boolean;
let events: string[];

const links = (...states: readonly LinkState[]) => states.map((voice, i) => ({ name: `us-${i + 1}`, voice }));

const filled = <T extends KubeObject>(objects: readonly T[]): Store<T> => {
  const store = new Store<T>({});
  store.replace([...objects], '1');
  return store;
};
const cached = <T extends KubeObject>(store: Store<T>) => ({ store, reflector: { synced: true, fresh: true } });

const linkOf = (region: string) => ({
  synced: true,
  evidence: () => ({ sinceHeartbeatMs: heartbeatAgeMs[region] ?? 500 }),
  regions: {
    reflector: {
      get fresh() {
        return isFresh;
      },
    },
    store: { get: () => ({ status: { transitCentres: says[region] } }) },
  },
});

interface HubUnderTest {
  readonly context: HubContext;
  readonly loop: Ticker;
  readonly groups: Store<IUGroup>;
  readonly looks: string[];
}

async function aHub(more: Partial<Record<keyof HubContext, unknown>> = {}): Promise<HubUnderTest> {
  const groups = filled([await direct.client.read(RESOURCES.iuGroup, { name: 'americas' })]);
  const desktop = { functionality: 'AgentLogin', ...anActive('AdvancedAgents') };
  const looks: string[] = [];
  const instance = anInstance('desk', {
    serviceClassRef: { name: 'agent-desktop' },
    primaryRegion: 'east',
    secondaryRegions: ['west'],
  });
  const context = partOf<HubContext>('context', {
    clock,
    client: direct.client,
    groups: cached(groups),
    classes: cached(filled([aClass('agent-desktop', desktop)])),
    tenants: cached(filled([aTenant('acme/one', { primaryRegion: 'east', secondaryRegions: ['west'], agents: 300 })])),
    instances: cached(filled([instance])),
    assignments: { loaded: true, get: () => undefined },
    leadership: { isCertain: () => true, term: 1, sinceMs: () => 3_600_000 },
    links: { get: linkOf, groupOf: () => GROUP },
    capacities: new Map([['americas', []]]),
    standings: new Map([['americas', { requests: [], freezes: [], keptEmpty: [] }]]),
    isolatedAt: new Map(),
    transit: new Map(),
    diagnoses,
    lookAgain: { group: (name: string) => looks.push(name) },
    events: { record: ({ note }: { note: string }) => events.push(note) },
    log: () => undefined,
    ...more,
  });
  const loop = createTransitLoop(context, () => PLAN);
  loop.start();
  return { context, loop, groups, looks };
}
const statusNow = async () =>
  (await direct.client.read(RESOURCES.iuGroup, { name: 'americas' })).status?.transitCentres;
const servers = async () => (await statusNow())?.map(({ ingress }) => ingress?.servedBy);
const conditionOf = ({ context }: HubUnderTest, type: string) =>
  context.transit.get('americas')?.conditions.find((condition) => condition.type === type);

beforeEach(async () => {
  clock = new ManualClock();
  says = { east: links('Up', 'Up'), west: links('Up', 'Up') };
  heartbeatAgeMs = {};
  diagnoses = new Map(REGIONS.map((region) => [region, HEALTHY]));
  isFresh = true;
  events = [];
  server = new FakeApiServer({ name: 'hub', time: new VirtualTime(), random: new SeededRandom(1) });
  server.serve(RESOURCES.iuGroup);
  direct = connectDirectly(server);
  await direct.client.create(RESOURCES.iuGroup, GROUP);
});
const isLost = () => {
  says = { east: links('Down', 'Up'), west: links('Down', 'Up') };
};

describe('the transit loop', () => {
  it('records who serves whom, once, and then writes nothing while nothing happens', async () => {
    const hub = await aHub();
    await clock.advance(600_000);
    expect(await servers()).toEqual(['us-1', 'us-2']);
    expect(direct.writes()).toEqual(['POST iugroups', 'PATCH status']);
    expect(conditionOf(hub, 'TransitReady')).toMatchObject({ status: 'True' });
    expect(hub.looks).toEqual(['americas']);
  });

  it('moves callers when every region says that their centre is lost, and home again, with one write each', async () => {
    const hub = await aHub();
    await clock.advance(10_000);
    isLost();
    await clock.advance(60_000);
    expect(await servers()).toEqual(['us-2', 'us-2']);
    expect(conditionOf(hub, 'TransitReady')).toMatchObject({ status: 'False', reason: 'VoiceLost' });
    says = { east: links('Up', 'Up'), west: links('Up', 'Up') };
    await clock.advance(400_000);
    expect(await servers()).toEqual(['us-1', 'us-2']);
    expect(events).toEqual([
      'The voice of transit centre us-1 was found Lost: not reached from east, west',
      'Callers of us-1 were moved from us-1 to us-2: VoiceLost',
      'The voice of transit centre us-1 is up again',
      expect.stringMatching(/^The return of the callers of us-1 was held: us-1 must have been well for 300 s; until /),
      'Callers of us-1 returned to it from us-2',
    ]);
    expect(direct.writes()).toHaveLength(5);
  });

  it.each<[string, () => void]>([
    ['beats no more', () => (heartbeatAgeMs = { west: 6000 })],
    ['is degraded', () => diagnoses.set('west', { state: 'Degraded', reason: 'NoHeartbeat', message: '' })],
    ['has only just come back', () => diagnoses.set('west', { ...HEALTHY, reason: 'Recovering' })],
    ['is seen by others only', () => diagnoses.set('west', { state: 'Degraded', reason: 'LinkLost', message: '' })],
  ])('has no word from a region that %s, and loses no centre without it', async (_, silence) => {
    await aHub();
    await clock.advance(10_000);
    isLost();
    silence();
    await clock.advance(60_000);
    expect(await servers()).toEqual(['us-1', 'us-2']);
    expect((await statusNow())?.[0]?.voice).toMatchObject({ state: 'Unknown', reason: 'NotObserved' });
  });

  it('goes by the word of the other regions when one is dead, and by where agents are then', async () => {
    const hub = await aHub();
    await clock.advance(10_000);
    isLost();
    diagnoses.set('east', { state: 'Lost', reason: 'RegionLost', message: '' });
    await clock.advance(60_000);
    expect(await servers()).toEqual(['us-2', 'us-2']);
    expect(conditionOf(hub, 'CallersReachAgents')).toMatchObject({ status: 'True' });
  });

  it('moves nothing by a cache that may be older than its leadership', async () => {
    await aHub();
    await clock.advance(10_000);
    isFresh = false;
    isLost();
    await clock.advance(60_000);
    expect(await servers()).toEqual(['us-1', 'us-2']);
  });

  it.each<[string, unknown]>([
    ['a word', 'Down'],
    ['a list of words', ['us-1', null, 7]],
    [
      'states that are none',
      [
        { name: 'us-1', voice: 'Dead' },
        { name: 'us-2', voice: 1 },
      ],
    ],
    ['centres that are none of the group', [{ name: 'xx', voice: 'Down' }]],
    ['nothing', undefined],
  ])('takes nothing from a region that says %s', async (_, nonsense) => {
    await aHub();
    await clock.advance(10_000);
    says = { east: nonsense, west: nonsense };
    await clock.advance(60_000);
    expect(await servers()).toEqual(['us-1', 'us-2']);
    expect((await statusNow())?.map(({ voice }) => voice?.state)).toEqual(['Unknown', 'Unknown']);
  });

  it('leaves callers where an earlier leader brought them', async () => {
    const first = await aHub();
    await clock.advance(10_000);
    isLost();
    await clock.advance(60_000);
    await first.loop.stop();
    const before = await statusNow();
    const writes = direct.writes().length;
    await aHub();
    await clock.advance(60_000);
    expect(await statusNow()).toEqual(before);
    expect(direct.writes()).toHaveLength(writes);
  });

  it('moves nothing for a region that reaches no centre, and tells of its uplink once', async () => {
    const hub = await aHub();
    await clock.advance(10_000);
    says = { east: links('Down', 'Down'), west: links('Up', 'Up') };
    await clock.advance(60_000);
    expect(await servers()).toEqual(['us-1', 'us-2']);
    expect(conditionOf(hub, 'TransitReady')).toMatchObject({ status: 'False', reason: 'RegionUplinkLost' });
    expect(events).toEqual([
      'Region east was found to reach the voice of no transit centre: its own uplink is the suspect, and nothing moves',
    ]);
  });

  it('freezes and tells of it when no region reaches anything', async () => {
    const hub = await aHub();
    await clock.advance(10_000);
    says = { east: links('Down', 'Down'), west: links('Down', 'Down') };
    await clock.advance(60_000);
    expect(await servers()).toEqual(['us-1', 'us-2']);
    expect(conditionOf(hub, 'TransitReady')).toMatchObject({ status: 'False', reason: 'ProbesSuspect' });
    expect(events.map((note) => note.split(':')[0])).toEqual([
      'The voice of transit centre us-1 could not be judged',
      'The voice of transit centre us-2 could not be judged',
    ]);
  });

  it('overwrites nothing that somebody else has written in between, and decides anew', async () => {
    const hub = await aHub();
    await clock.advance(10_000);
    await direct.client.mergePatch(RESOURCES.iuGroup, { name: 'americas' }, { metadata: { labels: { a: 'b' } } });
    isLost();
    await clock.advance(30_000);
    expect(await servers()).toEqual(['us-1', 'us-2']);
    expect(hub.context.transit.get('americas')?.centres.map(({ ingress }) => ingress?.servedBy)).toEqual([
      'us-1',
      'us-2',
    ]);
    hub.groups.apply(await direct.client.read(RESOURCES.iuGroup, { name: 'americas' }));
    await clock.advance(5000);
    expect(await servers()).toEqual(['us-2', 'us-2']);
    expect(events.filter((note) => note.includes('were moved'))).toHaveLength(1);
  });

  it.each<[string, Partial<Record<keyof HubContext, unknown>>]>([
    ['it does not lead for certain', { leadership: { isCertain: () => false, term: 1 } }],
    ['the RegionSwitches are not read', { standings: new Map() }],
    ['the assignments are not read', { assignments: { loaded: false } }],
  ])('does nothing while %s', async (_, more) => {
    await aHub(more);
    await clock.advance(60_000);
    expect(direct.writes()).toEqual(['POST iugroups']);
  });

  it('moves nothing in a freeze of the group, and is not held by one of a region or a tenant', async () => {
    const freeze = { name: 'holiday', region: undefined, services: undefined, until: undefined };
    const standing = { requests: [], freezes: [freeze], keptEmpty: [] };
    const standings = new Map([['americas', standing]]);
    await aHub({ standings });
    await clock.advance(10_000);
    isLost();
    await clock.advance(30_000);
    expect((await statusNow())?.[0]).toMatchObject({
      ingress: { servedBy: 'us-1' },
      hold: { reason: 'Frozen', endsWhen: 'the freeze is aborted or deleted' },
    });
    const ofRegion = { ...freeze, region: 'east' as never };
    const ofTenant = { ...freeze, tenants: { whole: new Set() } as never };
    standings.set('americas', { ...standing, freezes: [ofRegion, ofTenant] });
    await clock.advance(5000);
    expect(await servers()).toEqual(['us-2', 'us-2']);
  });

  it('says nothing more of a group that has no transit centres any more', async () => {
    const hub = await aHub();
    await clock.advance(10_000);
    const without = { spec: { transit: null } };
    hub.groups.apply(await direct.client.mergePatch(RESOURCES.iuGroup, { name: 'americas' }, without));
    await clock.advance(5000);
    expect(await statusNow()).toBeUndefined();
    expect(hub.context.transit.has('americas')).toBe(false);
    const writes = direct.writes().length;
    await clock.advance(60_000);
    expect(direct.writes()).toHaveLength(writes);
  });
});

it('a group without transit centres costs nothing', async () => {
  const { transit: _, ...spec } = GROUP.spec;
  await aHub({ groups: cached(filled([{ ...GROUP, spec }])) });
  await clock.advance(60_000);
  expect(direct.writes()).toEqual(['POST iugroups']);
});
