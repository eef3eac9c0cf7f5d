import { type Step, seconds } from './journal.ts';
import type { Stage } from './stage.ts';
import { isServedNowhere, longestMs } from './timeline.ts';

/** One service that changed its region. */
export interface Move {
  readonly service: string;
  readonly from: string;
  readonly to: string;
  readonly epoch: number;
  /** Without service at all, as the observer saw it. */
  readonly recoveryMs: number;
}

/** What became of a service that left `from` after `fromMs`, on the observer's clock. */
export function moveOf(
  { observer, picture }: Stage,
  { from, fromMs, key }: { readonly key: string; readonly from: string; readonly fromMs: number },
): Move {
  const assignment = picture.instances.store.get(key)?.status?.assignment;
  const recoveryMs = longestMs(observer.since(fromMs, key), isServedNowhere);
  return { service: key, from, to: assignment?.activeRegion ?? '', epoch: assignment?.epoch ?? 0, recoveryMs };
}

/** One line for each. */
export function sayMoves(step: Step, moves: readonly Move[]): void {
  for (const { epoch, from, recoveryMs, service, to } of moves) {
    step.say(`  ${service}: ${from} -> ${to}, epoch ${epoch}, ${seconds(recoveryMs)} without service`);
  }
}
