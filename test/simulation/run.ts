import { availableParallelism } from 'node:os';
import { readArguments } from '../../hack/arguments.ts';
import { coverageTable } from './coverage.ts';
import { DIRECTED } from './directed.ts';
import { commandOf, type Job, type JobResult, nameOf } from './job.ts';
import { PLANTED } from './planted.ts';
import { playAll } from './pool.ts';
import { shrink } from './shrink.ts';

const USAGE = `npm run sim -- [options]
  --histories N   histories of chance to play (default 100)
  --seed S        seed of the first one (default 1); one seed plays the same history each time
  --brief         ends each when what struck first may have moved something: four in the time of one
  --without A,B   leaves out what befalls them: disasters (d4), deeds of persons (p2), knobs (lateChance)
  --directed NAME a directed history instead: ${DIRECTED.map(({ name }) => name).join(', ')}
  --plant NAME    with a planted bug: ${PLANTED.map(({ name }) => name).join(', ')}
  --threads N     default: as many as this machine has cores
  --shrink        plays the first history with a violation again and again, with less and less, and prints the shortest
  --coverage      prints how many histories had which fault
  --trace         prints all that happens in every history
The last line says how many histories and steps there were, how many violations, and how long it took.
The exit status is 1 when an invariant was violated.`;

/** A sign of life of a long run, on standard error. */
const SAY_EVERY = 500;

const { values } = readArguments(USAGE, {
  histories: { type: 'string', default: '100' },
  seed: { type: 'string', default: '1' },
  without: { type: 'string', default: '' },
  threads: { type: 'string', default: String(availableParallelism()) },
  directed: { type: 'string' },
  brief: { type: 'boolean', default: false },
  plant: { type: 'string' },
  shrink: { type: 'boolean', default: false },
  coverage: { type: 'boolean', default: false },
  trace: { type: 'boolean', default: false },
});

const wholeNumber = (name: 'histories' | 'seed' | 'threads'): number => {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < (name === 'seed' ? 0 : 1)) {
    console.error(`--${name} ${values[name]}: must be a whole number`);
    process.exit(2);
  }
  return value;
};

await main();

async function main(): Promise<void> {
  const startedAt = performance.now();
  const { brief, directed, plant: bug, trace } = values;
  const first = wholeNumber('seed');
  const without = values.without.split(',').filter((name) => name !== '');
  const jobs = Array.from(
    { length: wholeNumber('histories') },
    (_, index): Job => ({
      seed: first + index,
      brief,
      trace,
      without,
      ...(directed === undefined ? {} : { directed }),
    }),
  );
  let done = 0;
  const results = await playAll(jobs, {
    threads: wholeNumber('threads'),
    ...(bug === undefined ? {} : { bug }),
    onResult: (result) => {
      tell(result, bug);
      if (++done % SAY_EVERY === 0) console.error(`${done} of ${jobs.length}`);
      return false;
    },
  });
  const broken = results.filter(({ violation }) => violation);
  if (values.coverage) console.log(coverageTable(results).join('\n'));
  if (values.shrink && broken[0]) await tellShortest(broken[0], bug);
  sayInTheEnd(results, (performance.now() - startedAt) / 1000);
  process.exitCode = broken.length > 0 ? 1 : 0;
}

function sayInTheEnd(results: readonly JobResult[], seconds: number): void {
  const steps = results.map((result) => result.steps).toSorted((a, b) => a - b);
  const sum = steps.reduce((total, each) => total + each, 0);
  const violations = results.filter(({ violation }) => violation).length;
  console.log(
    `${results.length} histories, ${sum} steps (median ${steps[steps.length >> 1] ?? 0}), ` +
      `${violations} violations, ${seconds.toFixed(1)} s`,
  );
}

function tell({ job, transcript, violation }: JobResult, bug: string | undefined): void {
  if (transcript.length > 0) console.log(`--- ${nameOf(job)}\n${transcript.join('\n')}`);
  if (!violation) return;
  console.log(`${nameOf(job)}: ${violation.invariant}: ${violation.message}\n  again: ${commandOf(job, bug)}`);
}

async function tellShortest(failed: JobResult, bug: string | undefined): Promise<void> {
  const { job, played, result } = await shrink(failed, { threads: wholeNumber('threads'), ...(bug ? { bug } : {}) });
  console.log(`--- ${nameOf(job)}, the least of it that fails (${played} histories were played for that)`);
  console.log(result.transcript.join('\n'));
  console.log(`what is left: ${result.deeds.join(' ') || 'nothing but the seed'}\n  again: ${commandOf(job, bug)}`);
}
