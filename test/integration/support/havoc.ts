import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ManagedProcess } from '../../../hack/regions/process.ts';
import { waitFor } from '../../../hack/regions/wait.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

export interface Havoc {
  readonly kills: number;
  /** Ends it; every process runs again afterwards. */
  stop(): Promise<void>;
}

const STARTED_MS = 30_000;

/**
 * Kills one process after the other with SIGKILL, at moments that the seed chooses, and starts each again at once, as a
 * Deployment would. The next one is killed when the last one is up again, and perhaps no further: so one of two is
 * always there, which the protocol asks for of the agents of a region.
 */
export function wreakHavoc(processes: readonly ManagedProcess[], seed: number, mostKills: number): Havoc {
  const random = new SeededRandom(seed);
  const stopping = new AbortController();
  let kills = 0;
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted && kills < mostKills) {
      await sleep(random.between(200, 2500), undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      await restart(random.pick(processes));
      kills += 1;
    }
  };
  const done = run();
  return {
    get kills() {
      return kills;
    },
    stop() {
      stopping.abort();
      return done;
    },
  };
}

async function restart(process: ManagedProcess): Promise<void> {
  await process.kill();
  const starts = startsOf(process);
  process.start();
  await waitFor({ what: `${process.name} to start`, timeoutMs: STARTED_MS }, async () => startsOf(process) > starts);
}

const startsOf = ({ logFile }: ManagedProcess): number =>
  readFileSync(logFile, 'utf8').split('Switchback starts').length;
