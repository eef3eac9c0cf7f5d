import { CALM, drawKnobs } from '../support/faults.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { BACKUPS, REGIONS } from './catalogue.ts';
import { findUnsettled, Observer, type Violation } from './invariants.ts';
import { World } from './world.ts';

export interface HistoryResult {
  readonly steps: number;
  /** True seconds that passed. */
  readonly seconds: number;
  readonly violation: Violation | undefined;
  /** The last events; empty unless there was a violation or all of it was asked for. */
  readonly transcript: readonly string[];
}

export interface HistoryOptions {
  readonly seed: number;
  /** Keeps the transcript of a history without a violation too. */
  readonly trace?: boolean;
}

/** Times of a history, in milliseconds of true time. */
const DISASTERS_FROM_MS = 12_000;
const DISASTERS_UNTIL_MS = 100_000;
/** The longest disaster lasts 70 s. */
const CALM_FROM_MS = 171_000;
/** Late messages (45 s), silent watches, cool-downs and the way home fit into it many times. */
const SETTLED_BY_MS = 480_000;
const LOOK_EVERY_MS = 5_000;
/** After everything has settled nothing is written for so long. */
const REST_MS = 15_000;

/** Requests at which protocols break: one of them may be slow, one may be where processes stand still. */
const HOT_TAGS = [
  'PATCH regionleases',
  'GET regionleases',
  'PATCH serviceinstances/status',
  'PATCH regionalservices',
  'PATCH regionalservices/status',
  'PATCH deployments',
  'PATCH statefulsets',
  'PATCH leases',
];

/** Plays one history of chance. The same seed plays it again, byte for byte. */
export async function runHistory({ seed, trace = false }: HistoryOptions): Promise<HistoryResult> {
  const draw = new World({ seed: 0 }).random.fork(`knobs ${seed}`);
  const knobs = drawKnobs(draw, HOT_TAGS);
  const coolDownSeconds = draw.pick([0, 0, 5, 60]);
  const onHubLoss = draw.pick(['Fence', 'Fence', 'Fence', 'Hold']);
  const world = new World({ seed, knobs, group: { failover: { coolDownSeconds, onHubLoss } } });
  const observer = new Observer(world);
  world.transcript.note('world', 'knobs', { ...knobs, coolDownSeconds, onHubLoss });
  world.scheduleDisasters(DISASTERS_FROM_MS, DISASTERS_UNTIL_MS);
  scheduleEdits(world, draw.fork('edits'));
  await play(world, observer);
  return resultOf(world, observer, trace);
}

async function play(world: World, observer: Observer): Promise<void> {
  await world.time.run(CALM_FROM_MS);
  if (observer.violation) return;
  world.faults.setKnobs(CALM);
  world.transcript.note('world', 'all faults end');
  await untilSettled(world, observer, SETTLED_BY_MS);
}

/** Goes on until everything has arrived and rests; a violation when that does not come about by `byMs`. */
export async function untilSettled(world: World, observer: Observer, byMs: number): Promise<void> {
  const { time } = world;
  let open = findUnsettled(world, observer);
  let writes: string[] = [];
  while (!observer.violation) {
    if (time.nowMs > byMs) {
      if (open.length > 0) observer.report('Settles', open.join('; '));
      else observer.report('Rests', `still writing: ${writes.slice(0, 5).join('; ')}`);
      return;
    }
    observer.takeWrites();
    await time.run(time.nowMs + (open.length > 0 ? LOOK_EVERY_MS : REST_MS));
    writes = observer.takeWrites();
    const wasSettled = open.length === 0;
    open = findUnsettled(world, observer);
    if (wasSettled && open.length === 0 && writes.length === 0) return;
  }
}

/** How a history ended, for those who ran it. */
export function resultOf(world: World, observer: Observer, trace: boolean): HistoryResult {
  const { violation } = observer;
  const transcript = violation || trace ? world.transcript.print() : [];
  return { steps: world.time.steps, seconds: world.time.nowMs / 1000, violation, transcript };
}

/** Users change their minds: another primary region, other successors, another policy. */
function scheduleEdits(world: World, random: SeededRandom): void {
  const meanMs = random.pick([Number.POSITIVE_INFINITY, 40_000, 12_000, 4_000]);
  if (!Number.isFinite(meanMs)) return;
  const next = () => {
    if (world.time.nowMs > DISASTERS_UNTIL_MS) return;
    edit(world, random);
    world.time.schedule(-Math.log(1 - random.next()) * meanMs, next);
  };
  world.time.schedule(DISASTERS_FROM_MS, next);
}

function edit(world: World, random: SeededRandom): void {
  if (random.chance(0.05)) {
    world.editOnHubLoss(random.pick(['Fence', 'Hold']));
    return;
  }
  const name = random.pick(Object.keys(BACKUPS));
  const places = random.chance(0.3) ? REGIONS : (BACKUPS[name] ?? REGIONS);
  const primaryRegion = random.pick(places);
  const secondaryRegions = places.filter((region) => region !== primaryRegion && !random.chance(0.2));
  world.editService(name, { primaryRegion, secondaryRegions });
}
