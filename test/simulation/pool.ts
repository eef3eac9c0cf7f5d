import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Job, JobResult } from './job.ts';

/** A history makes garbage, and little else: with the default it is collected three times as often. */
const YOUNG_MB = 64;
const WORKER = new URL('./worker.ts', import.meta.url);

export interface PoolOptions<R = JobResult> {
  readonly threads: number;
  /** What each thread runs; histories when absent. */
  readonly worker?: URL;
  /** Name of a planted bug; none when absent. */
  readonly bug?: string;
  /** Called after each history, in the order in which they end. Returning true ends the run: no more is begun. */
  readonly onResult?: (result: R) => boolean;
}

/** Plays histories on several threads and returns their results in the order of the jobs. Rejects when a thread fails. */
export async function playAll<J = Job, R = JobResult>(
  jobs: readonly J[],
  { threads, bug, onResult, worker: file = WORKER }: PoolOptions<R>,
): Promise<R[]> {
  const waiting = [...jobs];
  const results = new Map<J, R>();
  const play = async (): Promise<void> => {
    const worker = new Worker(file, { workerData: bug, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } });
    try {
      for (let job = waiting.shift(); job; job = waiting.shift()) {
        const result: R = await ask(worker, job);
        results.set(job, result);
        if (onResult?.(result)) waiting.length = 0;
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(threads, jobs.length) }, play));
  return jobs.flatMap((job) => results.get(job) ?? []);
}

/** One history at a time for each thread. What a thread throws rejects this. */
async function ask<J, R>(worker: Worker, job: J): Promise<R> {
  const answer = once(worker, 'message');
  worker.postMessage(job);
  const [result] = await answer;
  return result;
}
