import { RESOURCES } from '../../../src/api/resources.ts';
import { HUB, REGIONS } from '../catalogue.ts';
import { findUnsettled, Observer } from '../invariants.ts';
import { World } from '../world.ts';
import type { ProofResult } from './job.ts';

/** How a region comes and goes: down and up for so long, in milliseconds. */
export interface Flapping {
  readonly name: string;
  readonly downMs: number;
  readonly upMs: number;
}

/** Shorter than a loss is seen; seen, and back before anything starts elsewhere; long enough to go home in between. */
export const FLAPPINGS: readonly Flapping[] = [
  { name: 'too short to be lost', downMs: 4_000, upMs: 4_000 },
  { name: 'back before the new side runs', downMs: 10_000, upMs: 6_000 },
  { name: 'home and away again', downMs: 14_000, upMs: 26_000 },
];

export const FLAPS = 100;
/** Least time between two failovers of a service. */
const COOL_DOWN_SECONDS = 60;
const STABLE_FOR_SECONDS = 10;
/** Seconds are what the hub counts by a clock that may run fast. */
const FASTEST_CLOCK = Math.sqrt(1.2);
export const HUB_GONE_MS = 600_000;
const SETTLED_MS = 9_000;
const HOME_WITHIN_MS = 200_000;
const LOOK_EVERY_MS = 2_000;

interface Play {
  readonly world: World;
  readonly observer: Observer;
  /** When a service was moved, and why. */
  readonly moves: { readonly atMs: number; readonly why: string }[];
}

async function begin(seed: number): Promise<Play> {
  const group = {
    failover: { coolDownSeconds: COOL_DOWN_SECONDS },
    switchback: { stableForSeconds: STABLE_FOR_SECONDS },
  };
  const world = new World({ seed, services: { trunk: REGIONS }, candidates: 1, group });
  const observer = new Observer(world);
  const moves: Play['moves'] = [];
  world.kind(HUB, RESOURCES.serviceInstance).onChange(({ object, old }) => {
    const [next, before] = [object.status?.assignment, old?.status?.assignment];
    if (!next || !before || next.activeRegion === before.activeRegion) return;
    moves.push({ atMs: world.time.nowMs, why: next.reason });
  });
  await world.time.run(SETTLED_MS);
  return { world, observer, moves };
}

async function end({ observer, world }: Play): Promise<ProofResult> {
  const byMs = world.time.nowMs + HOME_WITHIN_MS;
  while (!observer.violation && findUnsettled(world, observer).length > 0) {
    await world.time.run(world.time.nowMs + LOOK_EVERY_MS);
    if (world.time.nowMs > byMs) observer.report('Settles', findUnsettled(world, observer).join('; '));
  }
  const { violation } = observer;
  return { violation, steps: world.time.steps, transcript: violation ? world.transcript.print() : [] };
}

/** A region comes and goes many times: no two failovers come sooner after each other than the cool-down allows. */
export async function flap(
  { flapping: name, flaps }: { readonly flapping: string; readonly flaps: number },
  seed: number,
): Promise<ProofResult & { readonly failovers: number }> {
  const flapping = FLAPPINGS.find((one) => one.name === name);
  if (!flapping) throw new Error(`no flapping is called ${name}`);
  const play = await begin(seed);
  const { moves, observer, world } = play;
  const others = [HUB, ...REGIONS.filter((region) => region !== 'east')];
  for (let times = 0; times < flaps && !observer.violation; times++) {
    world.network.isolate('east', others);
    await world.time.run(world.time.nowMs + flapping.downMs);
    world.network.rejoin('east', others);
    if (!observer.violation) await world.time.run(world.time.nowMs + flapping.upMs);
  }
  const failovers = moves.filter(({ why }) => why === 'FailedOver').map(({ atMs }) => atMs);
  const leastMs = (COOL_DOWN_SECONDS * 1000) / FASTEST_CLOCK;
  const tooSoon = failovers.find((atMs, index) => atMs - (failovers[index - 1] ?? Number.NEGATIVE_INFINITY) < leastMs);
  if (tooSoon !== undefined) observer.report('HoldDown', `a failover at ${tooSoon} ms, too soon after the one before`);
  return { ...(await end(play)), failovers: failovers.length };
}

/** From one region to the next: no network falls silent to the second everywhere. */
const FADING_MS = 700;
const MOST = ['east', 'north'] as const;

/** How the hub is lost: what becomes of its ways, or of its API server. */
export const HUB_LOSSES = [
  'cut off',
  'hears nothing',
  'is not heard',
  'API server hangs',
  'most regions fade away',
] as const;
export type HubLoss = (typeof HUB_LOSSES)[number];

/** The hub is gone: nothing moves, and nothing stops. */
export async function loseHub(
  { forMs, loss }: { readonly loss: HubLoss; readonly forMs: number },
  seed: number,
): Promise<ProofResult> {
  const play = await begin(seed);
  const { moves, observer, world } = play;
  const { time } = world;
  let stops = 0;
  for (const { cluster } of world.regions.values())
    cluster.onRunningChange((_, isRunning) => void (isRunning || stops++));
  setHub(world, loss, true);
  await time.run(time.nowMs + forMs);
  setHub(world, loss, false);
  const result = await end(play);
  if (moves.length > 0) observer.report('NoMove', `${moves.length} moves while the hub was gone`);
  if (stops > 0) observer.report('NoMove', `${stops} pods were stopped while the hub was gone`);
  return { ...result, violation: observer.violation, transcript: observer.violation ? world.transcript.print() : [] };
}

function setHub({ network, time }: World, loss: HubLoss, isGone: boolean): void {
  const turn = (from: string, to: string): void => (isGone ? network.cut(from, to) : network.heal(from, to));
  if (loss === 'API server hangs') network.setServer(HUB, isGone ? 'hung' : 'up');
  const isFading = loss === 'most regions fade away';
  for (const [index, region] of (isFading ? MOST : REGIONS).entries()) {
    time.schedule(isFading ? index * FADING_MS : 0, () => {
      if (loss !== 'is not heard' && loss !== 'API server hangs') turn(region, HUB);
      if (loss !== 'hears nothing' && loss !== 'API server hangs') turn(HUB, region);
    });
  }
}
