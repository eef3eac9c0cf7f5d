import { beforeEach, describe, expect, it } from 'vitest';
import { connectDirectly, type DirectClient } from '../../test/support/direct-client.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { aBackup, aClass, aGroup, anActive, anAssignment, aTenant } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { VirtualTime } from '../../test/support/virtual-time.ts';
import { API_VERSION } from '../api/common.ts';
import { RESOURCES } from '../api/resources.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import type { Tenant } from '../api/tenant.ts';
import { type CohortPlan, computeCohorts } from '../decide/cohort.ts';
import type { Diagnosis } from '../decide/diagnosis.ts';
import { Store } from '../kube/cache.ts';
import { keyOf } from '../kube/object.ts';
import type { Controller } from '../runtime/controller.ts';
import type { HubContext } from './context.ts';
import { noteFailures } from './present-state.ts';
import { createTenantLoop } from './tenant-loop.ts';

/** Two tenants of one plan, at home in us-east, with routing that serves in both regions and a mailbox that moves. */
const GROUP = aGroup('americas', ['us-east', 'us-west']);
const CLASSES = [
  aClass('voice-routing', anActive()),
  aClass('agent-desktop', { ...anActive(), functionality: 'AgentLogin' }),
  aClass('voice-mail', {
    ...aBackup(),
    functionality: 'Voicemail',
    dataStores: [{ name: 'messages', pattern: 'A-B' }],
  }),
];
const MAIL = 'switchback-system/voice-mail-us-east-us-west';
const HEALTHY: Diagnosis = { state: 'Healthy', reason: 'RegionHealthy', message: '' };
const LOST: Diagnosis = { state: 'Lost', reason: 'RegionLost', message: '' };

let clock: ManualClock;
let hub: DirectClient;
let tenants: Store<Tenant>;
let instances: Store<ServiceInstance>;
let context: HubContext;
let loop: Controller;
let told: number;
let mailIn: string;
let plan: CohortPlan;
let isIsolated: boolean;

const instanceOf = (desired: CohortPlan['instances'][number], isAvailable: boolean): ServiceInstance => ({
  apiVersion: API_VERSION,
  kind: 'ServiceInstance',
  metadata: { ...desired.metadata },
  spec: desired.spec,
  status: {
    observedGeneration: 1,
    conditions: [
      {
        type: 'Available',
        status: isAvailable ? 'True' : 'False',
        reason: 'AsDeclared',
        message: '',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ],
  },
});

beforeEach(async () => {
  clock = new ManualClock();
  told = 0;
  mailIn = 'us-east';
  isIsolated = false;
  const server = new FakeApiServer({ name: 'hub', time: new VirtualTime(), random: new SeededRandom(1) });
  server.serve(RESOURCES.tenant);
  hub = connectDirectly(server);
  const made = await Promise.all(
    ['crown', 'blue-sky'].map((name) => hub.client.create(RESOURCES.tenant, aTenant(`customers/${name}`))),
  );
  tenants = new Store<Tenant>({ indexers: {} });
  tenants.replace(made, '1');
  plan = computeCohorts({ groups: [GROUP], classes: CLASSES, tenants: made });
  instances = new Store<ServiceInstance>({ indexers: {} });
  instances.replace(
    plan.instances.map((desired) => instanceOf(desired, true)),
    '1',
  );
  const classes = new Map(CLASSES.map((each) => [each.metadata.name, each]));
  context = partOf<HubContext>('context', {
    clock,
    random: new SeededRandom(1),
    client: hub.client,
    tenants: { store: tenants },
    groups: { store: { get: () => GROUP } },
    classes: { store: classes },
    instances: { store: instances },
    assignments: {
      loaded: true,
      get: (key: string) => anAssignment(key === MAIL ? `2 ${mailIn}>us-west` : '1 us-east>us-west'),
    },
    holds: new Map(),
    failures: new Map(),
    diagnoses: new Map([
      ['us-east', HEALTHY],
      ['us-west', HEALTHY],
    ]),
    isolatedAt: { get: () => (isIsolated ? clock.now() : undefined) },
    naming: new Map(),
    standings: new Map(),
    links: { get: () => undefined },
    capacities: new Map([['americas', []]]),
    leadership: { isCertain: () => true },
    lookAgain: {
      tenants: () => {
        told += 1;
      },
    },
    log: () => undefined,
  });
  loop = createTenantLoop(context, () => plan);
  loop.start();
  noteFailures(context, GROUP);
  await tellAll();
});

/** As the hub does a little later. Says how many tenants were written. */
async function tellAll(): Promise<number> {
  const before = hub.writes().length;
  for (const tenant of tenants.list()) loop.enqueue(keyOf(tenant));
  await clock.advance(1000);
  return hub.writes().length - before;
}
const crown = () => tenants.get('customers/crown')?.status;
const impactFree = () => crown()?.conditions?.find(({ type }) => type === 'ImpactFree');
const codes = (functionality: string) =>
  crown()
    ?.impact?.flatMap(({ rows }) => rows)
    .filter((row) => row.functionality === functionality)
    .flatMap(({ operations = [] }) => operations.map(({ code }) => code));

function lose(region: string): void {
  context.diagnoses.set(region, LOST);
  noteFailures(context, GROUP);
}
function mailIs(region: string, isAvailable: boolean): void {
  mailIn = region;
  instances.replace(
    plan.instances.map((desired) => instanceOf(desired, keyOf(desired) !== MAIL || isAvailable)),
    '2',
  );
}

describe('the impact in the status of a tenant', () => {
  it('is absent while nothing has failed, and nothing is written again', async () => {
    expect(crown()?.impact).toBeUndefined();
    expect(impactFree()).toMatchObject({ status: 'True' });
    expect(await tellAll()).toBe(0);
  });

  it('says what is felt of a lost region, since when, once for each tenant', async () => {
    expect(told).toBe(1);
    lose('us-east');
    expect(told).toBe(2);
    mailIs('us-west', false);
    expect(await tellAll()).toBe(2);
    expect(crown()?.impact?.[0]).toMatchObject({
      failure: { kind: 'Region', region: 'us-east' },
      since: expect.stringMatching(/^20/),
    });
    expect(codes('CallRouting')).toEqual(['ActiveCallsLost', 'NewCallsQueue', 'CallsElsewhereUntouched']);
    expect(impactFree()).toMatchObject({ status: 'False', reason: 'RegionLost' });
    await clock.advance(60_000);
    noteFailures(context, GROUP);
    expect(told).toBe(2);
    expect(await tellAll()).toBe(0);
  });

  it('keeps what lasts when all has moved, with its time, and is gone when it is over', async () => {
    lose('us-east');
    mailIs('us-west', false);
    await tellAll();
    const since = crown()?.impact?.[0]?.since;
    await clock.advance(30_000);
    mailIs('us-west', true);
    expect(await tellAll()).toBe(2);
    expect(crown()?.impact).toHaveLength(1);
    expect(crown()?.impact?.[0]).toMatchObject({ since, rows: [{ functionality: 'Voicemail' }] });
    expect(codes('Voicemail')).toEqual(['StoredUnavailable', 'StoredElsewhere']);
    context.diagnoses.set('us-east', HEALTHY);
    noteFailures(context, GROUP);
    expect(await tellAll()).toBe(2);
    expect(crown()?.impact ?? undefined).toBeUndefined();
    expect(impactFree()).toMatchObject({ status: 'True' });
    expect(await tellAll()).toBe(0);
  });

  it('stands while a new leader has not looked, and while the hub suspects itself', async () => {
    lose('us-east');
    await tellAll();
    const before = crown();
    context.failures.clear();
    expect(await tellAll()).toBe(0);
    isIsolated = true;
    lose('us-west');
    expect(await tellAll()).toBe(0);
    expect(crown()).toEqual(before);
  });

  it('tells of services that have failed, not of such that were never ready', async () => {
    mailIs('us-east', false);
    await tellAll();
    expect(crown()?.impact?.[0]).toMatchObject({ failure: { kind: 'Services', services: ['voice-mail'] } });
    expect(await tellAll()).toBe(0);
  });
});
