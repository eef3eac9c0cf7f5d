import { RESOURCES } from '../../../src/api/resources.ts';
import type { Violation } from '../invariants.ts';
import { Observer } from '../invariants.ts';
import { World } from '../world.ts';
import { Deeds } from './deeds.ts';
import type { Operation, Scene } from './operations.ts';
import { differencesOf, stateOf } from './state.ts';

const LOOK_EVERY_MS = 2_000;
/** Nothing is written for so long at the end: long enough for every loop that looks now and then (10 s). */
const REST_MS = 14_000;
/** Where it is known how it ends, and it looks like that. */
const SHORT_REST_MS = 6_000;
/** An operation that is disturbed once arrives within that, counted from when nobody does anything any more. */
const ARRIVES_WITHIN_MS = 150_000;

/** How an operation ends when nothing disturbs it. */
export interface Clean {
  readonly state: readonly string[];
  readonly deeds: ReadonlyMap<string, number>;
}

export interface Playback {
  readonly world: World;
  readonly observer: Observer;
  readonly deeds: Deeds;
  readonly violation: Violation | undefined;
  readonly state: readonly string[];
}

/**
 * Plays an operation. `disturb` is called when it begins. Without `expected` it is played until nothing is written any
 * more; with it until the world looks like that and rests, and it is a violation when that does not come about.
 */
export async function playOperation(
  operation: Operation,
  seed: number,
  disturb: (scene: Scene) => void,
  expected?: readonly string[],
): Promise<Playback> {
  const world = new World({ ...operation.world, seed });
  const observer = new Observer(world);
  const deeds = new Deeds(world);
  const scene: Scene = { world, observer, after: (ms, act) => void world.time.schedule(ms, act) };
  await world.time.run(operation.beginMs);
  world.transcript.note('scene', `${operation.name}: ${operation.what}`);
  disturb(scene);
  operation.play(scene);
  await world.time.run(operation.beginMs + operation.lastsMs);
  await untilArrived(world, observer, world.time.nowMs + ARRIVES_WITHIN_MS, expected);
  return { world, observer, deeds, violation: observer.violation, state: stateOf(world) };
}

async function untilArrived(
  world: World,
  observer: Observer,
  byMs: number,
  expected: readonly string[] | undefined,
): Promise<void> {
  let restingMs = 0;
  observer.takeWrites();
  while (!observer.violation) {
    await world.time.run(world.time.nowMs + LOOK_EVERY_MS);
    const writes = observer.takeWrites();
    restingMs = writes.length === 0 ? restingMs + LOOK_EVERY_MS : 0;
    const open = expected === undefined ? [] : differencesOf(expected, stateOf(world));
    const restMs = expected === undefined ? REST_MS : SHORT_REST_MS;
    if (restingMs >= restMs && open.length === 0 && isDeclared(world)) return;
    if (world.time.nowMs <= byMs) continue;
    if (open.length > 0) observer.report('Settles', `ends otherwise than undisturbed: ${open.join('; ')}`);
    else observer.report('Rests', `still writing: ${writes.slice(0, 5).join('; ')}`);
  }
}

/** Something was declared and taken up: a world in which nothing has begun rests too. */
const isDeclared = (world: World): boolean =>
  [...world.regions.keys()].every((region) => world.kind(region, RESOURCES.regionLease).get(region) !== undefined);

const played = new Map<string, Promise<Clean>>();

/** The undisturbed operation, played once for each seed. Throws when that breaks an invariant already. */
export function cleanRunOf(operation: Operation, seed: number): Promise<Clean> {
  const key = `${operation.name}@${seed}`;
  const known = played.get(key);
  if (known) return known;
  const fresh = playOperation(operation, seed, () => {}).then(({ deeds, state, violation }) => {
    if (violation) throw new Error(`${key} fails undisturbed: ${violation.invariant}: ${violation.message}`);
    return { state, deeds: deeds.counts() };
  });
  played.set(key, fresh);
  return fresh;
}
