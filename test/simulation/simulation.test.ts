import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DIRECTED } from './directed.ts';
import { type Job, type JobResult, nameOf } from './job.ts';
import { applyEdits } from './plant.ts';
import { PLANTED, type PlantedBug } from './planted.ts';
import { playAll } from './pool.ts';

const THREADS = 2;
const HISTORIES = 500;
const SEEDS_PER_DIRECTED = 6;
/** A planted bug must show itself within so many histories. */
const LONGEST_HUNT = 60;
const ROOT = join(import.meta.dirname, '../..');

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** Only broken promises of safety count for planted bugs: a system that stands still has not been caught. */
const isUnsafe = ({ violation }: JobResult): boolean =>
  violation !== undefined && violation.invariant !== 'Settles' && violation.invariant !== 'Rests';

function explain({ job, transcript, violation }: JobResult): string {
  return `${nameOf(job)}: ${violation?.invariant}: ${violation?.message}\n${transcript.slice(-60).join('\n')}`;
}

const broken = (results: readonly JobResult[]): string[] => results.filter(({ violation }) => violation).map(explain);

function sayProgress(what: string, total: number): () => boolean {
  let done = 0;
  return () => {
    done++;
    if (done % 50 === 0 || done === total) console.log(`${what}: ${done} of ${total}`);
    return false;
  };
}

describe('the authority protocol', () => {
  it(`holds in ${HISTORIES} histories of chance, and everything arrives when the faults end`, async () => {
    const jobs = range(HISTORIES).map((seed): Job => ({ seed }));
    const results = await playAll(jobs, { threads: THREADS, onResult: sayProgress('histories', HISTORIES) });
    expect(broken(results)).toEqual([]);
  });

  it('holds in every directed history', async () => {
    const jobs = DIRECTED.flatMap(({ name }) =>
      range(SEEDS_PER_DIRECTED).map((seed): Job => ({ seed, directed: name })),
    );
    const results = await playAll(jobs, { threads: THREADS, onResult: sayProgress('directed', jobs.length) });
    expect(broken(results)).toEqual([]);
  });

  it('plays a history again, byte for byte', async () => {
    const job: Job = { seed: 7, trace: true };
    const [first, second] = await Promise.all([job, { ...job }].map((one) => playAll([one], { threads: 1 })));
    expect(first?.[0]?.transcript.length).toBeGreaterThan(0);
    expect(first).toEqual(second);
  });
});

describe('a planted bug', () => {
  it.each(PLANTED)('is what its text says: $name', ({ edits }) => {
    for (const [file, ofFile] of Map.groupBy(edits, (edit) => edit.file)) {
      const text = readFileSync(join(ROOT, file), 'utf8');
      expect(applyEdits(text, ofFile)).not.toBe(text);
    }
  });

  it.each(PLANTED)('is caught: $name ($what)', async (bug) => {
    const caught = await hunt(bug);
    expect(caught, `${bug.name} was not caught in ${LONGEST_HUNT} histories`).toBeDefined();
    if (!caught) return;
    const [unbroken] = await playAll([caught.job], { threads: 1 });
    expect(unbroken?.violation, 'the unbroken code fails in the same history').toBeUndefined();
    console.log(`${bug.name}: caught in ${nameOf(caught.job)}: ${caught.violation?.message}`);
  });
});

/** The first history in which the bug breaks a promise of safety. */
async function hunt({ directed, name }: PlantedBug): Promise<JobResult | undefined> {
  const jobs = range(LONGEST_HUNT).map((seed): Job => (directed === undefined ? { seed } : { seed, directed }));
  const results = await playAll(jobs, { threads: THREADS, bug: name, onResult: isUnsafe });
  return results.find(isUnsafe);
}
