import type { Call } from '../../support/faults.ts';
import type { World } from '../world.ts';
import type { ProofResult } from './job.ts';
import type { Operation } from './operations.ts';
import { cleanRunOf, playOperation } from './playback.ts';
import { type Disturbance, describeWrite, watchWrites } from './writes.ts';

/**
 * Where the process that sends a write dies: before it is sent; when the server has carried it out and no answer has
 * come; when the answer has come, and what the process sends next upon it is under way.
 */
export const CRASHES = ['beforeSend', 'committedUnanswered', 'answered'] as const;
export type Crash = (typeof CRASHES)[number];

/** One way of a write that a crash hits, so that the crash finds it where it is meant to. */
const TRAVEL_MS = 4;
/** A new process starts so long after the crash; another candidate may lead by then. */
const RESTART_MS = 2_500;

/** The writes of an operation in which a process may die, in order. */
export async function writesOf(operation: Operation, seed: number): Promise<string[]> {
  const writes: string[] = [];
  await playOperation(operation, seed, ({ world }) =>
    watchWrites(world, (call) => {
      writes.push(describeWrite(call));
      return undefined;
    }),
  );
  return writes;
}

/** Plays an operation in which the process that sends one write dies. */
export async function crashAt(operation: Operation, seed: number, point: number, crash: Crash): Promise<ProofResult> {
  const clean = await cleanRunOf(operation, seed);
  const { violation, world } = await playOperation(
    operation,
    seed,
    (scene) =>
      watchWrites(scene.world, (call, number) => (number === point ? strike(scene.world, call, crash) : undefined)),
    clean.state,
  );
  return { violation, steps: world.time.steps, transcript: violation ? world.transcript.print() : [] };
}

function strike(world: World, call: Call, crash: Crash): Disturbance {
  const { processes, time, transcript } = world;
  const slot = processes.slotOf(call.from.id);
  if (!slot) throw new Error(`${call.from.id} sends and does not run`);
  const die = () => {
    transcript.note('scene', `${call.from.id} dies`);
    processes.processIn(slot).crash();
    time.schedule(RESTART_MS, () => processes.start(slot));
  };
  transcript.note('scene', `${describeWrite(call)}: ${crash}`);
  if (crash === 'beforeSend') die();
  else time.schedule(crash === 'answered' ? 2 * TRAVEL_MS + 1 : TRAVEL_MS + 1, die);
  return { travelMs: crash === 'beforeSend' ? undefined : TRAVEL_MS, isAnswered: crash === 'answered' };
}
