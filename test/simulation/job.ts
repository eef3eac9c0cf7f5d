import type { HistoryResult } from './history.ts';

/** One history to play: of chance, or a directed one; with a planted bug, or with the code as it is. */
export interface Job {
  readonly seed: number;
  /** Name of a directed history. */
  readonly directed?: string;
  readonly trace?: boolean;
}

export interface JobResult extends HistoryResult {
  readonly job: Job;
}

export const nameOf = ({ directed, seed }: Job): string => `${directed ?? 'history'} of seed ${seed}`;
