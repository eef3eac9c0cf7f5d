import { heal } from './disaster.ts';
import { findMisplaced, some, until, untilSettled } from './expectations.ts';
import { groupOf, isWell } from './group.ts';
import { type Step, seconds } from './journal.ts';
import { type Move, moveOf, sayMoves } from './moves.ts';
import { activeRegionOf, type DemoService, isTrue, listServices } from './services.ts';
import type { Stage } from './stage.ts';

/** How much sooner than `stableFor` a switchback may seem to come: the hub saw the region healthy before we did. */
const STABLE_TOLERANCE_MS = 1_000;

/**
 * Brings the region back, and watches it stand by for what is active elsewhere now.
 * @returns when the hub first called it healthy, on the observer's clock
 */
export async function healRegion(stage: Stage, step: Step, region: string): Promise<number> {
  const healthy = untilHealthy(stage, step, region);
  const [healthyMs] = await Promise.all([healthy, bringBack(stage, step, region)]);
  return healthyMs;
}

async function bringBack(stage: Stage, step: Step, region: string): Promise<void> {
  await heal(stage, region, () =>
    step.reached(`the agents of ${region} have fenced it, its nodes get their power now`),
  );
  step.reached(`${region} has its control plane, its agents and its nodes again`);
  await until('standby to be confirmed', () =>
    listServices(stage.picture)
      .filter((service) => service.mode === 'Backup' && activeRegionOf(service) !== region)
      .every(({ instance }) => isTrue(instance, 'Protected')),
  );
  step.reached('standby is confirmed: every service could move again');
}

/**
 * Watches everything go home by itself, and proves that it came home as it was.
 * @param healthyMs since when home is healthy, on the observer's clock: nothing goes home before that, and what does
 *   may have begun before this step
 */
export async function switchBack(
  stage: Stage,
  step: Step,
  home: string,
  { moved, healthyMs }: { readonly moved: readonly Move[]; readonly healthyMs: number },
): Promise<readonly Move[]> {
  const { observer, picture } = stage;
  const keys = new Set(moved.map(({ service }) => service));
  const now = (): readonly DemoService[] => listServices(picture).filter(({ key }) => keys.has(key));
  await until('the switchback', () => now().some((service) => activeRegionOf(service) === home));
  const stableMs = groupOf(stage).spec.switchback.stableForSeconds * 1000;
  const waitedMs = observer.nowMs - healthyMs;
  step.reached(`${home} was healthy for long enough: switchback begins`);
  step.expect(
    `not before it was healthy for ${seconds(stableMs)}`,
    waitedMs >= stableMs - STABLE_TOLERANCE_MS,
    seconds(waitedMs),
  );
  await until('everything to be home', () => now().every((service) => activeRegionOf(service) === home));
  await untilSettled(stage);
  step.reached(`everything is served from home, and ready`);
  const moves = moved.map(({ service, to }) => moveOf(stage, { key: service, from: to, fromMs: healthyMs }));
  sayMoves(step, moves);
  const misplaced = findMisplaced(stage);
  step.expect('every service runs where it ran before the disaster', misplaced.length === 0, some(misplaced));
  return moves;
}

async function untilHealthy(stage: Stage, step: Step, region: string): Promise<number> {
  await until(`${region} to be healthy`, () => isWell(stage, region));
  step.reached(`the hub finds that ${region} answers and beats`);
  return stage.observer.nowMs;
}
