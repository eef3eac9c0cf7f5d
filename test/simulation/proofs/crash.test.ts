import { describe, expect, it } from 'vitest';
import { CRASHES } from './crash.ts';
import { crashJobsAt, explainFailures, findPoints, proveAll, sampleOf } from './jobs.ts';
import { OPERATIONS } from './operations.ts';

const SEED = 1;
/** All of them with `node test/simulation/proofs/run.ts --proof crash`. */
const STRIDE = 11;

describe('a process that dies at a write', () => {
  it('changes nothing of how it ends: before it sends, unanswered, and answered', async () => {
    const points = await findPoints(['writes'], SEED);
    expect(new Set(points.map(({ operation }) => operation)).size).toBe(OPERATIONS.length);
    const jobs = sampleOf(
      points.flatMap((point) => crashJobsAt(point, SEED)),
      STRIDE,
    );
    console.log(`crash: ${points.length} writes in ${OPERATIONS.length} operations, ${CRASHES.length} variants`);
    const answers = await proveAll(jobs, { what: 'crash' });
    expect(explainFailures(answers)).toEqual([]);
  });
});
