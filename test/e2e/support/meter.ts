import { longestGap } from './judge.ts';
import { DESK, LEDGER } from './manifests.ts';
import type { World } from './world.ts';

export interface Figures {
  readonly what: string;
  /** Longest time without an acknowledged write, and without an answer of what only answers. */
  readonly ledgerMs: number;
  readonly deskMs: number;
  /** Writes of the ledger that came late and that the disk refused: a gate had not stopped their writer yet. */
  readonly late: number;
}

/** Takes the times, and says them as it goes. */
export class Meter {
  readonly figures: Figures[] = [];
  readonly #startMs = performance.now();

  readonly log = (line: string): void => {
    console.log(`${((performance.now() - this.#startMs) / 1000).toFixed(1).padStart(6)} s  ${line}`);
  };

  /** What callers missed while `work` went on. */
  async measure({ callers, disk }: World, what: string, work: () => Promise<void>): Promise<Figures> {
    const fromMs = performance.now();
    const refusedBefore = new Set(disk.refused());
    await work();
    const toMs = performance.now();
    const away = (service: string): number =>
      Math.round(longestGap(callers.of(service).answersMs, fromMs, toMs).lengthMs);
    const late = disk.refused().filter((one) => !refusedBefore.has(one));
    const found = { what, ledgerMs: away(LEDGER), deskMs: away(DESK), late: late.length };
    this.figures.push(found);
    this.log(`${what}: no write for ${found.ledgerMs} ms, no answer for ${found.deskMs} ms, ${late.length} late`);
    for (const one of late) this.log(`  late: ${one}`);
    return found;
  }
}
