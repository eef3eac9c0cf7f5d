import type { Job, JobResult } from './job.ts';
import { playAll } from './pool.ts';

export interface ShrinkOptions {
  readonly threads: number;
  readonly bug?: string;
  /** Histories that are played for it at most. */
  readonly budget?: number;
}

export interface Shrunk {
  /** Plays the shortest history that was found. */
  readonly job: Job;
  readonly result: JobResult;
  /** Histories that were played to find it. */
  readonly played: number;
}

const BUDGET = 300;

/**
 * Leaves out what a violation does not need: disasters, deeds of persons, knobs of the network. Delta debugging: first
 * half of what is there, then quarters, down to single deeds, and again as long as something could go. Each deed has
 * chance of its own (`Script`), but what happens between them changes with every one that goes; so a shorter history is
 * another history, and counts when it breaks the same invariant.
 */
export async function shrink(failed: JobResult, { budget = BUDGET, bug, threads }: ShrinkOptions): Promise<Shrunk> {
  let best = failed;
  let played = 0;
  const tryWithout = async (groups: readonly (readonly string[])[]): Promise<JobResult | undefined> => {
    const jobs = groups.map((group): Job => ({ ...best.job, without: [...(best.job.without ?? []), ...group] }));
    const results = await playAll(jobs, {
      threads,
      ...(bug === undefined ? {} : { bug }),
      onResult: (result) => isSame(result, failed),
    });
    played += results.length;
    return results.filter((result) => isSame(result, failed)).toSorted((a, b) => a.steps - b.steps)[0];
  };

  for (let size = halfOf(best.deeds.length); size >= 1 && played < budget; ) {
    const shorter = await tryWithout(groupsOf(best.deeds, size));
    if (shorter) {
      best = shorter;
      size = Math.max(1, Math.min(size, halfOf(best.deeds.length)));
    } else if (size === 1) break;
    else size = halfOf(size);
    if (best.deeds.length === 0) break;
  }
  return { job: best.job, result: best, played };
}

const halfOf = (count: number): number => Math.max(1, Math.ceil(count / 2));

const isSame = ({ violation }: JobResult, failed: JobResult): boolean =>
  violation !== undefined && violation.invariant === failed.violation?.invariant;

/** The last ones first. */
function groupsOf(deeds: readonly string[], size: number): string[][] {
  const groups: string[][] = [];
  for (let at = 0; at < deeds.length; at += size) groups.push(deeds.slice(at, at + size));
  return groups.toReversed();
}
