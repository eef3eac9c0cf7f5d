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

/** Errors are part of every history, and nobody reads where they come from: a trace costs more than the rest of them. */
const LINES = Error.stackTraceLimit;

parentPort?.on('message', async (job: Job) => {
  Error.stackTraceLimit = job.trace ? LINES : 0;
  const result = await (job.directed === undefined ? runHistory(job) : runDirected(job.directed, job));
  parentPort?.postMessage({ ...result, job });
});
