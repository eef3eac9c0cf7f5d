import type { WatchEvent } from '../../../src/kube/transport.ts';
import type { Call, EventPlan } from '../../support/faults.ts';
import type { World } from '../world.ts';
import type { ProofResult } from './job.ts';
import type { Operation } from './operations.ts';
import { cleanRunOf, playOperation } from './playback.ts';

/**
 * What happens to one event of one cache. `frozen`: it and all that follow it in this cache come late, so the loops work
 * from the state before it. `lost`: it alone never comes, until the cache is listed anew. `takeover`: frozen too, in a
 * process that does not lead, and then its leader dies: what works from an old state has never acted on the newer one.
 */
export type Lag = 'frozen' | 'lost' | 'takeover';

/** Longer than a right (7 s), and than a hub looks away (6 s) before it takes a region for lost. */
const FROZEN_MS = 15_000;
const HEALED_MS = 10_000;
/** The leader has done its part by then. */
const LEADER_DIES_MS = 1_000;
const RESTART_MS = 3_000;

/** Events that are nothing but time: leases and positions. */
const isNews = ({ path }: Call, { type }: WatchEvent): boolean => type !== 'BOOKMARK' && !path.includes('/leases');

/** Events of an operation, in order, each with its receiver: of those that lead, or of those that do not. */
export async function eventsOf(operation: Operation, seed: number, isOfFollowers: boolean): Promise<string[]> {
  const events: string[] = [];
  await playOperation(operation, seed, ({ world }) =>
    watchEvents(world, isOfFollowers, (call, event) => {
      events.push(describeEvent(call, event));
      return undefined;
    }),
  );
  return events;
}

/** Plays an operation in which one event comes late or never: it ends as ever, and does nothing that cannot be undone. */
export async function lagAt(operation: Operation, seed: number, point: number, lag: Lag): Promise<ProofResult> {
  const clean = await cleanRunOf(operation, seed);
  let struck: Call | undefined;
  const { deeds, observer, violation, world } = await playOperation(
    operation,
    seed,
    (scene) =>
      watchEvents(scene.world, lag === 'takeover', (call, event, number) => {
        if (number !== point) return undefined;
        struck = call;
        return strike(scene.world, lag, call, event);
      }),
    clean.state,
  );
  const harm = violation ? [] : deeds.beyond(clean.deeds).filter((deed) => !isAskedFor(deed, struck));
  if (harm.length > 0) observer.report('NoHarm', harm.join('; '));
  const found = observer.violation;
  return { violation: found, steps: world.time.steps, transcript: found ? world.transcript.print() : [] };
}

/**
 * What the protocol itself asks for: rights come by way of the RegionLease, so who does not hear of it, and has nobody
 * before it who did, cannot prove its right and must stop what runs, or cannot give it in time.
 */
const isAskedFor = (deed: string, struck: Call | undefined): boolean =>
  struck?.path.includes('/regionleases') === true && deed.startsWith('scales ');

type OnEvent = (call: Call, event: WatchEvent, number: number) => EventPlan | undefined;

function watchEvents(world: World, isOfFollowers: boolean, onEvent: OnEvent): void {
  let number = 0;
  world.faults.directEvents((call, event) => {
    const slot = world.processes.slotOf(call.from.id);
    if (!slot || !isNews(call, event) || world.processes.leads(slot) === isOfFollowers) return undefined;
    return onEvent(call, event, number++);
  });
}

function strike(world: World, lag: Lag, call: Call, event: WatchEvent): EventPlan {
  world.transcript.note('scene', `${describeEvent(call, event)}: ${lag}`);
  if (lag === 'lost') return { delayMs: HEALED_MS, end: 'loss' };
  if (lag === 'takeover') world.time.schedule(LEADER_DIES_MS, () => killLeader(world, call.from.site));
  return { delayMs: FROZEN_MS, end: undefined };
}

function killLeader(world: World, site: string): void {
  const leader = world.processes.leaderAt(site);
  if (!leader) return;
  world.transcript.note('scene', `${leader.name} dies`);
  world.processes.processIn(leader).crash();
  world.time.schedule(RESTART_MS, () => world.processes.start(leader));
}

function describeEvent({ from, path, to }: Call, { object, type }: WatchEvent): string {
  const kind = path.split('?')[0]?.split('/').at(-1);
  return `${from.id} is told by ${to.id}: ${type} ${kind} ${nameIn(object)}`;
}

function nameIn(object: unknown): string {
  const { metadata } = (object ?? {}) as { readonly metadata?: { readonly name?: string } };
  return metadata?.name ?? '';
}
