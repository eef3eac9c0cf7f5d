import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rootSchema } from '../../hack/gen/crds.ts';
import { waitFor } from '../../hack/regions/wait.ts';
import { KINDS } from '../../src/api/kinds.ts';
import { NAMESPACE } from '../../src/kube/kinds.ts';
import { apiVersionOf, pathOf, type Resource } from '../../src/kube/object.ts';
import { statusOf } from '../../src/kube/status.ts';
import { type ApiServer, bootApiServer } from './support/api-server.ts';
import { areOfStatus, type Changes, type Manifest, readCases, readManifests, withChanges } from './support/cases.ts';
import { ruleMessages } from './support/rules.ts';

/**
 * What the API server says to good and bad input while no operator runs: all that is checked here is in the CRDs and in
 * the admission policies.
 */

const ROOT = join(import.meta.dirname, '../..');

const refused = readCases('refused').flatMap(({ base, cases }) => cases.map((one) => ({ base, ...one })));
const accepted = readCases('accepted').flatMap(({ base, cases }) => cases.map((one) => ({ base, ...one })));
const shipped = ['charts/switchback/catalogue/today', 'hack/samples']
  .flatMap((folder) => readManifests(join(ROOT, folder)))
  .filter(({ kind }) => kindOf(kind));
/** Classes of the same names, for the same services. */
const nextClasses = readManifests(join(ROOT, 'charts/switchback/catalogue/next'));
const namespaces = new Set(
  [...refused.map(({ base }) => base), ...accepted.map(({ base }) => base), ...shipped].flatMap(
    ({ metadata: { namespace } }) => namespace ?? [],
  ),
);

let server: ApiServer;
/** Of the catalogue, by name. */
const presentClasses = new Map<string, Manifest>();
/** Everything that was answered with a refusal, by kind. */
const refusals = new Map<string, string[]>();

beforeAll(async () => {
  // What is written here is written by all who write: the policies that tell them apart have tests of their own.
  server = await bootApiServer(['hub', 'region'], { hubUsers: ['admin'] });
  for (const name of namespaces) {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await server.client('admin').apply(NAMESPACE, namespace, { fieldManager: 'test' });
  }
  await untilPoliciesAreEnforced();
});
afterAll(() => server?.[Symbol.asyncDispose]());

describe('the API server refuses', () => {
  test.each(refused)('$base.kind: $name', async ({ base, name, set, then, message }) => {
    const object = withChanges(named(base, set, name), set);
    const answer = then ? await update(await create(object), then) : await write(object);
    expect(answer).toMatchObject({ ok: false });
    expect(answer.message).toContain(message);
    refusals.set(base.kind, [...(refusals.get(base.kind) ?? []), answer.message]);
  });

  test.each(KINDS)('every CEL rule of $kind in one of these cases', (kind) => {
    const heard = (refusals.get(kind.kind) ?? []).join('\n');
    const silent = [...ruleMessages(rootSchema(kind))].filter((message) => !heard.includes(message));
    expect(silent).toEqual([]);
  });
});

describe('the API server accepts, with the defaults that the operator reads,', () => {
  test.each(accepted)('$base.kind: $name', async ({ base, name, set, then }) => {
    const object = withChanges(named(base, set, name), set);
    const created = await create(object);
    expectDefaults(object, created);
    if (then) await expectWritten(update(created, then));
  });

  test('what is shipped: the catalogue and the samples', () => {
    expect(shipped.length).toBeGreaterThan(23);
  });

  test.each(shipped)('$kind $metadata.name, as shipped', async (manifest) => {
    const stored = await create(manifest);
    expectDefaults(manifest, stored);
    if (manifest.kind === 'ServiceClass') presentClasses.set(manifest.metadata.name, stored);
  });

  test.each(nextClasses)('$kind $metadata.name of the next catalogue over the one of today, and back', async (next) => {
    const present = presentClasses.get(next.metadata.name);
    if (!present) throw new Error('the next catalogue has the services of today');
    const stored = await expectWritten(send('PUT', { ...present, spec: next.spec }));
    expectDefaults({ ...next, status: present.status }, stored);
    await expectWritten(send('PUT', { ...stored, spec: present.spec }));
  });
});

describe('a tier that its group refuses', () => {
  const refusing = withChanges(baseOf('IUGroup'), {
    '/metadata/name': 'strict',
    '/spec/tiers': { refused: ['AdvancedIvr'] },
  });
  const tenantOf = (name: string, group: string, tier: string) =>
    withChanges(baseOf('Tenant'), { '/metadata/name': name, '/spec/iuGroupRef/name': group, '/spec/tier': tier });

  test('is refused to new tenants and to those that would change to it, and to no others', async () => {
    await create(refusing);
    const message =
      'IU group strict takes no new tenants of tier AdvancedIvr (spec.tiers.refused): choose another tier';
    let attempt = 0;
    // A policy that asks another kind is enforced up to half a minute after that kind was installed.
    await waitFor({ what: 'the group to be known to the policy', timeoutMs: 60_000 }, async () => {
      attempt += 1;
      const answer = await write(tenantOf(`refused-${attempt}`, 'strict', 'AdvancedIvr'));
      return answer.message.includes(message);
    });
    await create(tenantOf('elsewhere', 'relaxed', 'AdvancedIvr'));
    const other = await create(tenantOf('other-tier', 'strict', 'CrossRegionVoice'));
    expect((await update(other, { '/spec/tier': 'AdvancedIvr' })).message).toContain(message);
  }, 90_000);

  test('is left to those that have it', async () => {
    const relaxed = await create(withChanges(refusing, { '/metadata/name': 'later', '/spec/tiers': null }));
    const tenant = await create(tenantOf('before', 'later', 'AdvancedIvr'));
    await expectWritten(update(relaxed, { '/spec/tiers': { refused: ['AdvancedIvr'] } }));
    await waitFor({ what: 'the group to be known to the policy', timeoutMs: 20_000 }, async () => {
      const { ok } = await write(tenantOf(`late-${Math.trunc(performance.now())}`, 'later', 'AdvancedIvr'));
      return !ok;
    });
    await expectWritten(update(tenant, { '/spec/agents': 1300 }));
  });
});

function baseOf(kind: string): Manifest {
  const base = readCases('refused').find((file) => file.base.kind === kind)?.base;
  if (!base) throw new Error(`there is no case of a ${kind}`);
  return base;
}

interface Answer {
  readonly ok: boolean;
  readonly message: string;
  readonly object: Manifest;
}

/** Cases must not meet each other, so each object gets a name of its own, unless its name is what the case is about. */
function named(base: Manifest, set: Changes | undefined, sentence: string): Manifest {
  if (set && '/metadata/name' in set) return base;
  const name = sentence
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 60)
    .replace(/-$/, '');
  return { ...base, metadata: { ...base.metadata, name } };
}

/** What zod makes of the object is what the server stored: the operator and the users see the same defaults. */
function expectDefaults(sent: Manifest, stored: Manifest): void {
  const kind = kindOf(sent.kind);
  expect(kind?.spec.parse(sent.spec)).toEqual(stored.spec);
  if (!kind?.status || sent.status !== undefined) return;
  // A list that generators of Argo CD read is there from the first moment: they fail on a status without it.
  const followed = ['IUGroup', 'Tenant'].includes(sent.kind) ? { decisions: [] } : {};
  expect(stored.status).toEqual({ observedGeneration: -1, ...followed });
}

async function create(object: Manifest): Promise<Manifest> {
  return expectWritten(write(object));
}

/** Creates the object, then writes its status, where it has one, as an operator would. */
async function write(object: Manifest): Promise<Answer> {
  const { status, ...main } = object;
  const created = await send('POST', main);
  if (!created.ok || status === undefined) return created;
  return send('PUT', { ...created.object, status }, 'status');
}

async function update(object: Manifest, changes: Changes): Promise<Answer> {
  return send('PUT', withChanges(object, changes), areOfStatus(changes) ? 'status' : undefined);
}

async function expectWritten(answer: Promise<Answer>): Promise<Manifest> {
  const { ok, message, object } = await answer;
  expect(message).toBe('');
  expect(ok).toBe(true);
  return object;
}

/** As kubectl writes: unknown fields are an error. */
async function send(method: 'POST' | 'PUT', object: Manifest, subresource?: 'status'): Promise<Answer> {
  const at = {
    ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
    ...(method === 'PUT' ? { name: object.metadata.name } : {}),
    ...(subresource ? { subresource } : {}),
  };
  const { status, body } = await server.client('admin').transport.request({
    method,
    path: pathOf(resourceOf(object), at),
    query: { fieldValidation: 'Strict' },
    body: object,
    lane: 'api',
    timeoutMs: 15_000,
  });
  const ok = status < 300;
  return { ok, message: ok ? '' : (statusOf(body).message ?? ''), object: body as Manifest };
}

function kindOf(name: string) {
  return KINDS.find(({ kind }) => kind === name);
}

function resourceOf(object: Manifest): Resource {
  const resource = kindOf(object.kind);
  if (!resource || apiVersionOf(resource) !== object.apiVersion) throw new Error(`${object.kind} is no kind of ours`);
  return resource;
}

/** The API server reads new policies a moment after they were written. */
async function untilPoliciesAreEnforced(): Promise<void> {
  const base = readCases('refused').find(({ base: { kind } }) => kind === 'RegionalService')?.base;
  if (!base) throw new Error('there is no case of a RegionalService');
  const unfenced = withChanges(base, { '/metadata/finalizers': null });
  let attempt = 0;
  await waitFor({ what: 'the policies to be enforced', timeoutMs: 20_000 }, async () => {
    attempt += 1;
    return !(await write(named(unfenced, undefined, `attempt ${attempt}`))).ok;
  });
}
