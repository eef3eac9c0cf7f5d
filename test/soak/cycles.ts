import { FAST_TIMINGS } from '../integration/support/samples.ts';
import { bootWorld, isActiveIn, until, type World } from '../integration/support/world.ts';
import { type Footprint, measureFootprint } from './footprint.ts';

/** As short as two busy cores allow: `wait` is (5 + 2 + 3) x 1.2 = 12 s. */
const TIMINGS = { ...FAST_TIMINGS, leaseSeconds: 5, takeoverSeconds: 2 };
const FAILOVER_MS = 40_000;
const SWITCHBACK_MS = 30_000;

export interface Cycle {
  readonly number: number;
  /** From the cut until the other region serves. */
  readonly failoverMs: number;
  /** From the end of the cut until everything is home and protected again. */
  readonly homeMs: number;
  readonly footprint: Footprint;
}

export interface Soak {
  readonly world: World;
  /** Cuts the home region off from everybody until its services run elsewhere, and lets them come home. */
  cycle(): Promise<Cycle>;
}

/** Real API servers, the operator as processes, one home region and one that stands by; nothing waits longer than it has to. */
export async function openSoak(): Promise<Soak> {
  const world = await bootWorld({
    group: {
      timings: TIMINGS,
      failover: { coolDownSeconds: 0, recoveryThresholdSeconds: 0 },
      switchback: { stableForSeconds: 1, damping: { maxStableForSeconds: 1 } },
    },
  });
  await world.settled(INSTANCES);
  let number = 0;
  const cycle = async (): Promise<Cycle> => {
    const epoch = 2 * number + 1;
    number += 1;
    await until('all at home', () => isActiveIn(world, HOME, epoch));
    const cutAt = performance.now();
    isolate(world);
    await until('failover', () => isActiveIn(world, ELSEWHERE, epoch + 1), FAILOVER_MS);
    const mendedAt = performance.now();
    mend(world);
    await until('switchback', () => isActiveIn(world, HOME, epoch + 2), SWITCHBACK_MS);
    await world.settled(INSTANCES);
    const homeAt = performance.now();
    await until('the records to end', () => haveRecordsEnded(world));
    return {
      number,
      failoverMs: mendedAt - cutAt,
      homeMs: homeAt - mendedAt,
      footprint: await measureFootprint(world),
    };
  };
  return { world, cycle };
}

const HOME = 'us-east';
const ELSEWHERE = 'us-west';
/** One of each class of the catalogue. */
const INSTANCES = 4;

const linksOf = ({ regions }: World, region: string) =>
  regions.links.filter(({ from, to }) => from !== to && (from === region || to === region));

function isolate(world: World): void {
  for (const link of linksOf(world, HOME)) link.silence();
}

function mend(world: World): void {
  for (const link of linksOf(world, HOME)) link.heal();
}

const haveRecordsEnded = async (world: World): Promise<boolean> =>
  (await world.switches()).every(({ status }) => status?.endTime !== undefined);
