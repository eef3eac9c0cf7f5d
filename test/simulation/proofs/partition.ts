import { RESOURCES } from '../../../src/api/resources.ts';
import { backupKey, HUB } from '../catalogue.ts';
import { findUnsettled, Observer } from '../invariants.ts';
import { World } from '../world.ts';
import type { ProofResult } from './job.ts';
import type { Outcome, Phase } from './partition-expectation.ts';
import { NODES, type Node, PATTERNS, type Pattern, SITES } from './partition-patterns.ts';

const KEY = backupKey('trunk');
const HOME = ['east', 'west', 'north'] as const;
const AWAY = ['west', 'east', 'north'] as const;
/** Everything has settled, and no new leadership is awaited any more: what is not protected by the rules is by nothing. */
const BEGIN_MS = 22_000;
/** What the cut waits for has come by then. */
const CUT_BY_MS = BEGIN_MS + 20_000;
/** A failover behind clocks at the edge takes less, also where the region is heard but does not answer. */
const CUT_MS = 50_000;
const HOME_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 2_000;

export interface CellResult extends ProofResult {
  readonly outcome: Outcome;
}

/** Plays one cell: cuts in the given phase, looks where the service runs, heals, and waits until all is as declared. */
export async function playCell(name: string, phase: Phase, seed: number): Promise<CellResult> {
  const pattern = patternCalled(name);
  const world = new World({
    seed,
    services: { trunk: phase === 'promoted' ? AWAY : HOME },
    candidates: 1,
    group: { failover: { coolDownSeconds: 0 }, switchback: { stableForSeconds: 4 } },
  });
  const observer = new Observer(world);
  await world.time.run(BEGIN_MS);
  let isCut = false;
  ARRANGE[phase](world, () => {
    if (isCut) return;
    isCut = true;
    cut(world, pattern);
    world.time.stop();
  });
  if (!isCut) await world.time.run(CUT_BY_MS);
  if (!isCut) observer.report('Settles', `the phase ${phase} never came`);
  if (!observer.violation) await world.time.run(world.time.nowMs + CUT_MS);
  const outcome = outcomeOf(world, observer);
  if (!observer.violation) await healAndSettle(world, observer, pattern);
  const { violation } = observer;
  return { outcome, violation, steps: world.time.steps, transcript: violation ? world.transcript.print() : [] };
}

function patternCalled(name: string): Pattern {
  const pattern = PATTERNS.find((one) => one.name === name);
  if (!pattern) throw new Error(`no pattern is called ${name}`);
  return pattern;
}

/** Brings about the instant in which the ways are cut. */
const ARRANGE: Readonly<Record<Phase, (world: World, cutNow: () => void) => void>> = {
  steady: (_, cutNow) => cutNow(),
  renewed: (world, cutNow) =>
    world.kind('east', RESOURCES.regionLease).onChange(({ object, old }) => {
      if (object.spec.hub && object.spec.hub.nonce !== old?.spec.hub?.nonce) cutNow();
    }),
  intended(world, cutNow) {
    world.kind(HUB, RESOURCES.serviceInstance).onChange(({ object }) => {
      if (object.status?.assignment?.activeRegion === 'west') cutNow();
    });
    world.editService('trunk', { primaryRegion: 'west', secondaryRegions: ['east', 'north'] });
  },
  fenced(world, cutNow) {
    world.kind('east', RESOURCES.regionalService).onChange(({ object }) => {
      if (object.spec.role === 'Standby' && object.status?.standbyEpoch === object.spec.epoch) cutNow();
    });
    world.editService('trunk', { primaryRegion: 'west', secondaryRegions: ['east', 'north'] });
  },
  promoted(world, cutNow) {
    world.kind('east', RESOURCES.regionLease).onChange(({ object }) => {
      if ((object.spec.hub?.grants[KEY] ?? 0) > 0) cutNow();
    });
    world.editService('trunk', { primaryRegion: 'east', secondaryRegions: ['west', 'north'] });
  },
};

const waysOf = ({ cuts }: Pattern): (readonly [string, string])[] =>
  cuts.map((way) => [siteOf(way[0]), siteOf(way[2])] as const);

function siteOf(letter: string | undefined): string {
  const node = NODES.find((one) => one === letter);
  if (!node) throw new Error(`no node is called ${letter}`);
  return SITES[node];
}

function cut(world: World, pattern: Pattern): void {
  world.transcript.note('scene', `cuts ${pattern.name}`);
  for (const [from, to] of waysOf(pattern)) world.network.cut(from, to);
}

function outcomeOf(world: World, observer: Observer): Outcome {
  const nodeAt = (site: string | undefined): Node | undefined => NODES.find((node) => SITES[node] === site);
  const assigned = world.kind(HUB, RESOURCES.serviceInstance).get(KEY)?.status?.assignment?.activeRegion;
  return { assigned: nodeAt(assigned) ?? 'H', runs: nodeAt(observer.regionsRunning('trunk')[0]) };
}

async function healAndSettle(world: World, observer: Observer, pattern: Pattern): Promise<void> {
  const { network, time, transcript } = world;
  transcript.note('scene', 'heals all');
  for (const [from, to] of waysOf(pattern)) network.heal(from, to);
  const byMs = time.nowMs + HOME_WITHIN_MS;
  for (;;) {
    observer.takeWrites();
    await time.run(time.nowMs + LOOK_EVERY_MS);
    if (observer.violation) return;
    const open = findUnsettled(world, observer);
    if (open.length === 0 && observer.takeWrites().length === 0) return;
    if (time.nowMs > byMs) observer.report('Settles', open.join('; ') || 'still writing');
  }
}
