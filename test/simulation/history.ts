import { CALM, drawKnobs, type FaultKnobs, type Range } from '../support/faults.ts';
import type { Script } from '../support/script.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { type FencedBy, INDEPENDENT, SERVICES, WITH_LEDGER } from './catalogue.ts';
import { findUnsettled, Observer, type Violation } from './invariants.ts';
import { leaveAlone, schedulePersons } from './persons.ts';
import { World } from './world.ts';

export interface HistoryResult {
  readonly steps: number;
  /** True seconds that passed. */
  readonly seconds: number;
  readonly violation: Violation | undefined;
  /** The last events; empty unless there was a violation or all of it was asked for. */
  readonly transcript: readonly string[];
  /** How often what befell it, by kind. */
  readonly coverage: Readonly<Record<string, number>>;
  /** Names of what befell it and can be left out (`without`). */
  readonly deeds: readonly string[];
}

export interface HistoryOptions {
  readonly seed: number;
  /** Keeps the transcript of a history without a violation too. */
  readonly trace?: boolean;
  /** Names of disasters (`d4`), deeds of persons (`p2`) and knobs (`lateChance`) that are left out. */
  readonly without?: readonly string[];
  /** Only what strikes first, and until it has moved something: four are played in the time of one, none to its end. */
  readonly brief?: boolean;
}

/** Times of a history, in milliseconds of true time. */
const DISASTERS_FROM_MS = 12_000;
/** Drawn: in a short history what happens first is most of it, in a long one one switch follows another. */
const DISASTERS_UNTIL_MS: Range = [40_000, 100_000];
const BRIEF_UNTIL_MS: Range = [16_000, 26_000];
/** A failover takes 18 s from its intent on. */
const BRIEF_AFTERWARDS_MS = 12_000;
/** The faults of the network go on for so long when the last disaster is over. */
const AFTERWARDS_MS = 3_000;
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
const GATE_TAG = 'GET rights';

/** In one history of five services have gates, and then disasters strike that only gates withstand. */
const GATE_SHARE = 0.2;
/** The services that no rule of the protocol is about are in one history of three: they cost as much as the others. */
const ALL_SERVICES_SHARE = 0.35;
/** In every so many histories there is a service that needs others, and lives in one region with one of them. */
const DEPENDENT_EVERY = 7;

interface Setting {
  readonly fencing: FencedBy;
  readonly services: Readonly<Record<string, readonly string[]>>;
  readonly coolDownSeconds: number;
  readonly onHubLoss: string;
  readonly knobs: FaultKnobs;
  /** Nothing new befalls the history after that. */
  readonly untilMs: number;
}

function drawSetting(random: SeededRandom): Setting {
  const fencing = random.chance(GATE_SHARE) ? 'Gate' : 'Agent';
  return {
    fencing,
    services: random.chance(ALL_SERVICES_SHARE) ? SERVICES : INDEPENDENT,
    coolDownSeconds: random.pick([0, 0, 5, 60]),
    onHubLoss: random.pick(['Fence', 'Fence', 'Fence', 'Hold']),
    knobs: drawKnobs(random, fencing === 'Gate' ? [...HOT_TAGS, GATE_TAG] : HOT_TAGS),
    untilMs: random.between(...DISASTERS_UNTIL_MS),
  };
}

/** Plays one history of chance. The same seed plays it again, byte for byte. */
export async function runHistory(options: HistoryOptions): Promise<HistoryResult> {
  const { brief = false, seed, trace = false, without = [] } = options;
  const draw = new SeededRandom(seed).fork('setting');
  const { coolDownSeconds, fencing, knobs, onHubLoss, ...drawn } = drawSetting(draw);
  const untilMs = brief ? draw.fork('brief').between(...BRIEF_UNTIL_MS) : drawn.untilMs;
  // Not drawn: all other histories stay what they are without it.
  const services = seed % DEPENDENT_EVERY === 0 ? WITH_LEDGER : drawn.services;
  const world = new World({ seed, services, fencing, without, group: { failover: { coolDownSeconds, onHubLoss } } });
  const { script } = world;
  const observer = new Observer(world);
  const weather = withoutKnobs(knobs, script);
  world.faults.setKnobs(weather);
  world.transcript.note('world', 'knobs', { ...weather, coolDownSeconds, onHubLoss, fencing });
  const overAt = world.scheduleDisasters(DISASTERS_FROM_MS, untilMs);
  schedulePersons({
    world,
    script,
    random: draw.fork('persons'),
    fromMs: DISASTERS_FROM_MS,
    untilMs,
  });
  if (brief) await world.time.run(untilMs + BRIEF_AFTERWARDS_MS);
  else await play(world, observer, () => Math.max(untilMs, overAt()));
  return resultOf(world, observer, trace);
}

/** The knobs of this history, without those that are to be left out. */
function withoutKnobs(knobs: FaultKnobs, script: Script): FaultKnobs {
  const isQuiet = ([name, value]: [string, unknown]): boolean => value === 0 || name === 'latencyMs';
  const kept = Object.entries(knobs).filter((knob) => isQuiet(knob) || script.has(knob[0]));
  return { ...CALM, ...Object.fromEntries(kept) };
}

async function play(world: World, observer: Observer, overAt: () => number): Promise<void> {
  const { faults, time, transcript } = world;
  const calmAt = (): number => overAt() + AFTERWARDS_MS;
  // A disaster may bring another one with it, which is over later.
  while (!observer.violation && time.nowMs < calmAt()) await time.run(calmAt());
  if (observer.violation) return;
  faults.setKnobs(CALM);
  transcript.note('world', 'all faults end');
  leaveAlone(world, world.random.fork('leave'));
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
  return {
    steps: world.time.steps,
    seconds: world.time.nowMs / 1000,
    violation,
    transcript: violation || trace ? world.transcript.print() : [],
    coverage: Object.fromEntries(world.coverage),
    deeds: world.script.done,
  };
}
