import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, it } from 'vitest';
import { sumUp } from './coverage.ts';
import { DIRECTED } from './directed.ts';
import { commandOf, type Job, type JobResult, nameOf } from './job.ts';
import { applyEdits } from './plant.ts';
import { PLANTED, type PlantedBug } from './planted.ts';
import { playAll } from './pool.ts';
import { FIXED, freshSeeds, SEED_VARIABLE, seedsOf, textOf } from './seeds.ts';
import { shrink } from './shrink.ts';

const THREADS = Math.max(2, availableParallelism());
const FRESH = freshSeeds(1_940, process.env, Date.now());
/** So many of them are played to their end, the others briefly. */
const WHOLE = 60;
const SEEDS_PER_DIRECTED = 3;
/** A planted bug must show itself within so many histories. */
const LONGEST_HUNT = 60;
const ROOT = join(import.meta.dirname, '../..');

console.log(
  `histories of seeds ${textOf(FRESH)} (again: ${SEED_VARIABLE}=${FRESH.first}) and ${textOf(FIXED)} (always)`,
);

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** Only broken promises of safety count for planted bugs: a system that stands still has not been caught. */
const isUnsafe = ({ violation }: JobResult): boolean =>
  violation !== undefined && violation.invariant !== 'Settles' && violation.invariant !== 'Rests';

function explain({ job, transcript, violation }: JobResult): string {
  const what = `${nameOf(job)}: ${violation?.invariant}: ${violation?.message}\n  again: ${commandOf(job)}`;
  return `${what}\n${transcript.slice(-60).join('\n')}`;
}

const broken = (results: readonly JobResult[]): string[] => results.filter(({ violation }) => violation).map(explain);

function sayProgress(what: string, total: number): () => boolean {
  let done = 0;
  return () => {
    done++;
    if (done % 100 === 0 || done === total) console.log(`${what}: ${done} of ${total}`);
    return false;
  };
}

/** Faults that must have struck in one history of a hundred at least, or the histories prove less than they seem to. */
const MUST_STRIKE = [
  'two hubs at once',
  'one-way cut',
  'slow way',
  'request doubled',
  'request late, behind younger ones',
  'reply to a write lost',
  'request lost',
  'answer 429, nothing done',
  'answer 503, nothing done',
  'answer 500, done all the same',
  'answer 504, done all the same',
  'history forgotten (410)',
  'watch lags',
  'watch breaks',
  'watch dies without a word',
  'wall clock set',
  'process stands still before a request',
  'process crashes',
  'region loses its power',
  'hub loses its API server',
  'kubelets disobey',
  'API server and agents of a region lost',
  'machines stand still and go on',
  'person asks for Failover',
  'person asks for Evacuate',
  'person asks for Switchback',
  'person asks for Freeze',
  'person asks for Evacuate as a dry run',
  'person aborts a switch',
  'person deletes a switch',
  'switch with an approval',
  'moved by hand',
];

describe('the authority protocol', () => {
  it(`holds in ${FRESH.count + FIXED.count} histories of chance, and everything arrives when the faults end`, async () => {
    const jobs = [
      ...seedsOf(FIXED).map((seed): Job => ({ seed })),
      ...seedsOf(FRESH).map((seed, index): Job => ({ seed, brief: index >= WHOLE })),
    ];
    const results = await playAll(jobs, { threads: THREADS, onResult: sayProgress('histories', jobs.length) });
    expect(broken(results)).toEqual([]);
    const seen = new Map(sumUp(results).map(({ histories, kind }) => [kind, histories]));
    const rare = MUST_STRIKE.filter((kind) => (seen.get(kind) ?? 0) < jobs.length / 100);
    expect(rare).toEqual([]);
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
  const caughtIn: Job[] = [];

  it.each(PLANTED)('is what its text says: $name', ({ edits }) => {
    for (const [file, ofFile] of Map.groupBy(edits, (edit) => edit.file)) {
      const text = readFileSync(join(ROOT, file), 'utf8');
      expect(applyEdits(text, ofFile)).not.toBe(text);
    }
  });

  // Each on one thread, several at a time: to load everything with the bug in it takes as long as most hunts.
  it.concurrent.each(PLANTED)('is caught: $name ($what)', async (bug) => {
    const caught = await hunt(bug);
    expect(caught, `${bug.name} was not caught in ${LONGEST_HUNT} histories`).toBeDefined();
    if (!caught) return;
    caughtIn.push(caught.job);
    console.log(`${bug.name}: caught in ${nameOf(caught.job)}: ${caught.violation?.message}`);
  });

  it('is the reason for each catch: the unbroken code survives the same histories', async () => {
    expect(caughtIn.length).toBe(PLANTED.length);
    expect(broken(await playAll(caughtIn, { threads: THREADS }))).toEqual([]);
  });
});

describe('a history that fails', () => {
  it('is shrunk to what its failure needs, and can be played again', async () => {
    const bug = 'regionAckEager';
    const failed = (
      await playAll(
        range(LONGEST_HUNT).map((seed): Job => ({ seed })),
        { threads: THREADS, bug, onResult: isUnsafe },
      )
    ).find(isUnsafe);
    if (!failed) throw new Error(`${bug} was not caught`);
    const { job, played, result } = await shrink(failed, { threads: THREADS, bug, budget: 60 });
    console.log(
      `${failed.deeds.length} deeds shrunk to ${result.deeds.length} in ${played} histories: ${commandOf(job, bug)}`,
    );
    expect(result.deeds.length).toBeLessThan(failed.deeds.length / 2);
    const [again] = await playAll([job], { threads: 1, bug });
    expect(again).toEqual(result);
  });
});

/** The first history in which the bug breaks a promise of safety. */
async function hunt({ directed, name }: PlantedBug): Promise<JobResult | undefined> {
  const jobs = range(LONGEST_HUNT).map((seed): Job => (directed === undefined ? { seed } : { seed, directed }));
  const results = await playAll(jobs, { threads: 1, bug: name, onResult: isUnsafe });
  return results.find(isUnsafe);
}
