import { API_VERSION, isoTime } from '../../src/api/common.ts';
import { type RegionSwitch, regionSwitch } from '../../src/api/region-switch.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import { isManual } from '../../src/decide/manual-switch.ts';
import type { Script } from '../support/script.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { backupKey, GROUP, HUB, INDEPENDENT, REGIONS, TOGETHER } from './catalogue.ts';
import type { World } from './world.ts';

export interface PersonsOptions {
  readonly world: World;
  readonly random: SeededRandom;
  readonly script: Script;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Never: a history without persons. */
const MEAN_GAPS_MS = [Number.POSITIVE_INFINITY, 40_000, 12_000, 4_000];
const STANDS_MS = [10_000, 60_000] as const;

/**
 * Persons change their minds: other regions for a service, another policy, approvals asked for or not, and RegionSwitches
 * of every type, dry runs too, which they abort and delete again. Each is a deed `p1`, `p2`… of the script.
 */
export function schedulePersons({ fromMs, random, script, untilMs, world }: PersonsOptions): void {
  const meanMs = random.pick(MEAN_GAPS_MS);
  if (!Number.isFinite(meanMs)) return;
  const switchShare = random.pick([0.2, 0.5, 0.8]);
  const next = () => {
    if (world.time.nowMs > untilMs) return;
    script.perform('p', (own) => (own.chance(switchShare) ? switchByHand(world, own) : edit(world, own)));
    world.time.schedule(-Math.log(1 - random.next()) * meanMs, next);
  };
  world.time.schedule(fromMs, next);
}

function edit(world: World, random: SeededRandom): void {
  if (random.chance(0.05)) {
    world.count('person edits the policy');
    world.editOnHubLoss(random.pick(['Fence', 'Hold']));
    return;
  }
  const name = random.pick(Object.keys(INDEPENDENT));
  if (random.chance(0.08)) {
    world.count('person edits promotion');
    world.editPromotion(name, random.pick(['Automatic', 'Approval']));
    return;
  }
  world.count('person edits the regions of a service');
  const places = random.chance(0.3) ? REGIONS : (INDEPENDENT[name] ?? REGIONS);
  const primaryRegion = random.pick(places);
  const secondaryRegions = places.filter((region) => region !== primaryRegion && !random.chance(0.2));
  const all = TOGETHER.find((names) => names.includes(name)) ?? [name];
  for (const each of all) world.editService(each, { primaryRegion, secondaryRegions });
}

const kindOf = (world: World) => world.kind(HUB, RESOURCES.regionSwitch);
const standing = (world: World): RegionSwitch[] => kindOf(world).list().filter(isManual);

function switchByHand(world: World, random: SeededRandom): void {
  const open = standing(world);
  if (open.length > 0 && random.chance(0.4)) takeBack(world, random.pick(open), random);
  else create(world, random);
}

function takeBack(world: World, object: RegionSwitch, random: SeededRandom): void {
  const { name } = object.metadata;
  if (random.chance(0.5)) {
    world.count('person deletes a switch');
    world.transcript.note('person', `deletes RegionSwitch ${name}`);
    kindOf(world).delete(object);
    return;
  }
  world.count('person aborts a switch');
  world.transcript.note('person', `aborts RegionSwitch ${name}`);
  kindOf(world).update(object, { ...object, spec: { ...object.spec, abort: true } });
}

function create(world: World, random: SeededRandom): void {
  const type = random.pick(['Failover', 'Failover', 'Evacuate', 'Evacuate', 'Switchback', 'Freeze'] as const);
  const isFreeze = type === 'Freeze';
  const after = (range: readonly [number, number]) => isoTime(world.time.wallMs + random.between(...range));
  const some = random.pick([Object.keys(INDEPENDENT).map(backupKey), [backupKey('trunk')]]);
  const name = `by-hand-${Math.round(world.time.nowMs)}`;
  const spec = {
    iuGroupRef: { name: GROUP },
    type,
    ...(isFreeze && random.chance(0.5) ? {} : { region: regionFor(world, type, random) }),
    ...(random.chance(0.5) ? { services: some } : {}),
    ...(isFreeze || random.chance(0.4) ? { expiresAt: after(STANDS_MS) } : {}),
    ...(!isFreeze && random.chance(0.15) ? { dryRun: true } : {}),
    ...(!isFreeze && random.chance(0.3) ? { approved: { by: 'somebody', at: after([0, 1]) } } : {}),
  };
  world.count(`person asks for ${type}${'dryRun' in spec ? ' as a dry run' : ''}`);
  if ('approved' in spec) world.count('switch with an approval');
  world.transcript.note('person', `creates RegionSwitch ${name}`, spec);
  kindOf(world).create({
    apiVersion: API_VERSION,
    kind: 'RegionSwitch',
    metadata: { name },
    spec: regionSwitch.spec.parse({ ...spec, reason: 'a whim' }),
  });
}

/** Most persons know where a service is: they leave that region, or bring it home. */
function regionFor(world: World, type: RegionSwitch['spec']['type'], random: SeededRandom): string {
  const instance = world.kind(HUB, RESOURCES.serviceInstance).get(backupKey(random.pick(Object.keys(INDEPENDENT))));
  const known = type === 'Switchback' ? instance?.spec.primaryRegion : instance?.status?.assignment?.activeRegion;
  return known === undefined || random.chance(0.2) ? random.pick(REGIONS) : known;
}

/** In the end nobody asks for anything any more: what stands is aborted or deleted, and nothing needs an approval. */
export function leaveAlone(world: World, random: SeededRandom): void {
  for (const object of standing(world)) takeBack(world, object, random);
  for (const name of Object.keys(INDEPENDENT)) world.editPromotion(name, 'Automatic');
}
