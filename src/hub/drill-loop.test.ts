import { beforeEach, describe, expect, it } from 'vitest';
import { connectDirectly, type DirectClient } from '../../test/support/direct-client.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { aDrill, aGroup, aSwitch } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { VirtualTime } from '../../test/support/virtual-time.ts';
import type { IUGroup } from '../api/iu-group.ts';
import { LABELS, MANAGED_BY } from '../api/labels.ts';
import { type RegionSwitch, regionSwitch } from '../api/region-switch.ts';
import { RESOURCES } from '../api/resources.ts';
import type { RegionState } from '../decide/diagnosis.ts';
import { Store } from '../kube/cache.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Ticker } from '../runtime/ticker.ts';
import type { HubContext } from './context.ts';
import { createDrillLoop } from './drill-loop.ts';

const NAME = 'americas-monthly-20260101t000100z';
/** One minute after every clock here begins. */
const AT = { days: ['Thu'], start: '00:01' };

let server: FakeApiServer;
let direct: DirectClient;
let clock: ManualClock;
let states: Map<string, RegionState>;

interface HubUnderTest {
  readonly context: HubContext;
  readonly loop: Ticker;
  readonly switches: Store<RegionSwitch>;
  readonly groups: Store<IUGroup>;
  readonly events: string[];
}

const filled = <T extends KubeObject>(objects: readonly T[]): Store<T> => {
  const store = new Store<T>({ indexers: { group: () => ['americas'] } });
  store.replace([...objects], '1');
  return store;
};
const informer = <T extends KubeObject>(store: Store<T>) => ({ store, reflector: { synced: true } });

function aHub(drills: unknown[], more: Partial<HubContext> = {}): HubUnderTest {
  const switches = filled<RegionSwitch>([]);
  const groups = filled([aGroup('americas', ['east', 'west'], { drills })]);
  const events: string[] = [];
  const context = partOf<HubContext>('context', {
    clock,
    client: direct.client,
    groups: informer(groups),
    switches: informer(switches),
    instances: informer(filled([])),
    classes: informer(filled([])),
    assignments: { loaded: true },
    leadership: { isCertain: () => true, term: 1 },
    diagnoses: { get: (region: string) => ({ state: states.get(region) ?? 'Healthy' }) },
    standings: new Map([['americas', { requests: [], freezes: [], keptEmpty: [] }]]),
    isolatedAt: new Map(),
    drills: new Map(),
    lookAgain: { group: () => undefined },
    events: { record: ({ note }: { note: string }) => events.push(note) },
    log: () => undefined,
    ...more,
  });
  const loop = createDrillLoop(context);
  loop.start();
  return { context, loop, switches, groups, events };
}
const monthly = (more: Record<string, unknown> = {}) => aDrill('monthly', { schedule: AT, ...more });
const made = async () => (await direct.client.list(RESOURCES.regionSwitch)).items.map(({ metadata }) => metadata.name);
const entryOf = ({ context }: HubUnderTest) => context.drills.get('americas')?.[0];

beforeEach(() => {
  clock = new ManualClock();
  states = new Map();
  server = new FakeApiServer({ name: 'hub', time: new VirtualTime(), random: new SeededRandom(1) });
  server.serve(RESOURCES.regionSwitch);
  direct = connectDirectly(server);
});

describe('a drill of the calendar', () => {
  it('is made once at its time, as a RegionSwitch that the schema accepts', async () => {
    const hub = aHub([monthly({ staySeconds: 60, objectiveSeconds: 30, windowSeconds: 3600 })]);
    await clock.advance(59_000);
    expect(await made()).toEqual([]);
    await clock.advance(600_000);
    expect(await made()).toEqual([NAME]);
    const object = await direct.client.read(RESOURCES.regionSwitch, { name: NAME });
    expect(regionSwitch.spec.parse(object.spec)).toEqual(object.spec);
    expect(object.spec).toMatchObject({
      type: 'Drill',
      trigger: 'Schedule',
      region: 'east',
      expiresAt: '2026-01-01T01:01:00Z',
      drill: { kind: 'Region', staySeconds: 60, objectiveSeconds: 30 },
    });
    expect(entryOf(hub)).toMatchObject({
      lastOutcome: 'Started',
      regionSwitch: NAME,
      nextTime: '2026-01-08T00:01:00Z',
    });
    expect(hub.events).toEqual([`Drill monthly begins as RegionSwitch ${NAME}`]);
  });

  it('of a zone names the zone', async () => {
    aHub([monthly({ kind: 'Zone', zone: 'east-a' })]);
    await clock.advance(120_000);
    const object = await direct.client.read(RESOURCES.regionSwitch, { name: NAME });
    expect(regionSwitch.spec.parse(object.spec)).toEqual(object.spec);
    expect(object.spec.drill).toMatchObject({ kind: 'Zone', zone: 'east-a' });
  });

  it('is made once by two hubs that do not know of each other, and taken for made by both', async () => {
    const hubs = [aHub([monthly()]), aHub([monthly()])];
    await clock.advance(120_000);
    expect(await made()).toEqual([NAME]);
    expect(hubs.map((hub) => entryOf(hub)?.lastOutcome)).toEqual(['Started', 'Started']);
    expect(direct.writes()).toHaveLength(2);
  });

  it('is not made anew by a later leader, also when somebody has deleted it', async () => {
    const first = aHub([monthly()]);
    await clock.advance(120_000);
    await first.loop.stop();
    await direct.client.delete(RESOURCES.regionSwitch, { name: NAME });
    const group = aGroup('americas', ['east', 'west'], { drills: [monthly()] });
    const drills = [...(first.context.drills.get('americas') ?? [])];
    const second = aHub([monthly()]);
    second.groups.apply({
      ...group,
      metadata: { name: 'americas', resourceVersion: '9' },
      status: { observedGeneration: 1, drills },
    });
    second.context.drills.clear();
    await clock.advance(60_000);
    expect(await made()).toEqual([]);
  });

  it('waits until a region is well, and is left out when that takes too long', async () => {
    states.set('west', 'Degraded');
    const hub = aHub([monthly({ schedule: { ...AT, startWithinSeconds: 300 } })]);
    await clock.advance(120_000);
    expect(entryOf(hub)?.message).toBe('it waits: region west is Degraded');
    await clock.advance(300_000);
    states.clear();
    await clock.advance(60_000);
    expect(await made()).toEqual([]);
    expect(entryOf(hub)).toMatchObject({ lastOutcome: 'Skipped' });
    expect(hub.events).toEqual(['Drill monthly is left out: it could not begin within 300 s: region west is Degraded']);
  });

  it('waits while the hub suspects itself, also for a time after it has seen all regions again', async () => {
    const isolatedAt = new Map();
    const hub = aHub([monthly()], { isolatedAt });
    await clock.advance(59_000);
    isolatedAt.set('americas', clock.now());
    await clock.advance(5000);
    expect(entryOf(hub)?.message).toBe('it waits: most regions look dead at once, and the hub suspects itself');
    await clock.advance(10_000);
    expect(await made()).toEqual([NAME]);
  });

  it('begins as soon as what it waited for is over', async () => {
    states.set('west', 'Degraded');
    aHub([monthly()]);
    await clock.advance(120_000);
    states.clear();
    await clock.advance(10_000);
    expect(await made()).toEqual([NAME]);
  });

  it('does not begin beside another one, nor beside a switch of a person', async () => {
    const hub = aHub([monthly(), aDrill('other', { schedule: AT })]);
    await clock.advance(120_000);
    expect(await made()).toEqual([NAME]);
    expect(hub.context.drills.get('americas')?.[1]?.message).toBe(`it waits: RegionSwitch ${NAME} is not over`);
    const second = aHub([aDrill('third', { schedule: { ...AT, start: '00:03' } })]);
    second.switches.apply({ ...aSwitch('mine'), metadata: { ...aSwitch('mine').metadata, resourceVersion: '9' } });
    await clock.advance(120_000);
    expect(entryOf(second)?.message).toBe('it waits: RegionSwitch mine is not over');
  });

  it('is tried again when it could not be written', async () => {
    direct.before = ({ method }) => {
      if (method === 'POST') throw new Error('no answer');
    };
    aHub([monthly()]);
    await clock.advance(120_000);
    expect(await made()).toEqual([]);
    direct.before = () => undefined;
    await clock.advance(10_000);
    expect(await made()).toEqual([NAME]);
  });

  it('keeps a bounded history of its own, and deletes nothing of a person', async () => {
    const hub = aHub([monthly()]);
    for (let i = 0; i < 30; i++) {
      const isOwn = i >= 5;
      const labels = isOwn ? { [LABELS.managedBy]: MANAGED_BY } : {};
      const spec = {
        ...aSwitch('s', { type: 'Drill', drill: { kind: 'Plan' }, trigger: isOwn ? 'Schedule' : 'Manual' }).spec,
      };
      const object = { ...aSwitch(`old-${i}`), metadata: { name: `old-${i}`, labels }, spec };
      const endTime = `2025-01-01T00:00:${String(i).padStart(2, '0')}Z`;
      const created = await direct.client.create(RESOURCES.regionSwitch, object);
      hub.switches.apply({ ...created, status: { observedGeneration: 1, endTime } });
    }
    await clock.advance(120_000);
    const deleted = direct.writes().filter((write) => write.startsWith('DELETE'));
    expect(deleted).toEqual(['DELETE old-5', 'DELETE old-6', 'DELETE old-7', 'DELETE old-8', 'DELETE old-9']);
  });
});

it('a group without drills costs nothing', async () => {
  const hub = aHub([]);
  await clock.advance(60_000);
  expect([direct.writes(), hub.context.drills.get('americas')]).toEqual([[], []]);
});
