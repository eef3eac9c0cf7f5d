import { afterAll, beforeAll, expect, test } from 'vitest';
import { loseRegion, restoreRegion } from '../../hack/operator/operator.ts';
import type { IUGroup } from '../../src/api/iu-group.ts';
import { ANNOTATIONS } from '../../src/api/labels.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import { DEPLOYMENT, POD, SERVICE, STATEFUL_SET } from '../../src/kube/kinds.ts';
import type { KubeObject, Resource } from '../../src/kube/object.ts';
import { isReady, kstatusOf } from '../gitops/readers.ts';
import { CATALOGUE, EAST, FAST_WAIT_MS, GROUP, iuGroup, type Manifest, tenant, WEST } from './support/samples.ts';
import { bootWorld, conditionOf, epochOf, isActiveIn, until, untilFenced, type World } from './support/world.ts';

/** What stands in Git, applied as Argo CD does it, on real API servers: with their defaults, rules and managed fields. */

const MANAGER = 'argocd-controller';
const MARKS = {
  labels: { 'app.kubernetes.io/instance': 'hub' },
  annotations: { 'argocd.argoproj.io/tracking-id': 'hub', 'argocd.argoproj.io/sync-wave': '2' },
};
const KINDS: Readonly<Record<string, Resource>> = {
  IUGroup: RESOURCES.iuGroup,
  ServiceClass: RESOURCES.serviceClass,
  Tenant: RESOURCES.tenant,
};
const GIT = [iuGroup({ regions: [EAST, WEST], failover: { coolDownSeconds: 0 } }), ...CATALOGUE, tenant('acme')].map(
  (manifest): Manifest => ({ ...manifest, metadata: { ...manifest.metadata, ...MARKS } }),
);

let world: World;
beforeAll(async () => {
  world = await bootWorld({ group: { failover: { coolDownSeconds: 0 } } });
  await applyGit();
  await world.settled(4);
});
afterAll(() => world?.[Symbol.asyncDispose]());

interface ManagedFields {
  readonly manager?: string;
  readonly subresource?: string;
  readonly fieldsV1?: Readonly<Record<string, unknown>>;
}
const resourceOf = ({ kind }: KubeObject): Resource => KINDS[kind ?? ''] ?? RESOURCES.tenant;

const applyGit = (): Promise<KubeObject[]> =>
  Promise.all(GIT.map((object) => world.hub.apply<KubeObject>(resourceOf(object), object, { fieldManager: MANAGER })));
const readGit = (): Promise<KubeObject[]> =>
  Promise.all(
    GIT.map((object) => {
      const { name, namespace } = object.metadata;
      return world.hub.read<KubeObject>(resourceOf(object), namespace === undefined ? { name } : { name, namespace });
    }),
  );
const readGroup = (): Promise<IUGroup> => world.hub.read(RESOURCES.iuGroup, { name: GROUP });
const generations = (objects: readonly KubeObject[]) =>
  objects.map(({ kind, metadata: { generation, name } }) => `${kind} ${name} ${generation}`);

test('what is applied is done, to kubectl wait and to kstatus', async () => {
  await until('all to be done', async () => {
    const objects = [...(await readGit()), ...(await world.instances())];
    const open = objects.filter((object) => !isReady(object) || kstatusOf(object) !== 'Current');
    if (open.length > 0) throw new Error(open.map(({ kind, metadata: { name } }) => `${kind} ${name}`).join(', '));
    return true;
  });
});

test('after a failover what stands in Git is applied again, and nothing changes', async () => {
  const before = generations(await readGit());
  await loseRegion(world.regions, world.operator, EAST.name);
  await until('promotion', () => isActiveIn(world, WEST.name, 2), FAST_WAIT_MS + 10_000);
  expect(generations(await applyGit())).toEqual(before);
  await restoreRegion(world.regions, world.operator, EAST.name, () => untilFenced(world, EAST.name));
  await until('two regions again', async () => (await readGroup()).status?.summary === '2/2');
  expect(generations(await applyGit())).toEqual(before);
  expect(epochOf(await world.instance('mail'))).toBe(2);
  expect(await isActiveIn(world, WEST.name, 2)).toBe(true);
});

test('of what stands in Git the operator owns nothing but status', async () => {
  for (const { kind, metadata } of await readGit()) {
    const managed = (metadata as { managedFields?: readonly ManagedFields[] }).managedFields ?? [];
    expect(managed.length, kind).toBeGreaterThan(1);
    const ofStatus = managed.filter(({ subresource }) => subresource === 'status');
    expect(ofStatus.length, `${kind} ${metadata.name} has a status`).toBeGreaterThan(0);
    for (const { fieldsV1 = {} } of ofStatus) expect(Object.keys(fieldsV1)).toEqual(['f:status']);
    const others = managed.filter(({ manager, subresource }) => subresource !== 'status' && manager !== MANAGER);
    // The administrator who applied the same at first.
    expect(others.map(({ manager }) => manager)).toEqual(['switchback-user']);
  }
});

test('what the operator makes carries nothing of Argo CD', async () => {
  const made: KubeObject[] = [...(await world.instances()), ...(await world.switches())];
  for (const region of [EAST.name, WEST.name]) {
    for (const resource of [RESOURCES.regionalService, DEPLOYMENT, STATEFUL_SET, SERVICE, POD] as Resource[]) {
      const { items } = await world.region(region).list(resource, { labelSelector: 'app.kubernetes.io/managed-by' });
      made.push(...items);
    }
  }
  expect(made.length).toBeGreaterThan(10);
  for (const { metadata } of made) {
    const names = Object.keys({ ...metadata.labels, ...metadata.annotations });
    expect(names.filter((name) => name.startsWith('argocd.') || name === 'app.kubernetes.io/instance')).toEqual([]);
  }
});

test('a request by annotation, as an action writes it, is carried out; Git neither sees nor removes it', async () => {
  const expiresAt = new Date(Date.now() + 900_000).toISOString();
  const ask = (nonce: string, more: object) => {
    const request = JSON.stringify({ nonce, expiresAt, ...more });
    const annotations = { [ANNOTATIONS.request]: request, [ANNOTATIONS.requestReason]: 'a "test"' };
    return world.hub.mergePatch(RESOURCES.iuGroup, { name: GROUP }, { metadata: { annotations } });
  };
  const isTold = (text: string) => async () => conditionOf(await readGroup(), 'RequestMade')?.message === text;
  const name = `${GROUP}-request-a-1`;

  const before = generations(await readGit());
  await ask('a-1', { type: 'Freeze', switchExpiresAt: expiresAt });
  await until('the freeze', isTold(`request a-1 made RegionSwitch ${name}`));
  expect(generations(await applyGit())).toEqual(before);
  expect((await readGroup()).metadata.annotations).toHaveProperty([ANNOTATIONS.request]);
  expect((await world.hub.read(RESOURCES.regionSwitch, { name })).spec.reason).toBe('a "test"');

  await ask('a-2', { type: 'Resume' });
  await until('its end', isTold(`request a-2 ended RegionSwitch ${name}`));
  expect((await world.hub.read(RESOURCES.regionSwitch, { name })).spec.abort).toBe(true);
});

test('no service ever ran in two regions at once', () => {
  expect(world.observer.overlaps).toEqual([]);
});
