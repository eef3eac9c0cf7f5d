import { crashAt, writesOf } from './crash.ts';
import { flap, loseHub } from './hold-down.ts';
import type { ProofAnswer, ProofJob } from './job.ts';
import { operationCalled } from './operations.ts';
import { playCell } from './partition.ts';
import { eventsOf, lagAt } from './stale.ts';

/** Plays one job on this thread. */
export async function prove(job: ProofJob): Promise<Omit<ProofAnswer, 'job'>> {
  const { seed } = job;
  switch (job.proof) {
    case 'points': {
      const operation = operationCalled(job.operation);
      const isOfFollowers = job.of === 'eventsOfFollowers';
      const points = await (job.of === 'writes' ? writesOf(operation, seed) : eventsOf(operation, seed, isOfFollowers));
      return { points, steps: 0, violation: undefined, transcript: [] };
    }
    case 'crash':
      return crashAt(operationCalled(job.operation), seed, job.point, job.crash);
    case 'stale':
      return lagAt(operationCalled(job.operation), seed, job.point, job.lag);
    case 'partition':
      return playCell(job.pattern, job.phase, seed);
    case 'flapping':
      return flap(job, seed);
    case 'hubLoss':
      return loseHub(job, seed);
  }
}
