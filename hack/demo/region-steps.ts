import type { IUGroup } from '../../src/api/iu-group.ts';
import { computeProtocolTiming } from '../../src/decide/timing.ts';
import { heal, type Loss, strike } from './disaster.ts';
import { findMisplaced, some, until, untilSettled } from './expectations.ts';
import { type Step, seconds } from './journal.ts';
import { activeRegionOf, conditionOf, type DemoService, epochOf, isTrue, listServices } from './services.ts';
import type { Stage } from './stage.ts';
import { isServedNowhere, longestMs, totalMs } from './timeline.ts';

/** What a service may need beyond the lease bound: to be decided, started, and ready. */
const START_MS = 3_000;
const TRAFFIC_LIMIT_MS = 8_000;
/** How much sooner than `stableFor` a switchback may seem to come: the hub saw the region healthy before we did. */
const STABLE_TOLERANCE_MS = 1_000;

/** One service that changed its region. */
export interface Move {
  readonly service: string;
  readonly from: string;
  readonly to: string;
  readonly epoch: number;
  /** Without service at all, as the observer saw it. */
  readonly recoveryMs: number;
}

/** Takes everything of a region away at once, and watches its services become active in the other one. */
export async function loseRegion(stage: Stage, step: Step, lost: string, how: Loss): Promise<readonly Move[]> {
  const { observer } = stage;
  const before = listServices(stage.picture);
  const fromMs = observer.nowMs;
  await strike(stage, lost, how);
  step.reached(`${lost} is ${how === 'kill' ? 'gone' : 'frozen'}: its control plane, its nodes, its agents`);
  await until('the loss to be diagnosed', () => stateOf(stage, lost) === 'Lost');
  step.reached(`the hub declares ${lost} lost`);
  const moving = before.filter((service) => movesFrom(service, lost));
  const { waitMs } = computeProtocolTiming(groupOf(stage).spec.timings);
  await Promise.all([followTraffic(stage, step, lost), followPromotion(stage, step, moving, waitMs)]);
  const moves = moving.map((service) => moveOf(stage, service, fromMs));
  sayMoves(step, moves);
  const slowest = Math.max(...moves.map(({ recoveryMs }) => recoveryMs));
  const limit = waitMs + START_MS;
  step.expect(
    `${moves.length} services are active elsewhere within ${seconds(limit)} of the loss`,
    moves.length > 0 && slowest <= limit,
    `slowest ${seconds(slowest)}`,
  );
  expectTheRest(stage, step, { before, lost, fromMs });
  return moves;
}

/** Services that are active in every region lose a share of their traffic, and nothing else. */
async function followTraffic(stage: Stage, step: Step, lost: string): Promise<void> {
  const moved = (): boolean =>
    listServices(stage.picture)
      .filter(({ mode }) => mode === 'Active')
      .every(({ instance }) => instance.status?.weights?.find(({ region }) => region === lost)?.weight === 0);
  await until('traffic to leave the lost region', moved);
  step.reached('no traffic of Active services is led to the lost region any more');
  const { elapsedMs } = step;
  step.expect(`that took at most ${seconds(TRAFFIC_LIMIT_MS)}`, elapsedMs <= TRAFFIC_LIMIT_MS, seconds(elapsedMs));
}

async function followPromotion(
  { observer, picture }: Stage,
  step: Step,
  moving: readonly DemoService[],
  waitMs: number,
): Promise<void> {
  const now = (): readonly DemoService[] => findAgain(picture, moving);
  await until('the intent to be recorded', () => now().every((service, i) => epochOf(service) > epochAt(moving, i)));
  step.reached(`intent is recorded for ${moving.length} Backup services, at a new epoch`);
  step.say(`nothing starts elsewhere before the old side must have stopped: ${seconds(waitMs)} after its last right`);
  const isPromoted = (service: DemoService): boolean => {
    const order = picture.orders.get(activeRegionOf(service) ?? '')?.store.get(service.key);
    return (order?.status?.grantedEpoch ?? 0) >= epochOf(service);
  };
  await until('the promotion', () => now().every(isPromoted));
  step.reached('the old side must have stopped by now: promoted');
  await until('the service', () => now().every(({ key }) => observer.see(key).serving.length > 0));
  step.reached('all of them are served again');
}

/** What must not have happened, and what could not. */
function expectTheRest(
  { observer, picture }: Stage,
  step: Step,
  { before, lost, fromMs }: { readonly before: readonly DemoService[]; readonly lost: string; readonly fromMs: number },
): void {
  const rested = ({ key }: DemoService): boolean => totalMs(observer.since(fromMs, key), isServedNowhere) > 0;
  const elsewhere = before.filter((service) => service.mode === 'Active' || activeRegionOf(service) !== lost);
  const disturbed = elsewhere.filter(rested).map(({ name }) => name);
  step.expect(
    'services that are active elsewhere too, or only there, are served without a break',
    disturbed.length === 0,
    some(disturbed),
  );
  const stuck = before.filter((service) => service.isCrossRegion && needsApproval(service));
  const waiting = findAgain(picture, stuck).filter((service) => activeRegionOf(service) === lost);
  const unheld = waiting.filter(({ instance }) => conditionOf(instance, 'Held')?.reason !== 'ApprovalRequired');
  const names = waiting.map(({ name }) => name);
  step.expect('what needs an approval waits for it, and says so', unheld.length === 0, names.join(', '));
  const alone = before.filter((service) => !service.isCrossRegion && activeRegionOf(service) === lost);
  step.say(`${alone.length} services have no other region, as their tier says: they wait for ${lost}`);
}

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

/** Watches everything go home by itself, and proves that it came home as it was. */
export async function switchBack(
  stage: Stage,
  step: Step,
  home: string,
  { moved, healthyMs }: { readonly moved: readonly Move[]; readonly healthyMs: number },
): Promise<readonly Move[]> {
  const { observer, picture } = stage;
  const fromMs = observer.nowMs;
  const keys = new Set(moved.map(({ service }) => service));
  const moving = listServices(picture).filter(({ key }) => keys.has(key));
  const now = (): readonly DemoService[] => findAgain(picture, moving);
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
  const moves = moving.map((service) => moveOf(stage, service, fromMs));
  sayMoves(step, moves);
  const misplaced = findMisplaced(stage);
  step.expect('every service runs where it ran before the disaster', misplaced.length === 0, some(misplaced));
  return moves;
}

async function untilHealthy(stage: Stage, step: Step, region: string): Promise<number> {
  await until(`${region} to be healthy`, () => stateOf(stage, region) === 'Healthy');
  step.reached(`the hub calls ${region} healthy`);
  return stage.observer.nowMs;
}

function sayMoves(step: Step, moves: readonly Move[]): void {
  for (const { epoch, from, recoveryMs, service, to } of moves) {
    step.say(`  ${service}: ${from} -> ${to}, epoch ${epoch}, ${seconds(recoveryMs)} without service`);
  }
}

/** @param before the service as it was before it moved */
function moveOf({ observer, picture }: Stage, before: DemoService, fromMs: number): Move {
  const [after = before] = findAgain(picture, [before]);
  return {
    service: before.key,
    from: activeRegionOf(before) ?? '',
    to: activeRegionOf(after) ?? '',
    epoch: epochOf(after),
    recoveryMs: longestMs(observer.since(fromMs, before.key), isServedNowhere),
  };
}

const needsApproval = ({ class: { spec } }: DemoService): boolean => spec.crossRegion.promotion === 'Approval';

const movesFrom = (service: DemoService, lost: string): boolean =>
  service.mode === 'Backup' && activeRegionOf(service) === lost && !needsApproval(service);

/** The same services as they are now, in the same order. */
function findAgain(picture: Stage['picture'], services: readonly DemoService[]): readonly DemoService[] {
  const now = new Map(listServices(picture).map((service) => [service.key, service]));
  return services.map((service) => now.get(service.key) ?? service);
}

const epochAt = (services: readonly DemoService[], index: number): number => {
  const service = services[index];
  return service ? epochOf(service) : 0;
};

function groupOf({ picture }: Stage): IUGroup {
  const [group] = picture.groups.store.list();
  if (!group) throw new Error('the IU group is gone');
  return group;
}

/** The diagnosis of the hub. */
export const stateOf = ({ picture }: Pick<Stage, 'picture'>, region: string): string =>
  picture.groups.store
    .list()
    .flatMap(({ status }) => status?.regions ?? [])
    .find((entry) => entry.region === region)?.state ?? 'Unknown';
