import { parentPort, workerData } from 'node:worker_threads';
import { plantBug } from '../plant.ts';
import type { ProofAnswer, ProofJob } from './job.ts';
import { plantedCalled } from './planted.ts';

/** A thread that plays proofs. A bug is planted before anything of `src` is loaded. */
const bug: unknown = workerData;
if (typeof bug === 'string') plantBug(plantedCalled(bug));
const { prove } = await import('./prove.ts');

parentPort?.on('message', async (job: ProofJob) => {
  const answer: ProofAnswer = { ...(await prove(job)), job };
  parentPort?.postMessage(answer);
});
