import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { applyEdits } from '../plant.ts';
import { nameOfProof, type ProofAnswer, type ProofJob } from './job.ts';
import { crashJobsAt, explainFailures, failureOf, findPointsOf, type Point, proveAll, staleJobsAt } from './jobs.ts';
import { PLANTED_FOR_PROOFS, type PlantedForProof } from './planted.ts';

const ROOT = join(import.meta.dirname, '../../..');
const SEED = 1;

let points: readonly Point[] = [];
const caught: ProofJob[] = [];

/** Each proof can fail: bugs of which it must catch every one, where the unbroken code does well. */
describe('a bug planted for a proof', () => {
  beforeAll(async () => {
    const places = PLANTED_FOR_PROOFS.flatMap(({ shows }) => ('jobs' in shows ? [] : [shows]));
    points = await findPointsOf(places, SEED);
  });

  it.each(PLANTED_FOR_PROOFS)('is what its text says: $name', ({ edits }) => {
    for (const [file, ofFile] of Map.groupBy(edits, (edit) => edit.file)) {
      const text = readFileSync(join(ROOT, file), 'utf8');
      expect(applyEdits(text, ofFile)).not.toBe(text);
    }
  });

  it.each(PLANTED_FOR_PROOFS)('is caught by $proof: $name ($what)', async (bug) => {
    const until = (answer: ProofAnswer): boolean => failureOf(answer) !== undefined;
    const answers = await proveAll(jobsFor(bug), { bug: bug.name, until });
    const catching = answers.find(until);
    expect(catching, `${bug.name} was not caught in ${answers.length} runs`).toBeDefined();
    if (!catching) return;
    caught.push(catching.job);
    console.log(`${bug.name}: caught in ${nameOfProof(catching.job)}: ${failureOf(catching)?.slice(0, 200)}`);
  });

  it('is caught where the unbroken code does well', async () => {
    expect(caught).toHaveLength(PLANTED_FOR_PROOFS.length);
    expect(explainFailures(await proveAll(caught))).toEqual([]);
  });

  it('is there twice for each proof', () => {
    const byProof = Map.groupBy(PLANTED_FOR_PROOFS, (bug) => bug.proof);
    expect(byProof.size).toBe(4);
    for (const [proof, bugs] of byProof) expect(bugs.length, proof).toBeGreaterThanOrEqual(2);
  });
});

function jobsFor({ shows }: PlantedForProof): readonly ProofJob[] {
  if ('jobs' in shows) return shows.jobs;
  const isMeant = ({ of, operation, text }: Point): boolean =>
    operation === shows.operation && of === shows.of && text.includes(shows.about);
  return points.filter(isMeant).flatMap((point) => [...crashJobsAt(point, SEED), ...staleJobsAt(point, SEED)]);
}
