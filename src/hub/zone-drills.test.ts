import { beforeEach, describe, expect, it } from 'vitest';
import { connectDirectly, type DirectClient } from '../../test/support/direct-client.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import {
  aBackup,
  aClass,
  aComponent,
  aGroup,
  anAssignment,
  anInstance,
  anOrder,
  aSwitch,
} from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { VirtualTime } from '../../test/support/virtual-time.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import type { Emptiness, RegionalService } from '../api/regional-service.ts';
import { RESOURCES } from '../api/resources.ts';
import { layoutComponent } from '../decide/layout.ts';
import { readStanding } from '../decide/manual-switch.ts';
import { Store } from '../kube/cache.ts';
import type { KubeObject } from '../kube/object.ts';
import type { HubContext } from './context.ts';
import { KeptEmptyBook } from './kept-empty-book.ts';
import { Linger } from './linger.ts';
import { ZoneDrills } from './zone-drills.ts';

/** One region whose agent does what it is ordered as soon as `obey` is called; the other region is only there. */
const SERVICES = ['mail', 'voice', 'single'];
const keyOf = (name: string): string => `switchback-system/${name}`;

let clock: ManualClock;
let direct: DirectClient;
let context: HubContext;
let zones: ZoneDrills;
let switches: Store<RegionSwitch>;
let orders: Store<RegionalService>;
let states: Map<string, { state: string; reason: string }>;
let lookedAgain: string[];
let events: string[];
let leadership: { isCertain: () => boolean; term: number };
let zoneStates: Record<string, string>;
let isFresh: boolean;
/** Whether the hub has read the orders of the region. */
let isRead: boolean;

const filled = <T extends KubeObject>(objects: readonly T[]): Store<T> => {
  const store = new Store<T>({ indexers: { group: () => ['americas'] } });
  store.replace([...objects], '1');
  return store;
};
const informer = <T extends KubeObject>(store: Store<T>) => ({
  store,
  reflector: {
    get fresh() {
      return isFresh;
    },
    synced: true,
  },
});

function orderOf(name: string): RegionalService {
  const pattern = name === 'single' ? 'A' : 'A-B';
  const layout = layoutComponent(aComponent({ pattern }), { agents: 10, zones: ['east-a', 'east-b'] });
  if (!layout.ok) throw new Error(layout.message);
  const order = anOrder(name, [layout.order], { activeRegion: 'east', successors: ['west'] });
  return { ...order, metadata: { ...order.metadata, generation: 1, resourceVersion: '1' }, status: statusOf(1) };
}
const statusOf = (generation: number, keptEmpty?: Emptiness): NonNullable<RegionalService['status']> => ({
  observedGeneration: generation,
  phase: 'Active',
  epoch: 1,
  grantedEpoch: 1,
  components: [{ name: 'main', planned: 2, ready: 2, zones: [] }],
  conditions: [
    {
      type: 'RedundancyMet',
      status: keptEmpty ? 'False' : 'True',
      reason: keptEmpty ? 'ZoneDrill' : 'AsDeclared',
      message: '',
      observedGeneration: generation,
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ],
  ...(keptEmpty && { keptEmpty }),
});
let version = 10;
const put = (order: RegionalService): void =>
  orders.apply({ ...order, metadata: { ...order.metadata, resourceVersion: `${++version}` } });

/** The order loop writes what is published, and the region follows it at once. */
function obey(state: Emptiness['state'] = 'Empty', notServingMilliseconds = 1500): void {
  const kept = context.keptEmpty.known(leadership.term);
  for (const name of SERVICES) {
    const order = orders.get(keyOf(name));
    const keptEmpty = kept?.get('east')?.get(keyOf(name));
    if (!order || !kept || (!keptEmpty && !order.spec.keptEmpty)) continue;
    const generation = (order.metadata.generation ?? 0) + 1;
    const { keptEmpty: _, ...spec } = order.spec;
    const told = keptEmpty && {
      regionSwitch: keptEmpty.regionSwitch,
      zone: keptEmpty.zone,
      state,
      message: `it is ${state}`,
      sinceTime: '2026-01-01T00:00:00Z',
      notServingMilliseconds,
    };
    put({
      ...order,
      metadata: { ...order.metadata, generation },
      spec: { ...spec, ...(keptEmpty && { keptEmpty }) },
      status: statusOf(generation, told),
    });
  }
}

beforeEach(async () => {
  clock = new ManualClock();
  states = new Map();
  lookedAgain = [];
  events = [];
  isFresh = true;
  isRead = true;
  leadership = { isCertain: () => true, term: 1 };
  zoneStates = { 'east-a': 'Healthy', 'east-b': 'Healthy' };
  const server = new FakeApiServer({ name: 'hub', time: new VirtualTime(), random: new SeededRandom(1) });
  server.serve(RESOURCES.regionSwitch);
  direct = connectDirectly(server);
  switches = filled<RegionSwitch>([]);
  orders = filled(SERVICES.map(orderOf));
  const group = aGroup('americas', ['east', 'west']);
  const region = {
    get status() {
      return { zones: Object.entries(zoneStates).map(([zone, state]) => ({ zone, state })) };
    },
  };
  const unread = filled<RegionalService>([]);
  const east = {
    region: 'east',
    get synced() {
      return isRead;
    },
    services: {
      get store() {
        return isRead ? orders : unread;
      },
    },
    regions: { store: { get: () => region } },
  };
  const links = new Map([['east', east]]);
  context = partOf<HubContext>('context', {
    clock,
    client: direct.client,
    leadership,
    groups: informer(filled([group])),
    classes: informer(filled([aClass('voice-mail', aBackup())])),
    instances: informer(filled(SERVICES.map((name) => anInstance(name)))),
    switches: informer(switches),
    assignments: { get: () => anAssignment('1 east>west') },
    diagnoses: { get: (name: string) => states.get(name) ?? { state: 'Healthy', reason: 'RegionHealthy' } },
    links: {
      get: (name: string) => links.get(name),
      list: () => [...links.values()],
      groupOf: () => group,
      has: () => true,
    },
    standings: { get: () => readStanding(switches.list(), 'americas', clock.now().wallMs) },
    isolatedAt: new Map(),
    keptEmpty: new KeptEmptyBook(),
    lookAgain: { region: (name: string) => lookedAgain.push(name) },
    events: { record: ({ note }: { note: string }) => events.push(note) },
    log: () => undefined,
  });
  zones = new ZoneDrills(context, new Linger(clock));
});

const drill = (name = 'd', more: Record<string, unknown> = {}): RegionSwitch =>
  aSwitch(name, {
    type: 'Drill',
    drill: { kind: 'Zone', zone: 'east-a', staySeconds: 60, abortAfterSeconds: 30, objectiveSeconds: 2, ...more },
  });
async function apply(object: RegionSwitch): Promise<void> {
  switches.apply(await direct.client.create(RESOURCES.regionSwitch, object));
}
async function abort(name: string): Promise<void> {
  switches.apply(await direct.client.mergePatch(RESOURCES.regionSwitch, { name }, { spec: { abort: true } }));
}
const read = (name = 'd') => direct.client.read(RESOURCES.regionSwitch, { name });
const signal = new AbortController().signal;
/** One look of the loop that keeps the records. */
async function look(seconds = 1): Promise<void> {
  for (const object of switches.list()) if (object.status?.endTime === undefined) await zones.follow(object, signal);
  zones.publish();
  await clock.advance(seconds * 1000);
}
const emptied = (): string[] => [...(context.keptEmpty.known(leadership.term)?.get('east')?.keys() ?? [])].sort();

describe('a drill of a zone', () => {
  it('empties what can do without the zone, stays, fills it again, and keeps what was measured', async () => {
    await apply(drill());
    await look();
    const begun = await read();
    expect(begun.status?.traceID).toBe(begun.metadata.uid?.replaceAll('-', ''));
    // Nothing is ordered before the beginning stands in the status.
    expect(emptied()).toEqual([]);
    await look();
    expect(emptied()).toEqual(['switchback-system/mail', 'switchback-system/voice']);
    obey();
    await look(2);
    expect((await read()).status?.drill).toMatchObject({ phase: 'Staying' });
    expect((await read()).status?.plan?.services).toMatchObject([
      { name: 'switchback-system/single', verdict: 'Stays', reason: 'NotWithoutZone' },
    ]);
    await look(60);
    await look();
    expect(emptied()).toEqual([]);
    obey();
    await look();
    const { status } = await read();
    expect(status?.drill).toMatchObject({ phase: 'Ended', result: 'Passed' });
    expect(status?.drill?.message).toBe(
      '2 services left zone east-a and stand there again; longest time that a part served nobody: 1.5 s, objective 2 s',
    );
    expect(status?.emptied).toHaveLength(2);
    expect(status?.emptied?.[0]).toMatchObject({ emptyTime: expect.anything(), notServingMilliseconds: 1500 });
    expect(status?.conditions?.find(({ type }) => type === 'Ready')?.reason).toBe('DrillPassed');
  });

  it('gives each region one order, which ends by itself: how long it may last does not change from look to look', async () => {
    await apply(drill());
    await look();
    await look();
    const first = context.keptEmpty.known(1)?.get('east');
    expect(first?.get(keyOf('mail'))).toMatchObject({ zone: 'east-a', regionSwitch: 'd', seconds: 119 });
    const [writes, looks] = [direct.writes().length, lookedAgain.length];
    await look();
    await look();
    expect(context.keptEmpty.known(1)?.get('east')).toEqual(first);
    expect([direct.writes().length, lookedAgain.length]).toEqual([writes, looks]);
  });

  it('is taken up by the next leader, which changes no order before it has looked', async () => {
    await apply(drill());
    await look();
    await look();
    obey();
    await look();
    const kept = context.keptEmpty.known(1)?.get('east');
    leadership.term = 2;
    expect(context.keptEmpty.known(2)).toBeUndefined();
    isFresh = false;
    await look();
    expect(context.keptEmpty.known(2)).toBeUndefined();
    isFresh = true;
    await look();
    expect(context.keptEmpty.known(2)?.get('east')).toEqual(kept);
    expect((await read()).status?.drill?.phase).toBe('Staying');
  });

  it('takes up what the list had no place for from the orders', async () => {
    await apply(drill());
    await look();
    await look();
    obey();
    await look();
    const { status } = await read();
    const list = status?.emptied?.filter(({ name }) => name !== keyOf('voice'));
    switches.apply(
      await direct.client.mergePatch(
        RESOURCES.regionSwitch,
        { name: 'd' },
        { status: { emptied: list } },
        { subresource: 'status' },
      ),
    );
    const before = context.keptEmpty.known(1)?.get('east');
    await clock.advance(10_000);
    leadership.term = 2;
    isRead = false;
    await look();
    expect(context.keptEmpty.known(2)).toBeUndefined();
    isRead = true;
    await look();
    expect(emptied()).toEqual(['switchback-system/mail', 'switchback-system/voice']);
    expect(context.keptEmpty.known(2)?.get('east')).toEqual(before);
  });

  it('holds a service whose other slot is not ready, says so once with a time, and fails in the end', async () => {
    const { status, ...order } = orderOf('voice');
    put({ ...order, status: { ...statusOf(1), components: [{ name: 'main', planned: 2, ready: 1, zones: [] }] } });
    await apply(drill());
    await look();
    await look();
    expect(status).toBeDefined();
    expect(emptied()).toEqual(['switchback-system/mail']);
    obey();
    await look(5);
    await look(5);
    expect((await read()).status?.conditions?.find(({ type }) => type === 'Reconciling')?.message).toBe(
      'services leave zone east-a: switchback-system/voice is held: main: not all of 2 are ready',
    );
    expect(events).toEqual([
      'switchback-system/voice does not leave zone east-a: main: not all of 2 are ready; it is looked at again until 2026-01-01T00:00:31Z',
    ]);
    await look(20);
    await look();
    expect(emptied()).toEqual([]);
    obey();
    await look();
    expect((await read()).status?.drill).toMatchObject({ result: 'Failed', cause: { reason: 'InstancesMissing' } });
  });

  it('gives the zone back when a person aborts it, and when it is deleted', async () => {
    await apply(drill());
    await look();
    await look();
    await abort('d');
    await look();
    expect(emptied()).toEqual([]);
    await apply(drill('e'));
    await look();
    const object = switches.get('e');
    if (object) switches.replace([], '99');
    await look();
    expect(emptied()).toEqual([]);
  });

  it('is aborted when the region is lost, and waits for nothing of it', async () => {
    await apply(drill());
    await look();
    await look();
    obey();
    await look();
    states.set('east', { state: 'Lost', reason: 'RegionLost' });
    await look();
    await look();
    expect((await read()).status?.drill).toMatchObject({ phase: 'Ended', result: 'Aborted' });
    expect(emptied()).toEqual([]);
  });

  it('is aborted by a switch that a person begins meanwhile', async () => {
    await apply(drill());
    await look();
    await look();
    await apply(aSwitch('evacuate', { region: 'west' }));
    await zones.follow(switches.get('d') as RegionSwitch, signal);
    zones.publish();
    expect(emptied()).toEqual([]);
    expect((await read()).status?.drill?.cause).toMatchObject({ reason: 'SwitchInProgress' });
  });

  it('waits for another one that is older, and for zones that are not well', async () => {
    zoneStates['east-b'] = 'Lost';
    await apply(drill());
    await look();
    await look();
    expect([emptied(), (await read()).status?.plan?.services[0]?.message]).toEqual([
      [],
      'zone east-b of region east is Lost',
    ]);
    zoneStates['east-b'] = 'Healthy';
    await apply(drill('e', { zone: 'east-b' }));
    await look();
    await look();
    expect(emptied()).toHaveLength(2);
    expect(context.keptEmpty.known(1)?.get('east')?.get(keyOf('mail'))?.regionSwitch).toBe('d');
    expect((await read('e')).status?.plan?.services[0]?.message).toBe('RegionSwitch d is not over');
  });

  it('is refused for a zone that the region does not have', async () => {
    await apply(drill('d', { zone: 'west-a' }));
    await look();
    const stalled = (await read()).status?.conditions?.find(({ type }) => type === 'Stalled');
    expect(stalled).toMatchObject({
      status: 'True',
      reason: 'ZoneNotInRegion',
      message: 'region east has the zones east-a, east-b, and not west-a: make another RegionSwitch',
    });
    expect((await read()).status?.startTime).toBeUndefined();
  });

  it('writes nothing when it has lost its leadership', async () => {
    await apply(drill());
    leadership.isCertain = () => false;
    const before = direct.writes().length;
    await look();
    expect([direct.writes().length, context.keptEmpty.known(1)]).toEqual([before, undefined]);
  });
});
