import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { serveBuiltInKinds } from '../../../test/support/built-in-kinds.ts';
import { connectDirectly, type DirectClient } from '../../../test/support/direct-client.ts';
import { FakeApiServer } from '../../../test/support/fake-api-server.ts';
import type { JsonObject } from '../../../test/support/json.ts';
import { anOrder, anOrderedComponent } from '../../../test/support/objects.ts';
import { SeededRandom } from '../../../test/support/seeded-random.ts';
import { VirtualTime } from '../../../test/support/virtual-time.ts';
import type { StoreAction } from '../../decide/data-stores.ts';
import { CLUSTER, type Cluster, cloudNativePg } from './cloud-native-pg.ts';
import type { StoreCall } from './driver.ts';

const crd = parse(readFileSync(join(import.meta.dirname, '../../../test/support/cnpg-cluster.crd.yaml'), 'utf8'));
const { properties } = crd.spec.versions[0].schema.openAPIV3Schema;

/** Drops, as a real API server does, what the schema of a CRD does not know. */
function prune(schema: Schema, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).flatMap(([key, inner]) => {
    const known = schema.properties?.[key] ?? schema.additionalProperties;
    return known ? [[key, prune(known, inner)] as const] : [];
  });
  return Object.fromEntries(entries);
}
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
}

/** Region west; the service is active in east, or comes from there. The operator of CloudNativePG is played by hand. */
const NAMESPACE = 'switchback-system';
const WHERE = { name: 'mail-pg', namespace: NAMESPACE };
let server: FakeApiServer;
let direct: DirectClient;
let right: boolean;

beforeEach(() => {
  server = new FakeApiServer({ name: 'west', time: new VirtualTime(), random: new SeededRandom(1) });
  serveBuiltInKinds(server);
  const schema = ({ spec, status, ...rest }: JsonObject): JsonObject => ({
    ...rest,
    spec: prune(properties.spec, spec),
    ...(status === undefined ? {} : { status: prune(properties.status, status) }),
  });
  server.serve(CLUSTER, { schema });
  direct = connectDirectly(server);
  right = true;
});

const make = async (replica: object, status: Cluster['status'] = {}): Promise<void> => {
  const metadata = { name: 'mail-pg', namespace: NAMESPACE };
  const spec = { replica: { self: 'west', source: 'east', ...replica } };
  await direct.client.create<Cluster>(CLUSTER, {
    apiVersion: 'postgresql.cnpg.io/v1',
    kind: 'Cluster',
    metadata,
    spec,
  });
  await says({ currentPrimary: 'mail-pg-1', ...status });
};
const says = (status: Cluster['status']) =>
  direct.client.mergePatch(CLUSTER, WHERE, { status }, { subresource: 'status' });
const writes = (isPrimary: boolean) => ({ instancesReportedState: { 'mail-pg-1': { isPrimary } } });
const cluster = () => direct.client.read(CLUSTER, WHERE);

const advance = (action: StoreAction, more: { run?: number; handedTo?: number; promotionToken?: string } = {}) => {
  const { handedTo = 4, promotionToken, run = action === 'Promote' ? 4 : 2 } = more;
  const store = { name: 'pg', driver: 'CloudNativePG' as const, ...(promotionToken ? { promotionToken } : {}) };
  const activeRegion = action === 'Promote' ? 'west' : 'east';
  const spec = { epoch: 4, activeSinceEpoch: 4, activeRegion, successors: [], role: 'Active', dataStores: [store] };
  const call: StoreCall = {
    context: { client: direct.client, region: 'west' },
    order: anOrder('mail', [anOrderedComponent()], spec),
    store,
    record: { name: 'pg', state: action === 'Promote' ? 'Promoting' : 'Demoting', run, handedTo },
    mayAct: () => right,
    mayRetry: true,
    signal: new AbortController().signal,
  };
  return cloudNativePg.advance(action, call);
};
const changes = () => direct.writes().filter((write) => write === 'PATCH mail-pg').length;

describe('a demotion', () => {
  it('names the new primary, drops the old token in the same write, and ends with a token', async () => {
    await make({ primary: 'west', promotionToken: 'OLD' }, writes(true));
    expect(await advance('Demote')).toMatchObject({ kind: 'Waiting' });
    expect((await cluster()).spec?.replica).toEqual({ self: 'west', primary: 'east', source: 'east' });
    expect(await advance('Demote')).toMatchObject({ kind: 'Waiting' });
    await says({ switchReplicaClusterStatus: { inProgress: true } });
    await says({ ...writes(false), demotionToken: 'TOKEN' });
    expect(await advance('Demote')).toMatchObject({ kind: 'Waiting' });
    await says({ switchReplicaClusterStatus: { inProgress: false } });
    const { uid } = (await cluster()).metadata;
    expect(await advance('Demote')).toEqual({ kind: 'Done', token: 'TOKEN', cluster: uid });
  });

  it('is not done without the token of what was primary, though it is a replica by now', async () => {
    await make({ primary: 'west' }, writes(true));
    await advance('Demote');
    await says(writes(false));
    expect(await advance('Demote')).toMatchObject({ message: expect.stringContaining('no demotion token') });
  });

  it('does not begin while the token of an earlier one is shown', async () => {
    await make({ primary: 'west' }, { ...writes(true), demotionToken: 'OLD' });
    expect(await advance('Demote')).toMatchObject({ message: expect.stringContaining('an earlier demotion') });
    expect((await cluster()).spec?.replica?.primary).toBe('west');
  });

  it('of what was never promoted writes once, so that a promotion under way fails', async () => {
    await make({ primary: 'east' }, writes(false));
    const seen = await cluster();
    expect(await advance('Demote')).toMatchObject({ kind: 'Waiting' });
    const { resourceVersion, uid } = seen.metadata;
    const late = { metadata: { resourceVersion, uid }, spec: { replica: { primary: 'west' } } };
    await expect(direct.client.mergePatch(CLUSTER, WHERE, late)).rejects.toThrow(/modified/);
    expect(await advance('Demote')).toMatchObject({ kind: 'Done' });
  });

  it('writes nothing while it waits, and nothing without the right to', async () => {
    await make({ primary: 'west' }, writes(true));
    right = false;
    await expect(advance('Demote')).rejects.toThrow('the right to hand over has ended');
    right = true;
    await advance('Demote');
    const before = changes();
    await advance('Demote');
    await advance('Demote');
    expect(changes()).toBe(before);
  });
});

describe('a promotion', () => {
  it('gives the name and the token in one write, and is done when the token was met and writes are taken', async () => {
    await make({ primary: 'east' }, writes(false));
    expect(await advance('Promote', { promotionToken: 'TOKEN' })).toMatchObject({ kind: 'Waiting' });
    expect((await cluster()).spec?.replica).toMatchObject({ primary: 'west', promotionToken: 'TOKEN' });
    await says(writes(true));
    expect(await advance('Promote', { promotionToken: 'TOKEN' })).toMatchObject({ kind: 'Waiting' });
    await says({ lastPromotionToken: 'TOKEN' });
    expect(await advance('Promote', { promotionToken: 'TOKEN' })).toMatchObject({ kind: 'Done' });
  });

  it('goes without a token where the other side was not asked', async () => {
    await make({ primary: 'east' }, writes(false));
    await advance('Promote');
    expect((await cluster()).spec?.replica).toEqual({ self: 'west', source: 'east', primary: 'west' });
    await says(writes(true));
    expect(await advance('Promote')).toMatchObject({ kind: 'Done' });
  });

  it('never makes a replica primary where the service begins', async () => {
    await make({ primary: 'east' }, writes(false));
    expect(await advance('Promote', { run: 1 })).toMatchObject({ message: expect.stringContaining('begins here') });
    expect((await cluster()).spec?.replica?.primary).toBe('east');
  });

  it('finds what is primary already', async () => {
    await make({ primary: 'west' }, writes(true));
    expect(await advance('Promote', { run: 1 })).toMatchObject({ kind: 'Done' });
    expect(changes()).toBe(0);
  });
});

describe('what a person has to put right', () => {
  it.each<[string, object, string]>([
    ['no distributed topology', {}, 'has no spec.replica.primary'],
    ['a standalone replica', { primary: 'east', enabled: true }, 'spec.replica.enabled'],
    ['another name', { primary: 'east', self: 'pg-west' }, 'set spec.replica.self to west'],
  ])('%s', async (_, replica, message) => {
    await make(replica);
    for (const action of ['Promote', 'Demote'] as const)
      expect(await advance(action)).toMatchObject({ kind: 'Waiting', message: expect.stringContaining(message) });
    expect(changes()).toBe(0);
  });

  it('no Cluster, or no such kind in the region', async () => {
    expect(await advance('Promote')).toMatchObject({
      message: expect.stringContaining('CloudNativePG is not installed'),
    });
    const bare = new FakeApiServer({ name: 'west', time: new VirtualTime(), random: new SeededRandom(1) });
    direct = connectDirectly(bare);
    expect(await advance('Demote')).toMatchObject({
      message: expect.stringContaining('CloudNativePG is not installed'),
    });
  });
});
