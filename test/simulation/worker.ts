import { parentPort, workerData } from 'node:worker_threads';
import type { Job } from './job.ts';
import { plant } from './plant.ts';

/**
 * A thread that plays histories. A bug is planted before anything of `src` is loaded, so that everything that is played
 * here has it, and nothing that is played elsewhere.
 */
const bug: unknown = workerData;
if (typeof bug === 'string') plant(bug);
const { runHistory } = await import('./history.ts');
const { runDirected } = await import('./directed.ts');

parentPort?.on('message', async (job: Job) => {
  const result = await (job.directed === undefined ? runHistory(job) : runDirected(job.directed, job));
  parentPort?.postMessage({ ...result, job });
});
