import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RESOURCES } from '../../src/api/resources.ts';
import type { KubeObject, Resource } from '../../src/kube/object.ts';
import { backupKey, declaredObjects, GROUP, HUB, REGIONS } from '../simulation/catalogue.ts';
import { World } from '../simulation/world.ts';
import { connectDirectly } from '../support/direct-client.ts';
import { objectOf } from '../support/json.ts';
import type { Change, StoredObject } from '../support/object-storage.ts';
import { aSwitch, aTenant } from '../support/objects.ts';

/**
 * The whole operator on virtual time, with everything declared as Argo CD and Flux declare it: the primary region is lost,
 * services move, what stands in Git is applied again, the region comes back, services go home.
 */
const TOOLS = {
  labels: {
    'app.kubernetes.io/instance': 'hub',
    'argocd.argoproj.io/instance': 'hub',
    'kustomize.toolkit.fluxcd.io/name': 'hub',
    'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
    'helm.toolkit.fluxcd.io/name': 'hub',
  },
  annotations: {
    'argocd.argoproj.io/tracking-id': 'hub:switchback.dev/Tenant:customers/crown',
    'argocd.argoproj.io/sync-wave': '3',
    'kubectl.kubernetes.io/last-applied-configuration': '{}',
    'meta.helm.sh/release-name': 'hub',
  },
} as const;
const FOREIGN = [...Object.keys(TOOLS.labels), ...Object.keys(TOOLS.annotations)];
const DEADLINE_MS = 400_000;

interface Declared {
  readonly resource: Resource;
  readonly object: KubeObject;
}
const marked = <T extends KubeObject>(object: T): T => ({
  ...object,
  // In Git there is nothing that the server sets.
  metadata: {
    name: object.metadata.name,
    ...(object.metadata.namespace !== undefined && { namespace: object.metadata.namespace }),
    ...TOOLS,
  },
});

const world = new World({ seed: 7 });
const declared: Declared[] = [
  ...declaredObjects({}).filter(({ object }) => object.kind !== 'Secret'),
  {
    resource: RESOURCES.tenant,
    object: aTenant('customers/crown', {
      iuGroupRef: { name: GROUP },
      primaryRegion: 'east',
      secondaryRegions: ['west'],
    }),
  },
  {
    resource: RESOURCES.regionSwitch,
    object: aSwitch('plan-in-git', { iuGroupRef: { name: GROUP }, region: 'east', dryRun: true }),
  },
].map(({ object, resource }) => ({ resource, object: marked(object) }));
/** Changes of what Git owns that no tool of GitOps made. */
const stolen: string[] = [];
const copied = new Set<string>();
const seen = new Set<string>();
let isGitWriting = false;

const isDeclared = (object: StoredObject): boolean =>
  declared.some(
    ({ object: { kind, metadata } }) =>
      kind === object.kind &&
      metadata.name === object.metadata.name &&
      metadata.namespace === object.metadata.namespace,
  );
/** All but the status, what the server sets itself, and finalizers and annotations of ours. */
function ownedByGit(object: StoredObject): unknown {
  const { annotations, labels } = object.metadata;
  const kept = Object.entries(objectOf(annotations)).filter(([name]) => !name.startsWith('switchback.dev/'));
  const { metadata: _, status: __, ...rest } = object;
  return { ...rest, labels, annotations: Object.fromEntries(kept) };
}

const activeIn = (name: string) =>
  world.kind(HUB, RESOURCES.serviceInstance).get(backupKey(name))?.status?.assignment?.activeRegion;

async function until(isSo: () => boolean, what: string): Promise<void> {
  const deadline = world.time.nowMs + DEADLINE_MS;
  while (!isSo()) {
    if (world.time.nowMs >= deadline) throw new Error(`not so in time: ${what}`);
    await world.time.run(world.time.nowMs + 1000);
  }
}
const setEast = (isOn: boolean): void => {
  for (const site of [HUB, ...REGIONS].filter((name) => name !== 'east')) {
    for (const [from, to] of [
      ['east', site],
      [site, 'east'],
    ] as const) {
      if (isOn) world.network.heal(from, to);
      else world.network.cut(from, to);
    }
  }
};

/** Server-side apply of every manifest, as Argo CD and Flux do it. @returns whether anything but a first owner changed */
async function applyGit(): Promise<string[]> {
  const { client } = connectDirectly(world.hub);
  const changed: string[] = [];
  isGitWriting = true;
  for (const { object, resource } of declared) {
    const before = world
      .kind<KubeObject>(HUB, resource)
      .list()
      .find(({ metadata }) => metadata.name === object.metadata.name);
    const after = await client.apply(resource, object, { fieldManager: 'argocd-controller' });
    const { metadata: was } = before ?? object;
    if (was.generation !== after.metadata.generation) changed.push(`${object.kind} ${object.metadata.name}`);
  }
  isGitWriting = false;
  return changed;
}

function watchChange(server: string, { object, old, type }: Change): void {
  if (type === 'DELETED') return;
  const who = `${server}: ${object.kind} ${object.metadata.name}`;
  if (server === HUB && isDeclared(object)) {
    const isOurs = !isGitWriting && old !== undefined;
    if (isOurs && JSON.stringify(ownedByGit(old)) !== JSON.stringify(ownedByGit(object))) stolen.push(who);
    return;
  }
  seen.add(`${server === HUB ? 'hub' : 'region'} ${object.kind}`);
  // Pod templates too.
  const { annotations, labels } = object.metadata;
  const text = JSON.stringify([labels, annotations, object['spec']]);
  for (const key of FOREIGN.filter((name) => text.includes(`"${name}"`))) copied.add(`${who} has ${key}`);
}

beforeAll(async () => {
  for (const { name, storage } of [world.hub, ...[...world.regions.values()].map(({ server }) => server)]) {
    storage.onChange((_, change) => watchChange(name, change));
  }
  isGitWriting = true;
  for (const { object, resource } of declared) {
    const kind = world.kind<KubeObject>(HUB, resource);
    const there = kind.list().find(({ metadata: { name } }) => name === object.metadata.name);
    if (there) kind.update(there, { ...there, metadata: { ...there.metadata, ...TOOLS } });
    else kind.create(object);
  }
  isGitWriting = false;
  await until(() => activeIn('vault') === 'east' && activeIn('trunk') !== undefined, 'services are assigned');
  await world.time.run(world.time.nowMs + 40_000);
}, 120_000);
afterAll(() => world.time.stop());

describe('what stands in Git', () => {
  it('is applied again after a failover, and nothing changes', async () => {
    await applyGit();
    setEast(false);
    await until(() => activeIn('vault') !== 'east', 'vault has left east');
    await world.time.run(world.time.nowMs + 30_000);
    const where = activeIn('vault');
    expect(await applyGit()).toEqual([]);
    await world.time.run(world.time.nowMs + 30_000);
    expect([activeIn('vault'), where]).toEqual([where, 'west']);
    setEast(true);
    await until(() => activeIn('vault') === 'east', 'vault is home again');
    expect(await applyGit()).toEqual([]);
  }, 120_000);

  it('is never written by the operator, but for status and what is its own', () => {
    expect(stolen).toEqual([]);
    const statuses = declared.map(({ object, resource }) => {
      const live = world.kind<KubeObject & { status?: unknown }>(HUB, resource).list();
      return live.find(({ metadata }) => metadata.name === object.metadata.name)?.status !== undefined;
    });
    expect(statuses.filter(Boolean).length).toBe(declared.length);
  });

  it('leaves no label or annotation of its tools on what the operator makes', () => {
    expect([...copied]).toEqual([]);
    for (const made of [
      'hub RegionSwitch',
      'hub ServiceInstance',
      'region RegionalService',
      'region Deployment',
      'region Pod',
    ])
      expect(seen).toContain(made);
  });
});
