import { describe, expect, it } from 'vitest';
import { EVENTS, explainFailures, findPoints, proveAll, sampleOf, staleJobsAt } from './jobs.ts';
import { OPERATIONS } from './operations.ts';

const SEED = 1;
/** All of them with `node test/simulation/proofs/run.ts --proof stale`. */
const STRIDE = 83;

describe('a cache that lags, or misses an event', () => {
  it('makes nobody do what cannot be undone, or do it twice, and it ends as ever', async () => {
    const points = await findPoints(EVENTS, SEED);
    const jobs = sampleOf(
      points.flatMap((point) => staleJobsAt(point, SEED)),
      STRIDE,
    );
    console.log(`stale: ${points.length} events in ${OPERATIONS.length} operations`);
    expect(explainFailures(await proveAll(jobs, { what: 'stale' }))).toEqual([]);
  });
});
