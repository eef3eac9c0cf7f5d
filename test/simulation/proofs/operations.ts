import { SYSTEM_NAMESPACE } from '../../../src/api/common.ts';
import type { RegionSwitch } from '../../../src/api/region-switch.ts';
import { RESOURCES } from '../../../src/api/resources.ts';
import { aSwitch, aTenant } from '../../support/objects.ts';
import { backupKey, GROUP, HUB, REGIONS, type RegionName } from '../catalogue.ts';
import type { Observer } from '../invariants.ts';
import type { World, WorldOptions } from '../world.ts';

/** What an operation has in its hands. Times are milliseconds after its beginning. */
export interface Scene {
  readonly world: World;
  readonly observer: Observer;
  after(ms: number, act: () => void): void;
}

/**
 * One thing that the operator does from a settled beginning to a settled end. Proofs that break something once at each
 * step play it once undisturbed, and then again for each step.
 */
export interface Operation {
  readonly name: string;
  readonly what: string;
  readonly world?: Omit<WorldOptions, 'seed'>;
  /** When it begins: 0 with an empty world, else when what was declared has settled. */
  readonly beginMs: number;
  /** After that nobody does anything any more, in milliseconds after the beginning. */
  readonly lastsMs: number;
  readonly play: (scene: Scene) => void;
}

/** A `Backup` service, one that runs in two regions at once, and an A-B pair. */
const SERVICES = { trunk: REGIONS, web: ['east', 'west'], desk: ['east'] } satisfies Record<string, readonly string[]>;
const AWAY = { ...SERVICES, trunk: ['west', 'east', 'north'] } as const;
const CALM_GROUP = { failover: { coolDownSeconds: 0 } };
/** What was lost long enough to be left out of the successors follows again before all is said to have arrived. */
const NO_WAY_HOME = { ...CALM_GROUP, switchback: { mode: 'Manual', stableForSeconds: 8 } };
const SETTLED_MS = 9_000;
const TENANT = `${SYSTEM_NAMESPACE}/acme`;
const ABORTED_AFTER_MS = 300;
const EVACUATION = 'power-work';
const DRILL = 'rehearsal';

export const OPERATIONS: readonly Operation[] = [
  {
    name: 'firstAssignment',
    what: 'services are declared in an empty world',
    world: { services: SERVICES },
    beginMs: 0,
    lastsMs: 0,
    play: () => {},
  },
  {
    name: 'failover',
    what: 'a region is cut off until its service runs elsewhere, and then comes back',
    world: { services: SERVICES, group: NO_WAY_HOME },
    beginMs: SETTLED_MS,
    lastsMs: 36_000,
    play(scene) {
      cutOff(scene.world, 'east');
      scene.after(36_000, () => join(scene.world, 'east'));
    },
  },
  {
    name: 'lostSuccessor',
    what: 'a region that stands by is lost, is left out of the successors, comes back, and follows again',
    world: { services: SERVICES, group: NO_WAY_HOME },
    beginMs: SETTLED_MS,
    lastsMs: 36_000,
    play(scene) {
      cutOff(scene.world, 'north');
      scene.after(36_000, () => join(scene.world, 'north'));
    },
  },
  {
    name: 'switchback',
    what: 'a service goes home to its primary region',
    world: { services: AWAY, group: CALM_GROUP },
    beginMs: SETTLED_MS,
    lastsMs: 0,
    play({ world }) {
      world.editService('trunk', { primaryRegion: 'east', secondaryRegions: ['west', 'north'] });
    },
  },
  {
    name: 'evacuation',
    what: 'a person empties a region',
    world: { services: SERVICES, group: CALM_GROUP },
    beginMs: SETTLED_MS,
    lastsMs: 0,
    play: ({ world }) => evacuate(world, 'east'),
  },
  {
    name: 'abortedEvacuation',
    what: 'a person empties a region and aborts it in the middle: the service goes home again',
    world: { services: SERVICES, group: CALM_GROUP },
    beginMs: SETTLED_MS,
    lastsMs: 9_000,
    play({ world }) {
      evacuate(world, 'east');
      // When it has begun, also where that is late: what is aborted before moves nothing.
      world.kind(HUB, RESOURCES.serviceInstance).onChange(({ object }) => {
        if (object.status?.assignment?.activeRegion === 'west')
          world.time.schedule(ABORTED_AFTER_MS, () => abort(world));
      });
    },
  },
  {
    name: 'instanceDeletion',
    what: 'a person deletes three services',
    world: { services: SERVICES, group: CALM_GROUP },
    beginMs: SETTLED_MS,
    lastsMs: 0,
    play: ({ world, observer }) => deleteServices(world, observer),
  },
  {
    name: 'tenantDeletion',
    what: 'a tenant comes, and goes when its services run',
    world: { services: {}, group: CALM_GROUP },
    beginMs: 3_000,
    lastsMs: 9_000,
    play(scene) {
      addTenant(scene.world);
      scene.after(9_000, () => deleteTenant(scene.world, scene.observer));
    },
  },
  {
    name: 'regionDrill',
    what: 'a person rehearses the loss of a region: its service goes away, stays there, and comes home',
    world: { services: SERVICES, group: CALM_GROUP },
    beginMs: SETTLED_MS,
    lastsMs: 0,
    play: ({ world }) => rehearse(world, { kind: 'Region' }),
  },
  {
    name: 'zoneDrill',
    what: 'a person keeps a zone empty, and it fills again',
    world: { services: SERVICES, group: CALM_GROUP },
    beginMs: SETTLED_MS,
    lastsMs: 0,
    play: ({ world }) => rehearse(world, { kind: 'Zone', zone: 'east-a' }),
  },
];

export function operationCalled(name: string): Operation {
  const operation = OPERATIONS.find((one) => one.name === name);
  if (!operation) throw new Error(`no operation is called ${name}`);
  return operation;
}

const othersOf = (region: RegionName): string[] => [HUB, ...REGIONS].filter((site) => site !== region);

function cutOff(world: World, region: RegionName): void {
  world.transcript.note('scene', `${region} is cut off`);
  world.network.isolate(region, othersOf(region));
}

function join(world: World, region: RegionName): void {
  world.transcript.note('scene', `${region} can be reached again`);
  world.network.rejoin(region, othersOf(region));
}

function evacuate(world: World, region: RegionName): void {
  world.transcript.note('scene', `a person evacuates ${region}`);
  const { metadata, ...wanted } = aSwitch(EVACUATION, { iuGroupRef: { name: GROUP }, region });
  world.kind(HUB, RESOURCES.regionSwitch).create({ ...wanted, metadata: { name: metadata.name } });
}

/** The deadline is that of a drill which one crash must not end. */
function rehearse(world: World, drill: object): void {
  world.transcript.note('scene', 'a person asks for a drill');
  const { metadata, ...wanted } = aSwitch(DRILL, {
    iuGroupRef: { name: GROUP },
    type: 'Drill',
    region: 'east',
    drill: { staySeconds: 5, abortAfterSeconds: 60, ...drill },
  });
  world.kind(HUB, RESOURCES.regionSwitch).create({ ...wanted, metadata: { name: metadata.name } });
}

function abort(world: World): void {
  const kind = world.kind(HUB, RESOURCES.regionSwitch);
  const found: RegionSwitch | undefined = kind.get(EVACUATION);
  if (!found || found.spec.abort) return;
  world.transcript.note('scene', 'the person aborts the evacuation');
  kind.update(found, { ...found, spec: { ...found.spec, abort: true } });
}

function deleteServices(world: World, observer: Observer): void {
  const kind = world.kind(HUB, RESOURCES.serviceInstance);
  for (const name of Object.keys(SERVICES)) {
    observer.expectDeletion(backupKey(name));
    world.transcript.note('scene', `a person deletes ${name}`);
    const instance = kind.get(backupKey(name));
    if (instance) kind.delete(instance);
  }
}

function addTenant(world: World): void {
  world.transcript.note('scene', 'a tenant is declared');
  const places = { primaryRegion: 'east', secondaryRegions: ['west'], services: ['trunk', 'web', 'desk'] };
  world.kind(HUB, RESOURCES.tenant).create(aTenant(TENANT, { iuGroupRef: { name: GROUP }, ...places }));
}

function deleteTenant(world: World, observer: Observer): void {
  world.transcript.note('scene', 'the tenant is deleted');
  for (const instance of world.kind(HUB, RESOURCES.serviceInstance).list()) {
    observer.expectDeletion(backupKey(instance.metadata.name));
  }
  const kind = world.kind(HUB, RESOURCES.tenant);
  const tenant = kind.get(TENANT);
  if (tenant) kind.delete(tenant);
}
