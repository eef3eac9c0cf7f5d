import { beforeEach, describe, expect, it } from 'vitest';
import { connectDirectly, type DirectClient } from '../../test/support/direct-client.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { NOBODY_BEFORE } from '../../test/support/inheritance.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import {
  aBackup,
  aClass,
  aGroup,
  anActive,
  anInstance,
  anOrder,
  anOrderedComponent,
  aSwitch,
} from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { VirtualTime } from '../../test/support/virtual-time.ts';
import type { IUGroup } from '../api/iu-group.ts';
import { LABELS, MANAGED_BY } from '../api/labels.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import type { RegionalService } from '../api/regional-service.ts';
import { RESOURCES } from '../api/resources.ts';
import type { Assignment, ServiceInstance } from '../api/service-instance.ts';
import type { CohortPlan } from '../decide/cohort.ts';
import type { RegionState } from '../decide/diagnosis.ts';
import type { TenantBook } from '../decide/tenant-scope.ts';
import { Store } from '../kube/cache.ts';
import type { KubeObject } from '../kube/object.ts';
import type { EndedSpan } from '../report/span.ts';
import { createSwitchTracer } from '../report/traces.ts';
import { AssignmentBook } from './assignments.ts';
import type { HubContext } from './context.ts';
import { KeptEmptyBook } from './kept-empty-book.ts';
import { createPlacementLoop } from './placement-loop.ts';
import { PlacementCache } from './placements.ts';
import { ReadinessBook } from './readiness.ts';
import { createSwitchLoop, type SwitchLoop } from './switch-loop.ts';

/** Regions of which only what matters here is told: both answer, and their agents do at once what they are ordered. */
const REGIONS = ['east', 'west'] as const;
const SERVICES = ['mail', 'voice'] as const;

let clock: ManualClock;
let direct: DirectClient;
let context: HubContext;
let switches: SwitchLoop;
let isSynced: boolean;
let leads: boolean;
/** What is started takes its time. */
let isSlow: boolean;
let states: Map<string, RegionState>;
let events: string[];
let traced: EndedSpan[];
let cohorts: CohortPlan | undefined;
let stores: { instances: Store<ServiceInstance>; switches: Store<RegionSwitch>; groups: Store<IUGroup> };
/** How long a region has been healthy. */
let healthyForMs: () => number;
let book: TenantBook | undefined;
const orders = new Map<string, RegionalService>();

const informer = <T extends KubeObject>(store: Store<T>, synced: () => boolean = () => true) => ({
  store,
  reflector: {
    get synced() {
      return synced();
    },
    get fresh() {
      return synced();
    },
  },
});
const filled = <T extends KubeObject>(objects: readonly T[]): Store<T> => {
  const store = new Store<T>({ indexers: { group: (object) => ('spec' in object ? ['americas'] : []) } });
  store.replace([...objects], '1');
  return store;
};

/** Made once: it is asked for many times a second. */
function ordered(
  name: string,
  role: 'Active' | 'Standby',
  { activeRegion, epoch, successors }: Assignment,
): RegionalService {
  const id = `${name} ${role} ${activeRegion} ${epoch} ${successors}`;
  const order = orders.get(id) ?? anOrder(name, [anOrderedComponent()], { role, epoch, activeRegion, successors });
  orders.set(id, order);
  return order;
}

/** The order of a region, followed at once: the active one runs at the epoch, the others stand by at it. */
function orderIn(region: string, key: string): RegionalService | undefined {
  const assignment = context.assignments.get(key);
  if (!assignment) return undefined;
  const { activeRegion, epoch } = assignment;
  const isActive = activeRegion === region;
  const order = ordered(key.split('/')[1] ?? '', isActive ? 'Active' : 'Standby', assignment);
  const grants = isActive
    ? { grantedEpoch: epoch, phase: isSlow ? ('Starting' as const) : ('Active' as const) }
    : { standbyEpoch: epoch, phase: 'Standby' as const };
  return { ...order, status: { observedGeneration: 1, epoch, ...grants } };
}

const linkOf = (region: string) => ({
  region,
  synced: true,
  get healthyForMs() {
    return healthyForMs();
  },
  judged: () => undefined,
  sightings: [],
  readiness: new ReadinessBook(clock),
  lastSignAt: () => clock.now().wallMs,
  evidence: () => {
    const isLost = states.get(region) === 'Lost';
    const sinceMs = isLost ? 60_000 : 0;
    return {
      sinceContactMs: sinceMs,
      sinceHeartbeatMs: sinceMs,
      sinceLookMs: 60_000,
      everSeen: true,
      credentials: 'Ok',
    };
  },
  services: {
    store: { get: (key: string) => (states.get(region) === 'Lost' ? undefined : orderIn(region, key)) },
    reflector: { fresh: true },
  },
});

beforeEach(async () => {
  clock = new ManualClock();
  isSynced = true;
  leads = true;
  isSlow = false;
  healthyForMs = () => 3_600_000;
  book = undefined;
  states = new Map();
  events = [];
  cohorts = undefined;
  const server = new FakeApiServer({ name: 'hub', time: new VirtualTime(), random: new SeededRandom(1) });
  server.serve(RESOURCES.serviceInstance);
  server.serve(RESOURCES.regionSwitch);
  direct = connectDirectly(server);
  const places = { primaryRegion: 'east', secondaryRegions: ['west'] };
  const instances = await Promise.all(
    SERVICES.map((name) => direct.client.create(RESOURCES.serviceInstance, anInstance(name, places))),
  );
  const failover = { coolDownSeconds: 0 };
  const group = aGroup('americas', [...REGIONS], { failover, switchback: { stableForSeconds: 60 } });
  const links = new Map(REGIONS.map((region) => [region as string, linkOf(region)]));
  const groups = filled([group]);
  stores = { instances: filled(instances), switches: filled<RegionSwitch>([]), groups };
  const approval = { crossRegion: { ...(aBackup()['crossRegion'] as object), promotion: 'Approval' } };
  const classes = filled([aClass('voice-mail', aBackup()), aClass('wfm', approval), aClass('web', anActive())]);
  traced = [];
  context = partOf<HubContext>('context', {
    inheritance: NOBODY_BEFORE,
    clock,
    client: direct.client,
    groups: informer(groups),
    classes: informer(classes),
    placements: new PlacementCache(groups, classes),
    instances: informer(stores.instances),
    switches: informer(stores.switches, () => isSynced),
    assignments: new AssignmentBook(direct.client),
    leadership: { isCertain: () => leads, term: 1 },
    keptEmpty: new KeptEmptyBook(),
    links: {
      get: (region: string) => links.get(region),
      list: () => [...links.values()],
      groupOf: () => group,
      credentialsOf: () => 'Ok',
    },
    diagnoses: new Map(),
    troubledRegions: new Set(),
    isolatedAt: new Map(),
    onDiagnosed: () => undefined,
    holds: new Map(),
    plans: new Map(),
    cohortPlan: () => cohorts,
    standings: new Map(),
    lookAgain: { instance: () => undefined, region: () => undefined, group: () => undefined },
    noteMove: (move: Parameters<SwitchLoop['note']>[0]) => switches.note(move),
    tenantBook: () => book,
    events: { record: ({ note }: { note: string }) => events.push(note) },
    traceSwitches: createSwitchTracer(clock, (spans) => traced.push(...spans)),
    log: () => undefined,
  });
  switches = createSwitchLoop(context);
  createPlacementLoop(context).start();
  switches.ticker.start();
  await clock.advance(1000);
});

/** More services, at home in east. */
async function serve(names: readonly string[], more: Record<string, unknown> = {}): Promise<void> {
  for (const name of names) {
    const made = anInstance(name, { primaryRegion: 'east', secondaryRegions: ['west'], ...more });
    stores.instances.apply(await direct.client.create(RESOURCES.serviceInstance, made));
  }
}
/** Whom the instances serve: tenants by instance. */
const bookOf = (tenants: Readonly<Record<string, readonly string[]>>): TenantBook => ({
  groupOf: (tenant) => (Object.values(tenants).flat().includes(tenant) ? 'americas' : undefined),
  instancesOf: (tenant) =>
    Object.entries(tenants).flatMap(([name, all]) => (all.includes(tenant) ? [`switchback-system/${name}`] : [])),
  sizeOf: (instance) => tenants[instance.split('/')[1] ?? '']?.length ?? 0,
});
/** Another leader begins: it knows what is written, and nothing else. */
async function changeLeader(): Promise<void> {
  leads = false;
  await clock.advance(3000);
  context.assignments.forget();
  context.plans.clear();
  context.standings.clear();
  leads = true;
}

/** What a person applies; the watch brings it. */
async function apply(object: RegionSwitch): Promise<void> {
  stores.switches.apply(await direct.client.create(RESOURCES.regionSwitch, object));
}
async function patch(name: string, change: object, subresource?: 'status'): Promise<void> {
  const options = subresource ? { subresource } : {};
  stores.switches.apply(await direct.client.mergePatch(RESOURCES.regionSwitch, { name }, change, options));
}
const read = (name: string) => direct.client.read(RESOURCES.regionSwitch, { name });
const assignmentOf = (name: string): Assignment | undefined => context.assignments.get(`switchback-system/${name}`);
const whereAre = (): string =>
  SERVICES.map((name) => `${assignmentOf(name)?.activeRegion}@${assignmentOf(name)?.epoch}`).join(' ');
const conditionsOf = ({ status }: RegionSwitch): string[] =>
  (status?.conditions ?? []).filter((c) => c.status === 'True').map((c) => c.type);
/** The regions report that each service is active and protected, as the instance loop would write it. */
async function reportInstances(names: readonly string[] = SERVICES): Promise<void> {
  const lastTransitionTime = '2026-01-01T00:00:00Z';
  const conditions = [
    { type: 'Protected', status: 'True', reason: 'StandbyConfirmed', message: '', lastTransitionTime },
  ];
  for (const name of names) {
    const { activeRegion: region, epoch } = assignmentOf(name) ?? {};
    const placements = [{ region, role: 'Active', phase: 'Active', epoch, planned: 1, ready: 1 }];
    const where = { name, namespace: 'switchback-system' };
    const patch = { status: { placements, conditions } };
    stores.instances.apply(
      await direct.client.mergePatch(RESOURCES.serviceInstance, where, patch, { subresource: 'status' }),
    );
  }
}

describe('a person’s evacuation', () => {
  it('moves every service that is active there, once, and keeps a record to its end', async () => {
    expect(whereAre()).toBe('east@1 east@1');
    await apply(aSwitch('e'));
    await clock.advance(1500);
    expect(whereAre()).toBe('west@2 west@2');
    expect(assignmentOf('mail')).toMatchObject({ reason: 'Evacuated', regionSwitch: 'e' });
    expect(events).toContain('Moves from region east to west at epoch 2, by RegionSwitch e');
    await reportInstances();
    await clock.advance(3000);
    const done = await read('e');
    expect(conditionsOf(done)).toEqual(['Ready', 'SwitchedOver', 'CleanedUp', 'Protected']);
    expect(done.status).toMatchObject({ servicesTotal: 2, endTime: expect.any(String) });
    expect(done.status?.services?.map(({ from, name, to }) => `${name} ${from}>${to}`)).toEqual([
      'switchback-system/mail east>west',
      'switchback-system/voice east>west',
    ]);
    const writes = direct.writes().length;
    await clock.advance(600_000);
    expect(whereAre()).toBe('west@2 west@2');
    expect(direct.writes()).toHaveLength(writes);
  });

  it('lets them go home when it is aborted, and says so', async () => {
    await apply(aSwitch('e'));
    await clock.advance(1500);
    await reportInstances();
    await clock.advance(3000);
    await patch('e', { spec: { abort: true } });
    await clock.advance(2000);
    expect(whereAre()).toBe('east@3 east@3');
    const { status, metadata } = await read('e');
    expect(status?.observedGeneration).toBe(metadata.generation);
    expect(status?.conditions?.[0]?.message).toContain('it had ended before it was aborted');
  });

  it('concerns only the services that it names, and says which do not exist', async () => {
    await apply(aSwitch('e', { services: ['switchback-system/voice', 'switchback-system/typo'] }));
    await clock.advance(3000);
    expect(whereAre()).toBe('east@1 west@2');
    expect((await read('e')).status?.plan).toMatchObject({
      stays: 1,
      services: [{ name: 'switchback-system/typo', reason: 'ServiceInstanceNotFound' }],
    });
  });

  it('begins nothing before the cache of switches is filled, nor does anything that moves by itself', async () => {
    isSynced = false;
    await apply(aSwitch('e'));
    states.set('east', 'Lost');
    await clock.advance(3000);
    expect(whereAre()).toBe('east@1 east@1');
    expect(context.holds.get('switchback-system/mail')).toMatchObject({ wanted: 'FailedOver', reason: 'NotObserved' });
    isSynced = true;
    await clock.advance(1000);
    expect(whereAre()).toBe('west@2 west@2');
    expect(assignmentOf('mail')?.regionSwitch).toBeUndefined();
  });

  it('that was recorded, but not noted, is taken up from the assignments by the next leader', async () => {
    direct.after = (request) => {
      if (request.method === 'PATCH' && request.path.includes('serviceinstances')) throw new Error('the reply is lost');
    };
    await apply(aSwitch('e'));
    await clock.advance(600);
    direct.after = () => undefined;
    await clock.advance(3000);
    expect(whereAre()).toBe('west@2 west@2');
    expect((await read('e')).status?.services?.map(({ from, to }) => `${from}>${to}`)).toEqual([
      'east>west',
      'east>west',
    ]);
  });

  it('goes on under the next leader from where it stands, and is not carried out twice', async () => {
    await apply(aSwitch('e'));
    await clock.advance(3000);
    const before = (await read('e')).status;
    expect(before?.endTime).toBeUndefined();
    leads = false;
    await clock.advance(3000);
    context.assignments.forget();
    context.plans.clear();
    leads = true;
    await clock.advance(3000);
    await reportInstances();
    await clock.advance(3000);
    const after = (await read('e')).status;
    expect(whereAre()).toBe('west@2 west@2');
    expect(after?.endTime).toBeDefined();
    expect(after?.services).toEqual(before?.services);
    // Its trace is the one that the leader before has named, and is whole.
    expect(after?.traceID).toBe((await read('e')).metadata.uid?.replaceAll('-', ''));
    expect(after?.traceID).toBe(before?.traceID);
    const names = ['Evacuate', ...(after?.steps ?? []).map(({ name }) => name)];
    expect(traced.map(({ name }) => name).sort()).toEqual(names.sort());
    expect(new Set(traced.map(({ traceId }) => traceId))).toEqual(new Set([after?.traceID]));
  });
});

/** Time goes by; the regions report whatever they do, each second. */
async function run(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await reportInstances();
    await clock.advance(1000);
  }
}
const drill = (more: Record<string, unknown> = {}, spec: Record<string, unknown> = {}): RegionSwitch =>
  aSwitch('d', { type: 'Drill', drill: { kind: 'Region', staySeconds: 60, ...more }, ...spec });
const phaseOf = ({ status }: RegionSwitch) => status?.drill?.phase;

describe('a region drill', () => {
  it('moves all that is at home away, stays, brings exactly those home, and keeps what it measured', async () => {
    await apply(drill({ objectiveSeconds: 30 }));
    await run(10);
    expect([whereAre(), phaseOf(await read('d'))]).toEqual(['west@2 west@2', 'Staying']);
    await run(40);
    expect(whereAre()).toBe('west@2 west@2');
    await run(30);
    const { status } = await read('d');
    expect(whereAre()).toBe('east@3 east@3');
    expect(status?.drill).toMatchObject({ phase: 'Ended', result: 'Passed' });
    expect(status?.drill?.message).toMatch(
      /^2 of 2 services went away and came home; longest time away: .* s, objective 30 s$/,
    );
    expect(status?.services?.map(({ from, to }) => `${from}>${to}`)).toEqual(['east>west', 'east>west']);
    expect(status?.back?.services.map(({ from, to }) => `${from}>${to}`)).toEqual(['west>east', 'west>east']);
    expect([...(status?.steps ?? []), ...(status?.back?.steps ?? [])].map(({ state }) => state)).toEqual(
      Array.from({ length: 12 }, () => 'Done'),
    );
    expect(conditionsOf(await read('d'))).toEqual(['Ready', 'SwitchedOver', 'CleanedUp', 'Protected']);
    const writes = direct.writes().length;
    await clock.advance(600_000);
    expect([whereAre(), direct.writes().length]).toEqual(['east@3 east@3', writes]);
  });

  it('stays only when all are ready there, long after all have begun to leave', async () => {
    isSlow = true;
    await apply(drill({ staySeconds: 5 }));
    await run(60);
    expect([whereAre(), phaseOf(await read('d'))]).toEqual(['west@2 west@2', 'Away']);
    isSlow = false;
    await run(20);
    expect(whereAre()).toBe('east@3 east@3');
    expect((await read('d')).status?.drill?.result).toBe('Passed');
  });

  it('goes home when a service is not ready there in time, and has failed', async () => {
    isSlow = true;
    await apply(drill({ abortAfterSeconds: 30 }));
    await run(40);
    expect(phaseOf(await read('d'))).toBe('Home');
    isSlow = false;
    await run(20);
    expect(whereAre()).toBe('east@3 east@3');
    expect((await read('d')).status?.drill).toMatchObject({ result: 'Failed', cause: { reason: 'NotReadyInTime' } });
  });

  it('goes home when a person aborts it during the stay', async () => {
    await apply(drill());
    await run(10);
    await patch('d', { spec: { abort: true } });
    await run(10);
    expect(whereAre()).toBe('east@3 east@3');
    expect((await read('d')).status?.drill).toMatchObject({ phase: 'Ended', result: 'Aborted' });
    expect(conditionsOf(await read('d'))).toContain('Stalled');
  });

  it('begins nothing while a region of the group is not well', async () => {
    states.set('west', 'Lost');
    await clock.advance(1000);
    await apply(drill());
    await run(10);
    expect(whereAre()).toBe('east@1 east@1');
    expect((await read('d')).status?.drill).toMatchObject({
      result: 'Aborted',
      cause: { reason: 'TargetUnhealthy', message: 'region west was Lost' },
    });
  });

  it('leaves to the policy of the group what a failover takes from it', async () => {
    await apply(drill({ staySeconds: 600 }));
    await run(10);
    states.set('west', 'Lost');
    await run(10);
    expect(whereAre()).toBe('east@3 east@3');
    expect(assignmentOf('mail')).toMatchObject({ reason: 'FailedOver' });
    states.delete('west');
    await run(20);
    expect((await read('d')).status?.drill).toMatchObject({ phase: 'Ended', result: 'Aborted' });
    expect(whereAre()).toBe('east@3 east@3');
  });

  it('waits with the way home until a home that has failed is stable again', async () => {
    await apply(drill({ staySeconds: 5 }));
    await run(5);
    states.set('east', 'Lost');
    await run(30);
    expect([whereAre(), phaseOf(await read('d'))]).toEqual(['west@2 west@2', 'Home']);
    expect((await read('d')).status?.drill?.homeFailed).toBe(true);
    states.delete('east');
    await run(10);
    expect(whereAre()).toBe('east@3 east@3');
  });

  it('goes on under the next leader, from every phase, and moves nothing twice', async () => {
    const change = async (): Promise<void> => {
      leads = false;
      await clock.advance(3000);
      context.assignments.forget();
      context.plans.clear();
      context.diagnoses.clear();
      leads = true;
      await run(2);
    };
    await apply(drill({ staySeconds: 10 }));
    await clock.advance(600);
    for (let i = 0; i < 8; i++) await change();
    await run(20);
    expect(whereAre()).toBe('east@3 east@3');
    expect((await read('d')).status?.drill).toMatchObject({ phase: 'Ended', result: 'Passed' });
  });

  it('brings home also what was recorded, but not noted, when it ended', async () => {
    await apply(drill());
    await patch('d', { status: { observedGeneration: 1, drill: { phase: 'Ended', result: 'Aborted' } } }, 'status');
    const instance = stores.instances.get('switchback-system/mail');
    const current = assignmentOf('mail');
    if (!instance || !current) throw new Error('there is a service');
    const late = {
      ...current,
      activeRegion: 'west',
      successors: ['east'],
      epoch: 2,
      reason: 'Evacuated' as const,
      regionSwitch: 'd',
      since: '2026-01-01T00:00:05Z',
      history: [...current.history, { epoch: 2, region: 'west', successors: ['east'], onHubLoss: 'Fence' as const }],
    };
    stores.instances.apply(await context.assignments.record(instance, late, () => true));
    await run(3);
    expect(whereAre()).toBe('east@3 east@1');
  });
});

describe('a drill of the plan', () => {
  it('moves nothing, and its result stays', async () => {
    await apply(drill({ kind: 'Plan' }));
    await run(5);
    const { status } = await read('d');
    expect(status?.drill).toEqual({
      phase: 'Ended',
      result: 'Passed',
      message: 'all 2 services that can move would move',
    });
    expect(status).toMatchObject({ endTime: expect.any(String), plan: { moves: 2 } });
    states.set('west', 'Lost');
    await run(5);
    expect((await read('d')).status).toEqual(status);
    expect(whereAre()).toBe('east@1 east@1');
  });

  it('fails when something is still held at the end of its time', async () => {
    states.set('west', 'Lost');
    await clock.advance(1000);
    await apply(drill({ kind: 'Plan', abortAfterSeconds: 20 }));
    await run(10);
    expect(phaseOf(await read('d'))).toBe('Away');
    await run(15);
    expect((await read('d')).status?.drill).toMatchObject({ result: 'Failed' });
  });
});

describe('pause, resume and undo', () => {
  it('begins nothing more while it is paused, keeps the region empty, and goes on when it is resumed', async () => {
    await apply(aSwitch('e', { services: ['switchback-system/mail'] }));
    await apply(aSwitch('p', { pause: true }));
    await run(10);
    expect(whereAre()).toBe('west@2 east@1');
    const paused = await read('p');
    expect(paused.status?.conditions?.find((c) => c.type === 'Reconciling')).toMatchObject({
      status: 'True',
      reason: 'Paused',
      message: 'paused: 0 of 1 services were begun',
    });
    expect(paused.status?.plan).toMatchObject({ moves: 1 });
    await patch('e', { spec: { abort: true } });
    await run(5);
    expect(context.holds.get('switchback-system/mail')).toMatchObject({ reason: 'Evacuated' });
    await patch('p', { spec: { pause: false } });
    await run(5);
    expect(whereAre()).toBe('west@2 west@2');
  });

  it('brings home what it moved when it is aborted with undo, and ends', async () => {
    await apply(aSwitch('e', { services: ['switchback-system/mail'] }));
    await apply(aSwitch('other', { services: ['switchback-system/voice'] }));
    await clock.advance(1500);
    await patch('e', { spec: { abort: true, undo: true } });
    await run(10);
    expect(whereAre()).toBe('east@3 west@2');
    const { status } = await read('e');
    expect(status).toMatchObject({ endTime: expect.any(String), back: { servicesTotal: 1 } });
    expect(status?.conditions?.[0]?.message).toBe('aborted and undone: 1 services went home');
    expect(status?.steps?.[0]).toMatchObject({ name: 'RecordIntent' });
  });
});

describe('a dry run', () => {
  it('says what tenants would feel', async () => {
    const audience = { group: 'americas', tenants: 7, instances: SERVICES.map((name) => `switchback-system/${name}`) };
    cohorts = { instances: [], tenants: new Map(), audiences: [audience] };
    await apply(aSwitch('try', { dryRun: true }));
    await clock.advance(3000);
    expect((await read('try')).status?.plan?.impact).toMatchObject([{ functionality: 'CallRouting', tenants: 7 }]);
  });

  it('tells the plan, and moves nothing', async () => {
    await apply(aSwitch('try', { dryRun: true }));
    await clock.advance(3000);
    expect(whereAre()).toBe('east@1 east@1');
    const { status } = await read('try');
    expect(status?.plan).toMatchObject({
      moves: 2,
      held: 0,
      stays: 0,
      services: [{ verdict: 'Moves', to: 'west' }, {}],
    });
    expect(conditionsOf(await read('try'))).toEqual(['Ready']);
  });
});

describe('a freeze', () => {
  it('holds a failover, says until when, and lets it go then', async () => {
    await apply(aSwitch('calm', { type: 'Freeze', region: undefined, expiresAt: '2026-01-01T00:01:00Z' }));
    states.set('east', 'Lost');
    await clock.advance(30_000);
    expect(whereAre()).toBe('east@1 east@1');
    expect(context.holds.get('switchback-system/mail')).toMatchObject({ reason: 'Frozen' });
    expect(events.filter((note) => note.includes('until 2026-01-01T00:01:00Z'))).toHaveLength(2);
    expect(conditionsOf(await read('calm'))).toEqual(['Ready']);
    await clock.advance(30_000);
    expect(whereAre()).toBe('west@2 west@2');
    expect((await read('calm')).status?.endTime).toBeDefined();
    await clock.advance(30_000);
    const expiry = 'The freeze ended at 2026-01-01T00:01:00Z: what moves by itself moves again';
    expect(events.filter((note) => note.startsWith('The freeze'))).toEqual([expiry]);
  });

  it('that a person ends is not told as one that was forgotten', async () => {
    await apply(aSwitch('calm', { type: 'Freeze', region: undefined, expiresAt: '2026-01-01T00:01:00Z' }));
    await clock.advance(3000);
    await patch('calm', { spec: { abort: true } });
    await clock.advance(90_000);
    expect((await read('calm')).status?.endTime).toBeDefined();
    expect(events.filter((note) => note.startsWith('The freeze'))).toEqual([]);
  });
});

describe('a RegionSwitch that cannot be carried out', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['an unknown group', { iuGroupRef: { name: 'emea' } }, 'IUGroupNotFound'],
    ['an unknown region', { region: 'moon' }, 'RegionNotInGroup'],
    ['the trigger of the operator', { trigger: 'Automatic', cause: 'me', reason: undefined }, 'InvalidSpec'],
  ])('is stalled: %s', async (_, more, reason) => {
    await apply(aSwitch('s', more));
    await clock.advance(3000);
    const { status } = await read('s');
    expect(status?.conditions?.find((c) => c.type === 'Stalled')).toMatchObject({ status: 'True', reason });
    expect(whereAre()).toBe('east@1 east@1');
  });
});

it('the history of the operator is bounded, and never counts nor deletes what a person made', async () => {
  const own = { trigger: 'Automatic', type: 'Failover', cause: 'lost', reason: undefined };
  for (let i = 0; i < 62; i++) {
    const name = `old-${i}`;
    const object = aSwitch(name, i >= 10 ? own : {});
    const labels = i >= 10 ? { [LABELS.managedBy]: MANAGED_BY } : {};
    await direct.client.create(RESOURCES.regionSwitch, { ...object, metadata: { name, labels } });
    const endTime = `2025-01-01T00:00:${String(i).padStart(2, '0')}Z`;
    await patch(name, { status: { observedGeneration: 1, endTime } }, 'status');
  }
  states.set('east', 'Lost');
  await clock.advance(5000);
  expect(whereAre()).toBe('west@2 west@2');
  expect(direct.writes().filter((write) => write.startsWith('DELETE'))).toEqual(['DELETE old-10', 'DELETE old-11']);
});

describe('a region with room for one of two services', () => {
  const message = 'region west holds 2 instances and 2 more would come; its capacity is 3';
  const limit = (instances: number): void => {
    const regions = ['east', { region: 'west', capacity: { instances } }];
    stores.groups.replace([aGroup('americas', regions, { switchback: { stableForSeconds: 60 } })], '2');
  };

  it('takes the first of them when the other region is lost, and the other one when there is room', async () => {
    limit(3);
    states.set('east', 'Lost');
    await clock.advance(3000);
    expect(whereAre()).toBe('west@2 east@1');
    expect(context.holds.get('switchback-system/voice')).toMatchObject({ reason: 'CapacityExceeded', message });
    expect(events.filter((note) => note.includes(message))).toHaveLength(1);
    limit(4);
    await clock.advance(3000);
    expect(whereAre()).toBe('west@2 west@2');
    expect(context.holds.get('switchback-system/voice')?.reason).not.toBe('CapacityExceeded');
  });

  it('says so beforehand: a dry run counts its services together, and each dry run its own', async () => {
    limit(3);
    await apply(aSwitch('try', { dryRun: true }));
    await apply(aSwitch('try-again', { dryRun: true, type: 'Failover' }));
    await clock.advance(3000);
    expect(whereAre()).toBe('east@1 east@1');
    for (const name of ['try', 'try-again']) {
      expect((await read(name)).status?.plan).toMatchObject({
        moves: 1,
        held: 1,
        services: [{ name: 'switchback-system/voice', verdict: 'Held', reason: 'CapacityExceeded', message }, {}],
      });
    }
  });

  it('holds what a person asks for with the numbers', async () => {
    limit(3);
    await apply(aSwitch('e'));
    await clock.advance(3000);
    expect(whereAre()).toBe('west@2 east@1');
    expect((await read('e')).status?.plan).toMatchObject({ held: 1, services: [{ verdict: 'Held', message }] });
  });
});

describe('the way home', () => {
  it('is told as a time, once, while only time is missing', async () => {
    states.set('east', 'Lost');
    await clock.advance(3000);
    expect(whereAre()).toBe('west@2 west@2');
    const back = clock.now();
    healthyForMs = () => clock.now().monoMs - back.monoMs;
    states.delete('east');
    await clock.advance(5000);
    const hold = context.holds.get('switchback-system/mail');
    expect(hold).toMatchObject({ reason: 'NotStableYet', until: '2026-01-01T00:01:05Z' });
    const told = events.length;
    await clock.advance(50_000);
    expect(context.holds.get('switchback-system/mail')).toBe(hold);
    expect(events).toHaveLength(told);
    await clock.advance(10_000);
    expect(whereAre()).toBe('east@3 east@3');
  });

  it('remembers the failovers in a row over a change of the leader, and takes longer after the second one', async () => {
    const lose = async (): Promise<void> => {
      states.set('east', 'Lost');
      await clock.advance(3000);
      states.delete('east');
    };
    await lose();
    await clock.advance(10_000);
    expect(whereAre()).toBe('east@3 east@3');
    context.assignments.forget();
    await clock.advance(1000);
    expect(assignmentOf('mail')?.homeLosses).toBe(1);
    healthyForMs = () => 100_000;
    await lose();
    expect(assignmentOf('mail')).toMatchObject({ epoch: 4, homeLosses: 2 });
    await clock.advance(10_000);
    expect(context.holds.get('switchback-system/mail')).toMatchObject({
      reason: 'NotStableYet',
      message: expect.stringContaining('for 120 s; so long because the service was lost there 2 times in a row'),
    });
  });

  it('is for so many services at a time as the group says', async () => {
    states.set('east', 'Lost');
    await clock.advance(3000);
    const switchback = { stableForSeconds: 60, maxConcurrentServices: 1 };
    stores.groups.replace([aGroup('americas', [...REGIONS], { failover: { coolDownSeconds: 0 }, switchback })], '2');
    isSlow = true;
    states.delete('east');
    await clock.advance(10_000);
    expect(whereAre()).toBe('east@3 west@2');
    expect(context.holds.get('switchback-system/voice')).toMatchObject({ reason: 'ConcurrencyLimit' });
    isSlow = false;
    await clock.advance(3000);
    expect(whereAre()).toBe('east@3 east@3');
  });
});

it('the record of a failover tells what it was decided from, and goes on telling it', async () => {
  states.set('east', 'Lost');
  await clock.advance(5000);
  const evidence = [{ source: 'hub', saw: 'last answer 60.0 s ago, last heartbeat 60.0 s ago' }];
  const { items } = await direct.client.list(RESOURCES.regionSwitch);
  expect(items.map(({ spec, status }) => [spec.type, status?.evidence])).toEqual([['Failover', evidence]]);
});

describe('a switch of tenants', () => {
  const acme = { tenants: ['acme/one'] };
  const coveredOf = async (name: string) =>
    (await read(name)).status?.conditions?.find(({ type }) => type === 'Covered');

  it('moves what serves them alone, and says what it left where it is, and with how many others it is shared', async () => {
    book = bookOf({ mail: ['acme/one'], voice: ['acme/one', 'bolt/two', 'bolt/three'] });
    await apply(aSwitch('e', { tenants: ['acme/one', 'acme/typo'] }));
    await clock.advance(3000);
    expect(whereAre()).toBe('west@2 east@1');
    const { status } = await read('e');
    expect(status?.plan).toMatchObject({ moves: 0, stays: 2 });
    expect(status?.plan?.services).toMatchObject([
      { name: 'acme/typo', verdict: 'Stays', reason: 'TenantNotFound' },
      { name: 'switchback-system/voice', verdict: 'Stays', reason: 'SharedWithOthers', sharedWith: 2 },
    ]);
    const message =
      '1 services are not moved, because they also serve tenants that are not named: switchback-system/voice (with 2 others); there is no Tenant acme/typo';
    expect(await coveredOf('e')).toMatchObject({ status: 'False', reason: 'SharedWithOthers', message });
    await run(5);
    expect((await read('e')).status?.endTime).toBeDefined();
    expect(await coveredOf('e')).toMatchObject({ status: 'False', message });
    expect(events.filter((note) => note.startsWith('Not all that is named'))).toHaveLength(1);
    const writes = direct.writes().length;
    await clock.advance(60_000);
    expect(direct.writes()).toHaveLength(writes);
  });

  it('moves a shared service when all whom it serves are named', async () => {
    book = bookOf({ mail: ['acme/one'], voice: ['acme/one', 'bolt/two'] });
    await apply(aSwitch('e', { tenants: ['acme/one', 'bolt/two'] }));
    await clock.advance(3000);
    expect(whereAre()).toBe('west@2 west@2');
    expect(await coveredOf('e')).toMatchObject({ status: 'True' });
  });

  it('is read only when the tenants are, and until then nothing moves by itself', async () => {
    await apply(aSwitch('calm', { type: 'Freeze', region: undefined, expiresAt: '2026-01-01T01:00:00Z', ...acme }));
    await apply(aSwitch('e', acme));
    states.set('east', 'Lost');
    await clock.advance(5000);
    expect(whereAre()).toBe('east@1 east@1');
    expect(context.holds.get('switchback-system/mail')).toMatchObject({ reason: 'NotObserved' });
    expect([(await read('e')).status, (await read('calm')).status]).toEqual([undefined, undefined]);
    book = bookOf({ mail: ['acme/one'], voice: ['acme/one', 'bolt/two'] });
    await clock.advance(3000);
    expect(whereAre()).toBe('east@1 west@2');
    expect(context.holds.get('switchback-system/mail')).toMatchObject({ reason: 'Frozen' });
  });

  it('to a group that does not exist says so, whoever the tenants are', async () => {
    await apply(aSwitch('e', { ...acme, iuGroupRef: { name: 'nowhere' } }));
    await clock.advance(3000);
    expect((await read('e')).status?.conditions?.[0]).toMatchObject({ reason: 'IUGroupNotFound' });
  });

  it('freezes what serves them alone, says what it does not hold, and says so when others join', async () => {
    book = bookOf({ mail: ['acme/one'], voice: ['bolt/two'] });
    await apply(aSwitch('calm', { type: 'Freeze', region: undefined, expiresAt: '2026-01-01T01:00:00Z', ...acme }));
    await clock.advance(3000);
    expect(await coveredOf('calm')).toMatchObject({ status: 'True', message: 'no service of the tenants is left out' });
    book = bookOf({ mail: ['acme/one', 'bolt/two'] });
    await clock.advance(3000);
    const message =
      '1 services are not held, because they also serve tenants that are not named: switchback-system/mail (with 1 other)';
    expect(await coveredOf('calm')).toMatchObject({ status: 'False', message });
    expect(events).toContain(`Not all that is named by tenant is in scope: ${message}`);
    states.set('east', 'Lost');
    await clock.advance(3000);
    expect(whereAre()).toBe('west@2 west@2');
  });

  it('goes on under the next leader, which waits until it knows the tenants', async () => {
    book = bookOf({ mail: ['acme/one'], voice: ['bolt/two'] });
    await apply(aSwitch('e', acme));
    await clock.advance(3000);
    const { status } = await read('e');
    book = undefined;
    await changeLeader();
    await clock.advance(20_000);
    expect([whereAre(), (await read('e')).status]).toEqual(['west@2 east@1', status]);
    book = bookOf({ mail: ['acme/one'], voice: ['bolt/two'] });
    await run(5);
    expect([whereAre(), (await read('e')).status?.endTime]).toEqual(['west@2 east@1', expect.any(String)]);
  });
});

describe('a tenant that wants no failover by itself', () => {
  it('has its own services held, whatever the group says; and the other way round', async () => {
    await serve(['own'], { failover: { mode: 'Manual' } });
    await clock.advance(1000);
    states.set('east', 'Lost');
    await clock.advance(3000);
    expect(`${whereAre()} ${assignmentOf('own')?.activeRegion}`).toBe('west@2 west@2 east');
    expect(context.holds.get('switchback-system/own')).toMatchObject({
      reason: 'AutomationOff',
      message: 'failover.mode of the tenant is Manual',
    });
    await apply(aSwitch('f', { type: 'Failover' }));
    await clock.advance(3000);
    expect(assignmentOf('own')?.activeRegion).toBe('west');
  });

  it('does without the mode of the group where it says Automatic', async () => {
    const failover = { coolDownSeconds: 0, mode: 'Manual' };
    stores.groups.replace([aGroup('americas', [...REGIONS], { failover, switchback: { stableForSeconds: 60 } })], '2');
    await serve(['own'], { failover: { mode: 'Automatic' } });
    await clock.advance(1000);
    states.set('east', 'Lost');
    await clock.advance(3000);
    expect(`${whereAre()} ${assignmentOf('own')?.activeRegion}`).toBe('east@1 east@1 west');
    const { message } = context.holds.get('switchback-system/mail') ?? {};
    expect(message).toBe('failover.mode of the group is Manual');
  });
});

describe('a plan', () => {
  it('says what the regions hold after the move, of a dry run and of what is paused', async () => {
    const regions = ['east', { region: 'west', capacity: { instances: 4 } }];
    stores.groups.replace([aGroup('americas', regions)], '2');
    await apply(aSwitch('try', { dryRun: true }));
    await apply(aSwitch('p', { pause: true, services: ['switchback-system/mail'] }));
    await apply(drill({ kind: 'Plan' }));
    await clock.advance(3000);
    const both = [
      { region: 'east', before: 4, after: 0, fits: true },
      { region: 'west', before: 0, after: 4, capacity: 4, fits: true },
    ];
    expect((await read('try')).status?.plan?.regions).toEqual(both);
    expect((await read('d')).status?.plan?.regions).toEqual(both);
    expect((await read('p')).status?.plan?.regions).toMatchObject([{ after: 2 }, { after: 2 }]);
    const writes = direct.writes().length;
    await clock.advance(60_000);
    expect(direct.writes()).toHaveLength(writes);
  });

  it('of a switch that is paused counts its services together', async () => {
    const regions = ['east', { region: 'west', capacity: { instances: 3 } }];
    stores.groups.replace([aGroup('americas', regions)], '2');
    await apply(aSwitch('p', { pause: true }));
    await clock.advance(3000);
    expect((await read('p')).status?.plan).toMatchObject({ moves: 1, held: 1, regions: [{ after: 2 }, { after: 2 }] });
  });
});

it('an evacuation that is made while it is paused leads no traffic away, and begins when it is resumed', async () => {
  await serve(['shop'], { serviceClassRef: { name: 'web' } });
  await apply(aSwitch('p', { pause: true }));
  await clock.advance(900_000);
  const orderOf = () => context.standings.get('americas')?.keptEmpty[0]?.drain;
  expect(orderOf()).toMatchObject({ name: 'p', startTime: undefined });
  expect((await read('p')).status).toMatchObject({ plan: { moves: 2, drains: 1 } });
  expect((await read('p')).status).not.toHaveProperty('startTime');
  await patch('p', { spec: { pause: false } });
  const resumedAt = clock.now().wallMs;
  await clock.advance(3000);
  expect(whereAre()).toBe('west@2 west@2');
  expect(Date.parse(orderOf()?.startTime ?? '') - resumedAt).toBeGreaterThanOrEqual(-1000);
});

describe('a switch of 300 services', () => {
  const names = Array.from({ length: 298 }, (_, i) => `s${String(i).padStart(3, '0')}`);
  const away = (): number =>
    [...SERVICES, ...names].filter((name) => assignmentOf(name)?.activeRegion === 'west').length;

  it('counts all of them over a change of the leader, lists 200, and moves none twice', async () => {
    await serve(names);
    // One that waits for an approval keeps the switch open.
    await serve(['wfm'], { serviceClassRef: { name: 'wfm' } });
    await clock.advance(3000);
    await apply(aSwitch('e'));
    await clock.advance(10_000);
    expect(away()).toBe(300);
    const before = (await read('e')).status;
    expect([before?.servicesTotal, before?.services?.length]).toEqual([301, 200]);
    expect(before?.steps?.[0]).toMatchObject({ name: 'RecordIntent', state: 'Running', done: 300, total: 301 });
    await changeLeader();
    await clock.advance(15_000);
    const after = (await read('e')).status;
    expect([after?.servicesTotal, after?.services?.length]).toEqual([301, 200]);
    expect(after?.steps).toEqual(before?.steps);
    expect(after?.slowestRecoveryMilliseconds).toBe(before?.slowestRecoveryMilliseconds);
    const writes = direct.writes().length;
    await clock.advance(5000);
    expect(direct.writes()).toHaveLength(writes);

    // All come back, because the other region is lost: more than the list can name.
    states.set('west', 'Lost');
    await clock.advance(10_000);
    expect(away()).toBe(0);
    states.delete('west');
    await changeLeader();
    await clock.advance(10_000);
    expect(away()).toBe(0);
    const last = (await read('e')).status;
    expect([last?.servicesTotal, last?.services?.length]).toEqual([301, 200]);
    expect(last?.services?.every(({ superseded }) => superseded)).toBe(true);
    expect(last?.steps?.[0]).toMatchObject({ state: 'Running', done: 300, total: 301 });
  }, 60_000);

  it('comes home from a drill under another leader, which counts all of them on both ways', async () => {
    await serve(names);
    await clock.advance(3000);
    await apply(drill({ staySeconds: 5, objectiveSeconds: 60 }));
    await clock.advance(4000);
    expect(away()).toBe(300);
    await reportInstances([...SERVICES, ...names]);
    await clock.advance(12_000);
    expect([away(), phaseOf(await read('d'))]).toEqual([0, 'Home']);
    await changeLeader();
    await clock.advance(2000);
    await reportInstances([...SERVICES, ...names]);
    await clock.advance(5000);
    const { status } = await read('d');
    expect(status?.drill).toMatchObject({ phase: 'Ended', result: 'Passed' });
    expect(status?.drill?.message).toMatch(/^300 of 300 services went away and came home; longest time away: [0-5]\./);
    expect([status?.servicesTotal, status?.back?.servicesTotal]).toEqual([300, 300]);
    expect([status?.services?.length, status?.back?.services.length]).toEqual([200, 200]);
  }, 60_000);
});

describe('the record of a failover with more services than it can list', () => {
  const names = Array.from({ length: 298 }, (_, i) => `s${String(i).padStart(3, '0')}`);
  const recordOf = async () => {
    const { items } = await direct.client.list(RESOURCES.regionSwitch);
    return items.find(({ spec }) => spec.trigger === 'Automatic');
  };
  const told = async () => {
    const { servicesTotal, services, steps } = (await recordOf())?.status ?? {};
    return [servicesTotal, services?.length, `${steps?.map(({ done, total }) => `${done}/${total}`)[0]}`];
  };

  it('counts all of them, also after a change of leader on the way', async () => {
    await serve(names);
    await clock.advance(3000);
    isSlow = true;
    states.set('east', 'Lost');
    await clock.advance(20_000);
    const before = await told();
    expect(before).toEqual([300, 200, '300/300']);
    await changeLeader();
    await clock.advance(10_000);
    expect(await told()).toEqual(before);
    isSlow = false;
    await clock.advance(10_000);
    expect(await told()).toEqual(before);
    expect(conditionsOf((await recordOf()) as RegionSwitch)).toContain('SwitchedOver');
  });
});
