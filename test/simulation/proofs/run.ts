import { readArguments } from '../../../hack/arguments.ts';
import { nameOfProof, type ProofAnswer, type ProofJob } from './job.ts';
import {
  crashJobsAt,
  EVENTS,
  failureOf,
  findPoints,
  holdDownJobs,
  type Point,
  partitionJobs,
  proveAll,
  sampleOf,
  staleJobsAt,
} from './jobs.ts';

const USAGE = `node test/simulation/proofs/run.ts [options]
  --proof NAME    crash, stale, partition or holdDown (default crash)
  --seed S        default 1
  --stride N      only every N-th (default 1: all of them)
  --only TEXT     only those whose name holds the text, for example "tenantDeletion, event 12, takeover"
  --plant NAME    with a planted bug (planted.ts)
  --trace         prints what happened where something went wrong
The exit status is 1 when something went wrong.`;

const { values } = readArguments(USAGE, {
  proof: { type: 'string', default: 'crash' },
  seed: { type: 'string', default: '1' },
  stride: { type: 'string', default: '1' },
  only: { type: 'string', default: '' },
  plant: { type: 'string' },
  trace: { type: 'boolean', default: false },
});

await main();

async function main(): Promise<void> {
  const startedAt = performance.now();
  const texts = new Map<string, string>();
  const all = (await jobsOf(values.proof, Number(values.seed), texts)).filter((job) =>
    nameOfProof(job).includes(values.only),
  );
  const jobs = sampleOf(all, Number(values.stride));
  const bug = values.plant;
  const until = (answer: ProofAnswer): boolean => {
    tell(answer, texts);
    return false;
  };
  const answers = await proveAll(jobs, { what: values.proof, until, ...(bug === undefined ? {} : { bug }) });
  const failures = answers.filter((answer) => failureOf(answer) !== undefined).length;
  const steps = answers.reduce((sum, answer) => sum + answer.steps, 0);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${answers.length} of ${all.length} runs, ${steps} steps, ${failures} violations, ${seconds} s`);
  process.exitCode = failures > 0 ? 1 : 0;
}

async function jobsOf(proof: string, seed: number, texts: Map<string, string>): Promise<ProofJob[]> {
  if (proof === 'partition') return partitionJobs(seed);
  if (proof === 'holdDown') return holdDownJobs(seed);
  const points = await findPoints(proof === 'crash' ? ['writes'] : EVENTS, seed);
  sayPoints(points);
  return points.flatMap((point) => {
    const jobs = proof === 'crash' ? crashJobsAt(point, seed) : staleJobsAt(point, seed);
    for (const job of jobs) texts.set(nameOfProof(job), point.text);
    return jobs;
  });
}

function sayPoints(points: readonly Point[]): void {
  for (const [what, each] of Map.groupBy(points, ({ of, operation }) => `${of} of ${operation}`)) {
    console.log(`${what}: ${each.length}`);
  }
}

function tell(answer: ProofAnswer, texts: ReadonlyMap<string, string>): void {
  const failure = failureOf(answer);
  if (failure === undefined) return;
  const name = nameOfProof(answer.job);
  if (values.trace) console.log(`--- ${name}\n${answer.transcript.join('\n')}`);
  console.log(`${name} (${texts.get(name) ?? ''}): ${failure}`);
}
