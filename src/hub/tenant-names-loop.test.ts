import { beforeEach, describe, expect, it } from 'vitest';
import { connectDirectly, type DirectClient } from '../../test/support/direct-client.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { aClass, aGroup, anActive, aTenant } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { VirtualTime } from '../../test/support/virtual-time.ts';
import type { IUGroup } from '../api/iu-group.ts';
import type { Tenant } from '../api/tenant.ts';
import { type CohortPlan, computeCohorts } from '../decide/cohort.ts';
import type { DNSEndpoint } from '../decide/desired/traffic.ts';
import { createApplier } from '../kube/apply.ts';
import { Store } from '../kube/cache.ts';
import type { HubContext } from './context.ts';
import { createTenantNamesLoop, describeNaming, namingOf, type TenantNamesLoop } from './tenant-names-loop.ts';
import { DNS_ENDPOINT } from './traffic.ts';

const CLASSES = [aClass('desktop', anActive())];
const aNamedGroup = (names: object | undefined = { frontDoor: 'desktop' }): IUGroup =>
  aGroup('americas', ['us-east', 'us-west'], { traffic: { domain: 'example.com', tenantNames: names } });
const tenant = (number: number, namespace = 'a'): Tenant => aTenant(`${namespace}/t${number}`);

let server: FakeApiServer;
let hub: DirectClient;
let clock: ManualClock;
let group: IUGroup;
let tenants: Tenant[];
let endpoints: Store<DNSEndpoint>;
let isSynced: boolean;
let context: HubContext;
let loop: TenantNamesLoop;
let plan: CohortPlan | undefined;

beforeEach(() => {
  server = new FakeApiServer({ name: 'hub', time: new VirtualTime(), random: new SeededRandom(1) });
  server.serve(DNS_ENDPOINT);
  hub = connectDirectly(server);
  clock = new ManualClock();
  group = aNamedGroup();
  tenants = Array.from({ length: 1500 }, (_, i) => tenant(i));
  endpoints = new Store<DNSEndpoint>();
  isSynced = true;
  context = partOf<HubContext>('context', {
    clock,
    client: hub.client,
    applier: createApplier({ client: hub.client, fieldManager: 'hub' }),
    log: () => undefined,
    leadership: { isCertain: () => true },
    groups: { store: { list: () => [group] } },
    tenants: { store: { list: () => tenants } },
    endpoints: {
      store: endpoints,
      reflector: {
        get synced() {
          return isSynced;
        },
      },
    },
    naming: new Map(),
    lookAgain: { group: () => undefined, tenants: () => undefined },
  });
  loop = createTenantNamesLoop(context, () => plan);
  loop.ticker.start();
});

/** What is written by a look after the tenants were planned. */
async function look(): Promise<string[]> {
  const before = hub.writes().length;
  plan = computeCohorts({ groups: [group], classes: CLASSES, tenants });
  loop.planned();
  await clock.advance(10_000);
  for (const write of hub.writes().slice(before)) {
    const [method, name = ''] = write.split(' ');
    // Nothing watches here.
    const gone = method === 'DELETE' && endpoints.get(`switchback-system/${name}`);
    if (gone) endpoints.remove(gone);
  }
  return hub.writes().slice(before);
}

const names = (): string[] =>
  endpoints
    .list()
    .flatMap(({ spec }) => spec.endpoints.map(({ dnsName }) => dnsName))
    .sort();

describe('the names of tenants', () => {
  it('are written in shards, and nothing more while nothing changes', async () => {
    expect(await look()).toEqual([
      expect.stringMatching(/^PATCH americas\.tenants\.0$/),
      expect.stringMatching(/^PATCH americas\.tenants\.1$/),
    ]);
    expect(names()).toHaveLength(1500);
    expect(describeNaming(context, 'americas')).toMatchObject({ names: 1500, shards: 2, accepted: 0, refused: 0 });
    expect(await look()).toEqual([]);
    await clock.advance(120_000);
    expect(await look()).toEqual([]);
  });

  it('cost one write when one tenant comes, with the next revision', async () => {
    await look();
    tenants = [...tenants, tenant(9999)];
    const [write, ...others] = await look();
    expect(others).toEqual([]);
    const shard = endpoints.get(`switchback-system/${write?.split(' ')[1]}`);
    expect(shard?.metadata.annotations?.['switchback.dev/revision']).toBe('2');
    expect(names()).toContain('t9999.tenants.example.com');
  });

  it('are all there at every moment while shards are cut anew', async () => {
    tenants = tenants.slice(0, 900);
    expect(await look()).toEqual(['PATCH americas.tenants.all']);
    tenants = Array.from({ length: 1500 }, (_, i) => tenant(i));
    const writes = await look();
    expect(writes.slice(0, 2).every((write) => write.startsWith('PATCH'))).toBe(true);
    expect(writes.slice(2)).toEqual(['DELETE americas.tenants.all']);
    expect(names()).toHaveLength(1500);
  });

  it('lead to what serves a tenant that is being moved, until what will is there', async () => {
    const serviceSets = [{ services: [{ service: 'desktop', instance: 'switchback-system/before' }], mode: 'Active' }];
    const targetsOf = () => endpoints.list().flatMap(({ spec }) => spec.endpoints.flatMap(({ targets }) => targets));
    tenants = [tenant(1)];
    await look();
    const after = targetsOf();
    tenants = [{ ...tenant(1), status: { observedGeneration: 1, serviceSets } } as Tenant];
    await look();
    expect(targetsOf()).toEqual(['before.example.com']);
    tenants = [tenant(1)];
    await look();
    expect(targetsOf()).toEqual(after);
  });

  it('go when the group wants none any more, and stay when it names no domain', async () => {
    await look();
    group = aGroup('americas', ['us-east', 'us-west']);
    expect(await look()).toEqual([]);
    group = aGroup('americas', ['us-east', 'us-west'], { traffic: { domain: 'example.com' } });
    expect((await look()).sort()).toEqual(['DELETE americas.tenants.0', 'DELETE americas.tenants.1']);
    expect(await look()).toEqual([]);
  });

  it('never replace what somebody else has written since', async () => {
    await look();
    const seen = endpoints.get('switchback-system/americas.tenants.0');
    if (!seen) throw new Error('it was written');
    const where = { name: seen.metadata.name, namespace: 'switchback-system' };
    await hub.client.mergePatch(DNS_ENDPOINT, where, { metadata: { annotations: { by: 'a newer hub' } } });
    tenants = tenants.slice(0, -200);
    await look();
    const { metadata, spec } = await hub.client.read(DNS_ENDPOINT, where);
    expect(metadata.annotations?.['by']).toBe('a newer hub');
    expect(spec.endpoints).toEqual(seen.spec.endpoints);
  });

  it('are not touched before the tenants are planned in this leadership', async () => {
    await look();
    loop.forget();
    tenants = [];
    plan = computeCohorts({ groups: [group], classes: CLASSES, tenants });
    const before = hub.writes().length;
    await clock.advance(120_000);
    expect(hub.writes().length).toBe(before);
  });

  it('are not written while it is not known what is there, and that is said', async () => {
    isSynced = false;
    expect(await look()).toEqual([]);
    expect(context.naming.get('americas')?.condition).toMatchObject({ status: 'False', reason: 'DNSEndpointMissing' });
    isSynced = true;
    expect(await look()).toHaveLength(2);
  });

  it('are refused to the younger one of two, and both are told', async () => {
    tenants = [tenant(1, 'a'), tenant(1, 'b'), tenant(2, 'b')];
    await look();
    expect(names()).toEqual(['t1.tenants.example.com', 't2.tenants.example.com']);
    expect(namingOf(context, 'americas', 'a/t1')).toMatchObject([{ status: 'True' }]);
    expect(namingOf(context, 'americas', 'b/t1')).toMatchObject([{ status: 'False', reason: 'NameTaken' }]);
    expect(context.naming.get('americas')?.condition).toMatchObject({ status: 'False', reason: 'NameTaken' });
  });
});
