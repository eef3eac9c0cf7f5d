import { computeProtocolTiming } from '../../src/decide/timing.ts';
import { type Loss, strike } from './disaster.ts';
import { some, until } from './expectations.ts';
import { groupOf, stateOf } from './group.ts';
import { type Step, seconds } from './journal.ts';
import { type Move, moveOf, sayMoves } from './moves.ts';
import { activeRegionOf, conditionOf, type DemoService, epochOf, listServices } from './services.ts';
import type { Stage } from './stage.ts';
import { isServedNowhere, totalMs } from './timeline.ts';

/**
 * What a service may need beyond the lease bound to be started and ready, and traffic to be led away: generous, because
 * everything runs on this one machine, which may be busy. `npm run bench` holds them against 3 and 8 s.
 */
const START_MS = 12_000;
const TRAFFIC_LIMIT_MS = 20_000;
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
  const moves = moving.map(({ key }) => moveOf(stage, { key, from: lost, fromMs }));
  sayMoves(step, moves);
  const slowest = Math.max(...moves.map(({ recoveryMs }) => recoveryMs));
  step.expect(
    `${moves.length} services are active elsewhere within the lease bound of ${seconds(waitMs)} and the time of a start`,
    moves.length > 0 && slowest <= waitMs + START_MS,
    `slowest ${seconds(slowest)} after the loss`,
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
  step.expect('traffic follows in seconds', elapsedMs <= TRAFFIC_LIMIT_MS, seconds(elapsedMs));
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
