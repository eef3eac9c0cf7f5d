import type { HistoryResult } from './history.ts';

/** One history to play: of chance, or a directed one; with a planted bug, or with the code as it is. */
export interface Job {
  readonly seed: number;
  /** Name of a directed history. */
  readonly directed?: string;
  readonly trace?: boolean;
  /** Names of deeds that are left out; see `Script`. */
  readonly without?: readonly string[];
  readonly brief?: boolean;
}

export interface JobResult extends HistoryResult {
  readonly job: Job;
}

export const nameOf = ({ brief, directed, seed }: Job): string =>
  `${directed ?? (brief ? 'brief history' : 'history')} of seed ${seed}`;

/** What plays a job again, in a shell. */
export function commandOf({ brief, directed, seed, without = [] }: Job, bug?: string): string {
  const options = [
    `--histories 1 --seed ${seed}`,
    ...(directed === undefined ? [] : [`--directed ${directed}`]),
    ...(brief ? ['--brief'] : []),
    ...(bug === undefined ? [] : [`--plant ${bug}`]),
    ...(without.length === 0 ? [] : [`--without ${without.join()}`]),
  ];
  return `npm run sim -- ${options.join(' ')} --trace`;
}
