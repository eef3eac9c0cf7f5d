import type { Violation } from '../invariants.ts';
import type { Crash } from './crash.ts';
import type { HubLoss } from './hold-down.ts';
import type { Outcome, Phase } from './partition-expectation.ts';
import type { Lag } from './stale.ts';

/** What is counted in an operation: the writes in which a process may die, or the events that may come late. */
export type PointsOf = 'writes' | 'events' | 'eventsOfFollowers';

/** One thing to be tried, on a thread of its own. */
export type ProofJob = { readonly seed: number } & (
  | { readonly proof: 'points'; readonly operation: string; readonly of: PointsOf }
  | { readonly proof: 'crash'; readonly operation: string; readonly point: number; readonly crash: Crash }
  | { readonly proof: 'stale'; readonly operation: string; readonly point: number; readonly lag: Lag }
  | { readonly proof: 'partition'; readonly pattern: string; readonly phase: Phase }
  | { readonly proof: 'flapping'; readonly flapping: string; readonly flaps: number }
  | { readonly proof: 'hubLoss'; readonly loss: HubLoss; readonly forMs: number }
);

export interface ProofResult {
  readonly violation: Violation | undefined;
  readonly steps: number;
  /** The last events; empty unless there was a violation. */
  readonly transcript: readonly string[];
}

export interface ProofAnswer extends ProofResult {
  readonly job: ProofJob;
  /** Of `points`: each in words. */
  readonly points?: readonly string[];
  /** Of `partition`: how it stood when the cut ended. */
  readonly outcome?: Outcome;
  /** Of `flapping`: failovers. */
  readonly failovers?: number;
}

export function nameOfProof(job: ProofJob): string {
  return `${whatIsTried(job)}, seed ${job.seed}`;
}

function whatIsTried(job: ProofJob): string {
  switch (job.proof) {
    case 'points':
      return `${job.of} of ${job.operation}`;
    case 'crash':
      return `${job.operation}, write ${job.point}, ${job.crash}`;
    case 'stale':
      return `${job.operation}, event ${job.point}, ${job.lag}`;
    case 'partition':
      return `${job.pattern}, ${job.phase}`;
    case 'flapping':
      return `${job.flaps} times flapping ${job.flapping}`;
    case 'hubLoss':
      return `hub for ${job.forMs / 1000} s: ${job.loss}`;
  }
}
