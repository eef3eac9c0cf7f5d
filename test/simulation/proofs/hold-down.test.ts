import { describe, expect, it } from 'vitest';
import { FLAPS, HUB_GONE_MS } from './hold-down.ts';
import { explainFailures, holdDownJobs, proveAll } from './jobs.ts';

const SEED = 1;

describe('what comes and goes', () => {
  it(`a region ${FLAPS} times: one failover in a cool-down; the hub for ${HUB_GONE_MS / 1000} s: nothing moves or stops`, async () => {
    const answers = await proveAll(holdDownJobs(SEED), { what: 'hold-down' });
    for (const { failovers, job } of answers) {
      if (job.proof === 'flapping') console.log(`flapping ${job.flapping}: ${failovers} failovers in ${FLAPS} flaps`);
    }
    expect(explainFailures(answers)).toEqual([]);
  });
});
