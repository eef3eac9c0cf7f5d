import type { DataStoreStatus, HandOver } from '../api/data-store.ts';
import type { RegionalService } from '../api/regional-service.ts';
import type { Assignment } from '../api/service-instance.ts';
import { firstEpochOfRun, type RegionEpochs } from './assignment.ts';

/** What one region has said, as the hub last saw it. */
export interface RegionSaid extends RegionEpochs {
  readonly region: string;
  readonly dataStores: readonly DataStoreStatus[];
}

/** What the order to one region says of the hand-over of data stores. */
export interface HandOverOrder {
  readonly activeSinceEpoch: number;
  readonly cameFrom: string | undefined;
  readonly beganIn: string | undefined;
  readonly handOver: HandOver | undefined;
  /** By data store. */
  readonly tokens: ReadonlyMap<string, string>;
}

export const activeSince = (assignment: Assignment): number =>
  assignment.activeSinceEpoch ?? firstEpochOfRun(assignment);

/**
 * What is told stays told for the run: by then something may have been done by it. Until it is known, nothing is told:
 * - the active region learns `Confirmed` when every other region has confirmed at this run, and `Forced` when it runs
 *   (its grant is recorded) although one has not: then the right was given by waiting;
 * - a region that stands by learns `Forced` when the active one runs and this one has not confirmed.
 */
export function computeHandOver(
  region: string,
  assignment: Assignment,
  said: readonly RegionSaid[],
  present: RegionalService | undefined,
): HandOverOrder {
  const run = activeSince(assignment);
  const { activeRegion, beganIn, cameFrom } = assignment;
  const isToldAlready = present?.spec.activeSinceEpoch === run && present.spec.handOver !== undefined;
  const tokens = isToldAlready ? tokensTold(present) : region === activeRegion ? tokensFor(run, said) : new Map();
  const handOver = isToldAlready ? present.spec.handOver : judge(region, activeRegion, run, said);
  return { activeSinceEpoch: run, cameFrom, beganIn, handOver, tokens: handOver === undefined ? new Map() : tokens };
}

function judge(region: string, active: string, run: number, said: readonly RegionSaid[]): HandOver | undefined {
  const isRunning = said.some((one) => one.region === active && one.grantedEpoch >= run);
  const asked = said.filter((one) => (region === active ? one.region !== active : one.region === region));
  if (asked.every(({ standbyEpoch }) => standbyEpoch >= run)) return 'Confirmed';
  return isRunning ? 'Forced' : undefined;
}

const tokensTold = ({ spec }: RegionalService): Map<string, string> =>
  new Map(
    (spec.dataStores ?? []).flatMap(({ name, promotionToken }): [string, string][] =>
      promotionToken === undefined ? [] : [[name, promotionToken]],
    ),
  );

/**
 * The token of each store that was demoted for this very run. One of an earlier hand-over is never used: it would promise
 * that nothing was written since.
 */
function tokensFor(run: number, said: readonly RegionSaid[]): Map<string, string> {
  const tokens = new Map<string, string>();
  for (const { dataStores, standbyEpoch } of said) {
    if (standbyEpoch < run) continue;
    for (const { handedTo, name, state, token } of dataStores) {
      if (state === 'Demoted' && handedTo === run && token !== undefined) tokens.set(name, token);
    }
  }
  return tokens;
}
